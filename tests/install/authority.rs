//! Approvals are for content, and a package has one identity: on the built program, with the attacks that
//! took what was approved for others.

use std::fs;

use serde_json::{Value, json};

use crate::home::{Home, module};

/// What the program prints, as JSON.
fn json_of(home: &Home, arguments: &[&str]) -> Value {
    let output = home.command(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What calling a tool comes to: its result, or the message of its failure.
fn call(home: &Home, tool: &str) -> Result<Value, String> {
    let mut answer = json_of(home, &["call", "--json", "--no-bundled", tool, "[1]"]);
    match answer["error"]["message"].as_str() {
        Some(message) => Err(message.to_owned()),
        None => Ok(answer["result"].take()),
    }
}

#[test]
fn a_package_cant_bring_a_skill_in_anothers_name() {
    let home = Home::new();
    let zeta = home.skill("zeta", "1.0.0", "");
    let manifest = |version: &str| {
        json!({
            "id": "zeta", "name": "zeta", "version": version, "capabilities": ["tool"],
            "wasm_module": "plugin.wasm", "permissions": { "filesystem": ["$WORKSPACE"] },
        })
    };
    fs::write(zeta.join("weft.plugin.json"), manifest("1.0.0").to_string()).unwrap();
    fs::write(zeta.join("plugin.wasm"), module("probe")).unwrap();
    let install = |folder: &std::path::Path, more: &[&str]| {
        let output = home.command(&["skill", "install"]).arg(folder).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    install(&zeta, &["--yes"]);
    let alpha = home.skill("alpha", "1.0.0", "");
    let nested = alpha.join("fixtures/zeta");
    fs::create_dir_all(&nested).unwrap();
    fs::copy(zeta.join("SKILL.md"), nested.join("SKILL.md")).unwrap();
    fs::write(nested.join("weft.plugin.json"), manifest("6.6.6").to_string()).unwrap();
    fs::write(nested.join("plugin.wasm"), module("probe")).unwrap();
    install(&alpha, &[]);
    let shown = json_of(&home, &["skill", "show", "zeta", "--json"]);
    let place = home.weft().join("skills/zeta/SKILL.md");
    assert_eq!(shown["path"].as_str(), place.to_str(), "{shown}");
    assert_eq!(shown["state"], "active", "{shown}");
    let plugins = json_of(&home, &["plugin", "list", "--json", "--no-bundled"]);
    assert!(!plugins.to_string().contains("6.6.6"), "{plugins}");
    assert_eq!(call(&home, "zeta__echo"), Ok(json!([1])));
}
