//! The operator's settings for requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::dialer::{Dialer, TcpDialer};
use super::private::PrivateHost;
use super::resolver::{Resolver, SystemResolver};
use super::tls::TrustedRoots;
use crate::contract::{ActionableError, limits};

/// How plugins get onto the network: name lookup, connections, trusted roots and local devices.
///
/// The default is the system's resolver, plain TCP, webpki-roots and no local devices. Clones share
/// one TLS configuration, which is built at the first `https` request.
///
/// ```
/// use weft_lite::sandbox::NetworkOptions;
///
/// let options = NetworkOptions::default().allow_private_hosts(["printer.local", "10.0.0.7:8080"])?;
/// assert!(options.allow_private_hosts(["*.local"]).is_err());
/// # Ok::<(), weft_lite::errors::NetworkOptionsError>(())
/// ```
#[derive(Clone)]
pub struct NetworkOptions {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) dialer: Arc<dyn Dialer>,
    pub(super) trust: TrustedRoots,
    pub(super) private_hosts: Vec<PrivateHost>,
    pub(super) request_time: Duration,
}

impl NetworkOptions {
    /// Looks names up with `resolver`.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = resolver;
        self
    }

    /// Makes connections with `dialer`.
    #[must_use]
    pub fn dialer(mut self, dialer: Arc<dyn Dialer>) -> Self {
        self.dialer = dialer;
        self
    }

    /// Trusts the certificates in `pem` as roots, beside webpki-roots (`network.ca_file`).
    ///
    /// # Errors
    ///
    /// [`NetworkOptionsError::Roots`] when it holds no certificate, or one that can't be a root.
    pub fn trust_pem(mut self, pem: &[u8]) -> Result<Self, NetworkOptionsError> {
        self.trust.add_pem(pem).map_err(|problem| NetworkOptionsError::Roots { problem })?;
        Ok(self)
    }

    /// Makes single hosts on the local network reachable (`network.allow_private_hosts`): a name or
    /// an address, with a port or without, as the URL spells it. A manifest must list them too. Other names for
    /// the same address stay closed.
    ///
    /// # Errors
    ///
    /// [`NetworkOptionsError::PrivateHost`] for a pattern, and for a text that is no host.
    pub fn allow_private_hosts<T: AsRef<str>>(
        mut self,
        hosts: impl IntoIterator<Item = T>,
    ) -> Result<Self, NetworkOptionsError> {
        for host in hosts {
            let text = host.as_ref();
            let host = PrivateHost::parse(text).map_err(|problem| {
                NetworkOptionsError::PrivateHost { host: text.to_owned(), problem }
            })?;
            self.private_hosts.push(host);
        }
        Ok(self)
    }

    /// Limits the time of a request, from name lookup to the last byte of the answer, or to the connection for an
    /// answer that is read bit by bit. More than [`limits::HTTP_REQUEST_TIME`] is not possible.
    #[must_use]
    pub fn request_time(mut self, time: Duration) -> Self {
        self.request_time = time.min(limits::HTTP_REQUEST_TIME);
        self
    }
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            dialer: Arc::new(TcpDialer),
            trust: TrustedRoots::new(),
            private_hosts: Vec::new(),
            request_time: limits::HTTP_REQUEST_TIME,
        }
    }
}

/// An invalid setting of the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkOptionsError {
    /// The extra roots.
    Roots {
        /// The problem with them.
        problem: String,
    },
    /// An entry of the private hosts.
    PrivateHost {
        /// The entry.
        host: String,
        /// The problem with it.
        problem: String,
    },
}

impl fmt::Display for NetworkOptionsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Roots { problem } => {
                write!(formatter, "the extra roots can't be used: {problem}")
            }
            Self::PrivateHost { host, problem } => {
                write!(formatter, "the private host `{host}` can't be used: {problem}")
            }
        }
    }
}

impl ActionableError for NetworkOptionsError {
    fn next_step(&self) -> String {
        let next_step = match self {
            Self::Roots { .. } => "give a PEM file with the certificates of your own authorities",
            Self::PrivateHost { .. } => {
                "write one host as its URL has it, like `printer.local` or `192.168.1.20:8080`"
            }
        };
        next_step.to_owned()
    }
}

impl std::error::Error for NetworkOptionsError {}
