//! A request over HTTP, and the judgement of its answer. Other rooms build requests and judge answers; `sys` sends them.

use std::path::PathBuf;
use std::time::Duration;

/// A request. Its URL and headers may be secrets, so it cannot be printed.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// `http://` or `https://`.
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub identity: Identity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// The trusted authorities and our own identity for TLS: PEM files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The trusted authorities; `None`: those of the host.
    pub authorities: Option<PathBuf>,
    /// The client's certificate, and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// A server's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The wait that the server asks for, in whole seconds.
    pub retry_after: Option<Duration>,
    /// The beginning of its body.
    pub body: Vec<u8>,
}

/// There was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// Why, in words that show no part of the URL except the host.
    pub why: String,
    /// The connection was established, and then lost.
    pub cut: bool,
}

/// The meaning of an answer, or of none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    Taken,
    /// Another try may help, after this long at the earliest; the reason in words.
    Again(String, Option<Duration>),
    /// Another try would not help; the reason in words.
    Refused(String),
}
