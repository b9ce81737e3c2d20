//! Who this server is and what it can do: `server/discover`, and `initialize` of the legacy era.
//!
//! A legacy client learns it from `initialize`, which also settles the revision. A modern one may ask
//! or go on without (2026-07-28, Versioning and Compatibility, Protocol Version Negotiation).

use super::message::{Params, Request, RpcError, read, required};
use super::object::Object;
use super::revision::Revision;
use crate::contract::ObjectReader;

/// The name and version of this program, as JSON.
macro_rules! server_info {
    () => {
        concat!("{\"name\":\"weft-lite\",\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}")
    };
}

/// A member of the `_meta` of every modern result: who gave it.
pub(super) const SERVER_INFO_META: &str =
    concat!("\"io.modelcontextprotocol/serverInfo\":", server_info!());

/// What `initialize` and `server/discover` say to a model that is about to use the server.
const INSTRUCTIONS: &str = "Tools run in a sandbox that allows each of them only what its operator \
    approved; a refusal names the rule. What is offered may change while you are connected: list \
    again when a name is not known any more.";

/// Milliseconds for which what this server can do is fresh. It changes with the program alone.
const CAPABILITIES_TTL_MS: u64 = 60_000;

/// With the skills extension (SEP-2640), and resources that can be named in a subscription.
const MODERN_CAPABILITIES: &str = r#"{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},"completions":{},"extensions":{"io.modelcontextprotocol/skills":{"directoryRead":true}}}"#;
/// With log messages, and without `subscribe`: `resources/subscribe` is not served.
const LEGACY_CAPABILITIES: &str = r#"{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true},"completions":{},"logging":{}}"#;

/// The members of the result of `server/discover`.
pub(super) fn discover(result: &mut Object) {
    let versions = Revision::ALL.map(Revision::name);
    result
        .member("supportedVersions", &versions)
        .raw("capabilities", MODERN_CAPABILITIES)
        .member("instructions", INSTRUCTIONS)
        .member("ttlMs", &CAPABILITIES_TTL_MS)
        .member("cacheScope", "public");
}

/// The revision that `initialize` settles on: the one asked for, or else the newest there is to offer.
///
/// # Errors
///
/// -32602 for parameters that aren't those of `initialize`.
pub(super) fn agree(request: &Request) -> Result<Revision, RpcError> {
    let params = request.params.as_ref().map_or("{}", Params::get);
    let wrong = |problem: String| RpcError::invalid_params(problem);
    let mut params = ObjectReader::new(read(params)?).map_err(wrong)?;
    let asked = params.required_text("protocolVersion").map_err(wrong)?;
    for name in ["capabilities", "clientInfo"] {
        required(name, params.value(name))?;
    }
    // A modern client doesn't handshake, so whoever does gets a legacy revision.
    let asked = Revision::named(&asked);
    Ok(asked.filter(|revision| !revision.is_modern()).unwrap_or(Revision::NEWEST_LEGACY))
}

/// The members of the result of `initialize`.
pub(super) fn initialize(result: &mut Object, agreed: Revision) {
    result
        .member("protocolVersion", agreed.name())
        .raw("capabilities", LEGACY_CAPABILITIES)
        .raw("serverInfo", server_info!())
        .member("instructions", INSTRUCTIONS);
}
