//! Limits that are shared between processes.

mod state;
