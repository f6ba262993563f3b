//! The pages, held to the program and its sources.

mod commands;
mod pictures;
mod sources;
