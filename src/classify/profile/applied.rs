//! Decides whether a failed command certainly had no effect. A rule's claim that it did not (`reached = false`) holds only
//! if everything else agrees: the exit status, the output after the line with the claim, and the tool that printed it.

use std::ops::Range;

use super::judge::Verdict;
use super::known::RankedProfile;
use super::{Phase, Rule, wrappers};
use crate::base::exit_code;
use crate::classify::attempt::{AttemptResult, Ending};
use crate::classify::classification::Class;
use crate::classify::evidence::Evidence;
use crate::classify::lines;
use crate::classify::normalise::Text;

/// Ways of ending that mean that a request was under way.
const UNDER_WAY: &[&str] = &["timeout", "reset", "truncated", "killed", "crash"];

/// Whether all the evidence agrees with the claim of this verdict.
pub(super) fn never(
    profiles: &[RankedProfile],
    attempt: &AttemptResult,
    evidence: &Evidence<'_>,
    verdict: &Verdict,
) -> bool {
    let rule = verdict.place.and_then(|(at, number)| profiles.get(at)?.profile.rules.get(number));
    let Some(rule) = rule else { return false };
    !was_stopped(attempt)
        && (rule.exit.is_some() || status_agrees(profiles, attempt, rule))
        && !evidence.is_cut()
        && evidence.texts().all(|text| !speaks_against(text, rule))
        && (rule.texts.is_empty() || evidence.texts().any(|text| claims(text, rule).next().is_some()))
}

/// Whether a request was under way when the command ended.
pub(super) fn ended_after_request(profiles: &[RankedProfile], attempt: &AttemptResult) -> bool {
    was_stopped(attempt)
        || exit_rule(profiles, attempt).is_some_and(|rule| !rule.not_reached && is_under_way(rule))
}

/// Stopped or killed while it was working.
fn was_stopped(attempt: &AttemptResult) -> bool {
    const KILLED: u8 = 137;
    const TERMINATED: u8 = 143;
    attempt.timed_out
        || match attempt.ending {
            // `timeout(1)`, and a shell's word for what died of a signal.
            Ending::Exited(code) => code == exit_code::TIMED_OUT || code == KILLED || code == TERMINATED,
            Ending::Signaled(_) => true,
            Ending::NotStarted(_) => false,
        }
}

/// Whether the exit status is the tool's own. The status of a remote command says nothing about what that command did
/// before it failed.
pub(super) fn is_own(profiles: &[RankedProfile], attempt: &AttemptResult) -> bool {
    profiles.iter().all(|asked| asked.profile.own_exit.as_ref().is_none_or(|own| own.matches(attempt)))
}

fn is_under_way(rule: &Rule) -> bool {
    rule.kind.as_deref().is_some_and(|kind| UNDER_WAY.contains(&kind))
}

/// The tool's rule for the exit status alone.
fn exit_rule<'p>(profiles: &'p [RankedProfile], attempt: &AttemptResult) -> Option<&'p Rule> {
    exit_rules(profiles).find(|rule| rule.exit.as_ref().is_some_and(|exit| exit.matches(attempt)))
}

fn exit_rules(profiles: &[RankedProfile]) -> impl Iterator<Item = &Rule> {
    let all = profiles.iter().flat_map(|asked| &asked.profile.rules);
    all.filter(|rule| {
        let alone = rule.texts.is_empty() && rule.after.is_empty();
        rule.phase == Phase::Exit && alone && !rule.names_exit_zero()
    })
}

/// Whether the exit status is consistent with the claim. If a tool has one status for requests that never took effect, its
/// statuses for other transient failures contradict the claim.
fn status_agrees(profiles: &[RankedProfile], attempt: &AttemptResult, claim: &Rule) -> bool {
    let Some(rule) = exit_rule(profiles, attempt).filter(|rule| !rule.not_reached) else { return true };
    let tells = exit_rules(profiles).any(|rule| rule.not_reached);
    let answered = rule.kind.as_deref() == Some("http") && claim.kind.as_deref() != Some("http");
    !(is_under_way(rule) || answered || tells && rule.class != Class::Permanent)
}

/// The lines that support the rule's claim, except those printed by wrappers.
fn claims<'t>(text: &'t Text, rule: &'t Rule) -> impl Iterator<Item = Range<usize>> + 't {
    let spans =
        rule.texts.iter().flat_map(|condition| &condition.patterns).flat_map(|pattern| pattern.spans(text));
    let lines = spans.map(|span| text.line_start(span.start)..text.line_end(span.end));
    lines.filter(|line| !wrappers::speaks(&text.plain[line.clone()]))
}

/// Whether any line says that a connection was made after all, or that something was sent.
fn speaks_against(text: &Text, rule: &Rule) -> bool {
    let claims: Vec<_> = claims(text, rule).collect();
    let first = claims.iter().map(|line| line.start).min();
    lines::reached(text).any(|(at, later)| {
        let is_claim = claims.iter().any(|line| line.contains(&at));
        !is_claim && (!later || first.is_some_and(|first| at > first))
    })
}
