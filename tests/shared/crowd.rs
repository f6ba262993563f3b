//! Many processes at once: started, waited for, counted.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use crate::support::{Sandbox, fixture};

/// Two hundred processes on a slow and busy machine take their time.
const LONG: Duration = Duration::from_secs(180);

/// A process that is killed when the test is over.
pub(super) struct Process(Child);

impl Process {
    #[track_caller]
    pub(super) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("a process starts"))
    }

    pub(super) fn pid(&self) -> i32 {
        self.0.id().cast_signed()
    }

    pub(super) fn send(&self, signal: Signal) {
        // One that has ended is not waited for yet: its id is still its own.
        let _gone = kill_process(Pid::from_child(&self.0), signal);
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("a child to wait for").is_some()
    }

    /// Waits for its end; the status that a shell would report.
    #[track_caller]
    pub(super) fn status(&mut self) -> i32 {
        let limit = Instant::now() + LONG;
        loop {
            if let Some(status) = self.0.try_wait().expect("a child to wait for") {
                return shell_status(status);
            }
            assert!(Instant::now() < limit, "waited too long for the end of a process");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            let _gone = self.0.kill();
            let _reaped = self.0.wait();
        }
    }
}

fn shell_status(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

impl Sandbox {
    /// `retry` with these arguments, started; what it says is appended to the file `err`.
    #[track_caller]
    pub(super) fn begin<S: AsRef<OsStr>>(&self, args: &[S]) -> Process {
        let err = OpenOptions::new().create(true).append(true).open(self.path("err")).expect("a file");
        Process::start(self.signallable(args).stdout(Stdio::null()).stderr(err))
    }

    /// The same as often as wanted at once, to the end: all statuses.
    #[track_caller]
    pub(super) fn at_once<S: AsRef<OsStr>>(&self, count: usize, args: &[S]) -> Vec<i32> {
        let mut all: Vec<_> = (0..count).map(|_| self.begin(args)).collect();
        all.iter_mut().map(Process::status).collect()
    }

    /// What the fixture's `crowd` has counted in a file: the most at once, and all.
    #[track_caller]
    pub(super) fn crowd(&self, name: &str) -> (u64, u64) {
        let text = self.read(name);
        let counts: Vec<u64> = text.split_whitespace().map(|word| word.parse().expect("a count")).collect();
        let [0, most, all] = counts[..] else { panic!("somebody is still counted in: {text:?}") };
        (most, all)
    }

    /// How many events of this kind the log has; a line without its end is still being written.
    pub(super) fn events(&self, log: &str, event: &str) -> Vec<Json> {
        let text = self.read(log);
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        // A writer that finds half a line of a neighbour who is being kept waiting ends it: an empty line is no event.
        let lines = whole
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_str::<Json>(line).expect("a line of JSON"));
        lines.filter(|line| line["event"] == event).collect()
    }

    /// A run under this key that holds what it was granted until it is told to let go.
    #[track_caller]
    pub(super) fn holding(&self, options: &[&str]) -> Process {
        // Where it outlives a run that is killed, it ends with the sandbox.
        let script = "echo $$ >>held; until [ -e go ] || ! [ -e held ]; do sleep 0.02; done";
        let before = self.read("held").lines().count();
        let holder = self.begin(&[&["--max", "1"], options, &["--", "sh", "-c", script]].concat());
        crate::support::wait_for("the attempt to start", || self.read("held").lines().count() > before);
        holder
    }

    /// Lets all go.
    pub(super) fn let_go(&self) {
        self.write("go", "");
    }

    /// How often it is said that shared state cannot be used, or anything else that matters.
    #[track_caller]
    pub(super) fn said(&self) -> String {
        self.read("err")
    }
}

/// How many of these statuses are this one.
pub(super) fn count(statuses: &[i32], status: i32) -> usize {
    statuses.iter().filter(|found| **found == status).count()
}

/// The words of a command that appends a byte to a file and exits with 0.
pub(super) fn mark(file: &str) -> [&str; 6] {
    ["--", fixture(), "fail-until", file, "0", "0"]
}

/// The words of a command that appends a byte to a file and exits with 7.
pub(super) fn fail(file: &str) -> [&str; 6] {
    ["--", fixture(), "fail-until", file, "999999", "7"]
}

/// Ends a process that a command left behind.
#[track_caller]
pub(super) fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).expect("a process to kill");
}
