//! Assembles runs from their lines. A run is held until its end; memory does not grow with the log.

use std::collections::{BTreeMap, HashMap};

use super::checkpoint::{self, OpenRun};
use super::line::{Line, Rule, Text};
use super::names::Names;
use super::rejudge::Judge;
use super::story::Story;
use crate::classify::signal;
use crate::event::Outcome;
pub(super) use crate::event::micros;

/// The most runs that are held at once: beyond that, the older half is given up as unfinished.
const MAX_OPEN_RUNS: usize = 1_000_000;
/// The most attempts of a run that are distinguished; later ones are added to the last.
pub(super) const MAX_ATTEMPTS: usize = 1_024;
/// The most causes of failure of a run that are distinguished.
const MAX_CAUSES: usize = 64;
/// Groups of one kind.
pub const MAX_GROUPS: usize = 10_000;

/// The texts that runs refer to by number.
#[derive(Debug)]
pub(super) struct Dictionary {
    pub names: Names,
    pub keys: Names,
    pub hosts: Names,
    pub labels: Names,
    pub policies: Names,
    pub programs: Names,
    pub kinds: Names,
    /// `source`, `profile`, `id`, `class`, with a NUL between them.
    pub rules: Names,
}

impl Default for Dictionary {
    fn default() -> Self {
        let names = || Names::new(MAX_GROUPS);
        Self {
            names: names(),
            keys: names(),
            hosts: names(),
            labels: names(),
            policies: names(),
            programs: names(),
            kinds: names(),
            rules: names(),
        }
    }
}

/// The classes of failures, in the order in which they are counted.
pub(super) const CLASSES: [&str; 3] = ["transient", "throttled", "permanent"];

/// How an attempt ended: a status, or the number of the signal's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Exit {
    Status(u8),
    Other,
}

/// Why attempts failed; attempts that have all of this in common are counted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub rule: u32,
    pub kind: Option<u32>,
    pub exit: Exit,
    /// The number of the text that matched no rule.
    pub text: Option<u32>,
}

/// The attempts of a run that failed of one cause.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub cause: Cause,
    pub attempts: u64,
    /// The first of them, counted from 1.
    pub first: u64,
    pub last: u64,
    /// The durations of the failed attempts and the waits after them, in microseconds.
    pub lost: u64,
}

/// An attempt's time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Try {
    /// Microseconds.
    pub duration: u64,
    /// The wait after it, in microseconds.
    pub wait: u64,
    pub succeeded: bool,
}

/// A run whose end has not been seen.
#[derive(Debug)]
pub(super) struct Run {
    pub name: u32,
    pub host: u32,
    pub key: Option<u32>,
    pub policy: Option<u32>,
    pub labels: Vec<u32>,
    pub program: Option<u32>,
    /// When it began, if its first or last line says so.
    pub started: Option<i64>,
    /// The time of its last line, in microseconds since the Unix epoch.
    pub last: i64,
    pub seen: Vec<Seen>,
    /// Failed attempts by class: transient, throttled, permanent.
    pub classes: [u64; 3],
    pub tries: Vec<Try>,
    /// The command's words, if verdicts are given again.
    pub argv: Vec<String>,
    /// How it is judged anew, for the judge.
    pub way: usize,
    /// Pairs of recorded and current verdicts, and the number of attempts with each.
    pub rejudged: Vec<((usize, usize), u64)>,
    /// Everything that its lines said, if requested.
    pub story: Option<Box<Story>>,
    /// The order of their first lines.
    age: u64,
}

impl Run {
    /// Takes what a line says of the run itself.
    fn take(&mut self, line: &Line<'_>, at: i64, dictionary: &mut Dictionary) {
        self.last = self.last.max(at);
        let duration = micros(line.duration_ms);
        match &*line.event {
            "run.start" => self.started = Some(at),
            "run.stop" => self.started = self.started.or(line.started_at()),
            "attempt.success" => self.tried(Try { duration, wait: 0, succeeded: true }),
            "attempt.retry" | "attempt.failed" => {
                self.tried(Try { duration, wait: micros(line.delay_ms), succeeded: false });
                let class = CLASSES.iter().position(|class| *class == &*line.class);
                self.classes[class.unwrap_or_default()] += 1;
            }
            _ => {}
        }
        if let Some(program) = &line.program {
            self.program = Some(dictionary.programs.number(program));
        }
        if let Some(story) = &mut self.story {
            story.take(line, at);
        }
    }

