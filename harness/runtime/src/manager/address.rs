//! Where a manager's server is, and what proves to each side who the other is.
//!
//! CPython lets both sides prove that they know a key, by HMAC challenges, because its managers may be reached over a network. Here the way
//! is a Unix socket of the abstract namespace, which nobody can listen in on, and the kernel names the process at each end
//! (SO_PEERCRED, unix(7)). The client sees that the listener is the very server it means, by pid and user, before it says the token; the
//! server sees the user and the token. Guessing one is out of reach: the token has 256 random bits. So no cryptography is needed.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use nix::errno::Errno;
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, getsockopt, socket};

use super::object::ClientId;
use crate::error::{Error, Kind};
use crate::sys::fd;
use crate::waiting::Waiting;

/// How long a stranger may keep a thread of the server waiting for its token.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// How long a client that is let in by nobody asks again.
const INSIST_FOR: Duration = Duration::from_millis(500);

/// The token, then who the client is.
const HELLO_BYTES: usize = 32 + 16;

/// What the server says to a client it lets in.
pub(super) const WELCOME: u8 = b'W';

/// Whoever has it may ask the server; it travels with every proxy.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Address {
    name: [u8; 16],
    token: [u8; 32],
    server: u32,
}

impl std::fmt::Debug for Address {
    /// Without the token, which nobody should find in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Random bytes of the kernel.
pub(super) fn random<const BYTES: usize>() -> io::Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Address {
    /// One that nobody has.
    pub(super) fn invent() -> io::Result<Self> {
        Ok(Self { name: random()?, token: random()?, server: 0 })
    }

    /// The same, of the server with this pid.
    pub(super) fn of_server(self, pid: u32) -> Self {
        Self { server: pid, ..self }
    }

    pub(super) fn server(&self) -> u32 {
        self.server
    }

    fn path(&self) -> String {
        let hex: String = self.name.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("multiprocess-manager-{hex}")
    }

    /// Takes the name, in this process, whose pid is that of the listener from now on.
    pub(super) fn listen(&self) -> io::Result<UnixListener> {
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(self.path())?)
    }

    /// Connects with the server; non-blocking.
    pub(super) fn connect(&self, client: ClientId, deadline: Instant, limit: Duration) -> Result<File, Error> {
        let insist = Instant::now() + INSIST_FOR;
        loop {
            let fault = match self.greet(client, deadline) {
                Ok(socket) => return Ok(socket),
                Err(fault) => fault,
            };
            return Err(match fault.kind() {
                io::ErrorKind::TimedOut => Kind::Deadline { doing: "connecting with a manager", limit }.into(),
                io::ErrorKind::ConnectionRefused => Kind::ManagerDied { pid: self.server }.into(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                    // The kernel closes what a dying server has piece by piece: it may have taken its last client in a moment ago.
                    if Instant::now() < insist.min(deadline) {
                        let pause = fd::wait(&mut [], Some(Instant::now() + Duration::from_millis(1)));
                        pause.map_err(Error::io("connecting with a manager"))?;
                        continue;
                    }
                    Kind::ManagerRefused { pid: self.server }.into()
                }
                _ => Error::io("connecting with a manager")(fault),
            });
        }
    }

    fn greet(&self, client: ClientId, deadline: Instant) -> io::Result<File> {
        let socket = self.reach(deadline)?;
        self.is_really(&socket)?;
        let mut hello = [0; HELLO_BYTES];
        hello[..32].copy_from_slice(&self.token);
        hello[32..].copy_from_slice(&client.bytes());
        let (socket, mut answer) = (File::from(socket), [0]);
        Waiting::until(&socket, deadline).write_all(&hello)?;
        Waiting::until(&socket, deadline).read_exact(&mut answer)?;
        Ok(socket)
    }

    fn reach(&self, deadline: Instant) -> io::Result<OwnedFd> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        let address = UnixAddr::new_abstract(self.path().as_bytes())?;
        loop {
            match connect(socket.as_raw_fd(), &address) {
                Ok(()) => return Ok(socket),
                Err(Errno::EINTR) => {}
                // The server has more who wait than it has room for; it is busy accepting them.
                Err(Errno::EAGAIN) if Instant::now() < deadline => {
                    fd::wait(&mut [], Some(Instant::now() + Duration::from_millis(1)))?;
                }
                Err(Errno::EAGAIN) => return Err(io::ErrorKind::TimedOut.into()),
                Err(fault) => return Err(fault.into()),
            }
        }
    }

    /// Whether the listener is the server that is meant. After its death anybody could take its name.
    fn is_really(&self, socket: &OwnedFd) -> io::Result<()> {
        let peer = getsockopt(socket, PeerCredentials)?;
        let meant = peer.pid().cast_unsigned() == self.server && peer.uid() == nix::unistd::geteuid().as_raw();
        if meant { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
    }

    /// Tells on the server's side who a client is, if it may come in.
    pub(super) fn who(&self, stream: &UnixStream) -> io::Result<ClientId> {
        let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
        if getsockopt(&stream.as_fd(), PeerCredentials)?.uid() != nix::unistd::geteuid().as_raw() {
            return Err(refused());
        }
        stream.set_read_timeout(Some(HELLO_WITHIN))?;
        let mut hello = [0; HELLO_BYTES];
        (&*stream).read_exact(&mut hello)?;
        stream.set_read_timeout(None)?;
        // Every byte is looked at, so that the time taken says nothing about how many were right.
        let wrong = self.token.iter().zip(&hello).fold(0, |wrong, (ours, theirs)| wrong | (ours ^ theirs));
        if wrong != 0 {
            return Err(refused());
        }
        Ok(ClientId::from_bytes(&hello[32..]))
    }
}
