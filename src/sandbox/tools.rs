//! The door `tools`: which tools of others a plugin may call, and the way to them.

use serde_json::{Value, json};

use super::call::ToolRequest;
use super::scope::CallScope;
use super::text::cut;
use crate::contract::{
    ActionableError, BoxFuture, CallContext, CallError, CallOutcome, Capability, Denied, Requester,
    covers_tool, json_line, limits,
};

/// The tools of a host: of its plugins, its skills and its embedder. The plugin host is one.
pub trait ToolHost: Send + Sync {
    /// The tools that models may call at this moment, for a call that works for `requester`: those of skills in use
    /// may be fewer.
    fn tools(&self, requester: Option<&dyn Requester>) -> Vec<ToolOffer>;

    /// Runs a tool by its full name, for plugin `caller`, which waits for it.
    ///
    /// The outcome's usage counts for the caller as well. A tool whose plugin waits for the caller is refused.
    fn call<'a>(
        &'a self,
        caller: &'a str,
        request: ToolRequest,
        context: CallContext,
    ) -> BoxFuture<'a, CallOutcome>;
}

/// A tool as a guest or a model is offered it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOffer {
    /// The name to call it by.
    pub name: String,
    /// What it does.
    pub description: String,
    /// A JSON Schema for its parameters.
    pub input_schema: Value,
}

/// The tools that a plugin may call: patterns of full names, each with `*` at its end at most.
#[derive(Debug)]
pub(super) struct ToolGate {
    /// The plugin's id, whose own tools it can't call.
    plugin: String,
    patterns: Vec<String>,
}

/// A call that the gate has let through.
pub(super) struct ToolPermit(pub(super) ToolRequest);

impl ToolGate {
    pub(super) fn new(plugin: &str, patterns: &[String]) -> Self {
        Self { plugin: plugin.to_owned(), patterns: patterns.to_vec() }
    }

    fn covers(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| covers_tool(pattern, name))
    }

    fn is_own(&self, name: &str) -> bool {
        name.split_once("__").is_some_and(|(owner, _)| owner == self.plugin)
    }

    /// Lets a call through that the manifest covers and that can end.
    pub(super) fn permit(
        &self,
        request: ToolRequest,
        scope: &CallScope,
    ) -> Result<ToolPermit, Denied> {
        let denied = |rule: String| denied(&request.name, rule);
        if request.name.len() > limits::TOOL_NAME_CHARS {
            return Err(denied("no tool has so long a name".into()));
        }
        if !self.covers(&request.name) {
            let rule = match self.patterns.is_empty() {
                true => "tool calls not permitted".into(),
                false => format!("tool `{}` not permitted", request.name),
            };
            return Err(denied(rule));
        }
        if self.is_own(&request.name) {
            return Err(denied("a plugin can't call its own tools".into()));
        }
        if scope.context.depth >= limits::CALL_DEPTH {
            let rule = format!("tool calls nested deeper than {}", limits::CALL_DEPTH);
            return Err(denied(rule));
        }
        Ok(ToolPermit(request))
    }

    /// The tools that this plugin may call, as JSON text.
    pub(super) fn list(&self, host: &dyn ToolHost, requester: Option<&dyn Requester>) -> String {
        let mut tools = host.tools(requester);
        tools.retain(|tool| self.covers(&tool.name) && !self.is_own(&tool.name));
        let tools = tools.into_iter().map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.input_schema,
            })
        });
        json_line(&Value::Array(tools.collect()))
    }
}

/// A refusal of this door.
pub(crate) fn denied(tool: &str, rule: String) -> Denied {
    let target = cut(tool, limits::TOOL_NAME_CHARS).to_owned();
    Denied { capability: Capability::Tools, target, rule, approve_with: None }
}

/// A failed call as the caller reads it: what happened, and what to do.
pub(super) fn failure(error: &CallError) -> String {
    match error {
        // The next step of a guest's own error is for people.
        CallError::Guest { message } if !message.is_empty() => message.clone(),
        CallError::Denied { denied, .. } if denied.capability == Capability::Tools => {
            denied.rule.clone()
        }
        error => format!("{error}; {}", error.next_step()),
    }
}
