//! The probe in a runtime, on a network of the test's own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_lite::future::{or, yield_now};
use serde_json::{Value, json};
use weft_lite::errors::CallError;
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::sandbox::{
    AuditRecord, Dialer, LookupPlace, ManualClock, MemoryAudit, NetworkOptions, NetworkStream,
    Resolver, TcpDialer,
};
use weft_lite::{Approval, BoxFuture, PluginPackage, Runtime, Secret, SecretSource};

use crate::server::{Server, ok};

/// What every name means unless the test says otherwise.
pub(crate) const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 216, 34));

/// What a name means at its first, second, ... lookup.
pub(crate) type Names = Box<dyn Fn(&str, usize) -> Vec<IpAddr> + Send + Sync>;

/// Everything a test may choose; the rest has a default.
pub(crate) struct Setup {
    pub(crate) id: &'static str,
    /// The folder of the guest.
    pub(crate) guest: &'static str,
    /// The manifest's `instance`.
    pub(crate) instance: &'static str,
    pub(crate) permissions: Value,
    pub(crate) resources: Value,
    pub(crate) server: Server,
    pub(crate) names: Names,
    /// Addresses that take no connection.
    pub(crate) down: Vec<IpAddr>,
    pub(crate) secrets: BTreeMap<&'static str, Secret>,
    /// The plugin's settings.
    pub(crate) settings: Value,
    /// The manifest's `settings_schema`.
    pub(crate) schema: Value,
    /// Applied to the options last.
    pub(crate) network: fn(NetworkOptions) -> NetworkOptions,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            id: "probe",
            guest: "probe",
            instance: "resident",
            permissions: json!({ "network": ["example.com"] }),
            resources: json!({ "max_http_requests_per_minute": 600 }),
            server: Server::start(|_| ok("hello")),
            names: Box::new(|_, _| vec![PUBLIC]),
            down: Vec::new(),
            secrets: BTreeMap::new(),
            settings: json!({}),
            schema: json!({}),
            network: |options| options,
        }
    }
}

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) server: Server,
    pub(crate) clock: Arc<ManualClock>,
    guest: &'static str,
    instance: &'static str,
    schema: Value,
    secrets: Arc<Secrets>,
    audit: Arc<MemoryAudit>,
    resolver: Arc<TestResolver>,
    dialer: Arc<TestDialer>,
}

struct TestResolver {
    names: Names,
    asked: Mutex<Vec<String>>,
}

struct TestDialer {
    server: SocketAddr,
    down: Vec<IpAddr>,
    dialed: Mutex<Vec<SocketAddr>>,
}

struct Secrets(Mutex<BTreeMap<&'static str, Secret>>);

impl Resolver for TestResolver {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        _: u16,
        _: LookupPlace,
    ) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let mut asked = self.asked.lock().unwrap();
        let before = asked.iter().filter(|name| *name == host).count();
        asked.push(host.to_owned());
        let found = (self.names)(host, before);
        Box::pin(async move { Ok(found) })
    }
}

impl Dialer for TestDialer {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn NetworkStream>>> {
        self.dialed.lock().unwrap().push(address);
        if self.down.contains(&address.ip()) {
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        }
        TcpDialer.dial(self.server)
    }
}

impl SecretSource for Secrets {
    fn secret(&self, name: &str) -> Option<Secret> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn all(&self) -> Vec<Secret> {
        self.0.lock().unwrap().values().cloned().collect()
    }
}

impl World {
    /// A world in which the probe may reach `hosts`.
    pub(crate) fn allowing(hosts: &[&str]) -> Self {
        Self::new(Setup { permissions: json!({ "network": hosts }), ..Setup::default() })
    }

    /// A world whose server answers `example.com` so.
    pub(crate) fn answering(
        reply: impl Fn(&str) -> crate::server::Reply + Send + Sync + 'static,
    ) -> Self {
        Self::new(Setup { server: Server::start(reply), ..Setup::default() })
    }

