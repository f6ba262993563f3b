//! The terminal's foreground goes back to `retry` from an attempt that took it, as an interactive shell does.

use super::program::{End, count_events};
use super::terminal::Terminal;
use crate::support::Sandbox;

/// Takes the terminal for a process group of its own, then does what follows.
const TAKES: &str = "import os, signal, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.setpgid(0, 0)
os.tcsetpgrp(os.open('/dev/tty', os.O_RDWR), os.getpid())
open('taken', 'w')
";

/// A script runs `retry` and reads a line from the terminal afterwards.
#[track_caller]
fn check(options: &str, then: &str, status: &str) {
    let sandbox = Sandbox::new();
    sandbox.write("takes.py", format!("{TAKES}{then}\n"));
    let script = format!(
        "\"$R\" -q --log log --max 2 --delay 10ms {options} -- python3 takes.py; echo $? >status
        touch reads; read -r line; echo \"$line\" >line"
    );
    let mut terminal = Terminal::script(&sandbox, &script);
    terminal.wait_for_file("reads");
    terminal.enter("hello");
    assert_eq!(terminal.wait_for_line("line"), "hello", "{then}");
    assert_eq!(terminal.end(), End::Code(0));
    assert_eq!(sandbox.read("status").trim(), status, "{then}");
    assert!(sandbox.path("taken").exists());
    assert_eq!(count_events(&sandbox, "attempt.start"), if status == "0" { 1 } else { 2 });
}

#[test]
fn from_one_that_was_stopped() {
    check("--timeout 1s", "time.sleep(60)", "124");
    check("--timeout 1s --signal KILL", "time.sleep(60)", "124");
    // The group is that of its child.
    check("--timeout 1s", "if os.fork() == 0: time.sleep(60)\nos.wait()", "124");
}

#[test]
fn from_one_that_crashed_or_ended_without_a_word() {
    check("", "os.kill(os.getpid(), signal.SIGKILL)", "137");
    check("", "os._exit(3)", "3");
    check("", "os._exit(0)", "0");
}

#[test]
fn an_interactive_shell_can_be_stopped_and_tried_again() {
    let sandbox = Sandbox::new();
    let script = "\"$R\" -q --timeout 700ms --max 2 -d 10ms -- bash --norc -ic 'sleep 50'; echo $? >status
        touch reads; read -r line; echo \"$line\" >line";
    let mut terminal = Terminal::script(&sandbox, script);
    terminal.wait_for_file("reads");
    terminal.enter("hello");
    assert_eq!(terminal.wait_for_line("line"), "hello");
    assert_eq!(terminal.end(), End::Code(0));
    assert_eq!(sandbox.read("status").trim(), "124");
}

/// Who was never in the foreground takes it from nobody.
#[test]
fn not_by_one_in_the_background() {
    let sandbox = Sandbox::new();
    sandbox.write("takes.py", format!("{TAKES}os._exit(3)\n"));
    let script = "set -m; \"$R\" -q --max 1 -- python3 takes.py & wait; set +m
        python3 -c 'import os; tty = os.open(\"/dev/tty\", os.O_RDWR)
open(\"whose\", \"w\").write(\"%d\\n\" % (os.tcgetpgrp(tty) == int(os.sys.argv[1])))' $!";
    let mut terminal = Terminal::script(&sandbox, script);
    assert_eq!(terminal.wait_for_line("whose"), "0");
    terminal.end();
}
