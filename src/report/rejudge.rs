//! Judges recorded attempts again: each failed attempt, with its recorded status and output, is judged by the current
//! rules, so that a rule can be tried before it is trusted. Settings on judging that the run's log records apply unless
//! current ones override them.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::rc::Rc;

use serde_json::value::RawValue;

use super::line::Line;
use super::model;
use super::runs::{CLASSES, Run, Stop};
use super::time::SECOND;
use crate::base::words::plural;
use crate::classify::profile::{Claims, Knowledge, Profile, Selection};
use crate::classify::{AttemptResult, CapturedText, Ending, Output, Rules, signal};
use crate::event::Outcome;
use crate::policy::layer::Origin;
use crate::policy::{Request, Resolved, judging, policy_names, resolve, user_profiles};

/// The number of command lines whose judges are kept.
const MOST_KNOWN: usize = 1000;

/// Judges attempts again. Patterns are compiled once for all attempts of a command.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The current settings.
    request: Request,
    users: Vec<Rc<Profile>>,
    /// How runs are judged, by the policy that they named and the settings that their log tells; the first is of those that
    /// told nothing.
    ways: Vec<Way>,
    numbers: HashMap<(Option<String>, String), usize>,
    by_status_alone: u64,
    kept: u64,
    attempts: u64,
}

/// Runs by their recorded and current verdicts.
#[derive(Debug, Default)]
pub(super) struct Rejudged {
    /// Attempts, runs, and runs that succeeded.
    changes: BTreeMap<(usize, usize), [u64; 3]>,
}

/// The rules and profiles of one policy.
#[derive(Clone, Debug)]
struct Way {
    rules: Rules,
    profiles: Vec<String>,
    known: HashMap<(Vec<String>, Claims, Vec<OsString>), Rules>,
}

impl Way {
    fn of(resolved: &Resolved) -> Self {
        let policy = &resolved.policy;
        Self { rules: policy.rules(), profiles: policy.profile.0.clone(), known: HashMap::new() }
    }
}

/// Ways of judging at most: further runs are judged as if they had told nothing.
const MOST_WAYS: usize = 1000;

impl Judge {
    /// `request`: all that is given now, and what it comes to.
    pub fn new(request: Request, resolved: &Resolved) -> Self {
        Self {
            users: user_profiles(&request.files),
            request,
            ways: vec![Way::of(resolved)],
            numbers: HashMap::new(),
            by_status_alone: 0,
            kept: 0,
            attempts: 0,
        }
    }

    /// The way to judge a run by what its start tells.
    fn way(&mut self, line: &Line<'_>) -> usize {
        let named = line.policy.as_ref().map(|policy| policy.to_string());
        let settings = line.settings.map_or("", RawValue::get);
        let key = (named, settings.to_owned());
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = self.find_way(&key).filter(|_| self.ways.len() < MOST_WAYS).map_or(0, |way| {
            self.ways.push(way);
            self.ways.len() - 1
        });
        if self.numbers.len() < MOST_WAYS {
            self.numbers.insert(key, number);
        }
        number
    }

    /// `None` where what was told is none of now's.
    fn find_way(&self, (named, settings): &(Option<String>, String)) -> Option<Way> {
        let mut request = self.request.clone();
        if let Some(name) = named.as_ref().filter(|_| request.named.is_none())
            && policy_names(&request.files).contains(&&**name)
        {
            request.named = Some((name.clone(), Origin::Log));
        }
        request.log = judging(&serde_json::from_str(settings).unwrap_or_default());
        resolve(&request).ok().map(|resolved| Way::of(&resolved))
    }

    /// Judges the attempt of a line, and notes a verdict that differs from the recorded one.
    pub(super) fn take(&mut self, run: &mut Run, line: &Line<'_>) {
        if &*line.event == "run.start" {
            let words = line.argv.iter().flatten().chain(line.program.iter().filter(|_| line.argv.is_none()));
            run.argv = words.map(|word| word.to_string()).collect();
            run.way = self.way(line);
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

    /// The recorded and the current class. `None` if there is nothing to judge by.
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
            output: Some(Box::new(Output { text, ..Output::default() })),
            ended_at: line.at().unwrap_or_default().div_euclid(SECOND),
            ..AttemptResult::ended(ending)
        };
        let now = self.judge(run, attempt);
        Some((then, CLASSES.iter().position(|class| *class == now)?))
    }

    fn judge(&mut self, run: &Run, attempt: AttemptResult) -> &'static str {
        let argv: Vec<_> = run.argv.iter().map(OsString::from).collect();
        let way = &mut self.ways[run.way];
        let selection = Selection::choose(&way.profiles, &argv, &self.users);
        let key = (selection.names.clone(), selection.claims, selection.arguments.clone());
        if way.known.len() >= MOST_KNOWN {
            way.known.clear();
        }
        let rules = way.known.entry(key).or_insert_with(|| {
            let knowledge = Rc::new(Knowledge::new(selection, self.users.clone()));
            Rules { knowledge, ..way.rules.clone() }
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
    let mut out = format!("{} classified by the current rules", plural(rejudged.attempts, "failed attempt"));
    if rejudged.by_status_alone > 0 {
        out += &format!(", {} by exit status alone (no output was logged)", rejudged.by_status_alone);
    }
    if rejudged.kept > 0 {
        out += &format!("; {} kept: hints from the command, or not started", rejudged.kept);
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
