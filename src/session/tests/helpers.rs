//! Hooks, the fallback and the dead letter: their order, their time, and signals at each stage.

use super::*;
use crate::policy::value::{CommandLine, CommandLines, FilePath};

fn lines(count: usize) -> CommandLines {
    CommandLines(vec!["x".into(); count])
}

fn hooked() -> Policy {
    Policy { on_retry: lines(1), on_success: lines(1), on_failure: lines(2), ..plain() }
}

fn with_fallback() -> Policy {
    Policy { fallback: Some(CommandLine("x".into())), max: MaxAttempts::Times(1), ..hooked() }
}

impl Run {
    /// The hook or the fallback ends after this long.
    fn helper_ends(&mut self, after: u64, code: u8) {
        self.pass(after);
        self.tell(Input::HelperEnded(Ending::Exited(code)));
    }

    fn signalled(&mut self) {
        self.tell(Input::Signal(libc::SIGTERM));
    }
}

#[test]
fn a_retry_hook_is_part_of_the_wait() {
    let mut run = Run::new(&hooked()).begin();
    run.fails(5, 7);
    run.did("spawn1 started retry:1000 retry0 wake:10000");
    run.helper_ends(400, 0);
    run.did("on-retry(0) wake:600");
    run.wakes(600);
    run.did("spawn2");
    // It takes longer than the wait.
    run.fails(5, 7);
    run.wakes(2000);
    run.did("started retry:2000 retry0 wake:10000 wake:8000");
    run.helper_ends(500, 3);
    run.did("on-retry(3) spawn3!");
}

#[test]
fn hooks_of_one_kind_run_one_after_another() {
    let mut run = Run::new(&Policy { on_retry: lines(2), ..plain() }).begin();
    run.fails(5, 7);
    run.helper_ends(100, 0);
    run.did("spawn1 started retry:1000 retry0 wake:10000 on-retry(0) retry1 wake:10000");
    run.helper_ends(100, 0);
    run.did("on-retry(0) wake:800");
}

#[test]
fn a_hook_that_hangs_is_stopped_and_changes_nothing() {
    let mut run = Run::new(&Policy { hook_timeout: TimeLimit(Some(ms(500))), ..hooked() }).begin();
    run.fails(5, 7);
    run.wakes(500);
    run.did("spawn1 started retry:1000 retry0 wake:500 stop-helper:1000");
    run.tell(Input::HelperEnded(Ending::Signaled(libc::SIGTERM)));
    run.did("on-retry(255) wake:500");
}

#[test]
fn the_deadline_cuts_a_retry_hook_and_no_final_one() {
    let deadline = TimeLimit(Some(ms(2_000)));
    let mut run = Run::new(&Policy { deadline, ..hooked() }).begin();
    run.fails(5, 7);
    run.wakes(1_995);
    run.did("spawn1 wake:2000 started retry:1000 retry0 wake:1995 stop-helper:1000");
    run.helper_ends(100, 0);
    run.did("on-retry(0) deadline failure0 wake:10000");
    run.helper_ends(9_000, 0);
    run.did("on-failure(0) failure1 wake:10000");
    run.helper_ends(1, 0);
    run.did("on-failure(0) exit7");
}

#[test]
fn success_and_refusal_have_their_hooks() {
    let mut run = Run::new(&hooked()).begin();
    run.fails(5, 0);
    run.did("spawn1 started ok succeeded success0 wake:10000");
    run.helper_ends(1, 9);
    run.did("on-success(9) exit0");
    let mut run = Run::new(&Policy { deadline: TimeLimit(Some(Duration::ZERO)), ..hooked() }).begin();
    run.did("deadline failure0 wake:10000");
}

#[test]
fn the_fallback_runs_before_the_report_and_its_exit_counts() {
    let policy = Policy { fallback_timeout: TimeLimit(Some(ms(500))), ..with_fallback() };
    let mut run = Run::new(&policy).begin();
    run.fails(5, 7);
    run.did("spawn1! started failed(no attempts left) fallback0 wake:500");
    run.helper_ends(100, 0);
    run.did("exhausted success0 wake:10000");
    run.helper_ends(1, 0);
    run.did("on-success(0) exit0");

    let mut run = Run::new(&policy).begin();
    run.fails(5, 7);
    run.wakes(500);
    run.did("spawn1! started failed(no attempts left) fallback0 wake:500 stop");
    run.tell(Input::HelperEnded(Ending::Signaled(libc::SIGTERM)));
    run.did("exhausted failure0 wake:10000");
    run.helper_ends(1, 0);
    run.helper_ends(1, 0);
    assert_eq!(run.said.last().unwrap(), "exit124");
}

