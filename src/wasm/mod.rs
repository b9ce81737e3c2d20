//! The engine: the only folder that names the interpreter.

mod abi;
mod body;
mod budget;
mod call;
mod call_budget;
mod component;
mod driver;
mod fault;
mod function;
mod imports;
mod inspect;
mod instance;
mod kinds;
mod limiter;
mod module;
mod records;
mod signature;
mod state;
mod suspend;
mod wasi;
mod worlds;

pub use crate::contract::FuelGauge;
pub(crate) use budget::{CodeCharge, Kept, MemoryAccount};
pub use budget::{MemoryBudget, Parked};
pub use call::{GuestCall, GuestInbound, GuestValue};
pub use call_budget::CallBudget;
pub use fault::ModuleFault;
pub use inspect::{ExportSummary, ImportSummary, MemorySummary, ModuleFormat, ModuleSummary};
pub use instance::Instance;
pub(crate) use module::Translation;
pub use module::{CompiledModule, ModuleError};
