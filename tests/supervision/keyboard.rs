//! On a terminal: Ctrl-C, Ctrl-\, a closed window, and commands that ask questions.

use std::process::Command;

use rustix::process::Signal;

use super::faults::with_fault;
use super::process::{pids, wait_for_pids};
use super::program::{End, count_events, wait_for_count, wait_for_the_wait};
use super::terminal::{CTRL_BACKSLASH, CTRL_C, CTRL_Z, Terminal};
use crate::support::{RETRY, Sandbox, fixture, is_alive, wait_for};

const LONG_WAIT: [&str; 6] = ["--max", "5", "--delay", "1h", "--log", "log"];

#[test]
fn the_three_standard_streams_are_the_terminal() {
    let sandbox = Sandbox::new();
    let args = ["--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2"];
    assert_eq!(Terminal::retry(&sandbox, &args).end(), End::Code(0));
}

#[test]
fn ctrl_c_reaches_the_command_exactly_once() {
    let sandbox = Sandbox::new();
    let args = [&LONG_WAIT[..], &["--", fixture(), "trap", "INT", "3", "ready", "count"]].concat();
    let mut terminal = Terminal::retry(&sandbox, &args);
    terminal.wait_for_file("ready");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Code(3));
    assert_eq!(sandbox.count("count"), 1);
    assert_eq!(count_events(&sandbox, "attempt.start"), 1);
}

/// `retry` on a terminal, which makes its command in slow motion: strace delays that call so.
fn born_slowly<'a>(sandbox: &'a Sandbox, delay: &str, command: &[&str]) -> Option<Terminal<'a>> {
    let words = with_fault(&format!("clone3:{delay}"))?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Some(Terminal::run(sandbox, &[&words[..], &["-o", "trace", RETRY, "--max", "1", "--"], command].concat()))
}

/// On a busy machine the command may be at work before the call that made it returns to us.
#[test]
#[cfg_attr(not(has_clone3), ignore = "needs clone3")]
fn ctrl_c_reaches_a_command_that_is_ahead_of_us_exactly_once() {
    let sandbox = Sandbox::new();
    let command = [fixture(), "trap", "INT", "3", "ready", "count"];
    let Some(mut terminal) = born_slowly(&sandbox, "delay_exit=200ms", &command) else { return };
    terminal.wait_for_file("ready");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Code(3));
    assert_eq!(sandbox.count("count"), 1);
}

#[test]
#[cfg_attr(not(has_clone3), ignore = "needs clone3")]
fn a_ctrl_c_just_before_the_command_is_born_is_passed_on() {
    let sandbox = Sandbox::new();
    let command = [fixture(), "sleep", "60"];
    let Some(mut terminal) = born_slowly(&sandbox, "delay_enter=1s", &command) else { return };
    terminal.wait_for("the call", || sandbox.read("trace").contains("clone3("));
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Killed(Signal::INT.as_raw()));
}

#[test]
fn an_interrupt_that_the_command_dies_of_is_ours_too() {
    for (key, signal) in [(CTRL_C, Signal::INT), (CTRL_BACKSLASH, Signal::QUIT)] {
        let sandbox = Sandbox::new();
        let script = "echo $$ >pid; ulimit -c 0; exec \"$F\" sleep 60";
        let args = [&LONG_WAIT[..], &["--", "sh", "-c", script]].concat();
        let mut terminal = Terminal::retry(&sandbox, &args);
        let [command] = wait_for_pids(&sandbox, "pid");
        terminal.press(key);
        assert_eq!(terminal.end(), End::Killed(signal.as_raw()));
        assert!(!is_alive(command));
        assert_eq!(count_events(&sandbox, "attempt.start"), 1);
    }
}

#[test]
fn a_ctrl_c_while_waiting_dies_of_sigint() {
    for (key, signal) in [(CTRL_C, Signal::INT), (CTRL_BACKSLASH, Signal::QUIT)] {
        let sandbox = Sandbox::new();
        let args = [&LONG_WAIT[..], &["--", "false"]].concat();
        let mut terminal = Terminal::retry(&sandbox, &args);
        wait_for_the_wait(&sandbox);
        terminal.press(key);
        assert_eq!(terminal.end(), End::Killed(signal.as_raw()));
        assert_eq!(count_events(&sandbox, "attempt.start"), 1);
    }
}

