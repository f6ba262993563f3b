//! The two scripts: read a key's value together with the server's time, and change it if it is still what was read.
//!
//! Nothing in them is newer than Redis 5. None of them decides anything but whether the value is the same.

use std::time::Duration;

use ::redis::{Script, Value, cmd, from_redis_value};

use super::link::Link;
use super::trouble::{Kind, Trouble};
use crate::gate::StoreTime;

const READ: &str = concat!(include_str!("look.lua"), include_str!("tell.lua"));
const SWAP: &str = concat!(include_str!("look.lua"), include_str!("swap.lua"), include_str!("tell.lua"));

/// A key's value at a moment of the server's clock.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) value: Found,
    pub(super) now: StoreTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Text(Vec<u8>),
    /// A list, a set, …: somebody else's.
    Odd,
}

impl Found {
    /// As the scripts say it.
    fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Text(_) => "text",
            Self::Odd => "odd",
        }
    }
}

/// What the server calls the scripts: their digests.
pub(super) struct Scripts {
    read: String,
    swap: String,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let [read, swap] = [READ, SWAP].map(|code| Script::new(code).get_hash().to_owned());
        Self { read, swap }
    }

    pub(super) fn read(&self, link: &mut Link, name: &str) -> Result<Seen, Trouble> {
        let answer = run(link, (READ, &self.read), name, &[])?;
        parse(answer)?.ok_or_else(not_understood)
    }

    /// Puts `value` in place of what was seen and known by its `front`; nothing, where `value` is empty. When it has
    /// changed meanwhile, says to what.
    pub(super) fn swap(
        &self,
        link: &mut Link,
        name: &str,
        (seen, front): (&Found, &[u8]),
        (value, kept): (&[u8], Duration),
    ) -> Result<Option<Seen>, Trouble> {
        let kept = kept.as_millis().to_string();
        let answer =
            run(link, (SWAP, &self.swap), name, &[seen.name().as_bytes(), front, value, kept.as_bytes()])?;
        parse(answer)
    }
}

/// By its digest; with its text where the server does not have it, or has it no more.
fn run(link: &mut Link, (code, digest): (&str, &str), name: &str, args: &[&[u8]]) -> Result<Value, Trouble> {
    let mut answer = link.call(cmd("EVALSHA").arg(digest).arg(1).arg(name).arg(args));
    if answer.as_ref().is_err_and(|trouble| trouble.kind == Kind::NoScript) {
        answer = link.call(cmd("EVAL").arg(code).arg(1).arg(name).arg(args));
    }
    answer
}

/// None: done.
fn parse(answer: Value) -> Result<Option<Seen>, Trouble> {
    let (kind, text, seconds, micros): (String, Vec<u8>, u64, u64) =
        from_redis_value(answer).map_err(|_| not_understood())?;
    let value = match kind.as_str() {
        "done" => return Ok(None),
        "none" => Found::Nothing,
        "text" => Found::Text(text),
        "odd" => Found::Odd,
        _ => return Err(not_understood()),
    };
    Ok(Some(Seen { value, now: at(seconds, micros) }))
}

/// The server's answer to TIME.
pub(super) fn at(seconds: u64, micros: u64) -> StoreTime {
    StoreTime(seconds.saturating_mul(1_000_000).saturating_add(micros))
}

pub(super) fn not_understood() -> Trouble {
    Trouble::lasting("its answer is not that of a Redis server")
}
