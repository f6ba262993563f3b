//! Rules over what the command wrote: which patterns there are, on which stream, and what a rule makes of those that
//! were seen. The matching itself is `stream.rs`'s.

use super::attempt::AttemptResult;
use super::classification::Class;
use super::exit_spec::ExitSpecs;

/// The output that a pattern looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Stdout,
    Stderr,
    Both,
}

impl Channel {
    pub(crate) const NAMES: &[(&str, Channel)] =
        &[("stdout", Channel::Stdout), ("stderr", Channel::Stderr), ("both", Channel::Both)];

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, channel)| *channel == self).map_or("", |(name, _)| name)
    }

    /// Does it look at this stream?
    pub(crate) fn sees(self, stream: Channel) -> bool {
        self == Channel::Both || stream == Channel::Both || self == stream
    }
}

/// A regular expression over the lines of one stream, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) channel: Channel,
    pub(crate) regex: String,
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.channel {
            Channel::Stderr => f.write_str(&self.regex),
            channel => write!(f, "{}:{}", channel.name(), self.regex),
        }
    }
}

/// An explicit rule of the policy, a `[[policy.NAME.rule]]` table or an option. All that is given must hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TextRule {
    pub(crate) class: Class,
    /// Its name: the option's, or `rule`.
    pub(crate) id: &'static str,
    pub(crate) exit: Option<ExitSpecs>,
    pub(crate) patterns: Vec<Pattern>,
    /// What to call it; by default the pattern is named.
    pub(crate) reason: Option<String>,
}

impl TextRule {
    /// Does all that it asks for hold?
    pub(super) fn holds(&self, attempt: &AttemptResult) -> bool {
        self.exit.as_ref().is_none_or(|exit| exit.matches(attempt))
            && self.patterns.iter().all(|pattern| attempt.seen.has(pattern))
    }

    /// Does it speak of certain endings, rather than of any?
    pub(super) fn names_exit(&self) -> bool {
        self.exit.is_some()
    }
}

/// The patterns that were seen in one attempt's output.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen(pub(crate) Vec<Pattern>);

impl Seen {
    pub(crate) fn has(&self, pattern: &Pattern) -> bool {
        self.0.contains(pattern)
    }
}
