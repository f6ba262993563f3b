//! What is known of tools: scored against real runs, run against real faults, and as users see it.

mod corpus;
mod live;
mod once;
mod verbs;
