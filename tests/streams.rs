//! What the command writes: passed on, held back, kept out of the way, told of.

mod full;
mod held;
mod log;
mod outlived;
mod passed_on;
mod terminals;
