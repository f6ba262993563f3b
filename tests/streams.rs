//! What the command writes: passed on, held back, kept out of the way, told of.

mod full;
mod held;
mod log;
mod passed_on;
mod terminals;
