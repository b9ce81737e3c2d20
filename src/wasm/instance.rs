//! One running copy of a module: its memory, its limits, and the calls the world defines.

use std::fmt;
use std::sync::Arc;

use wasmi::{Store, Val};

use super::abi::{AbiFault, Lift};
use super::call_budget::CallBudget;
use super::driver::{Driver, abi_fault};
use super::function::Function;
use super::limiter::Limiter;
use super::signature::export;
use super::state::GuestState;
use super::{CompiledModule, MemoryAccount, MemoryBudget};
use crate::contract::{CallError, PluginResourceConfig, limits};
use crate::sandbox::Sandbox;

/// A guest's description of itself. JSON costs the host up to 40 times its text once it is read,
/// so this is far less than a result.
const DESCRIPTION_BYTES: usize = 256 * limits::KB;

/// An instance after `init`, ready for calls.
///
/// A call that traps, runs out of a resource or is dropped leaves the instance
/// [unusable](Self::is_usable): throw it away and start another.
pub struct Instance {
    /// Apart, because it is large and an instance is moved when it is parked.
    pub(super) store: Box<Store<GuestState>>,
    /// For the exports that are not used at every call.
    pub(super) wasm: wasmi::Instance,
    realloc: Function,
    execute_tool: Export,
    describe: Export,
    sandbox: Arc<Sandbox>,
    usable: bool,
    /// Keeps the engine, which the code runs on.
    module: Arc<CompiledModule>,
}

/// An exported function with its post-return, where the guest has one.
#[derive(Clone, Copy)]
pub(super) struct Export {
    name: &'static str,
    function: Function,
    post_return: Option<Function>,
}

impl Instance {
    /// Instantiates `module`, runs `_initialize` where it is exported, then `init`.
    ///
    /// # Errors
    ///
    /// [`CallError::Guest`] when `init` refuses, [`CallError::Exhausted`] when a limit is reached,
    /// also by the memory that the module starts with, and [`CallError::Trap`].
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
        let initialize = function(&wasm, &store, export::INITIALIZE, false);
        let mut instance = Self {
            realloc: function(&wasm, &store, realloc_name, true)
                .ok_or_else(|| missing(realloc_name))?,
            execute_tool: Export::find(&wasm, &store, export::EXECUTE_TOOL)?,
            describe: Export::find(&wasm, &store, export::DESCRIBE)?,
            store: Box::new(store),
            wasm,
            sandbox,
            usable: false,
            module: Arc::clone(module),
        };
        if let Some(initialize) = initialize {
            let sandbox = Arc::clone(&instance.sandbox);
            instance.driver(budget, export::INITIALIZE).run(initialize, &[], &sandbox).await?;
        }
        match instance.call(init, &[], budget, |lift, at| lift.unit_result("result", at)).await? {
            Ok(()) => Ok(instance),
            Err(message) => Err(CallError::Guest { message: format!("init: {message}") }),
        }
    }

    /// Whether `module` fits these limits from the start: with its memory, its tables and what they
    /// are filled with. Nothing of it is called.
    ///
    /// # Errors
    ///
    /// [`CallError::Exhausted`] and, for segments that do not fit, [`CallError::Trap`].
    pub fn check(
        module: &CompiledModule,
        resources: &PluginResourceConfig,
        memory_budget: &Arc<MemoryBudget>,
    ) -> Result<(), CallError> {
        instantiate(module, resources, memory_budget.account("")).map(|_| ())
    }

    /// Whether another call may be made.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.usable
    }

    /// The linear memory this instance holds, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.store.data().limiter.reserved()
    }

    /// Its plugin's part of the host's budget.
    pub(super) fn account(&self) -> &MemoryAccount {
        self.store.data().limiter.account()
    }

    /// The module this is an instance of.
    #[must_use]
    pub fn module(&self) -> &Arc<CompiledModule> {
        &self.module
    }

    /// The guest's description of itself: JSON, not yet checked.
    ///
    /// # Errors
    ///
    /// [`CallError::Trap`] and [`CallError::Exhausted`].
    pub async fn describe(&mut self, budget: &mut CallBudget) -> Result<String, CallError> {
        self.call(self.describe, &[], budget, |lift, pointer| {
            let span = lift.string_area("description", pointer)?;
            within(span.length as usize, DESCRIPTION_BYTES)?;
            lift.string("description", span)
        })
        .await
    }

    /// Runs a tool with its parameters as JSON text, and gives its result as the guest wrote it.
    ///
    /// # Errors
    ///
    /// [`CallError::Guest`] when the tool answers with an error, [`CallError::Denied`] when it does
    /// so because its last host call was refused, [`CallError::Trap`], [`CallError::Exhausted`],
    /// [`CallError::Exited`], and [`CallError::InvalidParams`] for more than
    /// [`limits::PARAMS_BYTES`].
    pub async fn execute_tool(
        &mut self,
        tool: &str,
        params: &str,
        budget: &mut CallBudget,
    ) -> Result<String, CallError> {
        if params.len() > limits::PARAMS_BYTES {
            let problem = format!("{} bytes, of at most {}", params.len(), limits::PARAMS_BYTES);
            return Err(CallError::InvalidParams { problem });
        }
        self.usable = false;
        let mut driver = self.driver(budget, export::EXECUTE_TOOL);
        let name = driver.lower(tool).await?;
        let params = driver.lower(params).await?;
        let words = [name.pointer, name.length, params.pointer, params.length];
        let arguments = words.map(|word| Val::I32(word.cast_signed()));
        let answer = self
            .call(self.execute_tool, &arguments, budget, |lift, pointer| {
                within(lift.result_text_length("result", pointer)?, limits::RESULT_BYTES)?;
                lift.string_result("result", pointer)
            })
            .await?;
        answer.map_err(|message| budget.guest_error(message))
    }

    /// Marks the instance as one that is not used again, unless the call that begins ends well.
    pub(super) fn give_up(&mut self) {
        self.usable = false;
    }

    pub(super) fn driver<'a>(
        &'a mut self,
        budget: &'a mut CallBudget,
        during: &'static str,
    ) -> Driver<'a> {
        Driver { store: &mut self.store, budget, realloc: self.realloc, during }
    }

    /// Calls an export, lifts its result and lets the guest free it.
    pub(super) async fn call<T>(
        &mut self,
        export: Export,
        params: &[Val],
        budget: &mut CallBudget,
        lift: impl FnOnce(&mut Lift<'_>, u32) -> Result<T, AbiFault>,
    ) -> Result<T, CallError> {
        self.usable = false;
        self.store.data_mut().lifted = 0;
        let sandbox = Arc::clone(&self.sandbox);
        let mut driver = self.driver(budget, export.name);
        let pointer = driver.run(export.function, params, &sandbox).await?;
        let (memory, lifted) = match driver.store.data().memory {
            Some(memory) => {
                let (bytes, state) = memory.data_and_store_mut(&mut *driver.store);
                (&*bytes, &mut state.lifted)
            }
            None => (&[][..], &mut driver.store.data_mut().lifted),
        };
        let value = lift(&mut Lift::new(memory, lifted), pointer.cast_unsigned())
            .map_err(|fault| abi_fault(fault, export.name))?;
        if let Some(post_return) = export.post_return {
            driver.run_alone(post_return, &[Val::I32(pointer)], "post-return").await?;
        }
        self.usable = true;
        Ok(value)
    }
}

