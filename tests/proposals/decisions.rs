//! A yes, a no, a way back, and what reading leaves on the disk.

use std::fs;

use futures_lite::future::block_on;
use weft_lite::errors::ProposalError;
use weft_lite::package::{
    Approvals, Decision, NewProposal, PackageKind, ProposalKind, describe_proposal, uninstall,
};
use weft_lite::store::DurableStore;
use weft_lite::{Runtime, StoreSource};

use crate::drafts::{Home, NOW, QUERY, STATS, draft, draft_of, everything, next_draft, recipe};

#[test]
fn reading_makes_no_file() {
    let home = Home::new();
    assert!(home.pending().is_empty());
    assert!(home.proposals.state().unwrap().skills.is_empty());
    assert!(matches!(home.proposals.find("count"), Err(ProposalError::Unknown { .. })));
    assert!(matches!(home.proposals.reject("count", NOW), Err(ProposalError::Unknown { .. })));
    assert!(matches!(home.roll_back("count"), Err(ProposalError::NotApproved { .. })));
    assert_eq!(home.proposals.forget(), Ok(0));
    assert_eq!(home.proposals.propose_removals(NOW), Ok(Vec::new()));
    assert_eq!(home.proposals.observed_bytes(), 0);
    assert!(!home.home().exists());
}

