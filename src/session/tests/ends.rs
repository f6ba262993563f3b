//! The end of a run: held output, what may change the end, and the order of its steps.

use super::*;
use crate::classify::Stream;
use crate::policy::value::{StderrMode, StdoutMode};

fn holding(stdout: StdoutMode, stderr: StderrMode) -> Policy {
    Policy { stdout, stderr, ..plain() }
}

fn only_success() -> Policy {
    holding(StdoutMode::Success, StderrMode::Stream)
}

fn lost(run: &mut Run, code: u8) {
    let output_lost = Some("it could not be kept: so".to_owned());
    run.tell(Input::Ended(Ended { output_lost, ..Ended::plainly(Ending::Exited(code)) }));
}

fn delivered(run: &mut Run, delivered: Delivered) {
    run.said.clear();
    run.tell(Input::Delivered(delivered));
}

#[test]
fn held_output_goes_out_before_the_end_is_reported() {
    let mut run = Run::new(&only_success()).begin();
    run.fails(0, 0);
    run.did("spawn1 deliver:stdout");
    // The machine is at it: nothing else ends the run.
    run.tell(Input::Woke);
    run.tell(Input::Signal(libc::SIGTERM));
    run.tell(Input::Unkillable);
    run.did("");
    delivered(&mut run, Delivered::All);
    run.did("started ok succeeded exit0");
}

#[test]
fn a_failure_delivers_no_stdout_and_the_last_attempts_stderr_if_that_was_held() {
    let mut run =
        Run::new(&Policy { permanent_on: ExitSpecs::parse("1").unwrap(), ..only_success() }).begin();
    run.fails(0, 1);
    assert_eq!(run.said.last().unwrap(), "exit1");
    let last = Policy { max: MaxAttempts::Times(2), ..holding(StdoutMode::Success, StderrMode::Last) };
    let mut run = Run::new(&last).begin();
    run.fails(0, 1);
    run.tell(Input::Signal(libc::SIGINT));
    run.did("spawn1 started retry:1000 wake:1000 deliver:stderr");
    // The last one's was never held.
    let mut run = Run::new(&last).begin();
    run.fails(0, 1);
    run.wakes(1000);
    run.said.clear();
    run.fails(0, 1);
    run.did("started failed(no attempts left) exhausted exit1");
    let mut run = Run::new(&last).begin();
    run.fails(0, 0);
    run.did("spawn1 deliver:stdout:stderr");
    // Nothing was run.
    let past = Policy {
        deadline: TimeLimit(Some(Duration::ZERO)),
        ..holding(StdoutMode::Success, StderrMode::Last)
    };
    Run::new(&past).begin().did("deadline exit124");
}

#[test]
fn a_command_that_was_told_to_stop_and_ended_well_has_its_output() {
    for (code, end) in [(0, "deliver:stdout"), (3, "started failed(not retried) interrupted exit3")] {
        let mut run = Run::new(&only_success()).begin();
        run.tell(Input::Signal(libc::SIGTERM));
        run.said.clear();
        run.fails(0, code);
        run.did(end);
    }
}

#[test]
fn output_that_is_lost_makes_a_success_our_failure() {
    let mut run = Run::new(&plain()).begin();
    lost(&mut run, 0);
    run.did("spawn1 started ok tell(output of the command was lost: it could not be kept: so) error exit125");
    // What is left of it would pass for the whole.
    let mut run = Run::new(&only_success()).begin();
    lost(&mut run, 0);
    assert!(!run.said.iter().any(|word| word.starts_with("deliver")), "{:?}", run.said);
    let mut run = Run::new(&only_success()).begin();
    run.fails(0, 0);
    delivered(&mut run, Delivered::Refused(Stream::Stdout, "stdout refused it: full".to_owned()));
    run.did("started ok tell(output of the command was lost: stdout refused it: full) error exit125");
}

#[test]
fn a_failure_stays_what_it_is_and_an_earlier_attempts_loss_is_none() {
    let mut run = Run::new(&Policy { max: MaxAttempts::Times(2), ..plain() }).begin();
    lost(&mut run, 7);
    run.wakes(1000);
    run.said.clear();
    run.fails(0, 0);
    run.did("started ok succeeded exit0");
    let mut run = Run::new(&Policy { max: MaxAttempts::Times(1), ..plain() }).begin();
    lost(&mut run, 7);
    assert_eq!(
        run.said[3..],
        ["tell(output of the command was lost: it could not be kept: so)", "exhausted", "exit7"]
    );
}

