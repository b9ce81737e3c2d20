//! The slash commands.

use super::*;
use crate::commands;

fn run(world: &World, name: &str, command: &str) -> Result<String, String> {
    let params = format!(r#"{{"command":{},"commandName":"{name}"}}"#, quoted(command));
    let result = commands::run(world, name, &params)?;
    Ok(text(&json_text::read(result).unwrap()))
}

#[test]
fn history_is_shown_and_forgotten() {
    let world = World::new();
    assert_eq!(run(&world, "history", ""), Ok("nothing was said yet in this chat".into()));
    assert_eq!(run(&world, "clear", ""), Ok("there was no conversation to forget".into()));
    world.says("Hello.");
    world.ask("Hi!").unwrap();
    assert_eq!(run(&world, "history", ""), Ok("You: Hi!\n\nModel: Hello.\n\n".into()));
    assert_eq!(run(&world, "clear", ""), Ok("forgot the conversation".into()));
    world.says("Hello again.");
    world.ask("Hi!").unwrap();
    assert_eq!(world.messages().len(), 2);
}

#[test]
fn model_is_changed_for_one_chat() {
    let world = World::new();
    assert_eq!(run(&world, "model", ""), Ok("small at 127.0.0.1:8080".into()));
    assert_eq!(
        run(&world, "model", "large"),
        Ok("this chat uses large from the next message on".into())
    );
    world.says("ok");
    world.ask("hi").unwrap();
    assert_eq!(world.requests()[0].get("model"), Some(&Value::from("large")));
    assert_eq!(
        run(&world, "model", ""),
        Ok("large at 127.0.0.1:8080, for this chat; `/model default` takes small again".into())
    );
    let other = CHAT.replace("one", "two");
    let first = world.current.replace(Some(other));
    world.says("ok");
    world.ask("hi").unwrap();
    assert_eq!(world.requests()[1].get("model"), Some(&Value::from("small")));
    *world.current.borrow_mut() = first;
    assert_eq!(
        run(&world, "model", "default"),
        Ok("this chat uses small from the next message on".into())
    );
    assert!(!world.store.borrow().keys().any(|key| key.starts_with("model")));
    world.says("ok");
    world.ask("hi").unwrap();
    assert_eq!(world.requests()[2].get("model"), Some(&Value::from("small")));
}

#[test]
fn an_unknown_model_of_a_chat_is_undone() {
    let world = World::new();
    run(&world, "model", "lrage").unwrap();
    world.refuse(404, "no model");
    let problem = world.ask("hi").unwrap_err();
    assert!(
        problem
            .ends_with("(404: no model); `/model default` takes the model of the settings again"),
        "{problem}"
    );
}

#[test]
fn only_the_owner_changes_the_model() {
    let world = World::new();
    *world.current.borrow_mut() = Some(CHAT.replace("true", "false"));
    assert_eq!(
        run(&world, "model", "large"),
        Err("only the owner may change the model; ask them".into())
    );
    assert_eq!(run(&world, "model", ""), Ok("small at 127.0.0.1:8080".into()));
    assert!(world.store.borrow().is_empty());
}

#[test]
fn commands_need_a_chat() {
    let world = World::new();
    *world.current.borrow_mut() = None;
    assert!(run(&world, "history", "").unwrap_err().contains("in a chat only"));
}

#[test]
fn description_names_the_commands() {
    let description = json_text::read(include_str!("../describe.json")).unwrap();
    let Some(Value::Array(tools)) = description.get("tools") else { panic!("no tools") };
    let commands: Vec<_> = tools.iter().map(|tool| text(tool.get("command").unwrap())).collect();
    assert_eq!(commands, ["history", "model", "clear"]);
}