/// A prompt takes ^C for "forget this line": it may be pressed as often as one likes.
#[test]
fn ctrl_c_never_escalates() {
    let sandbox = Sandbox::new();
    let script = "trap 'printf x >>count' INT; touch ready; until [ -e stop ]; do sleep 0.05; done; exit 7";
    let args = [&LONG_WAIT[..], &["--kill-after", "100ms", "--", "sh", "-c", script]].concat();
    let mut terminal = Terminal::retry(&sandbox, &args);
    terminal.wait_for_file("ready");
    for pressed in 1..=6 {
        terminal.press(CTRL_C);
        wait_for_count(&sandbox, "count", pressed);
    }
    sandbox.write("stop", "");
    assert_eq!(terminal.end(), End::Code(7));
    assert_eq!(sandbox.count("count"), 6, "each once");
    assert_eq!(count_events(&sandbox, "attempt.start"), 1);
}

#[test]
fn three_kills_on_a_terminal_do_escalate() {
    let sandbox = Sandbox::new();
    let script =
        "trap 'printf x >>count' INT; echo $PPID >pid; until [ -e stop ]; do sleep 0.05; done; exit 7";
    let mut terminal = Terminal::retry(&sandbox, &["--", "sh", "-c", script]);
    let [retry] = wait_for_pids(&sandbox, "pid");
    for sent in 1..=2 {
        super::program::send(retry, Signal::INT);
        wait_for_count(&sandbox, "count", sent);
    }
    super::program::send(retry, Signal::INT);
    assert_eq!(terminal.end(), End::Code(137));
}

#[test]
fn a_loop_in_a_shell_script_ends_with_ctrl_c() {
    let sandbox = Sandbox::new();
    let script = "for i in 1 2 3; do \"$R\" --max 1 -- sh -c 'touch ready; exec \"$F\" sleep 60'; printf x >>rounds; done";
    let mut terminal = Terminal::script(&sandbox, script);
    terminal.wait_for_file("ready");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Killed(Signal::INT.as_raw()));
    assert_eq!(sandbox.count("rounds"), 0);
}

/// As with `ssh -t host retry …`: the kernel tells the leader of the session, and nobody else.
#[test]
fn a_closed_window_ends_the_run_that_leads_its_session() {
    let sandbox = Sandbox::new();
    let script = "echo $$ >pid; exec \"$F\" sleep 60";
    let args = [&LONG_WAIT[..], &["--", "sh", "-c", script]].concat();
    let mut terminal = Terminal::retry(&sandbox, &args);
    let [command] = wait_for_pids(&sandbox, "pid");
    terminal.close();
    assert_eq!(terminal.end(), End::Killed(Signal::HUP.as_raw()));
    wait_for("the end of the command", || !is_alive(command));
}

#[test]
fn a_closed_window_ends_the_run_of_a_script_and_its_command() {
    let sandbox = Sandbox::new();
    let script = "\"$R\" --delay 1h -- sh -c 'echo $PPID >pids; echo $$ >>pids; exec \"$F\" sleep 60'; :";
    let mut terminal = Terminal::script(&sandbox, script);
    let both: [i32; 2] = wait_for_pids(&sandbox, "pids");
    terminal.close();
    assert_eq!(terminal.end(), End::Killed(Signal::HUP.as_raw()));
    wait_for("the end of both", || !both.iter().any(|&pid| is_alive(pid)));
}

#[test]
fn a_closed_window_ends_the_jobs_of_a_shell() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::shell(&sandbox);
    terminal.enter("\"$R\" --delay 1h -- sh -c 'echo $PPID >pids; echo $$ >>pids; exec \"$F\" sleep 60'");
    let both: [i32; 2] = wait_for_pids(&sandbox, "pids");
    terminal.close();
    wait_for("the end of both", || !both.iter().any(|&pid| is_alive(pid)));
}

