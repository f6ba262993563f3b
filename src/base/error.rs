//! Errors of `retry` itself: what failed, then the way out.

use super::printable::{self, Charset};
use super::problem::Problem;
use super::words::of_system;

/// An error of ours. Nothing was run because of it.
#[derive(Debug)]
pub struct Error {
    problems: Vec<Problem>,
}

impl Error {
    /// Something is wrong with what was asked.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { problems: vec![Problem::new(message)] }
    }

    /// Several things are.
    pub fn problems(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// The machine refused something that we need.
    pub fn system(what: &str, why: &std::io::Error) -> Self {
        Self::usage(format!("{what}: {}", of_system(why)))
    }

    /// Adds the way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(last) = self.problems.last_mut() {
            last.hint = Some(hint.into());
        }
        self
    }

    /// The error as it is printed in this charset: each line signed, since stderr is shared with the command.
    pub fn render(&self, charset: Charset) -> String {
        let lines = self.problems.iter().flat_map(Problem::lines);
        lines.fold(String::new(), |text, line| text + "retry: " + &printable::line(&line, charset) + "\n")
    }
}