    /// Attempts that succeeded.
    pub(super) fn successes(&self) -> u64 {
        self.tries.iter().filter(|attempt| attempt.succeeded).count() as u64
    }

    /// Adds an attempt.
    fn tried(&mut self, attempt: Try) {
        let is_full = self.tries.len() == MAX_ATTEMPTS;
        match self.tries.last_mut().filter(|_| is_full) {
            Some(last) => {
                last.duration += attempt.duration;
                last.wait += attempt.wait;
            }
            None => self.tries.push(attempt),
        }
    }

    /// Adds a failure to those of its cause.
    fn failed(&mut self, cause: Option<Cause>, line: &Line<'_>) {
        let Some(cause) = cause else { return };
        let lost = micros(line.duration_ms) + micros(line.delay_ms);
        let is_full = self.seen.len() == MAX_CAUSES;
        match self.seen.iter_mut().find(|seen| seen.cause == cause) {
            Some(seen) => {
                seen.attempts += 1;
                seen.first = seen.first.min(line.attempt);
                seen.last = seen.last.max(line.attempt);
                seen.lost += lost;
            }
            None if is_full => {}
            None => {
                self.seen.push(Seen { cause, attempts: 1, first: line.attempt, last: line.attempt, lost });
            }
        }
    }
}

impl Cause {
    fn of(line: &Line<'_>, dictionary: &mut Dictionary, text: Option<u32>) -> Self {
        let Rule { source, profile, id } = &line.rule;
        let profile = profile.as_deref().unwrap_or_default();
        let mut rule = format!("{}\0{profile}\0{}\0{}", &**source, &**id, &*line.class);
        if memchr::memchr_iter(0, rule.as_bytes()).count() > 3 {
            let parts = [source, profile, id, &*line.class].map(|part: &str| part.replace('\0', "\u{fffd}"));
            rule = parts.join("\0");
        }
        Self {
            rule: dictionary.rules.number(&rule),
            kind: line.kind.as_ref().map(|kind| dictionary.kinds.number(kind)),
            exit: line.exit_code.filter(|_| !line.timed_out).map_or(Exit::Other, Exit::Status),
            text,
        }
    }
}

/// The end of a run, from `run.stop`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// Microseconds since the Unix epoch.
    pub at: i64,
    pub outcome: Outcome,
    pub attempts: u64,
    pub elapsed: u64,
    pub slept: u64,
    /// Failures came before it.
    pub had_failures: bool,
    /// As a shell would report it.
    pub status: u8,
}

impl Stop {
    fn of(line: &Line<'_>, at: i64) -> Self {
        Self {
            at,
            outcome: line.ended(),
            attempts: line.attempts,
            elapsed: micros(line.elapsed_ms),
            slept: micros(line.slept_ms),
            had_failures: !line.failures.is_empty(),
            status: line.exit_code.or_else(|| signal::status(line.signal.as_ref()?)).unwrap_or(0),
        }
    }
}

/// The runs under way.
#[derive(Debug, Default)]
pub(super) struct Open {
    runs: HashMap<Box<str>, Run>,
    age: u64,
    /// Each run keeps its story.
    stories: bool,
    /// Judges attempts again.
    judge: Option<Judge>,
    /// The number of runs given up for lack of room.
    pub dropped: u64,
}

impl Open {
    pub(super) fn new(stories: bool, judge: Option<Judge>) -> Self {
        Self { stories, judge, ..Self::default() }
    }

    /// The judge that gave verdicts anew.
    pub(super) fn judge(&self) -> Option<&Judge> {
        self.judge.as_ref()
    }

