//! The driver's part in output that was held: it goes out before the end of the run is told, and may change that end.

use super::{Driver, hints};
use crate::base::exit_code::{self, Exit};
use crate::base::words::of_system;
use crate::classify::Stream;
use crate::event::{Event, Level, Outcome};
use crate::session::{Action, with_end};
use crate::sys::supervise::{SupervisorEvent, Wanted};

impl Driver<'_> {
    /// Tells of an event; what is not to be said yet goes where the output goes.
    pub(super) fn emit(&mut self, event: &Event) {
        if let Event::RunStop(stop) = event
            && !matches!(stop.outcome, Outcome::Succeeded | Outcome::Interrupted)
        {
            self.hint();
        }
        self.sinks.emit(event);
        if let Event::AttemptFailed(failure) = event
            && failure.not_started
            && failure.reason == "command not found"
            && let Some(hint) = hints::not_found(&self.command.argv)
        {
            self.sinks.note(Level::Warn, &format!("hint: {hint}"));
        }
        if matches!(event, Event::AttemptRetry { .. })
            && let Some(note) = self.streams.note_of_offset()
        {
            self.sinks.note(Level::Warn, note);
        }
        if self.streams.keeps_all() {
            let said = self.sinks.take_kept();
            self.supervisor.held().say(said);
        }
    }

    /// What may have been meant by the command line of a run that failed.
    fn hint(&mut self) {
        if let Some(hint) = hints::misplaced(&self.command.argv) {
            self.sinks.note(Level::Warn, &format!("hint: {hint}"));
        }
    }

    /// The end of a run: delivers what was held for it, before the end is told, since that may change it.
    pub(super) async fn conclude(&mut self, actions: Vec<Action>) -> Vec<Action> {
        let end = actions.iter().find_map(|action| match action {
            Action::Emit(Event::RunStop(stop)) => Some((stop.outcome, stop.exit_code)),
            _ => None,
        });
        let Some((outcome, status)) = end else { return actions };
        // A command that was told to stop and ended well has its output and its status.
        self.succeeded =
            outcome == Outcome::Succeeded || outcome == Outcome::Interrupted && status == Some(0);
        if let Some(wanted) = self.streams.wanted(self.succeeded) {
            match self.deliver(wanted).await {
                Delivered::All => {}
                Delivered::Refused(stream, why) => self.streams.refuse(stream, &why),
                Delivered::Interrupted(signal) => {
                    return with_end(actions, Outcome::Interrupted, Exit::Signal(signal));
                }
            }
        }
        let Some(why) = self.streams.lost() else { return actions };
        self.sinks.note(Level::Error, &format!("output of the command was lost: {why}"));
        if self.succeeded {
            with_end(actions, Outcome::Error, Exit::Status(exit_code::FAILURE))
        } else {
            actions
        }
    }

    /// Writes what is held to where it would have gone.
    async fn deliver(&mut self, wanted: Wanted) -> Delivered {
        self.sinks.clear();
        self.supervisor.deliver(wanted);
        loop {
            match self.supervisor.next(None, &mut self.streams).await {
                SupervisorEvent::Delivered(Some((stream, why))) => return Delivered::Refused(stream, why),
                SupervisorEvent::Delivered(None) => return Delivered::All,
                SupervisorEvent::Signal(signal) => {
                    self.supervisor.abandon_delivery();
                    return Delivered::Interrupted(signal);
                }
                _ => {}
            }
        }
    }

    /// `--chronic`, and the run has failed: everything, in its order. What is missing is told first, and what was refused last.
    pub(super) async fn tell_all(&mut self) {
        self.sinks.keep_nothing();
        let missing = self.supervisor.held().given_up().map(|(why, bytes)| {
            let what = bytes.map_or("the end".to_owned(), |bytes| format!("the first {bytes} bytes"));
            format!("{what} of the output could not be kept: {}", of_system(why))
        });
        if let Some(missing) = missing {
            self.sinks.note(Level::Error, &missing);
        }
        if let Delivered::Refused(stream, why) = self.deliver(Wanted { stdout: true, stderr: true }).await {
            let what = match stream {
                Stream::Stdout => "held output could not be written to stdout",
                Stream::Stderr => "held output could not be written to stderr",
                Stream::Merged => "held output was lost",
            };
            self.sinks.note(Level::Error, &format!("{what}: {}", of_system(&why)));
        }
    }
}

/// What came of a delivery.
enum Delivered {
    All,
    /// What went wrong first.
    Refused(Stream, std::io::Error),
    /// By this signal.
    Interrupted(i32),
}
