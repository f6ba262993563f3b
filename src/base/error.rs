//! Errors of `retry` itself: what failed, and a hint.

use super::printable::{self, Charset};
use super::problem::Problem;
use super::words::of_system;

/// An error of `retry` itself. The command was not run.
#[derive(Debug)]
pub struct Error {
    problems: Vec<Problem>,
}

impl Error {
    /// The request has a mistake.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { problems: vec![Problem::new(message)] }
    }

    /// The request has several mistakes.
    pub fn problems(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// The system refused something that we need.
    pub fn system(what: &str, why: &std::io::Error) -> Self {
        Self::usage(format!("{what}: {}", of_system(why)))
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(last) = self.problems.last_mut() {
            last.hint = Some(hint.into());
        }
        self
    }

    /// The error as it is printed in this charset. Each line is prefixed with `retry: `, since stderr is shared with the
    /// command.
    pub fn render(&self, charset: Charset) -> String {
        let lines = self.problems.iter().flat_map(Problem::lines);
        lines.fold(String::new(), |text, line| text + "retry: " + &printable::line(&line, charset) + "\n")
    }
}
