//! One skill: where it was found, what its file says, and what state it is in.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::contract::SortedMap;
use crate::skill::format::Diagnostic;
use crate::skill::format::SkillDocument;

/// Where a skill comes from; a higher level goes before a lower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkillLevel {
    /// The workspace, if it is trusted.
    Workspace,
    /// Installed by the user, in `$WEFT_HOME/skills`.
    Managed,
    /// Shipped in a plugin's package.
    Plugin,
    /// Compiled into the program.
    Bundled,
}

impl fmt::Display for SkillLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Workspace => "workspace",
            Self::Managed => "managed",
            Self::Plugin => "plugin",
            Self::Bundled => "bundled",
        })
    }
}

/// A skill as it was found, before the registry decides which one of its name is effective.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSkill {
    /// The name it is loaded under; where the file could not be read, that of its folder.
    pub name: Arc<str>,
    /// Where it comes from.
    pub level: SkillLevel,
    /// Its `SKILL.md`; `None` where it is compiled in.
    pub path: Option<Arc<Path>>,
    /// The content of the file; `None` if it can't be loaded.
    pub document: Option<Arc<SkillDocument>>,
    /// Findings for its author.
    pub diagnostics: Arc<[Diagnostic]>,
    /// The id of the plugin that runs its code.
    pub provider: Option<Arc<str>>,
    /// Whether the document is of an earlier version of the file, because the file as it is now
    /// can't be loaded. The diagnostics are those of the file as it is now.
    pub outdated: bool,
    /// Whether it can be used.
    pub readiness: Readiness,
}

impl FoundSkill {
    /// The order of skills with one name: the lowest is effective.
    pub(super) fn rank(&self) -> (bool, SkillLevel) {
        (self.document.is_none(), self.level)
    }
}

/// Whether a skill can be used, apart from other skills of its name and the user's switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It can be used.
    Ready,
    /// Something that it needs isn't there: one sentence each.
    Unavailable(Vec<String>),
    /// Its code asks for permissions that are not approved, as `kind: value`.
    Pending(Vec<String>),
}

/// Whether a skill can be used. Only [`Active`](Self::Active) skills are offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum SkillState {
    /// It can be used.
    Active,
    /// Something that it needs isn't there.
    Unavailable {
        /// What is missing: one sentence each.
        reasons: Vec<String>,
    },
    /// Its code waits for approval.
    Pending {
        /// The permissions that are not approved, as `kind: value`.
        unapproved: Vec<String>,
    },
    /// The user has switched it off.
    Disabled,
    /// It can't be loaded; the diagnostics say why.
    Invalid,
    /// Another skill of its name takes precedence.
    Shadowed {
        /// The other skill.
        by: ShadowedSkill,
    },
}

impl SkillState {
    /// The state in one word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unavailable { .. } => "unavailable",
            Self::Pending { .. } => "pending",
            Self::Disabled => "disabled",
            Self::Invalid => "invalid",
            Self::Shadowed { .. } => "shadowed",
        }
    }
}

/// The other one of two skills with the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShadowedSkill {
    /// Its level.
    pub level: SkillLevel,
    /// Its `SKILL.md`; `None` where it is compiled in.
    #[serde(serialize_with = "as_text")]
    pub path: Option<Arc<Path>>,
}

impl ShadowedSkill {
    pub(super) fn of(skill: &FoundSkill) -> Self {
        Self { level: skill.level, path: skill.path.clone() }
    }
}

/// A skill of a [`SkillRegistry`](crate::skill::SkillRegistry).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SkillEntry {
    /// The name it is loaded under.
    pub name: Arc<str>,
    /// Where it comes from.
    pub level: SkillLevel,
    /// Its `SKILL.md`; `None` where it is compiled in.
    pub path: Option<Arc<Path>>,
    /// Its state.
    pub state: SkillState,
    /// The skills of its name over which it takes precedence.
    pub shadows: Vec<ShadowedSkill>,
    /// The id of the plugin that runs its code, if it has any. Its tools are
    /// `<provider>__<tool>`.
    pub provider: Option<Arc<str>>,
    /// Whether the document is of an earlier version of the file, because the file as it is now
    /// can't be loaded. The diagnostics are those of the file as it is now.
    pub outdated: bool,
    /// Findings for its author.
    pub diagnostics: Arc<[Diagnostic]>,
    /// The content of the file; `None` only if it is invalid.
    pub document: Option<Arc<SkillDocument>>,
}

impl SkillEntry {
    /// The entry of a skill whose state is decided.
    pub(super) fn new(skill: FoundSkill, state: SkillState, shadows: Vec<ShadowedSkill>) -> Self {
        let FoundSkill { name, level, path, document, diagnostics, provider, outdated, .. } = skill;
        Self { name, level, path, state, shadows, provider, outdated, diagnostics, document }
    }

    /// Whether it is certainly equal to another one. Shared parts are compared by pointer only.
    pub(super) fn is_surely(&self, other: &Self) -> bool {
        let same_document = match (&self.document, &other.document) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let same_path = match (&self.path, &other.path) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
            (None, None) => true,
            _ => false,
        };
        let same_diagnostics = Arc::ptr_eq(&self.diagnostics, &other.diagnostics)
            || *self.diagnostics == *other.diagnostics;
        same_document
            && same_path
            && same_diagnostics
            && self.name == other.name
            && self.level == other.level
            && self.state == other.state
            && self.shadows == other.shadows
            && self.provider == other.provider
            && self.outdated == other.outdated
    }

    /// Its members as JSON. The members of its state stand beside them.
    fn members(&self) -> Map<String, Value> {
        let first = [
            ("name", Value::from(&*self.name)),
            ("level", self.level.to_string().into()),
            ("path", self.path.as_ref().map(|path| path.display().to_string()).into()),
            ("state", self.state.as_str().into()),
        ];
        let of_state = match &self.state {
            SkillState::Unavailable { reasons } => Some(("reasons", json!(reasons))),
            SkillState::Pending { unapproved } => Some(("unapproved", json!(unapproved))),
            SkillState::Shadowed { by } => Some(("by", json!(by))),
            SkillState::Active | SkillState::Disabled | SkillState::Invalid => None,
        };
        let last = [
            ("shadows", json!(self.shadows)),
            ("provider", self.provider.as_deref().into()),
            ("outdated", self.outdated.into()),
            ("diagnostics", json!(self.diagnostics)),
            ("document", json!(self.document)),
        ];
        let members = first.into_iter().chain(of_state).chain(last);
        members.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The values for its text that need no variable: `ARGUMENTS`, with what was typed after its name, and `baseDir`,
    /// its folder if it has one.
    pub(crate) fn values(&self, arguments: &str) -> SortedMap<String, String> {
        let folder = self.path.as_deref().and_then(Path::parent);
        let folder = folder.map(|folder| ("baseDir".to_owned(), folder.display().to_string()));
        let arguments = ("ARGUMENTS".to_owned(), arguments.to_owned());
        std::iter::once(arguments).chain(folder).collect()
    }

    /// Whether it may be offered to models, people and clients.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == SkillState::Active
    }
}

impl Serialize for SkillEntry {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.members().serialize(to)
    }
}

/// A path as text, lossily: JSON has no other.
fn as_text<S: Serializer>(path: &Option<Arc<Path>>, to: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.display().to_string()).serialize(to)
}
