//! The assembler: builds the prompt from `SOUL.md`, the skills and the tools.
//!
//! A skill's text is in it only where the conversation uses the skill; of all others it has the name
//! and the description (progressive disclosure). Control tokens of models are made harmless in all of it.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use super::prompt::{MessagePrompt, SKILLS_HEADING, TOOLS_HEADING};
use super::soul::Soul;
use crate::actor::{MemberStatus, PluginHost};
use crate::command::SkillPrompt;
use crate::contract::sanitize_text;
use crate::task::Lock;

/// Builds prompts for one workspace and one host.
pub struct Assembler {
    host: PluginHost,
    soul: Option<Soul>,
    built: Lock<Option<Built>>,
}

/// What all conversations have in common, and what it was built from.
struct Built {
    /// The snapshot's generation.
    generation: u64,
    /// The members: native tools are among them.
    members: Arc<Vec<MemberStatus>>,
    soul: Option<Arc<str>>,
    prompt: MessagePrompt,
}

impl Assembler {
    /// An assembler that reads `SOUL.md` in `workspace` or in its `.weft` folder. Give `None` for a workspace that
    /// is not trusted: its `SOUL.md` must not reach a prompt.
    #[must_use]
    pub fn new(host: PluginHost, workspace: Option<&Path>) -> Self {
        let soul = workspace.map(Soul::new);
        // Problems are reported now, and not with the first message.
        soul.iter().for_each(|soul| drop(soul.text()));
        Self { host, soul, built: Lock::default() }
    }

    /// The prompt for a conversation that uses these skills.
    #[must_use]
    pub fn prompt(&self, in_use: &[SkillPrompt]) -> MessagePrompt {
        let common = self.common();
        if in_use.is_empty() {
            return common;
        }
        let mut text = common.as_str().to_owned();
        for SkillPrompt { name, instructions } in in_use {
            // Writing to a string can't fail.
            let _ = write!(text, "\n\n# Skill in use: {name}\n\n{}", instructions.trim());
        }
        sanitize_text(&text).into_owned().into()
    }

    /// The part that all messages share, kept until the snapshot, the members or `SOUL.md` change.
    fn common(&self) -> MessagePrompt {
        let soul = self.soul.as_ref().and_then(Soul::text);
        let (snapshot, members) = (self.host.snapshot(), self.host.members());
        let mut built = self.built.lock();
        let same = |built: &&Built| {
            let same_soul = match (&built.soul, &soul) {
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                (None, None) => true,
                _ => false,
            };
            built.generation == snapshot.generation
                && Arc::ptr_eq(&built.members, &members)
                && same_soul
        };
        if let Some(built) = built.as_ref().filter(same) {
            return built.prompt.clone();
        }
        let prompt = self.build(soul.as_deref());
        let generation = snapshot.generation;
        *built = Some(Built { generation, members, soul, prompt: prompt.clone() });
        prompt
    }

    /// Puts the shared part together: the soul, then skills, then tools. Each is one line, so that no description
    /// can look like a heading.
    fn build(&self, soul: Option<&str>) -> MessagePrompt {
        let snapshot = self.host.snapshot();
        let mut parts: Vec<String> = soul.map(str::to_owned).into_iter().collect();
        let skills: Vec<String> = snapshot
            .skills
            .active()
            .filter(|(_, document)| document.model_invocable)
            .map(|(entry, document)| {
                format!("- {}: {}", entry.name, on_one_line(&document.description))
            })
            .collect();
        if !skills.is_empty() {
            parts.push(format!("{SKILLS_HEADING}\n\n{}", skills.join("\n")));
        }
        let guests = snapshot.plugins.tools();
        let guests = guests.iter().filter(|tool| tool.is_for_models());
        let guests = guests.map(|tool| (tool.full_name(), &tool.description().description));
        let mut tools: Vec<String> = guests
            .map(|(name, description)| format!("- {name}: {}", on_one_line(description)))
            .collect();
        let native = self.host.native_tools();
        tools.extend(
            native.iter().map(|it| format!("- {}: {}", it.name(), on_one_line(it.description()))),
        );
        if !tools.is_empty() {
            parts.push(format!("{TOOLS_HEADING}\n\n{}", tools.join("\n")));
        }
        sanitize_text(&parts.join("\n\n")).into_owned().into()
    }
}

/// The text without line ends.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
