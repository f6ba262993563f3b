//! System calls of x86-64 without the C library, for a child that shares our memory: its `errno` would be ours.
//!
//! The child comes from clone3(2), which copies neither page tables nor pages and does not make us wait, as vfork(2)
//! would: a child that is stopped or hangs before its exec blocks no other process. If the kernel, a sandbox or a tool
//! like valgrind does not support the call, [`share`] reports this, and fork(2) is used instead.

use std::arch::asm;
use std::ffi::c_void;

use libc::{c_char, c_int, c_long};

/// The memory that a child that shares ours begins with.
pub(in super::super) type Entry = unsafe extern "C" fn(*const c_void) -> !;

/// The stack that it runs on: it calls a handful of functions, and no handler of ours.
pub(super) struct Stack(Vec<u128>);

const STACK_SIZE: usize = 16 * 1024;

impl Stack {
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(STACK_SIZE / size_of::<u128>()))
    }
}

/// `struct clone_args`, as in the first kernels with clone3.
#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
}

const CLONE_VM: u64 = 0x100;
/// Signals that we catch get their default action in the child.
const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;

/// Creates a child that runs `entry` in our memory, on that stack, with the default action for every signal that we catch.
/// Returns its process id; `None` if that is not supported.
///
/// # Safety
///
/// The stack and everything that the child reads must not change until the child has executed a program or is dead.
/// `entry` must not use the C library, allocate, or panic.
pub(super) unsafe fn share(stack: *mut Stack, entry: Entry, argument: *const c_void) -> Option<i32> {
    let args = CloneArgs {
        flags: CLONE_VM | CLONE_CLEAR_SIGHAND,
        exit_signal: libc::SIGCHLD.cast_unsigned().into(),
        // SAFETY: the caller's; nothing else uses it now.
        stack: unsafe { (*stack).0.as_mut_ptr() } as u64,
        stack_size: STACK_SIZE as u64,
        ..CloneArgs::default()
    };
    // SAFETY: the caller keeps what the child needs.
    let pid = unsafe { clone3(&args, entry, argument) };
    i32::try_from(pid).ok().filter(|pid| *pid > 0)
}

unsafe fn clone3(args: &CloneArgs, entry: Entry, argument: *const c_void) -> isize {
    let pid: isize;
    // SAFETY: the kernel reads `args` and nothing else. The child, which gets 0, has an empty stack of its own, aligned as
    // for a call, and never returns.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => pid,
            in("rdi") args,
            in("rsi") size_of::<CloneArgs>(),
            in("r12") argument,
            in("r13") entry as usize,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    pid
}

/// Any system call; the result is negative if it failed.
unsafe fn call(number: c_long, arguments: [usize; 4]) -> isize {
    let result: isize;
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// A number, as the kernel gets it.
fn word(number: c_int) -> usize {
    (number as isize).cast_unsigned()
}

pub(super) unsafe fn execve(
    file: *const c_char,
    argv: *const *const c_char,
    envp: *const *const c_char,
) -> c_int {
    // SAFETY: the caller's.
    let negative = unsafe { call(libc::SYS_execve, [file as usize, argv as usize, envp as usize, 0]) };
    c_int::try_from(-negative).unwrap_or(libc::EINVAL)
}

pub(super) unsafe fn exit(status: c_int) -> ! {
    loop {
        // SAFETY: takes a number, and ends the process.
        unsafe { call(libc::SYS_exit_group, [word(status), 0, 0, 0]) };
    }
}

pub(super) unsafe fn write(fd: c_int, bytes: *const c_void, length: usize) {
    // SAFETY: the caller's.
    unsafe { call(libc::SYS_write, [word(fd), bytes as usize, length, 0]) };
}

/// Returns the errno if it failed, else 0.
pub(super) unsafe fn dup2(from: c_int, to: c_int) -> c_int {
    // SAFETY: takes numbers.
    let result = unsafe { call(libc::SYS_dup2, [word(from), word(to), 0, 0]) };
    c_int::try_from(-result.min(0)).unwrap_or(libc::EINVAL)
}

pub(super) unsafe fn close(fd: c_int) {
    // SAFETY: takes a number.
    unsafe { call(libc::SYS_close, [word(fd), 0, 0, 0]) };
}

pub(super) unsafe fn lead_group() {
    // SAFETY: takes numbers.
    unsafe { call(libc::SYS_setpgid, [0; 4]) };
}

/// The signal is ignored, or has its default action.
pub(super) unsafe fn set_disposition(signal: c_int, disposition: libc::sighandler_t) {
    // The kernel's `struct sigaction`: handler, flags, restorer, mask.
    let action: [usize; 4] = [disposition, 0, 0, 0];
    let mask_size = size_of::<u64>();
    // SAFETY: the action outlives the call.
    unsafe { call(libc::SYS_rt_sigaction, [word(signal), action.as_ptr() as usize, 0, mask_size]) };
}

pub(super) unsafe fn set_mask(mask: &libc::sigset_t) {
    let (how, mask) = (word(libc::SIG_SETMASK), std::ptr::from_ref(mask) as usize);
    // SAFETY: the kernel's set is the beginning of the C library's.
    unsafe { call(libc::SYS_rt_sigprocmask, [how, mask, 0, size_of::<u64>()]) };
}

/// A clock's seconds and nanoseconds; zero if there is no such clock.
pub(super) unsafe fn clock(clock: libc::clockid_t) -> (i64, i64) {
    let mut time = [0_i64; 2];
    // SAFETY: the kernel writes a timespec of two 64-bit numbers.
    unsafe { call(libc::SYS_clock_gettime, [word(clock), time.as_mut_ptr() as usize, 0, 0]) };
    (time[0], time[1])
}

#[cfg(has_death_signal)]
pub(in super::super) unsafe fn prctl(option: c_int, argument: c_int) {
    // SAFETY: the caller's.
    unsafe { call(libc::SYS_prctl, [word(option), word(argument), 0, 0]) };
}

#[cfg(has_death_signal)]
pub(in super::super) unsafe fn getppid() -> c_int {
    // SAFETY: has no arguments.
    let pid = unsafe { call(libc::SYS_getppid, [0; 4]) };
    c_int::try_from(pid).unwrap_or(-1)
}
