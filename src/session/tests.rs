//! Runs in virtual time.

use std::time::Duration;

use super::*;
use crate::classify::{Ending, ExitSpecs, Hint, Stage, StartFailure};
use crate::event::Event;
use crate::policy::value::{Count, ExitStatus, MaxAttempts, StdoutMode, TimeLimit};

mod ends;
mod gated;
mod helpers;
mod late;
mod letters;
mod owed;
mod times;
mod told;
mod waits;

/// A session and its clock; what it does is written down as short words.
struct Run {
    session: Session,
    now: Now,
    said: Vec<String>,
    /// Every event, whole.
    events: Vec<Event>,
}

/// Both clocks have run for a while, and not for the same time: a moment is no duration.
const START: Now = Now { awake: Duration::from_secs(1000), elapsed: Duration::from_secs(5000) };

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// Waits of exactly 1s, 2s, 4s, …
fn plain() -> Policy {
    Policy { jitter: crate::backoff::Jitter::None, max: MaxAttempts::Times(3), ..Policy::default() }
}

impl Run {
    fn new(policy: &Policy) -> Self {
        Self { session: Session::new(policy, 7), now: START, said: Vec::new(), events: Vec::new() }
    }

    fn begin(mut self) -> Self {
        self.tell(Input::Begin);
        self
    }

    fn tell(&mut self, input: Input) {
        for action in self.session.step(self.now, input) {
            self.said.push(word(&action));
            if let Action::Emit(event) = action {
                self.events.push(*event);
            }
        }
    }

    /// Both clocks go on.
    fn pass(&mut self, millis: u64) {
        self.now.awake += ms(millis);
        self.now.elapsed += ms(millis);
    }

    /// The command ends after this long.
    fn ends(&mut self, after: u64, ending: Ending) {
        self.pass(after);
        self.tell(ended(ending, None, false));
    }

    fn fails(&mut self, after: u64, code: u8) {
        self.ends(after, Ending::Exited(code));
    }

    fn hints(&mut self, text: &str) {
        self.tell(ended(Ending::Exited(1), Hint::parse(text.as_bytes()), false));
    }

    fn wakes(&mut self, after: u64) {
        self.pass(after);
        self.tell(Input::Woke);
    }

    /// Checks what was done since the last look.
    #[track_caller]
    fn did(&mut self, expected: &str) {
        let said = std::mem::take(&mut self.said).join(" ");
        assert_eq!(said, expected);
    }
}

fn ended(ending: Ending, hint: Option<Hint>, reader_gone: bool) -> Input {
    Input::Ended(Ended { hint, reader_gone, ..Ended::plainly(ending) })
}

fn word(action: &Action) -> String {
    match action {
        Action::Spawn(attempt) => format!("spawn{}{}", attempt.number, if attempt.last { "!" } else { "" }),
        Action::Stop => "stop".to_owned(),
        Action::Admit(ask) => format!("admit:{:?}", ask.kind),
        Action::Settle(report) => format!("settle:{:?}", report.health),
        Action::WakeIn { after, .. } => format!("wake:{}", after.as_millis()),
        Action::Renew => "renew".to_owned(),
        Action::RunHelper(helper) => format!("{}{}", helper.kind.event(), helper.index),
        Action::StopHelper { grace } => format!("stop-helper:{}", grace.as_millis()),
        Action::KeepLetter(_) => "letter".to_owned(),
        Action::Tell(_, text) => format!("tell({text})"),
        Action::Deliver(Delivery::Everything) => "deliver:everything".to_owned(),
        Action::Deliver(Delivery::LastAttempt { stdout, stderr }) => {
            format!("deliver{}{}", if *stdout { ":stdout" } else { "" }, if *stderr { ":stderr" } else { "" })
        }
        Action::PingStart => "begin-ping".to_owned(),
        Action::Ping(status, limit) => format!("ping{status}:{}", limit.as_millis()),
        Action::Export(limit) => format!("export:{}", limit.as_millis()),
        Action::Finish(Exit::Status(status)) => format!("exit{status}"),
        Action::Finish(Exit::Signal(signal)) => format!("die{signal}"),
        Action::Emit(event) => match &**event {
            Event::RunStart(_) => "run".to_owned(),
            Event::AttemptStart(_) => "started".to_owned(),
            Event::AttemptSuccess(_) => "ok".to_owned(),
            Event::AttemptRetry { wait, .. } => format!("retry:{}", wait.delay_ms),
            Event::AttemptFailed(failure) => format!("failed({})", failure.verdict),
            Event::GateWait(held) => format!("held:{:?}:{}", held.limit, held.wait_ms),
            Event::GateRefused(held) => format!("refused:{:?}", held.limit),
            Event::GateBypassed(_) => "bypassed".to_owned(),
            Event::Hook(hook) => format!("{}({:?})", hook.hook, hook.exit_code.unwrap_or(255)),
            Event::RunStop(stop) => format!("{:?}", stop.outcome).to_lowercase(),
        },
    }
}

