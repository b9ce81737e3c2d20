//! The engine: the only folder that names the interpreter.

mod abi;
mod budget;
mod component;
mod driver;
mod fault;
mod imports;
mod inspect;
mod instance;
mod limiter;
mod module;
mod signature;
mod state;
mod table_grow;
mod wasi;

pub use budget::{MemoryBudget, Parked};
pub use driver::CallBudget;
pub use fault::ModuleFault;
pub use inspect::{ExportSummary, ImportSummary, MemorySummary, ModuleFormat, ModuleSummary};
pub use instance::Instance;
pub use module::{CompiledModule, ModuleError};
