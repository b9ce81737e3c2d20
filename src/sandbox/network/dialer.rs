//! Connections to checked addresses. A dialer never sees a name.

use std::io;
use std::net::{SocketAddr, TcpStream};

use futures_lite::{AsyncRead, AsyncWrite};
use smol::Async;

use crate::contract::BoxFuture;

/// A connection: dropping it closes it.
pub trait NetworkStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> NetworkStream for T {}

/// Connects to addresses that the sandbox has checked.
pub trait Dialer: Send + Sync {
    /// Connects to exactly this address. The sandbox drops the future when its time is over, which must end the
    /// attempt.
    ///
    /// # Errors
    ///
    /// The reason why there is no connection. The next address of the host is tried then.
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn NetworkStream>>>;
}

/// Plain TCP, straight to the address: no proxy, whatever the environment says.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpDialer;

impl Dialer for TcpDialer {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn NetworkStream>>> {
        Box::pin(async move {
            let stream = Async::<TcpStream>::connect(address).await?;
            stream.get_ref().set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn NetworkStream>)
        })
    }
}