#[test]
fn a_first_success_ends_the_run() {
    let mut run = Run::new(&plain()).begin();
    run.tell(Input::Started(42));
    run.fails(5, 0);
    run.did("spawn1 started ok succeeded exit0");
    run.tell(Input::Woke);
    run.tell(Input::Signal(libc::SIGTERM));
    run.did("");
}

#[test]
fn failures_are_tried_again_until_no_attempt_is_left_and_nothing_is_waited_then() {
    let mut run = Run::new(&plain()).begin();
    run.fails(5, 7);
    run.did("spawn1 started retry:1000 wake:1000");
    run.wakes(1000);
    run.fails(5, 7);
    run.did("spawn2 started retry:2000 wake:2000");
    run.wakes(2000);
    run.fails(5, 7);
    run.did("spawn3! started failed(no attempts left) exhausted exit7");
}

#[test]
fn so_many_successes_in_a_row_are_needed() {
    let policy = Policy { successes: Count(2), max: MaxAttempts::Times(5), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.fails(0, 0);
    run.wakes(1000);
    run.did("spawn1 started ok wake:1000 spawn2");
    run.fails(0, 1);
    run.wakes(1000);
    run.did("started retry:1000 wake:1000 spawn3");
    run.fails(0, 0);
    run.wakes(1000);
    run.fails(0, 0);
    run.did("started ok wake:1000 spawn4 started ok succeeded exit0");
}

#[test]
fn too_few_successes_are_a_failure_and_never_exit_0() {
    let policy = Policy { successes: Count(2), max: MaxAttempts::Times(2), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.fails(0, 1);
    run.wakes(1000);
    run.said.clear();
    run.fails(0, 0);
    run.did("started ok exhausted exit1");
}

#[test]
fn a_permanent_failure_is_not_tried_again() {
    let policy = Policy { permanent_on: ExitSpecs::parse("2").unwrap(), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.fails(0, 2);
    run.did("spawn1 started failed(not retried: --permanent-on) permanent exit2");
}

#[test]
fn a_command_that_could_not_be_started_was_never_a_process() {
    let mut run = Run::new(&plain()).begin();
    let failure = StartFailure { stage: Stage::Exec, errno: libc::ENOENT };
    run.ends(1, Ending::NotStarted(failure));
    run.did("spawn1 started failed(not retried) permanent exit127");
    let mut run = Run::new(&Policy { max: MaxAttempts::Times(1), ..plain() }).begin();
    run.ends(1, Ending::NotStarted(StartFailure { stage: Stage::Fork, errno: libc::EAGAIN }));
    run.did("spawn1! started failed(no attempts left) exhausted exit125");
}

#[test]
fn a_signal_while_running_ends_the_run_with_the_commands_own_end() {
    for (ending, end) in [
        (Ending::Signaled(libc::SIGTERM), "die15"),
        (Ending::Exited(3), "exit3"),
        (Ending::Exited(0), "exit0"),
        (Ending::Signaled(libc::SIGKILL), "exit137"),
    ] {
        let mut run = Run::new(&plain()).begin();
        run.tell(Input::Signal(libc::SIGTERM));
        run.did("spawn1");
        run.ends(10, ending);
        run.did(&format!("started failed(not retried) interrupted {end}"));
    }
}

#[test]
fn of_several_signals_the_one_that_the_command_died_of_is_ours_too() {
    let mut run = Run::new(&plain()).begin();
    run.tell(Input::Signal(libc::SIGINT));
    run.tell(Input::Signal(libc::SIGTERM));
    run.said.clear();
    run.ends(10, Ending::Signaled(libc::SIGINT));
    run.did("started failed(not retried) interrupted die2");
}

#[test]
fn a_signal_while_waiting_ends_the_run_at_once() {
    let mut run = Run::new(&plain()).begin();
    run.fails(0, 1);
    run.said.clear();
    run.tell(Input::Signal(libc::SIGINT));
    run.did("interrupted die2");
}

#[test]
fn a_reader_that_is_gone_ends_the_run() {
    let mut run = Run::new(&plain()).begin();
    let ending = Ending::Signaled(libc::SIGPIPE);
    run.tell(ended(ending, None, true));
    run.did("spawn1 started failed(not retried: reader gone) permanent exit141");
}

#[test]
fn input_that_is_lost_ends_the_run_unless_it_is_over_anyway() {
    let ends = |run: &mut Run, code| {
        let stdin_lost = Some("it is lost".to_owned());
        run.tell(Input::Ended(Ended { stdin_lost, ..Ended::plainly(Ending::Exited(code)) }));
    };
    let refused = "failed(not retried: stdin not replayable) permanent";
    let mut run = Run::new(&plain()).begin();
    ends(&mut run, 3);
    run.did(&format!("spawn1 started {refused} exit3"));
    let mut run = Run::new(&plain()).begin();
    ends(&mut run, 0);
    run.did("spawn1 started ok succeeded exit0");
    // A success that another one would have to follow.
    let mut run = Run::new(&Policy { successes: Count(2), ..plain() }).begin();
    ends(&mut run, 0);
    run.did(&format!("spawn1 started {refused} exit1"));
    // A failure that nothing would follow is what it is.
    let mut run = Run::new(&Policy { max: MaxAttempts::Times(1), ..plain() }).begin();
    ends(&mut run, 3);
    run.did("spawn1! started failed(no attempts left) exhausted exit3");
    let mut run = Run::new(&Policy { permanent_on: ExitSpecs::parse("3").unwrap(), ..plain() }).begin();
    ends(&mut run, 3);
    run.did("spawn1 started failed(not retried: --permanent-on) permanent exit3");
}

#[test]
fn processes_that_would_not_die_are_an_error_of_ours() {
    let policy = Policy { timeout: TimeLimit(Some(ms(500))), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.wakes(500);
    run.tell(Input::Unkillable);
    run.did("spawn1 wake:500 stop error exit125");
}

#[test]
fn without_retries_there_is_one_attempt() {
    let mut run = Run::new(&Policy { enabled: false, ..plain() }).begin();
    run.fails(0, 1);
    run.did("spawn1! started failed(no attempts left) exhausted exit1");
}

#[test]
fn an_endless_run_does_not_grow() {
    let policy = Policy { max: MaxAttempts::Unlimited, delay: Duration::ZERO, ..plain() };
    let mut run = Run::new(&policy).begin();
    for attempt in 0..10_000_u64 {
        run.hints(&format!("class=transient\nreason=request {attempt} failed"));
        run.wakes(0);
        run.said.clear();
    }
    assert!(run.session.tallies.all().len() <= 30);
    let total: u64 = run.session.tallies.all().iter().map(|tally| tally.count).sum();
    assert_eq!(total, 10_000);
}
