//! Exit specs: the ways of ending that an option selects (`1`, `5-9`, `SIGKILL`, `signal`, `timeout`, `!2`).

use std::ops::RangeInclusive;

use super::attempt::{AttemptResult, Ending};
use super::signal;

/// A list of exit specs, in the order given. The default matches nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExitSpecs(Vec<ExitSpec>);

/// An item of the list.
#[derive(Clone, Debug, PartialEq)]
struct ExitSpec {
    /// Written with `!`: it removes matches.
    negated: bool,
    ending: Matched,
}

#[derive(Clone, Debug, PartialEq)]
enum Matched {
    /// Statuses as a shell reports them: 137 also matches a command that died of SIGKILL.
    Codes(RangeInclusive<u8>),
    /// Death by this signal.
    Signal(i32),
    /// Death by any signal.
    AnySignal,
    /// An attempt that was stopped by a timeout.
    Timeout,
    NotFound,
    NotExecutable,
}

const WORDS: &[(&str, Matched)] = &[
    ("signal", Matched::AnySignal),
    ("timeout", Matched::Timeout),
    ("not-found", Matched::NotFound),
    ("not-executable", Matched::NotExecutable),
];

/// The ways of ending that have a name.
pub fn words() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(name, _)| *name)
}

/// A number of digits only, surrounded by optional blanks.
pub fn whole<T: std::str::FromStr>(text: &str) -> Option<T> {
    digits(text.trim_ascii())
}

/// A number of digits only.
pub(super) fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl ExitSpecs {
    /// Parses a comma-separated list.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(|item| ExitSpec::parse(item.trim_ascii())).collect::<Result<_, _>>().map(Self)
    }

    /// Concatenates two lists.
    pub fn extend(&mut self, other: ExitSpecs) {
        self.0.extend(other.0);
    }

    /// A command that cannot be started.
    pub fn unstartable() -> Self {
        Self(
            [Matched::NotFound, Matched::NotExecutable]
                .map(|ending| ExitSpec { negated: false, ending })
                .into(),
        )
    }

    /// Prepends other items. A list that begins with everything contains them already.
    pub fn begin_with(&mut self, other: &ExitSpecs) {
        if !self.0.first().is_some_and(|first| first.negated) {
            self.0.splice(0..0, other.0.iter().cloned());
        }
    }

    /// Whether an item names status 0, alone or in a range.
    pub fn names_zero(&self) -> bool {
        let zero = |spec: &ExitSpec| {
            !spec.negated && matches!(&spec.ending, Matched::Codes(codes) if codes.contains(&0))
        };
        self.0.iter().any(zero)
    }

    /// Whether an item is status 0 and nothing else.
    pub fn is_about_zero(&self) -> bool {
        self.0.iter().any(|spec| !spec.negated && spec.ending == Matched::Codes(0..=0))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first item that is not a status code, for options that accept only codes.
    pub fn other_than_codes(&self) -> Option<String> {
        self.0.iter().find(|spec| !matches!(spec.ending, Matched::Codes(_))).map(ToString::to_string)
    }

    /// A list that begins with `!x` starts from everything; each item then adds or removes matches.
    pub fn matches(&self, attempt: &AttemptResult) -> bool {
        let everything = self.0.first().is_some_and(|first| first.negated);
        self.0.iter().fold(
            everything,
            |matched, spec| {
                if spec.ending.matches(attempt) { !spec.negated } else { matched }
            },
        )
    }

    /// The items as a user would write them.
    pub fn items(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }
}

impl ExitSpec {
    fn parse(text: &str) -> Result<Self, String> {
        let (negated, word) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let ending = Matched::parse(word).ok_or_else(|| describe_bad(word))?;
        Ok(Self { negated, ending })
    }
}

fn describe_bad(word: &str) -> String {
    let known = "a code (0-255), a range such as 5-9, a signal such as SIGKILL, signal, timeout, not-found or \
                 not-executable, or ! to negate one";
    if word.is_empty() {
        return format!("an entry of the list is empty: use {known}");
    }
    format!("invalid exit condition '{word}': use {known}")
}

impl Matched {
    fn parse(word: &str) -> Option<Self> {
        if let Some((_, known)) = WORDS.iter().find(|(name, _)| *name == word) {
            return Some(known.clone());
        }
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            let (low, high) = word.split_once('-').unwrap_or((word, word));
            let (low, high) = (whole(low)?, whole(high)?);
            return (low <= high).then_some(Matched::Codes(low..=high));
        }
        signal::parse_name(word).map(Matched::Signal)
    }

    fn matches(&self, attempt: &AttemptResult) -> bool {
        // An attempt that we stopped is a timeout and nothing else, however the command reacted to our signal.
        if attempt.timed_out {
            return matches!(self, Matched::Timeout);
        }
        match (self, attempt.ending) {
            (Matched::Codes(codes), ending) => codes.contains(&ending.status()),
            (Matched::Signal(wanted), Ending::Signaled(signal)) => *wanted == signal,
            (Matched::AnySignal, Ending::Signaled(_)) => true,
            (Matched::NotFound, Ending::NotStarted(failure)) => failure.is_not_found(),
            (Matched::NotExecutable, Ending::NotStarted(failure)) => !failure.is_not_found(),
            _ => false,
        }
    }
}

