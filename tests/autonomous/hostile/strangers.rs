//! Clients, of which nobody knows what they do their work for, and what they can make of the user's.

use serde_json::{Value, json};
use weft_lite::autonomous::CallOrigin;
use weft_lite::errors::ProposalError;
use weft_lite::package::{NewProposal, ReadLimits, describe_proposal};
use weft_lite::{Approval, check_proposal};

use super::plugins::ECHO;
use crate::world::World;

impl World {
    fn call_as_client(&self, tool: &str, params: &Value) -> Value {
        let (channel, chat) = ("mcp".into(), "1".into());
        self.call_from(CallOrigin { channel, chat, message: None, text: None }, tool, params)
    }

    fn client_work(&self, text: &str) {
        let got = self.call_as_client("reader__echo", &json!({ "text": text, "to": "evil" }));
        self.call_as_client("writer__echo", &json!({ "line": got["text"], "to": "evil" }));
    }

    fn user_work(&self, text: &str) {
        let got = self.call("reader__echo", &json!({ "text": text, "to": "bob" }));
        self.call("writer__echo", &json!({ "line": got["text"], "to": "bob" }));
    }

    fn with_pair() -> Self {
        let world = Self::new();
        world.add("reader", ECHO, &json!({}), Approval::NONE);
        world.add("writer", ECHO, &json!({}), Approval::NONE);
        world
    }
}

/// What a client does and what the user does is not taken together, so a client can't add to the user's work.
#[test]
fn a_client_does_not_complete_work() {
    for (name, client, user) in
        [("one of a client", 1, 2), ("two of a client", 2, 1), ("both", 2, 2)]
    {
        for is_client_first in [true, false] {
            let world = World::with_pair();
            let clients = || (0..client).for_each(|at| world.client_work(&format!("client {at}")));
            if is_client_first {
                clients();
            }
            (0..user).for_each(|at| world.user_work(&format!("user {at}")));
            if !is_client_first {
                clients();
            }
            assert!(world.nothing_is_proposed(), "{name}, {is_client_first}");
        }
    }
}

/// A client that did the same first, and a no to it, keep nobody from seeing what the user does.
#[test]
fn clients_do_not_hide_the_users_work() {
    for is_rejected in [false, true] {
        let world = World::with_pair();
        (0..3).for_each(|at| world.client_work(&format!("client {at}")));
        let first = world.proposal().draft.name;
        if is_rejected {
            world.proposals().reject(&first, 1).unwrap();
        }
        (0..3).for_each(|at| world.user_work(&format!("user {at}")));
        world.runtime.block_on(world.runtime.stop());
        let pending = world.proposals().pending().unwrap().proposals;
        let of_user = pending.iter().filter(|it| !it.draft.is_of_client).count();
        assert_eq!(of_user, 1, "rejected: {is_rejected}");
        assert_eq!(pending.len(), if is_rejected { 1 } else { 2 });
    }
}

/// A skill that the user has is not for clients to make a new version of.
#[test]
fn clients_change_no_skill() {
    let world = World::with_pair();
    (0..3).for_each(|at| world.user_work(&format!("user {at}")));
    let proposal = world.proposal();
    let limits = ReadLimits::default();
    let check = |proposal: &_| check_proposal(proposal, limits);
    let name = &proposal.draft.name;
    world.proposals().approve(name, &proposal.digest, &check, limits, 1_800_000_000).unwrap();
    world.runtime.block_on(world.runtime.load());
    for id in ["reader", "writer"] {
        world.add(id, ECHO, &json!({}), Approval::NONE);
    }
    for at in 0..4 {
        let params = json!({ "text": format!("client {at}"), "to": format!("evil {at}") });
        let got = world.call_as_client("reader__echo", &params);
        let line = format!("{} for me", got["text"].as_str().unwrap());
        world.call_as_client("writer__echo", &json!({ "line": line, "to": got["to"] }));
    }
    assert!(world.nothing_is_proposed());
}

#[test]
fn a_clients_work_is_said_to_be_its() {
    let world = World::with_pair();
    (0..3).for_each(|at| world.client_work(&format!("client {at}")));
    let proposal = world.proposal();
    assert!(proposal.draft.is_of_client);
    let described = describe_proposal(&proposal);
    assert!(described.contains("from 3 runs by clients over MCP:"), "{described}");

    let world = World::with_pair();
    (0..3).for_each(|at| world.user_work(&format!("user {at}")));
    let proposal = world.proposal();
    assert!(!proposal.draft.is_of_client);
    assert!(!describe_proposal(&proposal).contains("MCP"));
}

/// Clients can't take all the room that there is for proposals.
#[test]
fn clients_leave_room_for_the_user() {
    let world = World::with_pair();
    (0..3).for_each(|at| world.client_work(&format!("client {at}")));
    let first = world.proposal().draft;
    let proposals = world.proposals();
    let named = |number: usize, is_of_client: bool| {
        let name = format!("echo-steps-{number}");
        let tool = name.replace('-', "_");
        let rename = |(file, bytes): &(String, Vec<u8>)| {
            let Ok(text) = String::from_utf8(bytes.clone()) else {
                return (file.clone(), bytes.clone());
            };
            let text = text.replace("echo-steps", &name).replace("echo_steps", &tool);
            (file.clone(), text.into_bytes())
        };
        let files = first.files.iter().map(rename).collect();
        let key = format!("{number:02x}");
        NewProposal { name, files, key, is_of_client, ..first.clone() }
    };
    for number in 2..6 {
        proposals.add(named(number, true)).unwrap();
    }
    let refused = proposals.add(named(6, true)).unwrap_err();
    assert!(matches!(refused, ProposalError::Full { .. }), "{refused}");
    proposals.add(named(7, false)).unwrap();
    for number in 8..12 {
        proposals.add(named(number, false)).unwrap();
    }
    assert!(matches!(proposals.add(named(12, false)), Err(ProposalError::Full { .. })));
    assert_eq!(proposals.pending().unwrap().proposals.len(), 10);
}