#[test]
fn an_approved_skill_runs_with_its_tools() {
    let home = Home::new();
    let proposal = home.add(draft("count"));
    assert_eq!(home.pending(), ["count"]);
    assert!(!home.path("skills").exists(), "what waits is loaded by nobody");
    let before = load(&home);
    assert!(before.host().registry().plugin("count").is_none());

    let digest = &proposal.digest[..8];
    let installed = Decision::Installed { version: "1.0.0".into() };
    assert_eq!(home.approve("count", digest), Ok(installed));
    assert!(home.pending().is_empty());
    let approved = Approvals::read(&home.home()).unwrap().of("skill:count");
    assert_eq!(approved.permissions.tools, [STATS]);
    assert_eq!(approved.content.unwrap().digest, proposal.digest);
    let skill = &home.proposals.state().unwrap().skills;
    assert_eq!(skill.get("count").unwrap().current.digest, proposal.digest);

    let runtime = load(&home);
    let call = runtime.host().call("count__count", r#"{"text": "one two three"}"#.into());
    assert_eq!(runtime.block_on(call).result.unwrap(), r#""3 words""#);
}

fn load(home: &Home) -> Runtime {
    let runtime = Runtime::builder().weft_home(home.home()).build();
    runtime.block_on(runtime.load());
    runtime
}

#[test]
fn a_yes_needs_the_shown_digest() {
    let home = Home::new();
    let proposal = home.add(draft("count"));
    for digest in ["", "0", &proposal.digest[..7], "00000000", "zzzzzzzz", &proposal.digest[1..9]] {
        let refused = home.approve("count", digest);
        assert!(matches!(refused, Err(ProposalError::OtherDigest { .. })), "{digest}: {refused:?}");
    }
    assert!(!home.path("skills").exists());
    assert!(home.approve("count", &proposal.digest.to_uppercase()).is_ok());
}

#[test]
fn a_rejected_pattern_stays_rejected() {
    let home = Home::new();
    home.add(draft("count"));
    assert_eq!(home.proposals.reject("count", NOW), Ok(ProposalKind::Skill));
    assert!(home.pending().is_empty());
    let renamed = NewProposal { key: draft("count").key, ..draft("word-count") };
    for again in [draft("count"), renamed] {
        let refused = home.proposals.add(again);
        assert_eq!(refused, Err(ProposalError::Known { state: "was rejected" }));
    }
    // Another pattern may have the name.
    home.add(draft_of("count", "1.0.0", &recipe("of them")));
}

#[test]
fn one_pattern_is_proposed_once() {
    let home = Home::new();
    home.add(draft("count"));
    let again = NewProposal { key: draft("count").key, ..draft("word-count") };
    let refused = home.proposals.add(again.clone());
    assert_eq!(refused, Err(ProposalError::Known { state: "is proposed already" }));
    let other = draft_of("count", "1.0.0", &recipe("of them"));
    assert!(matches!(home.proposals.add(other), Err(ProposalError::NameTaken { .. })));
    home.approve("count", &home.proposals.find("count").unwrap().digest).unwrap();
    let refused = home.proposals.add(again);
    assert_eq!(refused, Err(ProposalError::Known { state: "is a skill already" }));
}

#[test]
fn eleven_proposals_are_too_many() {
    let home = Home::new();
    let names: Vec<String> = (0..10).map(|number| format!("count-{number}")).collect();
    for (number, name) in (0..).zip(&names) {
        home.add(NewProposal { at_seconds: NOW - number, ..draft(name) });
    }
    let full = home.proposals.add(draft("count"));
    assert_eq!(full, Err(ProposalError::Full { pending: 10 }));
    let newest_last: Vec<_> = names.iter().rev().cloned().collect();
    assert_eq!(home.pending(), newest_last);
    home.proposals.reject("count-3", NOW).unwrap();
    home.add(draft("count"));
}

#[test]
fn taken_names_are_refused() {
    let home = Home::new();
    for bundled in ["json-query", "using-weft-lite"] {
        let taken = home.proposals.add(draft(bundled));
        assert!(matches!(taken, Err(ProposalError::NameTaken { .. })), "{taken:?}");
    }
    for place in ["skills/count", "plugins/mine"] {
        fs::create_dir_all(home.path(place)).unwrap();
        let name = place.rsplit('/').next().unwrap();
        let taken = home.proposals.add(draft(name));
        assert!(matches!(taken, Err(ProposalError::NameTaken { .. })), "{taken:?}");
    }
    let lost = NewProposal { replaces: Some("1.0.0".into()), ..draft("count") };
    assert!(matches!(home.proposals.add(lost), Err(ProposalError::Invalid { .. })));
}

#[test]
fn a_new_version_can_be_rolled_back() {
    let home = Home::new();
    home.install(draft("count"));
    let first = home.installed("count", "recipe.yaml");
    // The same name without the version that it replaces is another skill.
    let foreign = draft_of("count", "1.2.0", &recipe("more"));
    assert!(matches!(home.proposals.add(foreign), Err(ProposalError::NameTaken { .. })));
    let older = NewProposal { version: "1.0.0".into(), ..next_draft("count") };
    assert!(matches!(home.proposals.add(older), Err(ProposalError::Invalid { .. })));

    let next = home.add(next_draft("count"));
    let text = describe_proposal(&next);
    assert!(text.contains("a new version, in place of 1.0.0"), "{text}");
    assert!(text.contains("  | +words in all"), "{text}");
    home.approve("count", &next.digest).unwrap();
    assert_ne!(home.installed("count", "recipe.yaml"), first);

    assert_eq!(home.roll_back("count"), Ok(Decision::Installed { version: "1.0.0".into() }));
    assert_eq!(home.installed("count", "recipe.yaml"), first);
    let state = home.proposals.state().unwrap();
    assert_eq!(state.skills.get("count").unwrap().current.version, "1.0.0");
    assert_eq!(
        home.proposals.add(next_draft("count")),
        Err(ProposalError::Known { state: "was rejected" })
    );
    let call = load(&home);
    let call = call.block_on(call.host().call("count__count", r#"{"text": "a b"}"#.into()));
    assert_eq!(call.result.unwrap(), r#""2 words""#);

    assert_eq!(home.roll_back("count"), Ok(Decision::Removed));
    assert!(!home.path("skills/count").exists());
    assert!(home.proposals.state().unwrap().skills.is_empty());
    assert!(!home.path("autonomous/previous/count").exists());
}

#[test]
fn ordinary_commands_end_what_is_remembered() {
    let home = Home::new();
    home.install(draft("count"));
    uninstall(&home.home(), PackageKind::Skill, "count").unwrap();
    assert!(home.proposals.state().unwrap().skills.is_empty());
    assert!(matches!(home.roll_back("count"), Err(ProposalError::NotApproved { .. })));
    home.install(draft("count"));
}

#[test]
fn forgetting_erases_copies_of_calls() {
    let home = Home::new();
    home.install(draft("kept"));
    home.add(draft("no"));
    home.proposals.reject("no", NOW).unwrap();
    home.add(draft("count"));
    fs::write(home.path("autonomous/observations.jsonl"), "calls").unwrap();
    assert_eq!(home.proposals.observed_bytes(), 5);
    assert_eq!(home.proposals.forget(), Ok(1));
    let left = everything(&home.path("autonomous"));
    assert_eq!(left, [home.path("autonomous/state.json")]);
    let state = home.proposals.state().unwrap();
    assert_eq!((state.rejected.len(), state.skills.len()), (1, 1));
    home.add(draft("count"));
}

/// Who observes goes on with a store that is empty.
#[test]
fn forgetting_reaches_who_observes() {
    let home = Home::new();
    home.add(draft("count"));
    let store = DurableStore::new(home.path("autonomous")).namespace("observations", 1 << 20);
    block_on(store.set("1", b"a call".to_vec())).unwrap();
    assert!(home.proposals.observed_bytes() > 5);
    assert_eq!(home.proposals.forget(), Ok(1));
    assert_eq!(home.proposals.observed_bytes(), 0);
    assert!(block_on(store.list_keys(None)).unwrap().is_empty());
    block_on(store.set("2", b"another".to_vec())).unwrap();
    assert_eq!(block_on(store.list_keys(None)).unwrap(), ["2"]);
}

#[test]
fn interrupted_work_is_repaired() {
    let home = Home::new();
    home.install(draft("kept"));
    let staged = home.path("autonomous/.staging/half");
    fs::create_dir_all(&staged).unwrap();
    fs::write(staged.join("proposal.json"), "{").unwrap();
    fs::write(home.path("autonomous/.state.json.new"), "{").unwrap();
    assert!(home.pending().is_empty());
    home.add(draft("count"));
    assert!(!home.path("autonomous/.staging").exists());
    assert!(!home.path("autonomous/.state.json.new").exists());
    // Stopped after the skill was in its place, and before the proposal was gone.
    let waiting = home.path("autonomous/pending/count");
    let (aside, state) = (home.path("aside"), home.path("autonomous/state.json"));
    let before = fs::read(&state).unwrap();
    copy(&waiting, &aside);
    let digest = home.proposals.find("count").unwrap().digest;
    home.approve("count", &digest).unwrap();
    fs::rename(&aside, &waiting).unwrap();
    fs::write(&state, before).unwrap();
    home.approve("count", &digest).unwrap();
    assert!(home.proposals.state().unwrap().skills.contains_key("count"));
    assert!(home.pending().is_empty());
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => assert!(fs::copy(&path, &target).is_ok()),
        }
    }
}

#[test]
fn effects_stand_first() {
    let home = Home::new();
    let wide = draft_of("count", "1.0.0", &crate::drafts::wider_recipe());
    let proposal = home.add(NewProposal { effects: vec![QUERY.into()], ..wide });
    let text = describe_proposal(&proposal);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(&*format!("it calls {QUERY}, which may write, send or spend")));
    assert_eq!(lines.next(), Some("count 1.0.0: a new skill"));
    assert!(text.contains(&format!("it may call {QUERY}, {STATS}, and nothing else")), "{text}");
    assert!(text.contains("made on 2027-01-15 from 1 runs:"), "{text}");
    assert!(text.contains(&format!("/approve count {}", &proposal.digest[..8])), "{text}");
}
