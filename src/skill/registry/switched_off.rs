//! [`SwitchedOff`]: which skills the user has switched off.

use super::entry::SkillState;
use crate::contract::SortedSet;

/// Which skills the user has switched off. A switch belongs to a name, wherever a skill comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SwitchedOff {
    /// The skills of these names, whether there is a skill of the name or not.
    Names(SortedSet<String>),
    /// Each skill may be switched off, for this reason. None is offered, because one that the user
    /// has switched off must not come back through a damaged file.
    Unknown(String),
}

impl SwitchedOff {
    /// Whether the skill of this name is, or may be, switched off.
    pub(crate) fn contains(&self, name: &str) -> bool {
        match self {
            Self::Names(names) => names.contains(name),
            Self::Unknown(_) => true,
        }
    }

    /// The state of a skill that is, or may be, switched off.
    pub(super) fn state(&self, name: &str) -> Option<SkillState> {
        match self {
            Self::Names(names) => names.contains(name).then_some(SkillState::Disabled),
            Self::Unknown(reason) => {
                Some(SkillState::Unavailable { reasons: vec![reason.clone()] })
            }
        }
    }
}

impl Default for SwitchedOff {
    fn default() -> Self {
        Self::Names(SortedSet::new())
    }
}
