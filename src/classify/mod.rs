//! What happened: the facts of an attempt, and the class that they put it in.

mod attempt;
mod classification;
mod exit_spec;
mod hint;
mod output;
mod rules;
pub(crate) mod signal;
pub(crate) mod stream;
mod text;

pub(crate) use attempt::{AttemptResult, Ending, Stage, StartFailure};
pub(crate) use classification::{Class, Classification};
pub(crate) use exit_spec::ExitSpecs;
pub(crate) use hint::Hint;
pub(crate) use output::{Output, Stream, Tails, Tap};
pub(crate) use rules::{Otherwise, RETRY_MATCH, Rules};
pub(crate) use text::{Channel, Pattern, Seen, TextRule, Watch};

#[cfg(test)]
pub(crate) mod tests {
    //! Attempts for the tests of this family.

    use std::time::Duration;

    use super::{AttemptResult, Ending, Output};

    pub(crate) fn attempt(ending: Ending) -> AttemptResult {
        let duration = Duration::from_millis(10);
        AttemptResult {
            ending,
            timed_out: false,
            duration,
            hint: None,
            reader_gone: false,
            output: Output::default(),
            stdin_lost: None,
        }
    }

    pub(crate) fn timed_out(ending: Ending) -> AttemptResult {
        AttemptResult { timed_out: true, ..attempt(ending) }
    }
}
