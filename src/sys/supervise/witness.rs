//! A signal that a process sends looks the same to us whether it was meant for us alone, for our process group or for each
//! process; only in the first case has the command not got it yet. The witness knows: a process of our group that blocks
//! everything, so that what the group gets stays pending there, where it can be read without its ever having to run.
//!
//! It holds no descriptor and no directory, dies with us, and does not bear our name: `pkill retry` means us. Who is chosen by
//! the command line (`pkill -f`) is signalled as the command is: the witness shows the command's words behind its own name.
//! It is replaced once it has seen something.

use std::fs::File;
use std::io::Read;

use super::signals::{Blocked, bit};
use super::{inherited, os};

/// The name of the process in lists, instead of ours.
const NAME: &std::ffi::CStr = c"signal-witness";
/// The kernel shows no more than a page of a title.
const MAX_TITLE: usize = 4095;

/// How often waiting for its end may be interrupted.
const ATTEMPTS: u32 = 100;

/// A running witness; dropped, it is killed and reaped.
pub(super) struct Witness {
    pub(super) pid: i32,
    /// What it shows for its arguments.
    title: Vec<u8>,
    /// The signals that it has seen and we have not, as of the last look.
    stray: u64,
}

impl Witness {
    /// A witness of what process `command` gets; without one it shows no words, and is outdated once there is one. None where
    /// it would be of no use, or cannot be made.
    pub(super) fn start(command: Option<i32>) -> Option<Self> {
        if !os::has_own_proc() {
            return None;
        }
        let title = command.map_or_else(|| titled(b""), title);
        let parent = std::process::id().cast_signed();
        let _blocked = Blocked::all();
        // SAFETY: the child uses nothing but system calls, and does not return.
        match unsafe { libc::fork() } {
            0 => be_witness(parent, &title),
            pid @ 1.. => Some(Self { pid, title, stray: 0 }),
            _ => None,
        }
    }

    /// The signals that it has seen: bit n - 1 for signal n. None if nobody knows.
    pub(super) fn seen(&self) -> Option<u64> {
        Sets::of(self.pid).map(|sets| sets.pending)
    }

    /// Whether it has seen a signal twice in a row that we have not got: it was meant for the witness alone, and would
    /// mislead us about the next one.
    pub(super) fn is_misled(&mut self) -> bool {
        let seen = self.seen().unwrap_or_default();
        let again = seen & self.stray;
        self.stray = seen;
        again != 0
    }

    /// Whether the command shows other words by now: who is chosen by those is not signalled as it is.
    pub(super) fn is_outdated(&self, command: i32) -> bool {
        self.stray == 0 && self.title != title(command)
    }

    /// Somebody has killed it, and it is reaped.
    pub(super) fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // SAFETY: plain system calls; unreaped, the number is still the witness's.
        unsafe {
            // It would not end, then, before we do.
            if libc::kill(self.pid, libc::SIGKILL) < 0 {
                return;
            }
            // Not without end: where the system refuses to tell, it is left to later ones.
            for _ in 0..ATTEMPTS {
                if libc::waitpid(self.pid, std::ptr::null_mut(), 0) >= 0 || os::errno() != libc::EINTR {
                    break;
                }
            }
        }
    }
}

/// The name, and the words that others see of the process, as far as there is room for them.
fn title(command: i32) -> Vec<u8> {
    let mut shown = Vec::new();
    if let Ok(file) = File::open(format!("/proc/{command}/cmdline")) {
        let _unreadable = file.take(MAX_TITLE as u64).read_to_end(&mut shown);
    }
    titled(&shown)
}

/// The title for a process whose arguments are shown so, each ended by a zero.
fn titled(shown: &[u8]) -> Vec<u8> {
    let mut title = NAME.to_bytes().to_vec();
    let mut before: &[u8] = b": ";
    for word in shown.split(|byte| *byte == 0).filter(|word| !word.is_empty()) {
        title.extend(before);
        title.extend(word);
        before = b" ";
    }
    title.truncate(MAX_TITLE);
    title
}

fn be_witness(parent: i32, title: &[u8]) -> ! {
    // SAFETY: this is a child of our own making; plain system calls. A reader of any pipe must see its end whatever
    // becomes of the witness, so it would rather not be than hold one.
    unsafe {
        if os::die_with(parent, libc::SIGKILL) && os::close_everything() {
            libc::chdir(c"/".as_ptr());
            os::rename_process(NAME);
            if !inherited::overwrite_arguments(title) {
                inherited::overwrite_arguments(NAME.to_bytes());
            }
            loop {
                libc::pause();
            }
        }
        libc::_exit(0)
    }
}

/// The sets of signals in `/proc/PID/status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sets {
    dead: bool,
    /// Sent to the process as a whole, or to its first thread.
    pending: u64,
    blocked: u64,
    ignored: u64,
    caught: u64,
}

impl Sets {
    fn of(pid: i32) -> Option<Self> {
        if !cfg!(has_procfs) {
            return None;
        }
        Self::parse(&std::fs::read(format!("/proc/{pid}/status")).ok()?)
    }

    fn parse(status: &[u8]) -> Option<Self> {
        let field = |name: &str| {
            let mut lines = status.split(|byte| *byte == b'\n');
            let value = lines.find_map(|line| line.strip_prefix(name.as_bytes()))?;
            Some(std::str::from_utf8(value).ok()?.trim())
        };
        let set = |name| u64::from_str_radix(field(name)?, 16).ok();
        Some(Self {
            dead: field("State:")?.starts_with(['Z', 'X']),
            pending: set("SigPnd:")? | set("ShdPnd:")?,
            blocked: set("SigBlk:")?,
            ignored: set("SigIgn:")?,
            caught: set("SigCgt:")?,
        })
    }

