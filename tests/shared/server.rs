//! A Redis server of a test's own, and servers that are none.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::crowd::Process;

/// `redis-server` on a Unix socket in a directory of its own; it dies with its owner.
pub(super) struct Server {
    directory: tempfile::TempDir,
    options: Vec<String>,
    process: Process,
}

impl Server {
    #[track_caller]
    pub(super) fn start(options: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let options: Vec<_> = options.iter().map(ToString::to_string).collect();
        let process = spawn(&directory, &options);
        let mut server = Self { directory, options, process };
        assert!(server.is_up(), "redis-server does not start");
        server
    }

    /// On a TCP port that was free a moment ago; on another one where somebody was faster.
    #[track_caller]
    pub(super) fn on_port() -> (Self, u16) {
        Self::on_port_as(&["--port"])
    }

    /// The same, with options that end with the one for its port.
    #[track_caller]
    pub(super) fn on_port_as(options: &[&str]) -> (Self, u16) {
        for _ in 0..20 {
            let port = free_port().to_string();
            let directory = tempfile::tempdir().expect("a directory");
            let options = [options, &[&port, "--bind", "127.0.0.1"]].concat();
            let options: Vec<_> = options.iter().map(ToString::to_string).collect();
            let process = spawn(&directory, &options);
            let mut server = Self { directory, options, process };
            if server.is_up() {
                return (server, port.parse().expect("a port"));
            }
        }
        panic!("no port for redis-server");
    }

    /// False when it has ended instead.
    fn is_up(&mut self) -> bool {
        let limit = Instant::now() + Duration::from_secs(30);
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            if self.process.has_ended() {
                return false;
            }
            assert!(Instant::now() < limit, "redis-server is not ready after 30 s");
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.directory.path().join("r.sock")
    }

    pub(super) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub(super) fn send(&self, signal: Signal) {
        self.process.send(signal);
    }

    #[track_caller]
    pub(super) fn kill(&mut self) {
        self.process.send(Signal::KILL);
        self.process.status();
    }

    /// Another one, empty, at the same place.
    #[track_caller]
    pub(super) fn start_again(&mut self) {
        let _gone = std::fs::remove_file(self.socket());
        self.process = spawn(&self.directory, &self.options);
        assert!(self.is_up(), "redis-server does not start again");
    }

    /// What is stored under a name, by a client that is not ours.
    #[track_caller]
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let client = redis::Client::open(self.url()).expect("a client");
        let mut connection = client.get_connection().expect("a connection");
        redis::cmd("GET").arg(name).query(&mut connection).expect("an answer")
    }
}

#[track_caller]
fn spawn(directory: &tempfile::TempDir, options: &[String]) -> Process {
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]);
    command.arg(directory.path().join("r.sock")).arg("--dir").arg(directory.path()).args(options);
    Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
}

/// A reserved port: nobody listens there. One that was free a moment ago may be another test's by now.
pub(super) const DEAD_PORT: u16 = 1;

/// A port that is free now.
fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|probe| probe.local_addr());
    free.expect("a free port").port()
}

/// Listens on a port of its own until the test is over, and does this with each connection.
pub(super) fn listen(talk: impl Fn(TcpStream) + Send + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let talk = talk.clone();
            std::thread::spawn(move || talk(connection));
        }
    });
    port
}

/// A server of something else.
pub(super) fn no_redis() -> u16 {
    listen(|mut connection| {
        let mut buffer = [0; 1024];
        let _read = std::io::Read::read(&mut connection, &mut buffer);
        let _gone = connection.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    })
}

/// A server that takes connections and says nothing.
pub(super) fn silent() -> u16 {
    listen(|connection| {
        std::thread::sleep(Duration::from_secs(60));
        drop(connection);
    })
}
