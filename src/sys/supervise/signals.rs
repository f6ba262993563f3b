//! Signals as records with their provenance: a handler writes `{signal, code, sender}` to a pipe that the event loop reads.
//!
//! A signal that was ignored when we started stays ignored, in us and in the command (nohup, `sh -c '… &'`). The handlers
//! only write and count; what a signal means is decided in `supervisor.rs`.

mod record;

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll};

use libc::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2,
    SIGWINCH, SIGXFSZ,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

pub(super) use self::record::Record;
use self::record::{RECORD_BYTES, RESUMED, decode};
use super::{inherited, os, pause};

/// Signals that are recorded, unless they were ignored when we started.
const RECORDED: [i32; 9] = [SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCONT];
/// Signals that process 1 records too: of what has no handler there the kernel makes nothing, and the command would never
/// know. Not those that tell of an error of our own; the real-time signals are added.
const RECORDED_BY_PROCESS_1: &[i32] = &[
    libc::SIGABRT,
    libc::SIGXCPU,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGURG,
    libc::SIGIO,
    #[cfg(target_os = "linux")]
    libc::SIGPWR,
    #[cfg(target_os = "linux")]
    libc::SIGSTKFLT,
];
/// Signals that we ignore: a log that has reached RLIMIT_FSIZE, or a pipe that is closed, is an error of write and not our
/// death. The second one is ignored from the beginning (`inherited.rs`).
pub(super) const IGNORED: [i32; 2] = [SIGXFSZ, SIGPIPE];
/// Records read by one system call.
const BATCH_RECORDS: usize = 32;
/// System calls before timers get their turn: together more than the pipe holds.
const TURN_BATCHES: usize = 128;

/// The pipe's writing end, -1 while there is none.
static PIPE: AtomicI32 = AtomicI32::new(-1);
/// How many signals came that ask a program to end.
static STOP_SIGNALS: AtomicU32 = AtomicU32::new(0);
/// Bit n - 1: signal n came while the pipe was full. Standard signals do not queue either, so a bit is enough.
static OVERFLOW: AtomicU64 = AtomicU64::new(0);
/// The number of the attempt that was surely running when a signal came.
static ATTEMPT: AtomicU32 = AtomicU32::new(0);

/// The signal in a set of 64, as the kernel has them.
pub(super) fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// Whether each one sent counts, two alike are two.
pub(super) fn queues(signal: i32) -> bool {
    real_time().contains(&signal)
}

#[cfg(target_os = "linux")]
fn real_time() -> std::ops::RangeInclusive<i32> {
    libc::SIGRTMIN()..=libc::SIGRTMAX()
}

/// There are none.
#[cfg(not(target_os = "linux"))]
fn real_time() -> std::ops::Range<i32> {
    0..0
}

/// Whether the signal asks a program to end.
pub(super) fn terminates(signal: i32) -> bool {
    matches!(signal, SIGINT | SIGQUIT | SIGHUP | SIGTERM)
}

/// How many signals have come that ask a program to end: whoever waits for long looks whether it changes.
pub(crate) fn stop_signals() -> u32 {
    STOP_SIGNALS.load(SeqCst)
}

/// The installed handlers, what they replaced, and the reading end of their pipe.
pub(super) struct Signals {
    pipe: AsyncFd<OwnedFd>,
    _writer: OwnedFd,
    /// The dispositions that the command must get back: signal and disposition, in the order of installation.
    replaced: Vec<(i32, libc::sighandler_t)>,
    /// The mask we were started with, which the command gets.
    mask: libc::sigset_t,
}

