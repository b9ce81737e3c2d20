//! The tools that the model may call: their names for the server, and calling them.

use crate::doors::Host;
use crate::reply::Call;
use crate::text::{Text, cut, fill, list, read, string, text_of};
use alloc::string::String;
use alloc::vec::Vec;
use json_text::{Value, decimal};

/// Tools in one request: what OpenAI's own server takes.
const MAX_TOOLS: usize = 128;
/// Characters of a tool's name for the server.
const NAME_CHARS: usize = 64;
/// Calls at the same time.
const CALLS_AT_ONCE: usize = 16;
/// The beginning of a result that says what went wrong.
pub const FAILED: Text = "error: ";

#[derive(Default)]
pub struct Tools {
    /// What the host offers.
    listed: &'static [Value],
    /// For each tool its name for the server and its full name.
    names: Vec<(Text, Text)>,
    /// The list for a request, as the inside of a JSON array; empty if there are no tools.
    pub json: String,
}

impl Tools {
    /// The tools that the host offers now, as far as their list has at most so many bytes. Without them the model
    /// can still answer.
    pub fn offered(host: &dyn Host, bytes: usize) -> Tools {
        let mut tools = Tools::default();
        match host.tools() {
            Ok(listed) => tools.listed = list(read(&listed)),
            Err(problem) => host.warn(fill("no tools: ~", &[&problem])),
        }
        for tool in tools.listed {
            tools.add(tool, bytes);
        }
        let [given, all] = [tools.names.len(), tools.listed.len()].map(|it| decimal(it as u64));
        if given != all {
            let template =
                "the model gets ~ of ~ tools: at most 128, with room in `context_tokens`";
            host.warn(fill(template, &[&given, &all]));
        }
        tools
    }

    /// Adds a tool if there is room for it.
    fn add(&mut self, tool: &'static Value, bytes: usize) {
        let full = text_of(tool, "name");
        let name = self.name_for_server(full);
        let schema = match tool.get("input_schema") {
            Some(schema @ Value::Object(_)) => schema.to_text().leak(),
            _ => r#"{"type":"object","properties":{}}"#,
        };
        let comma = if self.json.is_empty() { "" } else { "," };
        let tool = fill(
            r#"~{"type":"function","function":{"name":^,"description":^,"parameters":~}}"#,
            &[comma, name, text_of(tool, "description"), schema],
        );
        if self.names.len() < MAX_TOOLS && self.json.len() + tool.len() <= bytes {
            self.json.push_str(tool);
            self.names.push((name, full));
        }
    }

    /// The name as servers take it: letters, digits, `_` and `-`, each name once.
    fn name_for_server(&self, full: &str) -> Text {
        let mut name = String::new();
        for byte in full.bytes().take(NAME_CHARS) {
            let fits = byte.is_ascii_alphanumeric() || byte == b'-';
            name.push(if fits { char::from(byte) } else { '_' });
        }
        let mut name: Text = name.leak();
        let mut number = self.names.len();
        while name.is_empty() || self.names.iter().any(|(known, _)| *known == name) {
            number += 1;
            name = fill("~_~", &[cut(name, NAME_CHARS - 8, ""), &decimal(number as u64)]);
        }
        name
    }

    /// Whether the host offers a tool of this full name.
    pub fn has(&self, full: &str) -> bool {
        self.listed.iter().any(|tool| text_of(tool, "name") == full)
    }

    /// Calls the tools, several at the same time, and gives a text for the model for each call: the result, or
    /// what is wrong with the call, cut to `each` bytes.
    pub fn call(&self, host: &dyn Host, calls: &'static [Call], each: usize) -> Vec<Text> {
        let mut results = Vec::new();
        for calls in calls.chunks(CALLS_AT_ONCE) {
            let mut batch = Vec::new();
            // What is wrong with a call; empty for one that is made.
            let mut problems = Vec::new();
            for call in calls {
                problems.push(match self.checked(call) {
                    Ok(ready) => {
                        host.note(fill("calls ~", &[ready.0]));
                        batch.push(ready);
                        ""
                    }
                    Err(problem) => problem,
                });
            }
            let mut answers = answers(host, &batch).into_iter();
            for problem in problems {
                let result = match problem {
                    "" => answers.next().unwrap_or(FAILED),
                    problem => fill("~~", &[FAILED, problem]),
                };
                let whole = decimal(result.len() as u64);
                let note = fill("\n[cut off: the result has ~ bytes]", &[&whole]);
                results.push(cut(result, each, note));
            }
        }
        results
    }

    /// The full name and the arguments.
    ///
    /// # Errors
    ///
    /// There is no such tool, or the arguments are no object.
    fn checked(&self, call: &'static Call) -> Result<(Text, Text), Text> {
        let Some((_, full)) = self.names.iter().find(|(name, _)| *name == call.name) else {
            return Err(fill("there is no tool `~`; use one of the list", &[&call.name]));
        };
        match call.checked_arguments() {
            Ok(arguments) => Ok((full, arguments)),
            Err(got) => Err(fill("the arguments must be a JSON object: ~", &[got])),
        }
    }
}

/// The results of calls: a JSON string as its text, any other value as it is.
pub fn answers(host: &dyn Host, calls: &[(Text, Text)]) -> Vec<Text> {
    let mut answers = Vec::new();
    if !calls.is_empty() {
        for answer in host.call_all(calls) {
            answers.push(match answer {
                Ok(json) if json.starts_with('"') => string(read(&json)),
                Ok(json) => json.leak(),
                Err(problem) => fill("~~", &[FAILED, &problem]),
            });
        }
    }
    answers
}
