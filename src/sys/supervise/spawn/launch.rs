//! Everything that a child needs before its exec, prepared in an allocation of its own: the child may read it while we go on.

use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use libc::c_char;

use super::calls::Stack;
use super::child::{Files, shell_argv};
use crate::sys::supervise::program::{Environment, Program, Variable};
use crate::sys::supervise::signals;

/// The instructions for one child.
pub(in super::super) struct Launch {
    pub(super) files: Files,
    /// The strings that `files` points into, kept here because a panic may drop the owner first.
    _program: Program,
    _shell_argv: Vec<*const c_char>,
    block: Vec<*const c_char>,
    _environment: Environment,
    /// Signals and the dispositions that the command gets for them.
    pub(super) replaced: Vec<(i32, libc::sighandler_t)>,
    /// The kernel has reset the dispositions of signals that we catch.
    pub(super) cleared: bool,
    pub(super) mask: libc::sigset_t,
    pub(super) parent: i32,
    /// The signal that it gets when we die.
    pub(super) death_signal: i32,
    /// The pipe for the errno if the exec fails.
    pub(super) report: i32,
    pub(super) new_group: bool,
    /// The time on the elapsed clock, in seconds and nanoseconds, after which the child must not execute anything.
    pub(super) latest: Option<(i64, i64)>,
    /// The descriptors that are read: source and target.
    pub(super) inputs: Vec<(i32, i32)>,
    /// The standard descriptors that are not ours: by number, what each is made from.
    pub(super) descriptors: [Option<i32>; 3],
    pub(super) stack: Stack,
}

impl Launch {
    /// A child that executes `program`, with `vars` overriding our environment. Everything that it reads belongs to
    /// it. Fails on an invalid variable.
    pub(in super::super) fn new(
        program: &Program,
        vars: &[Variable],
        (replaced, mask): signals::Inherited<'_>,
    ) -> std::io::Result<Box<Self>> {
        let environment = Environment::new(vars)?;
        let mut shell = shell_argv(program.argv().iter().map(|word| word.as_ptr()));
        Ok(Box::new(Self {
            files: files(program, &mut shell),
            _program: program.clone(),
            _shell_argv: shell,
            block: environment.block(vars),
            _environment: environment,
            replaced: replaced.to_vec(),
            cleared: false,
            mask,
            parent: std::process::id().cast_signed(),
            death_signal: libc::SIGTERM,
            report: -1,
            new_group: false,
            latest: None,
            inputs: Vec::new(),
            descriptors: [None; 3],
            stack: Stack::new(),
        }))
    }

    pub(in super::super) fn with_group(mut self: Box<Self>, new: bool) -> Box<Self> {
        self.new_group = new;
        self
    }

    pub(in super::super) fn with_death_signal(mut self: Box<Self>, signal: i32) -> Box<Self> {
        self.death_signal = signal;
        self
    }

    pub(in super::super) fn with_latest(mut self: Box<Self>, latest: Option<Duration>) -> Box<Self> {
        let seconds = |at: Duration| i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
        self.latest = latest.map(|at| (seconds(at), at.subsec_nanos().into()));
        self
    }

    /// `inputs`: which source becomes which descriptor. The others are inherited.
    pub(in super::super) fn with_descriptors<'a>(
        mut self: Box<Self>,
        inputs: impl Iterator<Item = (BorrowedFd<'a>, i32)>,
        descriptors: [Option<i32>; 3],
    ) -> Box<Self> {
        self.inputs = inputs.map(|(source, target)| (source.as_raw_fd(), target)).collect();
        self.descriptors = descriptors;
        self
    }

    pub(super) fn environment(&self) -> *const *const c_char {
        self.block.as_ptr()
    }
}

pub(super) fn files(program: &Program, shell_argv: &mut [*const c_char]) -> Files {
    Files {
        candidates: pointers(program.candidates()),
        argv: pointers(program.argv()),
        shell_argv: shell_argv.as_mut_ptr(),
    }
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
}

/// A launch that a child may still be reading. Unless it is released, it is never freed, since the child may still return
/// to it.
pub(in super::super) struct Launched(*mut Launch);

impl Launched {
    pub(super) fn new(launch: Box<Launch>) -> Self {
        Self(Box::into_raw(launch))
    }

    pub(super) fn as_ptr(&self) -> *mut Launch {
        self.0
    }

    /// The child has executed a program, or is dead.
    pub(in super::super) fn release(self) {
        // SAFETY: it came from a box, only this takes it back, and nothing else reads it any more.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    /// A panic drops the command while a child that shares our memory may not have executed it yet.
    #[test]
    fn what_a_child_reads_outlives_its_owner() {
        let words = ["echo".into(), "x".repeat(4000).into()];
        let program = Program::new(&words).unwrap();
        let launched = Launched::new(Launch::new(&program, &[], (&[], signals::set_of(&[]))).unwrap());
        drop(program);
        // Reuses the memory that was freed.
        let _others: Vec<Vec<u8>> = (0..64).map(|_| vec![b'y'; 4001]).collect();
        let launch = unsafe { &*launched.as_ptr() };
        let word = unsafe { CStr::from_ptr(launch.files.argv[1]) };
        assert_eq!(word.to_bytes(), "x".repeat(4000).as_bytes());
        launched.release();
    }
}
