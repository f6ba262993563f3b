//! Runs work in a thread of its own while the command runs.

use std::io;
use std::thread::JoinHandle;

use super::signals::{self, Blocked};

/// Starts a thread that receives no signals, and neither do threads that it starts: handlers belong to the main thread. The
/// work gets a function that wakes the supervisor ([`super::SupervisorEvent::Woke`]). The thread ends with the process,
/// whatever it is doing.
pub(crate) fn beside(work: impl FnOnce(fn()) + Send + 'static) -> io::Result<JoinHandle<()>> {
    // A thread inherits the signal mask of the one that starts it.
    let _blocked = Blocked::all();
    std::thread::Builder::new().name("sender".to_owned()).spawn(move || work(signals::note_resumed))
}
