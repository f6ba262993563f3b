//! Conversations with a server: futures that are driven for as long as their caller can wait, and continue later.
//!
//! They are not driven by a runtime: `retry state` has none, and nothing may block a run's runtime for long. A conversation
//! waits for one thing at a time, a descriptor or a pause, and leaves a note of it.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::sys::supervise;

/// The longest single wait. Signals are checked after it, and no more than this counts as the server's time.
pub(super) const SLICE: Duration = Duration::from_millis(50);
/// The time after which a conversation ends if a signal has told us to stop.
const UNINTERRUPTED: Duration = Duration::from_millis(200);

/// The note of what a conversation waits for.
#[derive(Clone, Default)]
pub(super) struct Waits(Rc<Cell<Option<Wait>>>);

#[derive(Clone)]
enum Wait {
    Ready(Rc<dyn AsFd>, PollFlags),
    Passed(Duration),
}

impl Waits {
    /// Waits until the descriptor is ready, or for a slice of time. Returns how long it took.
    pub(super) async fn ready(&self, fd: Rc<dyn AsFd>, events: PollFlags) -> Duration {
        let began = Instant::now();
        self.once(Wait::Ready(fd, events)).await;
        began.elapsed()
    }

    /// Lets time pass.
    pub(super) async fn pass(&self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            self.once(Wait::Passed(left)).await;
        }
    }

    /// Yields to the driver once.
    async fn once(&self, wait: Wait) {
        let mut wait = Some(wait);
        poll_fn(|_| match wait.take() {
            None => Poll::Ready(()),
            word => {
                self.0.set(word);
                Poll::Pending
            }
        })
        .await;
    }

    /// Waits for the event that was noted, at most for `limit`. Spurious wake-ups are harmless: a conversation checks again.
    fn wait(&self, limit: Duration) {
        let Some(wait) = self.0.take() else { return };
        let time = |limit: Duration| Timespec { tv_sec: 0, tv_nsec: limit.subsec_nanos().into() };
        let _ended_anyhow = match wait {
            Wait::Ready(fd, events) => {
                poll(&mut [PollFd::from_borrowed_fd(fd.as_fd(), events)], Some(&time(limit.min(SLICE))))
            }
            Wait::Passed(left) => poll(&mut [], Some(&time(limit.min(SLICE).min(left)))),
        };
    }
}

/// Drives a conversation to its end; `None` if a signal has told us to stop and it takes too long.
pub(super) fn to_the_end<T>(waits: &Waits, talk: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
    let (began, before) = (Instant::now(), supervise::stop_signals());
    drive(waits, talk, || {
        let is_over = began.elapsed() >= UNINTERRUPTED && supervise::stop_signals() != before;
        (!is_over).then_some(SLICE)
    })
}

/// Drives a conversation for a while; `None` if it is not over by then.
pub(super) fn for_a_while<T>(
    waits: &Waits,
    talk: Pin<&mut (impl Future<Output = T> + ?Sized)>,
    time: Duration,
) -> Option<T> {
    let until = Instant::now() + time;
    drive(waits, talk, || {
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    })
}

/// `left`: the time to wait before the next poll, or `None` to give up.
fn drive<T>(
    waits: &Waits,
    mut talk: Pin<&mut (impl Future<Output = T> + ?Sized)>,
    mut left: impl FnMut() -> Option<Duration>,
) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = talk.as_mut().poll(&mut context) {
            return Some(result);
        }
        waits.wait(left()?);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[test]
    fn a_conversation_goes_on_where_it_was_left() {
        let waits = Waits::default();
        let mut talk = pin!(async {
            waits.pass(Duration::from_millis(60)).await;
            7
        });
        let began = Instant::now();
        let mut turns = 1;
        let result = loop {
            match for_a_while(&waits, talk.as_mut(), Duration::from_millis(5)) {
                Some(result) => break result,
                None => turns += 1,
            }
        };
        assert_eq!(result, 7);
        assert!(turns > 1 && began.elapsed() >= Duration::from_millis(60));
        assert_eq!(to_the_end(&waits, pin!(waits.pass(Duration::from_millis(1)))), Some(()));
    }
}
