//! What is handed out beside the program: its packages' scripts, the action, and what SECURITY.md promises.

mod action;
mod binstall;
mod install;
mod promises;
