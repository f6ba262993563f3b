//! What is known of tools: scored against real runs, and as users see it.

mod corpus;
mod verbs;
