//! Rules against results. The order is not the files' but the phases': what is surest is asked first.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use super::known::Asked;
use super::select::Captures;
use super::{Example, Phase, Profile, Rule, Stream, TextRule};
use crate::classify::attempt::{AttemptResult, Ending};
use crate::classify::classification::Class;
use crate::classify::normalise::Text;
use crate::classify::retry_after::{forbidden, retry_after};
use crate::classify::{http, lines};

/// What an attempt left behind, made fit for rules.
#[derive(Debug, Default)]
pub struct Evidence {
    stderr: Option<Text>,
    stdout: Option<Text>,
    /// Both streams were one: `stderr` holds it.
    merged: bool,
    /// Something may have stood before it that is not there any more.
    cut: bool,
    /// The server says not to come back.
    pub(super) forbidden: bool,
    pub http_status: Option<u16>,
    pub retry_after: Option<Duration>,
}

/// Which streams a rule for both may look at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Any,
    Stderr,
    Stdout,
}

const ORDER: [(Phase, Scope); 10] = [
    (Phase::Hard, Scope::Any),
    (Phase::Throttle, Scope::Any),
    (Phase::Http, Scope::Any),
    (Phase::Busy, Scope::Any),
    (Phase::Network, Scope::Stderr),
    (Phase::Soft, Scope::Stderr),
    (Phase::Exit, Scope::Any),
    (Phase::Network, Scope::Stdout),
    (Phase::Soft, Scope::Stdout),
    (Phase::Codes, Scope::Any),
];

/// A rule that holds, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub profile: Rc<str>,
    pub id: Rc<str>,
    pub class: Class,
    pub kind: Option<Rc<str>>,
    pub reason: Option<String>,
    pub not_reached: bool,
    /// The rule names the status.
    pub names_exit: bool,
    /// Which profile and which rule of it, by their places.
    pub(super) place: Option<(usize, usize)>,
}

impl Evidence {
    /// All that was captured.
    pub fn of(attempt: &AttemptResult) -> Self {
        Self::read(attempt, Captures { stdout: true, stderr: true })
    }

    /// What was captured of these streams. Where both are one it is read for either.
    pub(super) fn read(attempt: &AttemptResult, streams: Captures) -> Self {
        let captured = &attempt.output.text;
        let merged = captured.merged;
        let text = |bytes: &Rc<[u8]>| lines::without_harmless(Text::new(bytes));
        let stderr = if merged { &captured.stdout } else { &captured.stderr };
        let stderr = stderr.as_ref().filter(|_| streams.stderr || (merged && streams.stdout));
        let stdout = captured.stdout.as_ref().filter(|_| streams.stdout && !merged);
        let cut = [stderr, stdout].into_iter().flatten().any(|bytes| Text::is_cut(bytes));
        let (stderr, stdout) = (stderr.map(text), stdout.map(text));
        let streams: Vec<&Text> = stderr.iter().chain(&stdout).collect();
        let forbidden = forbidden(&streams);
        let http_status = streams.iter().find_map(|text| http::last_status(text));
        let retry_after = retry_after(&streams, attempt.ended_at);
        Self { stderr, stdout, merged, cut, forbidden, http_status, retry_after }
    }

    /// May the text be but the end of what was written?
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// The texts, the more telling one first.
    pub(super) fn streams(&self) -> impl Iterator<Item = &Text> {
        self.stderr.iter().chain(&self.stdout)
    }

    /// The texts that a condition looks at.
    fn texts(&self, stream: Stream, scope: Scope) -> impl Iterator<Item = &Text> {
        let stderr = stream != Stream::Stdout || self.merged;
        let stdout = stream != Stream::Stderr;
        // A rule that names its stream looks at it when its phase first comes.
        let (stderr, stdout) = match scope {
            Scope::Stderr if stream == Stream::Both => (stderr, false),
            Scope::Stdout => (false, stdout),
            _ => (stderr, stdout),
        };
        self.stderr.iter().filter(move |_| stderr).chain(self.stdout.iter().filter(move |_| stdout))
    }
}

/// The first rule that holds.
pub(super) fn judge(
    profiles: &[Asked],
    attempt: &AttemptResult,
    evidence: &Evidence,
    codes: bool,
) -> Option<Verdict> {
    ORDER.iter().find_map(|(phase, scope)| {
        profiles.iter().enumerate().find_map(|(at, asked)| {
            let rules = asked.profile.rules.iter().enumerate();
            let mut rules = rules.filter(|(_, rule)| rule.phase == *phase && !rule.is_gate());
            let (number, rule) = rules.find(|(_, rule)| {
                (codes || !rule.texts.is_empty() || rule.http.is_some())
                    && rule.holds(attempt, evidence, *scope)
            })?;
            let verdict = rule.verdict(&asked.name, attempt, evidence);
            Some(Verdict { place: Some((at, number)), ..verdict })
        })
    })
}

