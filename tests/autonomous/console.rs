//! The way from repeated work to a new command at the console of the built program.

use std::fs;

use crate::support::{Dir, Running};

/// Types a line, and waits for the line of the answer that has these words.
#[track_caller]
fn say(console: &mut Running, line: &str, words: &str) -> String {
    console.type_line(line);
    until(console, words)
}

#[track_caller]
fn until(console: &mut Running, words: &str) -> String {
    loop {
        let line = console.next_line();
        assert!(!line.is_empty(), "{words:?} is not shown");
        if line.contains(words) {
            return line;
        }
    }
}

fn report(console: &mut Running, name: &str, text: &str) {
    let words = text.split(' ').count();
    let find = format!(
        r#"json_query {{"json": {{"notes": {{"{name}": "{text}"}}}}, "query": ".notes.{name}"}}"#
    );
    say(console, &find, "result");
    say(console, &format!(r#"text_stats {{"text": "{text}"}}"#), "characters");
    let line = format!(
        r#"json_format {{"json": {{"at": ".notes.{name}", "words": {words}}}, "indent": 0}}"#
    );
    say(console, &line, "text");
}

#[test]
fn repeated_work_becomes_a_command_after_a_yes() {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("home/.weft")).unwrap();
    dir.write("home/.weft/config.yaml", "autonomous_skills: {enabled: true}\n");
    let skills = concat!(env!("CARGO_MANIFEST_DIR"), "/skills");
    let [json, text] = ["json-query", "text-stats"].map(|name| format!("{skills}/{name}"));
    let mut console = dir.start(&["run", "--plugins", &json, "--plugins", &text]);
    report(&mut console, "a", "one two three");
    report(&mut console, "bb", "four five");
    report(&mut console, "c", "six seven eight nine");
    let notice = until(&mut console, "a new skill is proposed");
    assert!(notice.contains("`/approve json-query-to-json-format` shows it"), "{notice}");
    let name = "json-query-to-json-format";
    say(&mut console, "/approve", "is a proposed skill");
    let digest = say(&mut console, &format!("/approve {name}"), "digest: ");
    let digest = digest.trim().rsplit(' ').next().unwrap().to_owned();
    say(&mut console, &format!("/approve {name} {digest}"), "is a tool and a command");
    let answer = say(
        &mut console,
        &format!(r#"/{name} query=zz json='{{"notes": {{"zz": "hello you"}}}}'"#),
        "words",
    );
    assert!(answer.contains(r#"\"at\": \".notes.zz\",\n\"words\": 2"#), "{answer}");
    let call = r#"json_query_to_json_format {"json": {"notes": {"q": "x y z"}}, "query": "q"}"#;
    assert!(say(&mut console, call, "words").contains(r#"\"words\": 3"#));
    console.type_line("/quit");
    console.end();
}
