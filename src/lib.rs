//! weft-lite runs untrusted extensions on small machines: **plugins**, which are WebAssembly modules
//! in a sandbox, and the **skills** that come with them. It interprets them with wasmi on a smol
//! executor, so there is no JIT compiler, no large async runtime and no thread per plugin.
//!
//! ```
//! use weft_lite::{Approval, PluginPackage, Runtime};
//! use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
//!
//! // A guest is a core module for the WIT world in `wit/plugin.wit`; this one is a test's.
//! let module = include_bytes!("../tests/guests/echo/plugin.wasm").as_slice();
//! let manifest = r#"{
//!     "id": "echo", "name": "Echo", "version": "0.1.0",
//!     "capabilities": ["tool"], "wasm_module": "plugin.wasm"
//! }"#;
//! let origin = PackageOrigin::Folder("echo".into());
//! let limits = ReadLimits::default();
//! let package =
//!     PluginPackage::read_parts(manifest, ManifestFormat::Json, module, origin, limits)?;
//!
//! let runtime = Runtime::builder().without_bundled().build();
//! let outcome = runtime.block_on(async {
//!     runtime.host().load([(package, Approval::NONE)], []).await;
//!     runtime.host().call("echo__echo", r#"{"hello": "world"}"#.into()).await
//! });
//! assert_eq!(outcome.result?, r#"{"hello": "world"}"#);
//! assert!(outcome.usage.fuel > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Life of a call
//!
//! ```text
//! surface (MCP, console, command line, embedder)
//!   -> PluginHost::call                                      actor/calls
//!   -> snapshot: which plugin, which version                 actor/snapshot, actor/registry
//!   -> that plugin's actor: instance, resident or fresh      actor/plugin
//!   -> its code, translated unless it is there               actor/module
//!   -> lower the arguments, run                              wasm/instance, wasm/abi
//!   -> [ slice of fuel | host call -> permit -> effect -> audit -> resume ]*
//!                                                            wasm/driver, sandbox
//!   -> lift the result, post-return, reply
//! ```
//!
//! # Life of a message
//!
//! ```text
//! channel (console, socket, a guest's): deliver_inbound       channel, actor/kinds
//!   -> Gateway: may this sender talk? a turn in its chat      pipeline/gateway
//!   -> slash command, from the one registry                   command
//!   -> tool line, prompt from SOUL.md, skills and tools       pipeline/tool_line, pipeline/assembler
//!   -> stages of others: PreProcess, Process, PostProcess     pipeline/stage; copies to observers
//!   -> what the channel can carry: safe text, parts, media    pipeline/reply
//!   -> channel: reply
//! ```
//!
//! Channels, stages, tools, memory backends and voice handlers, native or guests, are members of the
//! [`PluginHost`] and have one life cycle ([`LifecycleState`]).
//!
//! # Life of a change
//!
//! ```text
//! a file changes
//!   -> SkillWatcher: a batch of paths, or a poll             actor/watcher
//!   -> Loader scans: reads what changed, off the executor    actor/loader/disk, skill, package
//!   -> plans: what goes into service, what stays, what goes  actor/loader/plan
//!   -> fetches: new modules are made ready beside the old    actor/loader/fetch, actor/prepare
//!   -> their descriptions, asked for or already known        actor/known, package
//!   -> instance and code are dropped until the first call
//!   -> applies: all of it becomes one change                 actor/loader/reconciler
//!   -> PluginHost: one change, one snapshot, one generation  actor/host
//!   -> Subscription::next: what was added, changed, removed  actor/subscription
//! ```
//!
//! # Layers
//!
//! Imports go only downwards; `tests/tidy` holds it.
//!
//! | layer | folder | what lives there |
//! | --- | --- | --- |
//! | 7 | `main.rs`, `cli/` | the program: one file for each command |
//! | 6 | `runtime/` | [`Runtime`]: composes what is below and owns shutdown |
//! | 5 | `channel/`, `command/`, `pipeline/`, `mcp/` | surfaces: console and socket; slash commands; the life of a message; [`McpServer`](mcp::McpServer), with its transports and the check of arguments by [`Schema`](mcp::Schema) |
//! | 4 | `actor/` | [`PluginHost`], [`Loader`], [`SkillWatcher`], snapshots and subscriptions, guests as trait objects of their kinds |
//! | 3 | `wasm/`, `recipe/`, `autonomous/` | the engine; the only folder that names wasmi. Recipes, compiled to plugins. What repeated work has in common |
//! | 2 | `sandbox/`, `skill/`, `package/`, `store/` | permits, effects and audit; reading skills and which of them is effective; packages, approvals and secrets on disk (which may use `skill/` and `store/`); key-value stores |
//! | 1 | `task/` | concurrency: locks, mailboxes, and panics that cost one call ([`PanicContainment`]) |
//! | 0 | `contract/` | the plugin traits, manifest, limits and errors, without I/O |
//!
//! # Where things are decided
//!
//! | question | file |
//! | --- | --- |
//! | Is a host call permitted? | `sandbox/policy.rs` |
//! | Does a call have time and host calls left? | `wasm/call_budget.rs` |
//! | May a plugin store something? | `sandbox/storage.rs` |
//! | Which paths stay closed to every plugin? | `sandbox/filesystem/authority.rs` |
//! | What may a generated plugin ask for? | `contract/manifest/reader.rs` |
//! | What is wrong with a recipe? | `recipe/reader.rs`, `recipe/steps.rs` |
//! | Which calls are repeated work, and what have they in common? | `autonomous/finder.rs`, `autonomous/template.rs` |
//! | What is a skill's name? | `skill/format/fields/assemble.rs` |
//! | What is the name of a skill that a guest is? | `actor/kinds/metadata.rs` |
//! | Which of several skills with one name is effective? | `skill/registry/precedence.rs` |
//! | Does an approval cover a package? | `package/approval/approvals.rs` |
//! | What may be proposed, and what does a yes to it do? | `package/proposals/admission.rs`, `package/proposals/decide.rs` |
//! | What does a reload change? | `actor/loader/plan.rs` |
//! | What is an MCP tool's name? | `mcp/catalog/names.rs` |
//! | May this sender talk? | `pipeline/gateway.rs` |
//! | Which requests reach a plugin's webhook, and what may it answer? | `sandbox/webhook.rs`, `mcp/http/hook.rs` |
//! | Which tools may a guest call? | `sandbox/tools.rs`, `actor/host/tools.rs` |
//! | Where does a panic end? | `task/containment.rs` |
//! | What are the limits? | `contract/limits.rs` |
//!
//! # Invariants
//!
//! - The interpreter has no side effects. A host function lifts its arguments and suspends the
//!   guest; [`Sandbox::serve`](sandbox::Sandbox::serve) is the one door for every effect, and each passes the audit log. Clocks,
//!   waits and random numbers have no effects, so they are not logged.
//! - No guest can keep a thread: every call runs in slices of fuel with a yield between them, and
//!   dropping a call's future frees the guest.
//! - A snapshot never changes: a change makes a new [`Snapshot`] of plugins and skills, and
//!   reading one takes no lock. Calls in flight finish on the plugin that they began on.
//! - Every accepted message gets an answer or an error, also when the program stops.
//! - No two guests wait for each other: a tool call that would close a circle of waiting plugins is refused.
//! - No call waits for its caller: a tool that needs input ends the call ([`InputRequired`]), and the caller calls
//!   again with the input ([`CallerInput`]).
//! - No slash command is handled anywhere but through the [`CommandRegistry`](command::CommandRegistry).
//! - No plugin can push other plugins' records out of the audit log, nor hide its own effects behind refusals:
//!   rotation shares the room between plugins, functions and outcomes.
//! - A plugin or skill that fails to load never replaces the working version. The failure is reported. The old
//!   version can be called as long as its code is in memory.
//! - Only checked code runs: before code is translated for a call, the digest of its bytes is compared with that of
//!   the bytes that were validated at load.
//! - There is no unsafe code, no global state beside the logger, a mark on the thread that
//!   edits a line, a counter for names of temporary files, the pool of threads for work that blocks
//!   and the moment at which WASI's monotonic clock starts, and no thread per plugin.
//!
//! # Features
//!
//! | feature | default | what |
//! | --- | --- | --- |
//! | (none) | – | the embedder's core: contract, sandbox, engine, plugin host, stores in memory |
//! | `cli` | yes | the program: argh, env_logger |
//! | `watch` | yes | [`SkillWatcher`] with the kernel's notifications (notify); without it, it polls |
//! | `net` | yes | `http-request` and the door `http`: an HTTP/1.1 client with TLS; without it every request is refused |
//! | `websocket` | yes | the door `websocket`; without it, a plugin that needs the door is not loaded |
//! | `package` | yes | installing: archives, signatures, registries; a module's size after gzip |
//! | `mcp` | yes | [`McpServer`](mcp::McpServer) over pipes and within the process; [`Schema`](mcp::Schema) (+0.41 MB); without it the settings of plugins are not checked |
//! | `serve` | yes | the same over HTTP: [`McpListener`](mcp::McpListener) (+0.17 MB) |
//! | `console` | yes | line editing at a terminal (+0.22 MB) |
//! | `socket` | yes | the channel for other programs on the machine (+0.13 MB) |
//! | `store` | yes | what plugins keep by the door `store` lasts; without it, it is in memory |
//! | `bundled` | yes | the plugins and skills in `skills/`, compiled in, and the compiler of recipes ([`recipe`]) |
//! | `autonomous` | yes | skills that are drafted from repeated work and wait for the user's yes ([`autonomous`]; +0.24 MB) |

