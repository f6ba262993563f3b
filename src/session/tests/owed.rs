//! What others are told: pings and traces, when, in which order, and what a signal makes of them.

use super::*;
use crate::policy::value::{CommandLine, CommandLines};

/// Pings may take 5 s, exports 1 s.
fn owing(policy: &Policy) -> Run {
    let owed = Owed { ping: Some(ms(5000)), traces: Some(ms(1000)) };
    let mut run = Run::new(policy);
    run.session = run.session.with_owed(owed);
    run.begin()
}

fn sent(run: &mut Run, sent: Sent) {
    run.tell(Input::Sent(sent));
}

fn exhausted() -> Run {
    let mut run = owing(&Policy { max: MaxAttempts::Times(1), ..plain() });
    run.tell(Input::Started(42));
    run.did("spawn1! begin-ping started");
    run.fails(0, 7);
    run.did("failed(no attempts left) exhausted ping7:5000");
    run
}

#[test]
fn others_are_told_after_the_report_and_before_the_exit() {
    let mut run = exhausted();
    // The machine is at it.
    run.tell(Input::Woke);
    run.did("");
    sent(&mut run, Sent::Taken);
    run.did("export:1000");
    sent(&mut run, Sent::Taken);
    run.did("exit7");
}

#[test]
fn only_the_first_attempt_is_pinged_and_a_rescue_is_a_success() {
    let flaky = Policy { fail_if_flaky: Some(ExitStatus(9)), ..plain() };
    let mut run = owing(&flaky);
    run.tell(Input::Started(42));
    run.fails(0, 1);
    run.wakes(1000);
    run.tell(Input::Started(43));
    run.said.clear();
    run.fails(0, 0);
    run.did("ok succeeded ping0:5000");
}

#[test]
fn a_command_that_never_began_is_not_pinged_as_begun() {
    let mut run = owing(&plain());
    run.ends(0, Ending::NotStarted(StartFailure { stage: Stage::Exec, errno: libc::ENOENT }));
    run.did("spawn1 started failed(not retried) permanent ping127:5000");
}

#[test]
fn what_fails_is_said_and_changes_nothing() {
    let mut run = exhausted();
    sent(&mut run, Sent::Failed("why".to_owned()));
    run.did("tell(ping not sent: why) export:1000");
    sent(&mut run, Sent::Failed("why".to_owned()));
    run.did("tell(traces not exported: why) exit7");
}

#[test]
fn a_signal_ends_what_is_left_and_is_what_we_die_of() {
    let mut run = exhausted();
    sent(&mut run, Sent::Interrupted(libc::SIGTERM));
    run.did("die15");
    let mut run = exhausted();
    sent(&mut run, Sent::Taken);
    run.said.clear();
    sent(&mut run, Sent::Interrupted(libc::SIGINT));
    run.did("die2");
}

#[test]
fn a_run_that_is_told_to_stop_pings_briefly_and_exports_nothing() {
    // While the command runs, which ends well all the same.
    let mut run = owing(&plain());
    run.tell(Input::Signal(libc::SIGTERM));
    run.said.clear();
    run.fails(0, 0);
    run.did("started failed(not retried) interrupted ping143:1000");
    sent(&mut run, Sent::Failed("why".to_owned()));
    run.did("tell(ping not sent: why) exit0");
    // While it waits; the second signal ends the ping, and we die of the first.
    let mut run = owing(&plain());
    run.fails(0, 1);
    run.said.clear();
    run.tell(Input::Signal(libc::SIGINT));
    run.did("interrupted ping130:1000");
    sent(&mut run, Sent::Interrupted(libc::SIGTERM));
    run.did("die2");
    // A ping may be allowed less than that.
    let mut run = Run::new(&plain());
    run.session = run.session.with_owed(Owed { ping: Some(ms(300)), traces: None });
    run = run.begin();
    run.fails(0, 1);
    run.said.clear();
    run.tell(Input::Signal(libc::SIGINT));
    run.did("interrupted ping130:300");
}

#[test]
fn nothing_is_sent_that_is_not_owed() {
    for (owed, expected) in [
        (Owed { ping: Some(ms(10)), traces: None }, "ping0:10 exit0"),
        (Owed { ping: None, traces: Some(ms(10)) }, "export:10 exit0"),
        (Owed::default(), "exit0"),
    ] {
        let mut run = Run::new(&plain());
        run.session = run.session.with_owed(owed);
        run = run.begin();
        run.said.clear();
        run.fails(0, 0);
        if owed != Owed::default() {
            sent(&mut run, Sent::Taken);
        }
        run.did(&format!("started ok succeeded {expected}"));
    }
}

