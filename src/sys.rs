//! The machine: clock, environment, files, terminal, processes. The only module that has effects.
#![allow(clippy::disallowed_methods, reason = "effects are what this module is for")]

pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod environment;
pub(crate) mod exchange;
pub(crate) mod files;
mod http;
pub(crate) mod identity;
pub(crate) mod letterbox;
pub(crate) mod logs;
pub(crate) mod metrics_file;
pub(crate) mod output;
pub(crate) mod resources;
pub(crate) mod sender;
pub(crate) mod sinks;
pub(crate) mod spool;
pub(crate) mod store;
pub(crate) mod supervise;
pub(crate) mod trust;
