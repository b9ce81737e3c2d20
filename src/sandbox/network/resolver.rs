//! The lookup of names. Each request asks once, and every address is checked.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};

use smol::lock::SemaphoreGuardArc;

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
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
        place: LookupPlace,
    ) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The right to one of the lookups that a plugin may have under way.
///
/// A resolver keeps it as long as its work takes a thread, also when the request ends before. So a plugin whose
/// names are slow to look up can't take all threads from others.
#[derive(Debug)]
pub struct LookupPlace {
    pub(super) _place: SemaphoreGuardArc,
}

/// The operating system's resolver, on the pool of blocking threads.
///
/// A lookup whose request has ended runs on to its end there.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
        place: LookupPlace,
    ) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let host = host.to_owned();
        let lookup = move || {
            let _place = place;
            let found = (host, port).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        };
        Box::pin(off_executor(lookup))
    }
}
