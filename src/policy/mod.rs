//! What was asked: settings from flags, environment, files and built-in policies, resolved into one [`Policy`]
//! that remembers where each value came from.

pub(crate) mod builtin;
mod check;
pub(crate) mod duration;
pub(crate) mod file;
pub(crate) mod layer;
pub(crate) mod pattern;
pub(crate) mod problem;
mod resolve;
mod rule;
pub(crate) mod schedule;
pub(crate) mod settings;
pub(crate) mod size;
pub(crate) mod value;

pub(crate) use resolve::{
    Host, Request, Resolved, inheritance_problems, policy_names, resolve, user_profiles,
};
pub(crate) use settings::Policy;
