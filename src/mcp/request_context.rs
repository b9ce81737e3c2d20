//! A request's own metadata: the revision it is written in, and what its client can be asked for.
//!
//! There are two eras. A modern request says in its `_meta` which revision it is in; nothing before
//! it on its connection matters. A legacy client agrees on a revision with `initialize` first. Both may
//! come over one connection in any order, so the era is a property of each request.

use super::message::{ProgressToken, Request, RpcError, members_of, read, text_of};
use super::revision::Revision;

/// The parts of a request's `_meta` that are understood here.
#[derive(Default)]
pub(super) struct Meta {
    /// The revision as it is written, served or not.
    pub(super) protocol_version: Option<String>,
    /// The methods of the requests that the client answers, as it declares.
    can_ask: Option<Vec<&'static str>>,
    progress_token: Option<ProgressToken>,
}

impl Meta {
    /// The `_meta` of a request, empty where there is none.
    ///
    /// # Errors
    ///
    /// -32602 for a `_meta` that isn't one.
    pub(super) fn of(request: &Request) -> Result<Self, RpcError> {
        let [meta] = request.members(["_meta"])?;
        meta.map_or_else(|| Ok(Self::default()), Self::read)
    }

    /// Reads a `_meta`; members that aren't understood are passed over.
    ///
    /// # Errors
    ///
    /// -32602 for a version that is no text, capabilities that are no object, or a token that is none.
    fn read(json: &str) -> Result<Self, RpcError> {
        /// A request that names its revision needs no handshake.
        const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
        /// What the client can be asked for. A server goes by it alone, never by an earlier request
        /// (2026-07-28, Overview, Statelessness).
        const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
        let [version, capabilities, token] =
            members_of(json, [VERSION, CAPABILITIES, "progressToken"])?;
        Ok(Self {
            protocol_version: version.map(|version| text_of(VERSION, version)).transpose()?,
            can_ask: capabilities.map(can_ask).transpose()?,
            progress_token: token.map(read).transpose()?,
        })
    }
}

/// The methods of the requests that a client with these capabilities answers.
fn can_ask(capabilities: &str) -> Result<Vec<&'static str>, RpcError> {
    let [elicitation, sampling, roots] =
        members_of(capabilities, ["elicitation", "sampling", "roots"])?;
    let modes = elicitation.map(|modes| members_of(modes, ["form", "url"])).transpose()?;
    // Without any mode it is the one with forms.
    let forms = modes.is_some_and(|[form, url]| form.is_some() || url.is_none());
    let all = [
        (forms, "elicitation/create"),
        (sampling.is_some(), "sampling/createMessage"),
        (roots.is_some(), "roots/list"),
    ];
    Ok(all.into_iter().filter_map(|(can, method)| can.then_some(method)).collect())
}

/// The methods that only modern clients have.
const MODERN_METHODS: [&str; 5] = [
    "server/discover",
    "subscriptions/listen",
    "skills/list",
    "skills/get",
    "resources/directory/read",
];

/// A request's own metadata, and the revision of the answer.
#[derive(Debug)]
pub(super) struct RequestContext {
    /// The revision that the answer is written in.
    pub(super) revision: Revision,
    /// What progress is reported with; `None` for a client that did not ask for it.
    pub(super) progress_token: Option<ProgressToken>,
    /// The methods of what the client can be asked for, instead of a result.
    pub(super) can_ask: Vec<&'static str>,
}

/// Decides the era of a request with this `_meta`. `agreed` is what this connection's `initialize`, or
/// an HTTP header, has settled for requests that don't say.
///
/// # Errors
///
/// -32022 for a revision that is not served, -32602 for a modern request without all that it has to
/// say.
pub(super) fn request_context(
    request: &Request,
    meta: Meta,
    agreed: Option<Revision>,
) -> Result<RequestContext, RpcError> {
    let Meta { protocol_version, can_ask, progress_token } = meta;
    let legacy = agreed.filter(|revision| !revision.is_modern());
    let revision = match protocol_version {
        Some(name) => Revision::named(&name).ok_or_else(|| RpcError::unsupported_version(&name))?,
        None if can_ask.is_some() => return Err(missing("protocolVersion")),
        None if MODERN_METHODS.contains(&&*request.method) => {
            return Err(missing("protocolVersion"));
        }
        None => legacy.ok_or_else(|| missing("protocolVersion"))?,
    };
    let can_ask = match can_ask {
        None if revision.is_modern() => return Err(missing("clientCapabilities")),
        // A legacy client would have to be asked while the call waits.
        Some(methods) if revision.is_modern() => methods,
        _ => Vec::new(),
    };
    Ok(RequestContext { revision, progress_token, can_ask })
}

/// -32602 for a modern request without a member of `_meta`. The message also helps a legacy client that
/// sent no `initialize`.
fn missing(key: &str) -> RpcError {
    RpcError::invalid_params(format!(
        "`_meta` lacks `io.modelcontextprotocol/{key}`; revisions before {} begin with `initialize`",
        Revision::July2026
    ))
}