#[test]
fn a_fallback_that_dies_of_what_we_were_not_told_has_a_status() {
    let mut run = Run::new(&Policy { on_failure: lines(0), ..with_fallback() }).begin();
    run.fails(5, 7);
    run.said.clear();
    run.tell(Input::HelperEnded(Ending::Signaled(libc::SIGKILL)));
    run.did("exhausted exit137");
}

#[test]
fn a_fallback_is_not_retried_and_no_option_changes_its_status() {
    let policy = Policy { exhausted_code: Some(ExitStatus(75)), on_failure: lines(0), ..with_fallback() };
    let mut run = Run::new(&policy).begin();
    run.fails(5, 7);
    run.said.clear();
    run.helper_ends(1, 3);
    run.did("exhausted exit3");
}

#[test]
fn only_the_stdout_of_a_fallback_that_succeeded_is_delivered() {
    let policy = Policy { stdout: StdoutMode::Success, on_success: lines(0), ..with_fallback() };
    let mut run = Run::new(&policy).begin();
    run.fails(5, 7);
    run.said.clear();
    run.helper_ends(1, 0);
    run.did("deliver:stdout");
    run.tell(Input::Delivered(Delivered::All));
    run.did("exhausted exit0");
    let mut run = Run::new(&Policy { on_failure: lines(0), ..policy }).begin();
    run.fails(5, 7);
    run.said.clear();
    run.helper_ends(1, 2);
    run.did("exhausted exit2");
}

#[test]
fn a_signal_while_running_leads_to_short_failure_hooks_and_to_no_fallback() {
    let mut run = Run::new(&with_fallback()).begin();
    run.signalled();
    run.ends(10, Ending::Signaled(libc::SIGTERM));
    run.did("spawn1! started failed(not retried) interrupted failure0 wake:5000");
    run.helper_ends(1, 0);
    run.did("on-failure(0) failure1 wake:5000");
    // The second signal ends all that is left at once.
    run.signalled();
    run.did("stop-helper:0");
    run.tell(Input::HelperEnded(Ending::Signaled(libc::SIGKILL)));
    run.did("on-failure(255) die15");
}

#[test]
fn a_signal_in_a_wait_stops_its_hook_first() {
    let mut run = Run::new(&hooked()).begin();
    run.fails(5, 7);
    run.said.clear();
    run.signalled();
    run.did("stop-helper:1000");
    run.tell(Input::HelperEnded(Ending::Signaled(libc::SIGTERM)));
    run.did("on-retry(255) interrupted failure0 wake:5000");
    run.helper_ends(1, 0);
    run.helper_ends(1, 0);
    run.did("on-failure(0) failure1 wake:5000 on-failure(0) die15");

    let mut run = Run::new(&hooked()).begin();
    run.fails(5, 7);
    run.said.clear();
    run.signalled();
    run.signalled();
    run.did("stop-helper:1000 stop-helper:0");
    run.tell(Input::HelperEnded(Ending::Signaled(libc::SIGKILL)));
    run.did("on-retry(255) interrupted die15");
}

#[test]
fn a_signal_in_the_fallback_is_its_own_affair_until_the_second_one() {
    let mut run = Run::new(&with_fallback()).begin();
    run.fails(5, 7);
    run.said.clear();
    run.signalled();
    run.did("");
    run.tell(Input::HelperEnded(Ending::Signaled(libc::SIGTERM)));
    run.did("exhausted failure0 wake:5000");
    run.signalled();
    run.tell(Input::HelperEnded(Ending::Signaled(libc::SIGTERM)));
    run.did("stop-helper:0 on-failure(255) die15");

    let mut run = Run::new(&with_fallback()).begin();
    run.fails(5, 7);
    run.said.clear();
    run.signalled();
    run.signalled();
    run.did("stop-helper:0");
}

#[test]
fn a_signal_in_a_final_hook_leaves_out_the_rest() {
    let mut run = Run::new(&Policy { max: MaxAttempts::Times(1), ..hooked() }).begin();
    run.fails(5, 7);
    run.said.clear();
    run.signalled();
    run.did("stop-helper:1000");
    run.tell(Input::HelperEnded(Ending::Exited(0)));
    run.did("on-failure(0) die15");
}

#[test]
fn a_fallback_that_could_not_have_the_same_input_is_not_run() {
    let mut run = Run::new(&Policy { on_failure: lines(0), ..with_fallback() }).begin();
    run.tell(Input::Ended(Ended { stdin_lost: Some("lost".into()), ..Ended::plainly(Ending::Exited(7)) }));
    run.did("spawn1! started failed(no attempts left) tell(the fallback was not run: lost) exhausted exit7");
}