#[test]
fn a_closed_window_does_not_end_a_run_under_nohup() {
    let sandbox = Sandbox::new();
    let script = "exec nohup \"$R\" --max 2 --delay 10ms -- sh -c 'printf x >>runs; touch ready; until [ -e go ]; do sleep 0.05; done; exit 7'";
    let mut terminal = Terminal::script(&sandbox, script);
    terminal.wait_for_file("ready");
    terminal.close();
    sandbox.write("go", "");
    assert_eq!(terminal.end(), End::Code(7));
    assert_eq!(sandbox.count("runs"), 2);
}

#[test]
fn a_changed_window_size_reaches_the_command_once() {
    let sandbox = Sandbox::new();
    let script = "echo $$ >pid; exec \"$F\" trap WINCH 5 ready count";
    let mut terminal = Terminal::retry(&sandbox, &["--max", "1", "--", "sh", "-c", script]);
    terminal.wait_for_file("ready");
    let [command] = wait_for_pids(&sandbox, "pid");
    let device = std::fs::read_link(format!("/proc/{command}/fd/0")).expect("its terminal");
    let resized = Command::new("stty").arg("-F").arg(device).args(["cols", "111"]).status();
    assert!(resized.expect("stty").success());
    assert_eq!(terminal.end(), End::Code(5));
    assert_eq!(sandbox.count("count"), 1);
}

/// What commands do with a terminal, run by a script that is not a job-control shell; a line is typed each time.
#[test]
fn commands_can_use_the_terminal() {
    for (what, script) in [
        (
            "a question on /dev/tty",
            "\"$R\" -- sh -c 'touch ready; read line </dev/tty; echo \"$line\" >answer'",
        ),
        ("a question on stdin", "\"$R\" -- sh -c 'touch ready; read line; echo \"$line\" >answer'"),
        (
            "the second attempt's question",
            "\"$R\" --delay 1ms -- sh -c '[ $RETRY_ATTEMPT = 2 ] || exit 1; touch ready; read line </dev/tty; echo \"$line\" >answer'",
        ),
        (
            "a question without echo",
            "\"$R\" -- sh -c 'stty -echo; touch ready; read line; stty echo; echo \"$line\" >answer'",
        ),
        (
            "output while tostop is set",
            "stty tostop; \"$R\" -- sh -c 'echo text; touch ready; read line; echo \"$line\" >answer'",
        ),
        (
            "a pager behind us",
            "\"$R\" -- echo text | sh -c 'touch ready; read line </dev/tty; cat >/dev/null; echo \"$line\" >answer'",
        ),
        (
            "a program in front of us",
            "sh -c 'touch ready; read line </dev/tty; echo \"$line\"' | \"$R\" -- sh -c 'read line; echo \"$line\" >answer'",
        ),
    ] {
        let sandbox = Sandbox::new();
        let mut terminal = Terminal::script(&sandbox, script);
        terminal.wait_for_file("ready");
        terminal.enter("the answer");
        assert_eq!(terminal.wait_for_line("answer"), "the answer", "{what}");
        assert_eq!(terminal.end(), End::Code(0), "{what}\n{}", terminal.screen());
    }
}

/// Without a shell that could continue us, ^Z is dropped by the kernel: a run in CI must not freeze for ever.
#[test]
fn ctrl_z_without_a_job_control_shell_stops_nothing() {
    let sandbox = Sandbox::new();
    let args = ["--max", "1", "--", fixture(), "trap", "INT", "3", "ready", "count"];
    let mut terminal = Terminal::retry(&sandbox, &args);
    terminal.wait_for_file("ready");
    terminal.press(CTRL_Z);
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Code(3));

    let sandbox = Sandbox::new();
    let args = [&LONG_WAIT[..], &["--", "false"]].concat();
    let mut terminal = Terminal::retry(&sandbox, &args);
    wait_for_the_wait(&sandbox);
    terminal.press(CTRL_Z);
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Killed(Signal::INT.as_raw()));
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn a_timeout_on_a_terminal_stops_the_tree() {
    let sandbox = Sandbox::new();
    let args = ["--max", "1", "--timeout", "2s", "--", fixture(), "tree", "ready", "pids"];
    assert_eq!(Terminal::retry(&sandbox, &args).end(), End::Code(124));
    let tree = pids(&sandbox, "pids");
    assert_eq!(tree.len(), 3);
    assert!(!tree.iter().any(|&pid| is_alive(pid)));
}
