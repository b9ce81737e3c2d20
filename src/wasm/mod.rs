//! The engine: the only folder that names the interpreter.

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
mod suspend;
mod wasi;
mod worlds;

pub use crate::contract::FuelGauge;
pub use call::{GuestCall, GuestInbound, GuestValue};
pub use call_budget::CallBudget;
pub use fault::ModuleFault;
pub(crate) use idle_pool::Kept;
pub use idle_pool::Parked;
pub use inspect::{ExportSummary, ImportSummary, MemorySummary, ModuleFormat, ModuleSummary};
pub use instance::Instance;
pub use memory_budget::MemoryBudget;
pub(crate) use memory_counter::{CodeCharge, MemoryAccount};
pub(crate) use module::Translation;
pub use module::{CompiledModule, ModuleError};
