//! Knowledge of tools. A profile is data: rules over exit status and output, each with an example that it must
//! match. This file has its types; `read` makes them of TOML, `builtin` lists those that are compiled in, `select`
//! finds the one for a command line, `judge` applies them, `host` finds whom a command line is about.

mod applied;
mod builtin;
mod claims;
mod host;
mod judge;
mod known;
mod quoted;
mod read;
mod select;
mod wrappers;

#[cfg(test)]
pub use builtin::built_in_patterns;
pub use builtin::{GENERIC, commands, names};
pub use claims::Claims;
pub use host::HostFinder;
pub use judge::Verdict;
pub use known::Knowledge;
pub use read::{profile_schema, read};
pub use select::{AUTO, Captures, NONE, Selection, ToolMatch, is_known, known_names};

use std::rc::Rc;

use super::channel::Channel;
use super::classification::Class;
use super::exit_spec::{ExitSpecs, whole};
pub use super::profile_regex::ProfileRegex;
use crate::base::problem;

/// Knowledge of one tool.
#[expect(clippy::struct_excessive_bools, reason = "facts that are independent of each other")]
#[derive(Debug, Default)]
pub struct Profile {
    pub name: Rc<str>,
    /// The programs that the profile applies to, by base name.
    pub commands: Vec<String>,
    /// In the order in which they stand.
    pub rules: Vec<Rule>,
    /// Advice to users of the tool.
    pub advice: Vec<String>,
    /// The tool talks to a person: nothing is captured while stdin is a terminal.
    pub interactive: bool,
    /// Nothing is captured for its sake; output captured for another reason is read.
    pub passive: bool,
    /// The rules of `generic` do not follow its own.
    pub alone: bool,
    /// Statuses that are the tool's own; any other is that of a command which it ran elsewhere, and what that one says
    /// tells nothing of what it did before.
    pub own_exit: Option<ExitSpecs>,
    /// The tool does one thing, and does it by itself: a line that `generic` takes for a proof that nothing took effect is one.
    pub one_step: bool,
    /// Programs and words of its command line with which it runs others' commands: no line proves then that nothing took
    /// effect.
    pub runs_others: Vec<String>,
    /// How its arguments name the host, the first that is for the command; without one, by any URL.
    pub keys: Vec<HostFinder>,
}

/// A rule of a profile: the class of every failure that meets all of its conditions.
#[derive(Debug)]
pub struct Rule {
    pub id: Rc<str>,
    pub class: Class,
    pub kind: Option<Rc<str>>,
    /// In a few words; without one, the rule's conditions say it.
    pub reason: Option<String>,
    pub phase: Phase,
    pub exit: Option<ExitSpecs>,
    /// The tool's operands begin with one of these: `merge-base`, `remote add`. Empty: whatever they are.
    pub after: Vec<String>,
    /// Each must match; of its patterns one.
    pub texts: Vec<TextCondition>,
    pub http: Option<Statuses>,
    /// The server must have said how long to wait.
    pub hint: bool,
    /// The request surely never took effect.
    pub not_reached: bool,
    pub examples: Vec<Example>,
    /// Where it stands, in a file of the user's.
    pub place: Option<problem::SourceSpan>,
}

/// A condition on a stream.
#[derive(Debug)]
pub struct TextCondition {
    pub channel: Channel,
    pub patterns: Vec<ProfileRegex>,
}

/// HTTP statuses, as ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(Vec<std::ops::RangeInclusive<u16>>);

impl Statuses {
    /// `429`, `502-504`, or a list of them; else why it is none.
    pub fn read(text: &str) -> Result<Self, String> {
        let range = |item: &str| {
            let (low, high) = item.split_once('-').unwrap_or((item, item));
            let (low, high) = (whole(low)?, whole(high)?);
            (100 <= low && low <= high && high <= 599).then_some(low..=high)
        };
        text.split(',').map(|item| range(item.trim_ascii())).collect::<Option<_>>().map(Self).ok_or_else(|| {
            format!("invalid HTTP statuses '{text}': use codes and ranges from 100 to 599, such as 429 or 502-504")
        })
    }

    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl std::fmt::Display for Statuses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "," })?;
            write!(f, "{}", range.start())?;
            if range.end() > range.start() {
                write!(f, "-{}", range.end())?;
            }
        }
        Ok(())
    }
}

