//! Client-side throttling by success rate (Google's SRE book, chapter 21, "Handling Overload"): an attempt is held back
//! with probability max(0, (requests − K·accepts) / (requests + 1)) over the last two minutes.
//!
//! An attempt that is held back counts as one request, however often it asks again; an attempt whose end was never reported
//! counts as not accepted.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Limit, Pause, Reason, StoreTime, micros};

const ACCEPTS_FACTOR: f64 = 2.0;
/// Two minutes, in slices.
const SLICE: Duration = Duration::from_secs(10);
const SLICES: u64 = 12;
/// Time before the next draw of an attempt that is held back.
const REDRAW_AFTER: Duration = Duration::from_secs(1);

/// Requests and accepts by slice of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Adaptive(Vec<(u64, u32, u32)>);

impl Adaptive {
    /// Counts a request, unless it was counted before, and decides on it by `chance`, in [0, 1).
    pub(super) fn check(&mut self, now: StoreTime, chance: f64, first_look: bool) -> Result<(), Pause> {
        let rejected = chance < self.rejection(now);
        if first_look {
            self.slice(now).1 += 1;
        }
        if !rejected {
            return Ok(());
        }
        let (requests, accepts) = self.sums(now);
        Err(Pause {
            limit: Limit::Adaptive,
            until: Some(now.plus(REDRAW_AFTER)),
            turn: None,
            spread: REDRAW_AFTER,
            why: Reason::Succeeded(accepts, requests),
        })
    }

    pub(super) fn accept(&mut self, now: StoreTime) {
        self.slice(now).2 += 1;
    }

    /// The probability that an attempt is held back.
    pub(super) fn rejection(&self, now: StoreTime) -> f64 {
        let (requests, accepts) = self.sums(now);
        let (requests, accepts) = (f64::from(requests), f64::from(accepts));
        ((requests - ACCEPTS_FACTOR * accepts) / (requests + 1.0)).max(0.0)
    }

    fn sums(&self, now: StoreTime) -> (u32, u32) {
        let oldest = number(now).saturating_sub(SLICES - 1);
        let recent = self.0.iter().filter(|(slice, ..)| *slice >= oldest);
        recent.fold((0, 0), |(requests, accepts), (_, more, good)| {
            (requests.saturating_add(*more), accepts.saturating_add(*good))
        })
    }

    fn slice(&mut self, now: StoreTime) -> &mut (u64, u32, u32) {
        let number = number(now);
        self.0.retain(|(slice, ..)| slice + SLICES > number && *slice <= number);
        let place = self.0.iter().position(|(slice, ..)| *slice == number).unwrap_or_else(|| {
            self.0.push((number, 0, 0));
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    /// Moves all times, after the clock was set back.
    pub(super) fn shift(&mut self, by: Duration) {
        let slices = by.as_secs().div_ceil(SLICE.as_secs());
        for (slice, ..) in &mut self.0 {
            *slice = slice.saturating_sub(slices);
        }
    }
}

fn number(now: StoreTime) -> u64 {
    now.0 / micros(SLICE)
}