    /// As long as it is blocked, it would be pending; of a dead child nothing is known any more.
    fn has_got_since_birth(self, signal: i32) -> bool {
        if self.dead || self.blocked & bit(signal) == 0 {
            self.may_have_got(signal)
        } else {
            self.pending & bit(signal) != 0
        }
    }

    /// Whether the process may have got the signal: one that would have died of it, and lives, has not.
    fn may_have_got(&self, signal: i32) -> bool {
        let survives = self.caught | self.ignored | self.blocked;
        self.dead || (survives | self.pending) & bit(signal) != 0 || self.pending & bit(libc::SIGKILL) != 0
    }
}

/// Whether a child that was born with every signal blocked has got the signal, as far as can be told from outside. One that
/// catches it by now has been running for so long that it surely was there.
pub(super) fn has_got_since_birth(pid: i32, signal: i32) -> bool {
    Sets::of(pid).is_none_or(|sets| sets.has_got_since_birth(signal))
}

/// Whether `pid` may have got the signal already, as far as can be told from outside.
pub(super) fn may_have_got(pid: i32, signal: i32) -> bool {
    Sets::of(pid).is_none_or(|sets| sets.may_have_got(signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tState:\tZ\nUmask:\t0022\nState:\tS (sleeping)\nSigQ:\t1/2\nSigPnd:\t0000000000000001\n\
        ShdPnd:\t0000000000004000\nSigBlk:\t0000000000010000\nSigIgn:\t0000000000000004\nSigCgt:\t8000000000000002\n";

    #[test]
    fn the_status_of_a_process_is_read() {
        let read = Sets { dead: false, pending: 0x4001, blocked: 0x1_0000, ignored: 4, caught: 1 << 63 | 2 };
        assert_eq!(Sets::parse(STATUS.as_bytes()), Some(read));
        let zombie = STATUS.replace("S (sleeping)", "Z (zombie)");
        assert_eq!(Sets::parse(zombie.as_bytes()), Some(Sets { dead: true, ..read }));
        for lacking in ["State:", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:"] {
            let text = STATUS.replace(&format!("\n{lacking}"), "\nOther:");
            assert_eq!(Sets::parse(text.as_bytes()), None, "{lacking}");
        }
        assert_eq!(Sets::parse(b""), None);
    }

    #[test]
    fn a_title_is_the_words_behind_the_name() {
        assert_eq!(titled(b"sleep\x0060\0"), b"signal-witness: sleep 60");
        assert_eq!(titled(b"x: y\0\0\0"), b"signal-witness: x: y");
        assert_eq!(titled(b""), b"signal-witness");
        assert_eq!(titled(&[b'x'; 9999]).len(), MAX_TITLE);
    }

    #[test]
    fn who_would_have_died_of_a_signal_has_not_got_it() {
        let alive = Sets { caught: 2, ignored: 4, blocked: 8, pending: 16, dead: false };
        let got: Vec<i32> = (1..=64).filter(|&signal| alive.may_have_got(signal)).collect();
        assert_eq!(got, [2, 3, 4, 5]);
        let dying = Sets { pending: bit(libc::SIGKILL), ..Sets::default() };
        assert!(dying.may_have_got(libc::SIGTERM));
        assert!(Sets { dead: true, ..Sets::default() }.may_have_got(libc::SIGTERM));
        assert!(!Sets::default().may_have_got(64));
    }

    #[test]
    fn a_child_that_still_blocks_a_signal_has_got_it_only_if_it_is_pending() {
        let born = Sets { blocked: u64::MAX, pending: bit(libc::SIGINT), ..Sets::default() };
        assert!(born.has_got_since_birth(libc::SIGINT) && !born.has_got_since_birth(libc::SIGQUIT));
        assert!(!Sets::default().has_got_since_birth(libc::SIGINT), "it would be dead");
        assert!(Sets { caught: bit(libc::SIGINT), ..Sets::default() }.has_got_since_birth(libc::SIGINT));
        assert!(Sets { dead: true, ..born }.has_got_since_birth(libc::SIGQUIT));
    }

    #[test]
    #[cfg(has_procfs)]
    fn a_witness_sees_what_it_is_sent_and_leaves_nothing() {
        let witness = Witness::start(None).unwrap();
        let pid = witness.pid;
        assert_eq!(witness.seen(), Some(0));
        unsafe { libc::kill(pid, libc::SIGTERM) };
        assert_eq!(witness.seen(), Some(bit(libc::SIGTERM)));
        drop(witness);
        assert_eq!(os::stat(pid), None);
    }

    #[test]
    #[cfg(has_procfs)]
    fn a_signal_for_the_witness_alone_is_noticed() {
        let mut witness = Witness::start(None).unwrap();
        assert!(!witness.is_misled());
        unsafe { libc::kill(witness.pid, libc::SIGTERM) };
        assert!(!witness.is_misled(), "ours may be on its way");
        assert!(witness.is_misled());
    }

    /// A signal then goes to the command even if the whole group has got it.
    #[test]
    #[cfg(not(has_procfs))]
    fn where_nothing_is_told_of_processes_there_is_no_witness_and_every_signal_may_have_come() {
        assert!(Witness::start(None).is_none());
        assert!(may_have_got(1, libc::SIGTERM));
    }
}
