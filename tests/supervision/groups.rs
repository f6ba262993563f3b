//! `--new-group`: the command gets a process group of its own; without it never.

use rustix::process::Signal;

use super::process::{Process, assert_gone, is_stopped, wait_for_pids};
use super::program::{End, Running, ended, retry};
use super::terminal::{CTRL_C, CTRL_Z, Terminal};
use crate::support::{Sandbox, fixture, wait_for};

const GROUPED: [&str; 5] = ["--new-group", "--max", "2", "--delay", "10ms"];

#[test]
fn the_command_leads_a_group_in_the_same_session() {
    let sandbox = Sandbox::new();
    let args = [&GROUPED[..], &["--", "sh", "-c", "echo $$ >pid; exec \"$F\" sleep 60"]].concat();
    let mut running = Running::start(&mut retry(&sandbox, &args));
    let [command] = wait_for_pids(&sandbox, "pid");
    let [ours, its] = [running.pid(), command].map(|pid| Process::find(pid).expect("a process"));
    assert_eq!((its.group, its.session), (command, ours.session));
    assert_ne!(its.group, ours.group);
    running.send(Signal::TERM);
    assert_eq!(running.end(), End::Killed(Signal::TERM.as_raw()));
    assert_gone(&[command]);
}

#[test]
fn a_kill_9_of_its_own_group_spares_us() {
    let sandbox = Sandbox::new();
    let args = [&GROUPED[..], &["--", "sh", "-c", "printf x >>runs; kill -9 0"]].concat();
    assert_eq!(ended(&sandbox, &args), End::Code(137));
    assert_eq!(sandbox.count("runs"), 2);
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn a_timeout_stops_all_of_it() {
    let sandbox = Sandbox::new();
    let args = ["--new-group", "--max", "1", "--timeout", "2s", "--", fixture(), "tree", "ready", "pids"];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    assert_gone(&wait_for_pids::<3>(&sandbox, "pids"));
}

#[test]
fn ctrl_c_is_forwarded_to_it_once() {
    let sandbox = Sandbox::new();
    let args = ["--new-group", "--max", "2", "--", fixture(), "trap", "INT", "3", "ready", "count"];
    let mut terminal = Terminal::retry(&sandbox, &args);
    terminal.wait_for_file("ready");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Code(3), "{}", terminal.screen());
    assert_eq!(sandbox.count("count"), 1);
}

#[test]
fn ctrl_z_stops_it_and_fg_continues_it() {
    let sandbox = Sandbox::new();
    let mut shell = Terminal::shell(&sandbox);
    shell.enter("\"$R\" --new-group --max 1 -- sh -c 'echo $PPID $$ | tr \" \" \"\\n\" >pids; exec \"$F\" trap USR1 5 ready count'");
    shell.wait_for_file("ready");
    let [retry, command] = wait_for_pids(&sandbox, "pids");
    shell.press(CTRL_Z);
    shell.wait_for("both to stop", || is_stopped(retry) && is_stopped(command));
    shell.enter("fg; echo $? >status");
    shell.wait_for("both to go on", || !is_stopped(retry) && !is_stopped(command));
    super::program::send(retry, Signal::USR1);
    assert_eq!(shell.wait_for_line("status"), "5");
    wait_for("one signal", || sandbox.count("count") == 1);
}