pub mod actor;
#[cfg(feature = "autonomous")]
pub mod autonomous;
pub mod channel;
pub mod command;
mod contract;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod package;
pub mod pipeline;
#[cfg(feature = "bundled")]
pub mod recipe;
mod runtime;
pub mod sandbox;
#[cfg(feature = "mcp")]
mod schema;
pub mod skill;
pub mod store;
mod task;
pub mod wasm;

pub use actor::{
    Changes, LifecycleState, LoadedPlugin, Loader, LoaderOptions, PluginHost, PluginHostOptions,
    PluginModule, PluginRegistry, SkillWatcher, Snapshot, Subscription,
};
pub use contract::{
    Acknowledgement, AnswerPart, Audio, BoxFuture, CallContext, CallOutcome, CallerInput,
    Cancellation, CancellationSource, Capability, ChannelAdapter, ChannelHost, FileGrant,
    GeneratedFrom, INPUT_KEY, InputRequired, InstanceMode, KeyValueStore, MemoryBackend, MemoryHit,
    MessagePayload, NoSecrets, PipelineStage, PipelineStageType, PluginCapability,
    PluginDescription, PluginManifest, PluginPermissions, PluginResourceConfig, Progress, Reply,
    Requester, Secret, SecretSource, Service, Skill, StoreSource, Tool, ToolContext,
    ToolDescription, Usage, VoiceHandler, full_tool_name, limits,
};
pub use package::{Approval, PluginPackage};
#[cfg(feature = "autonomous")]
pub use runtime::check_proposal;
pub use runtime::{Runtime, RuntimeBuilder};
pub use task::{LOST_THREADS, PanicContainment};

