//! Starts instances: their memory and tables first, then `_initialize` and `init`.

use std::fmt;
use std::sync::Arc;

use wasmi::Store;

use super::call_budget::CallBudget;
use super::function::{Export, Function, missing};
use super::instance::Instance;
use super::limiter::Limiter;
use super::memory_budget::MemoryBudget;
use super::memory_counter::MemoryAccount;
use super::module::CompiledModule;
use super::signature::export;
use super::state::GuestState;
use crate::contract::{CallError, PluginResourceConfig, limits};
use crate::sandbox::Sandbox;

impl Instance {
    /// Instantiates `module`, runs `_initialize` where it is exported, then `init`.
    ///
    /// # Errors
    ///
    /// [`CallError::Guest`] when `init` refuses, [`CallError::Exhausted`] when a limit is reached,
    /// also by the memory that the module starts with, and [`CallError::Trap`].
    ///
    /// Both functions run on `budget`: a guest that loops in one is stopped as in any other function (T28), and
    /// what they use is not there for the call after them. Host calls in them go through `sandbox`. Dropping the
    /// future gives the memory back.
    pub async fn start(
        module: &Arc<CompiledModule>,
        sandbox: Arc<Sandbox>,
        resources: &PluginResourceConfig,
        memory_budget: Arc<MemoryBudget>,
        budget: &mut CallBudget,
    ) -> Result<Self, CallError> {
        let (mut store, wasm) =
            instantiate(module, resources, memory_budget.account(sandbox.plugin()))?;
        store.data_mut().memory = wasm.get_memory(&store, export::MEMORY);
        store.data_mut().sandbox = Some(Arc::clone(&sandbox));
        budget.peak_memory_bytes = budget.peak_memory_bytes.max(store.data().limiter.reserved());

        let realloc_name = module.summary().realloc().unwrap_or(export::REALLOC);
        let init = Export::find(&wasm, &store, export::INIT)?;
        let initialize = Function::find(&wasm, &store, export::INITIALIZE, false);
        let mut instance = Self {
            realloc: Function::find(&wasm, &store, realloc_name, true)
                .ok_or_else(|| missing(realloc_name))?,
            execute_tool: Export::find(&wasm, &store, export::EXECUTE_TOOL)?,
            describe: Export::find(&wasm, &store, export::DESCRIBE)?,
            store: Box::new(store),
            wasm,
            sandbox,
            usable: false,
            module: Arc::clone(module),
        };
        // By WASI's convention for reactors, this runs constructors before any other export is called.
        if let Some(initialize) = initialize {
            let sandbox = Arc::clone(&instance.sandbox);
            instance.driver(budget, export::INITIALIZE).run(initialize, &[], &sandbox).await?;
        }
        match instance.call(init, &[], budget, |lift, at| lift.unit_result("result", at)).await? {
            Ok(()) => Ok(instance),
            Err(message) => Err(CallError::Guest { message: format!("init: {message}") }),
        }
    }

    /// Checks that `module` fits these limits at the start: its memory, its tables and their contents. None of
    /// its functions is called.
    ///
    /// # Errors
    ///
    /// [`CallError::Exhausted`] and, for segments that do not fit, [`CallError::Trap`].
    ///
    /// This finds a module that could start no instance, as `plugin inspect` does, without running its code.
    pub fn check(
        module: &CompiledModule,
        resources: &PluginResourceConfig,
        memory_budget: &Arc<MemoryBudget>,
    ) -> Result<(), CallError> {
        instantiate(module, resources, memory_budget.account("")).map(|_| ())
    }
}

/// A store with the module's memory and tables. No function has run yet.
///
/// # Errors
///
/// [`CallError::Exhausted`] for memory or tables beyond the limits, [`CallError::Trap`] for segments outside of
/// them.
fn instantiate(
    module: &CompiledModule,
    resources: &PluginResourceConfig,
    account: MemoryAccount,
) -> Result<(Store<GuestState>, wasmi::Instance), CallError> {
    let state = GuestState::new(Limiter::new(resources, account));
    let mut store = Store::new(&module.engine, state);
    store.limiter(|state| &mut state.limiter);
    let trap = |store: &Store<GuestState>, error: &dyn fmt::Display| match store
        .data()
        .limiter
        .refused()
    {
        Some(refused) => CallError::Exhausted(refused),
        None => CallError::Trap { name: error.to_string(), during: "instantiation" },
    };
    // This fuel only pays for copying data and element segments, which the module's size bounds: a module with a
    // start function was refused at load.
    store.set_fuel(limits::FUEL.maximum).map_err(|error| trap(&store, &error))?;
    match module.linker.instantiate_and_start(&mut store, &module.module) {
        Ok(wasm) => Ok((store, wasm)),
        Err(error) => Err(trap(&store, &error)),
    }
}
