//! The countdown: the last line of a terminal, drawn anew while a wait lasts.

use std::time::Duration;

use super::{Console, Lines};
use crate::base::duration::approximate;
use crate::event::{Event, millis};
use crate::sys::environment;
use crate::sys::output::{self, ERASE, Messages};

/// A shorter wait is over before anybody could read the countdown.
const WORTH_COUNTING: Duration = Duration::from_secs(2);

/// What is known of the countdown.
#[derive(Default)]
pub(super) struct Countdown {
    state: State,
    /// Whether the current wait is worth one; `None` if its length is unknown.
    is_worth_it: Option<bool>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    /// Not known yet whether stderr supports one.
    #[default]
    Unknown,
    Never,
    Hidden,
    Shown,
}

impl Console {
    /// Inspects stderr on first use, since most runs never wait.
    pub(in super::super) fn counts_down(&self) -> bool {
        match self.countdown.state {
            State::Never => false,
            State::Hidden | State::Shown => true,
            State::Unknown => {
                let for_people =
                    !self.quiet && self.kept.is_none() && self.lines == Lines::Text && self.dialect.is_none();
                let for_people = for_people && matches!(self.to, Messages::Stderr);
                for_people && environment::get("CI").is_none() && output::can_draw_on_stderr()
            }
        }
    }

    /// A wait of this length begins.
    pub(crate) fn begin_wait(&mut self, wait: Duration) {
        self.countdown.is_worth_it = Some(wait >= WORTH_COUNTING);
    }

    /// Notes the wait that begins with the event.
    pub(in super::super) fn look_at(&mut self, event: &Event) {
        let millis = match event {
            Event::AttemptRetry { wait, .. } => wait.delay_ms,
            Event::GateWait(held) => held.wait_ms.max(millis(held.left)),
            _ => return self.countdown.is_worth_it = None,
        };
        self.begin_wait(Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default());
    }

    /// Draws the time left, if that is possible and worthwhile. Returns whether it is visible now.
    pub(crate) fn count_down(&mut self, left: Duration) -> bool {
        if self.countdown.state == State::Unknown {
            self.countdown.state = if self.counts_down() { State::Hidden } else { State::Never };
        }
        match self.countdown.state {
            State::Hidden if self.countdown.is_worth_it.unwrap_or(left >= WORTH_COUNTING) => {}
            // The line of the last failure.
            State::Shown if self.folds => return false,
            State::Shown => {}
            State::Unknown | State::Never | State::Hidden => return false,
        }
        let whole = Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0));
        self.draw(&format!("next attempt in {}", approximate(whole)));
        true
    }

    /// Draws this text, which is safe to print, over the last line.
    pub(super) fn draw(&mut self, text: &str) {
        let line_break = self.line_break();
        self.to.write(format!("{line_break}{ERASE}retry: {text}").as_bytes());
        self.countdown.state = State::Shown;
    }

    pub(crate) fn clear(&mut self) {
        if self.countdown.state == State::Shown {
            self.to.write(ERASE.as_bytes());
            self.countdown.state = State::Hidden;
        }
    }
}
