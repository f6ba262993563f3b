//! What happened: the facts of an attempt, and the class that they put it in.

mod attempt;
mod classification;
pub(crate) mod date;
mod exit_spec;
mod hint;
mod http;
mod lines;
mod name;
mod normalise;
mod output;
mod pattern;
pub(crate) mod profile;
mod retry_after;
mod rules;
pub(crate) mod signal;
pub(crate) mod stream;
mod text;

pub(crate) use attempt::{AttemptResult, Ending, Stage, StartFailure};
pub(crate) use classification::{Class, Classification};
pub(crate) use exit_spec::{ExitSpecs, whole, words as exit_words};
pub(crate) use hint::Hint;
pub(crate) use output::{CapturedText, Output, Stream, Tails, Tap};
pub(crate) use rules::{Otherwise, RETRY_MATCH, Rules};
pub(crate) use text::{Channel, Pattern, Seen, TextRule, Watch};

#[cfg(test)]
pub(crate) mod tests {
    //! Attempts for the tests of this family.

    use std::time::Duration;

    use super::{AttemptResult, Ending};

    pub(crate) fn attempt(ending: Ending) -> AttemptResult {
        let duration = Duration::from_millis(10);
        AttemptResult { duration, ..AttemptResult::ended(ending) }
    }

    pub(crate) fn timed_out(ending: Ending) -> AttemptResult {
        AttemptResult { timed_out: true, ..attempt(ending) }
    }
}
