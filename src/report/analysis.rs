//! Turns blocks of bytes into the report in one pass: lines, their runs, and the sums over runs.

use std::collections::BTreeMap;

use memchr::memmem::Finder;

use super::checkpoint::Totals;
use super::choice::{Choice, Chosen, Picked};
use super::filter::Filter;
use super::line::{self, Line};
use super::lines::{Lines, Piece};
use super::rejudge::{Judge, Rejudged};
use super::runs::{Dictionary, Open, Run, Stop};
use super::stats::Stats;
use super::story::Story;
use super::summary;
use super::traffic::Traffic;
use super::unmatched::{Template, Texts};
use super::what_if::{Setting, WhatIfs};
use crate::metrics::{Ended, Metrics};
use crate::report::model::Report;

/// The parts of the report that are wanted.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub filter: Filter,
    pub stories: Stories,
    pub what_if: Vec<Setting>,
    /// Only this run.
    pub run: Option<Choice>,
    /// Judges each failed attempt again.
    pub judge: Option<Judge>,
    /// Keeps what can be played back.
    pub traffic: bool,
}

/// The runs that are kept completely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stories {
    #[default]
    None,
    /// The last ones that did not succeed on the first attempt, unfinished ones included, up to this many.
    Troubled(usize),
    /// The first ones, up to this many.
    All(usize),
}

impl Stories {
    /// Adds a run to those that are kept, which are sorted by their start; false if there is no room for it.
    fn add(self, kept: &mut BTreeMap<(i64, String), Story>, story: Story) -> bool {
        let (most, first) = match self {
            Self::None => return true,
            Self::Troubled(most) => (most, false),
            Self::All(most) => (most, true),
        };
        if first && kept.len() >= most {
            return false;
        }
        kept.insert((story.started, story.run.clone()), story);
        if kept.len() > most {
            kept.pop_first();
        }
        true
    }
}

/// The state of the input, for a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    pub lines: u64,
    /// Lines of a log.
    pub ours: u64,
    pub skipped: u64,
    pub newer: u64,
    pub too_long: u64,
    /// Files whose last line is cut off.
    pub cut_off: u64,
    /// The number of those that could not be read any further.
    pub cut_short: u64,
    /// The input was not read to its end.
    pub interrupted: bool,
    /// The first line that was skipped: file, number, why.
    pub first_skipped: Option<(String, u64, String)>,
}

/// The pass.
#[derive(Debug)]
pub struct Analysis {
    splitter: Lines,
    core: Core,
}

#[derive(Debug)]
struct Core {
    filter: Filter,
    keep: Stories,
    /// Whether lines are needed that only say that an attempt has begun.
    starts: bool,
    /// Finds them.
    start: Finder<'static>,
    input: Input,
    /// The file and the number of its lines so far.
    file: String,
    number: u64,
    /// The file could not be read to its end.
    is_short: bool,
    dictionary: Dictionary,
    open: Open,
    stats: Stats,
    stories: BTreeMap<(i64, String), Story>,
    /// There were more runs than are kept.
    overflowed: bool,
    chosen: Option<Chosen>,
    texts: Texts,
    metrics: Metrics,
    rejudged: Rejudged,
    traffic: Option<Traffic>,
}

/// The results of the pass.
#[derive(Debug)]
pub struct Outcome {
    pub report: Report,
    pub input: Input,
    /// In the order in which they started.
    pub stories: Vec<Story>,
    /// There were more runs than are kept.
    pub overflowed: bool,
    /// The chosen run, if one was requested.
    pub picked: Option<Picked>,
    /// Failures that match no rule, those that cost most attempts first.
    pub templates: Vec<Template>,
    pub metrics: Metrics,
    /// The traffic to play back, if requested.
    pub traffic: Option<Traffic>,
}