impl Signals {
    /// Must be called inside the runtime, once.
    pub(super) fn install() -> io::Result<Self> {
        let (reader, writer) = os::pipe()?;
        // SAFETY: the descriptor is open, owned by the AsyncFd, and never replaced while that lives.
        let pipe = unsafe { AsyncFd::register_with_interest(reader, Interest::READABLE) }?;
        PIPE.store(writer.as_raw_fd(), SeqCst);
        // All blocked meanwhile: one that turns out to have been ignored must not be caught in between.
        let blocked = Blocked::all();
        let mask = blocked.before;
        let mut replaced = Vec::with_capacity(RECORDED.len() + 4);
        for signal in RECORDED {
            replace_unless_ignored(signal, &caught(on_signal), &mut replaced);
        }
        if std::process::id() == 1 {
            for signal in RECORDED_BY_PROCESS_1.iter().copied().chain(real_time()) {
                replace_unless_ignored(signal, &caught(on_signal), &mut replaced);
            }
        }
        replace_unless_ignored(SIGTSTP, &stopping(), &mut replaced);
        // Caught even if it was ignored: children would otherwise vanish without a status.
        let before = replace(SIGCHLD, &caught(on_signal));
        replaced.push((SIGCHLD, before.sa_sigaction));
        let unblocked: Vec<i32> = replaced.iter().map(|(signal, _)| *signal).collect();
        replace_unless_ignored(SIGXFSZ, &plain(libc::SIG_IGN), &mut replaced);
        if !inherited::sigpipe_ignored() {
            replaced.push((SIGPIPE, libc::SIG_DFL));
        }
        blocked.restore_without(&unblocked);
        Ok(Self { pipe, _writer: writer, replaced, mask })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.pipe.get_ref().as_fd()
    }

    /// Ready when there may be records to [`Signals::read`].
    pub(super) fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        match self.pipe.poll_read_ready(context) {
            // Every reader drains the pipe, so the readiness is used up.
            Poll::Ready(Ok(mut guard)) => {
                guard.clear_ready();
                Poll::Ready(())
            }
            Poll::Ready(Err(_)) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Reads what has come since the last call. False if there may be more: under a flood of signals, timers must go on.
    pub(super) fn read(&self, mut each: impl FnMut(Record)) -> bool {
        let mut bytes = [0; RECORD_BYTES * BATCH_RECORDS];
        let mut drained = false;
        for _ in 0..TURN_BATCHES {
            // What a failed read leaves is found by the next look.
            let mut length = rustix::io::read(self.fd(), &mut bytes).unwrap_or(0);
            // The rest of a record that came in pieces is there: it was written as a whole.
            while length % RECORD_BYTES != 0
                && let Ok(more @ 1..) = rustix::io::read(self.fd(), &mut bytes[length..])
            {
                length += more;
            }
            bytes[..length].chunks_exact(RECORD_BYTES).map(decode).for_each(&mut each);
            drained = length < bytes.len();
            if drained {
                break;
            }
        }
        let lost = OVERFLOW.swap(0, SeqCst);
        for signal in (1..=64).filter(|&signal| lost & bit(signal) != 0) {
            each(Record { signal, code: os::SI_USER, sender: 0, sender_parent: 0, attempt: 0 });
        }
        drained
    }

    /// The dispositions and the mask that the command must get back.
    pub(super) fn inherited(&self) -> Inherited<'_> {
        (&self.replaced, self.mask)
    }
}

/// The dispositions that were in force when we started, of all signals whose own is another one now; and the mask.
pub(super) type Inherited<'a> = (&'a [(i32, libc::sighandler_t)], libc::sigset_t);

impl Drop for Signals {
    fn drop(&mut self) {
        // The handlers stay, and find no pipe.
        PIPE.store(-1, SeqCst);
    }
}

/// From here on, what the terminal sends to our group reaches attempt number `attempt` too.
pub(super) fn set_attempt(attempt: u32) {
    ATTEMPT.store(attempt, SeqCst);
}

/// The blocked signals that wait for us and with which a terminal asks a group to end.
pub(super) fn waiting_from_terminal() -> impl Iterator<Item = i32> {
    let mut waiting = set_of(&[]);
    // SAFETY: the set is initialised.
    unsafe { libc::sigpending(&raw mut waiting) };
    // SAFETY: as above.
    [SIGINT, SIGQUIT, SIGHUP]
        .into_iter()
        .filter(move |&signal| unsafe { libc::sigismember(&raw const waiting, signal) == 1 })
}

/// Wakes the event loop after a stop. Async-signal-safe.
pub(super) fn note_resumed() {
    write(Record { signal: SIGCONT, code: RESUMED, sender: 0, sender_parent: 0, attempt: 0 });
}

