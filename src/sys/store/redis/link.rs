//! A connection on which no step takes longer than [`STEP_LIMIT`]: resolving the name, connecting, each answer. Answers are
//! limited to [`MAX_ANSWER_BYTES`].

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use super::password;
use super::talk::{SLICE, Waits};
use super::tls;
use crate::base::duration;
use crate::store::redis_trouble::Trouble;
use crate::store::resp::{self, Reply};
use crate::store::{Address, Location};
use crate::sys::supervise;

/// The limit for resolving a name, for connecting, and for an answer, each. A server on a busy machine may have to wait for
/// a processor, which is no reason to do without it; one that is silent for this long has stopped.
pub(super) const STEP_LIMIT: Duration = Duration::from_secs(2);
/// The longest answer. A record of ten thousand leases takes one million bytes.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// The pause before another attempt to connect to a server whose queue is full.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Link {
    stream: Stream,
    /// Received bytes that have not been consumed yet.
    unread: Vec<u8>,
    chunk: Box<[u8]>,
}

enum Stream {
    Plain(Wire),
    Tls(Box<tls::Session>),
}

impl Link {
    /// `resolved`: the addresses of a server's name; see [`resolve`].
    pub(super) async fn connect(
        location: &Location,
        resolved: &[IpAddr],
        waits: &Waits,
    ) -> Result<Self, Trouble> {
        let stream = match &location.address {
            Address::Unix(path) => {
                let wire = Wire::unix(path, waits).await;
                Stream::Plain(wire.map_err(|why| Trouble::connecting(&why))?)
            }
            Address::Tcp { host, port, tls } => {
                let wire = Wire::tcp(resolved, *port, waits).await;
                let wire = wire.map_err(|why| Trouble::connecting(&why))?;
                match tls {
                    None => Stream::Plain(wire),
                    Some(trust) => Stream::Tls(Box::new(tls::handshake(host, *trust, wire).await?)),
                }
            }
        };
        let mut link = Self { stream, unread: Vec::new(), chunk: vec![0; 64 * 1024].into() };
        link.log_in(location).await?;
        Ok(link)
    }

    async fn log_in(&mut self, location: &Location) -> Result<(), Trouble> {
        if let Some(login) = &location.login {
            let password = password::read(login).map_err(Trouble::lasting)?;
            let user = login.user.as_ref().map(String::as_bytes);
            let words: Vec<_> =
                [Some(&b"AUTH"[..]), user, Some(password.as_bytes())].into_iter().flatten().collect();
            self.call(&words).await.map_err(Trouble::of_logging_in)?;
        }
        if location.db != 0 {
            let select = [&b"SELECT"[..], location.db.to_string().as_bytes()].map(<[u8]>::to_vec);
            let words: Vec<_> = select.iter().map(Vec::as_slice).collect();
            self.call(&words).await.map_err(|why| why.of_choosing(location.db))?;
        }
        Ok(())
    }

    /// Sends a command and receives its answer. After an error that is not the server's, the link cannot be used any more.
    pub(super) async fn call(&mut self, words: &[&[u8]]) -> Result<Reply, Trouble> {
        self.send(&resp::request(words)).await?;
        match self.receive().await? {
            Reply::Refusal(words) => Err(Trouble::refused(&words)),
            reply => Ok(reply),
        }
    }

    /// Sends many commands at once and receives their answers, which may be errors of the server.
    pub(super) async fn call_all(&mut self, commands: &[Vec<&[u8]>]) -> Result<Vec<Reply>, Trouble> {
        let bytes: Vec<u8> = commands.iter().flat_map(|words| resp::request(words)).collect();
        self.send(&bytes).await?;
        let mut answers = Vec::with_capacity(commands.len());
        for _ in commands {
            answers.push(self.receive().await?);
        }
        Ok(answers)
    }

