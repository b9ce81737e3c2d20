//! `http-request` and the doors `http` and `websocket`: a URL becomes a permit for one request to checked addresses,
//! and the effect sends it to exactly these.
//!
//! [`NetworkGate::permit`] is the policy, in the order of its rules; [`send()`], [`fetch`], [`HttpStreams::open`] and
//! `WebSockets::open` get a permit and nothing else. No file here reads the process's environment, follows a redirect
//! or resolves a name twice.

mod address;
mod allowlist;
mod answer;
mod dialer;
mod error;
mod fair;
mod gate;
mod headers;
mod options;
mod permit;
mod private;
mod provider;
mod resolver;
mod response;
mod searchable;
mod secrets;
mod send;
mod settings;
mod slots;
mod stream;
mod streams;
mod tls;
mod url;
#[cfg(feature = "websocket")]
mod websocket;

pub use dialer::{Dialer, NetworkStream, TcpDialer};
pub(super) use error::RequestError;
pub use error::{
    CA_FILE, CONNECTION_FAILED, LOOKUP_FAILED, NO_TLS, REQUEST_FAILED, REQUEST_TIMED_OUT,
    TLS_FAILED,
};
pub(super) use gate::NetworkGate;
pub use options::{NetworkOptions, NetworkOptionsError};
pub(super) use permit::HttpPermit;
pub use private::opens_private_host;
pub use resolver::{LookupPlace, Resolver, SystemResolver};
pub(super) use send::{fetch, send};
pub use settings::{setting_host, setting_secret};
pub(crate) use streams::HttpStreams;
#[cfg(feature = "websocket")]
pub(crate) use websocket::WebSockets;
