//! What happened: the facts of an attempt, and the class that they put it in.

mod attempt;
mod classification;
mod exit_spec;
mod hint;
mod rules;
pub(crate) mod signal;
mod text;

pub(crate) use attempt::{AttemptResult, Ending, Stage, StartFailure};
pub(crate) use classification::{Class, Classification};
pub(crate) use exit_spec::ExitSpecs;
pub(crate) use hint::Hint;
pub(crate) use rules::{Otherwise, RETRY_MATCH, Rules};
pub(crate) use text::{Channel, Pattern, Seen, TextRule};

#[cfg(test)]
pub(crate) mod tests {
    //! Attempts for the tests of this family.

    use std::time::Duration;

    use super::{AttemptResult, Ending, Seen};

    pub(crate) fn attempt(ending: Ending) -> AttemptResult {
        let duration = Duration::from_millis(10);
        AttemptResult { ending, timed_out: false, duration, hint: None, seen: Seen::default(), reader_gone: false }
    }

    pub(crate) fn timed_out(ending: Ending) -> AttemptResult {
        AttemptResult { timed_out: true, ..attempt(ending) }
    }
}