    async fn send(&mut self, mut bytes: &[u8]) -> Result<(), Trouble> {
        self.stream.wire().begin();
        while !bytes.is_empty() {
            let written = self.stream.when_ready(PollFlags::OUT, |stream| stream.write(bytes)).await;
            bytes = &bytes[written.map_err(|why| Trouble::talking(&why))?..];
        }
        let flushed = self.stream.when_ready(PollFlags::OUT, Stream::flush).await;
        flushed.map_err(|why| Trouble::talking(&why))
    }

    async fn receive(&mut self) -> Result<Reply, Trouble> {
        self.stream.wire().begin();
        loop {
            if let Some((reply, length)) = resp::reply(&self.unread).map_err(|_| Trouble::not_redis())? {
                self.unread.drain(..length);
                return Ok(reply);
            }
            if self.unread.len() >= MAX_ANSWER_BYTES {
                return Err(Trouble::lasting("answer too long"));
            }
            let chunk = &mut self.chunk;
            let read = self.stream.when_ready(PollFlags::IN, |stream| stream.read(chunk)).await;
            match read.map_err(|why| Trouble::talking(&why))? {
                0 => return Err(Trouble::talking(&ErrorKind::UnexpectedEof.into())),
                length => self.unread.extend(&self.chunk[..length]),
            }
        }
    }
}

impl Stream {
    fn wire(&mut self) -> &mut Wire {
        match self {
            Stream::Plain(wire) => wire,
            Stream::Tls(session) => &mut session.sock,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(wire) => wire.read(buffer),
            Stream::Tls(session) => session.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(wire) => wire.write(bytes),
            Stream::Tls(session) => session.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(_) => Ok(()),
            Stream::Tls(session) => session.flush(),
        }
    }

