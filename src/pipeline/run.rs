//! The way of one message: commands, tool lines, prompt, then the stages of others in their order.

use std::path::Path;
use std::sync::Arc;

use super::assembler::Assembler;
use super::requester::{MessageRequester, Silent};
use super::stage;
use super::state::MessageState;
use super::tool_line::ToolLine;
use crate::actor::{MemberStatus, PluginHost};
use crate::command::{
    Answer, CommandCall, CommandLine, CommandOutcome, Commands, Conversation, ProgressNotes,
};
use crate::contract::{BoxFuture, Failure, PipelineStage, PipelineStageType, Requester};

/// The stages that every message passes.
///
/// The order is fixed: slash command, tool line, prompt, then `PreProcess`, `Process` and `PostProcess`
/// stages of the host. Once there is an answer, `PreProcess` and
/// `Process` stages are passed over; `PostProcess` stages always see it.
pub struct Pipeline {
    commands: Arc<Commands>,
    assembler: Assembler,
}

/// Whom a message comes from, and what is remembered of the chat.
#[derive(Clone, Copy)]
struct Way<'a> {
    conversation: &'a Arc<Conversation>,
    progress: &'a ProgressNotes,
    requester: &'a Arc<dyn Requester>,
    /// The same for the stage that makes the whole answer, which is shown as it comes.
    speaker: &'a Arc<dyn Requester>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineOutcome {
    /// The message as the last stage left it; with an answer or with a failure.
    pub state: MessageState,
    /// Whether the sender wants to leave after the answer.
    pub leaves: bool,
}

impl Pipeline {
    /// The built-in stages on these commands and on the `SOUL.md` of this workspace, which is to be a
    /// trusted one.
    #[must_use]
    pub fn new(commands: Arc<Commands>, workspace: Option<&Path>) -> Self {
        let assembler = Assembler::new(commands.host().clone(), workspace);
        Self { commands, assembler }
    }

    /// The commands.
    #[must_use]
    pub fn commands(&self) -> &Arc<Commands> {
        &self.commands
    }

    /// The assembler of prompts.
    #[must_use]
    pub fn assembler(&self) -> &Assembler {
        &self.assembler
    }