impl Analysis {
    pub fn new(options: &Options) -> Self {
        let filter = options.filter.clone();
        let stories = options.stories != Stories::None;
        let core = Core {
            starts: stories || options.run.is_some() || filter.since.is_some() || filter.until.is_some(),
            start: Finder::new(br#""event":"attempt.start""#),
            filter,
            keep: options.stories,
            input: Input::default(),
            file: String::new(),
            number: 0,
            is_short: false,
            dictionary: Dictionary::default(),
            open: Open::new(stories, options.judge.clone()),
            rejudged: Rejudged::default(),
            stats: Stats::new(WhatIfs::new(&options.what_if)),
            stories: BTreeMap::new(),
            overflowed: false,
            chosen: options.run.clone().map(Chosen::new),
            texts: Texts::default(),
            metrics: Metrics::default(),
            traffic: options.traffic.then(Traffic::default),
        };
        Self { splitter: Lines::default(), core }
    }

    /// Begins a file; the name is for messages.
    pub fn begin(&mut self, file: &str) {
        file.clone_into(&mut self.core.file);
        self.core.number = 0;
    }

    /// Takes the next block of the file.
    pub fn feed(&mut self, block: &[u8]) {
        let Self { splitter, core } = self;
        splitter.feed(block, |piece| core.take(piece));
    }

    /// Ends the file.
    pub fn end(&mut self) {
        let Self { splitter, core } = self;
        let before = core.input.cut_off;
        splitter.end(|piece| core.take(piece));
        if std::mem::take(&mut core.is_short) {
            core.input.cut_short += core.input.cut_off - before;
        }
    }

    /// Notes that the file cannot be read any further, so that its last line was not cut off by the writer.
    pub fn cut_short(&mut self) {
        self.core.is_short = true;
    }

    /// Bytes of the file after its last line feed.
    pub fn pending(&self) -> u64 {
        self.splitter.pending
    }

    /// Continues from a checkpoint. To be called before any file.
    pub fn resume(&mut self, totals: Totals) {
        let Core { open, dictionary, metrics, .. } = &mut self.core;
        *metrics = totals.metrics;
        open.restore(totals.open, dictionary);
    }

    /// The totals from which the next report continues.
    pub fn totals(&self) -> Totals {
        let Core { open, dictionary, metrics, .. } = &self.core;
        Totals { metrics: metrics.clone(), open: open.kept(dictionary) }
    }

    /// Abandons the rest of the input: the report covers what was read so far, and says so.
    pub fn interrupt(&mut self) {
        self.splitter = Lines::default();
        self.core.input.interrupted = true;
    }

    /// The state of the input read so far.
    pub fn input(&self) -> &Input {
        &self.core.input
    }

    pub fn finish(mut self) -> Outcome {
        let picked = self.core.chosen.take().map(|chosen| {
            let filter = self.core.filter.clone();
            chosen.give(&filter, |line| {
                let _read_before = line::read(line, |line, at| self.core.line(line, at));
            })
        });
        let Core {
            filter,
            keep,
            input,
            dictionary,
            open,
            stats,
            mut stories,
            mut overflowed,
            texts,
            metrics,
            rejudged,
            mut traffic,
            ..
        } = self.core;
        if let Some(traffic) = &mut traffic {
            open.started().for_each(|at| traffic.began(at));
        }
        let unfinished = open.dropped + open.left().filter(|last| filter.takes_open(*last)).count() as u64;
        let templates = texts.templates(&dictionary.programs);
        let mut report = summary::report(&stats, &dictionary, &filter, &input, unfinished);
        report.templates = templates.iter().map(summary::template).collect();
        report.unmatched_without_output = texts.without_tail;
        report.rejudged = open.judge().map(|judge| rejudged.report(judge));
        let left = open.into_stories().filter(|(last, _)| filter.takes_open(*last));
        for (_, story) in left {
            overflowed |= !keep.add(&mut stories, story);
        }
        Outcome {
            report,
            input,
            stories: stories.into_values().collect(),
            overflowed,
            picked,
            templates,
            metrics,
            traffic,
        }
    }
}

impl Core {
    fn take(&mut self, piece: Piece<'_>) {
        self.number += 1;
        let (line, is_rest) = match piece {
            Piece::TooLong => {
                self.input.lines += 1;
                self.input.too_long += 1;
                return;
            }
            Piece::Line(line) => (line, false),
            Piece::Rest(line) => (line, true),
        };
        if line.trim_ascii().is_empty() {
            return;
        }
        self.input.lines += 1;
        if !self.starts && self.is_plain_start(line) {
            self.input.ours += 1;
            return;
        }
        let read = line::read(line, |parsed, at| match &mut self.chosen {
            Some(chosen) if self.filter.takes(parsed) => chosen.take(parsed, at, line, &self.filter),
            Some(_) => {}
            None => self.line(parsed, at),
        });
        match read {
            Ok(()) => self.input.ours += 1,
            Err(_) if is_rest && line.contains(&b'{') => self.input.cut_off += 1,
            Err(why) => {
                self.input.skipped += 1;
                let first = || (self.file.clone(), self.number, why);
                self.input.first_skipped.get_or_insert_with(first);
            }
        }
    }

    fn line(&mut self, line: &Line<'_>, at: i64) {
        self.input.newer += u64::from(line.is_newer());
        if !self.filter.takes(line) {
            return;
        }
        if let Some(traffic) = &mut self.traffic {
            traffic.take(line, at);
        }
        let ended =
            self.open.take(line, at, &mut self.dictionary, |line, program| self.texts.number(line, program));
        if let Some((run, stop)) = ended.filter(|(_, stop)| self.filter.takes_end(stop.at, stop.outcome)) {
            self.stats.add(&run, &stop);
            self.traffic.iter_mut().for_each(|traffic| traffic.add(&run, &stop));
            self.texts.add(&run, &stop);
            self.rejudged.add(&run, &stop);
            let mut metrics = std::mem::take(&mut self.metrics);
            metrics.add(&self.ended(&run, &stop));
            self.metrics = metrics;
            self.keep(run, &stop);
        }
    }

    /// The end of a run as metrics count it.
    fn ended<'d>(&'d self, run: &Run, stop: &Stop) -> Ended<'d> {
        let policy = run.policy.map(|policy| self.dictionary.policies.text(policy));
        let [transient, throttled, permanent] = run.classes;
        Ended {
            operation: self.dictionary.names.text(run.name),
            policy: policy.unwrap_or("default"),
            labels: &[],
            outcome: stop.outcome,
            rescued: stop.had_failures && stop.outcome == crate::event::Outcome::Succeeded,
            classes: [run.successes(), transient, throttled, permanent],
            attempts: stop.attempts,
            waited: stop.slept,
            elapsed: stop.elapsed,
            status: stop.status,
            at: stop.at,
        }
    }

    fn keep(&mut self, run: Run, stop: &Stop) {
        let Some(story) = run.story.map(|story| *story) else { return };
        let troubled = stop.had_failures || stop.outcome != crate::event::Outcome::Succeeded;
        if troubled || !matches!(self.keep, Stories::Troubled(_)) {
            self.overflowed |= !self.keep.add(&mut self.stories, story);
        }
    }

    /// Whether the line is ours and only says that an attempt has begun. In text that a line quotes, the quotes would
    /// follow backslashes.
    fn is_plain_start(&self, line: &[u8]) -> bool {
        line.starts_with(br#"{"v":1,"#) && line.ends_with(b"}") && self.start.find(line).is_some()
    }
}
