//! Runs a program under ptrace(2), notes its system calls, and has one of them fail.

use std::collections::HashMap;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::ptr::{null_mut, without_provenance_mut};
use std::time::{Duration, Instant};

use crate::table;

/// What is done to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It fails with this `errno`.
    Error(i32),
    /// It moves one byte, of the many that it was asked to move.
    Short,
}

/// One call, and what is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) call: Call,
    pub(crate) how: How,
}

/// One call of one process or thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    /// The processes and threads are counted in the order of their birth. The first is the program.
    pub(crate) process: usize,
    pub(crate) number: i64,
    /// Calls of this number of this process are counted from 1.
    pub(crate) nth: usize,
}

/// A call that was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) call: Call,
    pub(crate) args: [u64; 6],
    /// What the first argument is, if that is a descriptor.
    pub(crate) object: Object,
}

/// What a descriptor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    File,
    Directory,
    /// A pipe or a socket. It says when there is more to do, and never that there is nothing when there is.
    Stream {
        nonblocking: bool,
    },
    Terminal,
    /// `/dev/null`, an event counter, an epoll: what cannot fail.
    Safe,
    Unknown,
}

/// How a traced run went.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    /// As wait(2) has it.
    pub(crate) status: i32,
    /// In the order in which they began.
    pub(crate) calls: Vec<Seen>,
    /// The call that was made to fail, if it was made.
    pub(crate) hit: Option<Seen>,
    /// The error that it was given.
    pub(crate) errno: Option<i32>,
    pub(crate) took: Duration,
    pub(crate) hung: bool,
    /// Processes that were still there a while after the program's end.
    pub(crate) left: Vec<String>,
}

/// No run lasts longer. The longest waits of the program itself are 2 s, for a store.
const LIMIT: Duration = Duration::from_secs(15);

/// What is left by then, after the program's end, was left behind.
const GRACE: Duration = Duration::from_secs(1);

/// One traced process or thread.
#[derive(Default)]
struct Tracee {
    index: usize,
    /// It runs lines of the program, and not the loader's.
    begun: bool,
    inside: bool,
    counts: HashMap<i64, usize>,
    /// What the call that it is in shall return.
    forced: Option<i64>,
    /// The registers before a call that we have changed.
    changed: Option<libc::user_regs_struct>,
}