/// What the helper that was run last was told.
fn facts(run: &mut Run, input: Input) -> HelperFacts {
    let actions = run.session.step(run.now, input);
    let facts = actions.into_iter().find_map(|action| match action {
        Action::RunHelper(helper) => Some(helper.facts),
        _ => None,
    });
    facts.expect("a helper")
}

#[test]
fn a_helper_is_told_what_is_known_when_it_starts() {
    let mut run = Run::new(&hooked()).begin();
    let retry = facts(&mut run, ended(Ending::Exited(7), None, false));
    assert_eq!((retry.attempts, retry.delay, retry.outcome, retry.status), (1, Some(ms(1000)), None, None));
    assert_eq!(retry.last.map(|last| last.status), Some(7));
    assert!(!retry.rescued, "the run is not over");
    run.helper_ends(0, 0);
    run.wakes(1000);
    let success = facts(&mut run, ended(Ending::Exited(0), None, false));
    assert_eq!((success.outcome, success.status, success.delay), (Some(Outcome::Succeeded), Some(0), None));
    assert!(success.rescued && !success.fell_back);

    let first = facts(&mut Run::new(&hooked()).begin(), ended(Ending::Exited(0), None, false));
    assert!(!first.rescued, "nothing had failed");
    let last = Policy { max: MaxAttempts::Times(1), ..hooked() };
    let failure = facts(&mut Run::new(&last).begin(), ended(Ending::Exited(7), None, false));
    assert!(!failure.rescued, "{failure:?}");
    let mut run = Run::new(&with_fallback()).begin();
    run.fails(0, 7);
    assert!(facts(&mut run, Input::HelperEnded(Ending::Exited(0))).fell_back);
}

#[test]
fn attempts_are_kept_in_mind_only_for_those_who_are_told_of_them() {
    let letters = || Some(FilePath("letters".into()));
    for (policy, kept) in [
        (plain(), false),
        (Policy { on_retry: lines(1), ..plain() }, true),
        (Policy { on_success: lines(1), ..plain() }, true),
        (Policy { on_failure: lines(1), ..plain() }, true),
        (Policy { fallback: Some(CommandLine("x".into())), ..plain() }, true),
        (Policy { dead_letter: letters(), ..plain() }, true),
    ] {
        let mut run = Run::new(&policy).begin();
        run.fails(0, 7);
        assert_eq!(run.session.judged.is_some(), kept, "{:?}", run.said);
    }
}

#[test]
fn a_hook_that_was_stopped_is_told_from_one_that_was_out_of_time() {
    let told = |run: &Run| match run.events.iter().rfind(|event| matches!(event, Event::Hook(_))) {
        Some(Event::Hook(hook)) => (hook.stopped, hook.timed_out),
        other => panic!("{other:?}"),
    };
    let policy = Policy { hook_timeout: TimeLimit(Some(ms(500))), ..hooked() };
    let mut run = Run::new(&policy).begin();
    run.fails(0, 7);
    run.helper_ends(100, 0);
    assert_eq!(told(&run), (false, false));
    run.wakes(900);
    run.fails(0, 7);
    run.wakes(500);
    run.helper_ends(1, 0);
    assert_eq!(told(&run), (false, true));
    let mut run = Run::new(&policy).begin();
    run.fails(0, 7);
    run.signalled();
    run.helper_ends(1, 0);
    assert_eq!(told(&run), (true, false));
}

#[test]
fn a_hook_that_is_being_stopped_is_left_to_it_by_the_deadline() {
    let deadline = TimeLimit(Some(ms(2_000)));
    let mut run = Run::new(&Policy { deadline, hook_timeout: TimeLimit(Some(ms(500))), ..hooked() }).begin();
    run.fails(0, 7);
    run.wakes(500);
    run.did("spawn1 wake:2000 started retry:1000 retry0 wake:500 stop-helper:1000 wake:1500");
    run.wakes(1_500);
    run.did("");
    run.tell(Input::HelperEnded(Ending::Signaled(libc::SIGTERM)));
    run.did("on-retry(255) deadline failure0 wake:500");
}

#[test]
fn nobody_knows_the_next_attempts_moment_while_a_hook_may_delay_it() {
    let mut run = Run::new(&hooked()).begin();
    let next = |actions: Vec<Action>| match actions.last() {
        Some(Action::WakeIn { next_attempt, .. }) => *next_attempt,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(run.session.step(run.now, ended(Ending::Exited(7), None, false))), None);
    assert_eq!(next(run.session.step(run.now, Input::HelperEnded(Ending::Exited(0)))), Some(ms(1000)));
}
