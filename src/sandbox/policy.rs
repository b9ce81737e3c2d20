//! The one door for every effect of a guest: permit, effect, audit record.
//!
//! Read [`Sandbox::serve`] from the top: it is the policy. A branch either gets a permit, which only
//! the module that checks can make, and hands it to an effect, or it answers with the refusal.
//!
//! The order within a branch is the rule, and a test from inside a guest stands behind each: T01 to T13 for
//! requests, T14 to T22 for files, T23 to T27 for variables, T33 to T35 for the log, T42 for the records. What
//! ends a call for its fuel, memory or time belongs to the engine.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::audit::{AuditEntry, AuditLog, AuditOutcome, CallResult};
use super::call::{HostCall, HostReply, Served, WebRequest};
use super::environment::EnvironmentGate;
use super::filesystem::{self, FileError, FilePermit, GrantRoots, Grants, plugin_data};
use super::log::{Dropped, LogGate};
use super::network::NetworkGate;
use super::options::{PluginIdentity, SandboxOptions};
use super::redact::PluginSecrets;
use super::scope::CallScope;
use super::storage::StorageGate;
use super::tools::{ToolGate, ToolHost};
#[cfg(feature = "serve")]
use super::webhook::{HookGate, HookPermit, HookRefusal};
use crate::contract::{PluginPermissions, PluginResourceConfig};
use crate::task::{Clock, Fault, fault, off_executor};

/// Everything that one plugin may do beyond computing, shared by its instances.
///
/// Rates count for the plugin, not for an instance, and no two plugins share one (T44).
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::sync::Arc;
///
/// use weft_lite::sandbox::{
///     AuditOutcome, HostCall, HostReply, MemoryAudit, PluginIdentity, Sandbox, SandboxOptions,
/// };
/// use weft_lite::{PluginPermissions, PluginResourceConfig};
///
/// let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(100).expect("it is not 0")));
/// let options = SandboxOptions { audit: audit.clone(), ..SandboxOptions::new(".") };
/// let plugin = PluginIdentity { id: "curious".into(), version: "1.0.0".into() };
/// let (permissions, resources) = (PluginPermissions::default(), PluginResourceConfig::default());
/// let (sandbox, _) = Sandbox::new(plugin, None, &permissions, &resources, &options);
///
/// let call = HostCall::ReadFile { path: "/etc/passwd".into() };
/// let served = smol::block_on(sandbox.serve(call, 0));
/// assert!(matches!(served.reply, HostReply::Text(Err(_))));
/// assert_eq!(served.denied.expect("it is refused").rule, "filesystem access not permitted");
/// assert_eq!(audit.records()[0].outcome, AuditOutcome::Denied);
/// ```
pub struct Sandbox {
    pub(super) plugin: PluginIdentity,
    pub(super) network: NetworkGate,
    files: Grants,
    environment: EnvironmentGate,
    log: LogGate,
    /// The values that no log line, audit record or error of this plugin may show.
    pub(super) secrets: Arc<PluginSecrets>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) audit: Arc<dyn AuditLog>,
    /// The answer to `settings.get`.
    pub(super) settings: String,
    pub(super) storage: StorageGate,
    pub(super) tools: ToolGate,
    /// The bounds of its webhook, if it may have one.
    #[cfg(feature = "serve")]
    pub(super) hooks: Option<HookGate>,
    /// The tools that the gate lets the plugin call, if there is a host.
    pub(super) tool_host: Option<Arc<dyn ToolHost>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

/// The result of a branch of the policy: the answer for the guest, and the result for the audit record.
pub(super) struct ServedCall {
    pub(super) served: Served,
    pub(super) result: CallResult,
}

