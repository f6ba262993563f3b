//! Hints from the command: the lines that it writes into the file named by `$RETRY_HINT`.

use std::time::Duration;

use super::Class;
use crate::base::duration;

/// The command's own account of its failure. A later line replaces an earlier one with the same key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hint {
    pub class: Option<Class>,
    pub retry_after: Option<Duration>,
    pub reason: Option<String>,
}

/// The longest wait that is accepted. A longer one is a mistake, such as a date read as seconds.
const MAX_WAIT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Longer reasons are cut: they are for a message and a log line.
const MAX_REASON_CHARS: usize = 200;

impl Hint {
    /// Parses `class=`, `retry-after=` and `reason=` lines; other lines and invalid values are ignored. `None` if nothing
    /// remains.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut hint = Hint::default();
        for line in String::from_utf8_lossy(text).lines() {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.trim();
            match key.trim() {
                "class" => hint.class = class(value).or(hint.class),
                "retry-after" => hint.retry_after = wait(value).or(hint.retry_after),
                "reason" if !value.is_empty() => {
                    hint.reason = Some(value.chars().take(MAX_REASON_CHARS).collect());
                }
                _ => {}
            }
        }
        (hint != Hint::default()).then_some(hint)
    }

    /// A hint without a class means throttled.
    pub fn class(&self) -> Class {
        self.class.unwrap_or(Class::Throttled)
    }
}

fn class(word: &str) -> Option<Class> {
    [Class::Transient, Class::Throttled, Class::Permanent].into_iter().find(|class| class.name() == word)
}

/// Zero, negative and absurd waits are ignored.
fn wait(text: &str) -> Option<Duration> {
    duration::parse(text).ok().filter(|wait| !wait.is_zero() && *wait <= MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "it stands beside None in a table")]
    fn hint(class: Option<Class>, seconds: Option<u64>, reason: Option<&str>) -> Option<Hint> {
        let retry_after = seconds.map(Duration::from_secs);
        Some(Hint { class, retry_after, reason: reason.map(str::to_owned) })
    }

    #[test]
    fn lines_are_read_and_nonsense_is_no_hint() {
        let permanent = Some(Class::Permanent);
        for (text, expected) in [
            ("", None),
            ("hello\n", None),
            ("class=permanent\n", hint(permanent, None, None)),
            ("class=permanent", hint(permanent, None, None)),
            (" class = permanent \r\n", hint(permanent, None, None)),
            ("class=success\n", None),
            ("class=permanent\nclass=often\n", hint(permanent, None, None)),
            ("class=transient\nclass=permanent\n", hint(permanent, None, None)),
            ("retry-after=30s\n", hint(None, Some(30), None)),
            ("retry-after=30\nreason=quota=0 left\n", hint(None, Some(30), Some("quota=0 left"))),
            ("retry-after=-5\n", None),
            ("retry-after=0\n", None),
            ("retry-after=1e400\n", None),
            ("retry-after=99999999\n", None),
            ("reason=\n", None),
        ] {
            assert_eq!(Hint::parse(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(Hint::parse(b"\xff\xfe\nclass=permanent\n"), hint(permanent, None, None));
    }

    #[test]
    fn a_hint_without_a_class_means_throttled() {
        assert_eq!(Hint::parse(b"retry-after=2s").unwrap().class(), Class::Throttled);
    }
}
