//! `weft-lite skill pending`, `approve`, `reject` and `rollback`, and `weft-lite autonomous`, as they are typed.

use std::fs;

use weft_lite::package::{NewProposal, Proposal, Proposals};

use crate::drafts::{STATS, draft, everything, next_draft};
use crate::session::Session;
use crate::support::{Dir, Ran};

/// A folder with proposals, and the program beside its bundled plugins.
struct Place(Dir);

impl Place {
    fn new() -> Self {
        Self(Dir::new())
    }

    fn proposals(&self) -> Proposals {
        Proposals::of_home(&self.0.path("home/.weft"))
    }

    #[track_caller]
    fn add(&self, draft: NewProposal) -> Proposal {
        self.proposals().add(draft).unwrap()
    }

    #[track_caller]
    fn run(&self, line: &[&str]) -> Ran {
        let output = self.0.bare_command(line).output().unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn session(&self, line: &[&str]) -> Session {
        Session::start(self.0.bare_command(line))
    }
}

#[test]
fn whoever_never_turned_it_on_sees_nothing() {
    let place = Place::new();
    place.run(&["skill", "pending"]).exits(0).prints("");
    assert_eq!(place.run(&["skill", "pending", "--json"]).exits(0).json(), serde_json::json!([]));
    place.run(&["skill", "pending", "count"]).exits(1).says("no skill `count` is proposed");
    place.run(&["skill", "reject", "count"]).exits(1).says("no skill `count` is proposed");
    place.run(&["skill", "rollback", "count"]).exits(1).says("`count` is not a skill that was");
    place.run(&["skill", "approve", "count", "--digest", "00000000"]).exits(1);
    let status = place.run(&["autonomous", "status"]).exits(0);
    assert!(status.stdout.starts_with("off: no call is observed"), "{status:#?}");
    status.says("to turn it on, write `autonomous_skills: {enabled: true}` in ");
    place.run(&["autonomous", "forget"]).exits(0).says("erased observed calls (0 bytes)");
    let status = place.run(&["autonomous", "status", "--json"]).exits(0).json();
    assert_eq!((&status["enabled"], &status["pending"]), (&false.into(), &0.into()));
    assert!(!place.0.path("home/.weft").exists());
}

#[test]
fn a_proposal_is_shown_and_approved_by_digest() {
    let place = Place::new();
    let proposal = place.add(draft("count"));
    let short = &proposal.digest[..8];
    let listed = format!("count\t1.0.0\tnew\t{STATS}\t{short}\n");
    place.run(&["skill", "pending"]).exits(0).prints(&listed);
    let shown = place.run(&["skill", "pending", "count"]).exits(0);
    assert!(shown.stdout.starts_with("count 1.0.0: a new skill\n"), "{shown:#?}");
    assert!(shown.stdout.contains("  |     call: text-stats__text_stats\n"), "{shown:#?}");
    assert!(shown.stdout.contains("  | text-stats__text_stats {\"text\":\"one two\"} gave"));
    let json = place.run(&["skill", "pending", "count", "--json"]).exits(0).json();
    assert_eq!(
        (&json["digest"], &json["runs"][0][0]["tool"]),
        (&proposal.digest.clone().into(), &STATS.into())
    );

    // Neither a word nor `--yes` is a yes to something that nobody has read.
    for line in [&["skill", "approve", "count"][..], &["skill", "approve", "count", "--yes"]] {
        place.run(line).exits(2).says("nobody is there to ask").says("`--digest`");
    }
    for wrong in ["00000000", &short[..7]] {
        let ran = place.run(&["skill", "approve", "count", "--digest", wrong]).exits(1);
        ran.says("this is not the digest of").says("weft-lite skill pending count");
    }
    assert!(!place.0.path("home/.weft/skills").exists());
    place.run(&["call", "count__count", "{\"text\": \"a b\"}"]).exits(1);

    let ran = place.run(&["skill", "approve", "count", "--digest", short]).exits(0);
    ran.says("installed: count 1.0.0, as a tool and as the command /count");
    place.run(&["call", "count__count", "{\"text\": \"a b\"}"]).exits(0).prints("\"2 words\"\n");
    place.run(&["skill", "pending"]).exits(0).prints("");
    // From now on it is an installed skill like any other.
    place.run(&["skill", "approve", "count"]).exits(0).says("approved: count");
    let status = place.run(&["autonomous", "status", "--json"]).exits(0).json();
    assert_eq!(
        (&status["skills"][0]["name"], &status["skills"][0]["off"]),
        (&"count".into(), &false.into())
    );
}

#[test]
fn a_terminal_shows_it_and_asks() {
    let place = Place::new();
    place.add(NewProposal { effects: vec![STATS.into()], ..draft("count") });
    let mut session = place.session(&["skill", "approve", "count"]);
    session.shows(&format!("it calls {STATS}, which may write, send or spend"));
    session.shows("result: \"{{counts.words}} words\"");
    session.answers("install `count`? [y/N] ", "n");
    assert_eq!(session.ends().0, 1);
    assert!(!place.0.path("home/.weft/skills").exists());

    let mut session = place.session(&["skill", "approve", "count"]);
    session.answers("install `count`? [y/N] ", "y");
    session.shows("installed: count 1.0.0");
    assert_eq!(session.ends().0, 0);

    place.add(next_draft("count"));
    let mut session = place.session(&["skill", "approve", "count"]);
    session.shows("a new version, in place of 1.0.0");
    session.answers("install `count`? [y/N] ", "y");
    assert_eq!(session.ends().0, 0);
    place.run(&["call", "count__count", "{\"text\": \"a\"}"]).prints("\"1 words in all\"\n");
    let ran = place.run(&["skill", "rollback", "count", "--json"]).exits(0).json();
    assert_eq!((&ran["installed"], &ran["version"]), (&"count".into(), &"1.0.0".into()));
    place.run(&["call", "count__count", "{\"text\": \"a\"}"]).prints("\"1 words\"\n");
    place.run(&["skill", "rollback", "count"]).exits(2).says("say so with `--yes`");
    let mut session = place.session(&["skill", "rollback", "count"]);
    session.answers("there is no version before. remove `count`? [y/N] ", "y");
    session.shows("removed: count");
    assert_eq!(session.ends().0, 0);
    assert!(!place.0.path("home/.weft/skills/count").exists());
}

#[test]
fn rejected_and_forgotten_ones_are_gone() {
    let place = Place::new();
    place.add(draft("count"));
    place.run(&["skill", "reject", "count"]).exits(0).says("count is not proposed again");
    assert!(place.proposals().add(draft("count")).is_err());
    place.add(draft("other"));
    fs::write(place.0.path("home/.weft/autonomous/observations.log"), "12345").unwrap();
    place.run(&["autonomous", "forget"]).exits(2).says("say so with `--yes`");
    let mut session = place.session(&["autonomous", "forget"]);
    session.answers("erase observed calls (5 bytes) and waiting proposals (1)? [y/N] ", "n");
    assert_eq!(session.ends().0, 1);
    let ran = place.run(&["autonomous", "forget", "--yes", "--json"]).exits(0).json();
    assert_eq!((&ran["erased_bytes"], &ran["proposals"]), (&5.into(), &1.into()));
    let left = everything(&place.0.path("home/.weft/autonomous"));
    assert_eq!(left, [place.0.path("home/.weft/autonomous/state.json")]);
}

#[test]
fn an_edited_draft_is_named_and_refused() {
    let place = Place::new();
    let digest = place.add(draft("count")).digest;
    let path = place.0.path("home/.weft/autonomous/pending/count/skill/recipe.yaml");
    let text = fs::read_to_string(&path).unwrap().replace("words\"", "evil\"");
    fs::write(&path, text).unwrap();
    place.run(&["skill", "pending"]).exits(0).prints("").says("is not as it was drafted");
    let ran = place.run(&["skill", "approve", "count", "--digest", &digest]).exits(1);
    ran.says("was edited").says("weft-lite skill reject count");
    place.run(&["skill", "reject", "count"]).exits(0);
    place.run(&["skill", "pending"]).exits(0).prints("");
}

#[test]
fn words_of_others_lead_there() {
    let place = Place::new();
    place.run(&["autonomous", "forgot"]).exits(2).says("`weft-lite autonomous forget`");
    place.run(&["skill", "deny", "count"]).exits(2).says("`weft-lite skill reject`");
    for line in [&["autonomous", "--help"][..], &["skill", "pending", "--help"]] {
        let help = place.run(line).exits(0).stdout;
        assert!(help.contains("autonomous_skills: {enabled: true}"), "{help}");
    }
}
