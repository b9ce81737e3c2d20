//! The engine: the only folder that uses the interpreter directly.
//!
//! `inspect` reads a module, `module` compiles it, and `start` makes an instance of it. `instance` and `kinds` call
//! the instance's functions, with arguments and results by `abi` and `records`. `driver` runs a call in slices
//! of fuel. `imports`, `doors` and `wasi` suspend the guest in a host call, which the driver serves. `memory_budget`
//! counts the memory of all guests, and keeps their idle instances.
//!
//! Files whose code runs inside of the interpreter or reads a guest's memory deny the lints against panics: the
//! interpreter's frames do not unwind, and a guest must not be able to end its host.
//!
//! # Using the engine alone
//!
//! An embedder usually has a [`PluginHost`](crate::PluginHost), which keeps instances and calls them. Without
//! one, a call is made like this:
//!
//! ```
//! use std::sync::Arc;
//!
//! use weft_lite::limits::MB;
//! use weft_lite::sandbox::{PluginIdentity, Sandbox, SandboxOptions};
//! use weft_lite::wasm::{CallBudget, CompiledModule, Instance, MemoryBudget};
//! use weft_lite::{PluginPermissions, PluginResourceConfig};
//!
//! let path = concat!(env!("CARGO_MANIFEST_DIR"), "/skills/text-stats/plugin.wasm");
//! let module = CompiledModule::new(&std::fs::read(path)?)?;
//!
//! // The plugin may do nothing but compute.
//! let plugin = PluginIdentity { id: "text-stats".into(), version: "0.1.0".into() };
//! let permissions = PluginPermissions::default();
//! let resources = PluginResourceConfig::default();
//! let options = SandboxOptions::new(".");
//! let (sandbox, warnings) = Sandbox::new(plugin, None, &permissions, &resources, &options);
//! assert!(warnings.is_empty());
//!
//! let sandbox = Arc::new(sandbox);
//! let memory = MemoryBudget::new(64 * MB);
//! let answer = smol::block_on(async {
//!     let mut budget = CallBudget::new(&resources);
//!     let mut instance =
//!         Instance::start(&module, sandbox, &resources, memory, &mut budget).await?;
//!     // Each call has a budget of its own.
//!     let mut budget = CallBudget::new(&resources);
//!     instance.execute_tool("text_stats", r#"{"text": "one two"}"#, &mut budget).await
//! })?;
//! assert!(answer.contains(r#""words":2"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod abi;
mod body;
mod call;
mod call_budget;
mod clock;
mod component;
mod doors;
mod driver;
mod fault;
mod foreign_hosts;
mod function;
mod idle_pool;
mod imports;
mod inspect;
mod instance;
mod kinds;
mod limiter;
mod memory_budget;
mod memory_counter;
mod module;
mod records;
mod replies;
mod signature;
mod start;
mod state;
mod summary;
mod suspend;
mod wasi;

pub use crate::contract::FuelGauge;
#[cfg(feature = "serve")]
pub use call::HookRequest;
pub use call::{AnswerOutcome, GuestCall, GuestInbound, GuestValue};
pub use call_budget::CallBudget;
pub use fault::ModuleFault;
pub(crate) use idle_pool::Kept;
pub use idle_pool::Parked;
pub use instance::Instance;
pub use memory_budget::MemoryBudget;
pub(crate) use memory_counter::{CodeCharge, MemoryAccount};
pub(crate) use module::Translation;
pub use module::{CompiledModule, ModuleError};
pub use summary::{ExportSummary, ImportSummary, MemorySummary, ModuleFormat, ModuleSummary};
