//! Compiled modules: checked, translated, and with their imports defined.

use std::fmt;
use std::sync::Arc;

use wasmi::errors::ErrorKind;
use wasmi::{CompilationMode, Config, CustomFuelCosts, EnforcedLimits, Engine, Linker, Module};

use super::fault::ModuleFault;
use super::imports;
use super::inspect;
use super::memory_counter::{CodeCharge, MemoryAccount};
use super::state::GuestState;
use super::summary::ModuleSummary;
use crate::contract::limits;
use crate::package::counted_bytes;

/// The most faults that the text of an error shows.
const SHOWN_FAULTS: usize = 8;

/// The name of the steps of translation in an error.
const TRANSLATION_STEPS: &str = "steps of translation";

/// wasmi's default charge for bulk operations.
const BYTES_COPIED_PER_FUEL: u32 = 64;

/// A translated module with an engine of its own.
///
/// An engine never frees the code that was loaded into it, so an engine for all modules would grow with every
/// reload. This one is dropped with the last instance of this version of the module.
pub struct CompiledModule {
    pub(super) engine: Engine,
    pub(super) module: Module,
    pub(super) linker: Linker<GuestState>,
    summary: Arc<ModuleSummary>,
    /// Its charge in a host's memory budget, if it belongs to one.
    charge: Option<CodeCharge>,
}

/// The moment at which functions are translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Translation {
    /// All functions before the first call.
    Whole,
    /// Each function at its first call; see [`CompiledModule::new_lazy`].
    AtFirstCall,
}

/// The error of compiling a module, with every fault that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleError {
    /// At least one fault.
    pub faults: Vec<ModuleFault>,
}

impl CompiledModule {
    /// Checks and translates a core module, or the core module of a component, of at most
    /// [`limits::MODULE_BYTES`] without its custom sections.
    ///
    /// Its code may have as many steps of translation as the module may have bytes; see
    /// [`ModuleSummary::translation_steps`]. That bounds the cost of translation for any code: about 60 bytes
    /// and a microsecond for a step, so at most 20 MB for a module that needs no approval of its size, and 120
    /// MB for one with approval. An ordinary module costs a fifth of that.
    ///
    /// This takes about 0.5 ms for 20 KB and does not yield: call it off the executor.
    ///
    /// # Errors
    ///
    /// [`ModuleError`] with every [`ModuleFault`] that keeps the module from running.
    pub fn new(bytes: &[u8]) -> Result<Arc<Self>, ModuleError> {
        Self::with_limit(bytes, limits::MODULE_BYTES)
    }

    /// The same, with the operator's own limit on the module's size in bytes.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_limit(bytes: &[u8], limit_bytes: usize) -> Result<Arc<Self>, ModuleError> {
        let summary = Self::check(bytes, limit_bytes)?;
        Self::of_checked(bytes, &Arc::new(summary), Translation::Whole).map(Arc::new)
    }

    /// The same, but each function is translated at its first call. That needs a third of the memory if few
    /// functions are called. Translation then takes time on the executor and costs no fuel, so this is only for
    /// trusted modules: those that come with the program.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn new_lazy(bytes: &[u8], limit_bytes: usize) -> Result<Arc<Self>, ModuleError> {
        let summary = Self::check(bytes, limit_bytes)?;
        Self::of_checked(bytes, &Arc::new(summary), Translation::AtFirstCall).map(Arc::new)
    }

    /// The summary of the module, if it may run: everything that is checked before the interpreter validates the
    /// code.
    pub(crate) fn check(bytes: &[u8], limit_bytes: usize) -> Result<ModuleSummary, ModuleError> {
        let counted = counted_bytes(bytes);
        if counted > limit_bytes {
            return Err(ModuleFault::TooLarge { bytes: counted, limit: limit_bytes }.into());
        }
        let mut summary = ModuleSummary::read(bytes);
        let (count, limit) = (summary.translation_steps, limit_bytes);
        if count > limit as u64 {
            let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
            let (count, limit) = (narrow(count), narrow(limit as u64));
            summary.faults.push(ModuleFault::TooMany { what: TRANSLATION_STEPS, count, limit });
        }
        match summary.faults.is_empty() {
            true => Ok(summary),
            false => Err(ModuleError { faults: summary.faults }),
        }
    }

    /// Compiles a module for which [`check`](Self::check) returned `summary`, for exactly these bytes.
    pub(crate) fn of_checked(
        bytes: &[u8],
        summary: &Arc<ModuleSummary>,
        translation: Translation,
    ) -> Result<Self, ModuleError> {
        let core = inspect::core_module(bytes).ok_or(ModuleFault::NotWasm)?;
        let refused = |error: wasmi::Error| match error.kind() {
            ErrorKind::Wasm(error) => inspect::malformed(error),
            error => ModuleFault::Refused { problem: error.to_string() },
        };
        let engine = Engine::new(&match translation {
            Translation::Whole => at_load(),
            Translation::AtFirstCall => at_first_call(),
        });
        let module = Module::new(&engine, core).map_err(refused)?;
        let mut linker = Linker::new(&engine);
        imports::define(&mut linker, summary).map_err(refused)?;
        Ok(Self { engine, module, linker, summary: Arc::clone(summary), charge: None })
    }

    /// The same module, which counts against a host's memory budget as long as it exists.
    pub(crate) fn charged(mut self, charge: CodeCharge) -> Self {
        self.charge = Some(charge);
        self
    }

    /// The account of its plugin, if it counts against a budget.
    pub(super) fn account(&self) -> Option<&MemoryAccount> {
        self.charge.as_ref().map(CodeCharge::account)
    }

    /// The summary of the module.
    #[must_use]
    pub fn summary(&self) -> &ModuleSummary {
        &self.summary
    }
}

/// The interpreter's configuration. Functions are translated eagerly: translation during a call takes time on
/// the executor and costs fuel, and a call that runs out of fuel there can't be resumed.
fn at_load() -> Config {
    let mut config = Config::default();
    config
        .compilation_mode(CompilationMode::Eager)
        .consume_fuel(true)
        .allow_start_fn(false)
        .ignore_custom_sections(true)
        .enforced_limits(EnforcedLimits::strict())
        // Compilers of guests don't use these by default, and code that is off needs no trust.
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config
}

/// The same with translation at the first call, which costs no fuel.
fn at_first_call() -> Config {
    let mut config = at_load();
    config.compilation_mode(CompilationMode::LazyTranslation).fuel_cost(CustomFuelCosts {
        bytes_copied_per_fuel: BYTES_COPIED_PER_FUEL,
        fuel_per_bytes_translated: 0,
        fuel_per_bytes_validated: 0,
    });
    config
}

impl fmt::Debug for CompiledModule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CompiledModule")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

impl From<ModuleFault> for ModuleError {
    fn from(fault: ModuleFault) -> Self {
        Self { faults: vec![fault] }
    }
}

impl fmt::Display for ModuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the module ")?;
        for (index, fault) in self.faults.iter().take(SHOWN_FAULTS).enumerate() {
            if index > 0 {
                formatter.write_str("; ")?;
            }
            fault.fmt(formatter)?;
        }
        match self.faults.len().saturating_sub(SHOWN_FAULTS) {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more"),
        }
    }
}

impl std::error::Error for ModuleError {}
