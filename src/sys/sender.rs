//! Sends messages to other services over HTTP, one after the other, in a thread.

use std::io;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{http, supervise};
use crate::base::http::{Answer, Judged, NoAnswer, Request};

/// A message, with its time limits and retries.
pub(crate) struct Job {
    pub(crate) request: Request,
    /// The time limit of all tries together.
    pub(crate) limit: Duration,
    /// The time limit of each try.
    pub(crate) try_limit: Duration,
    /// The least waits before further tries.
    pub(crate) pauses: Vec<Duration>,
    pub(crate) judge: fn(&Result<Answer, NoAnswer>) -> Judged,
}

/// The result of a message: the answer that accepted it, or why none did, in words.
pub(crate) type Outcome = Result<Answer, String>;

/// The sending thread, started with the first message.
#[derive(Default)]
pub(crate) struct Sender(Option<Thread>);

struct Thread {
    jobs: mpsc::Sender<(Job, Instant)>,
    outcomes: mpsc::Receiver<Outcome>,
}

impl Sender {
    /// Begins to send a message, once those before it are done. So much of its time is left.
    pub(crate) fn send(&mut self, job: Job, left: Duration) -> io::Result<()> {
        let until = Instant::now() + left;
        let thread = match self.0.take() {
            Some(thread) => thread,
            None => Thread::start()?,
        };
        let sent = thread.jobs.send((job, until));
        self.0 = Some(thread);
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// The result of the next finished message, if there is one. The supervisor is woken for it.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        match self.0.as_ref()?.outcomes.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(mpsc::TryRecvError::Empty) => None,
            Err(mpsc::TryRecvError::Disconnected) => Some(Err("the sender is gone".to_owned())),
        }
    }
}

impl Thread {
    fn start() -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<(Job, Instant)>();
        let (done, outcomes) = mpsc::channel();
        supervise::beside(move |wake| {
            for (job, until) in queue {
                let outcome = attempt(&job, until);
                if done.send(outcome).is_err() {
                    return;
                }
                wake();
            }
        })?;
        Ok(Self { jobs, outcomes })
    }
}

/// Tries once more after each pause, as far as the time allows.
fn attempt(job: &Job, until: Instant) -> Outcome {
    let left = || until.saturating_duration_since(Instant::now());
    let mut pauses = job.pauses.iter();
    loop {
        if left().is_zero() {
            return Err("no time was left".to_owned());
        }
        let answer = http::send(&job.request, job.try_limit.min(left()), job.try_limit.min(job.limit));
        let (why, asked) = match ((job.judge)(&answer), answer) {
            (Judged::Taken, Ok(answer)) => return Ok(answer),
            (Judged::Taken, Err(none)) => return Err(none.why),
            (Judged::Refused(why), _) => return Err(why),
            (Judged::Again(why, asked), _) => (why, asked),
        };
        let pause = pauses.next().map(|pause| asked.map_or(*pause, |asked| asked.max(*pause)));
        match pause.filter(|pause| *pause < left()) {
            Some(pause) => std::thread::sleep(pause),
            None => return Err(why),
        }
    }
}
