//! Every ceiling of the sandbox in one table, with its unit in its name.
//!
//! The source is the limits table of the security rules. In this table one KB is 1,024 bytes and
//! one MB is 1,048,576 bytes, because linear memory comes in pages of 65,536 bytes.

use std::time::Duration;

/// Bytes in a KB, as the limits count.
pub const KB: usize = 1024;
/// Bytes in a MB, as the limits count.
pub const MB: usize = 1024 * KB;

/// A limit that a manifest may set: the value used when it is silent, and the range allowed.
///
/// A manifest value outside the range is clamped to it, with a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The manifest's key under `resources`.
    pub key: &'static str,
    /// Used when the manifest doesn't say.
    pub default: u64,
    /// The lowest value that makes sense.
    pub minimum: u64,
    /// The hard maximum.
    pub maximum: u64,
}

impl Range {
    pub(super) const fn new(key: &'static str, default: u64, minimum: u64, maximum: u64) -> Self {
        Self { key, default, minimum, maximum }
    }
}

/// Units of fuel for one call. The interpreter spends about one for each instruction.
pub const FUEL: Range = Range::new("max_fuel", 1_000_000_000, 1_000_000, 10_000_000_000);
/// Linear memory of one instance in MB.
pub const MEMORY_MB: Range = Range::new("max_memory_mb", 16, 1, 256);
/// Elements of all tables of one instance.
pub const TABLE_ELEMENTS: Range = Range::new("max_table_elements", 10_000, 0, 100_000);
/// Seconds of wall clock for one call.
pub const EXECUTION_SECONDS: Range = Range::new("max_execution_seconds", 30, 1, 300);
/// HTTP requests of one plugin within any minute.
pub const HTTP_REQUESTS_PER_MINUTE: Range = Range::new("max_http_requests_per_minute", 10, 0, 600);
/// Log messages of one plugin within any minute.
pub const LOG_MESSAGES_PER_MINUTE: Range = Range::new("max_log_messages_per_minute", 100, 0, 6_000);
/// Host calls within one call.
pub const HOST_CALLS: Range = Range::new("max_host_calls", 10_000, 0, 1_000_000);

/// KB that a plugin may keep in the door `store`. Without the permission it may keep nothing.
pub const STORAGE_KB: Range = Range::new("max_kb", 0, 1, 16 * KB as u64);

/// Linear memories of one instance.
pub const MEMORIES: usize = 1;
/// Tables of one instance.
pub const TABLES: usize = 4;
/// Wasm instances in one store.
pub const INSTANCES: usize = 1;

/// What a plugin may keep in its own data folder.
pub const PLUGIN_DATA_BYTES: usize = 64 * MB;
/// What a surface may hold for all its clients together.
pub const SURFACE_BYTES: usize = 16 * MB;
/// The same as the operator says it.
pub(crate) const SURFACE_MEMORY_MB: Range =
    Range::new("surface_memory_mb", (SURFACE_BYTES / MB) as u64, 8, 4_096);
/// A call's parameters, as JSON text.
pub const PARAMS_BYTES: usize = 4 * MB;
/// A line or a body that such parameters come in, with all that may stand beside them: a name, and the
/// answers to what a tool asked for, with its state.
pub const MESSAGE_BYTES: usize = PARAMS_BYTES + 512 * KB;
/// A call's result, as JSON text.
pub const RESULT_BYTES: usize = 4 * MB;
/// What a tool that asks its caller for something gets back with the answer.
pub const INPUT_STATE_BYTES: usize = 64 * KB;
/// All that a tool asks its caller for at once, as JSON text.
pub const INPUT_REQUESTS_BYTES: usize = 64 * KB;
/// Requests to its caller that a tool has at once.
pub const INPUT_REQUESTS: usize = 16;
/// The answers to them, as JSON text.
pub const INPUT_RESPONSES_BYTES: usize = 256 * KB;
/// For how long they can be answered.
pub const INPUT_TIME: Duration = Duration::from_secs(15 * 60);
/// All arguments of one call of a kind other than a tool: a state, a message, sound.
pub const ARGUMENTS_BYTES: usize = 4 * MB;
/// A guest's instructions, and all its variables: as much as a `SKILL.md`.
pub const INSTRUCTIONS_BYTES: usize = 256 * KB;
/// The body of a request for a plugin's webhook, and all of its answer.
pub const HOOK_BYTES: usize = MB;
/// Requests for one plugin's webhook within any minute.
pub const HOOK_REQUESTS_PER_MINUTE: u32 = 300;
/// Refused ones of them that are recorded within any minute. Further ones are counted.
pub const HOOK_REFUSALS_PER_MINUTE: u32 = 30;
/// Requests for one plugin's webhook at the same time.
pub const HOOK_REQUESTS_AT_ONCE: usize = 4;
/// Messages that a channel gives in one poll.
pub const INBOUND_MESSAGES: u32 = 1_000;
/// An id that a channel gave a message, and its names of the message's chat, thread and sender.
pub const MESSAGE_ID_BYTES: usize = KB;
/// Entries that a search gives.
pub const SEARCH_HITS: u32 = 1_000;
/// Tags of one entry of a memory.
pub const TAGS: usize = 1_000;
/// Everything the host copies out of a guest's memory during one call: results, arguments of host
/// calls, descriptions.
pub const LIFTED_BYTES_PER_CALL: usize = 64 * MB;

