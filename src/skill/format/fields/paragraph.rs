//! A description for a skill whose author wrote none: the first words of its text.

use crate::skill::format::lines::lines;

/// The longest description by the specification, in characters.
pub(super) const DESCRIPTION_CHARS: usize = 1_024;

/// The first paragraph of a Markdown text on one line, cut to the length of a description; where
/// there is none, the first item of a list.
///
/// Code blocks, headings, tables, pictures and HTML are passed over. `None` if nothing else is there.
pub(super) fn first_paragraph(markdown: &str) -> Option<String> {
    let mut paragraph = String::new();
    let mut item = None;
    let mut code = false;
    for (_, line) in lines(markdown) {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            code = !code;
        }
        let listed = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        let text = line.trim_start_matches(['>', ' ']);
        let is_text = !code && listed.is_none() && is_prose(text);
        if is_text {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(text);
        } else if !paragraph.is_empty() {
            break;
        } else if !code {
            item = item.or(listed.filter(|text| is_prose(text)));
        }
    }
    let text = if paragraph.is_empty() { item?.to_owned() } else { paragraph };
    Some(text.replace("**", "").chars().take(DESCRIPTION_CHARS).collect())
}

/// Whether a line is neither a heading, a rule, a table, a picture, a fence nor HTML.
fn is_prose(line: &str) -> bool {
    let marks = ['#', '|', '<', '!', '`', '='];
    line.chars().any(char::is_alphanumeric)
        && (!line.starts_with(marks) || line.starts_with('`') && !line.starts_with("```"))
        && !line.starts_with("[![")
}
