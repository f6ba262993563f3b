//! Reads logs in one pass, summarises them, and shows the result.
//!
//! [`Analysis`] takes blocks of bytes and returns a [`model::Report`], and the formats are functions of that. Pure: files,
//! gzip and the terminal belong to `commands/report`. Memory does not grow with the log: runs are held until they end, and
//! the number of groups is capped.

mod analysis;
pub mod checkpoint;
mod choice;
pub mod draft;
pub mod figures;
pub mod filter;
pub mod html;
pub mod junit;
pub mod limits;
mod line;
mod lines;
pub mod markdown;
pub mod model;
mod names;
pub mod rejudge;
mod rules;
mod runs;
mod sketch;
mod stats;
pub mod story;
mod summary;
pub mod tell;
pub mod text;
pub mod time;
pub mod trace;
pub mod traffic;
mod unmatched;
pub mod what_if;

pub use analysis::{Analysis, Input, Options, Outcome, Stories};
pub use choice::{Choice, Picked};
pub use runs::MAX_GROUPS;
pub use stats::OUTCOMES;
pub use unmatched::Template;

#[cfg(test)]
mod tests;
