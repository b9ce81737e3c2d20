//! A proposal: what a skill would be, where it came from, and the digest that a yes is for.

use serde_json::{Value, json};

use crate::contract::{ObjectReader, SortedMap, wrong};
use crate::package::digest::{digest_list, sha256_hex};

/// The digits of a digest that people see and type.
const SHOWN_DIGITS: usize = 8;

/// One call of a run: what was called, with what, and what it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedCall {
    /// The full name of the tool.
    pub tool: String,
    /// Its parameters, as JSON.
    pub params: String,
    /// Its result.
    pub result: String,
}

/// What a proposal changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalKind {
    /// A skill is added, or another version of it.
    Skill,
    /// A skill is removed that was not used for a while.
    Removal,
}

impl ProposalKind {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skill => "skill",
            Self::Removal => "removal",
        }
    }
}

/// A drafted skill that is to be proposed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewProposal {
    /// The skill's name: lowercase letters, digits and single hyphens.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its four files by name: `SKILL.md`, `recipe.yaml`, `weft.plugin.json` and `plugin.wasm`.
    pub files: Vec<(String, Vec<u8>)>,
    /// The digest of the pattern: its tools and its data flow.
    pub key: String,
    /// The words of its description, by which skills that do the same are found.
    pub words: Vec<String>,
    /// The full names of the tools that it calls, which are all that it may do.
    pub tools: Vec<String>,
    /// Those of them that may write, send or spend.
    pub effects: Vec<String>,
    /// The runs that it was made from.
    pub runs: Vec<Vec<RecordedCall>>,
    /// Whether clients made these calls, over MCP, and not messages of the user.
    pub is_of_client: bool,
    /// The version of the approved skill that it takes the place of.
    pub replaces: Option<String>,
    /// How its recipe differs from that version.
    pub diff: Option<String>,
    /// When it was drafted, in seconds since 1970.
    pub at_seconds: u64,
}

/// A proposal that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What it changes.
    pub kind: ProposalKind,
    /// The draft. That of a removal has no files.
    pub draft: NewProposal,
    /// The SHA-256 digest over the digests of its files, as hex. A yes is for this digest.
    pub digest: String,
}

impl Proposal {
    /// The proposal of a draft.
    pub(super) fn of_draft(draft: NewProposal) -> Self {
        let digest = content_digest(&draft.files);
        Self { kind: ProposalKind::Skill, draft, digest }
    }

    /// The proposal to remove a skill that is installed with this digest.
    pub(super) fn removal(draft: NewProposal, installed: &str) -> Self {
        let digest = sha256_hex(format!("removal {} {installed}", draft.name).as_bytes());
        Self { kind: ProposalKind::Removal, draft, digest }
    }

    /// The content of a file; none for a file that it hasn't.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.draft.files.iter().find(|(file, _)| file == name).map(|(_, bytes)| &**bytes)
    }

    /// The text of a file; empty for a file that it hasn't.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.file(name).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// The beginning of its digest, as people see and type it.
    #[must_use]
    pub fn short_digest(&self) -> &str {
        self.digest.get(..SHOWN_DIGITS).unwrap_or(&self.digest)
    }

    /// Whether `typed` is its digest, or begins it with at least the digits that people see.
    #[must_use]
    pub fn has_digest(&self, typed: &str) -> bool {
        typed.len() >= SHOWN_DIGITS && self.digest.starts_with(&typed.to_ascii_lowercase())
    }

    /// Its record, without the files.
    pub(super) fn to_record(&self) -> Value {
        let Self { kind, draft, digest } = self;
        let call = |call: &RecordedCall| json!({ "tool": call.tool, "params": call.params, "result": call.result });
        let runs: Vec<Vec<Value>> =
            draft.runs.iter().map(|run| run.iter().map(call).collect()).collect();
        json!({
            "kind": kind.as_str(), "name": draft.name, "version": draft.version, "key": draft.key,
            "words": draft.words, "tools": draft.tools, "effects": draft.effects, "runs": runs,
            "is_of_client": draft.is_of_client,
            "replaces": draft.replaces, "diff": draft.diff, "at_seconds": draft.at_seconds,
            "digest": digest,
        })
    }
}

impl TryFrom<Value> for Proposal {
    type Error = String;

    /// From its record; the files are not in there.
    fn try_from(value: Value) -> Result<Self, String> {
        let mut record = ObjectReader::new(value)?.without_nulls(&["replaces", "diff"]);
        let kind = match record.required_text("kind")?.as_str() {
            "skill" => ProposalKind::Skill,
            "removal" => ProposalKind::Removal,
            _ => return Err(wrong("kind", "`skill` or `removal`")),
        };
        let run = |value: Value| match value {
            Value::Array(calls) => calls.into_iter().map(recorded_call).collect(),
            _ => Err(wrong("runs", "lists of calls")),
        };
        let draft = NewProposal {
            name: record.required_text("name")?,
            version: record.required_text("version")?,
            files: Vec::new(),
            key: record.required_text("key")?,
            words: record.texts("words")?,
            tools: record.texts("tools")?,
            effects: record.texts("effects")?,
            runs: record.list("runs", run)?,
            is_of_client: record.flag("is_of_client")?,
            replaces: record.text("replaces")?,
            diff: record.text("diff")?,
            at_seconds: seconds(&mut record, "at_seconds")?,
        };
        let digest = record.required_text("digest")?;
        record.end()?;
        Ok(Self { kind, draft, digest })
    }
}

fn recorded_call(value: Value) -> Result<RecordedCall, String> {
    let mut call = ObjectReader::new(value)?;
    let read = RecordedCall {
        tool: call.required_text("tool")?,
        params: call.required_text("params")?,
        result: call.required_text("result")?,
    };
    call.end()?;
    Ok(read)
}

/// A moment in seconds since 1970.
pub(super) fn seconds(object: &mut ObjectReader, name: &str) -> Result<u64, String> {
    let value = object.value(name).and_then(|value| value.as_u64());
    value.ok_or_else(|| wrong(name, "a whole number"))
}

/// The digest of files by name: the same as that of a package with these files.
pub(super) fn content_digest(files: &[(String, Vec<u8>)]) -> String {
    let digests = files.iter().map(|(name, bytes)| (name.clone(), sha256_hex(bytes)));
    sha256_hex(digest_list(&SortedMap::from_iter(digests)).as_bytes())
}
