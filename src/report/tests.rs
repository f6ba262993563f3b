//! Logs made up by tests, written by the very types that a run writes with, and what a report makes of them.

mod formats;
mod made;
mod reading;
mod resumed;
mod showing;
mod sums;
mod templates;
mod what_if;
