//! What a session costs without the machine: `cargo bench --bench session [STEPS]`.
//!
//! Runs of attempts that fail are driven in virtual time, as a simulation does. Told are the sizes of what a run keeps and
//! answers, and the processor time of one step.
#![expect(clippy::print_stdout, reason = "it measures and tells")]
#![expect(clippy::cast_precision_loss, reason = "times are rounded")]

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use retry_command::base::Now;
use retry_command::classify::Ending;
use retry_command::event::Level;
use retry_command::policy::Policy;
use retry_command::policy::value::MaxAttempts;
use retry_command::session::{Action, Ended, Input, Session};

fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Takes so many steps: attempts fail, and waits pass.
fn drive(steps: u64, mut session: Session) {
    let mut now = Now { awake: Duration::from_secs(1000), elapsed: Duration::from_secs(5000) };
    let mut input = Input::Begin;
    for _ in 0..steps {
        let mut next = Input::Woke;
        for action in black_box(session.step(now, input)) {
            match action {
                Action::Spawn(_) => next = Input::Ended(Ended::plainly(Ending::Exited(1))),
                Action::WakeIn { after, .. } => now.elapsed += after,
                _ => {}
            }
        }
        input = next;
    }
}

fn main() {
    let steps = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    println!(
        "Session {} B, Action {} B, Input {} B",
        size_of::<Session>(),
        size_of::<Action>(),
        size_of::<Input>()
    );
    let policy = Policy { max: MaxAttempts::Unlimited, seed: Some(1), ..Policy::default() };
    for (who, least) in [("everybody listens", Some(Level::Debug)), ("nobody listens", None)] {
        let session = Session::new(&policy, 1).with_listeners(least);
        let began = cpu_time();
        drive(steps, session);
        let took = cpu_time().saturating_sub(began);
        println!("{steps} steps, {who}: {:.0} ns each", took.as_nanos() as f64 / steps as f64);
    }
}
