//! A server on loopback that misbehaves as told.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket, sockopt};

/// A client that is silent for so long is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What happens to one connection.
#[derive(Clone)]
pub(super) enum Fault {
    /// The request is read as far as it came, then these bytes are the answer.
    Answer(Vec<u8>),
    /// These bytes come first, as servers of protocols send them that greet; then the end.
    Greeting(&'static str),
    /// The request is read, then the connection is reset.
    Reset,
    /// The request is read, then the connection ends without a byte.
    Silence,
}

impl Fault {
    /// An HTTP answer with this status line, these header lines and a short body.
    pub(super) fn http(status: &str, headers: &[&str]) -> Self {
        Self::page(status, headers, "a body\n")
    }

    pub(super) fn page(status: &str, headers: &[&str], body: &str) -> Self {
        Self::head(status, headers, body, body.len())
    }

    /// An answer that promises more than comes.
    pub(super) fn truncated(headers: &[&str]) -> Self {
        Self::head("200 OK", headers, "a bo", 4096)
    }

    pub(super) fn raw(bytes: &[u8]) -> Self {
        Self::Answer(bytes.to_vec())
    }

    fn head(status: &str, headers: &[&str], body: &str, length: usize) -> Self {
        let mut lines = vec![format!("HTTP/1.1 {status}"), "Connection: close".to_owned()];
        lines.extend(headers.iter().map(|&line| line.to_owned()));
        lines.push(format!("Content-Length: {length}\r\n\r\n{body}"));
        Self::Answer(lines.join("\r\n").into_bytes())
    }

    fn happen(&self, mut connection: TcpStream) {
        let _ = connection.set_read_timeout(Some(PATIENCE));
        let _ = connection.set_write_timeout(Some(PATIENCE));
        if !matches!(self, Self::Greeting(_)) {
            let _ = connection.read(&mut [0; 16 * 1024]);
        }
        match self {
            Self::Answer(bytes) => drop(connection.write_all(bytes)),
            Self::Greeting(text) => drop(connection.write_all(text.as_bytes())),
            Self::Reset => {
                sockopt::set_socket_linger(&connection, Some(Duration::ZERO)).expect("a socket that lingers");
                return;
            }
            Self::Silence => {}
        }
        // A close with unread bytes would be a reset, which can overtake the answer.
        let _ = connection.shutdown(Shutdown::Write);
        while connection.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
    }
}

/// A port of 127.0.0.1 that something happens at for as long as this lives.
pub(super) struct Place {
    pub(super) port: u16,
    /// Bound and never listened at: connections are refused, and nobody else gets the port.
    _reserved: Option<OwnedFd>,
}

impl Place {
    /// Connections meet these faults one after the other, and from the first again.
    pub(super) fn of(faults: Vec<Fault>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        // It ends with the process of the tests.
        std::thread::spawn(move || {
            for (connection, fault) in listener.incoming().zip(faults.into_iter().cycle()) {
                if let Ok(connection) = connection {
                    std::thread::spawn(move || fault.happen(connection));
                }
            }
        });
        Self { port, _reserved: None }
    }

    pub(super) fn refusing() -> Self {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = getsockname(&socket).expect("an address");
        let port = SocketAddrV4::try_from(address).expect("an IPv4 address").port();
        Self { port, _reserved: Some(socket) }
    }
}
