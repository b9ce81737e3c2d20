//! `weft-lite call`: one tool call, its result on standard output.

use std::io::{self, Read};
use std::pin::pin;
use std::time::Duration;

use argh::FromArgs;
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::or;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use smol::Timer;
use weft_lite::{CallError, CallOutcome, Runtime, ToolEntry, Usage, limits};

use super::logs::{self, Verbosity};
use super::options::Options;
use super::{Failure, Status, output, report};

/// How long a cancelled call may take to say so.
const GRACE: Duration = Duration::from_millis(500);

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

pub(super) fn run(command: &Call, options: &Options) -> Result<Status, Failure> {
    logs::start(options, Verbosity::Warnings);
    let runtime = options.load()?;
    if options.verbose {
        report::granted(&runtime.host().registry(), options);
    }
    let outcome = match params(command.params.as_deref()) {
        Ok(params) => runtime.block_on(call(&runtime, &command.tool, params))?,
        Err(error) => CallOutcome { result: Err(error), usage: Usage::default() },
    };
    let CallOutcome { result, usage } = outcome;
    if matches!(result, Err(CallError::Denied { .. })) {
        // A folder that was granted and does not exist, for instance.
        if let Ok(ToolEntry { plugin, .. }) = runtime.host().registry().find_tool(&command.tool) {
            report::warnings_of(plugin);
        }
    }
    runtime.block_on(runtime.stop());
    match (&result, options.json) {
        (Ok(text), true) => {
            output::json(&json!({ "ok": true, "result": value(text), "usage": usage }))?;
        }
        (Ok(text), false) => print_result(text)?,
        (Err(error), _) => output::failure(&error.into(), Some(usage), options.form())?,
    }
    Ok(match result {
        Ok(_) => Status::Done,
        Err(CallError::Cancelled) => Status::Interrupted,
        Err(_) => Status::Failed,
    })
}

/// Calls the tool. A signal cancels the call, whose audit records are written nevertheless.
async fn call(runtime: &Runtime, tool: &str, params: String) -> Result<CallOutcome, Failure> {
    let mut signals = Signals::new([Signal::Int, Signal::Term]).map_err(|error| Failure::Work {
        message: format!("signals can't be received: {error}"),
        next_step: "check the limits that this program runs under".into(),
    })?;
    let mut calling = pin!(runtime.host().call(tool, params));
    let signal = async {
        signals.next().await;
        None
    };
    if let Some(outcome) = or(async { Some(calling.as_mut().await) }, signal).await {
        return Ok(outcome);
    }
    runtime.stop().await;
    let given_up = async {
        Timer::after(GRACE).await;
        CallOutcome { result: Err(CallError::Cancelled), usage: Usage::default() }
    };
    Ok(or(calling, given_up).await)
}

/// A guest's result: JSON, or plain text, which is a string to whoever wants JSON.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn print_result(text: &str) -> io::Result<()> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if output::is_terminal() => output::guest_text(&format!("{value:#}")),
        _ => output::guest_text(text),
    }
}

/// The parameters as text that is known to be JSON.
fn params(argument: Option<&str>) -> Result<String, CallError> {
    let text = match argument {
        None => "{}".to_owned(),
        Some("-") => standard_input()?,
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

/// What comes from standard input, up to one byte more than parameters may have.
fn standard_input() -> Result<String, CallError> {
    let invalid = |problem: String| CallError::InvalidParams { problem };
    let limit = limits::PARAMS_BYTES;
    let mut bytes = Vec::new();
    io::stdin()
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| invalid(format!("standard input can't be read: {error}")))?;
    if bytes.len() > limit {
        return Err(invalid(format!("more than {limit} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| invalid("standard input is not UTF-8".into()))
}