/// Runs `command`, whose program is `program`, to its end. All processes that come from it are gone afterwards.
pub(crate) fn run(command: &mut Command, program: &Path, fault: Option<Fault>) -> io::Result<Traced> {
    // SAFETY: two system calls between fork and exec.
    unsafe {
        command.pre_exec(|| {
            if libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let began = Instant::now();
    let main = command.spawn()?.id().cast_signed();
    let mut tracer =
        Tracer { program, fault, main, tracees: HashMap::new(), born: 0, run: Traced::default() };
    tick(50_000);
    let followed = tracer.follow(began);
    tick(0);
    followed?;
    tracer.run.took = began.elapsed();
    Ok(tracer.run)
}

/// Whether our processes can be traced, which a sandbox may refuse.
pub(crate) fn is_permitted() -> bool {
    let mut command = Command::new("/bin/sh");
    prepare().is_ok()
        && run(command.args(["-c", ":"]), Path::new("/bin/sh"), None).is_ok_and(|run| run.status == 0)
}

/// Makes this process the parent of all orphans, and has waiting be interrupted.
pub(crate) fn prepare() -> io::Result<()> {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: a handler that does nothing; a structure for which all zeroes are valid.
    unsafe {
        if libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        libc::sigaction(libc::SIGALRM, &raw const action, null_mut());
    }
    Ok(())
}

/// Has a waiting process woken every so often; 0 is never.
fn tick(microseconds: i64) {
    let tick = libc::timeval { tv_sec: 0, tv_usec: microseconds };
    let timer = libc::itimerval { it_interval: tick, it_value: tick };
    // SAFETY: the kernel reads a structure.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, null_mut()) };
}

struct Tracer<'a> {
    program: &'a Path,
    fault: Option<Fault>,
    main: i32,
    tracees: HashMap<i32, Tracee>,
    born: usize,
    run: Traced,
}

impl Tracer<'_> {
    fn follow(&mut self, began: Instant) -> io::Result<()> {
        let mut ended: Option<Instant> = None;
        loop {
            let mut status = 0;
            // SAFETY: a place for the status.
            let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL) };
            if pid > 0 {
                if libc::WIFSTOPPED(status) {
                    self.stopped(pid, status);
                } else {
                    self.tracees.remove(&pid);
                    if pid == self.main {
                        self.run.status = status;
                        ended = Some(Instant::now());
                    }
                }
            } else {
                let error = io::Error::last_os_error();
                match error.raw_os_error() {
                    Some(libc::ECHILD) => return Ok(()),
                    Some(libc::EINTR) => {}
                    _ => return Err(error),
                }
            }
            self.run.hung |= began.elapsed() > LIMIT && ended.is_none();
            if self.run.hung || ended.is_some_and(|at| at.elapsed() > GRACE) {
                self.run.left.append(&mut end_all());
                if began.elapsed() > 2 * LIMIT {
                    return Err(io::Error::other("processes that cannot be killed"));
                }
            }
        }
    }

    fn stopped(&mut self, pid: i32, status: i32) {
        let signal = libc::WSTOPSIG(status);
        let event = status >> 16;
        if !self.tracees.contains_key(&pid) {
            let index = self.born;
            self.born += 1;
            // The first one stops behind its exec; all others are stopped at their birth, for us.
            if index == 0 {
                let options = libc::PTRACE_O_TRACESYSGOOD
                    | libc::PTRACE_O_TRACECLONE
                    | libc::PTRACE_O_TRACEFORK
                    | libc::PTRACE_O_TRACEVFORK
                    | libc::PTRACE_O_TRACEEXEC
                    | libc::PTRACE_O_EXITKILL;
                ask(libc::PTRACE_SETOPTIONS, pid, 0, u64::from(options.cast_unsigned()));
            }
            self.tracees.insert(pid, Tracee { index, begun: index > 0, ..Tracee::default() });
            ask(libc::PTRACE_SYSCALL, pid, 0, 0);
        } else if event == libc::PTRACE_EVENT_EXEC {
            let ours = std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == self.program);
            if ours {
                let tracee = self.tracees.entry(pid).or_default();
                tracee.begun = false;
                ask(libc::PTRACE_SYSCALL, pid, 0, 0);
            } else {
                self.tracees.remove(&pid);
                ask(libc::PTRACE_DETACH, pid, 0, 0);
            }
        } else if event != 0 {
            ask(libc::PTRACE_SYSCALL, pid, 0, 0);
        } else if signal == libc::SIGTRAP | 0x80 {
            self.call(pid);
            ask(libc::PTRACE_SYSCALL, pid, 0, 0);
        } else {
            ask(libc::PTRACE_SYSCALL, pid, 0, u64::from(signal.cast_unsigned()));
        }
    }

    /// A call begins or ends.
    fn call(&mut self, pid: i32) {
        let Some(tracee) = self.tracees.get_mut(&pid) else { return };
        let mut registers = registers(pid);
        tracee.inside = !tracee.inside;
        if !tracee.inside {
            if let Some(before) = tracee.changed.take() {
                (registers.rdi, registers.rdx, registers.r8) = (before.rdi, before.rdx, before.r8);
                if let Some(result) = tracee.forced.take() {
                    registers.rax = result.cast_unsigned();
                }
                set_registers(pid, &registers);
            }
            return;
        }
        let number = registers.orig_rax.cast_signed();
        let args = [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9];
        // The first call of the program itself.
        tracee.begun |= number == libc::SYS_rt_sigaction && args[0] == 13;
        if !tracee.begun {
            return;
        }
        let nth = tracee.counts.entry(number).or_default();
        *nth += 1;
        let object = object(pid, args[0]);
        let seen = Seen { call: Call { process: tracee.index, number, nth: *nth }, args, object };
        self.run.calls.push(seen);
        let Some(fault) = self.fault.filter(|fault| fault.call == seen.call) else { return };
        // Another time it may be another thing that is written to.
        if !table::faults(&seen).any(|possible| possible == fault) {
            return;
        }
        self.run.hit = Some(seen);
        self.run.errno = if let How::Error(errno) = fault.how { Some(errno) } else { None };
        tracee.changed = Some(registers);
        match fault.how {
            // It returns the old end then, as it does when it is only asked for it.
            How::Error(_) if number == libc::SYS_brk => registers.rdi = 0,
            How::Error(errno) => {
                tracee.forced = Some(-i64::from(errno));
                // A close(2) that fails has closed all the same.
                if number != libc::SYS_close {
                    registers.orig_rax = u64::MAX;
                }
            }
            How::Short if number == libc::SYS_splice => registers.r8 = 1,
            How::Short => registers.rdx = 1,
        }
        set_registers(pid, &registers);
    }
}

