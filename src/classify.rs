//! Answers what happened: the facts of an attempt, and the class that they put it in.

mod attempt;
mod channel;
mod classification;
pub mod date;
mod evidence;
mod exit_spec;
mod hint;
mod http;
mod lines;
mod name;
mod normalise;
mod noted_literals;
mod output;

pub mod profile;
mod profile_regex;
mod profile_syntax;
mod required_literals;
mod retry_after;
mod rules;
pub mod signal;
pub mod stream;
mod text;

pub use attempt::{AttemptResult, Ending, Stage, StartFailure};
pub use channel::Channel;
pub use classification::{Class, Classification};
pub use exit_spec::{ExitSpecs, whole, words as exit_words};
pub use hint::{Hint, misread};
pub use output::{CapturedText, Observed, Output, Stream, Tails, Tap};
pub use rules::{Otherwise, RETRY_MATCH, Rules};
pub use text::{PolicyRule, Seen, StreamPattern, Watch};

#[cfg(test)]
pub mod tests {
    //! Attempts for the tests of this family.

    use std::time::Duration;

    use super::{AttemptResult, Ending};

    pub fn attempt(ending: Ending) -> AttemptResult {
        let duration = Duration::from_millis(10);
        AttemptResult { duration, ..AttemptResult::ended(ending) }
    }

    pub fn timed_out(ending: Ending) -> AttemptResult {
        AttemptResult { timed_out: true, ..attempt(ending) }
    }
}
