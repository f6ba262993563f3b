//! Wall clocks that are wrong, or set while a run uses them, by libfaketime: no wait gets longer for it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::crowd::{Process, mark};
use crate::support::{RETRY, Sandbox, wait_for};

/// A wall clock of a test's own. The other clocks are the machine's.
struct Clock<'a> {
    sandbox: &'a Sandbox,
    library: PathBuf,
}

impl<'a> Clock<'a> {
    #[track_caller]
    fn new(sandbox: &'a Sandbox) -> Self {
        let script = r#"printf %s "$LD_PRELOAD""#;
        let asked =
            Command::new("faketime").args(["-f", "+0", "sh", "-c", script]).env_remove("LD_PRELOAD").output();
        let library =
            String::from_utf8(asked.expect("faketime (scripts/test-deps.sh)").stdout).expect("a path");
        let clock = Self { sandbox, library: library.into() };
        clock.set("+0");
        clock
    }

    /// Sets it for all who use it, off the real time: `+1h`, `-60y`.
    fn set(&self, offset: &str) {
        self.sandbox.write("offset.new", offset);
        std::fs::rename(self.sandbox.path("offset.new"), self.sandbox.path("offset")).expect("a new offset");
    }

    /// `retry` by this clock.
    fn retry<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = self.sandbox.spawnable(args);
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", self.sandbox.path("offset"));
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }

    #[track_caller]
    fn begin<S: AsRef<OsStr>>(&self, args: &[S]) -> Process {
        Process::start(self.retry(args).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// What a clock that is not ours tells, in seconds since 1970.
    #[track_caller]
    fn told(&self) -> i64 {
        let mut date = Command::new("date");
        date.arg("+%s").env("LD_PRELOAD", &self.library);
        let asked = date.env("FAKETIME_TIMESTAMP_FILE", self.sandbox.path("offset")).output().expect("date");
        String::from_utf8_lossy(&asked.stdout).trim().parse().expect("a number")
    }
}

#[test]
fn a_rate_goes_on_though_the_clock_stands_before_1970() {
    let sandbox = Sandbox::new();
    let clock = Clock::new(&sandbox);
    clock.set("-100y");
    assert!(clock.told() < 0, "{}", clock.told());
    for _ in 0..3 {
        let mut run = clock.begin(&[&["--key", "k", "--rate", "1/100ms"], &mark("ran")[..]].concat());
        wait_for("an attempt", || run.has_ended());
        assert_eq!(run.status(), 0);
    }
    assert_eq!(sandbox.count("ran"), 3);
}

#[test]
fn a_run_inside_of_another_has_its_time_whatever_the_wall_clock_does() {
    let sandbox = Sandbox::new();
    let clock = Clock::new(&sandbox);
    let script = r#"printf %s "$STEP" >offset; exec "$@""#;
    let nested = |step: &str, deadline: &str, inner: &[&str]| {
        clock.set("+0");
        let outer = ["--deadline", deadline, "--max", "1", "--", "sh", "-c", script, "sh", RETRY];
        let mut run = clock.retry(&[&outer[..], inner].concat());
        let run = run.env("STEP", step).stdout(Stdio::null()).stderr(Stdio::null());
        Process::start(run)
    };
    let mut ahead = nested("+1h", "50s", &mark("ran"));
    assert_eq!((ahead.status(), sandbox.count("ran")), (0, 1), "the deadline has not passed");
    let mut back = nested("-1h", "2s", &["--max", "inf", "--delay", "100ms", "--log", "log", "--", "false"]);
    wait_for("the outer deadline", || back.has_ended());
    assert_eq!(sandbox.events("log", "run.stop")[0]["outcome"], "deadline");
}

#[test]
fn who_waits_for_a_key_waits_no_longer_when_the_clock_is_set() {
    for step in ["-1h", "+1h"] {
        let sandbox = Sandbox::new();
        let clock = Clock::new(&sandbox);
        let seconds = if step == "-1h" { "1s" } else { "30m" };
        let close = clock.retry(&["state", "close", "k", "--for", seconds]).stdout(Stdio::null()).status();
        assert!(close.expect("an end").success());
        let mut wait = clock.begin(&["state", "wait", "k"]);
        clock.set(step);
        wait_for("the key to open", || wait.has_ended());
        assert_eq!(wait.status(), 0, "{step}");
    }
}
