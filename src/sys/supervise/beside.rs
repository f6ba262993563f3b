//! Work on a thread of its own, beside the command.

use std::io;
use std::thread::JoinHandle;

use super::signals::{self, Blocked};

/// Starts a thread that gets no signals, nor do those that it starts: handlers belong to the main thread. The work is given
/// what wakes the supervisor ([`super::SupervisorEvent::Woke`]). The thread ends with the process, wherever it is then.
pub(crate) fn beside(work: impl FnOnce(fn()) + Send + 'static) -> io::Result<JoinHandle<()>> {
    // A thread begins with the mask of the one that starts it.
    let _blocked = Blocked::all();
    std::thread::Builder::new().name("sender".to_owned()).spawn(move || work(signals::note_resumed))
}
