//! Which of a command's streams a condition is about.

use super::output::Stream;

/// The streams that a pattern looks at. Bytes come from a [`Stream`]; a channel chooses among those.
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

    /// Does a pattern on this channel look at a stream? Merged output is looked at by all.
    pub fn sees(self, stream: Stream) -> bool {
        match (self, stream) {
            (Channel::Both, _) | (_, Stream::Merged) => true,
            (Channel::Stdout, stream) => stream == Stream::Stdout,
            (Channel::Stderr, stream) => stream == Stream::Stderr,
        }
    }
}
