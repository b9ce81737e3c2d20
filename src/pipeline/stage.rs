//! Running the stages of others: what each kind may change, and what its failure is called.

use std::sync::Arc;

use serde_json::Value;

use super::state::{MessageState, StageResult};
use crate::actor::MemberStatus;
use crate::contract::{
    CallError, Failure, PipelineStage, PipelineStageType, PluginError, Requester, guest_words,
    sanitize_text,
};
use crate::task::contained;

/// Lets one stage work on the message.
///
/// A message that was stopped is not passed by a stage that ought to see it: one that was
/// registered and does not run fails the message.
pub(super) async fn run(
    stage: &Arc<dyn PipelineStage>,
    status: &MemberStatus,
    mut state: MessageState,
    requester: &Arc<dyn Requester>,
) -> Result<MessageState, Failure> {
    let kind = stage.stage_type();
    let fail = |failure| Err(of_stage(&status.name, failure));
    if !status.is_running() {
        let next_step = "see `/status`; the owner can start or remove it";
        return fail(Failure::new("stage_not_running", status.state.to_string(), next_step));
    }
    let json = match serde_json::to_value(&state) {
        Ok(mut json) => {
            // A model reads it, so nobody's words may pass for a model's control tokens.
            if kind == PipelineStageType::Process {
                json["text"] = Value::from(&*sanitize_text(&state.text));
            }
            json
        }
        Err(error) => return fail(Failure::of(&invalid(error.to_string()))),
    };
    // The stage is called inside, so that a panic in the call itself counts as well.
    let (stage, requester) = (Arc::clone(stage), Arc::clone(requester));
    let work = Box::pin(async move { stage.process_for(json, requester).await });
    let result = match contained(work).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => return fail(of_error(&error)),
        Err(_) => {
            let next_step = "report it to the author of the stage";
            return fail(Failure::new("panicked", "it panicked", next_step));
        }
    };
    match StageResult::try_from(result) {
        Ok(result) => {
            apply(kind, &mut state, result);
            Ok(state)
        }
        Err(problem) => fail(Failure::of(&invalid(problem))),
    }
}

/// Takes over what a stage of this kind may change. Everything else in its result is ignored: who sent the
/// message, from which chat, and whether it is the owner's are never a plugin's to say (authority).
fn apply(kind: PipelineStageType, state: &mut MessageState, result: StageResult) {
    let StageResult { text, attachments, metadata, prompt, answer } = result;
    match kind {
        PipelineStageType::PreProcess => {
            state.text = text.unwrap_or_else(|| std::mem::take(&mut state.text));
            state.attachments =
                attachments.unwrap_or_else(|| std::mem::take(&mut state.attachments));
            state.metadata = metadata.unwrap_or_else(|| std::mem::take(&mut state.metadata));
            state.prompt = prompt.or(state.prompt.take());
            state.answer = answer;
        }
        PipelineStageType::Process | PipelineStageType::PostProcess => {
            state.answer = answer.or(state.answer.take());
        }
        PipelineStageType::Observer => {}
    }
}

/// The stage answered with something that is no state of a message.
fn invalid(problem: String) -> PluginError {
    PluginError::Invalid { what: "the message's state".into(), problem }
}

/// The failure of a stage that ran. A guest's own words count.
fn of_error(error: &PluginError) -> Failure {
    let failure = Failure::of(error);
    let PluginError::Call(CallError::Guest { message }) = error else { return failure };
    match guest_words(message) {
        (what, Some(next_step)) => {
            Failure { message: what.to_owned(), next_step: next_step.to_owned(), ..failure }
        }
        (_, None) => failure,
    }
}

/// The failure with the stage's name in it: the sender has to know which plugin to look at.
fn of_stage(name: &str, failure: Failure) -> Failure {
    let mut details = failure.details;
    details.insert("stage".into(), Value::from(name));
    let message = format!("stage `{name}`: {}", failure.message);
    Failure { message, details, ..failure }
}
