//! What happened: the facts of an attempt, and the class that they put it in.

mod attempt;
mod classification;
mod exit_spec;
mod hint;
mod rules;
pub(crate) mod signal;

pub(crate) use attempt::{AttemptResult, Ending, Stage, StartFailure};
pub(crate) use classification::{Class, Classification};
pub(crate) use exit_spec::ExitSpecs;
pub(crate) use hint::Hint;
pub(crate) use rules::{Otherwise, Rules};

#[cfg(test)]
pub(crate) mod tests {
    //! Attempts for the tests of this family.

    use std::time::Duration;

    use super::{AttemptResult, Ending};

    pub(crate) fn attempt(ending: Ending) -> AttemptResult {
        let duration = Duration::from_millis(10);
        AttemptResult { ending, timed_out: false, duration, hint: None, reader_gone: false, stdin_lost: None }
    }

    pub(crate) fn timed_out(ending: Ending) -> AttemptResult {
        AttemptResult { timed_out: true, ..attempt(ending) }
    }
}
