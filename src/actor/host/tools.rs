//! The host's tools as guests reach them through the door `tools`.
//!
//! A guest that calls a tool waits for another plugin, which may call further ones. The waits are kept as edges of a
//! graph: a call that would close a circle is refused, because its plugins would wait for each other until their time
//! is over.

use std::sync::{Arc, Weak};

use serde_json::{Value, json};

use super::state::HostState;
use crate::actor::lifecycle::Members;
use crate::actor::native::native_tools;
use crate::actor::tool_call::ToolCall;
use crate::contract::{
    BoxFuture, CallContext, CallError, CallOutcome, Requester, Usage, json_line,
};
use crate::sandbox::{ToolHost, ToolOffer, ToolRequest, tool_denied};
use crate::skill::{SkillDocument, SkillEntry, SkillRegistry};
use crate::task::Lock;

/// The tool that gives a model the text of a skill.
const SKILL: &str = "skill";

/// Keeps no host running: a sandbox has it, and may outlive the host.
pub(super) struct HostTools {
    pub(super) shared: Weak<HostState>,
    /// The list that the supervisor has published last.
    pub(super) members: Arc<Lock<Members>>,
    pub(super) waits: Arc<WaitGraph>,
}

/// Which plugin waits for which: an edge for each call under way.
#[derive(Default)]
pub(super) struct WaitGraph(Lock<Vec<(String, String)>>);

/// One edge, until it is dropped.
struct Wait {
    graph: Arc<WaitGraph>,
    edge: (String, String),
}

impl WaitGraph {
    /// Adds an edge, unless `callee` waits for `caller`, directly or through others.
    fn add(self: &Arc<Self>, caller: &str, callee: &str) -> Option<Wait> {
        let mut edges = self.0.lock();
        let mut reached = vec![callee];
        let mut at = 0;
        while let Some(&plugin) = reached.get(at) {
            if plugin == caller {
                return None;
            }
            for (_, next) in edges.iter().filter(|(waiting, _)| waiting == plugin) {
                if !reached.contains(&next.as_str()) {
                    reached.push(next);
                }
            }
            at += 1;
        }
        let edge = (caller.to_owned(), callee.to_owned());
        edges.push(edge.clone());
        drop(edges);
        Some(Wait { graph: Arc::clone(self), edge })
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut edges = self.graph.0.lock();
        if let Some(at) = edges.iter().position(|edge| *edge == self.edge) {
            edges.swap_remove(at);
        }
    }
}

impl HostTools {
    fn members(&self) -> Members {
        Arc::clone(&self.members.lock())
    }

    async fn run(&self, caller: &str, request: ToolRequest, context: CallContext) -> CallOutcome {
        let Some(shared) = self.shared.upgrade() else { return failed(CallError::Cancelled) };
        let ToolRequest { name, params } = request;
        let snapshot = shared.snapshot.load_full();
        let requester = context.requester.clone();
        let used = requester.as_deref().map(Requester::skills).unwrap_or_default();
        if let Some(skill) = limiting_skill(&snapshot.skills, &used, &name) {
            return refused(&name, format!("the skill `{skill}` in use does not allow `{name}`"));
        }
        if name == SKILL {
            let result = skill_text(&snapshot.skills, requester.as_deref(), &params);
            return CallOutcome { result, usage: Usage::default() };
        }
        let callee = match snapshot.plugins.find_tool(&name) {
            // A permission is for full names: a bare one may be another plugin's tomorrow.
            Ok(entry) if entry.full_name() != name => {
                let full_name = entry.full_name();
                return refused(&name, format!("call `{name}` by its full name `{full_name}`"));
            }
            Ok(entry) if !entry.is_for_models() => {
                return refused(&name, format!("`{name}` is a slash command for people"));
            }
            entry => entry.ok().map(|entry| entry.plugin.manifest.id.clone()),
        };
        drop(snapshot);
        let wait = match callee {
            None => None,
            Some(callee) => match self.waits.add(caller, &callee) {
                None => {
                    let rule =
                        format!("plugin `{callee}` waits for `{caller}` itself; call it later");
                    return refused(&name, rule);
                }
                wait => wait,
            },
        };
        let call = ToolCall::new(&name, params).with_context(context);
        let outcome = call.run(&shared, &self.members()).await;
        drop(wait);
        outcome
    }
}

