//! Runs as test cases in JUnit XML: a suite for each name, a case for each run. A rescued run passes, with its failures as
//! flaky ones; a failed run has its first failure, and the later ones as reruns (Surefire's order). An unfinished run is
//! skipped.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::story::{Attempt, Failure, Story};
use super::time;
use crate::base::printable::is_unsafe;

/// The form in which a rescued run is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flaky {
    #[default]
    Success,
    Failure,
}

/// Failures and errors.
#[derive(Clone, Copy, Default)]
struct Sums {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    /// Microseconds.
    time: u64,
}

/// How a case ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    Broken,
    /// No end was logged.
    Unfinished,
}

/// The document. Stories are in the order of their start.
pub fn render(stories: &[Story], flaky: Flaky) -> String {
    let mut suites: BTreeMap<&str, Vec<&Story>> = BTreeMap::new();
    for story in stories {
        suites.entry(&story.name).or_default().push(story);
    }
    let mut all = Sums::default();
    let mut body = String::new();
    for (name, runs) in suites {
        let mut sums = Sums::default();
        let mut cases = String::new();
        for (at, story) in runs.iter().enumerate() {
            let title = if at == 0 { name.to_owned() } else { format!("{name} #{}", at + 1) };
            let verdict = verdict(story, flaky);
            sums.tests += 1;
            sums.failures += usize::from(verdict == Verdict::Failed);
            sums.errors += usize::from(verdict == Verdict::Broken);
            sums.skipped += usize::from(verdict == Verdict::Unfinished);
            sums.time += elapsed(story);
            cases += &case(story, &title, verdict, flaky);
        }
        all = Sums {
            tests: all.tests + sums.tests,
            failures: all.failures + sums.failures,
            errors: all.errors + sums.errors,
            skipped: all.skipped + sums.skipped,
            time: all.time + sums.time,
        };
        let _infallible = write!(
            body,
            "  <testsuite name=\"{}\"{} skipped=\"{}\">\n{cases}  </testsuite>\n",
            escaped(name),
            counts(&sums),
            sums.skipped
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"retry\"{}>\n{body}</testsuites>\n",
        counts(&all)
    )
}

fn counts(sums: &Sums) -> String {
    let Sums { tests, failures, errors, time, .. } = sums;
    format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{}\"", seconds(*time))
}

/// Seconds to the millisecond.
fn seconds(micros: u64) -> String {
    format!("{}.{:03}", micros / 1_000_000, micros / 1_000 % 1_000)
}

fn elapsed(story: &Story) -> u64 {
    story.end.as_ref().map_or_else(|| (story.last - story.started).max(0).unsigned_abs(), |end| end.elapsed)
}

fn failures(story: &Story) -> impl Iterator<Item = (&Attempt, &Failure)> {
    story.attempts.iter().filter_map(|attempt| Some((attempt, attempt.failure.as_ref()?)))
}

fn verdict(story: &Story, flaky: Flaky) -> Verdict {
    if story.has_succeeded() && !(story.is_rescued() && flaky == Flaky::Failure) {
        return Verdict::Passed;
    }
    if story.end.is_none() {
        return Verdict::Unfinished;
    }
    match failures(story).next() {
        Some((_, failure)) if !is_broken(failure) => Verdict::Failed,
        _ => Verdict::Broken,
    }
}

/// An error rather than a failure: our timeout, a signal, or no start at all.
fn is_broken(failure: &Failure) -> bool {
    failure.timed_out || failure.signal.is_some() || failure.not_started
}

