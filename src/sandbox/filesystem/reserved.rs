//! Names that weft-lite takes settings, skills and prompts from, in whatever folder they are.

use std::ffi::OsStr;
use std::path::{Component, Path};

/// Folders and files of these names are closed in every folder of every grant.
const NAMES: [&str; 4] = [".weft", ".clawft", ".agents", "soul.md"];

/// Whether some file system may take `name` for one of those: with other case, with letters that
/// fold to the same, with marks that it leaves out, with dots or spaces at the end, or shortened.
pub(super) fn is_reserved(name: &OsStr) -> bool {
    let name = folded(name);
    let short = name.split_once('~').map(|(start, _)| start.trim_start_matches('.'));
    NAMES.iter().any(|reserved| {
        name == *reserved || short.is_some_and(|short| short == reserved.trim_start_matches('.'))
    })
}

/// Files that programs beside weft-lite take prompts from, beside all whose names begin with a dot.
const PROMPTS: [&str; 5] = ["agents.md", "claude.md", "claude.local.md", "gemini.md", "qwen.md"];

/// Whether other programs take settings or prompts from what has this name: `.git`, `.mcp.json`,
/// `.bashrc`, `AGENTS.md`; and weft-lite itself at a later start: manifests and modules of plugins.
pub(super) fn is_setting(name: &OsStr) -> bool {
    let folded = folded(name);
    folded.starts_with('.')
        || PROMPTS.contains(&&*folded)
        || is_of_package(&folded)
        || is_short(&folded)
}

/// Whether it has the form in which file systems of DOS shorten a name: `GIT~1` is `.git` there.
fn is_short(folded: &str) -> bool {
    let (stem, extension) = folded.split_once('.').unwrap_or((folded, ""));
    let number = stem.split_once('~').map_or("", |(_, number)| number);
    stem.len() <= 8
        && extension.len() <= 3
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it makes a folder a plugin, which somebody may name or install some day.
fn is_of_package(folded: &str) -> bool {
    folded.starts_with("weft.plugin.")
        || folded.starts_with("clawft.plugin.")
        || folded.ends_with(".wasm")
}

/// Whether a part of `path` is such a name.
pub(super) fn has_reserved(path: &Path) -> bool {
    path.components().any(|part| matches!(part, Component::Normal(name) if is_reserved(name)))
}

/// The name as file systems that fold case compare it, as far as letters of ASCII are concerned.
pub(super) fn folded(name: &OsStr) -> String {
    let plain: String = name
        .to_string_lossy()
        .chars()
        .filter(|letter| !is_ignored(*letter))
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == 'ſ' { 's' } else { letter })
        .collect();
    plain.trim_end_matches(['.', ' ']).to_owned()
}

/// What such file systems leave out of a comparison (`Default_Ignorable_Code_Point` of Unicode).
fn is_ignored(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}
