//! What `/proc` says of processes.

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Sandbox, is_alive, wait_for};

/// Some fields of `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// `R`, `S`, `T` …
    pub(crate) state: char,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
}

impl Process {
    pub(crate) fn find(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let mut number = || fields.next()?.parse().ok();
        Some(Self { state, parent: number()?, group: number()?, session: number()? })
    }
}

/// Whether it is stopped (`T`), as by Ctrl-Z.
pub(crate) fn is_stopped(pid: i32) -> bool {
    Process::find(pid).is_some_and(|process| process.state == 'T')
}

/// The pids that commands wrote to a file of the sandbox, one a line.
pub(crate) fn pids(sandbox: &Sandbox, name: &str) -> Vec<i32> {
    let text = sandbox.read(name);
    // A line without its end is still being written.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| line.trim().parse().expect("a pid")).collect()
}

/// Waits for the pids in a file.
#[track_caller]
pub(crate) fn wait_for_pids<const N: usize>(sandbox: &Sandbox, name: &str) -> [i32; N] {
    wait_for(&format!("{N} pids in {name}"), || pids(sandbox, name).len() >= N);
    pids(sandbox, name)[..N].try_into().expect("that many pids")
}

/// Waits until a process has taken all signals that were sent to it: of two of a kind that wait, the kernel drops one.
#[track_caller]
pub(crate) fn wait_until_taken(pid: i32) {
    let status = || std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let pending = |text: &str| Some(text.split_once("ShdPnd:")?.1.lines().next()?.trim().to_owned());
    let none = |set: String| set.bytes().all(|digit| digit == b'0');
    wait_for("the signals to be taken", || pending(&status()).is_some_and(none));
}

/// The pids of all processes.
pub(crate) fn all() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The living processes that work in the sandbox: those that a test started and that have not left it.
pub(crate) fn working_in(sandbox: &Sandbox) -> Vec<i32> {
    let here = sandbox.path("").canonicalize().expect("a sandbox");
    all().filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == here)).collect()
}

pub(crate) fn children(parent: i32) -> Vec<i32> {
    all().filter(|&pid| Process::find(pid).is_some_and(|process| process.parent == parent)).collect()
}

/// Kills every process of a session.
pub(crate) fn kill_session(leader: i32) {
    all().filter(|&pid| Process::find(pid).is_some_and(|process| process.session == leader)).for_each(kill);
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _gone = kill_process(pid, Signal::KILL);
    }
}

/// Processes that outlive what started them; they end with the test.
pub(crate) struct Survivors(Vec<i32>);

impl Survivors {
    /// Those of the file, which must all be alive.
    #[track_caller]
    pub(crate) fn expect<const N: usize>(sandbox: &Sandbox, name: &str) -> Self {
        let pids = wait_for_pids::<N>(sandbox, name);
        let survivors = Self(pids.to_vec());
        for pid in pids {
            assert!(is_alive(pid), "process {pid} was to survive");
        }
        survivors
    }
}

impl Drop for Survivors {
    fn drop(&mut self) {
        self.0.iter().copied().for_each(kill);
    }
}

/// None of these processes may be left.
#[track_caller]
pub(crate) fn assert_gone(pids: &[i32]) {
    for &pid in pids {
        assert!(!is_alive(pid), "process {pid} is still there: {:?}", Process::find(pid));
    }
}
