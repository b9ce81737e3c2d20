//! The two kinds of packages, and where each is installed.

use std::fmt;
use std::path::Path;

use crate::contract::skill_id;
use crate::skill::SkillLevel;

/// Whose approvals are kept under an id.
pub(super) struct Subject {
    pub(super) kind: PackageKind,
    /// In the words of a question.
    pub(super) words: String,
}

impl Subject {
    pub(super) fn of(approval_id: &str) -> Self {
        let (kind, words) = match approval_id.split_once(['@', ':']) {
            Some((name, workspace)) if approval_id.starts_with(&format!("{name}@")) => {
                (PackageKind::Skill, format!("the skill `{name}` of {workspace}"))
            }
            Some((_, name)) => (PackageKind::Skill, format!("the skill `{name}`")),
            None => (PackageKind::Plugin, format!("`{approval_id}`")),
        };
        Self { kind, words }
    }
}

/// What a package is. A folder can be both: a plugin that ships a skill is a skill with code to
/// the user who installs it as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PackageKind {
    /// A manifest and its module.
    Plugin,
    /// A `SKILL.md`, perhaps with a module beside it.
    Skill,
}

impl PackageKind {
    /// Both of them.
    pub(super) const ALL: [Self; 2] = [Self::Plugin, Self::Skill];

    /// The folder in `$WEFT_HOME` where packages of the kind are installed.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Plugin => "plugins",
            Self::Skill => "skills",
        }
    }

    /// The kind in one word, which is also the name of its commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::Skill => "skill",
        }
    }

    /// The id under which approvals for an installed package are kept, and what it stores. A plugin and a skill of the
    /// same name have nothing of each other's.
    #[must_use]
    pub fn approval_id(self, id: &str) -> String {
        match self {
            Self::Plugin => id.to_owned(),
            Self::Skill => skill_id(id),
        }
    }

    /// What is inside a package of the kind that makes it one, in words.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::Plugin => "a manifest",
            Self::Skill => "a `SKILL.md`",
        }
    }

    /// The one that it isn't.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Plugin => Self::Skill,
            Self::Skill => Self::Plugin,
        }
    }
}

/// The id under which approvals for a skill are kept; `None` for one that is not approved on its own,
/// because it came with a plugin or is compiled in.
///
/// An approval for what is installed is none for the skill of a workspace, and neither is one for
/// another workspace. `workspace` is its real path.
#[must_use]
pub fn skill_approval_id(level: SkillLevel, name: &str, workspace: &Path) -> Option<String> {
    match level {
        SkillLevel::Workspace => Some(format!("{name}@{}", workspace.display())),
        SkillLevel::Managed => Some(PackageKind::Skill.approval_id(name)),
        SkillLevel::Plugin | SkillLevel::Bundled => None,
    }
}

impl fmt::Display for PackageKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Whether the text can be an id, and so a folder's name.
pub(in crate::package) fn is_id(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    (1..=64).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(allowed)
}
