//! Listening and connecting ends: a Unix socket that only its owner can open, or TCP.

use std::fs::{self, Permissions};
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::sockopt::{
    set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl, set_tcp_nodelay,
    set_tcp_user_timeout, socket_acceptconn, socket_peercred,
};
use rustix::net::{SendFlags, Shutdown, SocketFlags, accept_with, send, shutdown};
use rustix::process::geteuid;
use smol::Async;

use super::options::SocketAddress;
use crate::channel::hang_up::is_hung_up;
use crate::contract::OWNER;

/// What the names of other users of the machine begin with.
pub(super) const USER: &str = "uid:";

/// Whoever connected, as the kernel tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Peer {
    /// A process of this or another user.
    User { sender: String },
    /// Somewhere on the network, where only a token tells.
    Network,
}

/// Where connections come in. Clones are one listener; the last one removes the Unix socket.
#[derive(Clone)]
pub(super) struct Listener(Arc<OpenSocket>);

/// A bound socket. Dropping it removes its file, unless another process has put its own there or goes on with it.
struct OpenSocket {
    socket: Async<OwnedFd>,
    place: BoundAddress,
}

/// Where a socket is bound.
enum BoundAddress {
    Unix {
        path: PathBuf,
        inode: u64,
        stays: AtomicBool,
    },
    /// An address, as the system gave it.
    Tcp(String),
}

impl BoundAddress {
    fn unix(path: &Path, inode: u64) -> Self {
        Self::Unix { path: path.to_owned(), inode, stays: AtomicBool::new(false) }
    }

    fn tcp(listener: &TcpListener) -> Self {
        let address = listener.local_addr().map(|it| it.to_string());
        Self::Tcp(address.unwrap_or_default())
    }
}

impl Listener {
    /// Binds an address. A TCP address beyond this machine is logged: nothing on it is encrypted.
    pub(super) fn bind(address: &SocketAddress, others: bool) -> io::Result<Self> {
        match address {
            SocketAddress::Unix(path) => {
                let (socket, inode) = bind_unix(path, others)?;
                Self::of(socket, BoundAddress::unix(path, inode))
            }
            SocketAddress::Tcp(address) => {
                let addresses: Vec<_> = address.to_socket_addrs()?.collect();
                if addresses.iter().any(|address| !address.ip().is_loopback()) {
                    log::warn!("socket: {address} is not encrypted; use it in a network you trust");
                }
                let listener = TcpListener::bind(addresses.as_slice())?;
                let place = BoundAddress::tcp(&listener);
                Self::of(listener.into(), place)
            }
        }
    }

    /// The one that an earlier process has left at `address`.
    pub(super) fn adopt(address: &SocketAddress, socket: OwnedFd) -> io::Result<Self> {
        if !socket_acceptconn(&socket)? {
            return Err(io::ErrorKind::NotConnected.into());
        }
        match address {
            SocketAddress::Unix(path) => {
                let inode = fs::symlink_metadata(path)?.ino();
                Self::of(socket, BoundAddress::unix(path, inode))
            }
            SocketAddress::Tcp(_) => {
                let listener = TcpListener::from(socket);
                let place = BoundAddress::tcp(&listener);
                Self::of(listener.into(), place)
            }
        }
    }

    fn of(socket: OwnedFd, place: BoundAddress) -> io::Result<Self> {
        Ok(Self(Arc::new(OpenSocket { socket: Async::new(socket)?, place })))
    }

    /// What another process can adopt: it goes on listening when this one is closed.
    pub(super) fn keep(&self) -> io::Result<OwnedFd> {
        let kept = self.0.socket.as_fd().try_clone_to_owned()?;
        if let BoundAddress::Unix { stays, .. } = &self.0.place {
            stays.store(true, Ordering::Relaxed);
        }
        Ok(kept)
    }

