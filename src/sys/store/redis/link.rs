//! A connection on which no step takes longer than its limit: resolving the name, connecting, each answer. No answer is
//! longer than [`LONGEST`] either, whatever it is made of.
//!
//! The transport is our own, since the client library's would wait without end for a name, for a stopped server's full
//! queue of a Unix socket, and for an answer that comes in crumbs. Protocol and errors are the library's.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use ::redis::{Cmd, Parser, Value, cmd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use super::password;
use super::tls;
use super::trouble::Trouble;
use crate::store::{Address, Location};
use crate::sys::supervise;

/// For resolving a name, for connecting, and for an answer, each. A server on a busy machine may wait for its turn, and
/// that is no reason to go without it; one that stands still for so long is stopped.
pub(super) const LIMIT: Duration = Duration::from_secs(2);
/// The longest wait that counts at once, as long as we were awake for it: where we hardly run, the server hardly runs.
const SLICE: Duration = Duration::from_millis(50);
/// After this long, a signal that comes to us ends the wait.
const UNINTERRUPTED: Duration = Duration::from_millis(200);
/// The longest answer, in bytes. A record of ten thousand leases takes one million.
const LONGEST: u64 = 4 * 1024 * 1024;

pub(super) struct Link {
    stream: Stream,
    parser: Parser,
}

enum Stream {
    Plain(Wire),
    Tls(Box<tls::Session>),
}

impl Link {
    pub(super) fn connect(location: &Location) -> Result<Self, Trouble> {
        let stream = match &location.address {
            Address::Unix(path) => Stream::Plain(Wire::unix(path).map_err(|why| Trouble::connecting(&why))?),
            Address::Tcp { host, port, tls } => {
                let addresses = resolve(host, *port)?;
                let wire = Wire::tcp(&addresses).map_err(|why| Trouble::connecting(&why))?;
                match tls {
                    None => Stream::Plain(wire),
                    Some(trust) => Stream::Tls(Box::new(tls::handshake(host, *trust, wire)?)),
                }
            }
        };
        let mut link = Self { stream, parser: Parser::new() };
        link.log_in(location)?;
        Ok(link)
    }

    fn log_in(&mut self, location: &Location) -> Result<(), Trouble> {
        if let Some(login) = &location.login {
            let mut auth = cmd("AUTH");
            auth.arg(login.user.as_ref()).arg(password::read(login).map_err(Trouble::lasting)?);
            self.call(&auth).map_err(Trouble::of_logging_in)?;
        }
        if location.db != 0 {
            self.call(cmd("SELECT").arg(location.db)).map_err(|why| why.of_choosing(location.db))?;
        }
        Ok(())
    }

    /// One command and its answer. After an error that is not the server's own the link is of no more use.
    pub(super) fn call(&mut self, command: &Cmd) -> Result<Value, Trouble> {
        self.send(&command.get_packed_command())?;
        self.receive()
    }

    /// Many commands at once. The errors among the answers are the server's own.
    pub(super) fn call_all(&mut self, commands: &[Cmd]) -> Result<Vec<Result<Value, Trouble>>, Trouble> {
        let mut bytes = Vec::new();
        for command in commands {
            command.write_packed_command(&mut bytes);
        }
        self.send(&bytes)?;
        let mut answers = Vec::with_capacity(commands.len());
        for _ in commands {
            match self.receive() {
                Err(trouble) if !trouble.is_an_answer() => return Err(trouble),
                answer => answers.push(answer),
            }
        }
        Ok(answers)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let sent = match &mut self.stream {
            Stream::Plain(wire) => wire.begin().write_all(bytes),
            Stream::Tls(session) => {
                session.sock.begin();
                session.write_all(bytes).and_then(|()| session.flush())
            }
        };
        sent.map_err(|why| self.trouble(Trouble::talking(&why)))
    }

    fn receive(&mut self) -> Result<Value, Trouble> {
        let (answer, left) = match &mut self.stream {
            Stream::Plain(wire) => {
                let mut bounded = wire.begin().take(LONGEST);
                (self.parser.parse_value(&mut bounded), bounded.limit())
            }
            Stream::Tls(session) => {
                session.sock.begin();
                let mut bounded = (&mut **session).take(LONGEST);
                (self.parser.parse_value(&mut bounded), bounded.limit())
            }
        };
        if left == 0 {
            return Err(Trouble::lasting("its answer has no end"));
        }
        answer.and_then(Value::extract_error).map_err(|why| self.trouble(Trouble::from_answer(&why)))
    }

    /// A wait that a signal of ours has ended is no trouble of the server's.
    fn trouble(&self, trouble: Trouble) -> Trouble {
        let wire = match &self.stream {
            Stream::Plain(wire) => wire,
            Stream::Tls(session) => &session.sock,
        };
        if wire.is_interrupted { Trouble::interrupted() } else { trouble }
    }
}

