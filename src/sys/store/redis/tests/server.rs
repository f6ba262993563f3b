//! A real server of a test's own, on a Unix socket in a directory of its own; it dies with its owner.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ::redis::{Client, FromRedisValue, cmd};
use rustix::process::{Pid, Signal, kill_process};

use super::super::Redis;

pub(in crate::sys::store) struct Server {
    pub(super) directory: tempfile::TempDir,
    child: Child,
    args: Vec<String>,
}

impl Server {
    pub(in crate::sys::store) fn start(args: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a directory"), args)
    }

    pub(super) fn start_in(directory: tempfile::TempDir, args: &[&str]) -> Self {
        let args: Vec<_> = args.iter().map(ToString::to_string).collect();
        let child = spawn(&directory, &args);
        let mut server = Self { directory, child, args };
        assert!(server.is_up(), "redis-server does not start with {:?}", server.args);
        server
    }

    /// On a TCP port that was free a moment ago; with another one where somebody was faster.
    pub(super) fn start_on_port(args: &[&str]) -> (Self, u16) {
        let args: Vec<_> = args.iter().map(ToString::to_string).collect();
        for _ in 0..20 {
            let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|probe| probe.local_addr());
            let port = free.expect("a free port").port();
            let mut args = args.clone();
            args.extend(["--port".to_owned(), port.to_string(), "--bind".to_owned(), "127.0.0.1".to_owned()]);
            let directory = tempfile::tempdir().expect("a directory");
            let child = spawn(&directory, &args);
            let mut server = Self { directory, child, args };
            if server.is_up() {
                return (server, port);
            }
        }
        panic!("no port for redis-server");
    }

    /// False when it has ended instead.
    fn is_up(&mut self) -> bool {
        let limit = Instant::now() + Duration::from_secs(30);
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            if self.child.try_wait().expect("its status").is_some() {
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

    pub(in crate::sys::store) fn open(&self) -> Redis {
        Redis::open(&self.url()).expect("a store")
    }

    /// By a client that is not ours.
    pub(in crate::sys::store) fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        self.ask_as("", words)
    }

    pub(super) fn ask_as<T: FromRedisValue>(&self, query: &str, words: &[&str]) -> T {
        let client = Client::open(format!("{}{query}", self.url())).expect("a client");
        let mut connection = client.get_connection().expect("a connection");
        cmd(words[0]).arg(&words[1..]).query(&mut connection).expect("an answer")
    }

    pub(super) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("a signal is sent");
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it has ended");
    }

    /// Another one, empty, at the same place.
    pub(super) fn start_again(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        self.child = spawn(&self.directory, &self.args);
        assert!(self.is_up());
    }
}

fn spawn(directory: &tempfile::TempDir, args: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]);
    command.arg(directory.path().join("r.sock")).arg("--dir").arg(directory.path()).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("redis-server is installed (scripts/test-deps.sh)")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