    /// Takes a line of a run, and returns the run after its last one. `text` numbers the text of a failure that matched no
    /// rule, given the command's program.
    pub(super) fn take(
        &mut self,
        line: &Line<'_>,
        at: i64,
        dictionary: &mut Dictionary,
        text: impl FnOnce(&Line<'_>, Option<u32>) -> Option<u32>,
    ) -> Option<(Run, Stop)> {
        if &*line.event == "run.stop" {
            let run = self.runs.remove(&*line.run);
            let mut run = run.unwrap_or_else(|| self.begin(line, at, dictionary));
            run.take(line, at, dictionary);
            return Some((run, Stop::of(line, at)));
        }
        // Hooks of a finished run do not begin another one.
        let is_late = &*line.event == "hook" && !self.runs.contains_key(&*line.run);
        if is_late || !is_known(&line.event) {
            return None;
        }
        let cause = matches!(&*line.event, "attempt.retry" | "attempt.failed").then(|| {
            let program = self.runs.get(&*line.run).and_then(|run| run.program);
            Cause::of(line, dictionary, text(line, program))
        });
        if let Some(run) = self.runs.get_mut(&*line.run) {
            run.take(line, at, dictionary);
            run.failed(cause, line);
            self.judge.iter_mut().for_each(|judge| judge.take(run, line));
        } else {
            self.make_room();
            let mut run = self.begin(line, at, dictionary);
            run.take(line, at, dictionary);
            run.failed(cause, line);
            self.judge.iter_mut().for_each(|judge| judge.take(&mut run, line));
            self.runs.insert((&*line.run).into(), run);
        }
        None
    }

    /// Takes up runs that began in what was read before.
    pub(super) fn restore(&mut self, runs: BTreeMap<String, OpenRun>, dictionary: &mut Dictionary) {
        for (id, open) in runs {
            let line = Line {
                name: Text(open.name.as_str().into()),
                policy: open.policy.as_deref().map(|policy| Text(policy.into())),
                ..Line::default()
            };
            let mut run = self.begin(&line, open.last, dictionary);
            run.classes = open.failures;
            (0..open.successes).for_each(|_| run.tried(Try { succeeded: true, ..Try::default() }));
            self.runs.insert(id.into(), run);
        }
    }

    /// The runs that have not ended, for [`Open::restore`]: the latest ones, where there are many.
    pub(super) fn kept(&self, dictionary: &Dictionary) -> BTreeMap<String, OpenRun> {
        let mut runs: Vec<_> = self.runs.iter().collect();
        runs.sort_by_key(|(_, run)| std::cmp::Reverse((run.last, run.age)));
        let kept = runs.into_iter().take(checkpoint::MAX_OPEN_RUNS).map(|(id, run)| {
            let open = OpenRun {
                name: dictionary.names.text(run.name).to_owned(),
                policy: run.policy.map(|policy| dictionary.policies.text(policy).to_owned()),
                successes: run.successes(),
                failures: run.classes,
                last: run.last,
            };
            (id.to_string(), open)
        });
        kept.collect()
    }

    fn begin(&mut self, line: &Line<'_>, at: i64, dictionary: &mut Dictionary) -> Run {
        self.age += 1;
        let label = |(name, value): &(Text<'_>, Text<'_>)| format!("{}={}", &**name, &**value);
        Run {
            name: dictionary.names.number(&line.name),
            host: dictionary.hosts.number(&line.host),
            key: line.key.as_ref().map(|key| dictionary.keys.number(key)),
            policy: line.policy.as_ref().map(|policy| dictionary.policies.number(policy)),
            labels: line.labels.0.iter().map(|pair| dictionary.labels.number(&label(pair))).collect(),
            program: None,
            started: None,
            last: at,
            seen: Vec::new(),
            classes: [0; 3],
            tries: Vec::new(),
            argv: Vec::new(),
            way: 0,
            rejudged: Vec::new(),
            story: self.stories.then(|| Box::new(Story::begin(line))),
            age: self.age,
        }
    }

    /// Gives up the older half if there is no room left.
    fn make_room(&mut self) {
        if self.runs.len() < MAX_OPEN_RUNS {
            return;
        }
        let mut ages: Vec<_> = self.runs.values().map(|run| run.age).collect();
        let middle = ages.len() / 2;
        let median = *ages.select_nth_unstable(middle).1;
        self.runs.retain(|_, run| run.age >= median);
        self.dropped += middle as u64;
    }

    /// The moments of the last lines of the runs that have not ended.
    pub(super) fn left(&self) -> impl Iterator<Item = i64> {
        self.runs.values().map(|run| run.last)
    }

    /// The moments at which the runs that have not ended began, where that is known.
    pub(super) fn started(&self) -> impl Iterator<Item = i64> {
        self.runs.values().filter_map(|run| run.started)
    }

    /// The stories of the runs that have not ended.
    pub(super) fn into_stories(self) -> impl Iterator<Item = (i64, Story)> {
        self.runs.into_values().filter_map(|run| Some((run.last, *run.story?)))
    }
}

fn is_known(event: &str) -> bool {
    matches!(
        event,
        "run.start"
            | "attempt.start"
            | "attempt.success"
            | "attempt.retry"
            | "attempt.failed"
            | "gate.wait"
            | "gate.refused"
            | "gate.bypassed"
            | "hook"
    )
}
