//! The rules for names of skills and their folders. `assemble` decides with them which name a skill has.

use std::fmt;

use crate::contract::{ActionableError, deceives};

/// The longest name, in characters.
pub(super) const NAME_CHARS: usize = 64;

/// Whether `name` is one by the Agent Skills specification: 1 to 64 of `a-z 0-9` and single inner
/// hyphens.
pub(super) fn is_name(name: &str) -> bool {
    (1..=NAME_CHARS).contains(&name.len())
        && name.bytes().all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

/// The name that is closest to `text`: `My Skill!` becomes `my-skill`.
///
/// Letters outside ASCII are left out. A text without other letters becomes `skill-` and a number
/// that is always the same for the same text.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len().min(NAME_CHARS));
    for letter in text.chars().flat_map(char::to_lowercase) {
        if slug.len() == NAME_CHARS {
            break;
        }
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') && letter != '\'' {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.is_empty() { format!("skill-{:08x}", digest(text)) } else { slug }
}

/// FNV-1a: enough to keep apart the few names that have no ASCII in them.
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Why a folder's name can't be that of a skill's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FolderNameFault {
    /// It has no letters.
    Empty,
    /// It leads elsewhere: `..`, or something with `/` or `\`.
    Traversal,
    /// It begins with a dot: a hidden folder, or one of a version control system.
    LeadingDot,
    /// There are control characters in it, or such that turn the direction of text.
    ControlCharacter,
    /// It is longer than 255 bytes.
    TooLong,
}

impl fmt::Display for FolderNameFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "the folder has no name",
            Self::Traversal => "the folder's name leads elsewhere",
            Self::LeadingDot => "the folder's name begins with a dot",
            Self::ControlCharacter => "the folder's name has control characters in it",
            Self::TooLong => "the folder's name is longer than 255 bytes",
        })
    }
}

impl ActionableError for FolderNameFault {
    fn next_step(&self) -> String {
        "rename the folder: letters, digits and hyphens, like the skill's name".to_owned()
    }
}

impl std::error::Error for FolderNameFault {}

/// Checks the name of one folder, before anything in it is read.
///
/// # Errors
///
/// One for each rule of the kind: no traversal, no control characters, no leading dot.
pub fn check_folder_name(name: &str) -> Result<(), FolderNameFault> {
    if name.is_empty() {
        Err(FolderNameFault::Empty)
    } else if name == ".." || name.contains(['/', '\\']) {
        Err(FolderNameFault::Traversal)
    } else if name.starts_with('.') {
        Err(FolderNameFault::LeadingDot)
    } else if name.chars().any(|it| it.is_control() || deceives(it)) {
        Err(FolderNameFault::ControlCharacter)
    } else if name.len() > 255 {
        Err(FolderNameFault::TooLong)
    } else {
        Ok(())
    }
}