    pub(crate) fn new(setup: Setup) -> Self {
        let resolver = Arc::new(TestResolver { names: setup.names, asked: Mutex::default() });
        let dialer = Arc::new(TestDialer {
            server: setup.server.address,
            down: setup.down,
            dialed: Mutex::default(),
        });
        let options = NetworkOptions::default()
            .resolver(Arc::clone(&resolver) as _)
            .dialer(Arc::clone(&dialer) as _);
        let clock = Arc::new(ManualClock::new());
        let secrets = Arc::new(Secrets(Mutex::new(setup.secrets)));
        let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(64).unwrap()));
        let runtime = Runtime::builder()
            .without_bundled()
            .clock(Arc::clone(&clock) as _)
            .audit(Arc::clone(&audit) as _)
            .network((setup.network)(options))
            .secrets(Arc::clone(&secrets) as _)
            .plugin_settings(setup.id, setup.settings.as_object().unwrap().clone())
            .build();
        let (server, guest, instance, schema) =
            (setup.server, setup.guest, setup.instance, setup.schema);
        let world = Self {
            runtime,
            server,
            clock,
            guest,
            instance,
            schema,
            secrets,
            audit,
            resolver,
            dialer,
        };
        world.load(setup.id, &setup.permissions, &setup.resources);
        world
    }

    /// Loads the probe under `id`, in place of the one that was loaded so.
    pub(crate) fn load(&self, id: &str, permissions: &Value, resources: &Value) {
        let package = self.package(id, permissions, resources);
        let runtime = &self.runtime;
        runtime.block_on(runtime.host().unload(id));
        runtime.block_on(runtime.host().load([(package, Approval::ALL)], []));
        let registry = runtime.host().registry();
        assert!(registry.refused().is_empty(), "{:?}", registry.refused());
    }

    fn package(&self, id: &str, permissions: &Value, resources: &Value) -> PluginPackage {
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
        let module = fs::read(guests.join(self.guest).join("plugin.wasm")).unwrap();
        let manifest = json!({
            "id": id, "name": "Probe", "version": "0.1.0", "capabilities": ["tool"],
            "wasm_module": "plugin.wasm", "instance": self.instance,
            "permissions": permissions, "resources": resources, "settings_schema": self.schema,
        })
        .to_string();
        let origin = PackageOrigin::Folder("/probe".into());
        let limits = ReadLimits::default();
        PluginPackage::read_parts(&manifest, ManifestFormat::Json, module, origin, limits).unwrap()
    }

    pub(crate) fn call(&self, tool: &str, params: &Value) -> Result<Value, CallError> {
        let call = self.runtime.host().call(tool, params.to_string());
        let text = self.runtime.block_on(call).result?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    /// Runs tools of the probe within one call of it: `ok` or `error` for each.
    pub(crate) fn run(&self, calls: &[(&str, Value)]) -> Vec<Value> {
        let answer = self.runtime.block_on(self.begin("many", calls)).unwrap();
        answer.as_array().unwrap().clone()
    }

    /// The same, while the clock goes on without a pause from the first request on. Also returns how far it went.
    pub(crate) fn run_in_time(&self, calls: &[(&str, Value)]) -> (Vec<Value>, Duration) {
        let mut waited = Duration::ZERO;
        let answer = self.runtime.block_on(async {
            let time = async {
                self.server.arrived.recv().await.unwrap();
                loop {
                    waited += self.clock.advance_to_next_sleeper().unwrap_or_default();
                    yield_now().await;
                }
            };
            or(async { self.begin("many", calls).await.unwrap() }, time).await
        });
        (answer.as_array().unwrap().clone(), waited)
    }

    /// The same as [`run`](Self::run), as a future.
    pub(crate) async fn begin(
        &self,
        tool: &str,
        calls: &[(&str, Value)],
    ) -> Result<Value, CallError> {
        let calls = calls.iter().map(|(tool, params)| json!({ "tool": tool, "params": params }));
        let params = json!({ "calls": calls.collect::<Vec<_>>() }).to_string();
        let text = self.runtime.host().call(tool, params).await.result?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    /// Sends what the parameters of the probe's `http` say, and gives the body.
    pub(crate) fn send(&self, params: &Value) -> Result<String, CallError> {
        Ok(self.call("http", params)?["body"].as_str().unwrap().to_owned())
    }

    pub(crate) fn get(&self, url: &str) -> Result<String, CallError> {
        self.send(&json!({ "url": url }))
    }

    /// The text with which a request fails, in the guest's words.
    #[track_caller]
    pub(crate) fn refused(&self, params: &Value) -> String {
        self.refused_by("http", params)
    }

    /// The same for any of the probe's tools that send a request.
    #[track_caller]
    pub(crate) fn refused_by(&self, tool: &str, params: &Value) -> String {
        match self.call(tool, params) {
            Err(CallError::Denied { denied, message }) => {
                assert_eq!(denied.rule, message);
                message
            }
            Err(CallError::Guest { message }) => message,
            other => panic!("{tool} {params}: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn get_refused(&self, url: &str) -> String {
        self.refused(&json!({ "url": url }))
    }

    /// Stores a secret of the operator.
    pub(crate) fn store_secret(&self, name: &'static str, secret: Secret) {
        self.secrets.0.lock().unwrap().insert(name, secret);
    }

    /// The addresses that were dialed, oldest first.
    pub(crate) fn dialed(&self) -> Vec<SocketAddr> {
        self.dialer.dialed.lock().unwrap().clone()
    }

    /// The names that were looked up, oldest first.
    pub(crate) fn looked_up(&self) -> Vec<String> {
        self.resolver.asked.lock().unwrap().clone()
    }

    /// The newest audit record.
    pub(crate) fn record(&self) -> AuditRecord {
        self.records().pop().unwrap()
    }

    /// The audit records, oldest first.
    pub(crate) fn records(&self) -> Vec<AuditRecord> {
        self.audit.records()
    }

    /// Whether nothing was looked up and nothing was dialed.
    pub(crate) fn is_untouched(&self) -> bool {
        self.looked_up().is_empty() && self.dialed().is_empty()
    }
}
