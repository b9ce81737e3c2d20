//! What an unfinished merge leaves behind: `<<<<<<<`, `=======` and `>>>>>>>`.

use super::lines::lines;

/// A frontmatter of which one side was taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settled {
    /// The text with spaces for the markers' lines and those of the other side, so that everything
    /// else is where it was.
    pub(super) text: String,
    /// Where the first marker is.
    pub(super) at: usize,
    /// The lines that were taken.
    pub(super) kept: String,
}

/// Takes the first side of every conflict: what was there before the merge.
pub(super) fn settle(text: &str) -> Option<Settled> {
    let (at, _) = lines(text).find(|(_, line)| is_marker(line, '<'))?;
    let mut settled = Settled { text: String::with_capacity(text.len()), at, kept: String::new() };
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
            settled.text.push_str(line);
            if side == Some(true) {
                settled.kept.push_str(line);
                settled.kept.push('\n');
            }
        } else {
            settled.text.extend(std::iter::repeat_n(' ', line.len()));
        }
        let end = text.len().min(at + line.len());
        let rest = &text[end..];
        settled.text.push_str(&rest[..rest.find('\n').map_or(rest.len(), |feed| feed + 1)]);
    }
    Some(settled)
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

fn is_marker(line: &str, letter: char) -> bool {
    let rest = line.trim_start_matches(letter);
    line.len() - rest.len() == 7 && (rest.is_empty() || rest.starts_with(' '))
}
