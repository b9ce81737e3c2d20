//! The entry point for MCP messages: whatever a client sends, what it gets back are messages, and the
//! server goes on.

use std::sync::LazyLock;

use serde_json::{Value, json};
use weft_lite::mcp::{McpOptions, McpServer};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::{Approval, PluginPackage, Runtime};

/// A server with a tool that gives back what it gets.
static SERVER: LazyLock<(Runtime, McpServer)> = LazyLock::new(|| {
    let module = include_bytes!("../guests/echo/plugin.wasm").as_slice();
    let manifest = r#"{
        "id": "echo", "name": "Echo", "version": "0.1.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "resources": { "max_fuel": 1000000 }
    }"#;
    let origin = PackageOrigin::Folder("echo".into());
    let limits = ReadLimits::default();
    let package = PluginPackage::read_parts(manifest, ManifestFormat::Json, module, origin, limits)
        .expect("the manifest is valid");
    let runtime = Runtime::builder().without_bundled().build();
    let host = runtime.host().clone();
    runtime.block_on(host.load([(package, Approval::NONE)], []));
    let server = McpServer::new(host, runtime.executor(), McpOptions::default());
    (runtime, server)
});

/// Any text as the messages of a client, one a line; then one that has to be answered.
pub(crate) fn json_rpc(data: &[u8]) {
    let (runtime, server) = &*SERVER;
    let text = String::from_utf8_lossy(data);
    runtime.block_on(async {
        let client = server.connect();
        for line in text.split('\n').take(16) {
            client.send(line).await;
        }
        let last = json!({ "jsonrpc": "2.0", "id": "the last one", "method": "ping" });
        client.send(last.to_string()).await;
        client.finish();
        let mut answered = false;
        while let Some(message) = client.receive().await {
            assert!(!message.contains(['\n', '\r']), "{message:?}");
            let message: Value = serde_json::from_str(&message).expect("it is JSON");
            assert_eq!(message["jsonrpc"], "2.0");
            let kinds = ["result", "error", "method"];
            assert_eq!(kinds.iter().filter(|kind| message.get(**kind).is_some()).count(), 1);
            answered |= message["id"] == "the last one";
        }
        assert!(answered, "{text:?}");
    });
}
