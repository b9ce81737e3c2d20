//! Approved skills that fail, and those that nobody uses.

use weft_lite::errors::ProposalError;
use weft_lite::package::{Decision, ProposalKind, SkillSwitch, SkillSwitches, SkillUse};

use crate::drafts::{DAY, Home, NOW, draft, next_draft};

fn used(name: &str, results: &[bool]) -> Vec<SkillUse> {
    let one = |ok: &bool| SkillUse { name: name.into(), at_seconds: NOW + 1, failed: !ok };
    results.iter().map(one).collect()
}

fn is_off(home: &Home) -> bool {
    SkillSwitches::read(&home.home()).unwrap().disabled().contains("count")
}

#[test]
fn three_failures_in_a_row_switch_off() {
    let home = Home::new();
    assert_eq!(home.proposals.note_uses(&used("count", &[false; 9])), Ok(vec![]));
    assert!(!home.home().exists());
    home.install(draft("count"));
    let note = |results: &[bool]| home.proposals.note_uses(&used("count", results)).unwrap();
    assert!(note(&[false, false, true, false, false]).is_empty());
    assert!(!is_off(&home));
    assert_eq!(note(&[false]), ["count"]);
    assert!(is_off(&home));
    assert!(note(&[false]).is_empty(), "it is said once");
    // Switched on again, it has three more.
    SkillSwitches::set(&home.home(), "count", SkillSwitch::On).unwrap();
    assert!(note(&[false, false]).is_empty());
    assert_eq!(note(&[false]), ["count"]);
    // A new version has a new beginning.
    home.install(next_draft("count"));
    assert!(!is_off(&home));
    assert_eq!(home.proposals.state().unwrap().skills.get("count").unwrap().failures, 0);
}

#[test]
fn unused_skills_are_proposed_for_removal() {
    let home = Home::new();
    home.install(draft("count"));
    let removals = |days| home.proposals.propose_removals(NOW + days * DAY).unwrap();
    assert!(removals(59).is_empty());
    home.proposals.note_uses(&used("count", &[true])).unwrap();
    assert!(removals(60).is_empty());
    assert_eq!(removals(61), ["count"]);
    assert!(removals(62).is_empty(), "it waits already");
    assert!(home.path("skills/count").exists());
    let proposal = home.proposals.find("count").unwrap();
    assert_eq!(proposal.kind, ProposalKind::Removal);

    assert_eq!(home.proposals.reject("count", NOW + 61 * DAY), Ok(ProposalKind::Removal));
    assert!(removals(120).is_empty());
    assert_eq!(removals(121), ["count"]);
    let digest = home.proposals.find("count").unwrap().digest;
    assert_eq!(home.approve("count", &digest), Ok(Decision::Removed));
    assert!(!home.path("skills/count").exists());
    assert!(home.pending().is_empty());
    // The same work may bring it again.
    home.add(draft("count"));
}

#[test]
fn a_new_version_ends_a_removal() {
    let home = Home::new();
    home.install(draft("count"));
    assert_eq!(home.proposals.propose_removals(NOW + 60 * DAY).unwrap(), ["count"]);
    home.add(next_draft("count"));
    assert_eq!(home.proposals.find("count").unwrap().kind, ProposalKind::Skill);
    // A yes to the removal is none to the new version.
    assert!(matches!(home.approve("count", "00000000"), Err(ProposalError::OtherDigest { .. })));
}
