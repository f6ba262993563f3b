//! Limits that are shared between processes.

mod crowd;
mod server;

mod breaker;
mod budget;
mod clocks;
mod concurrency;
mod files;
mod keys;
mod nested;
mod rates;
mod redis;
mod stand_in;
mod state;
pub(crate) mod tls;
mod updates;
mod waiting;
mod window;