/// What the descriptor of this process refers to, if it is one.
fn object(pid: i32, descriptor: u64) -> Object {
    if descriptor > 1023 {
        return Object::Unknown;
    }
    let link = std::fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).unwrap_or_default();
    let link = link.to_string_lossy();
    let is = |begins: &[&str]| begins.iter().any(|begin| link.starts_with(begin));
    if link.is_empty() {
        Object::Unknown
    } else if is(&["pipe:", "socket:"]) {
        let info = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok()).unwrap_or(0);
        Object::Stream { nonblocking: flags & libc::O_NONBLOCK != 0 }
    } else if is(&["/dev/null", "anon_inode:"]) {
        Object::Safe
    } else if is(&["/dev/pts/", "/dev/tty"]) {
        Object::Terminal
    } else if std::fs::metadata(format!("/proc/{pid}/fd/{descriptor}")).is_ok_and(|file| file.is_dir()) {
        Object::Directory
    } else {
        Object::File
    }
}

/// Asks the kernel for something. A process that was killed meanwhile is told of by wait(2).
fn ask(request: libc::c_uint, pid: i32, address: usize, data: u64) {
    // SAFETY: no request that is used with this reads or writes memory of ours.
    unsafe { libc::ptrace(request, pid, without_provenance_mut::<u8>(address), data) };
}

fn registers(pid: i32) -> libc::user_regs_struct {
    // SAFETY: a structure for which all zeroes are valid, and which the kernel fills.
    unsafe {
        let mut registers: libc::user_regs_struct = std::mem::zeroed();
        libc::ptrace(libc::PTRACE_GETREGS, pid, null_mut::<u8>(), &raw mut registers);
        registers
    }
}

fn set_registers(pid: i32, registers: &libc::user_regs_struct) {
    // SAFETY: the kernel reads the structure.
    unsafe { libc::ptrace(libc::PTRACE_SETREGS, pid, null_mut::<u8>(), std::ptr::from_ref(registers)) };
}

/// Kills everything that descends from us, and says what it was. What had ended already is not mentioned.
fn end_all() -> Vec<String> {
    let mut found = Vec::new();
    let mut next = children(std::process::id().cast_signed());
    while let Some(pid) = next.pop() {
        next.extend(children(pid));
        let read = |what: &str| std::fs::read_to_string(format!("/proc/{pid}/{what}")).unwrap_or_default();
        let stat = read("stat");
        if stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z')) && !stat.is_empty()
        {
            found.push(format!("{pid} {}", read("cmdline").replace('\0', " ").trim_end()));
        }
        // SAFETY: a system call on a process that descends from us.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    }
    found
}

fn children(pid: i32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}
