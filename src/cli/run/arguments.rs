//! The arguments of `weft-lite run` and `weft-lite mcp`.

#[cfg(feature = "mcp")]
use std::net::SocketAddr;
#[cfg(feature = "serve")]
use std::path::PathBuf;
#[cfg(feature = "mcp")]
use std::str::FromStr;

use argh::FromArgs;
#[cfg(feature = "mcp")]
use weft_lite::config::ToolNames;

/// Load everything and serve its channels: the console, the socket and those of plugins.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "run",
    example = "{command_name}\necho 'text_stats {{\"text\": \"one two\"}}' | {command_name} --json\n{command_name} --message /status\n{command_name} --channel socket\n{command_name} --mcp 127.0.0.1:8787",
    note = "What is typed is a message: `/help` lists the commands, `TOOL {{JSON}}` calls a tool. On a pipe\neach line is answered with a line; with --json, {{\"ok\": true, \"result\": ...}} or\n{{\"ok\": false, \"error\": {{...}}}}. End of input ends it when everything is answered, with status 1 if\ninput was no terminal and a message failed; where the socket or a plugin's channel is configured,\nit ends only the console, unless that is a terminal. Ctrl-c at a terminal cancels what is in\nflight; elsewhere it ends the program with status 0, as SIGTERM and SIGHUP do; a second one\ndoesn't wait. While plugins load, and with --message, both cancel that, and the status is 130.\nThe options of `weft-lite --help` apply."
)]
pub(in crate::cli) struct Run {
    /// answer this one message and end
    #[argh(option, arg_name = "TEXT")]
    pub(super) message: Option<String>,
    /// serve only this channel: console, socket, or the id of a plugin that is one (repeatable);
    /// otherwise all that there are, the socket if it is configured
    #[argh(option, arg_name = "NAME")]
    pub(super) channel: Vec<String>,
    /// print what is put before each message, and end; with --message, what was put before that one
    #[argh(switch)]
    pub(super) show_prompt: bool,
    /// tell what changes while it runs as JSON, one object a line, on standard error
    #[argh(switch)]
    pub(super) json_events: bool,
    /// serve AI clients over MCP instead of channels: `stdio`, or HOST:PORT for HTTP at the path
    /// /mcp; with --channel the latter serves both, and webhooks at /hook/ID
    #[cfg(feature = "mcp")]
    #[argh(option, arg_name = "stdio|HOST:PORT")]
    pub(super) mcp: Option<McpTarget>,
    /// a file with the token that clients over HTTP have to show; needed where the address can be
    /// reached from other machines
    #[cfg(feature = "serve")]
    #[argh(option, arg_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// what tools are called over MCP: `qualified` (`<owner>__<tool>`) or `bare`
    #[cfg(feature = "mcp")]
    #[argh(option, arg_name = "NAMES")]
    pub(super) tool_names: Option<ToolNames>,
}

/// Load everything and serve it over MCP to the program that started this one: `run --mcp stdio`.
#[cfg(feature = "mcp")]
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "mcp",
    example = "{command_name}\n{command_name} --plugins ./my-plugin --tool-names bare",
    note = "Messages come on standard input and go to standard output, one a line; everything else is said\non standard error. It ends with its input. The options of `weft-lite --help` apply."
)]
pub(in crate::cli) struct Mcp {
    /// tell what changes while it runs as JSON, one object a line, on standard error
    #[argh(switch)]
    json_events: bool,
    /// what tools are called: `qualified` (`<owner>__<tool>`) or `bare` (`<tool>` where only one
    /// owner has it); before what the configuration says
    #[argh(option, arg_name = "NAMES")]
    tool_names: Option<ToolNames>,
}

#[cfg(feature = "mcp")]
impl Mcp {
    /// The command that this one is short for.
    pub(in crate::cli) fn run(&self) -> Run {
        Run {
            message: None,
            channel: Vec::new(),
            show_prompt: false,
            json_events: self.json_events,
            mcp: Some(McpTarget::Stdio),
            #[cfg(feature = "serve")]
            token_file: None,
            tool_names: self.tool_names,
        }
    }
}

/// Where clients are served.
#[cfg(feature = "mcp")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum McpTarget {
    /// The parent process, over standard input and output.
    Stdio,
    /// Over HTTP.
    Address(SocketAddr),
}

#[cfg(feature = "mcp")]
impl FromStr for McpTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "stdio" {
            return Ok(Self::Stdio);
        }
        // The one name that always means the same.
        let numeric = text.replacen("localhost:", "127.0.0.1:", 1);
        numeric
            .parse()
            .map(Self::Address)
            .map_err(|_| format!("`{text}` is neither `stdio` nor an address like 127.0.0.1:8787"))
    }
}
