//! Hooks, the fallback and the dead letter: their order, their time, and signals at each stage.

use super::*;
use crate::policy::value::{CommandLine, CommandLines};

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
    run.did("spawn1! started failed(not tried again) interrupted failure0 wake:5000");
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
