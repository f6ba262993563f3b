//! A server on loopback that writes down what it is asked, and answers as a test wants.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::wait_for;

/// One request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16),
    /// These bytes, then the end.
    Raw(Vec<u8>),
    /// Nothing, for longer than anybody waits.
    Silence,
    /// The connection is closed.
    Cut,
}

/// What is read from and written to.
pub(crate) trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

/// The server; its thread ends with the test's process.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    /// Answers 200 to everything.
    pub(crate) fn willing() -> Self {
        Self::start(|_, _| Reply::Status(200))
    }

    /// `answer` gets the number of requests before this one.
    pub(crate) fn start(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::behind(|connection| Box::new(connection), answer)
    }

    /// The same, with each connection made another one first.
    pub(crate) fn behind(
        wrap: impl Fn(TcpStream) -> Box<dyn Connection> + Send + Sync + 'static,
        answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (its_requests, answer, wrap) = (Arc::clone(&requests), Arc::new(answer), Arc::new(wrap));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (requests, answer) = (Arc::clone(&its_requests), Arc::clone(&answer));
                let wrap = Arc::clone(&wrap);
                std::thread::spawn(move || talk(&mut *wrap(connection), &requests, &*answer));
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What was asked so far, in the order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("a lock").clone()
    }

    /// The one request that there was.
    #[track_caller]
    pub(crate) fn one(&self) -> Request {
        let mut all = self.requests();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    /// Waits for so many requests.
    #[track_caller]
    pub(crate) fn wait(&self, count: usize) {
        wait_for("requests", || self.requests().len() >= count);
    }
}

fn talk(
    connection: &mut dyn Connection,
    requests: &Mutex<Vec<Request>>,
    answer: &(dyn Fn(usize, &Request) -> Reply + Sync),
) {
    let Some(request) = read(connection) else { return };
    let before = {
        let mut requests = requests.lock().expect("a lock");
        requests.push(request.clone());
        requests.len() - 1
    };
    let _gone = match answer(before, &request) {
        Reply::Status(status) => connection.write_all(
            format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK").as_bytes(),
        ),
        Reply::Raw(bytes) => connection.write_all(&bytes),
        Reply::Silence => {
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Reply::Cut => Ok(()),
    };
}

fn read(connection: &mut dyn Connection) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match connection.read(&mut buffer) {
            Ok(length @ 1..) => bytes.extend(&buffer[..length]),
            _ => return None,
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, length)| length.parse::<usize>().expect("a length"));
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        match connection.read(&mut buffer) {
            Ok(more @ 1..) => body.extend(&buffer[..more]),
            _ => return None,
        }
    }
    Some(Request { method, target, headers, body })
}
