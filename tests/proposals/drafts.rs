//! Drafts with real recipes, and a `$WEFT_HOME` to propose them in.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use weft_lite::check_proposal;
use weft_lite::errors::ProposalError;
use weft_lite::package::{
    Decision, NewProposal, Proposal, Proposals, ReadLimits, RecordedCall, sha256_hex,
};
use weft_lite::recipe::{RecipeIdentity, compile};

pub(crate) const STATS: &str = "text-stats__text_stats";
pub(crate) const QUERY: &str = "json-query__json_query";
/// A moment at which something happens.
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const DAY: u64 = 86_400;

/// A recipe that counts words, and says so in these words.
pub(crate) fn recipe(says: &str) -> String {
    format!(
        "parameters:\n  text: {{ type: string, description: The text }}\nsteps:\n  - name: counts\n    call: {STATS}\n    with: {{ text: \"{{{{text}}}}\" }}\nresult: \"{{{{counts.words}}}} {says}\"\n"
    )
}

/// A recipe that calls two tools.
pub(crate) fn wider_recipe() -> String {
    recipe("words").replace(
        "steps:\n",
        &format!("steps:\n  - name: found\n    call: {QUERY}\n    with: {{ json: \"{{{{text}}}}\", query: . }}\n"),
    )
}

pub(crate) fn skill(name: &str, version: &str) -> String {
    format!(
        "---\nname: {name}\ndescription: Says how many words a text has. Use it to count words.\nmetadata:\n  version: \"{version}\"\n  command-dispatch: tool\n  command-tool: {}\n---\n\n# Count\n\nCounts the words of a text.\n",
        name.replace('-', "_")
    )
}

/// The draft of a skill with this recipe.
pub(crate) fn draft_of(name: &str, version: &str, recipe: &str) -> NewProposal {
    let identity = RecipeIdentity {
        name,
        version: Some(version),
        description: Some("Says how many words a text has."),
    };
    let compiled = compile(recipe, &identity).unwrap();
    NewProposal {
        name: name.into(),
        version: version.into(),
        files: vec![
            ("SKILL.md".into(), skill(name, version).into_bytes()),
            ("recipe.yaml".into(), recipe.as_bytes().to_vec()),
            ("weft.plugin.json".into(), compiled.manifest.into_bytes()),
            ("plugin.wasm".into(), compiled.module),
        ],
        key: sha256_hex(format!("{name}{recipe}").as_bytes()),
        words: vec!["count".into(), "words".into()],
        tools: compiled.tools,
        effects: Vec::new(),
        runs: vec![vec![RecordedCall {
            tool: STATS.into(),
            params: r#"{"text":"one two"}"#.into(),
            result: r#"{"words":2}"#.into(),
        }]],
        is_of_client: false,
        replaces: None,
        diff: None,
        at_seconds: NOW,
    }
}

/// The first version of a skill.
pub(crate) fn draft(name: &str) -> NewProposal {
    draft_of(name, "1.0.0", &recipe("words"))
}

/// A second version of it.
pub(crate) fn next_draft(name: &str) -> NewProposal {
    let next = draft_of(name, "1.1.0", &recipe("words in all"));
    NewProposal {
        replaces: Some("1.0.0".into()),
        diff: Some("-words\n+words in all".into()),
        ..next
    }
}

/// The draft with other bytes in one of its files.
pub(crate) fn with_file(mut draft: NewProposal, name: &str, content: &str) -> NewProposal {
    draft.files.retain(|(file, _)| file != name);
    draft.files.push((name.into(), content.as_bytes().to_vec()));
    draft
}

/// A `$WEFT_HOME`.
pub(crate) struct Home {
    folder: TempDir,
    pub(crate) proposals: Proposals,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let proposals = Proposals::of_home(&folder.path().join("weft"));
        Self { folder, proposals }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("weft")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    #[track_caller]
    pub(crate) fn add(&self, draft: NewProposal) -> Proposal {
        self.proposals.add(draft).unwrap()
    }

    pub(crate) fn approve(&self, name: &str, digest: &str) -> Result<Decision, ProposalError> {
        self.approve_at(name, digest, NOW)
    }

    pub(crate) fn approve_at(
        &self,
        name: &str,
        digest: &str,
        now: u64,
    ) -> Result<Decision, ProposalError> {
        let limits = ReadLimits::default();
        let check = |it: &Proposal| check_proposal(it, limits);
        self.proposals.approve(name, digest, &check, limits, now)
    }

    /// Proposes it and says yes.
    #[track_caller]
    pub(crate) fn install(&self, draft: NewProposal) {
        let proposal = self.add(draft);
        self.approve(&proposal.draft.name, &proposal.digest).unwrap();
    }

    pub(crate) fn roll_back(&self, name: &str) -> Result<Decision, ProposalError> {
        let limits = ReadLimits::default();
        self.proposals.roll_back(name, &|it| check_proposal(it, limits), limits)
    }

    /// The names of what waits.
    pub(crate) fn pending(&self) -> Vec<String> {
        let pending = self.proposals.pending().unwrap();
        assert_eq!(pending.damaged, []);
        pending.proposals.into_iter().map(|it| it.draft.name).collect()
    }

    /// The text of a file of the installed skill; empty without one.
    pub(crate) fn installed(&self, name: &str, file: &str) -> String {
        fs::read_to_string(self.path("skills").join(name).join(file)).unwrap_or_default()
    }
}

/// Every file and folder below a folder.
pub(crate) fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        all.push(path.clone());
        all.extend(everything(&path));
    }
    all
}
