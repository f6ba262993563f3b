//! A program in a sandbox: started, signalled, waited for.

use std::fs::File;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::support::{RETRY, Sandbox, fixture, wait_for};

/// The signals that tell a program to stop.
pub(crate) const TERMINATING: [Signal; 4] = [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT];

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Code(i32),
    Killed(i32),
}

/// `retry` with these arguments in the sandbox.
pub(crate) fn retry(sandbox: &Sandbox, args: &[&str]) -> Command {
    through(sandbox, &[], args)
}

/// `retry` with these arguments, executed by a wrapper that ends with the words of its own command.
pub(crate) fn through(sandbox: &Sandbox, wrapper: &[&str], args: &[&str]) -> Command {
    command(sandbox, &[wrapper, &[RETRY], args].concat())
}

/// Any command in the sandbox, `$F` being the fixture program and `$R` the binary. Its output goes to the files
/// `out` and `err` there. Signals that the tests were started with as ignored (`nohup`) are not ignored in it.
pub(crate) fn command(sandbox: &Sandbox, words: &[&str]) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal").args(words).stdin(std::process::Stdio::null());
    let clean = sandbox.spawnable([] as [&str; 0]);
    command.current_dir(clean.get_current_dir().expect("a sandbox is a directory"));
    for (name, value) in clean.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let file = |name| File::create(sandbox.path(name)).expect("a file for the output");
    command.env("F", fixture()).env("R", RETRY).stdout(file("out")).stderr(file("err"));
    command
}

/// A line for `sh` in the sandbox, as [`command`] runs words.
pub(crate) fn shell(sandbox: &Sandbox, line: &str) -> Command {
    command(sandbox, &["sh", "-c", line])
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> End {
    Running::start(command).end()
}

/// Runs `retry` with these arguments to its end.
#[track_caller]
pub(crate) fn ended(sandbox: &Sandbox, args: &[&str]) -> End {
    run(&mut retry(sandbox, args))
}

/// A process that the test started. It leads a process group, so that what is sent to its group misses the tests.
pub(crate) struct Running(Child);

impl Running {
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        match command.process_group(0).spawn() {
            Ok(child) => Self(child),
            Err(error) => panic!("the tests need {}: {error}", command.get_program().display()),
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        self.0.id().cast_signed()
    }

    #[track_caller]
    pub(crate) fn send(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    #[track_caller]
    pub(crate) fn send_to_group(&self, signal: Signal) {
        let group = Pid::from_raw(self.pid()).expect("a pid");
        kill_process_group(group, signal).expect("a process group to signal");
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("a child to wait for").is_some()
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> End {
        wait_for("the end of a program", || self.has_ended());
        let status = self.0.wait().expect("a child to wait for");
        match (status.code(), status.signal()) {
            (Some(code), _) => End::Code(code),
            (_, Some(signal)) => End::Killed(signal),
            _ => panic!("neither an exit nor a signal: {status}"),
        }
    }

    /// The plain child, for its streams.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended() {
            if let Some(group) = Pid::from_raw(self.pid()) {
                let _gone = kill_process_group(group, Signal::KILL);
            }
            let _reaped = self.0.wait();
        }
    }
}

/// Sends a signal to any process.
#[track_caller]
pub(crate) fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).expect("a pid"), signal).expect("a process to signal");
}

/// Waits until a file of the sandbox has at least so many bytes. Commands append one a run or a signal.
#[track_caller]
pub(crate) fn wait_for_count(sandbox: &Sandbox, name: &str, count: usize) {
    wait_for(&format!("{count} bytes in {name}"), || sandbox.count(name) >= count);
}

/// The events of the file `log`.
pub(crate) fn events(sandbox: &Sandbox) -> Vec<serde_json::Value> {
    let log = sandbox.read("log");
    // A line without its end is still being written.
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// How many events of this name the file `log` has.
pub(crate) fn count_events(sandbox: &Sandbox, name: &str) -> usize {
    events(sandbox).iter().filter(|event| event["event"] == name).count()
}

/// Waits until the file `log` says that a wait for the next attempt has begun.
#[track_caller]
pub(crate) fn wait_for_the_wait(sandbox: &Sandbox) {
    wait_for("the wait for the next attempt", || count_events(sandbox, "attempt.retry") > 0);
}
