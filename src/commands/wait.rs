//! `retry wait N`: the wait before retry N, for functions, builtins and pipelines that no wrapper can run.

use std::time::Duration;

use super::ask;
use crate::backoff::Backoff;
use crate::cli::Invocation;
use crate::error::Error;
use crate::exit_code::Exit;
use crate::sys::environment::Outer;
use crate::sys::{clock, identity};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// No attempt is left, or no time.
const NO_MORE: Exit = Exit::Status(1);

pub(super) fn wait(invocation: &Invocation) -> Result<Exit, Error> {
    let retry = retry_number(invocation)?;
    let asked = ask(invocation, &Outer::find())?;
    asked.warn();
    let policy = &asked.resolved.policy;
    if policy.attempts().times().is_some_and(|attempts| retry >= attempts) {
        return Ok(NO_MORE);
    }
    let seed = policy.seed.unwrap_or_else(|| u64::from_ne_bytes(identity::entropy()));
    let wait = nth_wait(&policy.schedule(), retry, seed);
    if policy.deadline.0.is_some_and(|left| wait >= left) {
        return Ok(NO_MORE);
    }
    clock::sleep(wait);
    Ok(Exit::Status(0))
}

fn retry_number(invocation: &Invocation) -> Result<u64, Error> {
    let usage = "usage: retry wait N (N = number of the retry, from 1)";
    let typed = invocation.value("n").ok_or_else(|| Error::usage("missing N").hint(usage))?;
    match typed.to_str().and_then(|text| text.parse().ok()) {
        Some(retry @ 1..) => Ok(retry),
        _ => Err(Error::usage(format!("invalid retry number '{}'", typed.display())).hint(usage)),
    }
}

/// Past this number no wait can be told from another: growth has met the cap, or there is none.
const LONGEST_CHAIN: u64 = 10_000;

/// The draw before retry `retry`. Each draw of a run takes one number, so a seed gives the waits that a run with
/// this seed has.
fn nth_wait(backoff: &Backoff, retry: u64, seed: u64) -> Duration {
    let mut random = StdRng::seed_from_u64(seed);
    let first = retry.saturating_sub(LONGEST_CHAIN).max(1);
    let mut drawn = None;
    for retry in first..=retry {
        drawn = Some(backoff.draw(retry, drawn, random.random()));
    }
    drawn.unwrap_or_default()
}