#[test]
fn with_chronic_others_are_told_after_the_output() {
    let mut run = owing(&Policy { chronic: true, max: MaxAttempts::Times(1), ..plain() });
    run.fails(0, 1);
    run.did("spawn1! started failed(no attempts left) exhausted deliver:everything");
    run.tell(Input::Delivered(Delivered::All));
    run.did("ping1:5000");
    let mut run = owing(&Policy { chronic: true, max: MaxAttempts::Times(1), ..plain() });
    run.fails(0, 1);
    run.said.clear();
    run.tell(Input::Delivered(Delivered::Interrupted(libc::SIGINT)));
    run.did("exit1");
}

/// One hook of each kind at the end, and one attempt.
fn hooked() -> Policy {
    let hooks = CommandLines(vec!["x".into()]);
    Policy { on_success: hooks.clone(), on_failure: hooks, max: MaxAttempts::Times(1), ..plain() }
}

fn helper_ends(run: &mut Run, ending: Ending) {
    run.tell(Input::HelperEnded(ending));
}

#[test]
fn others_are_told_after_the_hooks() {
    let mut run = owing(&hooked());
    run.fails(0, 7);
    run.did("spawn1! started failed(no attempts left) exhausted failure0 wake:10000");
    helper_ends(&mut run, Ending::Exited(0));
    run.did("on-failure(0) ping7:5000");
    sent(&mut run, Sent::Taken);
    run.did("export:1000");
    sent(&mut run, Sent::Taken);
    run.did("exit7");
    // They have their own time; a hook that runs out of its is no signal.
    let mut run = owing(&hooked());
    run.fails(0, 0);
    run.wakes(10_000);
    run.said.clear();
    helper_ends(&mut run, Ending::Signaled(libc::SIGTERM));
    run.did("on-success(255) ping0:5000");
}

#[test]
fn a_run_that_is_told_to_stop_pings_briefly_after_its_hooks() {
    let mut run = owing(&hooked());
    run.tell(Input::Signal(libc::SIGTERM));
    run.ends(0, Ending::Signaled(libc::SIGTERM));
    run.did("spawn1! started failed(not retried) interrupted failure0 wake:5000");
    helper_ends(&mut run, Ending::Exited(0));
    run.did("on-failure(0) ping143:1000");
    sent(&mut run, Sent::Taken);
    run.did("die15");
}

#[test]
fn a_signal_in_the_last_hooks_leaves_out_the_pings() {
    let mut run = owing(&hooked());
    run.fails(0, 7);
    run.said.clear();
    run.tell(Input::Signal(libc::SIGTERM));
    helper_ends(&mut run, Ending::Signaled(libc::SIGTERM));
    run.did("stop-helper:1000 on-failure(255) die15");
}

#[test]
fn a_second_signal_leaves_out_hooks_and_pings() {
    let mut run = owing(&hooked());
    run.tell(Input::Signal(libc::SIGINT));
    run.tell(Input::Signal(libc::SIGINT));
    run.said.clear();
    run.ends(0, Ending::Signaled(libc::SIGINT));
    run.did("started failed(not retried) interrupted die2");
}

#[test]
fn the_status_of_a_fallback_is_pinged() {
    let policy = Policy { fallback: Some(CommandLine("x".into())), ..hooked() };
    for (code, hook, ping) in
        [(0, "success0", "on-success(0) ping0:5000"), (3, "failure0", "on-failure(0) ping3:5000")]
    {
        let mut run = owing(&policy);
        run.fails(0, 7);
        run.said.clear();
        helper_ends(&mut run, Ending::Exited(code));
        run.did(&format!("exhausted {hook} wake:10000"));
        helper_ends(&mut run, Ending::Exited(0));
        run.did(ping);
    }
    // It was told to stop, and others wait for us to end.
    let mut run = owing(&policy);
    run.fails(0, 7);
    run.tell(Input::Signal(libc::SIGTERM));
    helper_ends(&mut run, Ending::Signaled(libc::SIGTERM));
    run.said.clear();
    helper_ends(&mut run, Ending::Exited(0));
    run.did("on-failure(0) ping143:1000");
    sent(&mut run, Sent::Taken);
    run.did("die15");
}
