//! Where the frontmatter ends and the instructions begin.

use std::ops::Range;

use super::findings::SkillFindings;
use super::lines::{KeyLine, lines};

/// The line before and after a frontmatter.
const FENCE: &str = "---";

/// The two parts of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    /// The lines between the fences, where there are any.
    pub(super) frontmatter: Option<Range<usize>>,
    /// Where the instructions begin.
    pub(super) body: usize,
}

/// Splits a file, and reports faults of its fences.
pub(super) fn split(findings: &mut SkillFindings<'_>) -> Split {
    let text = findings.text();
    let blank = text.len() - text.trim_start().len();
    let open = text[..blank].rfind('\n').map_or(0, |at| at + 1);
    let Some((_, first)) = lines(&text[open..]).next().filter(|(_, line)| is_fence(line)) else {
        return Split { frontmatter: None, body: 0 };
    };
    if open > 0 {
        let message = "the frontmatter does not begin on the first line";
        findings.deviation("frontmatter-not-first", open, &message, &FENCE);
    }
    let start = after_line(text, open + first.len());
    let close = lines(&text[start..]).find(|(_, line)| is_fence(line));
    if let Some((at, line)) = close {
        let body = after_line(text, start + at + line.len());
        return Split { frontmatter: Some(start..start + at), body };
    }
    let reach = reach(&text[start..]);
    let (end, body) = (start + reach.end, start + reach.body);
    let message = match reach.fence {
        true => "the line that closes the frontmatter is indented, so that it does not",
        false => "the frontmatter is not closed by a line `---`; it ends here",
    };
    let at = if reach.fence { start + reach.fence_at } else { end };
    findings.deviation("unclosed-frontmatter", at, &message, &FENCE);
    Split { frontmatter: Some(start..end), body }
}

/// Whether a line is a fence. It must begin at the margin; spaces after it do not count.
fn is_fence(line: &str) -> bool {
    line.trim_end() == FENCE
}

/// The offset after the line that ends at `at`.
fn after_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |found| at + found + 1)
}

/// How far what looks like a frontmatter goes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FrontmatterEnd {
    /// The end of its last line.
    pub(super) end: usize,
    /// Where what follows begins.
    pub(super) body: usize,
    /// Whether an indented fence ends it, and where that is.
    fence: bool,
    /// Only meaningful if `fence` is set.
    fence_at: usize,
    /// Whether something that is Markdown ends it, and not the text.
    pub(super) markdown: bool,
}

/// How far `text` looks like keys and values, where no fence says so.
///
/// It ends at an indented fence, at a heading after an empty line, and at a line that begins at the
/// margin and is neither a key nor part of a list.
pub(super) fn reach(text: &str) -> FrontmatterEnd {
    let mut reach = FrontmatterEnd::default();
    let mut after_blank = false;
    for (at, line) in lines(text) {
        let next = after_line(text, at + line.len());
        let content = line.trim();
        let indented = line.starts_with([' ', '\t']);
        if indented && content == FENCE {
            return FrontmatterEnd {
                end: at,
                body: next,
                fence: true,
                fence_at: at + line.len() - 3,
                markdown: false,
            };
        }
        let comment = line.starts_with('#');
        if comment && after_blank && reach.end > 0 {
            return FrontmatterEnd { markdown: true, ..reach };
        }
        let belongs =
            indented || line.starts_with(['-', '}', ']']) || KeyLine::read(line).is_some();
        if content.is_empty() || comment {
            after_blank = content.is_empty();
            continue;
        }
        if !belongs {
            return FrontmatterEnd { markdown: true, ..reach };
        }
        after_blank = false;
        reach.end = next;
        reach.body = next;
    }
    reach
}