/// A result that a rule must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Example {
    pub exit: Option<u8>,
    pub stderr: String,
    pub stdout: String,
}

/// When a rule is asked. Earlier phases are surer. The order was measured: tools print "Connection reset" after "No
/// space left on device", and end failures of the network with "No such file".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Text that no second attempt will change: quota, disk, certificate, host key, credentials, syntax.
    Hard,
    /// Text of a limit.
    Throttle,
    /// An HTTP status.
    Http,
    /// Text of a lock, a start, a lack of capacity.
    Busy,
    /// Text of the network.
    Network,
    /// Text of anything else that will not pass.
    Soft,
    /// The tool's exit statuses.
    Exit,
    /// Exit statuses that any program may have; `generic`'s.
    Codes,
}

/// Kinds whose text is as sure as it gets.
const HARD: &[&str] = &["quota", "disk", "certificate", "tls", "host-key", "auth", "usage", "interrupted"];
/// Kinds of failures between here and the server.
const NETWORK: &[&str] =
    &["dns", "refused", "unreachable", "timeout", "reset", "truncated", "tls", "network"];

/// The kinds that there are. A user may add others.
pub const KINDS: &[&str] = &[
    "auth",
    "build",
    "capacity",
    "certificate",
    "conflict",
    "crash",
    "dependency",
    "disk",
    "dns",
    "forbidden",
    "host-key",
    "http",
    "interrupted",
    "killed",
    "lock",
    "network",
    "not-executable",
    "not-found",
    "protocol",
    "quota",
    "readonly",
    "refused",
    "reset",
    "resource",
    "starting",
    "tempfail",
    "test",
    "throttle",
    "timeout",
    "tls",
    "truncated",
    "unreachable",
    "usage",
];

impl Phase {
    const NAMES: [(&str, Phase); 8] = [
        ("hard", Phase::Hard),
        ("throttle", Phase::Throttle),
        ("http", Phase::Http),
        ("busy", Phase::Busy),
        ("network", Phase::Network),
        ("soft", Phase::Soft),
        ("exit", Phase::Exit),
        ("codes", Phase::Codes),
    ];

    pub fn name(self) -> &'static str {
        Phase::NAMES.iter().find(|(_, phase)| *phase == self).map_or("", |(name, _)| name)
    }

    /// The heading in `retry profiles`.
    pub fn title(self) -> &'static str {
        match self {
            Phase::Hard => "permanent errors (text)",
            Phase::Throttle => "rate limits",
            Phase::Http => "HTTP status",
            Phase::Busy => "locks, start-up, capacity",
            Phase::Network => "network errors",
            Phase::Soft => "other permanent errors",
            Phase::Exit => "exit status",
            Phase::Codes => "exit status (any program)",
        }
    }

    /// The phase of a rule that names none.
    fn of(class: Class, kind: Option<&str>, has_text: bool, has_http: bool, generic: bool) -> Self {
        let is = |kinds: &[&str]| kind.is_some_and(|kind| kinds.contains(&kind));
        match class {
            _ if has_http => Phase::Http,
            _ if !has_text && generic => Phase::Codes,
            _ if !has_text => Phase::Exit,
            Class::Throttled => Phase::Throttle,
            Class::Permanent if is(HARD) => Phase::Hard,
            Class::Permanent => Phase::Soft,
            _ if is(NETWORK) => Phase::Network,
            _ => Phase::Busy,
        }
    }
}

impl Rule {
    /// Whether the rule names exit status 0, that is, turns a success into a failure.
    pub fn names_exit_zero(&self) -> bool {
        self.exit.as_ref().is_some_and(ExitSpecs::names_zero)
    }

    /// Whether another rule has the same conditions.
    pub fn repeats(&self, other: &Rule) -> bool {
        let texts = |rule: &Rule| {
            let mut texts: Vec<_> = rule
                .texts
                .iter()
                .flat_map(|text| {
                    text.patterns.iter().map(|pattern| (text.channel.name(), pattern.as_str().to_owned()))
                })
                .collect();
            texts.sort();
            texts
        };
        self.exit == other.exit
            && self.after == other.after
            && self.http == other.http
            && self.hint == other.hint
            && texts(self) == texts(other)
    }
}

#[cfg(test)]
mod tests;
