//! What happens beside the attempts and after them: hooks, the fallback, dead letters, and their replay.

mod fallback;
mod hooks;
mod keys;
mod killed;
mod letters;
mod refused_letters;
mod replay;
mod stopped;
mod stopped_replays;
mod told;