impl ToolHost for HostTools {
    fn tools(&self, requester: Option<&dyn Requester>) -> Vec<ToolOffer> {
        let Some(shared) = self.shared.upgrade() else { return Vec::new() };
        let snapshot = shared.snapshot.load();
        let mut offered = Vec::new();
        if snapshot.skills.active().any(|(_, document)| document.model_invocable) {
            offered.push(ToolOffer {
                name: SKILL.to_owned(),
                description: "Returns the instructions of a skill. Call it before you use a skill, and follow \
                              what it says."
                    .to_owned(),
                input_schema: json!({
                    "type": "object",
                    "properties": { "name": { "type": "string", "description": "The skill's name." } },
                    "required": ["name"],
                }),
            });
        }
        offered.extend(native_tools(&self.members()).iter().map(|tool| ToolOffer {
            name: tool.name().to_owned(),
            description: tool.description().to_owned(),
            input_schema: tool.parameters_schema(),
        }));
        let tools = snapshot.plugins.tools();
        let for_models = tools.iter().filter(|entry| entry.is_for_models());
        offered.extend(for_models.map(|entry| ToolOffer {
            name: entry.full_name(),
            description: entry.description().description.clone(),
            input_schema: entry.description().input_schema.clone(),
        }));
        let used = requester.map(Requester::skills).unwrap_or_default();
        offered.retain(|tool| limiting_skill(&snapshot.skills, &used, &tool.name).is_none());
        offered
    }

    fn call<'a>(
        &'a self,
        caller: &'a str,
        request: ToolRequest,
        context: CallContext,
    ) -> BoxFuture<'a, CallOutcome> {
        Box::pin(self.run(caller, request, context))
    }
}

/// A call that did not happen.
fn failed(error: CallError) -> CallOutcome {
    CallOutcome { result: Err(error), usage: Usage::default() }
}

/// A call that the rules of this door refuse.
fn refused(tool: &str, rule: String) -> CallOutcome {
    let denied = Box::new(tool_denied(tool, rule));
    failed(CallError::Denied { denied, message: String::new() })
}

/// The skill because of which the message can't lead to this tool. Every skill that it uses and that lists tools has
/// to allow the tool, so another skill only narrows what is allowed. One that is gone allows nothing.
fn limiting_skill<'u>(skills: &SkillRegistry, used: &'u [String], tool: &str) -> Option<&'u str> {
    let forbids = |name: &&String| active(skills, name).is_none_or(|(_, it)| !it.allows_tool(tool));
    used.iter().find(forbids).filter(|_| tool != SKILL).map(String::as_str)
}

/// The skill of this name, if it can be used.
fn active<'s>(
    skills: &'s SkillRegistry,
    name: &str,
) -> Option<(&'s SkillEntry, &'s SkillDocument)> {
    let entry = skills.get(name).filter(|entry| entry.is_active())?;
    Some((entry, entry.document.as_deref()?))
}

/// The text of a skill that models may use, which the message uses from now on.
fn skill_text(
    skills: &SkillRegistry,
    requester: Option<&dyn Requester>,
    params: &str,
) -> Result<String, CallError> {
    let params: Value = serde_json::from_str(params)
        .map_err(|error| CallError::InvalidParams { problem: error.to_string() })?;
    let Some(name) = params["name"].as_str() else {
        return Err(CallError::InvalidParams { problem: "`name` has to be a text".into() });
    };
    let skill = active(skills, name).filter(|(_, document)| document.model_invocable);
    let Some((entry, document)) = skill else {
        return Err(CallError::Guest { message: format!("there is no skill `{name}`") });
    };
    let text = document
        .render(&entry.values(""))
        .map_err(|missing| CallError::Guest { message: missing.to_string() })?;
    if let Some(requester) = requester {
        requester.use_skill(name);
    }
    Ok(json_line(&Value::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_waits_is_refused() {
        let graph = Arc::new(WaitGraph::default());
        let first = graph.add("a", "b");
        assert!(first.is_some());
        let second = graph.add("b", "c");
        assert!(graph.add("c", "a").is_none());
        assert!(graph.add("a", "a").is_none());
        drop(second);
        assert!(graph.add("c", "a").is_some());
    }

    #[test]
    fn equal_waits_end_one_by_one() {
        let graph = Arc::new(WaitGraph::default());
        let (first, second) = (graph.add("a", "b"), graph.add("a", "b"));
        drop(first);
        assert!(graph.add("b", "a").is_none());
        drop(second);
        assert!(graph.add("b", "a").is_some());
    }
}
