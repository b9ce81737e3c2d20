//! One running copy of a module: its memory, its limits, and the calls of every plugin.

use std::fmt;
use std::sync::Arc;

use wasmi::{Store, Val};

use super::abi::{AbiFault, Lift};
use super::call::too_much;
use super::call_budget::CallBudget;
use super::driver::{Driver, abi_fault};
use super::function::{Export, Function};
use super::memory_counter::MemoryAccount;
use super::module::CompiledModule;
use super::signature::export;
use super::state::GuestState;
use crate::contract::{CallError, limits};
use crate::sandbox::Sandbox;

/// The most bytes of a guest's description of itself. Parsed JSON takes up to 40 times the memory of its text, so this is
/// far less than a result.
const DESCRIPTION_BYTES: usize = 256 * limits::KB;

/// An instance after `init`, ready for calls.
///
/// A call that traps, runs out of a resource or is dropped leaves the instance
/// [unusable](Self::is_usable), because the guest was stopped in the middle of its work: drop it and start
/// another.
///
/// Its memory is its own: no other instance sees it (T43), and it lasts until the instance is dropped, so a
/// guest may keep state in it between calls. That state is a cache, because the host may drop an idle instance
/// at any time.
pub struct Instance {
    /// In a box, because it is large and an instance is moved when it is parked.
    pub(super) store: Box<Store<GuestState>>,
    /// For looking up the exports of the other kinds.
    pub(super) wasm: wasmi::Instance,
    pub(super) realloc: Function,
    pub(super) execute_tool: Export,
    pub(super) describe: Export,
    pub(super) sandbox: Arc<Sandbox>,
    /// False from the start of a call until its success.
    pub(super) usable: bool,
    /// Keeps the engine alive, on which the code runs.
    pub(super) module: Arc<CompiledModule>,
}

impl Instance {
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

    /// The memory account of its plugin.
    pub(super) fn account(&self) -> &MemoryAccount {
        self.store.data().limiter.account()
    }

    /// The module of this instance.
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

    /// Runs a tool with its parameters as JSON text. Returns its result as the guest wrote it.
    ///
    /// # Errors
    ///
    /// [`CallError::Guest`] when the tool returns an error, [`CallError::Denied`] when it does so after its
    /// last host call was refused, [`CallError::Trap`], [`CallError::Exhausted`],
    /// [`CallError::Exited`], and [`CallError::InvalidParams`] for more than
    /// [`limits::PARAMS_BYTES`].
    pub async fn execute_tool(
        &mut self,
        tool: &str,
        params: &str,
        budget: &mut CallBudget,
    ) -> Result<String, CallError> {
        if params.len() > limits::PARAMS_BYTES {
            return Err(too_much(params.len(), "bytes", limits::PARAMS_BYTES));
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

    /// A driver for one function, whose name `during` is for error messages.
    pub(super) fn driver<'a>(
        &'a mut self,
        budget: &'a mut CallBudget,
        during: &'static str,
    ) -> Driver<'a> {
        Driver { store: &mut self.store, budget, realloc: self.realloc, during }
    }

    /// Calls an export, lifts its result and lets the guest free it.
    ///
    /// # Errors
    ///
    /// Those of [`Driver::run`], and a trap or exhausted output if the result breaks the ABI.
    pub(super) async fn call<T>(
        &mut self,
        export: Export,
        params: &[Val],
        budget: &mut CallBudget,
        lift: impl FnOnce(&mut Lift<'_>, u32) -> Result<T, AbiFault>,
    ) -> Result<T, CallError> {
        // It stays so if the call fails, or if this future is dropped before its end.
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

/// Checks the length of a text before it is copied.
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
