//! The lookup of names. Each request asks once, and every answer is checked.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};

use crate::contract::BoxFuture;
use crate::task::off_executor;

/// Looks names up.
pub trait Resolver: Send + Sync {
    /// The addresses of `host`, best first. `host` is in lower case, without a dot at its end, and
    /// never a literal address.
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