fn case(story: &Story, title: &str, verdict: Verdict, flaky: Flaky) -> String {
    let mut out = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\" timestamp=\"{}\">\n",
        escaped(&story.name),
        escaped(title),
        seconds(elapsed(story)),
        time::second(story.started)
    );
    let outcome = story.end.as_ref().map_or("unfinished", |end| end.outcome.name());
    let _infallible = writeln!(
        out,
        "      <properties>\n        <property name=\"retry.attempts\" value=\"{}\"/>\n        <property name=\"retry.outcome\" value=\"{outcome}\"/>\n        <property name=\"retry.run\" value=\"{}\"/>\n      </properties>",
        story.attempts.len(),
        escaped(&story.run)
    );
    let is_flaky = story.is_rescued() && flaky == Flaky::Success;
    for (at, (_, failure)) in failures(story).enumerate() {
        let kind = if is_broken(failure) { "Error" } else { "Failure" };
        match (is_flaky, at) {
            (true, _) => out += &rerun(&format!("flaky{kind}"), failure),
            (false, 0) if matches!(verdict, Verdict::Failed | Verdict::Broken) => {
                out += &first(&kind.to_lowercase(), failure);
            }
            (false, _) => out += &rerun(&format!("rerun{kind}"), failure),
        }
    }
    if verdict == Verdict::Broken && failures(story).next().is_none() {
        let message = story.end.as_ref().map_or("", |end| &end.message);
        let _infallible = writeln!(out, "      <error message=\"{}\" type=\"{outcome}\"/>", escaped(message));
    }
    if verdict == Verdict::Unfinished {
        out += "      <skipped message=\"no end was logged\"/>\n";
    }
    let tail = |of: fn(&Failure) -> Option<&String>| {
        failures(story)
            .filter_map(|(_, failure)| of(failure))
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let said = story.end.as_ref().map(|end| summary(story, end.rescued)).unwrap_or_default();
    let stdout = [said, tail(|failure| failure.stdout_tail.as_ref())].join("\n");
    out += &element("system-out", stdout.trim());
    out += &element("system-err", tail(|failure| failure.stderr_tail.as_ref()).trim());
    out + "    </testcase>\n"
}

/// `passed on attempt 3 of 3 after exit 1 ×2`
fn summary(story: &Story, rescued: bool) -> String {
    let Some(end) = story.end.as_ref().filter(|_| rescued) else { return String::new() };
    let seen: Vec<_> = end
        .failures
        .iter()
        .map(|(reason, count)| if *count == 1 { reason.clone() } else { format!("{reason} ×{count}") })
        .collect();
    let max = story.attempts.last().and_then(|attempt| attempt.max);
    let of = max.map(|max| format!(" of {max}")).unwrap_or_default();
    format!("passed on attempt {}{of} after {}", end.attempts, seen.join(", "))
}

fn opening(name: &str, failure: &Failure) -> String {
    let kind = failure.kind.as_ref().map(|kind| format!("/{kind}")).unwrap_or_default();
    format!(
        "      <{name} message=\"{}\" type=\"{}\">",
        escaped(&failure.reason),
        escaped(&format!("{}{kind}", failure.class))
    )
}

fn body(failure: &Failure) -> String {
    let tails = [&failure.stdout_tail, &failure.stderr_tail].into_iter().flatten().map(String::as_str);
    std::iter::once(failure.error.as_str()).chain(tails).collect::<Vec<_>>().join("\n")
}

fn first(name: &str, failure: &Failure) -> String {
    format!("{}{}</{name}>\n", opening(name, failure), escaped(&body(failure)))
}

fn rerun(name: &str, failure: &Failure) -> String {
    let stack = element("stackTrace", &body(failure));
    let out = element("system-out", failure.stdout_tail.as_deref().unwrap_or_default());
    let err = element("system-err", failure.stderr_tail.as_deref().unwrap_or_default());
    format!("{}\n{stack}{out}{err}      </{name}>\n", opening(name, failure))
}

/// Empty if there is no text.
fn element(name: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("      <{name}>{}</{name}>\n", escaped(text)) }
}

/// Text of XML 1.0, without the characters that it does not allow.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // The value stays the same, and contains no terminal control sequences.
            c if !c.is_control() && is_unsafe(c) => out.push_str(&format!("&#x{:x};", u32::from(c))),
            '\n'
            | '\t'
            | '\u{20}'..='\u{7e}'
            | '\u{a0}'..='\u{d7ff}'
            | '\u{e000}'..='\u{fffd}'
            | '\u{10000}'.. => out.push(c),
            _ => {}
        }
        out
    })
}