    /// Takes a message to its answer, or to the failure of the stage that stopped it. Dropping the
    /// future cancels it.
    ///
    /// It is in a box: who runs a message, a channel or the command line, has no copy of all this.
    pub fn run<'a>(
        &'a self,
        state: MessageState,
        conversation: &'a Arc<Conversation>,
        progress: &'a ProgressNotes,
    ) -> BoxFuture<'a, PipelineOutcome> {
        let requester = MessageRequester::new(&state, conversation, progress, None, None);
        self.run_for(state, conversation, progress, Arc::new(requester))
    }

    /// The same for a sender to whom stages and tools can talk while they work.
    pub(super) fn run_for<'a>(
        &'a self,
        mut state: MessageState,
        conversation: &'a Arc<Conversation>,
        progress: &'a ProgressNotes,
        requester: Arc<dyn Requester>,
    ) -> BoxFuture<'a, PipelineOutcome> {
        Box::pin(async move {
            let mut leaves = false;
            let before = state.clone();
            let silent: Arc<dyn Requester> = Arc::new(Silent(Arc::clone(&requester)));
            let way = Way { conversation, progress, requester: &silent, speaker: &requester };
            match self.stages(&mut state, &mut leaves, way).await {
                Ok(()) => PipelineOutcome { state, leaves },
                // What a failed stage left half done is no state to show.
                Err(failure) => {
                    let state = MessageState { failure: Some(failure), answer: None, ..before };
                    PipelineOutcome { state, leaves: false }
                }
            }
        })
    }

    /// The stages in their order. `state` is whatever the failed stage left when this fails.
    async fn stages(
        &self,
        state: &mut MessageState,
        leaves: &mut bool,
        way: Way<'_>,
    ) -> Result<(), Failure> {
        let Way { conversation, progress, requester, .. } = way;
        // Commands and tool lines are read from what the sender wrote, before any stage of others:
        // no plugin can make the owner say something.
        *leaves = self.command(state, way).await?;
        if let Some(skill) = &state.skill {
            requester.use_skill(&skill.name);
        }
        if state.answer.is_none()
            && state.skill.is_none()
            && let Some(line) = ToolLine::parse(&state.text, self.host())
        {
            let called = line.call(self.host(), progress, requester).await;
            state.answer = Some(called.map_err(|error| Failure::of(&error))?);
        }
        let in_use = conversation.used_skills().into_iter().chain(state.skill.clone());
        state.prompt = Some(self.assembler.prompt(&in_use.collect::<Vec<_>>()));

        let stages = self.host().stages();
        if state.answer.is_none() {
            self.foreign(&stages, PipelineStageType::PreProcess, state, way).await?;
        }
        if state.answer.is_none() {
            let replaced = self.foreign(&stages, PipelineStageType::Process, state, way).await?;
            if !replaced {
                state.answer = Some(self.without_model(state));
            }
        }
        self.foreign(&stages, PipelineStageType::PostProcess, state, way).await?;
        match state.answer {
            Some(_) => Ok(()),
            None => {
                let next_step = "see `/status` for the stages";
                Err(Failure::new("no_answer", "no stage gave an answer", next_step))
            }
        }
    }

    /// The host of the commands: one for tools, stages and skills alike.
    fn host(&self) -> &PluginHost {
        self.commands.host()
    }

    /// The stage of slash commands; the answer tells whether the sender wants to leave.
    async fn command(
        &self,
        state: &mut MessageState,
        Way { conversation, progress, requester, .. }: Way<'_>,
    ) -> Result<bool, Failure> {
        let Some(line) = CommandLine::parse(&state.text) else { return Ok(false) };
        let (registry, caller) = (self.commands.now(), state.caller());
        let call = CommandCall {
            arguments: line.arguments,
            caller: &caller,
            conversation,
            registry: &registry,
            host: self.host(),
            progress,
            requester: Some(requester),
        };
        let outcome = registry.run(line, call).await.map_err(|error| Failure::of(&error))?;
        match outcome {
            CommandOutcome::Answer(answer) => state.answer = Some(answer),
            CommandOutcome::Follow { skill, text } => {
                state.text = text;
                state.skill = Some(skill);
            }
            CommandOutcome::Leave(answer) => {
                state.answer = Some(answer);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets the stages of one type work, in their order; the answer tells whether there was one.
    ///
    /// What is said is shown only of the last stage that may change the answer, so that no later one takes back what
    /// was shown.
    async fn foreign(
        &self,
        stages: &[(Arc<dyn PipelineStage>, MemberStatus)],
        kind: PipelineStageType,
        state: &mut MessageState,
        Way { progress, requester, speaker, .. }: Way<'_>,
    ) -> Result<bool, Failure> {
        let count = |kind| stages.iter().filter(|(stage, _)| stage.stage_type() == kind).count();
        let any = count(kind) > 0;
        let is_final =
            kind == PipelineStageType::Process && count(PipelineStageType::PostProcess) == 0;
        let mut later = count(kind);
        for (stage, status) in stages.iter().filter(|(stage, _)| stage.stage_type() == kind) {
            later -= 1;
            let requester = if is_final && later == 0 { speaker } else { requester };
            progress.note(|| format!("stage {}", status.name));
            *state = stage::run(stage, status, std::mem::take(state), requester).await?;
        }
        Ok(any)
    }

    /// The answer of a program without a model: the text of a skill that was asked for, and
    /// otherwise the commands and skills whose words the message uses.
    fn without_model(&self, state: &MessageState) -> Answer {
        if let Some(skill) = &state.skill {
            return Answer::text(skill.instructions.trim());
        }
        let matching = self.commands.now().matching(&state.text);
        if matching.is_empty() {
            return Answer::text("no command or skill matches; `/help` lists what there is");
        }
        Answer::text(format!("this may help:\n  {}", matching.join("\n  ")))
    }
}
