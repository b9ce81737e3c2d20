//! A proposal as the person reads it who decides on it.
//!
//! Much of it was written by others: by tools, by whoever typed, by a model. It is shown line by line behind a mark, without
//! what drives a terminal or can't be seen, so that nothing in it can pass for a line of the program.

use std::fmt::Write;

use super::proposal::{Proposal, ProposalKind, RecordedCall};
use crate::contract::{civil_date, is_unfit, listed, shown};
use crate::skill::{ParseMode, parse_skill};

/// Characters of a call's parameters or result that are shown.
const CALL_CHARS: usize = 120;
/// Characters of one line of a difference.
const LINE_CHARS: usize = 400;
/// Lines of a difference.
const LINES: usize = 200;

/// The proposal in full, for the person who decides on it: what it does, what it may do, where it came from, and
/// what to type.
#[must_use]
pub fn describe_proposal(proposal: &Proposal) -> String {
    let Proposal { kind, draft, .. } = proposal;
    let (name, short) = (shown(&draft.name), proposal.short_digest());
    let mut text = String::new();
    let mut line = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    if !draft.effects.is_empty() {
        line(&format!("it calls {}, which may write, send or spend", listed(&draft.effects)));
    }
    let version = one_line(&draft.version, LINE_CHARS);
    match (kind, &draft.replaces) {
        (ProposalKind::Removal, _) => {
            line(&format!("{name} {version}: remove this skill, which was not used for 60 days?"));
        }
        (ProposalKind::Skill, Some(old)) => {
            let old = one_line(old, LINE_CHARS);
            line(&format!("{name} {version}: a new version, in place of {old}"));
        }
        (ProposalKind::Skill, None) => line(&format!("{name} {version}: a new skill")),
    }
    if *kind == ProposalKind::Skill {
        line(&format!("description: {}", description(proposal)));
        match draft.tools.as_slice() {
            [] => line("it may call no tools, and nothing else"),
            tools => line(&format!("it may call {}, and nothing else", listed(tools))),
        }
        line("steps (recipe.yaml):");
        // In full: what is cut off could be what matters.
        line(&quoted_lines(proposal.text("recipe.yaml"), usize::MAX, usize::MAX));
        let date = date(draft.at_seconds);
        let by = if draft.is_of_client { " by clients over MCP" } else { "" };
        line(&format!("made on {date} from {} runs{by}:", draft.runs.len()));
        for (index, run) in draft.runs.iter().enumerate() {
            line(&format!("run {}:", index + 1));
            run.iter().for_each(|call| line(&call_line(call)));
        }
    }
    if let Some(diff) = &draft.diff {
        line("changes to the version before:");
        line(&quoted_lines(diff, LINE_CHARS, LINES));
    }
    line(&format!("digest: {short}"));
    let name = &draft.name;
    // Writing to a string can't fail.
    let _ = write!(
        text,
        "yes: `/approve {name} {short}` in a chat, or `weft-lite skill approve {name}`\n\
         no: `/reject {name}` in a chat, or `weft-lite skill reject {name}`"
    );
    text
}

/// The description in its `SKILL.md`.
fn description(proposal: &Proposal) -> String {
    let bytes = proposal.file("SKILL.md").unwrap_or_default();
    let document = parse_skill(bytes, &proposal.draft.name, ParseMode::Lenient).document;
    let description = document.map(|document| document.description).unwrap_or_default();
    one_line(description.trim(), 4 * LINE_CHARS)
}

fn call_line(call: &RecordedCall) -> String {
    let RecordedCall { tool, params, result } = call;
    let cut = |text: &str| one_line(text, CALL_CHARS);
    format!("  | {} {} gave {}", shown(tool), cut(params), cut(result))
}

/// A text of several lines, each behind a mark.
fn quoted_lines(text: &str, chars: usize, lines: usize) -> String {
    let quoted = |line: &str| format!("  | {}", one_line(line, chars));
    let mut quoted: Vec<String> = text.lines().take(lines).map(quoted).collect();
    if text.lines().nth(lines).is_some() {
        quoted.push("  (and more)".into());
    }
    quoted.join("\n")
}

/// The beginning of a text, as one line in which everything can be seen.
fn one_line(text: &str, chars: usize) -> String {
    let mut line = String::new();
    for letter in text.chars().take(chars) {
        match is_unfit(letter) {
            true => line.extend(letter.escape_default()),
            false => line.push(letter),
        }
    }
    if text.chars().nth(chars).is_some() {
        line.push_str("...");
    }
    line
}

fn date(at_seconds: u64) -> String {
    let (year, month, day) = civil_date(at_seconds / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}
