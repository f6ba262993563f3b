//! In a shell as people use it: Ctrl-Z, `fg`, background jobs.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::process::{is_stopped, wait_for_pids};
use super::program::{send, wait_for_the_wait};
use super::terminal::{CTRL_C, CTRL_Z, Terminal};
use crate::support::{Sandbox, is_alive, wait_for};

/// A command line for the shell: it notes the pids of `retry` and of the command, then becomes `words`.
fn noting(options: &str, words: &str) -> String {
    format!("\"$R\" {options} -- sh -c 'echo $PPID >>pids; echo $$ >>pids; exec {words}'")
}

/// Exits 5 when it gets USR1.
const WAITING: &str = "\"$F\" trap USR1 5 ready count";

struct Job<'a> {
    shell: Terminal<'a>,
    retry: i32,
    command: i32,
}

impl<'a> Job<'a> {
    /// Types a line that runs [`WAITING`].
    #[track_caller]
    fn start(sandbox: &'a Sandbox, line: &str) -> Self {
        let mut shell = Terminal::shell(sandbox);
        shell.enter(line);
        shell.wait_for_file("ready");
        let [retry, command] = wait_for_pids(sandbox, "pids");
        Self { shell, retry, command }
    }

    #[track_caller]
    fn wait_until_stopped(&self) {
        self.shell.wait_for("both to stop", || is_stopped(self.retry) && is_stopped(self.command));
    }

    #[track_caller]
    fn wait_until_continued(&self) {
        self.shell.wait_for("both to go on", || !is_stopped(self.retry) && !is_stopped(self.command));
    }

    /// Lets the command end; its status must be what `fg` returns.
    #[track_caller]
    fn finish(&mut self) {
        send(self.command, Signal::USR1);
        assert_eq!(self.shell.wait_for_line("status"), "5", "{}", self.shell.screen());
    }
}

#[test]
fn ctrl_z_stops_both_and_fg_continues_both() {
    let sandbox = Sandbox::new();
    let mut job = Job::start(&sandbox, &noting("--max 1", WAITING));
    job.shell.press(CTRL_Z);
    job.wait_until_stopped();
    job.shell.enter("echo $? >prompt");
    assert_eq!(job.shell.wait_for_line("prompt"), "148", "the shell has its prompt, and was told of SIGTSTP");
    job.shell.enter("fg; echo $? >status");
    job.wait_until_continued();
    job.finish();
}

