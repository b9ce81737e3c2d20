//! Subjects of commits: `type(scope)!: what was done`, of the Conventional Commits specification 1.0.0.

use alloc::vec::Vec;
use json_text::{Members, Value};

/// The types that have a section, in the order of the notes.
const SECTIONS: [(&str, &str); 4] =
    [("feat", "New"), ("fix", "Mended"), ("perf", "Faster"), ("docs", "Described")];

struct Commit<'a> {
    /// In lower case as it is written, since people write it so.
    kind: &'a str,
    scope: Option<&'a str>,
    breaking: bool,
    subject: &'a str,
}

/// The commits of a log by their types, those that break something also by themselves.
pub fn sort(log: &str) -> Value {
    let lines: Vec<&str> =
        log.lines().map(|line| without_hash(line.trim())).filter(|line| !line.is_empty()).collect();
    let commits: Vec<Commit> = lines.iter().filter_map(|line| Commit::read(line)).collect();
    let entries = |wanted: &dyn Fn(&Commit) -> bool| {
        Value::Array(commits.iter().filter(|commit| wanted(commit)).map(Commit::entry).collect())
    };
    let mut sections = Vec::new();
    for (kind, title) in SECTIONS {
        let entries = entries(&|commit| commit.kind == kind);
        if entries != Value::Array(Vec::new()) {
            let mut section = Members::new();
            section.add("type", Value::from(kind));
            section.add("title", Value::from(title));
            section.add("commits", entries);
            sections.push(section.build());
        }
    }
    let has_section = |line: &str| {
        Commit::read(line).is_some_and(|commit| SECTIONS.iter().any(|it| it.0 == commit.kind))
    };
    let other = lines.iter().filter(|line| !has_section(line)).map(|line| Value::from(*line));
    let mut result = Members::new();
    result.add("breaking", entries(&|commit| commit.breaking));
    result.add("sections", Value::Array(sections));
    result.add("other", Value::Array(other.collect()));
    result.count("commits", lines.len());
    result.build()
}

impl<'a> Commit<'a> {
    fn read(line: &'a str) -> Option<Commit<'a>> {
        let (head, subject) = line.split_once(": ")?;
        let (head, breaking) = match head.strip_suffix('!') {
            Some(head) => (head, true),
            None => (head, false),
        };
        let (kind, scope) = match head.strip_suffix(')').and_then(|head| head.split_once('(')) {
            Some((kind, scope)) => (kind, Some(scope)),
            None => (head, None),
        };
        let is_word = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
        is_word.then_some(Commit { kind, scope, breaking, subject: subject.trim() })
    }

    fn entry(&self) -> Value {
        let mut entry = Members::new();
        if let Some(scope) = self.scope {
            entry.add("scope", Value::from(scope));
        }
        entry.add("subject", Value::from(self.subject));
        entry.build()
    }
}

/// A line of `git log --oneline` without the hash at its beginning.
fn without_hash(line: &str) -> &str {
    match line.split_once(' ') {
        Some((hash, rest)) if (7..=40).contains(&hash.len()) && is_hash(hash) => rest.trim_start(),
        _ => line,
    }
}

fn is_hash(word: &str) -> bool {
    word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