    pub(super) fn address(&self) -> SocketAddress {
        match &self.0.place {
            BoundAddress::Unix { path, .. } => SocketAddress::Unix(path.clone()),
            BoundAddress::Tcp(address) => SocketAddress::Tcp(address.clone()),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        let accepting = |listener: &OwnedFd| Ok(accept_with(listener, SocketFlags::CLOEXEC)?);
        let socket = self.0.socket.read_with(accepting).await?;
        let peer = match &self.0.place {
            BoundAddress::Unix { .. } => {
                let uid = socket_peercred(&socket)?.uid;
                let sender = match uid == geteuid() {
                    true => OWNER.to_owned(),
                    false => format!("{USER}{}", uid.as_raw()),
                };
                Peer::User { sender }
            }
            BoundAddress::Tcp(_) => {
                // Lines are short, and their reader waits for each.
                set_tcp_nodelay(&socket, true)?;
                watch(socket.as_fd())?;
                Peer::Network
            }
        };
        let is_tcp = peer == Peer::Network;
        Ok((Stream { socket: Async::new(socket)?, is_tcp }, peer))
    }
}

/// How long a TCP client may be silent before its machine is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(60);
/// How long the answer to a probe may take.
const PROBE: Duration = Duration::from_secs(20);
/// Probes without an answer after which the other end counts as gone.
const PROBES: u32 = 3;
/// The same for what was sent and is not confirmed: as long as silence and all probes together.
const UNCONFIRMED_MS: u32 = 120_000;

/// Has the kernel look whether the other end is there (RFC 9293, section 3.8.4, and RFC 5482): one
/// whose machine lost its power or its network says nothing of it. A Unix socket needs none of this,
/// since the kernel closes it with its process.
fn watch(stream: BorrowedFd<'_>) -> io::Result<()> {
    set_tcp_keepidle(stream, SILENCE)?;
    set_tcp_keepintvl(stream, PROBE)?;
    set_tcp_keepcnt(stream, PROBES)?;
    set_tcp_user_timeout(stream, UNCONFIRMED_MS)?;
    Ok(set_socket_keepalive(stream, true)?)
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        if let BoundAddress::Unix { path, inode, stays } = &self.place
            && !stays.load(Ordering::Relaxed)
            && fs::symlink_metadata(path).is_ok_and(|it| it.ino() == *inode)
        {
            let _ = fs::remove_file(path);
        }
    }
}

/// Binds beside the path and renames into place, so that nobody can connect before the permissions
/// are right, and a socket that a killed program left behind is replaced.
fn bind_unix(path: &Path, others: bool) -> io::Result<(OwnedFd, u64)> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => {
            let problem = format!("{} is there and is not a socket", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            let problem = format!("another program listens on {}", path.display());
            return Err(io::Error::new(io::ErrorKind::AddrInUse, problem));
        }
        _ => {}
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let _ = fs::remove_file(&beside);
    let listener = UnixListener::bind(&beside)?;
    // Other users are told apart by what the kernel says of them, not by the file's mode.
    let mode = if others { 0o666 } else { 0o600 };
    let placed = fs::set_permissions(&beside, Permissions::from_mode(mode))
        .and_then(|()| Ok(fs::symlink_metadata(&beside)?.ino()))
        .and_then(|inode| fs::rename(&beside, path).map(|()| inode));
    if placed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    Ok((listener.into(), placed?))
}

/// One end of a connection, of either kind.
pub(super) struct Stream {
    socket: Async<OwnedFd>,
    is_tcp: bool,
}

/// Bytes that are read at once, into a buffer that lives as long as the reading.
const PIECE_BYTES: usize = 16 * 1024;

impl Stream {
    /// Waits for bytes and gives them to `take`. The answer is how many there were; 0 at the end.
    pub(super) async fn read(&self, take: &mut (dyn FnMut(&[u8]) + Send)) -> io::Result<usize> {
        let reading = |socket: &OwnedFd| {
            let mut piece = [0; PIECE_BYTES];
            let count = rustix::io::read(socket, &mut piece)?;
            take(&piece[..count]);
            Ok(count)
        };
        self.socket.read_with(reading).await
    }

    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let writing = |socket: &OwnedFd| Ok(send(socket, bytes, SendFlags::NOSIGNAL)?);
            let written = self.socket.write_with(writing).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[written..];
        }
        Ok(())
    }

    /// Whether the other end is gone altogether, and not only silent. Of TCP this is known when
    /// writing fails, or when the kernel has looked for it in vain.
    pub(super) fn is_hung_up(&self) -> bool {
        is_hung_up(self.socket.as_fd())
    }

    /// Whether the other end may be gone without a word once it sends nothing more: over TCP its end
    /// says the same, whether it closed one direction or both.
    pub(super) fn hides_disconnect(&self) -> bool {
        self.is_tcp
    }

    /// Ends both directions; what was written before still arrives.
    pub(super) fn close(&self) {
        // It may be closed already.
        let _ = shutdown(&self.socket, Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use rustix::net::sockopt::{
        socket_keepalive, tcp_keepcnt, tcp_keepidle, tcp_keepintvl, tcp_user_timeout,
    };

    use super::*;

    #[test]
    fn a_vanished_tcp_client_is_noticed() {
        let loopback = SocketAddress::Tcp("127.0.0.1:0".into());
        let listener = Listener::bind(&loopback, false).unwrap();
        let SocketAddress::Tcp(address) = listener.address() else { unreachable!() };
        let _client = TcpStream::connect(address).unwrap();
        let (Stream { socket: stream, .. }, _) = smol::block_on(listener.accept()).unwrap();
        assert!(socket_keepalive(&stream).unwrap());
        let probes = tcp_keepintvl(&stream).unwrap() * tcp_keepcnt(&stream).unwrap();
        let noticed = tcp_keepidle(&stream).unwrap() + probes;
        assert_eq!(noticed, Duration::from_secs(120));
        assert_eq!(tcp_user_timeout(&stream).unwrap(), 120_000);
    }
}
