//! The course of a replay: one letter first, and the others once it has shown that the service is back. A number of
//! failures in a row ends the replay, since they are not the letters' fault.

/// The result of a letter's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CourseResult {
    Succeeded,
    /// A transient failure, which other letters would also meet.
    Transient,
    /// The letter itself is at fault, or was refused: others may succeed.
    Poison,
    /// Another process has it, or it is gone. It does not count.
    Skipped,
}

/// The progress of a replay.
#[derive(Debug)]
pub struct Course {
    /// The most letters that run at once.
    jobs: usize,
    /// The number of transient failures in a row that ends it.
    limit: usize,
    /// There is more than one letter.
    several: bool,
    /// A letter has succeeded.
    passed: bool,
    running: usize,
    in_a_row: usize,
    given_up: bool,
}

impl Course {
    pub fn new(letters: usize, jobs: usize, limit: usize) -> Self {
        let several = letters > 1;
        Self { jobs, limit, several, passed: false, running: 0, in_a_row: 0, given_up: false }
    }

    /// Whether another letter may start now.
    pub fn may_start(&self) -> bool {
        let most = if self.passed { self.jobs } else { 1 };
        !self.given_up && self.running < most
    }

    pub fn running(&self) -> usize {
        self.running
    }

    /// Whether the replay has given up, since the failures are not the letters' fault.
    pub fn is_given_up(&self) -> bool {
        self.given_up
    }

    /// A letter has started.
    pub fn started(&mut self) {
        self.running += 1;
    }

    /// A letter that had started has ended.
    pub fn ended(&mut self, result: CourseResult) {
        self.running = self.running.saturating_sub(1);
        match result {
            CourseResult::Succeeded => (self.passed, self.in_a_row) = (true, 0),
            CourseResult::Transient => {
                self.in_a_row += 1;
                self.given_up |= self.several && (!self.passed || self.in_a_row >= self.limit);
            }
            CourseResult::Poison => self.in_a_row = 0,
            CourseResult::Skipped => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CourseResult::{Poison, Skipped, Succeeded, Transient};
    use super::*;

    /// How many start at once after these results, and whether it is given up.
    fn after(results: &[CourseResult]) -> (usize, bool) {
        let mut course = Course::new(100, 4, 3);
        for result in results {
            assert!(course.may_start(), "{results:?}");
            course.started();
            course.ended(*result);
        }
        let mut starts = 0;
        while course.may_start() {
            course.started();
            starts += 1;
        }
        assert_eq!(course.running(), starts);
        (starts, course.is_given_up())
    }

    #[test]
    fn the_first_runs_alone_until_one_succeeds() {
        assert_eq!(after(&[]), (1, false));
        assert_eq!(after(&[Succeeded]), (4, false));
        assert_eq!(after(&[Poison]), (1, false));
        assert_eq!(after(&[Skipped]), (1, false));
        assert_eq!(after(&[Poison, Poison, Poison, Poison, Succeeded]), (4, false));
        assert_eq!(after(&[Transient]), (0, true));
        assert_eq!(after(&[Poison, Transient]), (0, true));
    }

    #[test]
    fn failures_in_a_row_end_it() {
        assert_eq!(after(&[Succeeded, Transient, Transient]), (4, false));
        assert_eq!(after(&[Succeeded, Transient, Transient, Transient]), (0, true));
        assert_eq!(after(&[Succeeded, Transient, Transient, Poison, Transient, Transient]), (4, false));
        assert_eq!(after(&[Succeeded, Transient, Transient, Skipped, Transient]), (0, true));
    }

    #[test]
    fn a_single_letter_is_no_outage() {
        let mut course = Course::new(1, 1, 1);
        course.started();
        course.ended(Transient);
        assert!(!course.is_given_up());
    }
}
