//! Tries a draft before anybody is asked. Whatever speaks against it is a reason, and then nobody is.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use smol::Executor;

use super::replay::replay;
use crate::actor::{PluginHost, Snapshot};
use crate::autonomous::{Draft, WorkPattern, WorkRun, has_secret};
use crate::contract::{Sha256, json_line, sort_by, to_hex};
use crate::package::{
    BUNDLED, MANIFEST_NAMES, NewProposal, Proposal, Proposals, ReadLimits, RecordedCall,
};
use crate::recipe::{RecipeIdentity, ShapeConstants, compile, recipe_shape};
use crate::sandbox::SecretSearch;
use crate::skill::{ParseMode, Severity, SkillEntry, parse_skill};
use crate::task::off_executor;

/// Lines of a recipe that are compared with those of another one.
const COMPARED_LINES: usize = 1_000;
/// Bytes of a `recipe.yaml` that is compared.
const RECIPE_BYTES: u64 = 32 * 1024;
/// How much of a draft's words another skill's description has, in hundredths, if it does the same.
const OVERLAP: usize = 75;

/// What a draft is tried with.
pub(super) struct Trial<'t> {
    pub(super) host: &'t PluginHost,
    pub(super) executor: &'t Weak<Executor<'static>>,
    pub(super) home: &'t Path,
    pub(super) limits: ReadLimits,
    pub(super) secrets: Arc<SecretSearch>,
    pub(super) now_seconds: u64,
}

/// A skill that a draft could be the same as.
struct Neighbour {
    name: String,
    description: String,
    /// Where its recipe is, if it has one.
    recipe: Option<PathBuf>,
}

/// Tries a pattern's draft and proposes it. Returns the skill's name.
///
/// # Errors
///
/// The reason why it is not proposed.
pub(super) async fn propose(trial: &Trial<'_>, pattern: &WorkPattern) -> Result<String, String> {
    let draft = &pattern.draft;
    if let Some(objection) = draft.objection() {
        return Err(objection);
    }
    // A secret may be newer than what was observed.
    let is_secret = |text: &str| trial.secrets.finds(text);
    for call in pattern.all_runs().flatten() {
        if has_secret(&call.params, &is_secret) || has_secret(&call.result, &is_secret) {
            return Err("a run has a secret in it".into());
        }
    }
    let snapshot = trial.host.snapshot();
    let effects = effects(draft, &snapshot)?;
    let recipe = draft.recipe(&pattern.held_out.1);
    let shape = |constants| recipe_shape(&recipe, constants);
    let (Some(blank), Some(flow)) = (shape(ShapeConstants::Blank), shape(ShapeConstants::Flow))
    else {
        return Err("its recipe has a fault".into());
    };
    let is_of_client = pattern.all_runs().flatten().any(|call| call.is_of_client());
    // A no counts for the same work with other constants, too. One to a client is none to the user.
    let key = to_hex(&Sha256::of(format!("{is_of_client} {flow}").as_bytes()));

    let (home, asked) =
        (trial.home.to_owned(), PlaceQuestion::of(draft, blank, &key, is_of_client, &snapshot));
    let neighbours = neighbours(&snapshot);
    let place = off_executor(move || asked.place(&home, &neighbours)).await?;
    let DraftPlace { name, version, replaces, before } = place;

    let skill = draft.skill(&name, &version, pattern);
    let parsed = parse_skill(skill.as_bytes(), &name, ParseMode::Strict);
    let error = parsed.diagnostics.iter().find(|it| it.severity == Severity::Error);
    let document = match (parsed.document, error) {
        (Some(document), None) => document,
        (_, error) => {
            let error = error.map(ToString::to_string).unwrap_or_default();
            return Err(format!("its SKILL.md has a fault: {error}"));
        }
    };
    let identity = RecipeIdentity {
        name: &name,
        version: Some(&version),
        description: Some(&document.description),
    };
    let compiled = compile(&recipe, &identity).map_err(|error| error.to_string())?;
    let mut tools: Vec<String> = draft.tools().map(str::to_owned).collect();
    sort_by(&mut tools, Ord::cmp);
    tools.dedup();
    if compiled.tools != tools {
        return Err("it would call other tools than were called".into());
    }

    let explained = |run| -> Option<(&WorkRun, _)> { Some((run, draft.explains(run)?)) };
    let runs: Option<Vec<_>> = pattern.all_runs().map(explained).collect();
    let runs = runs.ok_or("a run can't be done again with it")?;
    replay(trial.executor, &compiled, trial.limits, &runs).await?;

    let diff = before.map(|before| difference(&before, &recipe));
    let recorded = |run: &WorkRun| -> Vec<RecordedCall> {
        run.iter()
            .map(|call| RecordedCall {
                tool: call.tool.clone(),
                params: json_line(&call.params),
                result: json_line(&call.result),
            })
            .collect()
    };
    let files = [
        ("SKILL.md", skill.into_bytes()),
        ("recipe.yaml", recipe.into_bytes()),
        (MANIFEST_NAMES[0], compiled.manifest.into_bytes()),
        ("plugin.wasm", compiled.module),
    ];
    let proposal = NewProposal {
        name: name.clone(),
        version,
        files: files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect(),
        key,
        words: draft.words(),
        tools,
        effects,
        runs: pattern.all_runs().map(recorded).collect(),
        is_of_client,
        replaces,
        diff,
        at_seconds: trial.now_seconds,
    };
    let home = trial.home.to_owned();
    let added = off_executor(move || Proposals::of_home(&home).add(proposal)).await;
    added.map(|_| name).map_err(|error| error.to_string())
}

