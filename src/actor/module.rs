//! The module of a plugin in service. Its code is in memory only while it is used; its digest and summary
//! always are.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use super::load::LoadError;
use crate::contract::CallError;
use crate::package::{ModuleSource, PackageError, PackageOrigin};
use crate::task::{Lock, off_executor};
use crate::wasm::{CodeCharge, CompiledModule, MemoryAccount, ModuleSummary, Translation};

/// The module of a plugin in service.
///
/// The module was validated at this load or, if its description is stored, at an earlier one. Its code is translated for the first call, from the same bytes that were
/// validated, and is kept while there is an instance and for a while afterwards.
pub struct PluginModule {
    summary: Arc<ModuleSummary>,
    source: ModuleSource,
    /// The place, for error messages.
    place: PathBuf,
    /// The code, if an instance or the pool of idle ones keeps it. The module itself does not, or
    /// it would never be freed.
    code: Lock<Weak<CompiledModule>>,
}

impl PluginModule {
    /// A module that was validated, and whose code is not in memory.
    pub(super) fn new(
        summary: Arc<ModuleSummary>,
        source: ModuleSource,
        origin: &PackageOrigin,
    ) -> Self {
        let place = origin.to_string().into();
        Self { summary, source, place, code: Lock::default() }
    }

    /// The module's imports, exports and size.
    #[must_use]
    pub fn summary(&self) -> &ModuleSummary {
        &self.summary
    }

    /// The summary, to be shared.
    pub(super) fn shared_summary(&self) -> &Arc<ModuleSummary> {
        &self.summary
    }

    /// Whether its code is in memory.
    #[must_use]
    pub fn is_translated(&self) -> bool {
        self.translated().is_some()
    }

    /// The code, if it is in memory. Keeping it keeps its memory charged.
    pub(super) fn translated(&self) -> Option<Arc<CompiledModule>> {
        self.code.lock().upgrade()
    }

    /// Reserves memory for the code. Idle instances and code may be dropped for it.
    ///
    /// # Errors
    ///
    /// [`CallError::Exhausted`] if there is still no room.
    pub(super) fn charge(&self, account: &Arc<MemoryAccount>) -> Result<CodeCharge, CallError> {
        account.charge_code(self.summary.code_bytes()).map_err(CallError::Exhausted)
    }

    /// Puts translated code into use.
    pub(super) fn put(&self, code: CompiledModule, charge: CodeCharge) -> Arc<CompiledModule> {
        let code = Arc::new(code.charged(charge));
        *self.code.lock() = Arc::downgrade(&code);
        code
    }

    /// Translates the code for calls of `plugin`.
    pub(super) async fn begin(
        self: &Arc<Self>,
        plugin: &str,
        account: &Arc<MemoryAccount>,
    ) -> Result<Arc<CompiledModule>, CallError> {
        // The memory is reserved first, so that idle instances are dropped for it.
        let charge = self.charge(account)?;
        let code = self.translate_off_executor().await;
        let code = code.map_err(|error| CallError::NotLoaded(error.for_caller(plugin).into()))?;
        Ok(self.put(code, charge))
    }

    /// Reads and translates the code, off the executor. Bundled code is small and its functions are translated
    /// later: that takes less time than to ask another thread.
    pub(super) async fn translate_off_executor(
        self: &Arc<Self>,
    ) -> Result<CompiledModule, LoadError> {
        if self.source.is_trusted() {
            return self.translate();
        }
        let module = Arc::clone(self);
        off_executor(move || module.translate()).await
    }

    /// Reads the bytes and translates them. A file that is no longer the one that was validated at
    /// load is refused.
    fn translate(&self) -> Result<CompiledModule, LoadError> {
        let bytes = self
            .source
            .read()
            .map_err(|kind| LoadError::Package(PackageError::new(&self.place, kind)))?;
        let translation = match self.source.is_trusted() {
            true => Translation::AtFirstCall,
            false => Translation::Whole,
        };
        CompiledModule::of_checked(&bytes, &self.summary, translation).map_err(LoadError::Module)
    }
}

impl fmt::Debug for PluginModule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PluginModule")
            .field("summary", &self.summary)
            .field("is_translated", &self.is_translated())
            .finish_non_exhaustive()
    }
}
