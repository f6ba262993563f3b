//! What listens on the loopback interface while the matrix runs: a Redis server, and one that says yes to every request.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::options::Worker;

/// Starts what these paths need, and says where it is.
pub(crate) fn start(directory: &Path, paths: &[&crate::paths::Path]) -> io::Result<(Option<Redis>, Worker)> {
    let need = |what: &str| {
        let in_environment =
            |path: &crate::paths::Path| path.environment.iter().any(|(_, value)| value.contains(what));
        paths.iter().any(|path| path.args.contains(what) || in_environment(path))
    };
    let redis = if need("@REDIS") { Redis::start(directory) } else { None };
    let url = redis.as_ref().map(|redis| redis.url.clone()).unwrap_or_default();
    let http = if need("@HTTP") { http()? } else { String::new() };
    Ok((redis, Worker { redis: url, http, ..Worker::default() }))
}

/// A Redis server; it ends with its owner.
pub(crate) struct Redis {
    child: Child,
    url: String,
}

impl Redis {
    /// None where `redis-server` is not installed.
    fn start(directory: &Path) -> Option<Self> {
        for _ in 0..20 {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).ok()?.port();
            let mut command = Command::new("redis-server");
            command.args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                "no",
            ]);
            command
                .arg("--dir")
                .arg(directory)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let mut child = dies_with_us(&mut command).spawn().ok()?;
            let limit = Instant::now() + Duration::from_secs(20);
            while child.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < limit {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Some(Self { child, url: format!("redis://127.0.0.1:{port}") });
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _gone = child.kill();
            let _reaped = child.wait();
        }
        None
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The URL of a server that answers 200 to whatever it gets.
fn http() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    Ok(url)
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// The command is killed when the thread that starts it ends.
pub(crate) fn dies_with_us(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt as _;
    // SAFETY: a system call between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        })
    }
}
