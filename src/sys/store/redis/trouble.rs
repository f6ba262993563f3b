//! What can go wrong with a server, in words: one line that says why, and never shows what we sent.

use std::io::{self, ErrorKind};

use ::redis::{RedisError, ServerErrorKind};

use crate::base::words::without_number;

/// Why something failed. The words go behind the server's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) kind: Kind,
    pub(super) words: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The connection is dead. A new one may work.
    Dead,
    /// A script is not there yet, or not any more.
    NoScript,
    /// The server answered, and refuses. With its code.
    Refused(String),
    /// Nothing that another try at once would change.
    Lasting,
    /// None of the server's: a signal came to us.
    Interrupted,
}

impl Trouble {
    pub(super) fn lasting(words: impl Into<String>) -> Self {
        Self { kind: Kind::Lasting, words: words.into() }
    }

    pub(super) fn interrupted() -> Self {
        Self { kind: Kind::Interrupted, words: "a signal came".to_owned() }
    }

    pub(super) fn connecting(why: &io::Error) -> Self {
        Self::lasting(match why.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => "no connection within 2s".to_owned(),
            ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            ErrorKind::NotFound => "there is no such socket".to_owned(),
            ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => plain(why),
        })
    }

    pub(super) fn talking(why: &io::Error) -> Self {
        match why.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                Self::lasting("the server did not answer within 2s")
            }
            ErrorKind::UnexpectedEof
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected => {
                Self { kind: Kind::Dead, words: "the server closed the connection".to_owned() }
            }
            _ => Self::lasting(plain(why)),
        }
    }

    pub(super) fn from_answer(why: &RedisError) -> Self {
        if why.is_timeout() {
            return Self::talking(&ErrorKind::TimedOut.into());
        }
        if why.is_connection_dropped() {
            return Self::talking(&ErrorKind::UnexpectedEof.into());
        }
        if why.is_io_error() {
            return Self::lasting(one_line(&why.to_string()));
        }
        let Some(code) = why.code() else {
            return Self::lasting("its answer is not that of a Redis server");
        };
        let kind = match why.kind() {
            ::redis::ErrorKind::Server(ServerErrorKind::NoScript) => Kind::NoScript,
            _ => Kind::Refused(code.to_owned()),
        };
        Self { kind, words: refusal(code, why.detail().unwrap_or_default()) }
    }

    /// The server said this of a command; the connection is fine.
    pub(super) fn is_an_answer(&self) -> bool {
        matches!(self.kind, Kind::NoScript | Kind::Refused(_))
    }

    /// The server's own words may repeat what it was sent: here, the password.
    pub(super) fn of_logging_in(self) -> Self {
        let Kind::Refused(code) = &self.kind else { return self };
        Self::lasting(match code.as_str() {
            "WRONGPASS" => "wrong user or password",
            "NOPERM" => "this user may not log in",
            "LOADING" | "MASTERDOWN" | "BUSY" => &self.words,
            _ if self.words.contains("invalid password") => "wrong password",
            _ if self.words.contains("no password is set") => "it asks for no password, and one was given",
            _ if self.words.contains("wrong number of arguments") => "it knows passwords only, and no users",
            _ => "it refused the login",
        })
    }

    pub(super) fn of_choosing(self, db: u32) -> Self {
        match &self.kind {
            Kind::Refused(code) if code == "ERR" => Self::lasting(format!("it has no database {db}")),
            _ => self,
        }
    }
}

/// What the server's code means for us.
fn refusal(code: &str, detail: &str) -> String {
    match code {
        "NOAUTH" => "it wants a password".to_owned(),
        "WRONGPASS" => "wrong user or password".to_owned(),
        "NOPERM" => format!("this user may not do that: {}", one_line(detail)),
        "READONLY" => "it is a READONLY replica".to_owned(),
        "OOM" => "it is out of memory (OOM)".to_owned(),
        "MISCONF" => "it takes no writes, since it cannot save to its disk (MISCONF)".to_owned(),
        "LOADING" => "it is still loading its data".to_owned(),
        "BUSY" => "a script keeps it busy".to_owned(),
        "MASTERDOWN" => "it is a replica that lost its master".to_owned(),
        "CLUSTERDOWN" => "its cluster is down".to_owned(),
        "NOREPLICAS" => "it has too few replicas to take writes".to_owned(),
        "MOVED" | "ASK" => {
            let node = detail.split(' ').next_back().unwrap_or_default();
            format!("another node of its cluster has this key: {}", one_line(node))
        }
        _ if detail.is_empty() => one_line(code),
        _ => format!("{} {}", one_line(code), one_line(detail)),
    }
}

/// Its first line, with nothing in it that a terminal would obey, and not too long.
fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|char| !char.is_control()).take(200).collect()
}

/// Without the number that Rust adds.
fn plain(why: &io::Error) -> String {
    let text = why.to_string();
    let mut chars = without_number(&text).chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
