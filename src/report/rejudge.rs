//! Verdicts given anew: each failed attempt with its recorded status and output is judged by the rules of now. So a rule is
//! tried before it is trusted.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::line::Line;
use super::model;
use super::runs::{CLASSES, Run, Stop};
use super::time::SECOND;
use crate::base::words::plural;
use crate::classify::profile::{Claims, Knowledge, Profile, Selection};
use crate::classify::{AttemptResult, CapturedText, Ending, Output, Rules, signal};
use crate::event::Outcome;

/// Judges attempts anew. Patterns are compiled once for all attempts of a command.
#[derive(Clone, Debug)]
pub struct Judge {
    rules: Rules,
    profiles: Vec<String>,
    users: Vec<Rc<Profile>>,
    known: HashMap<(Vec<String>, Claims), Rules>,
    by_status_alone: u64,
    kept: u64,
    attempts: u64,
}

/// Runs by the verdicts of then and now.
#[derive(Debug, Default)]
pub(super) struct Rejudged {
    /// Attempts, runs, and runs that succeeded.
    changes: BTreeMap<(usize, usize), [u64; 3]>,
}

impl Judge {
    /// `rules` are the policy's, `profiles` what `--profile` names, `users` the profiles of the configuration.
    pub fn new(rules: Rules, profiles: Vec<String>, users: Vec<Rc<Profile>>) -> Self {
        Self { rules, profiles, users, known: HashMap::new(), by_status_alone: 0, kept: 0, attempts: 0 }
    }

    /// Judges the attempt of a line, and notes a verdict that is another one than then.
    pub(super) fn take(&mut self, run: &mut Run, line: &Line<'_>) {
        if &*line.event == "run.start" {
            let words = line.argv.iter().flatten().chain(line.program.iter().filter(|_| line.argv.is_none()));
            run.argv = words.map(|word| word.to_string()).collect();
        }
        if !matches!(&*line.event, "attempt.retry" | "attempt.failed") {
            return;
        }
        let Some((then, now)) = self.verdicts(run, line) else {
            self.kept += 1;
            return;
        };
        self.attempts += 1;
        self.by_status_alone += u64::from(line.stdout_tail.is_none() && line.stderr_tail.is_none());
        if then != now {
            match run.rejudged.iter_mut().find(|(verdicts, _)| *verdicts == (then, now)) {
                Some((_, attempts)) => *attempts += 1,
                None => run.rejudged.push(((then, now), 1)),
            }
        }
    }

    /// The classes of then and now. `None` where there is nothing to judge by.
    fn verdicts(&mut self, run: &Run, line: &Line<'_>) -> Option<(usize, usize)> {
        let then = CLASSES.iter().position(|class| *class == &*line.class)?;
        let was_not_started = &*line.rule.source == "builtin" && matches!(line.exit_code, Some(126 | 127));
        if &*line.rule.source == "hint" || was_not_started {
            return None;
        }
        let ending = match (line.exit_code, &line.signal) {
            (_, Some(name)) => Ending::Signaled(signal::parse(name)?),
            (Some(status), None) => Ending::Exited(status),
            (None, None) => return None,
        };
        let bytes =
            |tail: &Option<super::line::Text<'_>>| tail.as_ref().map(|tail| Rc::from(tail.as_bytes()));
        let text = CapturedText {
            stdout: bytes(&line.stdout_tail),
            stderr: bytes(&line.stderr_tail),
            merged: false,
        };
        let attempt = AttemptResult {
            timed_out: line.timed_out,
            output: Output { text, ..Output::default() },
            ended_at: line.at().unwrap_or_default().div_euclid(SECOND),
            ..AttemptResult::ended(ending)
        };
        let now = self.judge(run, attempt);
        Some((then, CLASSES.iter().position(|class| *class == now)?))
    }

    fn judge(&mut self, run: &Run, attempt: AttemptResult) -> &'static str {
        let argv: Vec<_> = run.argv.iter().map(std::ffi::OsString::from).collect();
        let selection = Selection::choose(&self.profiles, &argv, &self.users);
        let key = (selection.names.clone(), selection.claims);
        let rules = self.known.entry(key).or_insert_with(|| {
            let knowledge = Rc::new(Knowledge::new(selection, self.users.clone()));
            Rules { knowledge, ..self.rules.clone() }
        });
        rules.classify_text(attempt).class.name()
    }
}

impl Rejudged {
    pub(super) fn add(&mut self, run: &Run, stop: &Stop) {
        for (verdicts, attempts) in &run.rejudged {
            let [all, runs, succeeded] = self.changes.entry(*verdicts).or_default();
            *all += attempts;
            *runs += 1;
            *succeeded += u64::from(stop.outcome == Outcome::Succeeded);
        }
    }

    pub(super) fn report(&self, judge: &Judge) -> model::Rejudged {
        let change = |(verdicts, sums): (&(usize, usize), &[u64; 3])| model::Verdicts {
            from: CLASSES[verdicts.0],
            to: CLASSES[verdicts.1],
            attempts: sums[0],
            runs: sums[1],
            succeeded_runs: sums[2],
        };
        model::Rejudged {
            attempts: judge.attempts,
            by_status_alone: judge.by_status_alone,
            kept: judge.kept,
            changes: self.changes.iter().map(change).collect(),
        }
    }
}

/// The changes for people.
pub fn render(rejudged: &model::Rejudged) -> String {
    let mut out = format!("{} judged by the rules of now", plural(rejudged.attempts, "failed attempt"));
    if rejudged.by_status_alone > 0 {
        out += &format!(", {} by status alone (no output was logged)", rejudged.by_status_alone);
    }
    if rejudged.kept > 0 {
        out += &format!("; {} kept: hints of the command, or no start", rejudged.kept);
    }
    out += "\n";
    for change in &rejudged.changes {
        out += &format!(
            "  {} → {}  {} in {} ({} of them succeeded in the end)\n",
            change.from,
            change.to,
            plural(change.attempts, "attempt"),
            plural(change.runs, "run"),
            change.succeeded_runs
        );
    }
    if rejudged.changes.is_empty() {
        out += "  no verdict changes\n";
    }
    out
}
