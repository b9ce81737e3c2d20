//! The program with somebody at its terminal: what it asks, and what it makes of the answers.

use rustix::termios::LocalModes;
use serde_json::{Value, json};
use weft_lite::SecretSource;
use weft_lite::package::FileSecrets;

use crate::hangup::hangup;
use crate::home::{Home, content};
use crate::session::Session;

/// The program with its questions at a terminal.
fn at_terminal(home: &Home, arguments: &[&str]) -> Session {
    Session::start_without_output(home.command(arguments))
}

fn installs(home: &Home, version: &str, permissions: &Value) -> Session {
    let folder = home.probe(version, permissions);
    at_terminal(home, &["plugin", "install", folder.to_str().unwrap()])
}

#[test]
fn declining_any_question_leaves_it_pending() {
    let home = Home::new();
    let everything = json!({
        "network": ["api.example.com", "*", "*.com", "*.org"], "filesystem": ["$WORKSPACE"],
        "env_vars": ["CITY", "LANG"], "secrets": ["API"], "shell": true,
    });
    let mut session = installs(&home, "1.0.0", &everything);
    let limited = "let `probe` have network: api.example.com, filesystem: $WORKSPACE? [y/N] ";
    session.answers(limited, "y");
    session.answers("let `probe` reach every host there is? [y/N] ", "n");
    session.answers("let `probe` reach every host below `com`? [y/N] ", "n");
    session.answers("let `probe` reach every host below `org`? [y/N] ", "YES");
    session.answers("let `probe` read the environment variable `CITY`? [y/N] ", "yes");
    // What is not a yes is a no: also a mere line feed.
    session.answers("let `probe` read the environment variable `LANG`? [y/N] ", "");
    let secret = "let `probe` use the secret `API` toward the hosts it is bound to? [y/N] ";
    session.answers(secret, "y");
    let shell = "let `probe` run shell commands? (this runtime has none; it opens nothing) [y/N] ";
    session.answers(shell, "n");
    let (status, rest) = session.ends();
    assert_eq!(status, 0, "{rest}");
    assert!(rest.contains(
        "does not run before this is approved: network: *, network: *.com, env: LANG, shell"
    ));
    assert_eq!(home.pending(), ["network: *", "network: *.com", "env: LANG", "shell"]);
    assert!(home.echo().is_err());

    // Only what is left is asked about.
    let mut session = at_terminal(&home, &["plugin", "approve", "probe"]);
    session.answers("let `probe` reach every host there is? [y/N] ", "YES");
    session.answers("let `probe` reach every host below `com`? [y/N] ", "YES");
    session.answers("let `probe` read the environment variable `LANG`? [y/N] ", "y");
    session.answers(shell, "y");
    let (status, rest) = session.ends();
    assert_eq!(status, 0, "{rest}");
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn what_asks_for_nothing_is_not_asked_about() {
    let home = Home::new();
    let (status, shown) = installs(&home, "1.0.0", &json!({})).ends();
    assert_eq!(status, 0, "{shown}");
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn an_update_asks_only_about_new_permissions() {
    let home = Home::new();
    let mut session = installs(&home, "1.0.0", &json!({ "network": ["a.example.com"] }));
    session.answers("let `probe` have network: a.example.com? [y/N] ", "y");
    assert_eq!(session.ends().0, 0);
    let more = json!({ "network": ["a.example.com", "b.example.com"] });
    let mut session = installs(&home, "2.0.0", &more);
    session.answers("let `probe` have network: b.example.com? [y/N] ", "n");
    assert_eq!(session.ends().0, 0);
    assert_eq!(home.pending(), ["network: b.example.com"]);
    assert!(home.echo().is_err());
}

#[test]
fn flags_answer_some_questions_and_others_are_asked() {
    let home = Home::new();
    let asked = json!({ "filesystem": ["$WORKSPACE"], "env_vars": ["CITY"], "secrets": ["API"] });
    let folder = home.probe("1.0.0", &asked);
    let install = ["plugin", "install", folder.to_str().unwrap(), "--yes", "--approve", "env"];
    let mut session = at_terminal(&home, &install);
    let secret = "let `probe` use the secret `API` toward the hosts it is bound to? [y/N] ";
    session.answers(secret, "y");
    assert_eq!(session.ends().0, 0);
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn revoked_and_removed_plugins_are_asked_about_again() {
    let home = Home::new();
    assert_eq!(installs(&home, "1.0.0", &json!({})).ends().0, 0);
    assert_eq!(at_terminal(&home, &["plugin", "revoke", "probe"]).ends().0, 0);
    let mut session = at_terminal(&home, &["plugin", "approve", "probe"]);
    session.answers("let `probe` run again, after it was revoked? [y/N] ", "n");
    assert_eq!(session.ends().0, 1);
    assert_eq!(home.pending(), ["running again (it was revoked)"]);

    let remove = ["plugin", "remove", "probe"];
    let question = "remove `probe`, what was approved for it and what it has kept? [y/N] ";
    let mut session = at_terminal(&home, &remove);
    session.answers(question, "n");
    assert_eq!(session.ends().0, 1);
    assert!(home.weft().join("plugins/probe").exists());
    let mut session = at_terminal(&home, &remove);
    session.answers(question, "y");
    assert_eq!(session.ends().0, 0);
    assert!(!home.weft().join("plugins/probe").exists());
}

#[test]
fn a_secret_is_typed_unseen() {
    const VALUE: &str = "tok-4711-do-not-show";
    let home = Home::new();
    let set = ["secret", "set", "API", "--host", "api.example.com"];
    let mut session = at_terminal(&home, &set);
    session.answers("the value of API (not shown): ", VALUE);
    let shown = session.shown_until_the_end();
    assert!(!shown.contains(VALUE), "{shown}");
    assert_eq!(session.ends().0, 0);
    assert_eq!(FileSecrets::new(home.weft()).secret("API").unwrap().value, VALUE);
}

#[test]
fn giving_up_leaves_the_terminal_as_it_was() {
    let home = Home::new();
    let set = ["secret", "set", "API", "--host", "api.example.com"];
    let mut session = at_terminal(&home, &set);
    session.shows("the value of API (not shown): ");
    assert!(!session.has_mode(LocalModes::ECHO));
    session.type_in("half a val\x03");
    session.shown_until_the_end();
    assert!(session.has_mode(LocalModes::ECHO));
    let (status, shown) = session.ends();
    assert_eq!(status, 130, "{shown}");
    assert!(shown.contains("error: cancelled") && !shown.contains("half a val"), "{shown}");
    assert!(FileSecrets::new(home.weft()).secret("API").is_none());
}

#[test]
fn a_signal_restores_the_terminal() {
    let home = Home::new();
    let set = ["secret", "set", "API", "--host", "api.example.com"];
    for signal in ["TERM", "INT", hangup()] {
        let mut session = at_terminal(&home, &set);
        session.shows("the value of API (not shown): ");
        session.signal(signal);
        session.shown_until_the_end();
        assert!(session.has_mode(LocalModes::ECHO));
        let (status, shown) = session.ends();
        assert_eq!(status, 130, "{shown}");
        assert!(shown.contains("error: cancelled"), "{shown}");
    }
    assert!(FileSecrets::new(home.weft()).secret("API").is_none());
}

#[test]
fn shell_tools_of_a_skill_are_asked_about() {
    let home = Home::new();
    let folder = home.skill("deploy", "1.0.0", "allowed-tools: Bash(git:*)\n");
    let install = ["skill", "install", folder.to_str().unwrap()];
    let question = "let the skill `deploy` tell a model to use shell tools? [y/N] ";
    let mut session = at_terminal(&home, &install);
    session.answers(question, "n");
    let (status, rest) = session.ends();
    assert_eq!(status, 0, "{rest}");
    assert!(rest.contains("is not offered before this is approved: shell"), "{rest}");
    let mut session = at_terminal(&home, &["skill", "approve", "deploy"]);
    session.answers(question, "y");
    assert_eq!(session.ends().0, 0);
    // What was approved is not asked about again.
    let mut session = at_terminal(&home, &install);
    session.answers("the skill `deploy` 1.0.0 is there already. overwrite it? [y/N] ", "y");
    assert_eq!(session.ends().0, 0);
}

#[test]
fn overwriting_and_deleting_a_skill_are_asked_about() {
    let home = Home::new();
    let old = home.skill("deploy", "1.0.0", "");
    let new = home.skill("deploy", "2.0.0", "");
    let place = home.weft().join("skills/deploy");
    assert_eq!(at_terminal(&home, &["skill", "install", old.to_str().unwrap()]).ends().0, 0);
    let install = ["skill", "install", new.to_str().unwrap()];
    let mut session = at_terminal(&home, &install);
    session.answers("the skill `deploy` 1.0.0 is there already. overwrite it? [y/N] ", "n");
    assert_eq!(session.ends().0, 1);
    assert_eq!(content(&place), content(&old));
    std::fs::write(place.join("docs/version.txt"), "mine").unwrap();
    let mut session = at_terminal(&home, &install);
    session.answers("and is not as it was installed. overwrite it? [y/N] ", "y");
    let (status, rest) = session.ends();
    assert_eq!(status, 0, "{rest}");
    assert!(rest.contains("installed: deploy 2.0.0, in place of 1.0.0"), "{rest}");
    assert_eq!(content(&place), content(&new));

    let mut session = at_terminal(&home, &["skill", "remove", "deploy"]);
    session.answers("remove `deploy`, what was approved for it and what it has kept? [y/N] ", "n");
    assert_eq!(session.ends().0, 1);
    std::fs::remove_file(place.join("install.json")).unwrap();
    let mut session = at_terminal(&home, &["skill", "remove", "deploy"]);
    session.answers("delete it for good? [y/N] ", "y");
    assert_eq!(session.ends().0, 0);
    assert!(!place.exists());
}