#[test]
fn stderr_that_is_refused_changes_nothing() {
    let mut run = Run::new(&holding(StdoutMode::Success, StderrMode::Last)).begin();
    run.fails(0, 0);
    delivered(&mut run, Delivered::Refused(Stream::Stderr, "stderr refused it: full".to_owned()));
    run.did("started ok succeeded exit0");
}

#[test]
fn a_signal_during_a_delivery_is_how_the_run_ends() {
    let mut run = Run::new(&only_success()).begin();
    run.pass(100);
    run.fails(0, 0);
    run.pass(5000);
    run.said.clear();
    let actions = run.session.step(run.now, Input::Delivered(Delivered::Interrupted(libc::SIGTERM)));
    for action in &actions {
        run.said.push(word(action));
        // What is done to end it is no part of the run's time.
        if let Action::Emit(event) = action
            && let Event::RunStop(stop) = &**event
        {
            assert_eq!((stop.elapsed_ms, stop.signal.as_deref()), (100.0, Some("SIGTERM")));
        }
    }
    run.did("started ok interrupted die15");
}

#[test]
fn all_that_was_kept_is_told_after_the_end_of_a_run_that_failed() {
    let chronic = Policy { chronic: true, max: MaxAttempts::Times(1), ..plain() };
    for (code, end) in
        [(0, "ok succeeded exit0"), (3, "failed(no attempts left) exhausted deliver:everything")]
    {
        let mut run = Run::new(&chronic).begin();
        run.fails(0, code);
        run.did(&format!("spawn1! started {end}"));
    }
    for outcome in [
        Delivered::All,
        Delivered::Refused(Stream::Stdout, "so".to_owned()),
        Delivered::Interrupted(libc::SIGINT),
    ] {
        let mut run = Run::new(&chronic).begin();
        run.fails(0, 3);
        // The end stands: it was reported.
        delivered(&mut run, outcome);
        run.did("exit3");
    }
    // Messages of ours were kept, too: they must not be lost with the output.
    let mut run = Run::new(&chronic).begin();
    lost(&mut run, 0);
    assert_eq!(run.said[4..], ["error", "deliver:everything"]);
}

#[test]
fn only_what_somebody_listens_to_is_built() {
    let events = |least| {
        let mut run = Run::new(&Policy { max: MaxAttempts::Times(2), ..plain() });
        run.session = run.session.with_listeners(least);
        let mut run = run.begin();
        run.tell(Input::Started(42));
        run.fails(0, 1);
        run.wakes(1000);
        run.fails(0, 1);
        let counted = run.session.tallies.all().first().map(|tally| tally.count);
        assert_eq!(counted, least.map(|_| 2));
        assert!(!run.session.tallies.is_empty(), "that something failed is known all the same");
        run.said.retain(|word| !word.starts_with("wake") && !word.starts_with("spawn"));
        run.said.join(" ")
    };
    let errors = "failed(no attempts left) exhausted exit1";
    assert_eq!(events(Some(Level::Debug)), format!("started retry:1000 started {errors}"));
    assert_eq!(events(Some(Level::Warn)), format!("retry:1000 {errors}"));
    assert_eq!(events(Some(Level::Error)), errors);
    assert_eq!(events(None), "exit1");
}

#[test]
fn whoever_interrupts_a_delivery_is_not_told_of_an_earlier_loss() {
    let mut run = Run::new(&holding(StdoutMode::Success, StderrMode::Last)).begin();
    lost(&mut run, 0);
    run.did("spawn1 deliver:stderr");
    delivered(&mut run, Delivered::Interrupted(libc::SIGTERM));
    run.did("started ok interrupted die15");
}

#[test]
fn the_statuses_that_were_asked_for_are_given() {
    let flaky =
        Policy { fail_if_flaky: Some(ExitStatus(42)), exhausted_code: Some(ExitStatus(75)), ..plain() };
    let mut run = Run::new(&flaky).begin();
    run.fails(0, 0);
    run.did("spawn1 started ok succeeded exit0");
    let mut run = Run::new(&flaky).begin();
    run.fails(0, 1);
    run.wakes(1000);
    run.said.clear();
    run.fails(0, 0);
    run.did("started ok succeeded exit42");
    let mut run = Run::new(&Policy { max: MaxAttempts::Times(1), ..flaky }).begin();
    run.fails(0, 1);
    run.did("spawn1! started failed(no attempts left) exhausted exit75");
}

#[test]
fn what_would_not_die_in_a_wait_or_before_an_attempt_is_an_error_of_ours() {
    let mut run = Run::new(&plain()).begin();
    run.fails(0, 1);
    run.said.clear();
    run.tell(Input::Unkillable);
    run.did("error exit125");
    let mut run = Run::new(&plain());
    run.tell(Input::Unkillable);
    run.did("error exit125");
}
