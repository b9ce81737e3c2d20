//! The text of a request: its messages in JSON, one after the other.

use crate::reply::Call;
use crate::settings::Settings;
use crate::text::{Text, add, fill};
use alloc::string::String;
use json_text::decimal;

/// The messages of a request, as the inside of a JSON array.
#[derive(Default)]
pub struct Messages(String);

impl Messages {
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    pub fn add(&mut self, role: &str, content: &str) {
        self.begin(role, content);
        self.0.push('}');
    }

    /// Notes before the person's own words. Templates of many models want the two sides to take turns.
    pub fn add_notes(&mut self, heading: &str, notes: &str) {
        if !notes.is_empty() {
            self.add("user", fill("~\n~", &[heading, notes]));
            self.add("assistant", "Noted.");
        }
    }

    /// A reply with the calls that it makes, and their results. Arguments that are no object are left out: some
    /// servers read them.
    pub fn add_calls(&mut self, text: &str, calls: &[Call], results: &[Text]) {
        self.begin("assistant", text);
        let mut before = r#","tool_calls":["#;
        for call in calls {
            let arguments = call.checked_arguments().unwrap_or("{}");
            add(
                &mut self.0,
                r#"~{"type":"function","id":^,"function":{"name":^,"arguments":^}}"#,
                &[before, &call.id, &call.name, arguments],
            );
            before = ",";
        }
        self.0.push_str("]}");
        for (call, result) in calls.iter().zip(results) {
            self.begin("tool", result);
            add(&mut self.0, r#","tool_call_id":^}"#, &[&call.id]);
        }
    }

    fn begin(&mut self, role: &str, content: &str) {
        let comma = if self.0.is_empty() { "" } else { "," };
        add(&mut self.0, r#"~{"role":^,"content":^"#, &[comma, role, content]);
    }

    /// The whole request, with the members of `extra`, which begin with a comma.
    pub fn body(&self, settings: &Settings, max_tokens: u32, extra: &[&str]) -> String {
        let mut body = String::new();
        let template = r#"{"model":^,"stream":true,"messages":[~]"#;
        add(&mut body, template, &[settings.model, &self.0]);
        if max_tokens > 0 {
            add(&mut body, r#","max_tokens":~"#, &[&decimal(max_tokens.into())]);
        }
        if !settings.temperature.is_empty() {
            add(&mut body, r#","temperature":~"#, &[settings.temperature]);
        }
        extra.iter().for_each(|extra| body.push_str(extra));
        body.push('}');
        body
    }
}
