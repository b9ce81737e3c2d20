//! Connections to checked addresses. A dialer never sees a name.

use std::io;
use std::net::{SocketAddr, TcpStream};

use futures_lite::{AsyncRead, AsyncWrite};
use smol::Async;

use crate::contract::BoxFuture;

/// A connection: dropping it closes it.
pub trait NetworkStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> NetworkStream for T {}

/// Makes connections.
pub trait Dialer: Send + Sync {
    /// Connects to exactly this address. Dropping the future ends the attempt.
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