/// Signals blocked until it is dropped.
pub(super) struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    pub(super) fn all() -> Self {
        let mut every = set_of(&[]);
        // SAFETY: the set is initialised.
        unsafe { libc::sigfillset(&raw mut every) };
        Self::set(&every)
    }

    pub(super) fn only(signal: i32) -> Self {
        Self::set(&set_of(&[signal]))
    }

    pub(super) fn these(signals: &[i32]) -> Self {
        Self::set(&set_of(signals))
    }

    fn set(more: &libc::sigset_t) -> Self {
        let mut before = set_of(&[]);
        // SAFETY: both sets are initialised and outlive the call.
        unsafe { libc::sigprocmask(libc::SIG_BLOCK, more, &raw mut before) };
        Self { before }
    }

    /// Restores the mask from before, but for `signals`, which are let through.
    fn restore_without(mut self, signals: &[i32]) {
        for &signal in signals {
            // SAFETY: the set is initialised.
            unsafe { libc::sigdelset(&raw mut self.before, signal) };
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the set is initialised and outlives the call.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}

/// Async-signal-safe.
pub(super) fn set_of(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: sigemptyset initialises the set before anything reads it.
    unsafe {
        let mut set = MaybeUninit::zeroed();
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// Ends this process by `signal`, so that whoever waits for it learns what happened (a shell's loop ends on Ctrl-C). No
/// core file is left. Where the signal does not kill (pid 1, or one whose default is harmless), exits with 128 + n.
pub(crate) fn die_by(signal: i32) -> ! {
    os::forbid_core_dump();
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    let only = set_of(&[signal]);
    // SAFETY: plain system calls on initialised data; _exit skips what could run after us, which is the point.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const only, std::ptr::null_mut());
        libc::_exit(128 + signal)
    }
}

type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

fn caught(handler: Handler) -> libc::sigaction {
    libc::sigaction { sa_flags: libc::SA_SIGINFO | libc::SA_RESTART, ..plain(handler as libc::sighandler_t) }
}

fn stopping() -> libc::sigaction {
    let handler: extern "C" fn(libc::c_int) = pause::on_stop;
    libc::sigaction { sa_flags: libc::SA_RESTART, ..plain(handler as libc::sighandler_t) }
}

pub(super) fn plain(disposition: libc::sighandler_t) -> libc::sigaction {
    // SAFETY: sigaction is plain data; all zeroes is its default with an empty mask.
    let zeroed: libc::sigaction = unsafe { std::mem::zeroed() };
    libc::sigaction { sa_sigaction: disposition, ..zeroed }
}

pub(super) fn replace(signal: i32, action: &libc::sigaction) -> libc::sigaction {
    let mut before = plain(libc::SIG_DFL);
    // SAFETY: both actions are initialised; the handlers installed are async-signal-safe.
    unsafe { libc::sigaction(signal, action, &raw mut before) };
    before
}

fn replace_unless_ignored(
    signal: i32,
    action: &libc::sigaction,
    replaced: &mut Vec<(i32, libc::sighandler_t)>,
) {
    let before = replace(signal, action);
    if before.sa_sigaction == libc::SIG_IGN {
        replace(signal, &before);
    } else {
        replaced.push((signal, before.sa_sigaction));
    }
}

extern "C" fn on_signal(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let errno = os::errno();
    // SAFETY: with SA_SIGINFO the kernel passes a valid siginfo; the pid is read only where a process sent the signal,
    // which is when that member of the union is set.
    let (code, sender) = unsafe {
        let code = (*info).si_code;
        (code, if os::sent_by_kernel(code) { 0 } else { (*info).si_pid() })
    };
    let stat = if sender > 0 && signal != SIGCHLD { os::stat(sender) } else { None };
    let sender_parent = stat.map_or(0, |stat| stat.parent);
    if terminates(signal) {
        STOP_SIGNALS.fetch_add(1, SeqCst);
    }
    write(Record { signal, code, sender, sender_parent, attempt: ATTEMPT.load(SeqCst) });
    os::set_errno(errno);
}

/// Async-signal-safe.
fn write(record: Record) {
    // SAFETY: the record is plain data without padding and outlives the call; a descriptor of -1 is refused.
    let written = unsafe { libc::write(PIPE.load(SeqCst), (&raw const record).cast(), RECORD_BYTES) };
    if written < 0 {
        OVERFLOW.fetch_or(bit(record.signal), SeqCst);
    }
}