/// Why things fail: what each error says, and the next step for the person who reads it.
pub mod errors {
    pub use crate::actor::{CapabilityMismatch, LifecycleError, LoadError};
    pub use crate::command::CommandError;
    pub use crate::contract::{
        ActionableError, CallError, Denied, DocumentFault, Exhausted, Failure, ManifestError,
        NoService, NotLoaded, PluginError,
    };
    #[cfg(feature = "autonomous")]
    pub use crate::package::ProposalError;
    pub use crate::package::{
        ConfigFileError, HomeError, HomeErrorKind, HomeFault, PackageError, PackageErrorKind,
        PackageFault, SecretError,
    };
    #[cfg(feature = "package")]
    pub use crate::package::{
        InstallError, KeyError, KeyErrorKind, KeyFault, PackError, RegistryError, SignatureError,
    };
    #[cfg(feature = "net")]
    pub use crate::sandbox::NetworkOptionsError;
    pub use crate::skill::FolderNameFault;
    #[cfg(feature = "store")]
    pub use crate::store::StoreError;
    pub use crate::wasm::{ModuleError, ModuleFault};
}

/// The operator's `config.yaml`, as it is read.
pub mod config {
    pub use crate::contract::{
        AutonomousConfig, ChannelConfig, ChannelFormat, ChannelSettings, Config, ConfigText,
        InvalidConfig, McpConfig, ParsedConfig, ToolNames, UneditableConfig, WatchConfig,
        expand_path,
    };
    pub use crate::runtime::{ConfigError, ConfigErrorKind, workspace_authority};
}

/// How names, lists and texts of strangers are shown to people.
pub mod text {
    pub use crate::contract::{
        TextFormat, did_you_mean, json_line, json_lines, listed, sanitize_text, shell_word, shown,
        similar_names,
    };
    pub use crate::sandbox::printable;
}

/// Maps and sets as sorted vectors, which make smaller programs than trees.
pub mod sorted {
    pub use crate::contract::{SortedEntries, SortedEntry, SortedMap, SortedSet};
}
