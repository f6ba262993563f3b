//! What can be typed, and what is answered.

pub(crate) mod harness;

mod flags;
mod flags_recovery;
mod flags_shared;
mod flags_state;
mod flags_telling;
mod habits;
mod help;
mod options;
mod schedule;
mod usage;

mod config;
mod config_mistakes;
mod config_trust;
mod settings;
mod simulate;
mod simulate_refusals;
mod simulate_terminal;
mod simulate_told;

mod asked_waits;
mod classify;
mod explain;
mod until;
mod wait;

mod environment;
mod nested;
mod outcomes;

mod colour;
mod completions;
mod deaf;
mod dialects;
mod log;
mod log_files;
mod log_settings;
mod log_trouble;
mod messages;
mod plain;
mod scarcity;

mod generated;
