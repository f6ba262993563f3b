//! The ground floor: what every room needs and nothing else. Durations and sizes as people write them, words, text that is
//! safe to show and the columns it takes, places and problems in a text file, TOML tables, exit statuses, moments, requests over HTTP, what systems lack. It uses no other room.

pub mod capability;
pub mod columns;
pub mod duration;
pub mod error;
pub mod exit_code;
pub mod fnv;
pub mod http;
pub mod label_name;
pub mod lacking;
mod now;
pub mod printable;
pub mod problem;
pub mod random;
pub mod secrets;
pub mod size;
pub mod table;
pub mod words;

pub use now::Now;
