//! The program as its users see it: the real binary, real children.
#![expect(clippy::disallowed_methods, reason = "tests touch the machine")]

mod support;

mod cli;
mod docs;
mod floors;
mod knowledge;
mod metrics;
mod recover;
mod report;
mod shared;
mod shipping;
mod streams;
mod streams_stdin;
mod supervision;
mod telling;