/// A rule that says that this exit 0 is a failure.
pub(super) fn opens_gate(
    profiles: &[Asked],
    attempt: &AttemptResult,
    evidence: &Evidence,
) -> Option<Verdict> {
    profiles.iter().find_map(|asked| {
        let mut gates = asked.profile.rules.iter().filter(|rule| rule.is_gate());
        let gate = gates.find(|rule| rule.holds(attempt, evidence, Scope::Any))?;
        Some(gate.verdict(&asked.name, attempt, evidence))
    })
}

impl Rule {
    fn holds(&self, attempt: &AttemptResult, evidence: &Evidence, scope: Scope) -> bool {
        self.exit.as_ref().is_none_or(|exit| exit.matches(attempt))
            && (!self.hint || evidence.retry_after.is_some())
            && self
                .http
                .as_ref()
                .is_none_or(|wanted| evidence.http_status.is_some_and(|status| wanted.contains(status)))
            && self.texts.iter().all(|text| text.holds(evidence, scope))
    }

    fn verdict(&self, profile: &Rc<str>, attempt: &AttemptResult, evidence: &Evidence) -> Verdict {
        Verdict {
            profile: Rc::clone(profile),
            id: Rc::clone(&self.id),
            class: self.class,
            kind: self.kind.clone(),
            reason: self.words(attempt, evidence),
            not_reached: self.not_reached,
            names_exit: self.exit.is_some(),
            place: None,
        }
    }

    /// What happened, in a few words; `None` when the exit status is all that is known.
    fn words(&self, attempt: &AttemptResult, evidence: &Evidence) -> Option<String> {
        let status = evidence.http_status.filter(|_| self.http.is_some());
        if self.class == Class::Throttled && evidence.http_status == Some(429) {
            return Some("HTTP 429".to_owned());
        }
        match (&self.reason, status) {
            (Some(reason), Some(status)) => Some(format!("HTTP {status}: {reason}")),
            (None, Some(status)) => Some(format!("HTTP {status}")),
            (Some(reason), None) => Some(reason.clone()),
            (None, None) if self.texts.is_empty() => None,
            (None, None) => {
                let words = self.id.replace('-', " ");
                Some(if attempt.ending == Ending::Exited(0) { format!("{words} (exit 0)") } else { words })
            }
        }
    }

    /// Does it hold for an example of its own?
    pub fn matches_example(&self, example: &Example) -> bool {
        let attempt = example.attempt(self);
        self.holds(&attempt, &Evidence::of(&attempt), Scope::Any)
    }
}

impl TextRule {
    fn holds(&self, evidence: &Evidence, scope: Scope) -> bool {
        evidence
            .texts(self.stream, scope)
            .any(|text| self.patterns.iter().any(|pattern| pattern.is_match(text)))
    }
}

impl Example {
    /// The result that it describes. Text alone is of the stream that the rule reads, with a status that it names.
    pub fn attempt(&self, rule: &Rule) -> AttemptResult {
        let code = self.exit.or_else(|| {
            let codes = (0..=u8::MAX).filter(|code| {
                let attempt = AttemptResult::ended(Ending::Exited(*code));
                rule.exit.as_ref().is_some_and(|exit| exit.matches(&attempt))
            });
            codes.min_by_key(|code| u16::from(*code))
        });
        let mut attempt = AttemptResult::ended(Ending::Exited(code.unwrap_or(1)));
        let (mut stderr, mut stdout) = (&self.stderr, &self.stdout);
        let reads_stdout_alone =
            !rule.texts.is_empty() && rule.texts.iter().all(|text| text.stream == Stream::Stdout);
        if stdout.is_empty() && reads_stdout_alone {
            std::mem::swap(&mut stderr, &mut stdout);
        }
        attempt.output.text.stderr = Some(stderr.as_bytes().into());
        attempt.output.text.stdout = Some(stdout.as_bytes().into());
        attempt
    }
}

impl Profile {
    /// The rules that do not match an example of their own.
    pub fn wrong_examples(&self) -> Vec<&Rule> {
        let is_wrong = |rule: &&Rule| rule.examples.iter().any(|example| !rule.matches_example(example));
        self.rules.iter().filter(is_wrong).collect()
    }
}

impl Verdict {
    /// The reason, or what the exit status says.
    pub fn reason_or(&self, status: Cow<'static, str>) -> Cow<'static, str> {
        self.reason.clone().map_or(status, Cow::Owned)
    }
}
