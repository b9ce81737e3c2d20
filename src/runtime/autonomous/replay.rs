//! Runs a draft against recorded calls: the compiled guest in a host of its own, whose tools return what was recorded.

use std::sync::{Arc, Weak};

use serde_json::{Map, Value, json};
use smol::Executor;

use crate::actor::{Member, PluginHost, PluginHostOptions};
use crate::autonomous::{SeenCall, WorkRun};
use crate::contract::{
    BoxFuture, CallError, GeneratedFrom, PluginError, Tool, ToolContext, json_line,
};
use crate::package::{Approval, ManifestFormat, PackageOrigin, PluginPackage, ReadLimits};
use crate::recipe::CompiledRecipe;
use crate::sandbox::SandboxOptions;
use crate::task::Lock;

/// The calls that are to come, in their order.
#[derive(Default)]
struct Script {
    calls: Vec<Arc<SeenCall>>,
    made: usize,
    /// Why a call was not the recorded one.
    differs: Option<String>,
}

/// A tool that returns what was recorded.
struct RecordedTool {
    name: String,
    script: Arc<Lock<Script>>,
}

impl Tool for RecordedTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &'static str {
        ""
    }

    fn parameters_schema(&self) -> Value {
        json!({ "type": "object" })
    }

    fn execute<'a>(
        &'a self,
        params: Value,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        let mut script = self.script.lock();
        let next = script.calls.get(script.made).cloned();
        script.made += 1;
        let result = match next {
            Some(call) if call.tool == self.name && same(&call.params, &params) => {
                Ok(call.result.clone())
            }
            _ => {
                let number = script.made;
                script.differs =
                    Some(format!("call {number}, of `{}`, is not the recorded one", self.name));
                Err(CallError::Guest { message: "not as recorded".into() }.into())
            }
        };
        Box::pin(std::future::ready(result))
    }
}

/// Whether two values are the same, where `1` is `1.0`.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, it)| other.get(key).is_some_and(|other| same(it, other)))
        }
        _ => one == other,
    }
}

/// Runs a compiled recipe once for each recorded run, with the parameters for it.
///
/// # Errors
///
/// The reason why it is not what was recorded.
pub(super) async fn replay(
    executor: &Weak<Executor<'static>>,
    compiled: &CompiledRecipe,
    limits: ReadLimits,
    runs: &[(&WorkRun, Map<String, Value>)],
) -> Result<(), String> {
    let Some(executor) = executor.upgrade() else { return Err("the program is stopping".into()) };
    let origin = PackageOrigin::Folder("draft".into());
    let (manifest, module) = (&*compiled.manifest, compiled.module.clone());
    let package = PluginPackage::read_parts(manifest, ManifestFormat::Json, module, origin, limits)
        .map_err(|error| error.to_string())?;
    if package.manifest.generated != Some(GeneratedFrom::Recipe) {
        return Err("it is not marked as generated".into());
    }
    let id = package.manifest.id.clone();
    let host = PluginHost::start(&executor, PluginHostOptions::new(SandboxOptions::new(".")));
    drop(executor);
    let script = Arc::new(Lock::new(Script::default()));
    for name in &compiled.tools {
        let tool = RecordedTool { name: name.clone(), script: Arc::clone(&script) };
        host.register(Member::tool(Arc::new(tool))).await.map_err(|error| error.to_string())?;
    }
    host.start_all().await;
    host.load([(package, Approval { named: true, ..Approval::NONE })], []).await;
    let tool = format!("{id}__{}", compiled.tool);
    let mut outcome = Ok(());
    for (run, params) in runs {
        *script.lock() = Script { calls: (*run).clone(), ..Script::default() };
        let params = json_line(&Value::Object(params.clone()));
        let result = host.call(&tool, params).await.result;
        let script = script.lock();
        let differs = script.differs.clone().or_else(|| {
            let (made, recorded) = (script.made, script.calls.len());
            (made != recorded)
                .then(|| format!("it makes {made} calls, and {recorded} were recorded"))
        });
        if let Some(reason) = differs.or_else(|| result.err().map(|error| error.to_string())) {
            outcome = Err(reason);
            break;
        }
    }
    host.stop().await;
    outcome
}
