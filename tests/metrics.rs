//! `--metrics-file`: what is in the file, and what becomes of it among many processes and in trouble.

mod crowd;
mod exposition;
mod file;
mod trouble;
