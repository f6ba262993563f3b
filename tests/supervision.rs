//! Processes, signals, terminals, exit statuses: what `retry` does around the command that it runs.
//!
//! `program`, `process` and `terminal` are what these tests share; every other module is tests.

pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod terminal;

mod budget;
mod deadlines;
mod descriptors;
mod disable;
mod exit_status;
mod faults;
mod foreground;
mod forwarding;
mod groups;
mod inheritance;
mod interruption;
mod job_control;
mod keyboard;
mod modes;
#[cfg(target_os = "linux")]
mod namespace;
mod once;
mod order;
mod output;
mod provenance;
mod signals;
mod start_failures;
mod survivors;
mod timeouts;
mod trees;
mod unkillable;
mod without;
