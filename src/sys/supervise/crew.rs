//! Several copies of this program at once, each of which runs and supervises a command.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::io::FdFlags;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process};

use super::signals::{self, Signals};
use super::witness::Witness;
use super::{pause, spawn};

/// The longest single wait, which is the most that a lost signal costs.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long it may take until the whole group has received a signal that was meant for it.
const DOUBT_LIMIT: Duration = Duration::from_millis(15);

/// The variable that names the descriptors handed down: our process id and the descriptors, separated by commas.
pub(crate) const HANDED_DOWN: &str = "RETRY_HANDED_DOWN";

/// An event.
#[derive(Debug)]
pub(crate) enum CrewEvent {
    /// This one has ended: with a status, or by a signal.
    Ended(i32, Result<u8, i32>),
    /// A signal tells us to stop. The processes have received it.
    Signal(i32),
    Woke,
}

/// The running processes.
pub(crate) struct Crew {
    signals: Signals,
    pids: Vec<i32>,
    /// Detects whether the processes, which belong to our group, have received a signal directly.
    witness: Option<Witness>,
    reports: VecDeque<CrewEvent>,
}

impl Crew {
    /// Installs the handlers. Inside a tokio runtime, and there may be no supervisor beside it.
    pub(crate) fn new() -> io::Result<Self> {
        let signals = Signals::install()?;
        Ok(Self { signals, pids: Vec::new(), witness: None, reports: VecDeque::new() })
    }

    /// Starts this program again with the same arguments, these variables, and these descriptors handed down.
    pub(crate) fn start(
        &mut self,
        variables: &[(String, OsString)],
        descriptors: &[&OwnedFd],
    ) -> io::Result<i32> {
        let mut arguments = std::env::args_os();
        let own_name = arguments.next().unwrap_or_else(|| "retry".into());
        let mut handed = std::process::id().to_string();
        for descriptor in descriptors {
            handed.push_str(&format!(",{}", descriptor.as_raw_fd()));
        }
        let mut command = Command::new(own_path()?);
        command.arg0(own_name).args(arguments).stdin(Stdio::null());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.env(HANDED_DOWN, handed);
        if self.witness.is_none() {
            // It shows our own arguments, which are also those of the copies.
            self.witness = Witness::start(Some(std::process::id().cast_signed()));
        }
        let keep = |flags| descriptors.iter().try_for_each(|fd| rustix::io::fcntl_setfd(fd, flags));
        let started = keep(FdFlags::empty()).map_err(io::Error::from).and_then(|()| command.spawn());
        keep(FdFlags::CLOEXEC)?;
        let pid = started?.id().cast_signed();
        self.pids.push(pid);
        Ok(pid)
    }

    /// Waits for the next event, at most for this long.
    pub(crate) fn next(&mut self, wait: Duration) -> CrewEvent {
        let until = pause::now().saturating_add(wait);
        loop {
            self.look();
            if let Some(report) = self.reports.pop_front() {
                return report;
            }
            let left = until.saturating_sub(pause::now());
            if left.is_zero() {
                return CrewEvent::Woke;
            }
            spawn::wait_for([self.signals.fd().as_fd()], left.min(LOOK_INTERVAL));
        }
    }

    fn look(&mut self) {
        let mut told = Vec::new();
        self.signals.read(|record| {
            if signals::terminates(record.signal) {
                told.push(record);
            }
        });
        for record in told {
            // They have also received signals from the terminal.
            if !record.is_from_kernel() && !self.has_reached_all(record.signal) {
                self.tell(record.signal);
            }
            self.reports.push_back(CrewEvent::Signal(record.signal));
        }
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            self.ended(pid, status);
        }
    }

    /// Whether the whole group has received the signal, including the processes.
    fn has_reached_all(&mut self, signal: i32) -> bool {
        let until = pause::now().saturating_add(DOUBT_LIMIT);
        loop {
            let seen = self.witness.as_ref().and_then(Witness::seen).unwrap_or_default();
            if seen & signals::bit(signal) != 0 {
                self.witness = None;
                self.witness = self.pids.first().and_then(|pid| Witness::start(Some(*pid)));
                return true;
            }
            if self.witness.is_none() || pause::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn tell(&self, signal: i32) {
        for pid in self.pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            if let Some(signal) = Signal::from_named_raw(signal) {
                let _gone = kill_process(pid, signal);
            }
        }
    }

    fn ended(&mut self, pid: Pid, status: WaitStatus) {
        let pid = pid.as_raw_pid();
        if let Some(witness) = self.witness.take_if(|witness| witness.pid == pid) {
            witness.forget();
        }
        let code = status.exit_status().and_then(|code| u8::try_from(code).ok());
        let end = match (code, status.terminating_signal()) {
            (Some(code), _) => Ok(code),
            (None, Some(signal)) => Err(signal),
            (None, None) => return,
        };
        if self.pids.contains(&pid) {
            self.pids.retain(|known| *known != pid);
            self.reports.push_back(CrewEvent::Ended(pid, end));
        }
    }
}

/// This program, even if its file was replaced or removed meanwhile.
fn own_path() -> io::Result<std::path::PathBuf> {
    if cfg!(has_procfs) { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

/// The descriptors that a process of the same program has handed down to this one, which then ends when that one does;
/// `None` if there are none. Fails if there are some but they cannot be used: this process must not do what its arguments
/// say.
pub(crate) fn handed_down<const N: usize>() -> io::Result<Option<[OwnedFd; N]>> {
    let Ok(text) = std::env::var(HANDED_DOWN) else { return Ok(None) };
    let (parent, numbers) = text.split_once(',').unwrap_or((&text, ""));
    if parent.parse() != Ok(std::os::unix::process::parent_id()) {
        return Ok(None);
    }
    #[cfg(has_death_signal)]
    let _refused = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
    // It may have died before that.
    let is_there = parent.parse() == Ok(std::os::unix::process::parent_id());
    descriptors(numbers).filter(|_| is_there).map(Some).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

fn descriptors<const N: usize>(numbers: &str) -> Option<[OwnedFd; N]> {
    let numbers = numbers.split(',').map(str::parse::<i32>);
    let numbers: Vec<i32> = numbers.collect::<Result<_, _>>().ok()?;
    let numbers: [i32; N] = numbers.try_into().ok()?;
    let is_open = |number: &i32| {
        // SAFETY: only reads its flags; the kernel refuses a number that is not open.
        *number > 2 && unsafe { libc::fcntl(*number, libc::F_SETFD, libc::FD_CLOEXEC) } == 0
    };
    let distinct = numbers.iter().enumerate().all(|(at, number)| !numbers[..at].contains(number));
    // SAFETY: open, inherited, and owned by us alone: the variable names them for us, once.
    (distinct && numbers.iter().all(is_open))
        .then(|| numbers.map(|number| unsafe { OwnedFd::from_raw_fd(number) }))
}
