//! The instructions of a plain run, counted one by one: a processor that counts them is not on every machine.

#![cfg(has_clone3)]
#![expect(unsafe_code, reason = "a process is traced with ptrace")]

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::ptr::null_mut;

use crate::support::Sandbox;

/// 1,008,800 in a debug build, and a tenth more: compilers differ.
const MOST: u64 = 1_110_000;

#[test]
fn a_plain_run_executes_few_instructions() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.spawnable(["--", "true"]);
    let traced = || match unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    };
    // SAFETY: the call touches nothing but the new process.
    let Ok(mut child) = unsafe { command.pre_exec(traced) }.spawn() else {
        let _ = writeln!(std::io::stderr(), "NOT TESTED: no process may be traced here (ptrace)");
        return;
    };
    let pid = i32::try_from(child.id()).expect("a process id");
    let (count, status) = Traced(pid).count();
    let _ = child.wait();
    assert_eq!(status, 0, "the run's own exit status");
    assert!(count <= MOST, "{count} instructions, {MOST} at most");
    assert!(count > MOST / 2, "{count} instructions are so few that the budget is to be made smaller");
}

/// A process that stopped at its execve, of which we are the tracer.
struct Traced(i32);

impl Traced {
    /// Goes from the program's first instruction, behind the loader, to its end. Tells how many there were and its status.
    fn count(&self) -> (u64, i32) {
        assert!(libc::WIFSTOPPED(self.wait()), "it stops at its execve");
        self.go_to(self.entry());
        let (mut count, mut signal) = (0, 0);
        loop {
            self.ask(libc::PTRACE_SINGLESTEP, 0, signal);
            let status = self.wait();
            if libc::WIFEXITED(status) {
                return (count, libc::WEXITSTATUS(status));
            }
            assert!(libc::WIFSTOPPED(status), "it died: {status:#x}");
            let stopped_by = i64::from(libc::WSTOPSIG(status));
            signal = if stopped_by == i64::from(libc::SIGTRAP) { 0 } else { stopped_by };
            count += 1;
        }
    }

    /// The address where the loader hands over, from what the kernel told it (AT_ENTRY of the auxiliary vector).
    fn entry(&self) -> u64 {
        let vector = std::fs::read(format!("/proc/{}/auxv", self.0)).expect("the auxiliary vector");
        let words: Vec<_> = vector
            .chunks_exact(8)
            .map(|word| u64::from_ne_bytes(word.try_into().expect("8 bytes")))
            .collect();
        words.chunks_exact(2).find(|pair| pair[0] == libc::AT_ENTRY).expect("an entry")[1]
    }

    /// Runs up to an address, by a breakpoint that is taken away again.
    fn go_to(&self, address: u64) {
        const BREAKPOINT: i64 = 0xcc;
        let address = i64::try_from(address).expect("an address of a process");
        let word = self.ask(libc::PTRACE_PEEKTEXT, address, 0);
        self.ask(libc::PTRACE_POKETEXT, address, word & !0xff | BREAKPOINT);
        self.ask(libc::PTRACE_CONT, 0, 0);
        assert!(libc::WIFSTOPPED(self.wait()), "it stops at its entry");
        self.ask(libc::PTRACE_POKETEXT, address, word);
        let mut registers = unsafe { std::mem::zeroed::<libc::user_regs_struct>() };
        self.ask(libc::PTRACE_GETREGS, 0, &raw mut registers as i64);
        registers.rip = address.unsigned_abs();
        self.ask(libc::PTRACE_SETREGS, 0, &raw mut registers as i64);
    }

    fn ask(&self, request: libc::c_uint, address: i64, data: i64) -> i64 {
        // SAFETY: the requests above name addresses of the traced process, and a structure of ours that outlives the call.
        unsafe { libc::ptrace(request, self.0, address, data) }
    }

    fn wait(&self) -> i32 {
        let mut status = 0;
        // SAFETY: the status is ours.
        let waited = unsafe { libc::wait4(self.0, &raw mut status, libc::__WALL, null_mut()) };
        assert_eq!(waited, self.0, "{}", std::io::Error::last_os_error());
        status
    }
}
