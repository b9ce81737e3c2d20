//! Names of files and folders from which weft-lite or other programs read settings, skills and prompts.

use std::ffi::OsStr;
use std::path::{Component, Path};

/// weft-lite's own names: closed in every folder of every grant.
const NAMES: [&str; 4] = [".weft", ".clawft", ".agents", "soul.md"];

/// Whether some file system may treat `name` as one of those: in another case, with letters that fold to the
/// same, with characters that it ignores, with dots or spaces at the end, or shortened.
pub(super) fn is_reserved(name: &OsStr) -> bool {
    let name = folded(name);
    let short = name.split_once('~').map(|(start, _)| start.trim_start_matches('.'));
    NAMES.iter().any(|reserved| {
        name == *reserved || short.is_some_and(|short| short == reserved.trim_start_matches('.'))
    })
}

/// Files from which other programs read prompts, beside all whose names begin with a dot.
const PROMPTS: [&str; 5] = ["agents.md", "claude.md", "claude.local.md", "gemini.md", "qwen.md"];

/// Whether other programs read settings or prompts from a file of this name (`.git`, `.mcp.json`, `.bashrc`,
/// `AGENTS.md`), or weft-lite may load it at a later start: manifests and modules of plugins.
pub(super) fn is_setting(name: &OsStr) -> bool {
    let folded = folded(name);
    folded.starts_with('.')
        || PROMPTS.contains(&&*folded)
        || is_of_package(&folded)
        || is_short(&folded)
}

/// Whether the name has the short form of DOS file systems, where `GIT~1` is `.git`.
fn is_short(folded: &str) -> bool {
    let (stem, extension) = folded.split_once('.').unwrap_or((folded, ""));
    let number = stem.split_once('~').map_or("", |(_, number)| number);
    stem.len() <= 8
        && extension.len() <= 3
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a file of this name makes its folder a plugin, which somebody may load or install later.
fn is_of_package(folded: &str) -> bool {
    folded.starts_with("weft.plugin.")
        || folded.starts_with("clawft.plugin.")
        || folded.ends_with(".wasm")
}

/// Whether a part of `path` is such a name.
pub(super) fn has_reserved(path: &Path) -> bool {
    path.components().any(|part| matches!(part, Component::Normal(name) if is_reserved(name)))
}

/// The name as file systems that fold case compare it, for ASCII letters.
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

/// Whether such file systems ignore the character (`Default_Ignorable_Code_Point` of Unicode).
fn is_ignored(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}