impl Sandbox {
    /// The sandbox of a plugin whose permissions are approved, with its folders and files opened.
    ///
    /// `plugin_dir` is the folder for `$PLUGIN_DIR`; a plugin that is compiled in has none. Opening blocks on
    /// the file system for a moment. Also returns a warning for each grant or host pattern that stays closed
    /// because it could not be opened, with the next step.
    #[must_use]
    pub fn new(
        plugin: PluginIdentity,
        plugin_dir: Option<&Path>,
        permissions: &PluginPermissions,
        resources: &PluginResourceConfig,
        options: &SandboxOptions,
    ) -> (Self, Vec<String>) {
        let home = options.weft_home.as_deref();
        let data = home.zip(plugin_dir).map(|(home, folder)| plugin_data(home, folder));
        let roots = GrantRoots {
            workspace: &options.workspace,
            home: options.home.as_deref(),
            plugin_dir,
            plugin_data: data.as_deref(),
            weft_home: home,
            authority: &options.authority,
            data_bytes: options.plugin_data_bytes,
        };
        if !permissions.filesystem.is_empty() {
            options.close_secrets();
        }
        let (files, mut warnings) = Grants::open(&permissions.filesystem, &roots);
        let secrets = Arc::new(PluginSecrets::default());
        let (network, closed) =
            NetworkGate::new(&plugin, permissions, resources, options, Arc::clone(&secrets));
        warnings.extend(closed);
        let environment = EnvironmentGate::new(
            &plugin.id,
            &permissions.env_vars,
            &options.never_env,
            Arc::clone(&options.environment),
        );
        let log = LogGate::new(&plugin.id, resources.max_log_messages_per_minute);
        let storage = StorageGate::new(&plugin.id, plugin_dir, permissions, options);
        let tools = ToolGate::new(&plugin.id, &permissions.tools);
        let sandbox = Self {
            plugin,
            network,
            files,
            environment,
            log,
            secrets,
            clock: Arc::clone(&options.clock),
            audit: Arc::clone(&options.audit),
            settings: "{}".to_owned(),
            storage,
            tools,
            #[cfg(feature = "serve")]
            hooks: HookGate::new(permissions.webhook),
            tool_host: options.tools.clone(),
        };
        (sandbox, warnings)
    }

    /// The same with the plugin's settings, as JSON text of an object.
    #[must_use]
    pub fn with_settings(mut self, settings: String) -> Self {
        self.settings = settings;
        self
    }

    /// The id of its plugin.
    pub(crate) fn plugin(&self) -> &str {
        &self.plugin.id
    }

    /// Whether loading the plugin again would open grants whose paths did not exist before. Blocks on the file
    /// system for a moment.
    pub(crate) fn is_outdated(&self) -> bool {
        self.files.are_outdated()
    }

    /// Serves one host call of a guest that has used `fuel_used` units in its call so far.
    ///
    /// Writes exactly one audit record (T42), also when the future is dropped before it is done. A
    /// file effect that has begun then still runs to its end on its own thread.
    pub async fn serve(&self, call: HostCall, fuel_used: u64) -> Served {
        self.serve_in(call, &mut CallScope { fuel_used, ..CallScope::default() }).await
    }

    /// Serves one host call of a guest's call, in the scope that its host calls share.
    pub(crate) async fn serve_in(&self, call: HostCall, scope: &mut CallScope) -> Served {
        let redactor = self.secrets.for_operator();
        let shown = redactor.redact_call(&call);
        let entry =
            AuditEntry::open(&self.audit, &self.clock, &self.plugin, &shown, scope.fuel_used);
        drop(shown);
        if let Some(host) = scope.host(&call) {
            entry.describe(&redactor.redact(&host));
        }
        let answer = match call {
            HostCall::HttpRequest { method, url, headers, body } => {
                let body = body.map(String::into_bytes);
                self.http_request(WebRequest { method, url, headers, body }).await
            }
            HostCall::ReadFile { path } => self.read_file(&path).await,
            HostCall::WriteFile { path, content } => self.write_file(&path, content).await,
            HostCall::GetEnv { name } => self.get_env(name),
            HostCall::Log { level, message } => self.log(level, &message),
            door => Box::pin(self.serve_door(door, scope)).await,
        };
        entry.close(answer.result);
        answer.served
    }

    /// Whether requests from outside are permitted.
    #[cfg(feature = "serve")]
    pub(crate) fn takes_hooks(&self) -> bool {
        self.hooks.is_some()
    }

    /// Counts a request from outside, and opens its record. `target` is the path and the query as the plugin sees them.
    ///
    /// # Errors
    ///
    /// The refusal. Without the permission there is no request.
    #[cfg(feature = "serve")]
    pub(crate) fn admit_hook(&self, method: &str, target: &str) -> Result<HookPermit, HookRefusal> {
        let gate = self.hooks.as_ref().ok_or(HookRefusal::Busy)?;
        let open = || {
            let redactor = self.secrets.for_operator();
            let summary = redactor.redact(&format!("{method} {target}")).into_owned();
            AuditEntry::of_hook(&self.audit, &self.clock, &self.plugin, &summary)
        };
        gate.admit(open, self.clock.now())
    }

