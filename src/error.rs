//! What goes wrong in `retry` itself, and how it is told: what failed, then the way out.

use crate::exit_code;
use crate::policy::problem::Problem;
use crate::sys::output::printable;

/// An error of ours. Nothing was run because of it.
#[derive(Debug)]
pub(crate) struct Error {
    problems: Vec<Problem>,
}

impl Error {
    /// Something is wrong with what was asked.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { problems: vec![Problem::new(message)] }
    }

    /// Several things are.
    pub(crate) fn problems(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// The machine refused something that we need.
    pub(crate) fn system(what: &str, why: &std::io::Error) -> Self {
        Self::usage(format!("{what}: {}", crate::sys::config::describe(why)))
    }

    /// Adds the way out.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(last) = self.problems.last_mut() {
            last.hint = Some(hint.into());
        }
        self
    }

    /// The status to exit with.
    #[expect(
        clippy::unused_self,
        reason = "every error of ours has the same status, and callers need not know"
    )]
    pub(crate) fn status(&self) -> u8 {
        exit_code::FAILURE
    }

    /// The error as it is printed: each line signed, since stderr is shared with the command.
    pub(crate) fn render(&self) -> String {
        let lines = self.problems.iter().flat_map(Problem::lines);
        lines.fold(String::new(), |text, line| text + "retry: " + &printable(&line) + "\n")
    }
}
