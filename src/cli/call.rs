//! `weft-lite call`: one tool call, its result on standard output.

use std::io::{self, Read};

use argh::FromArgs;
use serde::de::IgnoredAny;
use serde_json::Value;
use weft_lite::actor::{RefusedPlugin, ToolEntry};
use weft_lite::errors::{ActionableError, CallError};
use weft_lite::text::json_lines;
use weft_lite::{CallOutcome, CallerInput, Capability, Runtime, Usage, limits};

use super::flags::Options;
use super::interrupts::{self, Interrupts};
use super::logs::{self, Verbosity};
use super::threads;
use super::trust::TrustPrompt;
use super::{CommandFailure, Status, output, report};

/// Call one tool and print its result.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "call",
    example = "{command_name} text-stats__text_stats '{{\"text\": \"one two\"}}'\ncat params.json | {command_name} text_stats -",
    note = "With --json it prints {{\"ok\": true, \"result\": ..., \"usage\": {{...}}}}, or {{\"ok\": false, \"error\": {{...}},\n\"usage\": {{...}}}}. Ctrl-c and SIGTERM cancel the call, and the status is 130.\nThe options of `weft-lite --help` apply."
)]
pub(super) struct Call {
    /// the tool: `<plugin>__<tool>`, or its own name where only one plugin has it
    #[argh(positional, arg_name = "TOOL")]
    tool: String,
    /// the parameters as JSON, or `-` to read them from standard input; an empty
    /// object by default
    #[argh(positional, arg_name = "JSON")]
    params: Option<String>,
}

pub(super) fn run(command: &Call, options: &Options) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    let (runtime, mut interrupts) = match options.load_watching(TrustPrompt::Never, None) {
        Err(failure) if failure.is_interrupted() => {
            return answer(failed(CallError::Cancelled), options);
        }
        loaded => loaded?,
    };
    if options.verbose {
        report::granted(&runtime.host().registry(), options);
    }
    let outcome = runtime.block_on(async {
        match interrupts.unless(params(command.params.as_deref())).await {
            Some(Ok(params)) => call(&runtime, &command.tool, params, &mut interrupts).await,
            Some(Err(error)) => failed(error),
            None => failed(CallError::Cancelled),
        }
    });
    if matches!(
        outcome.result,
        Err(CallError::Denied { .. } | CallError::Guest { .. } | CallError::MissingGrant { .. })
    ) {
        // A folder that was granted and does not exist, for instance.
        if let Ok(ToolEntry { plugin, .. }) = runtime.host().registry().find_tool(&command.tool) {
            report::warnings_of(plugin);
        }
    }
    let next_step = outcome.result.as_ref().err().and_then(|error| approving(error, &runtime));
    runtime.block_on(runtime.stop());
    print_outcome(outcome, next_step, options)
}

/// The next step that approves the plugin of an error, with the flag of this program for it.
fn approving(error: &CallError, runtime: &Runtime) -> Option<String> {
    let plugin = match error {
        CallError::UnknownTool { not_loaded, .. } => match &**not_loaded {
            [only] if only.next_step == error.next_step() => &only.plugin,
            _ => return None,
        },
        CallError::Denied { denied, .. } if denied.capability == Capability::Approval => {
            &denied.target
        }
        _ => return None,
    };
    let registry = runtime.host().registry();
    let waits =
        |it: &&RefusedPlugin| it.for_caller().plugin == *plugin && it.error.waits_for_kinds();
    registry.refused().iter().find(waits).map(|it| report::next_step(&it.error))
}

/// The outcome of a call that never began.
fn failed(error: CallError) -> CallOutcome {
    CallOutcome { result: Err(error), usage: Usage::default() }
}

/// Prints the outcome of a finished call.
fn answer(outcome: CallOutcome, options: &Options) -> Result<Status, CommandFailure> {
    print_outcome(outcome, None, options)
}

/// Prints the outcome of the call, with a better next step where there is one.
fn print_outcome(
    outcome: CallOutcome,
    next_step: Option<String>,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let CallOutcome { result, usage } = outcome;
    match (&result, options.json) {
        (Ok(text), true) => {
            output::record(&[("ok", &true), ("result", &value(text)), ("usage", &usage)])?;
        }
        (Ok(text), false) => print_result(text)?,
        (Err(error), _) => {
            let mut failure = weft_lite::errors::Failure::of(error);
            failure.next_step = next_step.unwrap_or(failure.next_step);
            output::failure(&failure, Some(usage), options.form())?;
        }
    }
    Ok(match result {
        Ok(_) => Status::Done,
        Err(CallError::Cancelled) => Status::Interrupted,
        Err(_) => Status::Failed,
    })
}

/// Calls the tool. A signal cancels the call, whose audit records are written nevertheless.
async fn call(
    runtime: &Runtime,
    tool: &str,
    params: String,
    interrupts: &mut Interrupts,
) -> CallOutcome {
    let input = CallerInput::default();
    let mut calling = runtime.host().call_with_input(tool, params, &input, None);
    if let Some(outcome) = interrupts.unless(calling.as_mut()).await {
        return outcome;
    }
    runtime.stop().await;
    interrupts::with_grace(calling).await.unwrap_or_else(|| failed(CallError::Cancelled))
}

/// A guest's result: JSON, or plain text, which becomes a JSON string with `--json`.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn print_result(text: &str) -> io::Result<()> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if output::is_terminal() => output::guest_text(&json_lines(&value)),
        _ => output::guest_text(text),
    }
}

/// The parameters as text that is known to be JSON.
async fn params(argument: Option<&str>) -> Result<String, CallError> {
    let text = match argument {
        None => "{}".to_owned(),
        // The writer may be slow: another thread reads, and is abandoned at the end.
        Some("-") => {
            let unread = |error: io::Error| CallError::InvalidParams {
                problem: format!("standard input can't be read: {error}"),
            };
            threads::run_detached(standard_input).await.map_err(unread)??
        }
        Some(text) => text.to_owned(),
    };
    check_json(&text)?;
    Ok(text)
}

/// Checks that `text` is one JSON value.
fn check_json(text: &str) -> Result<(), CallError> {
    serde_json::from_str::<IgnoredAny>(text)
        .map(|_| ())
        .map_err(|error| CallError::InvalidParams { problem: error.to_string() })
}

/// The text of standard input, without white space at its end.
fn standard_input() -> Result<String, CallError> {
    let invalid = |problem: String| CallError::InvalidParams { problem };
    let (limit, most) = (limits::PARAMS_BYTES, limits::MESSAGE_BYTES);
    let mut bytes = Vec::new();
    let source: &mut dyn Read = &mut io::stdin();
    source
        .take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| invalid(format!("standard input can't be read: {error}")))?;
    // The final line end is not part of the parameters.
    let length = bytes.trim_ascii_end().len();
    if bytes.len() > most || length > limit {
        return Err(invalid(format!("more than {limit} bytes")));
    }
    bytes.truncate(length);
    String::from_utf8(bytes).map_err(|_| invalid("standard input is not UTF-8".into()))
}
