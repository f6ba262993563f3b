//! Regular expressions over live output: which patterns a stream has matched so far, and in which line.
//!
//! Patterns see a stream as lines of bytes. A line ends at `\n`, carriage returns just before it belong to its end,
//! and the last line needs no end. Nothing in a pattern reaches across: not `.`, not `\s`, not `[^x]`. A carriage
//! return elsewhere (a progress bar) is an ordinary byte of its line, but `^` holds after it and `$` before it, so
//! that a line means what the terminal showed as one. Classes, `\b` and `(?i)` are those of ASCII; NUL and bytes
//! that are not UTF-8 are bytes like others.
//!
//! Most lines are never stepped through: a search for literals ([`prefilter`]) passes over those in which nothing can
//! match. Lines of any length are matched as a whole: a DFA keeps its state from chunk to chunk, so that windows, which would
//! miss what is longer than their overlap, are not needed. Memory is bounded whatever comes.
//!
//! Pure: reads nothing, knows neither which stream it is given nor what a match means.

mod engine;
mod line_regex;
mod matcher;
mod prefilter;
mod quote;
mod redact;

pub use line_regex::LineRegex;
pub use matcher::Matcher;
pub use redact::redact;

#[cfg(test)]
mod tests;