    /// Performs an operation as soon as it is possible. TLS may have to write before it can read.
    async fn when_ready<T>(
        &mut self,
        events: PollFlags,
        mut step: impl FnMut(&mut Self) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match step(self) {
                Err(why) if why.kind() == ErrorKind::WouldBlock => {
                    let writes = matches!(self, Stream::Tls(session) if session.conn.wants_write());
                    let events = if writes { events | PollFlags::OUT } else { events };
                    self.wire().ready(events).await?;
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

/// A non-blocking socket: instead, [`Wire::ready`] waits within the limit of a step.
pub(super) struct Wire {
    socket: Rc<Socket>,
    waits: Waits,
    /// Time waited since the step began.
    waited: Duration,
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Wire {
    fn new(socket: Socket, waits: &Waits) -> Self {
        Self { socket: Rc::new(socket), waits: waits.clone(), waited: Duration::ZERO }
    }

    /// Tries all addresses within one limit.
    async fn tcp(addresses: &[IpAddr], port: u16, waits: &Waits) -> io::Result<Self> {
        let mut waited = Duration::ZERO;
        let mut last = ErrorKind::TimedOut.into();
        for address in addresses {
            let address = SocketAddr::new(*address, port);
            let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
            let socket = socket(family)?;
            let mut connected = rustix::net::connect(&socket, &address);
            let mut wire = Self::new(Socket::Tcp(TcpStream::from(socket)), waits);
            wire.waited = waited;
            if connected == Err(Errno::INPROGRESS) {
                connected = match wire.ready(PollFlags::OUT).await {
                    // The connection is still being established.
                    Ok(()) => wire.connected().await,
                    Err(why) => return Err(why),
                };
            }
            match connected {
                Ok(()) => {
                    sockopt::set_tcp_nodelay(&*wire.socket, true)?;
                    return Ok(wire);
                }
                Err(errno) => last = errno.into(),
            }
            waited = wire.waited;
        }
        Err(last)
    }

    /// The result of a connection attempt.
    async fn connected(&mut self) -> Result<(), Errno> {
        loop {
            sockopt::socket_error(&*self.socket)??;
            match rustix::net::getpeername(&*self.socket) {
                Err(Errno::NOTCONN) => self.ready(PollFlags::OUT).await.map_err(|_| Errno::TIMEDOUT)?,
                done => return done.map(|_| ()),
            }
        }
    }

    /// If a server accepts nothing, its queue fills up; then all we can do is wait.
    async fn unix(path: &Path, waits: &Waits) -> io::Result<Self> {
        let address = SocketAddrUnix::new(path)?;
        let mut waited = Duration::ZERO;
        loop {
            let socket = socket(AddressFamily::UNIX)?;
            match rustix::net::connect(&socket, &address) {
                Ok(()) => return Ok(Self::new(Socket::Unix(socket.into()), waits)),
                Err(Errno::AGAIN) if waited >= STEP_LIMIT => return Err(ErrorKind::TimedOut.into()),
                Err(Errno::AGAIN | Errno::INTR) => {
                    waits.pass(QUEUE_PAUSE).await;
                    waited += QUEUE_PAUSE;
                }
                Err(why) => return Err(why.into()),
            }
        }
    }

    /// Begins a step with the full limit.
    pub(super) fn begin(&mut self) {
        self.waited = Duration::ZERO;
    }

    /// Waits for a slice of time, or until it is ready; fails once the step has reached its limit. Only time in which we
    /// ran counts: if we hardly run, the server hardly runs either.
    pub(super) async fn ready(&mut self, events: PollFlags) -> io::Result<()> {
        if self.waited >= STEP_LIMIT {
            return Err(ErrorKind::TimedOut.into());
        }
        self.waited += self.waits.ready(Rc::clone(&self.socket) as Rc<dyn AsFd>, events).await.min(SLICE);
        Ok(())
    }
}

/// A non-blocking socket that commands do not inherit.
fn socket(family: AddressFamily) -> io::Result<OwnedFd> {
    #[cfg(has_creation_flags)]
    return Ok(rustix::net::socket_with(
        family,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?);
    #[cfg(not(has_creation_flags))]
    {
        let socket = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::empty(), None)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(socket)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &*self.socket {
            Socket::Tcp(stream) => (&*stream).read(buffer),
            Socket::Unix(stream) => (&*stream).read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &*self.socket {
            Socket::Tcp(stream) => (&*stream).write(bytes),
            Socket::Unix(stream) => (&*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The addresses of a server, within `limit`; empty if it needs none. The C library may wait ten seconds for a name server
/// and cannot be interrupted, so names are resolved in a copy of this process.
pub(super) fn resolve(address: &Address, limit: Duration) -> Result<Vec<IpAddr>, Trouble> {
    let Address::Tcp { host, port, .. } = address else { return Ok(Vec::new()) };
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![address]);
    }
    let before = supervise::stop_signals();
    let found = supervise::run_in_fork(limit, || {
        let found = (host.as_str(), *port).to_socket_addrs();
        let lines =
            found.map(|all| all.take(16).map(|address| format!("{}\n", address.ip())).collect::<String>());
        lines.unwrap_or_else(|why| format!("?{why}")).into_bytes()
    });
    let answer = match found {
        Ok(Some(answer)) => String::from_utf8_lossy(&answer).into_owned(),
        Ok(None) if supervise::stop_signals() != before => return Err(Trouble::interrupted()),
        Ok(None) => {
            let limit = duration::exact(limit);
            return Err(Trouble::lasting(format!("could not resolve host within {limit}")));
        }
        Err(why) => return Err(Trouble::lasting(format!("could not resolve host: {why}"))),
    };
    if let Some(why) = answer.strip_prefix('?') {
        let why = why.rsplit(": ").next().unwrap_or(why);
        return Err(Trouble::lasting(format!("could not resolve host: {why}")));
    }
    let addresses: Vec<_> = answer.lines().filter_map(|ip| ip.parse().ok()).collect();
    if addresses.is_empty() {
        return Err(Trouble::lasting("could not resolve host: no address"));
    }
    Ok(addresses)
}
