//! Describes problems with a Redis server: one line that says why, and never shows what we sent.

use std::io::{self, ErrorKind};

use crate::base::words::without_number;

/// Why something failed. The text follows the server's address in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub kind: TroubleKind,
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// The connection is dead. A new one may work.
    Dead,
    /// The server refused, with this code.
    Refused(String),
    /// An immediate second try would not help.
    Lasting,
    /// We received a signal: the server is not to blame.
    Interrupted,
}

impl Trouble {
    pub fn lasting(words: impl Into<String>) -> Self {
        Self { kind: TroubleKind::Lasting, words: words.into() }
    }

    pub fn interrupted() -> Self {
        Self { kind: TroubleKind::Interrupted, words: "interrupted by a signal".to_owned() }
    }

    pub fn not_redis() -> Self {
        Self::lasting("not a Redis server")
    }

    /// A connection that was not made.
    pub fn connecting(why: &io::Error) -> Self {
        Self::lasting(match why.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => "no connection within 2s".to_owned(),
            ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            ErrorKind::NotFound => "no such socket".to_owned(),
            ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => plain(why),
        })
    }

    /// A connection that failed while it was used.
    pub fn talking(why: &io::Error) -> Self {
        match why.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::lasting("no response within 2s"),
            ErrorKind::UnexpectedEof
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected => {
                Self { kind: TroubleKind::Dead, words: "the server closed the connection".to_owned() }
            }
            _ => Self::lasting(plain(why)),
        }
    }

    /// An error that the server answered with: its code, a blank, and its words.
    pub fn refused(answer: &str) -> Self {
        let (code, detail) = answer.split_once(' ').unwrap_or((answer, ""));
        Self { kind: TroubleKind::Refused(code.to_owned()), words: refusal(code, detail) }
    }

    /// The server's error for a command; the connection is fine.
    pub fn is_an_answer(&self) -> bool {
        matches!(self.kind, TroubleKind::Refused(_))
    }

    /// A failed login, in our own words: the server's may repeat the password.
    pub fn of_logging_in(self) -> Self {
        let TroubleKind::Refused(code) = &self.kind else { return self };
        Self::lasting(match code.as_str() {
            "WRONGPASS" => "wrong user or password",
            "NOPERM" => "this user is not allowed to log in",
            "LOADING" | "MASTERDOWN" | "BUSY" => &self.words,
            _ if self.words.contains("invalid password") => "wrong password",
            _ if self.words.contains("no password is set") => "the server has no password, but one was given",
            _ if self.words.contains("wrong number of arguments") => {
                "the server does not support users; use only a password"
            }
            _ => "login refused",
        })
    }

    /// A failure to select this database.
    pub fn of_choosing(self, db: u32) -> Self {
        match &self.kind {
            TroubleKind::Refused(code) if code == "ERR" => Self::lasting(format!("no database {db}")),
            _ => self,
        }
    }
}

/// The meaning of the server's code for the user.
fn refusal(code: &str, detail: &str) -> String {
    match code {
        "NOAUTH" => "password required".to_owned(),
        "WRONGPASS" => "wrong user or password".to_owned(),
        "NOPERM" => format!("permission denied: {}", one_line(detail)),
        "READONLY" => "read-only replica (READONLY)".to_owned(),
        "OOM" => "out of memory (OOM)".to_owned(),
        "MISCONF" => "no writes accepted: the server cannot save to disk (MISCONF)".to_owned(),
        "LOADING" => "still loading its data (LOADING)".to_owned(),
        "BUSY" => "busy with a script (BUSY)".to_owned(),
        "MASTERDOWN" => "replica without a master (MASTERDOWN)".to_owned(),
        "CLUSTERDOWN" => "cluster down (CLUSTERDOWN)".to_owned(),
        "NOREPLICAS" => "too few replicas to accept writes (NOREPLICAS)".to_owned(),
        "MOVED" | "ASK" => {
            let node = detail.split(' ').next_back().unwrap_or_default();
            format!("this key is on another node of the cluster: {}", one_line(node))
        }
        _ if detail.is_empty() => one_line(code),
        _ => format!("{} {}", one_line(code), one_line(detail)),
    }
}

/// The first line of a text, without control characters, at most 200 characters.
fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|char| !char.is_control()).take(200).collect()
}

/// A system error in lower case, without the number that Rust adds.
fn plain(why: &io::Error) -> String {
    let text = why.to_string();
    let mut chars = without_number(&text).chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_they_mean_in_one_line() {
        for (answer, words) in [
            ("NOAUTH Authentication required.", "password required"),
            ("MOVED 3999 127.0.0.1:6381", "this key is on another node of the cluster: 127.0.0.1:6381"),
            ("ERR unknown\u{1b}[2J", "ERR unknown[2J"),
            ("NOPERM no\r\nsecond", "permission denied: no"),
            ("ODD", "ODD"),
        ] {
            assert_eq!(Trouble::refused(answer).words, words);
        }
        assert!(Trouble::refused(&format!("ERR {}", "x".repeat(999))).words.len() < 210);
    }

    #[test]
    fn a_login_repeats_nothing_of_the_server() {
        for (answer, words) in [
            ("ERR unknown command 'AUTH', with args beginning with: 's3cret'", "login refused"),
            ("WRONGPASS s3cret", "wrong user or password"),
            ("ERR invalid password", "wrong password"),
            ("ERR Client sent AUTH, but no password is set", "the server has no password, but one was given"),
            ("LOADING Redis is loading", "still loading its data (LOADING)"),
        ] {
            assert_eq!(Trouble::refused(answer).of_logging_in().words, words);
        }
        assert_eq!(Trouble::refused("ERR DB index is out of range").of_choosing(9).words, "no database 9");
    }
}