/// A socket that never waits for longer than its limit.
pub(super) struct Wire {
    socket: Socket,
    /// How long was waited since the step began.
    waited: Duration,
    is_interrupted: bool,
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Wire {
    fn new(socket: Socket) -> io::Result<Self> {
        match &socket {
            Socket::Tcp(stream) => stream.set_nonblocking(true)?,
            Socket::Unix(stream) => stream.set_nonblocking(true)?,
        }
        Ok(Self { socket, waited: Duration::ZERO, is_interrupted: false })
    }

    /// Tries all addresses within one limit.
    fn tcp(addresses: &[SocketAddr]) -> io::Result<Self> {
        let until = Instant::now() + LIMIT;
        let mut last = None;
        for address in addresses {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(address, left) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Self::new(Socket::Tcp(stream));
                }
                Err(why) => last = Some(why),
            }
        }
        Err(last.unwrap_or_else(|| ErrorKind::TimedOut.into()))
    }

    /// A server that accepts nothing lets its queue run full; then `connect` waits, as long as a send may.
    fn unix(path: &Path) -> io::Result<Self> {
        let address = SocketAddrUnix::new(path)?;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, CLOEXEC, None)?;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        let until = Instant::now() + LIMIT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(left))?;
            match rustix::net::connect(&socket, &address) {
                Ok(()) => break,
                Err(Errno::AGAIN) => return Err(ErrorKind::TimedOut.into()),
                // A signal came: on a socket of this kind nothing has begun.
                Err(Errno::INTR) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Self::new(Socket::Unix(socket.into()))
    }

    /// What follows has the limit before it again.
    pub(super) fn begin(&mut self) -> &mut Self {
        self.waited = Duration::ZERO;
        self
    }

    /// Waits until it is ready. What is ready at the very end is taken: we may have been stopped meanwhile.
    fn wait(&mut self, events: PollFlags) -> io::Result<()> {
        loop {
            let left = LIMIT.saturating_sub(self.waited);
            let slice = left.min(SLICE);
            let limit = Timespec { tv_sec: 0, tv_nsec: slice.subsec_nanos().into() };
            let began = Instant::now();
            let found = poll(&mut [PollFd::from_borrowed_fd(self.as_fd(), events)], Some(&limit));
            self.waited += began.elapsed().min(SLICE);
            match found {
                Ok(0) if left.is_zero() => return Err(ErrorKind::TimedOut.into()),
                Ok(0) => {}
                Ok(_) => return Ok(()),
                Err(Errno::INTR) if self.waited >= UNINTERRUPTED => {
                    self.is_interrupted = true;
                    return Err(ErrorKind::TimedOut.into());
                }
                Err(Errno::INTR) => {}
                Err(why) => return Err(why.into()),
            }
        }
    }

    fn retry<T>(
        &mut self,
        events: PollFlags,
        mut step: impl FnMut(&mut Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match step(&mut self.socket) {
                Err(why) if why.kind() == ErrorKind::WouldBlock => self.wait(events)?,
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOEXEC: SocketFlags = SocketFlags::CLOEXEC;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOEXEC: SocketFlags = SocketFlags::empty();

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.retry(PollFlags::IN, |socket| match socket {
            Socket::Tcp(stream) => stream.read(buffer),
            Socket::Unix(stream) => stream.read(buffer),
        })
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.retry(PollFlags::OUT, |socket| match socket {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The C library may wait ten seconds for a name server, and cannot be interrupted; so names are resolved in a copy of us.
fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Trouble> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = supervise::run_in_fork(LIMIT, || {
        let found = (host, port).to_socket_addrs();
        let lines =
            found.map(|all| all.take(16).map(|address| format!("{}\n", address.ip())).collect::<String>());
        lines.unwrap_or_else(|why| format!("?{why}")).into_bytes()
    });
    let answer = match found {
        Ok(Some(answer)) => String::from_utf8_lossy(&answer).into_owned(),
        Ok(None) => return Err(Trouble::lasting("its name was not resolved within 2s")),
        Err(why) => return Err(Trouble::lasting(format!("its name cannot be resolved: {why}"))),
    };
    if let Some(why) = answer.strip_prefix('?') {
        let why = why.rsplit(": ").next().unwrap_or(why);
        return Err(Trouble::lasting(format!("its name cannot be resolved: {why}")));
    }
    let addresses: Vec<_> = answer.lines().filter_map(|ip| ip.parse().ok()).collect();
    if addresses.is_empty() {
        return Err(Trouble::lasting("its name has no address"));
    }
    Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
}