impl std::fmt::Display for ExitSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.negated {
            f.write_str("!")?;
        }
        match &self.ending {
            Matched::Codes(codes) if codes.start() == codes.end() => write!(f, "{}", codes.start()),
            Matched::Codes(codes) => write!(f, "{}-{}", codes.start(), codes.end()),
            Matched::Signal(number) => f.write_str(&signal::name(*number)),
            word => {
                let name = WORDS.iter().find(|(_, known)| known == word).map_or("", |(name, _)| name);
                f.write_str(name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::attempt::{Stage, StartFailure};
    use super::super::tests::{attempt, timed_out};
    use super::*;

    fn exec_failure(errno: i32) -> Ending {
        Ending::NotStarted(StartFailure { stage: Stage::Exec, errno })
    }

    #[test]
    fn a_list_matches_what_it_names() {
        let exit = |code| attempt(Ending::Exited(code));
        let killed = attempt(Ending::Signaled(libc::SIGKILL));
        let missing = attempt(exec_failure(libc::ENOENT));
        let denied = attempt(exec_failure(libc::EACCES));
        for (list, result, expected) in [
            ("1", exit(1), true),
            ("1", exit(2), false),
            ("1,5-9", exit(7), true),
            ("5-9", exit(10), false),
            ("SIGKILL", killed.clone(), true),
            ("kill", killed.clone(), true),
            ("SIGTERM", killed.clone(), false),
            ("signal", killed.clone(), true),
            ("signal", exit(137), false),
            ("137", killed.clone(), true),
            ("SIGKILL", exit(137), false),
            ("timeout", timed_out(Ending::Signaled(libc::SIGTERM)), true),
            ("124", timed_out(Ending::Signaled(libc::SIGTERM)), false),
            ("0", timed_out(Ending::Exited(0)), false),
            ("timeout", exit(124), false),
            ("not-found", missing.clone(), true),
            ("127", missing, true),
            ("not-found", exit(127), false),
            ("not-executable", denied.clone(), true),
            ("not-found", denied, false),
            ("!2", exit(2), false),
            ("!2", exit(3), true),
            ("!2", killed, true),
            ("!2", timed_out(Ending::Exited(1)), true),
            ("1-9,!5", exit(5), false),
            ("1-9,!5", exit(6), true),
            ("1-9,!5", exit(10), false),
            ("!2,!3", exit(3), false),
            ("!2-9,5", exit(5), true),
        ] {
            assert_eq!(ExitSpecs::parse(list).unwrap().matches(&result), expected, "{list} on {result:?}");
        }
        assert!(!ExitSpecs::default().matches(&exit(1)));
    }

    #[test]
    fn what_is_no_exit_spec_is_named() {
        for text in ["", "1,,2", "256", "-1", "9-5", "SIGNOPE", "!", "1..3", "timeouts"] {
            let message = ExitSpecs::parse(text).unwrap_err();
            assert!(message.contains("use a code"), "{text}: {message}");
        }
    }

    #[test]
    fn a_list_is_shown_as_it_would_be_written() {
        let list = ExitSpecs::parse("1, 5-9,!7,kill,signal,timeout,not-found,!not-executable").unwrap();
        let shown = list.items().collect::<Vec<_>>().join(",");
        assert_eq!(shown, "1,5-9,!7,SIGKILL,signal,timeout,not-found,!not-executable");
        assert_eq!(ExitSpecs::parse(&shown).unwrap(), list);
    }

    #[test]
    fn lists_are_put_together() {
        let parse = |text| ExitSpecs::parse(text).unwrap();
        let mut one = parse("1,2");
        one.extend(parse("3"));
        assert_eq!(one, parse("1,2,3"));
        let mut own = parse("7");
        own.begin_with(&ExitSpecs::unstartable());
        assert_eq!(own, parse("not-found,not-executable,7"));
        let mut everything = parse("!7");
        everything.begin_with(&ExitSpecs::unstartable());
        assert_eq!(everything, parse("!7"));
    }

    #[test]
    fn what_is_no_code_is_named() {
        for (list, other) in
            [("1,5-9", None), ("1,SIGKILL,timeout", Some("SIGKILL")), ("!timeout", Some("!timeout"))]
        {
            assert_eq!(ExitSpecs::parse(list).unwrap().other_than_codes().as_deref(), other, "{list}");
        }
    }
}
