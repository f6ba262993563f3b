//! The streams of a command that a condition applies to.

use super::output::Stream;

/// The streams that a pattern is matched against. Bytes arrive on a [`Stream`]; a channel selects among streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Stdout,
    Stderr,
    Both,
}

impl Channel {
    /// Every channel with its word in options and files.
    pub const NAMES: &[(&str, Channel)] =
        &[("stdout", Channel::Stdout), ("stderr", Channel::Stderr), ("both", Channel::Both)];

    /// The word for it in options and files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, channel)| *channel == self).map_or("", |(name, _)| name)
    }

    /// Whether a pattern on this channel is matched against a stream. Merged output is matched by every channel.
    pub fn sees(self, stream: Stream) -> bool {
        match (self, stream) {
            (Channel::Both, _) | (_, Stream::Merged) => true,
            (Channel::Stdout, stream) => stream == Stream::Stdout,
            (Channel::Stderr, stream) => stream == Stream::Stderr,
        }
    }
}
