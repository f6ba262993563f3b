//! `retry` runs a command again until it works.
//!
//! The library (`lib.rs`) makes all decisions. The program adds what touches the machine: [`sys`], the only module with
//! effects, and [`commands`], one file for each verb. ARCHITECTURE.md has the map.

// The C entry point is in `sys/supervise/inherited.rs`.
#![cfg_attr(not(test), no_main)]

mod commands;
mod sys;

use retry_command::base::exit_code::{self, Exit};
use retry_command::{
    backoff, base, classify, cli, dialect, event, gate, letter, metrics, ping, policy, report, session,
    simulate, store, trace,
};

/// Runs the program.
#[cfg_attr(test, expect(dead_code, reason = "the tests have a beginning of their own"))]
fn start() -> ! {
    let exit = match std::panic::catch_unwind(run) {
        Ok(exit) => exit,
        // Unwinding has stopped and reaped the command, and the panic hook has reported it.
        Err(_) => Exit::Status(exit_code::FAILURE),
    };
    match exit {
        Exit::Signal(signal) => sys::supervise::die_by(signal),
        #[expect(clippy::exit, clippy::disallowed_methods, reason = "this is where the program exits")]
        Exit::Status(status) => std::process::exit(status.into()),
    }
}

fn run() -> Exit {
    sys::output::panics_to_stderr();
    let args: Vec<_> = std::env::args_os().collect();
    let result = cli::parse(&args).and_then(|parsed| match parsed {
        cli::Parsed::Text(text) => commands::print(&text),
        cli::Parsed::Invocation(invocation) => commands::dispatch(&invocation),
    });
    result.unwrap_or_else(|error| {
        sys::output::to_stderr(&error.render(sys::output::charset()));
        Exit::Status(exit_code::FAILURE)
    })
}
