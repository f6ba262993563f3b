//! Has every system call of `retry` fail once, with each error that the kernel can give there, and looks at what becomes of it.
//!
//! `make faults` runs it. A clean run of each path ([`paths`]) is traced and gives the list of calls; then there is one run for
//! each call and each of its errors ([`table`]), in which that call fails, and no other. [`verdict`] says what a run may end
//! with. `faults --soak 10m` looks for leaks instead.
//!
//! What is made to fail is what `retry` itself calls, from the first line of its own on, in all of its threads and copies: the
//! loader before that is not ours, and the command is let go of once it has executed.

#![cfg_attr(
    all(target_os = "linux", target_arch = "x86_64"),
    allow(unsafe_code, reason = "ptrace(2) has no safe form")
)]
#![allow(clippy::disallowed_methods, reason = "a test acts on the machine; that is its use")]
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::exit, reason = "a program for people")]

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod matrix;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod options;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod paths;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sandbox;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod servers;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod soak;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod table;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tracer;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod verdict;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    let done = options::read(std::env::args().skip(1)).and_then(|options| {
        if let Some(time) = options.soak {
            return soak::run(&options, time);
        }
        matrix::run(&options)
    });
    match done {
        Ok(true) => {}
        Ok(false) => std::process::exit(1),
        Err(why) => {
            eprintln!("faults: {why}");
            std::process::exit(2);
        }
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("faults: NOT TESTED: the tracer is written for Linux on x86-64");
}
