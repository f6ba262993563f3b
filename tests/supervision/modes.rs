//! The terminal's modes: put back after a command that was killed in the middle of changing them.

use super::program::End;
use super::terminal::{CTRL_C, Terminal};
use crate::support::Sandbox;

/// Notes the modes, runs `retry` and notes them again. Returns both, and the status of the run.
#[track_caller]
fn modes_around(key: Option<&str>, retry: &str) -> (String, String, String) {
    let sandbox = Sandbox::new();
    // With a trap the script survives a Ctrl-C.
    let script = format!("trap : INT; stty -a >before; {retry}; echo $? >status; stty -a >after");
    let mut terminal = Terminal::script(&sandbox, &script);
    if let Some(key) = key {
        terminal.wait_for_file("ready");
        terminal.press(key);
    }
    assert_eq!(terminal.end(), End::Code(0), "{}", terminal.screen());
    (sandbox.read("before"), sandbox.read("after"), sandbox.read("status").trim().to_owned())
}

#[track_caller]
fn assert_restored(key: Option<&str>, retry: &str, code: &str) {
    let (before, after, status) = modes_around(key, retry);
    assert_eq!(status, code, "{retry}");
    assert!(before.contains("speed"), "{before}");
    assert_eq!(after, before, "{retry}");
}

const RAW: &str = "stty raw -echo; touch ready; exec \"$F\" sleep 60";

#[test]
fn they_are_restored_after_a_timeout() {
    assert_restored(None, &format!("\"$R\" --max 1 --timeout 1500ms -- sh -c '{RAW}'"), "124");
}

#[test]
fn they_are_restored_after_a_command_that_was_stopped_and_exited_by_itself() {
    let script = "trap \"exit 0\" TERM; stty raw -echo; while :; do sleep 0.05; done";
    assert_restored(None, &format!("\"$R\" --max 1 --timeout 1500ms -- sh -c '{script}'"), "124");
}

#[test]
fn they_are_restored_after_a_deaf_command_was_killed() {
    let script = format!("trap \"\" TERM; {RAW}");
    assert_restored(None, &format!("\"$R\" --max 1 --timeout 1500ms -k 100ms -- sh -c '{script}'"), "124");
}

#[test]
fn they_are_restored_after_a_command_that_died_of_a_signal() {
    assert_restored(None, "\"$R\" --max 1 -- sh -c 'stty raw -echo; kill -KILL $$'", "137");
}

#[test]
fn they_are_restored_when_ctrl_c_ends_a_password_prompt() {
    assert_restored(Some(CTRL_C), "\"$R\" -- sh -c 'stty -echo; touch ready; exec \"$F\" sleep 60'", "130");
}

/// Whatever stderr leads to.
#[test]
fn they_are_restored_without_a_standard_stream_on_the_terminal() {
    let script = "stty raw -echo </dev/tty; kill -KILL $$";
    assert_restored(None, &format!("\"$R\" --max 1 -- sh -c '{script}' </dev/null >out 2>err"), "137");
}

#[test]
fn every_attempt_finds_them_as_the_first_did() {
    let script =
        "stty -a >modes.$RETRY_ATTEMPT; [ $RETRY_ATTEMPT = 2 ] && exit 0; stty raw -echo; kill -KILL $$";
    assert_restored(
        None,
        &format!("\"$R\" --delay 1ms -- sh -c '{script}'; cmp modes.1 before && cmp modes.2 before"),
        "0",
    );
}

#[test]
fn what_a_command_changed_on_purpose_stays() {
    let (before, after, status) = modes_around(None, "\"$R\" -- stty -echo");
    assert_eq!(status, "0");
    assert_ne!(after, before);
    assert!(after.contains("-echo "), "{after}");
}
