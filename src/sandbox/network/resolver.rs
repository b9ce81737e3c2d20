//! The lookup of names. Each request asks once, and every address is checked.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};

use crate::contract::BoxFuture;
use crate::task::off_executor;

/// Looks names up.
pub trait Resolver: Send + Sync {
    /// The addresses of `host`, in the order in which they are tried. `host` is in lower case, without a dot at its
    /// end, and never a literal address. `port` is the URL's. A request goes to these addresses or is refused: one
    /// that the plugin may not reach refuses the host.
    ///
    /// # Errors
    ///
    /// The reason why the name was not looked up. A name without addresses is an empty list.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver, on the pool of blocking threads.
///
/// A lookup whose request has ended runs on to its end there.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let host = host.to_owned();
        let lookup = move || {
            let found = (host, port).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        };
        Box::pin(off_executor(lookup))
    }
}
