//! The interface of a session: its inputs and its actions.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::helpers::{Helper, LetterFacts};
use crate::base::exit_code::Exit;
use crate::classify::{Class, Ending, Hint, Output, Stream};
use crate::event::{Event, Level};
use crate::gate::{self, Admission, Grant, Settled, StoreTime};
use crate::store::Failure;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The run begins.
    Begin,
    /// The answer to [`Action::Admit`]: the decision of the limits, and the store's time at which it was made.
    Admission(Answer<(Admission, StoreTime)>, Pace),
    /// The answer to [`Action::Settle`].
    Settled(Answer<Settled>),
    /// The answer to [`Action::Renew`]; an error says why the leases may be lost.
    Renewed(Answer<()>),
    /// The command is running as this process.
    Started(i32),
    /// The command has ended, and only its output is still being passed on: its time no longer counts.
    Exited,
    /// The attempt is over.
    Ended(Ended),
    /// The attempt was not started, because its [`Attempt::latest`] had passed.
    Late,
    /// The answer to [`Action::Deliver`].
    Delivered(Delivered),
    /// The answer to [`Action::RunHelper`].
    HelperEnded(Ending),
    /// The answer to [`Action::KeepLetter`].
    Kept(Kept),
    /// The answer to [`Action::Ping`] and [`Action::Export`].
    Sent(Sent),
    /// A signal told us to stop.
    Signal(i32),
    /// The timer fired, or a spurious wake-up.
    Woke,
    /// The timer fired; carries the command's last activity.
    Activity(Activity),
    /// The command's processes could not be killed.
    Unkillable,
}

/// An attempt that is over, as observed by the machine.
#[derive(Clone, Debug)]
pub struct Ended {
    pub ending: Ending,
    pub hint: Option<Hint>,
    pub reader_gone: bool,
    pub output: Option<Box<Output>>,
    /// Why no further attempt can get the same input, if so.
    pub stdin_lost: Option<String>,
    /// Why some of its output was lost, if it was.
    pub output_lost: Option<String>,
    /// When, in seconds since the Unix epoch.
    pub at: i64,
}

impl Ended {
    /// An attempt of which only its ending is known.
    pub fn plainly(ending: Ending) -> Self {
        Self {
            ending,
            hint: None,
            reader_gone: false,
            output: None,
            stdin_lost: None,
            output_lost: None,
            at: 0,
        }
    }
}

/// The answer of a store.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<T> {
    Done(T),
    /// The state is busy: nothing was done.
    Busy,
    /// The store failed, or could not be reached; why, in words.
    Failed(String),
}

impl<T> Answer<T> {
    /// The answer of a store that did something, was busy, or failed.
    pub fn of_store(answer: Result<Option<T>, Failure>) -> Self {
        match answer {
            Ok(Some(answer)) => Answer::Done(answer),
            Ok(None) => Answer::Busy,
            Err(failure) => Answer::Failed(failure.0),
        }
    }
}

/// How a store wants to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The shortest and the longest pause before asking again, if others must act first.
    pub pauses: RangeInclusive<Duration>,
    /// The time between renewals of leases; `None`: they need none.
    pub renewal: Option<Duration>,
}

impl Default for Pace {
    /// A store that was never reached.
    fn default() -> Self {
        Self { pauses: Duration::ZERO..=Duration::ZERO, renewal: None }
    }
}

/// Signs of life of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Activity {
    /// When the command last wrote something, on the awake clock.
    pub wrote: Option<Duration>,
    /// When progress was last recorded, on the elapsed clock.
    pub progress: Option<Duration>,
}

/// Held output that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// These streams of the last attempt.
    LastAttempt { stdout: bool, stderr: bool },
    /// The output of all attempts and our own messages, in order (`--chronic`).
    Everything,
}

/// The result of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    All,
    /// The first failed write: its stream, and the reason in words.
    Refused(Stream, String),
    /// The signal that cut it short.
    Interrupted(i32),
}

/// The result of writing a dead letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The letter, if there is one.
    pub path: Option<OsString>,
    /// The messages for a person.
    pub said: Vec<(Level, String)>,
    /// The signal that ended the reading of the command's input.
    pub interrupted: Option<i32>,
}

/// Messages to other services, each with the most time that it may take at the end of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// Pings when the command has begun, and when the run ends.
    pub ping: Option<Duration>,
    /// The export of the run's spans when it ends.
    pub traces: Option<Duration>,
}

/// The result of a message to another service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    Taken,
    /// Why it could not be sent, in words.
    Failed(String),
    /// The signal that cut it short.
    Interrupted(i32),
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Ask the limits whether an attempt may start; answered by [`Input::Admission`].
    Admit(gate::Ask),
    /// Report the end of an admitted attempt to the limits; answered by [`Input::Settled`]. Repeated until it is accepted
    /// or given up.
    Settle(gate::Settlement),
    /// Renew the leases; answered by [`Input::Renewed`].
    Renew,
    /// Start an attempt; answered by [`Input::Started`] and [`Input::Ended`], or by the latter alone.
    Spawn(Attempt),
    /// Stop the running attempt, which is out of time, and all processes that it started.
    Stop,
    /// Run a hook or the fallback; answered by [`Input::HelperEnded`].
    RunHelper(Box<Helper>),
    /// Stop the running hook or fallback, and all processes that it started.
    StopHelper {
        /// From TERM to KILL; zero: KILL at once.
        grace: Duration,
    },
    /// Write a dead letter; answered by [`Input::Kept`].
    KeepLetter(Box<LetterFacts>),
    /// Wake the session after this long at the latest.
    WakeIn {
        after: Duration,
        /// Time until the next attempt starts; `None` while one runs, or if unknown.
        next_attempt: Option<Duration>,
    },
    /// An event for the sinks.
    Emit(Box<Event>),
    /// A message for people that is not an event.
    Tell(Level, String),
    /// Write held output to where it would have gone; answered by [`Input::Delivered`].
    Deliver(Delivery),
    /// Ping in the background that the command has begun; not answered.
    PingStart,
    /// Ping how the run ended, with this status (0: it succeeded), in this time at most; answered by [`Input::Sent`].
    Ping(u8, Duration),
    /// Export the run's spans in this time at most; answered by [`Input::Sent`].
    Export(Duration),
    /// The run is over.
    Finish(Exit),
}

/// An attempt to start, and the facts that are passed to its command.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Counted from 1.
    pub number: u64,
    /// It is the last one, even if it fails.
    pub last: bool,
    /// The exit status and the class of the previous attempt.
    pub previous: Option<(u8, Class)>,
    /// The leases of shared limits that it holds.
    pub granted: Grant,
    /// The time after which it must not start, on the elapsed clock.
    pub latest: Option<Duration>,
}
