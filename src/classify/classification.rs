//! The verdict on an attempt, and the rule that it came from.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

/// The meaning of an attempt's result for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The command worked.
    Success,
    /// A failure that may pass: retry.
    Transient,
    /// A refusal because of a limit: retry, and respect the wait that was asked for.
    Throttled,
    /// A failure that would recur: stop.
    Permanent,
}

impl Class {
    /// The word for it in options, messages and the log.
    pub fn name(self) -> &'static str {
        match self {
            Class::Success => "success",
            Class::Transient => "transient",
            Class::Throttled => "throttled",
            Class::Permanent => "permanent",
        }
    }

    /// Whether another attempt is worthwhile.
    pub fn is_retryable(self) -> bool {
        matches!(self, Class::Transient | Class::Throttled)
    }
}

/// The name of the rule that won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleId {
    /// The source of the rule: `policy` (an option), `hint` (the command itself), `profile` or `builtin`.
    pub source: &'static str,
    /// Which profile.
    pub profile: Option<Rc<str>>,
    /// The name of the rule there.
    pub id: Cow<'static, str>,
}

impl RuleId {
    /// A rule that is not part of a profile.
    pub fn new(source: &'static str, id: &'static str) -> Self {
        Self { source, profile: None, id: Cow::Borrowed(id) }
    }
}

/// A class and its grounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    pub class: Class,
    pub rule: RuleId,
    /// The kind of failure, where it is known.
    pub kind: Option<Cow<'static, str>>,
    /// The ending in a few words: `exit 7`, `timeout`. Equal reasons are counted together.
    pub reason: Cow<'static, str>,
    /// The line of output that the rule matched, made safe for a terminal.
    pub quote: Option<String>,
    /// The least wait before the next attempt, as requested by the server or the command.
    pub retry_after: Option<Duration>,
    /// The HTTP status found in the output.
    pub http_status: Option<u16>,
    /// The request may have taken effect, which is the only reason why it is not retried.
    pub may_have_been_applied: bool,
}

impl Classification {
    /// A verdict of which only the class, the rule and the reason are known.
    pub fn new(class: Class, rule: RuleId, reason: Cow<'static, str>) -> Self {
        Self {
            class,
            rule,
            kind: None,
            reason,
            quote: None,
            retry_after: None,
            http_status: None,
            may_have_been_applied: false,
        }
    }

    /// Ends the run whatever the verdict was: another attempt would read different input, and an empty one may well
    /// "succeed".
    pub fn with_stdin_lost(self, why: &str) -> Self {
        Self {
            class: Class::Permanent,
            rule: RuleId::new("builtin", "stdin-not-replayable"),
            reason: Cow::Owned(format!("{}; {why}", self.reason)),
            retry_after: None,
            ..self
        }
    }

    /// The party at fault, for consumers that distinguish these: `system`, `user` or `transient`. `None` for a success.
    pub fn category(&self) -> Option<&'static str> {
        match self.class {
            Class::Success => None,
            _ if matches!(self.kind.as_deref(), Some("fork" | "input")) => Some("system"),
            Class::Permanent => Some("user"),
            Class::Transient | Class::Throttled => Some("transient"),
        }
    }
}
