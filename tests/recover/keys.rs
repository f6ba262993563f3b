//! On a terminal: Ctrl-C in a hook, in the fallback and in a replay, and how far a replay is.

use super::letters::{fail_with, letters};
use crate::supervision::process::{assert_gone, wait_for_pids};
use crate::supervision::program::End;
use crate::supervision::terminal::{CTRL_C, Terminal};
use crate::support::Sandbox;

const STAYS: &str = "echo $$ >pid; exec sleep 60";

#[test]
fn ctrl_c_ends_a_hook_and_the_run() {
    for option in ["--on-retry", "--on-failure"] {
        let sandbox = Sandbox::new();
        let mut terminal =
            Terminal::retry(&sandbox, &["--max", "2", "--delay", "10ms", option, STAYS, "--", "false"]);
        let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
        terminal.press(CTRL_C);
        assert_eq!(terminal.end(), End::Killed(libc::SIGINT), "{option}");
        assert_gone(&pids);
    }
}

#[test]
fn ctrl_c_reaches_the_fallback_exactly_once() {
    let sandbox = Sandbox::new();
    let fallback = "exec \"$F\" trap INT 3 ready count";
    let mut terminal = Terminal::retry(&sandbox, &["--max", "1", "--fallback", fallback, "--", "false"]);
    terminal.wait_for_file("ready");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Code(3));
    assert_eq!(sandbox.count("count"), 1);
}

#[test]
fn ctrl_c_reaches_a_replayed_command_exactly_once_and_keeps_its_letter() {
    let sandbox = Sandbox::new();
    for name in ["a", "b"] {
        let script = "[ -e up ] || exit 4; exec \"$F\" trap INT 3 ready count";
        fail_with(&sandbox, b"", &["-q", "--name", name], &["sh", "-c", script]).exits(4);
    }
    sandbox.write("up", "");
    let mut terminal = Terminal::retry(&sandbox, &["replay", "dlq"]);
    terminal.wait_for_file("ready");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Killed(libc::SIGINT));
    assert_eq!(sandbox.count("count"), 1);
    assert_eq!(letters(&sandbox).iter().filter(|name| name.ends_with(".letter")).count(), 2);
}

#[test]
fn a_person_is_told_how_far_a_replay_is() {
    let sandbox = Sandbox::new();
    for name in ["a", "b"] {
        fail_with(&sandbox, b"", &["-q", "--name", name], &["sh", "-c", "[ -e up ] || exit 4"]).exits(4);
    }
    sandbox.write("up", "");
    let mut terminal = Terminal::retry(&sandbox, &["replay", "dlq"]);
    assert_eq!(terminal.end(), End::Code(0));
    let screen = terminal.screen();
    assert!(screen.contains("[1 done, about ") && screen.contains("s left]"), "{screen}");
}
