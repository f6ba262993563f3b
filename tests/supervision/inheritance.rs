//! What we were started with is what the command gets: signal dispositions, the mask, limits; and we heed them too.

use rustix::process::Signal;

use super::process::wait_until_taken;
use super::program::{End, Running, command, run, through, wait_for_the_wait};
use crate::support::{Sandbox, fixture, wait_for};

/// What the fixture program sees of its signals: run by a wrapper, and run by `retry` which is run by that wrapper.
#[track_caller]
fn check_signals(wrapper: &[&str]) {
    let sandbox = Sandbox::new();
    let report = [fixture(), "signals"];
    assert_eq!(run(&mut command(&sandbox, &[wrapper, &report].concat())), End::Code(0), "{wrapper:?}");
    let alone = sandbox.read("out");
    assert!(alone.contains("SigBlk:") && alone.contains("SigIgn:"), "{wrapper:?}: {alone}");
    let args = ["-q", "--max", "2", "--delay", "1ms", "--success-on", "99", "--"];
    let end = run(&mut through(&sandbox, wrapper, &[&args[..], &report].concat()));
    assert_eq!(end, End::Code(1), "{wrapper:?}: two attempts that count as failures");
    assert_eq!(sandbox.read("out"), alone.repeat(2), "{wrapper:?}");
}

#[test]
fn ignored_and_blocked_signals_reach_the_command_as_they_were() {
    for change in [
        "--default-signal",
        "--ignore-signal=PIPE",
        "--ignore-signal=HUP",
        "--ignore-signal=INT,QUIT",
        "--ignore-signal=CHLD",
        "--ignore-signal=TERM,USR1,USR2,ALRM,WINCH,CONT",
        "--ignore-signal=TSTP,TTIN,TTOU",
        "--ignore-signal=XFSZ",
        "--ignore-signal",
        "--block-signal=TERM",
        "--block-signal=PIPE,CHLD,TSTP",
        "--block-signal",
    ] {
        check_signals(&["env", change]);
    }
}

#[test]
fn nohup_and_background_jobs_are_such_cases() {
    check_signals(&["nohup"]);
    check_signals(&["sh", "-c", "\"$@\" & wait $!", "sh"]);
}

#[test]
fn an_ignored_sigpipe_is_ignored_in_the_command_and_no_other() {
    for (change, ignored) in [("--ignore-signal=PIPE", true), ("--default-signal=PIPE", false)] {
        let sandbox = Sandbox::new();
        let args = ["--", "sh", "-c", "grep SigIgn /proc/self/status"];
        assert_eq!(run(&mut through(&sandbox, &["env", change], &args)), End::Code(0));
        let mask = sandbox.read("out").trim().rsplit('\t').next().map(|mask| u64::from_str_radix(mask, 16));
        let mask = mask.expect("a mask").expect("a number");
        assert_eq!(mask & (1 << (13 - 1)) != 0, ignored, "{change}");
    }
}

/// A signal that was ignored when we started does not end the wait; one that was not does.
#[test]
fn what_was_ignored_does_not_stop_us() {
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT, Signal::USR1] {
        let sandbox = Sandbox::new();
        let wrapper = format!("--ignore-signal={}", signal.as_raw());
        let args = ["--delay", "1h", "--log", "log", "--", "false"];
        let mut running = Running::start(&mut through(&sandbox, &["env", &wrapper], &args));
        wait_for_the_wait(&sandbox);
        running.send(signal);
        wait_until_taken(running.pid());
        running.send(Signal::TERM);
        assert_eq!(running.end(), End::Killed(Signal::TERM.as_raw()), "{signal:?}");
    }
}

#[test]
fn what_was_ignored_is_not_forwarded() {
    let sandbox = Sandbox::new();
    // The command itself would heed it.
    let script = "trap 'printf x >>count' HUP; trap 'exit 5' USR1; touch ready; while :; do sleep 0.05; done";
    let args = ["--max", "1", "--", "env", "--default-signal=HUP", "sh", "-c", script];
    let mut running = Running::start(&mut through(&sandbox, &["env", "--ignore-signal=HUP"], &args));
    wait_for("the handlers", || sandbox.path("ready").exists());
    running.send(Signal::HUP);
    wait_until_taken(running.pid());
    running.send(Signal::USR1);
    assert_eq!(running.end(), End::Code(5));
    assert_eq!(sandbox.count("count"), 0);
}

#[test]
fn a_run_started_with_term_blocked_can_be_stopped_all_the_same() {
    let sandbox = Sandbox::new();
    let args = ["--delay", "1h", "--log", "log", "--", "false"];
    let mut running = Running::start(&mut through(&sandbox, &["env", "--block-signal"], &args));
    wait_for_the_wait(&sandbox);
    running.send(Signal::TERM);
    assert_eq!(running.end(), End::Killed(Signal::TERM.as_raw()));
}

#[test]
fn a_command_that_was_given_a_blocked_term_is_killed_after_the_grace() {
    let sandbox = Sandbox::new();
    let args = ["--max", "1", "--timeout", "1s", "-k", "200ms", "--", fixture(), "sleep", "60"];
    assert_eq!(run(&mut through(&sandbox, &["env", "--block-signal=TERM"], &args)), End::Code(124));
}

#[test]
fn statuses_are_seen_even_if_sigchld_was_ignored() {
    for change in ["--ignore-signal=CHLD", "--block-signal=CHLD"] {
        let sandbox = Sandbox::new();
        let args = ["--max", "2", "--delay", "1ms", "--", "sh", "-c", "printf x >>runs; exit 3"];
        assert_eq!(run(&mut through(&sandbox, &["env", change], &args)), End::Code(3), "{change}");
        assert_eq!(sandbox.count("runs"), 2, "{change}");
        let args = ["--max", "1", "--timeout", "1s", "--", fixture(), "tree", "ready", "pids"];
        assert_eq!(run(&mut through(&sandbox, &["env", change], &args)), End::Code(124), "{change}");
    }
}

#[test]
fn the_rest_of_the_surroundings_is_untouched() {
    let sandbox = Sandbox::new();
    let report = "umask; pwd; nice; ulimit -Sa; ulimit -Ha; id; env | grep -v -e ^RETRY_ -e ^TRACEPARENT= -e ^_= | sort";
    let wrapper = [
        "nice",
        "-n",
        "3",
        "bash",
        "-c",
        "umask 027; ulimit -n 99; ulimit -c 0; cd /usr; exec \"$@\"",
        "bash",
    ];
    assert_eq!(run(&mut command(&sandbox, &[&wrapper[..], &["bash", "-c", report]].concat())), End::Code(0));
    let alone = sandbox.read("out");
    assert!(alone.starts_with("0027\n/usr\n"), "{alone}");
    assert_eq!(run(&mut through(&sandbox, &wrapper, &["--", "bash", "-c", report])), End::Code(0));
    assert_eq!(sandbox.read("out"), alone);
}
