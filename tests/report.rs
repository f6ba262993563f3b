//! `retry report`: logs that were really written, and what is said of them.

mod answers;
mod checkpoint;
mod files;
mod terminal;

use crate::cli::harness::Ran;
use crate::support::{Sandbox, fixture};

/// A log of two runs that were rescued, one that was right at first and one that failed.
fn logged() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["nightly", "nightly", "hourly"] {
        let _begin_anew = std::fs::remove_file(sandbox.path("runs"));
        let failures = if name == "nightly" { 3 } else { 1 };
        sandbox.fails_until(failures, &["-q", "--delay", "1ms", "--name", name, "--log", "log"]).exits(0);
    }
    sandbox
        .run(["-q", "--delay", "1ms", "--max", "2", "--log", "log", "--", fixture(), "exit", "3"])
        .exits(3);
    sandbox
}

impl Sandbox {
    #[track_caller]
    fn report(&self, args: &[&str]) -> Ran {
        self.run([&["report"], args].concat())
    }
}
