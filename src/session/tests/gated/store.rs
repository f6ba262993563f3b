//! A store that is busy or fails, and leases that have to be renewed.

use super::*;
use crate::policy::value::OnStateError;

#[test]
fn a_store_that_fails_is_gone_without_and_left_alone_for_a_while() {
    let mut run = gated(&plain());
    run.tell(Input::Admission(Answer::Failed("no".to_owned()), Pace::default()));
    // Nothing was granted, and nothing is learnt: nobody is told of the end.
    run.fails(10, 1);
    run.wakes(1000);
    run.did("admit:First bypassed spawn1 started retry:1000 wake:1000 bypassed spawn2");
    run.fails(4000, 1);
    run.wakes(2000);
    run.did("started retry:2000 wake:2000 admit:Retry");
    // To the millisecond: it is asked again after five seconds, and not before.
    for (wait, asked) in [(4999, "bypassed spawn2"), (5000, "admit:Retry")] {
        let mut run = gated(&Policy { delay: ms(wait), ..plain() });
        run.tell(Input::Admission(Answer::Failed("no".to_owned()), Pace::default()));
        run.fails(0, 1);
        run.said.clear();
        run.wakes(wait);
        run.did(asked);
    }
}

#[test]
fn a_report_that_fails_leaves_the_store_alone_as_well() {
    let mut run = gated(&plain());
    admitted(&mut run);
    run.fails(10, 1);
    run.said.clear();
    run.tell(Input::Settled(Answer::Failed("no".to_owned())));
    run.wakes(1000);
    run.did("bypassed retry:1000 wake:1000 bypassed spawn2");
}

#[test]
fn people_are_told_once_that_there_are_no_limits() {
    let told = |actions: Vec<Action>| {
        let told = actions.iter().find_map(|action| match action {
            Action::Emit(event) => match &**event {
                Event::GateBypassed(bypassed) => Some(bypassed.told),
                _ => None,
            },
            _ => None,
        });
        told.expect("a bypass")
    };
    let mut run = gated(&plain());
    let failed = || Input::Admission(Answer::Failed("no".to_owned()), Pace::default());
    assert!(!told(run.session.step(run.now, failed())));
    assert!(told(run.session.step(run.now, Input::Renewed(Answer::Failed("lost".to_owned())))));
}

#[test]
fn who_wants_no_run_without_limits_is_refused() {
    let policy = Policy { on_state_error: OnStateError::Fail, ..plain() };
    let mut run = gated(&policy);
    run.tell(Input::Admission(Answer::Failed("no".to_owned()), Pace::default()));
    run.did("admit:First refused:State refused exit75");
    // What cannot be reported is no reason to fail.
    let mut run = gated(&policy);
    admitted(&mut run);
    run.fails(0, 0);
    run.said.clear();
    run.tell(Input::Settled(Answer::Failed("no".to_owned())));
    run.did("ok succeeded exit0");
}

#[test]
fn a_busy_state_is_asked_again_and_reported_to_for_ten_seconds() {
    let mut run = gated(&plain());
    run.tell(Input::Admission(Answer::Busy, pace(100)));
    let wait = wake(&run);
    assert!((50..=101).contains(&wait), "{wait}");
    run.wakes(wait);
    run.said.clear();
    admitted(&mut run);
    run.fails(0, 0);
    run.said.clear();
    run.pass(9_999);
    run.tell(Input::Settled(Answer::Busy));
    run.did("wake:0");
    run.wakes(0);
    run.did("settle:Good");
    // Nothing but the answer, or a signal, is waited for now.
    run.wakes(0);
    run.did("");
    run.pass(1);
    run.tell(Input::Settled(Answer::Busy));
    run.did("bypassed ok succeeded exit0");
}

#[test]
fn a_signal_ends_a_report_to_a_busy_state_and_then_the_run() {
    let settling = |code| {
        let mut run = gated(&plain());
        admitted(&mut run);
        run.fails(0, code);
        run.tell(Input::Settled(Answer::Busy));
        run.said.clear();
        run.tell(Input::Signal(libc::SIGTERM));
        run
    };
    settling(1).did("retry:1000 interrupted die15");
    // What was achieved before stays so.
    settling(0).did("ok succeeded exit0");
}

#[test]
fn leases_that_could_not_be_renewed_at_once_are_renewed_in_a_moment() {
    let mut run = gated(&plain());
    let pace = Pace { renewal: Some(ms(10_000)), ..Pace::default() };
    answers(&mut run, Admission::Proceed(PERMIT), pace);
    run.wakes(10_000);
    run.said.clear();
    run.tell(Input::Renewed(Answer::Busy));
    run.did("wake:20");
    run.wakes(20);
    run.did("renew wake:10000");
}

#[test]
fn leases_are_renewed_while_the_command_runs_and_while_its_output_is_passed_on() {
    let mut run = gated(&Policy { timeout: TimeLimit(Some(ms(25_000))), ..plain() });
    let pace = Pace { renewal: Some(ms(10_000)), ..Pace::default() };
    answers(&mut run, Admission::Proceed(PERMIT), pace);
    run.wakes(9_999);
    run.wakes(1);
    run.tell(Input::Exited);
    run.did("admit:First spawn1 wake:10000 wake:1 renew wake:10000 wake:10000");
    // The command is over: its timeout stops nothing any more.
    run.wakes(20_000);
    run.did("renew wake:10000");
    run.fails(0, 0);
    settled(&mut run);
    run.did("started settle:Good ok succeeded exit0");
    // What is not leased is not renewed.
    let mut run = gated(&plain());
    let pace = Pace { renewal: Some(ms(10_000)), ..Pace::default() };
    answers(&mut run, Admission::Proceed(Grant::default()), pace);
    run.did("admit:First spawn1");
}

#[test]
fn an_attempt_inside_of_another_one_needs_no_permit_and_reports_as_its_probe() {
    let policy = plain();
    let covered = Grant { permit: true, probe: true };
    let mut session = Session::new(&policy, 7).with_gate(&policy, covered);
    let Some(Action::Admit(ask)) = session.step(START, Input::Begin).pop() else { panic!("no question") };
    assert!(ask.covered && ask.covered_by_probe);
    session.step(START, Input::Admission(Answer::Done((Admission::Proceed(PERMIT), STORE_NOW)), pace(1)));
    let actions = session.step(START, ended(Ending::Exited(0), None, false));
    let report = actions.iter().find_map(|action| match action {
        Action::Settle(report) => Some(report),
        _ => None,
    });
    assert_eq!(report.map(|report| (report.probe, report.began)), Some((true, Some(STORE_NOW))));
}

#[test]
fn the_time_that_a_server_asked_for_counts_as_waited() {
    let waited = |text: &str| {
        let mut run = gated(&plain());
        admitted(&mut run);
        run.hints(text);
        settled(&mut run);
        run.pass(40_000);
        match run.session.step(run.now, Input::Woke).pop() {
            Some(Action::Admit(ask)) => ask.waited,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(waited("retry-after=30s"), ms(40_000));
    assert_eq!(waited("class=transient"), Duration::ZERO);
}
