//! The commit-notes plugin: a skill for writing release notes, with a tool that sorts commits by
//! what they change.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod commits;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use json_text::Arguments;

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "package guests:commit-notes; world commit-notes {
        include clawft:plugin/plugin@0.1.0;
        include weft:kinds/skill@0.1.0;
    }",
});

struct CommitNotes;

export!(CommitNotes);

impl exports::plugin::Guest for CommitNotes {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        match tool_name.as_str() {
            "sort_commits" => {
                let arguments = Arguments::read("sort_commits", &params_json, &["log"])?;
                Ok(commits::sort(arguments.string("log")?).to_text())
            }
            other => Err(["commit-notes has no tool `", other, "`"].concat()),
        }
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}

impl exports::skill::Guest for CommitNotes {
    fn instructions() -> String {
        include_str!("instructions.md").to_string()
    }

    fn variables() -> Vec<(String, String)> {
        let variables =
            [("audience", "the people who use it"), ("heading", "Changes"), ("limit", "12")];
        variables.map(|(name, value)| (name.to_string(), value.to_string())).to_vec()
    }
}
