//! `retry wait N`: the wait before retry N, for functions, builtins and pipelines that no wrapper can run.

use std::time::Duration;

use super::ask;
use crate::backoff::Backoff;
use crate::base::duration::approximate;
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::random::Generator;
use crate::cli::Invocation;
use crate::event::Level;
use crate::policy::value::MaxAttempts;
use crate::sys::environment::Outer;
use crate::sys::sinks::Console;
use crate::sys::{clock, identity};
use rand::{RngExt, SeedableRng};

/// No attempts or no time are left.
const NO_MORE: Exit = Exit::Status(1);

pub(super) fn wait(invocation: &Invocation) -> Result<Exit, Error> {
    let retry = retry_number(invocation)?;
    let asked = ask(invocation, &Outer::find())?;
    asked.warn();
    let policy = &asked.resolved.policy;
    let mut console = Console::new(policy, false);
    if let MaxAttempts::Times(attempts) = policy.attempts()
        && retry >= attempts
    {
        console.note(Level::Warn, &format!("no attempts left (--max {attempts})"));
        return Ok(NO_MORE);
    }
    let seed = policy.seed.unwrap_or_else(|| u64::from_ne_bytes(identity::entropy()));
    let wait = nth_wait(&policy.schedule(), retry, seed);
    if let Some(left) = policy.deadline.0.filter(|left| wait >= *left) {
        let (wait, left) = (approximate(wait), approximate(left));
        let why = format!("the next attempt (in {wait}) would be past the {left} deadline");
        console.note(Level::Warn, &why);
        return Ok(NO_MORE);
    }
    console.note(Level::Debug, &format!("next attempt in {}", approximate(wait)));
    sleep(wait, &mut console);
    Ok(Exit::Status(0))
}

/// Sleeps for `wait`, with a countdown on a terminal.
fn sleep(wait: Duration, console: &mut Console) {
    console.begin_wait(wait);
    let until = clock::now().elapsed.saturating_add(wait);
    loop {
        let left = until.saturating_sub(clock::now().elapsed);
        if left.is_zero() || !console.count_down(left) {
            clock::sleep(left);
            return console.clear();
        }
        let to_the_second = Duration::from_nanos(u64::from(left.subsec_nanos()));
        clock::sleep(if to_the_second.is_zero() { left.min(Duration::from_secs(1)) } else { to_the_second });
    }
}

fn retry_number(invocation: &Invocation) -> Result<u64, Error> {
    let usage = "usage: retry wait N (N = number of the retry, from 1)";
    let typed = invocation.operands().first().ok_or_else(|| Error::usage("missing N").hint(usage))?;
    match typed.to_str().and_then(|text| text.parse().ok()) {
        Some(retry @ 1..) => Ok(retry),
        _ => Err(Error::usage(format!("invalid retry number '{}'", typed.display())).hint(usage)),
    }
}

/// From this number on all waits are the same: growth has reached the cap, or there is none.
const SETTLED_AFTER: u64 = 10_000;

/// The drawn wait before retry `retry`. Each draw of a run takes one random number, so a seed gives the same waits as in a
/// run.
fn nth_wait(backoff: &Backoff, retry: u64, seed: u64) -> Duration {
    let mut random = Generator::seed_from_u64(seed);
    let first = retry.saturating_sub(SETTLED_AFTER).max(1);
    let mut drawn = None;
    for retry in first..=retry {
        drawn = Some(backoff.draw(retry, drawn, random.random()));
    }
    drawn.unwrap_or_default()
}
