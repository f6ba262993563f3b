//! A small HTTP/1.1 server that fails at first: what the demonstration and the tests retry against.
//!
//!     flaky-server [--port N] [--port-file FILE] [--fail N] [--status CODE] [--retry-after S]
//!                  [--requests M] [--seconds S]
//!
//! It listens on 127.0.0.1 alone, on a free port unless one is given, and prints its address. The first N
//! requests are answered with the status (503), and with a Retry-After header where one is given; later ones
//! with 200 and a short body. Each answer closes its connection. It ends by itself after M requests (no limit)
//! or after S seconds (60), whichever comes first.

#![allow(clippy::disallowed_methods, reason = "a test server touches sockets, files and its arguments")]

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;
use std::{env, fs, thread};

/// A client that is silent for so long is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request head longer than this is cut, and then it is no request.
const LONGEST_HEAD: u64 = 64 * 1024;

struct Options {
    /// 0 takes a free port.
    port: u16,
    port_file: Option<PathBuf>,
    fail: u64,
    status: u16,
    retry_after: Option<String>,
    /// `None` answers until the time is over.
    requests: Option<u64>,
    seconds: u64,
}

fn main() -> ExitCode {
    match Options::parse(env::args_os().skip(1)).and_then(serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "flaky-server: {message}");
            ExitCode::FAILURE
        }
    }
}

impl Options {
    fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut options = Self {
            port: 0,
            port_file: None,
            fail: 0,
            status: 503,
            retry_after: None,
            requests: None,
            seconds: 60,
        };
        while let Some(word) = words.next() {
            let name = word.to_str().unwrap_or_default();
            let value = words.next().ok_or_else(|| format!("{} takes a value", word.display()))?;
            if name == "--port-file" {
                options.port_file = Some(value.into());
                continue;
            }
            let value = value.to_str().ok_or_else(|| format!("{name}: not text: {}", value.display()))?;
            match name {
                "--port" => options.port = number(name, value)?,
                "--fail" => options.fail = number(name, value)?,
                "--status" => options.status = number(name, value)?,
                "--retry-after" => options.retry_after = Some(value.to_owned()),
                "--requests" => options.requests = Some(number(name, value)?),
                "--seconds" => options.seconds = number(name, value)?,
                _ => return Err(format!("unknown option {}", word.display())),
            }
        }
        if !(200..=599).contains(&options.status) {
            return Err(format!("--status {} is not within 200 to 599", options.status));
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} {value}: not a number"))
}

fn serve(options: Options) -> Result<(), String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
        .map_err(|error| format!("127.0.0.1:{}: {error}", options.port))?;
    let address = listener.local_addr().map_err(|error| format!("the socket has no address: {error}"))?;
    if let Some(path) = &options.port_file {
        write_whole(path, &format!("{}\n", address.port()))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    // Nobody need listen.
    let _ = writeln!(io::stdout(), "{address}");
    if options.requests == Some(0) {
        return Ok(());
    }

    let (finished, end) = mpsc::channel();
    let seconds = Duration::from_secs(options.seconds);
    let server =
        Arc::new(Server { options, received: AtomicU64::new(0), answered: AtomicU64::new(0), finished });
    thread::spawn(move || {
        for connection in listener.incoming() {
            match connection {
                Ok(connection) => {
                    let server = Arc::clone(&server);
                    thread::spawn(move || server.talk(&connection));
                }
                // Out of descriptors, say: pass.
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        }
    });
    // The return of `main` ends every other thread. Time over is as good an end as the last request.
    let _ = end.recv_timeout(seconds);
    Ok(())
}

/// A reader of the file sees nothing or all of it.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

struct Server {
    options: Options,
    received: AtomicU64,
    answered: AtomicU64,
    finished: Sender<()>,
}

impl Server {
    fn talk(&self, mut connection: &TcpStream) {
        let _ = connection.set_read_timeout(Some(PATIENCE));
        let _ = connection.set_write_timeout(Some(PATIENCE));
        let Some(method) = read_head(connection) else { return };
        let request = self.received.fetch_add(1, Ordering::Relaxed) + 1;
        let answer = self.answer(&method, request);
        // A client that left counts as answered.
        let _ = connection.write_all(&answer);
        let _ = connection.shutdown(Shutdown::Write);
        if Some(self.answered.fetch_add(1, Ordering::Relaxed) + 1) == self.options.requests {
            let _ = self.finished.send(());
        }
        // A close with unread bytes (a request body) would be a reset, which can overtake the answer.
        let _ = io::copy(&mut connection.take(1024 * 1024), &mut io::sink());
    }

    fn answer(&self, method: &str, request: u64) -> Vec<u8> {
        let failing = request <= self.options.fail;
        let status = if failing { self.options.status } else { 200 };
        let reason = reason(status);
        let mut lines = vec![format!("HTTP/1.1 {status} {reason}"), "Connection: close".to_owned()];
        if failing && let Some(retry_after) = &self.options.retry_after {
            lines.push(format!("Retry-After: {retry_after}"));
        }
        let mut body = String::new();
        if !matches!(status, 204 | 304) {
            body = format!("request {request}: {status} {reason}\n");
            lines.push("Content-Type: text/plain".to_owned());
            lines.push(format!("Content-Length: {}", body.len()));
        }
        if method == "HEAD" {
            body.clear();
        }
        format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
    }
}

/// Reads up to the empty line and returns the method; `None` when no whole request came.
fn read_head(connection: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(connection.take(LONGEST_HEAD));
    let mut method = None;
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        let line = String::from_utf8_lossy(line.strip_suffix(b"\n")?).into_owned();
        match (line.trim_end_matches('\r'), &method) {
            ("", Some(_)) => return method,
            ("", None) | (_, Some(_)) => {}
            (first, None) => method = first.split(' ').next().map(str::to_owned),
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Status",
    }
}
