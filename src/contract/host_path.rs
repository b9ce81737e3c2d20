//! `~` and `$WEFT_HOME` at the beginning of a path that the operator wrote.

use std::path::{Component, Path, PathBuf};

/// The path with its first part, if that is `~` or `$WEFT_HOME`, replaced by what it stands for.
/// Anything else that begins so is refused: it would become a folder of that name.
///
/// # Errors
///
/// What is wrong with the path, in one sentence. The path in full is the way out.
pub fn expand_path(
    path: &Path,
    home: Option<&Path>,
    weft_home: Option<&Path>,
) -> Result<PathBuf, String> {
    let mut parts = path.components();
    let Some(Component::Normal(first)) = parts.next() else { return Ok(path.to_owned()) };
    let first = first.to_string_lossy();
    let (root, variable) = match first.as_ref() {
        "~" => (home, "HOME"),
        "$WEFT_HOME" => (weft_home, "WEFT_HOME"),
        other if other.starts_with(['~', '$']) => {
            return Err(format!("`{}` stands for nothing here", other.escape_debug()));
        }
        _ => return Ok(path.to_owned()),
    };
    let root =
        root.ok_or_else(|| format!("`{first}` stands for nothing, for `{variable}` is not set"))?;
    Ok(root.join(parts.as_path()))
}
