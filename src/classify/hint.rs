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

/// Longer reasons are cut: they are for a message and a log line.
const MAX_REASON_CHARS: usize = 200;

impl Hint {
    /// Parses lines such as `class=permanent`, `retry-after=30s`, `Retry-After: 30` and `reason=text`. `None` if none says
    /// anything; [`misread`] explains the others.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut hint = Hint::default();
        for line in lines(&String::from_utf8_lossy(text)) {
            match line {
                Ok(Said::Class(class)) => hint.class = Some(class),
                Ok(Said::RetryAfter(wait)) => hint.retry_after = Some(wait),
                Ok(Said::Reason(reason)) => hint.reason = Some(reason),
                Ok(Said::Nothing) | Err(_) => {}
            }
        }
        (hint != Hint::default()).then_some(hint)
    }

    /// A hint without a class means throttled.
    pub fn class(&self) -> Class {
        self.class.unwrap_or(Class::Throttled)
    }
}

/// What is wrong with the first line that is not understood, if there is one.
pub fn misread(text: &[u8]) -> Option<String> {
    lines(&String::from_utf8_lossy(text)).find_map(Result::err)
}

/// The meaning of one line.
enum Said {
    Class(Class),
    RetryAfter(Duration),
    Reason(String),
    /// An empty line or reason, or no wait at all.
    Nothing,
}

fn lines(text: &str) -> impl Iterator<Item = Result<Said, String>> {
    text.lines().map(str::trim).map(|line| if line.is_empty() { Ok(Said::Nothing) } else { read(line) })
}

fn read(line: &str) -> Result<Said, String> {
    let unknown = || format!("'{line}': use class=, retry-after= or reason=");
    let (key, value) = line.split_once(['=', ':']).ok_or_else(unknown)?;
    let value = value.trim();
    match key.trim().to_ascii_lowercase().as_str() {
        "class" => {
            let named = CLASSES.into_iter().find(|class| class.name() == value);
            named
                .map(Said::Class)
                .ok_or_else(|| format!("class '{value}': use transient, throttled or permanent"))
        }
        "retry-after" => wait(value),
        "reason" if value.is_empty() => Ok(Said::Nothing),
        "reason" => Ok(Said::Reason(value.chars().take(MAX_REASON_CHARS).collect())),
        _ => Err(unknown()),
    }
}

const CLASSES: [Class; 3] = [Class::Transient, Class::Throttled, Class::Permanent];

/// A wait. Zero is none, and one of thirty years is a mistake, such as a date read as seconds.
fn wait(text: &str) -> Result<Said, String> {
    match duration::parse(text) {
        Ok(wait) if wait.is_zero() => Ok(Said::Nothing),
        Ok(wait) if wait < duration::MAX => Ok(Said::RetryAfter(wait)),
        _ => Err(format!("retry-after '{text}': use a duration such as 30s or 1m30s")),
    }
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
            ("retry-after=99999999\n", hint(None, Some(99_999_999), None)),
            ("retry-after=1795296849\n", None),
            ("Retry-After: 1\r\n", hint(None, Some(1), None)),
            ("class: permanent\nREASON: a=b", hint(permanent, None, Some("a=b"))),
            ("reason=\n", None),
        ] {
            assert_eq!(Hint::parse(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(Hint::parse(b"\xff\xfe\nclass=permanent\n"), hint(permanent, None, None));
    }

    #[test]
    fn the_first_line_that_is_not_understood_is_explained() {
        for (text, expected) in [
            ("", None),
            ("\nclass=permanent\nretry-after=0\nreason=\nRetry-After: 1", None),
            ("class=foo\nx", Some("class 'foo': use transient, throttled or permanent")),
            (
                "class=permanent\nretry-after=soon",
                Some("retry-after 'soon': use a duration such as 30s or 1m30s"),
            ),
            ("retry-after=-1", Some("retry-after '-1': use a duration such as 30s or 1m30s")),
            ("retry-after=1795296849", Some("retry-after '1795296849': use a duration such as 30s or 1m30s")),
            ("permanent", Some("'permanent': use class=, retry-after= or reason=")),
            ("wait=3", Some("'wait=3': use class=, retry-after= or reason=")),
        ] {
            assert_eq!(misread(text.as_bytes()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_hint_without_a_class_means_throttled() {
        assert_eq!(Hint::parse(b"retry-after=2s").unwrap().class(), Class::Throttled);
    }
}
