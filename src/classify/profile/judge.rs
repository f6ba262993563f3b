//! Applies rules to results, in the order of their phases rather than of the files: the most certain first.

use std::borrow::Cow;
use std::rc::Rc;

use super::known::RankedProfile;
use super::{Channel, Example, Phase, Profile, Rule, TextCondition, host};
use crate::classify::attempt::{AttemptResult, Ending};
use crate::classify::classification::Class;
use crate::classify::evidence::{Evidence, Scope};

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

/// A rule that matched, and its conclusion.
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
    /// The indices of the profile and of the rule in it.
    pub(super) place: Option<(usize, usize)>,
}

/// The first rule that matches.
pub(super) fn judge(
    profiles: &[RankedProfile],
    attempt: &AttemptResult,
    evidence: &Evidence<'_>,
    codes: bool,
) -> Option<Verdict> {
    ORDER.iter().find_map(|(phase, scope)| {
        profiles.iter().enumerate().find_map(|(at, asked)| {
            let rules = asked.profile.rules.iter().enumerate();
            let mut rules = rules.filter(|(_, rule)| rule.phase == *phase && !rule.names_exit_zero());
            let (number, rule) = rules.find(|(_, rule)| {
                (codes || !rule.texts.is_empty() || rule.http.is_some())
                    && rule.is_about(&asked.operands)
                    && rule.holds(attempt, evidence, *scope)
            })?;
            let verdict = rule.verdict(&asked.name, attempt, evidence);
            Some(Verdict { place: Some((at, number)), ..verdict })
        })
    })
}

/// The rule by which this exit 0 is a failure, if any.
pub(super) fn failure_despite_zero(
    profiles: &[RankedProfile],
    attempt: &AttemptResult,
    evidence: &Evidence<'_>,
) -> Option<Verdict> {
    profiles.iter().find_map(|asked| {
        let mut gates = asked.profile.rules.iter().filter(|rule| rule.names_exit_zero());
        let gate =
            gates.find(|rule| rule.is_about(&asked.operands) && rule.holds(attempt, evidence, Scope::Any))?;
        Some(gate.verdict(&asked.name, attempt, evidence))
    })
}

impl Rule {
    /// Whether the rule is about a command line with these operands.
    fn is_about(&self, operands: &[String]) -> bool {
        self.after.is_empty() || host::behind(&self.after, operands).is_some()
    }

    fn holds(&self, attempt: &AttemptResult, evidence: &Evidence<'_>, scope: Scope) -> bool {
        self.exit.as_ref().is_none_or(|exit| exit.matches(attempt))
            && (!self.hint || evidence.retry_after().is_some())
            && self
                .http
                .as_ref()
                .is_none_or(|wanted| evidence.http_status().is_some_and(|status| wanted.contains(status)))
            && self.texts.iter().all(|text| text.holds(evidence, scope))
    }

    fn verdict(&self, profile: &Rc<str>, attempt: &AttemptResult, evidence: &Evidence<'_>) -> Verdict {
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

    /// The failure in a few words; `None` if only the exit status is known.
    fn words(&self, attempt: &AttemptResult, evidence: &Evidence<'_>) -> Option<String> {
        let status = evidence.http_status().filter(|_| self.http.is_some());
        if self.class == Class::Throttled && evidence.http_status() == Some(429) {
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

    /// Whether the rule matches one of its own examples.
    pub fn matches_example(&self, example: &Example) -> bool {
        let attempt = example.attempt(self);
        self.holds(&attempt, &Evidence::of(&attempt), Scope::Any)
    }
}

impl TextCondition {
    fn holds(&self, evidence: &Evidence<'_>, scope: Scope) -> bool {
        evidence
            .texts_of(self.channel, scope)
            .any(|text| self.patterns.iter().any(|pattern| pattern.is_match(text)))
    }
}

impl Example {
    /// The result that an example describes. Bare text is taken as output on the stream that the rule reads, with an exit
    /// status that the rule names.
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
            !rule.texts.is_empty() && rule.texts.iter().all(|text| text.channel == Channel::Stdout);
        if stdout.is_empty() && reads_stdout_alone {
            std::mem::swap(&mut stderr, &mut stdout);
        }
        attempt.output.get_or_insert_default().text.stderr = Some(stderr.as_bytes().into());
        attempt.output.get_or_insert_default().text.stdout = Some(stdout.as_bytes().into());
        attempt
    }
}

impl Profile {
    /// The rules that do not match one of their own examples.
    pub fn wrong_examples(&self) -> Vec<&Rule> {
        let is_wrong = |rule: &&Rule| rule.examples.iter().any(|example| !rule.matches_example(example));
        self.rules.iter().filter(is_wrong).collect()
    }
}

impl Verdict {
    /// The reason, or else the exit status in words.
    pub fn reason_or(&self, status: Cow<'static, str>) -> Cow<'static, str> {
        self.reason.clone().map_or(status, Cow::Owned)
    }
}