/// For four times as long as it takes us to follow a stop of the command's.
#[track_caller]
fn assert_keeps_running(pid: i32) {
    let until = Instant::now() + Duration::from_millis(400);
    while Instant::now() < until {
        assert!(!is_stopped(pid), "process {pid} has stopped");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn it_can_be_stopped_again_and_again() {
    let sandbox = Sandbox::new();
    let mut job = Job::start(&sandbox, &noting("--max 1", WAITING));
    for _ in 0..10 {
        job.shell.press(CTRL_Z);
        job.wait_until_stopped();
        job.shell.enter("fg; echo $? >status");
        job.wait_until_continued();
        assert_keeps_running(job.retry);
    }
    // Each stop ends the list of the `fg` before, with a status of its own.
    job.shell.wait_for("the last stop's status", || sandbox.read("status") == "148\n");
    std::fs::remove_file(sandbox.path("status")).expect("a file");
    job.finish();
}

#[test]
fn a_job_continued_in_the_background_goes_on() {
    let sandbox = Sandbox::new();
    let mut job = Job::start(&sandbox, &noting("--max 1", WAITING));
    job.shell.press(CTRL_Z);
    job.wait_until_stopped();
    job.shell.enter("bg");
    job.wait_until_continued();
    send(job.command, Signal::USR1);
    job.shell.enter("wait %1; echo $? >status");
    assert_eq!(job.shell.wait_for_line("status"), "5", "{}", job.shell.screen());
}

#[test]
fn ctrl_c_after_fg_ends_it() {
    let sandbox = Sandbox::new();
    let mut job = Job::start(&sandbox, &noting("--max 5", WAITING));
    job.shell.press(CTRL_Z);
    job.wait_until_stopped();
    job.shell.enter("fg");
    job.wait_until_continued();
    job.shell.press(CTRL_C);
    job.shell.wait_for("the end", || !is_alive(job.retry) && !is_alive(job.command));
    job.shell.enter("echo $? >status");
    assert_eq!(job.shell.wait_for_line("status"), "130", "{}", job.shell.screen());
}

#[test]
fn a_wait_for_the_next_attempt_can_be_stopped_too() {
    let sandbox = Sandbox::new();
    let mut shell = Terminal::shell(&sandbox);
    shell.enter(&noting("--delay 1h --log log", "false"));
    wait_for_the_wait(&sandbox);
    let [retry, _] = wait_for_pids(&sandbox, "pids");
    shell.press(CTRL_Z);
    shell.wait_for("the stop", || is_stopped(retry));
    shell.enter("fg");
    shell.wait_for("the continuation", || !is_stopped(retry));
    shell.press(CTRL_C);
    shell.wait_for("the end", || !is_alive(retry));
    shell.enter("echo $? >status");
    assert_eq!(shell.wait_for_line("status"), "130", "{}", shell.screen());
}

/// Longer than the limits below.
fn stay_stopped() {
    let until = Instant::now() + Duration::from_secs(5);
    wait_for("the limits to pass", || Instant::now() >= until);
}

#[test]
fn no_limit_runs_while_stopped() {
    let sandbox = Sandbox::new();
    let mut job = Job::start(&sandbox, &noting("--max 1 --timeout 4s --deadline 4s", WAITING));
    job.shell.press(CTRL_Z);
    job.wait_until_stopped();
    stay_stopped();
    job.shell.enter("fg; echo $? >status");
    job.wait_until_continued();
    job.finish();
}

#[test]
fn limits_run_on_after_fg() {
    let sandbox = Sandbox::new();
    let mut job = Job::start(&sandbox, &noting("--max 1 --timeout 3s", WAITING));
    job.shell.press(CTRL_Z);
    job.wait_until_stopped();
    job.shell.enter("fg; echo $? >status");
    assert_eq!(job.shell.wait_for_line("status"), "124", "{}", job.shell.screen());
}

#[test]
fn a_background_job_that_asks_is_stopped_until_fg() {
    let sandbox = Sandbox::new();
    let mut shell = Terminal::shell(&sandbox);
    shell.enter(&format!("{} &", noting("--max 1", "sh -c \"read line </dev/tty; echo \\$line >answer\"")));
    let [retry, command] = wait_for_pids(&sandbox, "pids");
    shell.wait_for("the stop", || is_stopped(retry) && is_stopped(command));
    shell.enter("fg");
    shell.wait_for("the continuation", || !is_stopped(retry) && !is_stopped(command));
    shell.enter("the answer");
    assert_eq!(shell.wait_for_line("answer"), "the answer");
}

#[test]
fn a_pager_behind_us_can_ask() {
    let sandbox = Sandbox::new();
    let mut shell = Terminal::shell(&sandbox);
    shell.enter(
        "\"$R\" -- echo text | sh -c 'touch ready; read line </dev/tty; cat >text; echo \"$line\" >answer'",
    );
    shell.wait_for_file("ready");
    shell.enter("the answer");
    assert_eq!(shell.wait_for_line("answer"), "the answer");
    assert_eq!(sandbox.read("text"), "text\n");
}

/// An editor suspends itself, not its group: the shell must get its prompt all the same.
#[test]
fn a_command_that_stops_itself_stops_us_with_it() {
    for itself in ["$$", "0"] {
        let sandbox = Sandbox::new();
        let mut shell = Terminal::shell(&sandbox);
        shell.enter(&format!(
            "\"$R\" --max 1 -- sh -c 'echo $PPID >>pids; echo $$ >>pids; kill -TSTP {itself}; exit 5'"
        ));
        let [retry, command] = wait_for_pids(&sandbox, "pids");
        shell.wait_for("both to stop", || is_stopped(retry) && is_stopped(command));
        shell.enter("fg; echo $? >status");
        assert_eq!(shell.wait_for_line("status"), "5", "kill -TSTP {itself}\n{}", shell.screen());
    }
}

/// SIGSTOP is a debugger's.
#[test]
fn a_command_stopped_by_sigstop_does_not_stop_us() {
    let sandbox = Sandbox::new();
    let mut shell = Terminal::shell(&sandbox);
    shell.enter(
        "\"$R\" --max 1 -- sh -c 'echo $PPID >>pids; echo $$ >>pids; kill -STOP $$; exit 5'; echo $? >status",
    );
    let [retry, command] = wait_for_pids(&sandbox, "pids");
    shell.wait_for("the stop", || is_stopped(command));
    assert_keeps_running(retry);
    send(command, Signal::CONT);
    assert_eq!(shell.wait_for_line("status"), "5", "{}", shell.screen());
}

/// A stop may fall anywhere, between fork and exec too, and nobody may hang there.
#[test]
fn a_run_of_very_short_attempts_survives_any_stop() {
    let sandbox = Sandbox::new();
    let mut shell = Terminal::shell(&sandbox);
    shell.enter(
        "\"$R\" -q --max inf --delay 0 --max-delay 0 -- sh -c '[ -e pids ] || echo $PPID >pids; printf x >>runs; [ -e stop ]'",
    );
    let [retry] = wait_for_pids(&sandbox, "pids");
    for round in 0..30 {
        let runs = sandbox.count("runs");
        shell.wait_for("progress", || sandbox.count("runs") > runs + round % 3);
        shell.press(CTRL_Z);
        shell.wait_for("the stop", || is_stopped(retry));
        shell.enter("fg; echo $? >status");
        shell.wait_for("the continuation", || !is_stopped(retry));
    }
    sandbox.write("stop", "");
    // The statuses before are those of the stops.
    shell.wait_for("a success", || sandbox.read("status") == "0\n");
}
