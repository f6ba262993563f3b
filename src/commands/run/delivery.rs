//! Delivers held output at the end of a run. The session judges the result.

use super::Driver;
use super::streams::refused_by;
use crate::base::words::of_system;
use crate::classify::Stream;
use crate::event::Level;
use crate::session::{Delivered, Delivery};
use crate::sys::supervise::{SupervisorEvent, Wanted};

impl Driver<'_> {
    /// Writes held output to its original destination.
    pub(super) async fn deliver(&mut self, delivery: Delivery) -> Delivered {
        match delivery {
            Delivery::LastAttempt { stdout, stderr } => {
                let delivered = self.write_held(Wanted { stdout, stderr }).await;
                let torn = self.streams.torn_when_held();
                self.sinks.set_torn([torn[0].filter(|_| stdout), torn[1].filter(|_| stderr)]);
                match delivered {
                    Delivered::Refused(stream, why) => Delivered::Refused(stream, refused_by(stream, &why)),
                    delivered => delivered,
                }
            }
            Delivery::Everything => self.tell_all().await,
        }
    }

    async fn write_held(&mut self, wanted: Wanted) -> Delivered {
        self.sinks.clear();
        self.supervisor.deliver(wanted);
        loop {
            match self.supervisor.next(None, &mut self.streams).await {
                SupervisorEvent::Delivered(Some((stream, why))) => {
                    return Delivered::Refused(stream, of_system(&why));
                }
                SupervisorEvent::Delivered(None) => return Delivered::All,
                SupervisorEvent::Signal(signal) => {
                    self.supervisor.abandon_delivery();
                    return Delivered::Interrupted(signal);
                }
                _ => {}
            }
        }
    }

    /// Writes everything that was kept, in order. Missing output is reported first, and failed writes last.
    async fn tell_all(&mut self) -> Delivered {
        self.sinks.keep_nothing();
        let missing = self.supervisor.held().given_up().map(|(why, bytes)| {
            let what = bytes.map_or("the end".to_owned(), |bytes| format!("the first {bytes} bytes"));
            format!("{what} of the output could not be kept: {}", of_system(why))
        });
        if let Some(missing) = missing {
            self.sinks.note(Level::Error, &missing);
        }
        let delivered = self.write_held(Wanted { stdout: true, stderr: true }).await;
        if let Delivered::Refused(stream, why) = &delivered {
            let what = match stream {
                Stream::Stdout => "held output could not be written to stdout",
                Stream::Stderr => "held output could not be written to stderr",
                Stream::Merged => "held output was lost",
            };
            self.sinks.note(Level::Error, &format!("{what}: {why}"));
        }
        delivered
    }
}
