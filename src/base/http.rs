//! A request over HTTP, and what is made of its answer: worded and judged by the rooms, sent by the machine.

use std::path::PathBuf;
use std::time::Duration;

/// A request. Its URL and headers may be secrets: there is no way to show them.
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

/// Whom to believe, and who to be, over TLS: files in PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The authorities that are trusted; `None`: those of the host.
    pub authorities: Option<PathBuf>,
    /// The client's certificate, and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// A server's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The wait that it asks for, in whole seconds.
    pub retry_after: Option<Duration>,
    /// The beginning of its body.
    pub body: Vec<u8>,
}

/// There was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// Why, in words that show no part of the URL but the host.
    pub why: String,
    /// The connection stood, and was cut.
    pub cut: bool,
}

/// The meaning of an answer, or of none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    Taken,
    /// Another try may help, after this long at the earliest; why, in words.
    Again(String, Option<Duration>),
    /// None would; why, in words.
    Refused(String),
}