/// An HTTP request's body.
pub const HTTP_REQUEST_BODY_BYTES: usize = MB;
/// An HTTP response's body; what comes after it is cut off.
pub const HTTP_RESPONSE_BODY_BYTES: usize = 4 * MB;
/// One HTTP request, from name lookup to the last byte of the body; of a body that is read bit by bit, to the
/// connection.
pub const HTTP_REQUEST_TIME: Duration = Duration::from_secs(30);
/// Lookups of names that one plugin has under way at once, because each may keep a thread for long.
pub const HTTP_LOOKUPS: usize = 4;
/// Bodies of one plugin that are read bit by bit, at once. A call that reads none waits for its turn.
pub const HTTP_STREAMS: usize = 8;
/// Such a body in total.
pub const HTTP_STREAM_BYTES: usize = 16 * MB;
/// The most bytes that one read of it returns.
pub const HTTP_STREAM_PART_BYTES: usize = 64 * KB;
/// For how long a read of it may bring nothing. The head before it has as long from the connection on.
pub const HTTP_STREAM_IDLE_TIME: Duration = Duration::from_secs(120);
/// A message of a WebSocket, in each direction. Sockets count in [`HTTP_STREAMS`].
pub const WEBSOCKET_MESSAGE_BYTES: usize = MB;
/// For how long a message may be on its way to a server that doesn't read it.
pub const WEBSOCKET_SEND_TIME: Duration = Duration::from_secs(30);
/// For how long the other side of a WebSocket may take for its part in the closing.
pub const WEBSOCKET_CLOSE_TIME: Duration = Duration::from_secs(2);

/// A file that a guest reads.
pub const FILE_READ_BYTES: usize = 8 * MB;
/// What a guest writes to a file.
pub const FILE_WRITE_BYTES: usize = 4 * MB;
/// Tools that a guest calls at once.
pub const TOOL_CALLS: u32 = 16;
/// Parameters and results that all calls of tools hold at once to which one call has led.
pub const TOOL_BYTES: usize = 16 * MB;
/// Guests that may wait for one call, each for the next.
pub const CALL_DEPTH: usize = 8;
/// A value in a plugin's store.
pub const STORE_VALUE_BYTES: usize = MB;
/// A key in a plugin's store.
pub const STORE_KEY_BYTES: usize = 512;
/// Entries of a plugin's store, because each costs memory beside what is stored.
pub const STORE_ENTRIES: usize = 50_000;
/// A list of a plugin's keys, with 8 bytes more for each.
pub const STORE_KEYS_BYTES: usize = 4 * MB;

/// One log message; what comes after it is replaced by `... [truncated]`.
pub const LOG_MESSAGE_BYTES: usize = 4096;

/// A module that comes without a question; custom sections don't count. An operator may raise it.
pub const MODULE_BYTES: usize = 300 * KB;
/// Such a module after gzip. An operator may raise it.
pub const MODULE_GZIP_BYTES: usize = 120 * KB;
/// A module whose size the operator said yes to. After gzip it may have as much more as before.
pub const MODULE_APPROVED_BYTES: usize = 2 * MB;
/// What an operator may raise the limits of a module to.
pub const MODULE_MOST_BYTES: usize = 16 * MB;

/// What to do about a module over a limit, which the operator can raise by this key of the configuration
/// unless it is at its maximum.
pub(crate) fn module_next_step(limit: usize, key: &str) -> String {
    let build = "build it for size (opt-level \"s\", LTO, panic \"abort\")";
    match limit < MODULE_MOST_BYTES {
        true => format!("{build}, or let the operator raise `limits.{key}`"),
        false => build.to_owned(),
    }
}

/// All files of a package together.
pub const PACKAGE_BYTES: u64 = 10 * MB as u64;
/// Files and folders of an archive.
pub const PACKAGE_ENTRIES: usize = 1000;
/// A path inside a package.
pub const PACKAGE_PATH_BYTES: usize = 240;
/// A manifest file.
pub const MANIFEST_BYTES: usize = 64 * KB;

/// All guests' memory together, unless the operator says otherwise: this, or a quarter of the
/// machine's memory where that is less. One plugin may hold half of it while others are in service.
pub const MEMORY_BUDGET_BYTES: usize = 64 * MB;
/// MB of it as the operator says it. Zero stands for the machine's own default.
pub(crate) const MEMORY_BUDGET_MB: Range = Range::new("memory_budget_mb", 0, 1, 65_536);

/// Tools of one plugin.
pub const TOOLS: usize = 256;
/// The characters of a tool's full name, `<owner>__<tool>`.
pub const TOOL_NAME_CHARS: usize = 64;
