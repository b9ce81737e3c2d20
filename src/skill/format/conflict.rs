//! Conflict markers of an unfinished merge: `<<<<<<<`, `=======` and `>>>>>>>`.
//!
//! A file in the middle of a merge is not a reason to lose the skill: in the frontmatter one side is read and
//! the conflict is reported; in the instructions it is only reported.

use super::lines::lines;

/// A frontmatter with only our side of each conflict.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ours {
    /// The text with spaces for the markers' lines and those of the other side, so that everything
    /// else is where it was.
    pub(super) text: String,
    /// Where the first marker is.
    pub(super) at: usize,
    /// The lines of our side.
    pub(super) kept: String,
}

/// Keeps our side of every conflict, the text before the merge.
///
/// `None` if there is no conflict. The other side's lines become spaces and not nothing, so that the places in
/// diagnostics stay true.
pub(super) fn take_ours(text: &str) -> Option<Ours> {
    let (at, _) = lines(text).find(|(_, line)| is_marker(line, '<'))?;
    let mut ours = Ours { text: String::with_capacity(text.len()), at, kept: String::new() };
    let mut side = None;
    for (at, line) in lines(text) {
        let taken = match side {
            _ if is_marker(line, '<') => {
                side = Some(true);
                false
            }
            Some(_) if is_marker(line, '=') || is_marker(line, '|') => {
                side = Some(false);
                false
            }
            Some(_) if is_marker(line, '>') => {
                side = None;
                false
            }
            Some(first) => first,
            None => true,
        };
        if taken {
            ours.text.push_str(line);
            if side == Some(true) {
                ours.kept.push_str(line);
                ours.kept.push('\n');
            }
        } else {
            ours.text.extend(std::iter::repeat_n(' ', line.len()));
        }
        let end = text.len().min(at + line.len());
        let rest = &text[end..];
        ours.text.push_str(&rest[..rest.find('\n').map_or(rest.len(), |feed| feed + 1)]);
    }
    Some(ours)
}

/// The first marker of a conflict in Markdown, where code blocks may well show some.
pub(super) fn in_markdown(text: &str) -> Option<usize> {
    // The marker can't be there without its letters, which is far quicker to see.
    if !text.contains("<<<<<<< ") || !text.contains(">>>>>>> ") {
        return None;
    }
    let mut code = false;
    lines(text).find_map(|(at, line)| {
        let fence = line.trim_start();
        code ^= fence.starts_with("```") || fence.starts_with("~~~");
        (!code && is_marker(line, '<')).then_some(at)
    })
}

/// Whether a line is a marker of seven such letters, alone or before a name.
fn is_marker(line: &str, letter: char) -> bool {
    let rest = line.trim_start_matches(letter);
    line.len() - rest.len() == 7 && (rest.is_empty() || rest.starts_with(' '))
}