    /// Records a host call that the engine refused before serving it: the guest has made too many, has no time
    /// left, or may not make one at this point.
    pub(crate) fn refuse(&self, call: &HostCall, fuel_used: u64, rule: &str) {
        let redactor = self.secrets.for_operator();
        let shown = redactor.redact_call(call);
        let entry = AuditEntry::open(&self.audit, &self.clock, &self.plugin, &shown, fuel_used);
        entry.close(CallResult::failed(AuditOutcome::Denied, rule));
    }

    /// Waits until the audit log has room for more records of this plugin.
    pub(crate) async fn audit_room(&self) {
        self.audit.room(&self.plugin.id).await;
    }

    /// The file is read on the pool of blocking threads, because a slow disk must not stop other guests.
    async fn read_file(&self, path: &str) -> ServedCall {
        let read = match self.files.permit(path) {
            Ok(permit) => {
                let fault = Fault::of("read-file", self.plugin());
                let read = move || {
                    fault.trigger();
                    filesystem::read(&permit)
                };
                off_executor(read).await
            }
            Err(refused) => Err(refused),
        };
        let bytes = read.as_ref().map_or(0, String::len);
        ServedCall::of_file(read, bytes, HostReply::Text)
    }

    /// As [`read_file`](Self::read_file). A write that has begun ends whole or not at all, also when the call is
    /// cancelled meanwhile.
    async fn write_file(&self, path: &str, content: String) -> ServedCall {
        let bytes = content.len();
        let fault = Fault::of("write-file", self.plugin());
        let write = |permit: FilePermit| {
            off_executor(move || {
                fault.trigger();
                filesystem::write(&permit, &content)
            })
        };
        let written = match self.files.permit(path) {
            Ok(permit) => write(permit).await,
            Err(refused) => Err(refused),
        };
        ServedCall::of_file(written, bytes, HostReply::Done)
    }

    /// The audit log has the rule of a refusal, which the guest never sees (T25 to T27).
    fn get_env(&self, name: String) -> ServedCall {
        fault("get-env", self.plugin());
        let (value, result) = match self.environment.permit(name) {
            Ok(permit) => {
                let value = self.environment.read(&permit, self.clock.now());
                let bytes = value.as_ref().map_or(0, String::len);
                (value, CallResult::ok(bytes))
            }
            Err(denied) => (None, CallResult::failed(AuditOutcome::Denied, denied.rule)),
        };
        // Never a refusal: a variable that may not be read looks like one that isn't set.
        ServedCall { served: Served::plain(HostReply::Value(value)), result }
    }

    /// A message over the rate is dropped in silence for the guest; the record says so (T34).
    fn log(&self, level: u8, message: &str) -> ServedCall {
        fault("log", self.plugin());
        let result =
            match self.log.permit(level, message, self.clock.now(), &self.secrets.for_operator()) {
                Ok(permit) => CallResult::ok(self.log.write(&permit)),
                Err(Dropped) => CallResult::failed(
                    AuditOutcome::RateLimited,
                    "rate limit exceeded: log messages",
                ),
            };
        ServedCall { served: Served::plain(HostReply::Nothing), result }
    }
}

impl ServedCall {
    /// The answer to a call that moved `bytes`.
    pub(super) fn ok(bytes: usize, reply: HostReply) -> Self {
        Self { served: Served::plain(reply), result: CallResult::ok(bytes) }
    }

    /// The answer to a file call that moved `bytes` if it succeeded.
    fn of_file<T>(
        result: Result<T, FileError>,
        bytes: usize,
        reply: impl FnOnce(Result<T, String>) -> HostReply,
    ) -> Self {
        let error = match result {
            Ok(value) => {
                let served = Served::plain(reply(Ok(value)));
                return Self { served, result: CallResult::ok(bytes) };
            }
            Err(error) => error,
        };
        let outcome = match error {
            FileError::Denied(_) => AuditOutcome::Denied,
            _ => AuditOutcome::Error,
        };
        let result = CallResult::failed(outcome, error.rule());
        let reply = reply(Err(error.to_string()));
        let (denied, missing_grant) = match error {
            FileError::Denied(denied) => (Some(denied), None),
            FileError::NotFound { grant, .. } => (None, grant),
            _ => (None, None),
        };
        Self { served: Served { reply, denied, missing_grant }, result }
    }
}