/// A store with the module's memory and tables in it, of whose functions none has run.
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
    // Data and element segments are copied here; a start function was refused at load.
    store.set_fuel(limits::FUEL.maximum).map_err(|error| trap(&store, &error))?;
    match module.linker.instantiate_and_start(&mut store, &module.module) {
        Ok(wasm) => Ok((store, wasm)),
        Err(error) => Err(trap(&store, &error)),
    }
}

impl Export {
    /// # Errors
    ///
    /// [`CallError::NotReady`] if the module does not export it.
    pub(super) fn find(
        instance: &wasmi::Instance,
        store: &Store<GuestState>,
        name: &'static str,
    ) -> Result<Self, CallError> {
        let post_return = format!("{}{name}", export::POST_RETURN);
        Ok(Self {
            name,
            function: function(instance, store, name, true).ok_or_else(|| missing(name))?,
            post_return: function(instance, store, &post_return, false),
        })
    }
}

/// An exported function. Its type is the world's: a module with another one was refused.
fn function(
    instance: &wasmi::Instance,
    store: &Store<GuestState>,
    name: &str,
    has_result: bool,
) -> Option<Function> {
    instance.get_func(store, name).map(|func| Function { func, has_result })
}

fn missing(name: &str) -> CallError {
    CallError::NotReady { reason: format!("`{name}` is not exported") }
}

/// Refuses a text before it is copied.
fn within(bytes: usize, limit: usize) -> Result<(), AbiFault> {
    if bytes > limit { Err(AbiFault::TooMuch { limit }) } else { Ok(()) }
}

impl fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Instance")
            .field("usable", &self.usable)
            .field("memory_bytes", &self.memory_bytes())
            .finish_non_exhaustive()
    }
}
