//! A host with plugins, its MCP server, and clients of either era.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};
use weft_lite::mcp::{McpOptions, McpServer, MemoryConnection};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::{Approval, PluginPackage, Runtime};

use crate::{schemas, shapes};

pub(crate) const MODERN: &str = "2026-07-28";
pub(crate) const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
pub(crate) const ALL: [&str; 4] = [MODERN, "2025-11-25", "2025-06-18", "2025-03-26"];

/// The module of a committed guest.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    std::fs::read(folder.join(name).join("plugin.wasm")).unwrap()
}

/// A guest whose `describe` lists these tools, and each of whose calls gives `answer`.
pub(crate) fn answering(tools: &Value, answer: &str) -> Vec<u8> {
    let description = json!({ "name": "test", "version": "0.1.0", "tools": tools }).to_string();
    let (at, escaped) =
        (64, |text: &str| text.bytes().map(|byte| format!("\\{byte:02x}")).collect::<String>());
    let end = at + description.len();
    let area = |pointer: usize, text: &str| {
        format!(
            "(i32.store8 (i32.const 16) (i32.const 0))
             (i32.store (i32.const 20) (i32.const {pointer}))
             (i32.store (i32.const 24) (i32.const {}))
             (i32.const 16)",
            text.len()
        )
    };
    let module = format!(
        "(module
            (memory (export \"memory\") 4)
            (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 131072))
            (func (export \"plugin#init\") (result i32)
                (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16))
            (func (export \"plugin#describe\") (result i32)
                (i32.store (i32.const 16) (i32.const {at}))
                (i32.store (i32.const 20) (i32.const {}))
                (i32.const 16))
            (func (export \"plugin#execute-tool\") (param i32 i32 i32 i32) (result i32) {})
            (data (i32.const {at}) \"{}\") (data (i32.const {end}) \"{}\"))",
        description.len(),
        area(end, answer),
        escaped(&description),
        escaped(answer),
    );
    wat::parse_str(module).unwrap()
}

/// A guest with a tool `run` of this input schema, which gives back what it is called with.
pub(crate) fn echoing(schema: &Value) -> Vec<u8> {
    let tools = json!([{ "name": "run", "input_schema": schema }]);
    let description = json!({ "name": "test", "version": "0.1.0", "tools": tools }).to_string();
    let escaped: String = description.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let module = format!(
        "(module
            (memory (export \"memory\") 4)
            (global $next (mut i32) (i32.const 131072))
            (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (func (export \"plugin#init\") (result i32)
                (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16))
            (func (export \"plugin#describe\") (result i32)
                (i32.store (i32.const 16) (i32.const 64))
                (i32.store (i32.const 20) (i32.const {}))
                (i32.const 16))
            (func (export \"plugin#execute-tool\") (param i32 i32 i32 i32) (result i32)
                (i32.store8 (i32.const 16) (i32.const 0))
                (i32.store (i32.const 20) (local.get 2))
                (i32.store (i32.const 24) (local.get 3))
                (i32.const 16))
            (data (i32.const 64) \"{escaped}\"))",
        description.len(),
    );
    wat::parse_str(module).unwrap()
}

pub(crate) fn package(id: &str, module: Vec<u8>, more: &Value) -> PluginPackage {
    let mut manifest = json!({
        "id": id, "name": id, "version": "0.1.0",
        "capabilities": ["tool"], "wasm_module": "plugin.wasm",
    });
    for (key, value) in more.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    let origin = PackageOrigin::Folder(id.into());
    let limits = ReadLimits::default();
    let text = manifest.to_string();
    PluginPackage::read_parts(&text, ManifestFormat::Json, module, origin, limits).unwrap()
}

pub(crate) struct Server {
    pub(crate) runtime: Runtime,
    pub(crate) server: McpServer,
}

impl Server {
    /// A server for these plugins, which may do all they ask for.
    pub(crate) fn new(packages: impl IntoIterator<Item = PluginPackage>) -> Self {
        Self::with(packages, McpOptions::default())
    }

    pub(crate) fn with(
        packages: impl IntoIterator<Item = PluginPackage>,
        options: McpOptions,
    ) -> Self {
        let runtime = Runtime::builder().without_bundled().build();
        let server = McpServer::new(runtime.host().clone(), runtime.executor(), options);
        let server = Self { server, runtime };
        server.load(packages);
        server
    }

    /// A server for the probe.
    pub(crate) fn probe() -> Self {
        Self::new([package("probe", guest("probe"), &json!({}))])
    }

    /// Puts more plugins into service.
    pub(crate) fn load(&self, packages: impl IntoIterator<Item = PluginPackage>) {
        let host = self.runtime.host();
        let packages = packages.into_iter().map(|package| (package, Approval::ALL));
        self.runtime.block_on(host.load(packages, []));
        assert!(host.registry().refused().is_empty(), "{:?}", host.registry().refused());
    }

    /// Takes a plugin out of service.
    pub(crate) fn unload(&self, id: &str) {
        assert!(self.runtime.block_on(self.runtime.host().unload(id)));
    }

    /// A client of a revision, which has said hello where that is due.
    #[track_caller]
    pub(crate) fn client(&self, revision: &'static str) -> Client<'_> {
        let mut client = self.stranger(revision);
        if revision != MODERN {
            client.result("initialize", &initialize(revision));
            client.notify("notifications/initialized", &json!({}));
        }
        client
    }

    /// A client that has said nothing.
    pub(crate) fn stranger(&self, revision: &'static str) -> Client<'_> {
        Client {
            server: self,
            connection: self.server.connect(),
            revision,
            asked: HashMap::new(),
            next_id: 0,
            early: Vec::new(),
        }
    }
}

pub(crate) fn initialize(revision: &str) -> Value {
    json!({
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" },
    })
}

/// The `_meta` of a modern request.
pub(crate) fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// A client that checks every message it gets.
pub(crate) struct Client<'a> {
    pub(crate) server: &'a Server,
    connection: MemoryConnection,
    revision: &'static str,
    /// The requests that wait for an answer: id, method, revision.
    asked: HashMap<String, (String, &'static str)>,
    next_id: u64,
    /// What came while an answer was waited for.
    early: Vec<Value>,
}

impl Client<'_> {
    pub(crate) fn send(&mut self, message: &Value) {
        if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
            self.asked.insert(id.to_string(), (method.to_owned(), self.revision));
        }
        self.send_text(&message.to_string());
    }

    pub(crate) fn send_text(&self, text: &str) {
        self.server.runtime.block_on(self.connection.send(text));
    }

    pub(crate) fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request and gives its id.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Value {
        self.next_id += 1;
        let id = json!(self.next_id);
        let mut params = params.clone();
        if self.revision == MODERN && params.get("_meta").is_none() {
            params["_meta"] = meta();
        }
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// The next message, whatever it is; `None` when the server has closed the connection.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Value> {
        if !self.early.is_empty() {
            return Some(self.early.remove(0));
        }
        let text = self.server.runtime.block_on(self.connection.receive())?;
        assert!(!text.contains('\n'), "a message is one line: {text:?}");
        let message: Value = serde_json::from_str(&text).unwrap();
        let asked = match message.get("method") {
            Some(_) => None,
            None => self.asked.remove(&message["id"].to_string()),
        };
        let (method, revision) = match &asked {
            Some((method, revision)) => (Some(method.as_str()), *revision),
            None => (None, self.revision),
        };
        shapes::check(&message, revision, method);
        schemas::check(&message, revision, method);
        Some(message)
    }

    /// The next message as it was written.
    pub(crate) async fn raw(&mut self) -> String {
        self.connection.receive().await.unwrap()
    }

    /// The answer to `id`; what comes before it is kept for [`next`](Self::next).
    #[track_caller]
    pub(crate) fn answer_to(&mut self, id: &Value) -> Value {
        let mut early = std::mem::take(&mut self.early);
        let at = early.iter().position(|message| message.get("id") == Some(id));
        let answer = match at {
            Some(at) => early.remove(at),
            None => loop {
                let message = self.next().unwrap_or_else(|| panic!("no answer to {id}"));
                if message.get("id") == Some(id) {
                    break message;
                }
                early.push(message);
            },
        };
        self.early = early;
        answer
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.request(method, params);
        self.answer_to(&id)
    }

    #[track_caller]
    pub(crate) fn result(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("result").is_some(), "{answer:#}");
        answer["result"].clone()
    }

    /// The code and message of the error.
    #[track_caller]
    pub(crate) fn error(&mut self, method: &str, params: &Value) -> (i64, String) {
        let answer = self.ask(method, params);
        let error = &answer["error"];
        assert!(error.is_object(), "{answer:#}");
        (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.result("tools/call", &json!({ "name": tool, "arguments": arguments }))
    }

    /// The text of a result, and whether it is an error.
    #[track_caller]
    pub(crate) fn call_text(&mut self, tool: &str, arguments: &Value) -> (String, bool) {
        let result = self.call(tool, arguments);
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        (text, result["isError"] == json!(true))
    }

    /// The names in `tools/list`.
    #[track_caller]
    pub(crate) fn tools(&mut self) -> Vec<String> {
        let list = self.result("tools/list", &json!({}));
        let name = |tool: &Value| tool["name"].as_str().unwrap().to_owned();
        list["tools"].as_array().unwrap().iter().map(name).collect()
    }

    /// Says that nothing more will come.
    pub(crate) fn finish(&self) {
        self.connection.finish();
    }
}