/// The tools of a draft that may write, send or spend. What a tool says of itself does not count, only what its
/// plugin may do.
///
/// # Errors
///
/// A tool is not there, or is not for recipes.
fn effects(draft: &Draft, snapshot: &Snapshot) -> Result<Vec<String>, String> {
    let mut effects: Vec<String> = Vec::new();
    for tool in draft.tools() {
        let entry = snapshot.plugins.find_tool(tool).map_err(|error| error.to_string())?;
        let manifest = &entry.plugin.manifest;
        if manifest.generated.is_some() || !entry.is_for_models() || entry.full_name() != tool {
            return Err(format!("`{tool}` is not for recipes"));
        }
        if manifest.permissions.may_do_harm() && !effects.iter().any(|it| it == tool) {
            effects.push(tool.to_owned());
        }
    }
    Ok(effects)
}

/// The first tool of a proposal whose plugin may do more now than when it was proposed.
pub(in crate::runtime) fn grown<'p>(
    proposal: &'p Proposal,
    snapshot: &Snapshot,
) -> Option<&'p str> {
    let draft = &proposal.draft;
    let is_grown = |tool: &&String| {
        let entry = snapshot.plugins.find_tool(tool);
        let does = entry.is_ok_and(|entry| entry.plugin.manifest.permissions.may_do_harm());
        does && !draft.effects.contains(tool)
    };
    draft.tools.iter().find(is_grown).map(String::as_str)
}

/// The skills that are there.
fn neighbours(snapshot: &Snapshot) -> Vec<Neighbour> {
    let recipe = |entry: &SkillEntry| Some(entry.path.as_deref()?.parent()?.join("recipe.yaml"));
    let skills = snapshot.skills.entries().filter_map(|entry| {
        let document = entry.document.as_ref()?;
        Some(Neighbour {
            name: entry.name.to_string(),
            description: document.description.clone(),
            recipe: recipe(entry),
        })
    });
    skills.collect()
}

impl Neighbour {
    /// Its recipe, if it has one. Blocks on the file system.
    fn recipe(&self) -> Option<String> {
        let file = self.recipe.as_deref()?;
        let is_small = file.metadata().is_ok_and(|it| it.is_file() && it.len() <= RECIPE_BYTES);
        is_small.then(|| std::fs::read_to_string(file).ok()).flatten()
    }
}

/// Where a draft goes: what it is named, and which skill it takes the place of.
struct DraftPlace {
    name: String,
    version: String,
    replaces: Option<String>,
    /// The recipe that it takes the place of.
    before: Option<String>,
}

/// What is asked of the skills that are there.
struct PlaceQuestion {
    draft: Draft,
    shape: String,
    key: String,
    is_of_client: bool,
    words: Vec<String>,
    /// The ids of the plugins in service.
    plugins: Vec<String>,
}

impl PlaceQuestion {
    fn of(
        draft: &Draft,
        shape: String,
        key: &str,
        is_of_client: bool,
        snapshot: &Snapshot,
    ) -> Self {
        let plugins = snapshot.plugins.plugins().map(|it| it.manifest.id.clone()).collect();
        let (words, key) = (draft.words(), key.to_owned());
        Self { draft: draft.clone(), shape, key, is_of_client, words, plugins }
    }

