//! A terminal: programs run on a pseudo-terminal in its foreground, keys are pressed.
//!
//! What goes on there is observed by files that commands write, not by what is on the screen.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::process;
use super::program::{self, End, Running};
use crate::support::Sandbox;

pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_Z: &str = "\x1a";
pub(crate) const CTRL_BACKSLASH: &str = "\x1c";

/// A terminal and the program that leads its session.
pub(crate) struct Terminal<'a> {
    sandbox: &'a Sandbox,
    relay: Running,
    keys: Option<ChildStdin>,
}

impl<'a> Terminal<'a> {
    /// Runs a program of the sandbox on it. `python3` makes the terminal.
    #[track_caller]
    pub(crate) fn run(sandbox: &'a Sandbox, words: &[&str]) -> Self {
        let inner = program::command(sandbox, words);
        let mut relay = Command::new("python3");
        relay
            .args(["-c", include_str!("relay.py")])
            .arg(sandbox.path("report"))
            .args(["env", "--default-signal"]);
        relay.current_dir(inner.get_current_dir().expect("a sandbox is a directory"));
        // By `env`: the relay keeps the home of the tests, which a python3 of a version manager needs.
        let (set, unset): (Vec<_>, Vec<_>) = inner.get_envs().partition(|(_, value)| value.is_some());
        for (name, _) in unset {
            relay.arg("-u").arg(name);
        }
        for (name, value) in set {
            relay.arg(join(name, value.unwrap_or_default()));
        }
        let screen = std::fs::File::create(sandbox.path("screen")).expect("a file for the screen");
        relay.args(["TERM=xterm", "PS1=$ "]).args(words).stdin(Stdio::piped()).stdout(screen);
        let mut relay = Running::start(&mut relay);
        let keys = relay.child().stdin.take();
        Self { sandbox, relay, keys }
    }

    /// `retry` with these arguments, as the leader of the session.
    #[track_caller]
    pub(crate) fn retry(sandbox: &'a Sandbox, args: &[&str]) -> Self {
        Self::run(sandbox, &[&[crate::support::RETRY], args].concat())
    }

    /// A shell script. Without job control: what it runs stays in the foreground with it.
    #[track_caller]
    pub(crate) fn script(sandbox: &'a Sandbox, script: &str) -> Self {
        Self::run(sandbox, &["bash", "--norc", "-c", script])
    }

    /// A shell as people use it, with job control.
    #[track_caller]
    pub(crate) fn shell(sandbox: &'a Sandbox) -> Self {
        Self::run(sandbox, &["bash", "--norc", "--noprofile", "--noediting", "-i"])
    }

    #[track_caller]
    pub(crate) fn press(&mut self, keys: &str) {
        let pipe = self.keys.as_mut().expect("the terminal is open");
        pipe.write_all(keys.as_bytes()).and_then(|()| pipe.flush()).expect("the relay takes keys");
    }

    /// A line and the return key.
    #[track_caller]
    pub(crate) fn enter(&mut self, line: &str) {
        self.press(&format!("{line}\r"));
    }

    /// Closes the window.
    pub(crate) fn close(&mut self) {
        self.keys = None;
    }

    /// Waits until the condition holds; a failure shows the screen.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let limit = Instant::now() + Duration::from_secs(30);
        while !condition() {
            assert!(Instant::now() < limit, "waited too long for {what}; screen:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until a file of the sandbox is there.
    #[track_caller]
    pub(crate) fn wait_for_file(&self, name: &str) {
        self.wait_for(name, || self.sandbox.path(name).exists());
    }

    /// Waits until a file has a whole line, and gives it.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, name: &str) -> String {
        self.wait_for(name, || self.sandbox.read(name).contains('\n'));
        self.sandbox.read(name).lines().next().unwrap_or_default().to_owned()
    }

    /// How the leader of the session ended, once it has.
    #[track_caller]
    pub(crate) fn end(&mut self) -> End {
        let report = self.wait_for_line("report");
        let (how, number) = report.split_once(' ').expect("how, and a number");
        let number = number.parse().expect("a number");
        assert_eq!(self.relay.end(), End::Code(0), "the relay itself; screen:\n{}", self.screen());
        if how == "exited" { End::Code(number) } else { End::Killed(number) }
    }

    pub(crate) fn screen(&self) -> String {
        self.sandbox.read("screen")
    }
}

impl Drop for Terminal<'_> {
    /// A test that has failed may leave anything on its terminal, deaf to its end.
    fn drop(&mut self) {
        for leader in process::children(self.relay.pid()) {
            process::kill_session(leader);
        }
    }
}

fn join(name: &OsStr, value: &OsStr) -> std::ffi::OsString {
    let mut entry = name.to_owned();
    entry.push("=");
    entry.push(value);
    entry
}
