//! The endpoints beside MCP: liveness, metrics and the authorization server.
//!
//! `/healthz` is a text in `service`, and needs no token: it tells nothing. Metrics need one, for they
//! say how much is called. The metadata needs none, because a client reads it to learn where tokens
//! come from.

use std::fmt::Write;

use serde_json::json;

use crate::contract::json_line;
use crate::mcp::server::McpServer;

/// The metrics in the text format of Prometheus.
///
/// Counters begin at 0 with the process. None has labels.
pub(super) fn metrics(server: &McpServer) -> String {
    let counted = server.metrics().counted();
    let memory = server.host().memory_budget();
    let snapshot = server.host().snapshot();
    let seconds = counted.duration_us as f64 / 1e6;
    let rows: [(&str, &str, &str, f64); 9] = [
        ("calls_total", "counter", "Tool calls that have ended.", counted.calls as f64),
        ("call_errors_total", "counter", "Tool calls that failed.", counted.errors as f64),
        ("call_fuel_total", "counter", "Fuel that calls have used.", counted.fuel as f64),
        ("call_duration_seconds_total", "counter", "Time that calls have taken.", seconds),
        ("guest_memory_bytes", "gauge", "Linear memory that guests hold.", memory.held() as f64),
        (
            "guest_memory_limit_bytes",
            "gauge",
            "What they may hold together.",
            memory.limit() as f64,
        ),
        ("reloads_total", "counter", "Changes of what is in service.", snapshot.generation as f64),
        ("plugins", "gauge", "Plugins in service.", snapshot.plugins.plugins().count() as f64),
        ("skills", "gauge", "Skills that are active.", snapshot.skills.active().count() as f64),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in rows {
        let _ = writeln!(text, "# HELP weft_{name} {help}");
        let _ = writeln!(text, "# TYPE weft_{name} {kind}");
        let _ = writeln!(text, "weft_{name} {value}");
    }
    text
}

/// The metadata of a protected resource (RFC 9728, section 2).
///
/// `base` is the scheme and host that the client has reached, without a final slash: clients compare
/// the resource with the URL they use (RFC 9728, section 3.3).
pub(super) fn resource(base: &str, authorization_server: &str) -> String {
    json_line(&json!({
        "resource": format!("{base}/mcp"),
        "authorization_servers": [authorization_server],
        "bearer_methods_supported": ["header"],
    }))
}