    /// Blocks on the file system.
    fn place(&self, home: &Path, neighbours: &[Neighbour]) -> Result<DraftPlace, String> {
        let proposals = Proposals::of_home(home);
        let state = proposals.state().map_err(|error| error.to_string())?;
        for neighbour in neighbours {
            let (name, recipe) = (&neighbour.name, neighbour.recipe());
            let shape = recipe.and_then(|it| recipe_shape(&it, ShapeConstants::Blank));
            if shape.as_ref() == Some(&self.shape) {
                return Err(format!("the skill `{name}` does the same but for constants"));
            }
        }
        let pending = proposals.pending().map_err(|error| error.to_string())?;
        for waiting in &pending.proposals {
            // What clients do keeps nobody from seeing what the user does.
            let counts = self.is_of_client || !waiting.draft.is_of_client;
            if counts && overlap(&self.words, &waiting.draft.words) >= OVERLAP {
                return Err(format!(
                    "`{}`, which waits for an answer, does almost the same",
                    waiting.draft.name
                ));
            }
        }
        let mut place = None;
        for (name, approved) in state.skills.iter() {
            let is_same = approved.current.key == self.key
                || overlap(&self.words, &approved.current.words) >= OVERLAP;
            if is_same && self.is_of_client {
                return Err(format!("clients can't change the skill `{name}`"));
            }
            if is_same && place.is_none() {
                let before = neighbours.iter().find(|it| it.name == *name);
                let version = next_version(&approved.current.version);
                place = Some(DraftPlace {
                    name: name.clone(),
                    version,
                    replaces: Some(approved.current.version.clone()),
                    before: before.and_then(Neighbour::recipe),
                });
            }
        }
        if let Some(place) = place {
            return Ok(place);
        }
        for Neighbour { name, description, .. } in neighbours {
            let words: Vec<String> = words_of(description);
            if share(&self.words, &words) >= OVERLAP {
                return Err(format!("the skill `{name}` says that it does almost the same"));
            }
        }
        let is_taken = |name: &str| {
            BUNDLED.iter().any(|it| it.name == name)
                || neighbours.iter().any(|it| it.name == name)
                || self.plugins.iter().any(|it| it == name)
                || proposals.is_pending(name)
        };
        let name = self.draft.name(&is_taken);
        Ok(DraftPlace { name, version: "0.1.0".into(), replaces: None, before: None })
    }
}

/// How many of the words of both are common to both, in hundredths.
fn overlap(one: &[String], other: &[String]) -> usize {
    let common = one.iter().filter(|word| other.contains(word)).count();
    let all = one.len() + other.len() - common;
    (100 * common).checked_div(all).unwrap_or(0)
}

/// How many of the words the other has, in hundredths.
fn share(words: &[String], other: &[String]) -> usize {
    let common = words.iter().filter(|word| other.contains(word)).count();
    (100 * common).checked_div(words.len()).unwrap_or(0)
}

fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !char.is_alphanumeric());
    words.filter(|word| word.len() > 2).map(str::to_lowercase).collect()
}

/// The version after this one: `0.2.0` after `0.1.0`.
fn next_version(version: &str) -> String {
    match semver::Version::parse(version) {
        Ok(version) => format!("{}.{}.0", version.major, version.minor + 1),
        Err(_) => "0.2.0".into(),
    }
}

/// What was taken out of a text, with `-`, and what was put in, with `+`, line by line in their order: a line that both
/// have counts as often as it is there.
fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    // Of texts with more lines all of them are shown.
    let is_compared = old.len().max(new.len()) <= COMPARED_LINES;
    let width = new.len() + 1;
    let room = if is_compared { (old.len() + 1) * width } else { 0 };
    // How many lines the rests of both texts have in common.
    let mut common = vec![0_u32; room];
    let at = |old: usize, new: usize| old * width + new;
    if is_compared {
        for (i, line) in old.iter().enumerate().rev() {
            for (j, other) in new.iter().enumerate().rev() {
                common[at(i, j)] = match line == other {
                    true => common[at(i + 1, j + 1)] + 1,
                    false => common[at(i + 1, j)].max(common[at(i, j + 1)]),
                };
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut text = String::new();
    while i < old.len() || j < new.len() {
        if is_compared && i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let is_out = i < old.len()
            && (j == new.len() || !is_compared || common[at(i + 1, j)] >= common[at(i, j + 1)]);
        let (sign, line) = if is_out { ("-", old[i]) } else { ("+", new[j]) };
        (i, j) = if is_out { (i + 1, j) } else { (i, j + 1) };
        text.extend([sign, " ", line, "\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn differences_hide_no_line() {
        for (before, after, expected) in [
            ("a\nb\n", "a\nb\n", ""),
            ("a\nb\nc", "a\nx\nc", "- b\n+ x\n"),
            // A line that is there already is new all the same.
            ("a\nsend", "a\nsend\nb\nsend", "+ b\n+ send\n"),
            // So is one that comes in another place.
            ("a\nb", "b\na", "- a\n+ a\n"),
            ("", "a", "+ a\n"),
            ("a\na\na", "a", "- a\n- a\n"),
        ] {
            assert_eq!(difference(before, after), expected, "{before:?} {after:?}");
        }
        let long = "a\n".repeat(2_000);
        assert_eq!(difference(&long, "b").lines().count(), 2_001);
    }
}
