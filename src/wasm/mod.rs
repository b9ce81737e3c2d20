//! The engine: the only folder that uses the interpreter directly.
//!
//! `inspect` reads a module, `module` compiles it, and `start` makes an instance of it. `instance` and `kinds` call
//! the instance's functions, with arguments and results by `abi` and `records`. `driver` runs a call in slices
//! of fuel. `imports` and `wasi` suspend the guest in a host call, which the driver serves. `memory_budget`
//! counts the memory of all guests, and keeps their idle instances.
//!
//! Files whose code runs inside of the interpreter or reads a guest's memory deny the lints against panics: the
//! interpreter's frames do not unwind, and a guest must not be able to end its host.

mod abi;
mod body;
mod call;
mod call_budget;
mod component;
mod driver;
mod fault;
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
mod signature;
mod start;
mod state;
mod summary;
mod suspend;
mod wasi;
mod worlds;

pub use crate::contract::FuelGauge;
pub use call::{GuestCall, GuestInbound, GuestValue};
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
