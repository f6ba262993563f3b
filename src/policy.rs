//! Resolves settings from flags, environment, files and built-in policies into one [`Policy`], and remembers where each
//! value came from.

pub mod builtin;
mod check;
pub mod file;
pub mod layer;
pub mod pattern;
mod resolve;
mod rule;
pub mod schedule;
pub mod settings;
mod told;
mod toml_text;
pub mod value;

pub use resolve::{Host, Request, Resolved, inheritance_problems, policy_names, resolve, user_profiles};
pub use rule::from_tables;
pub use settings::Policy;
pub use told::{is_judging, is_rules, judging, options, texts};
