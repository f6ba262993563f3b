//! Failures that match no rule, by their output: counted by text, and combined into templates at the end.

mod cluster;
mod key_text;
mod mask;

use std::collections::{BTreeMap, HashMap};

use super::line::Line;
use super::names::Names;
use super::runs::{Exit, Run, Stop};
use crate::event::Outcome;

pub(super) use crate::base::secrets::without_secrets;
pub(super) use cluster::ANY;
pub(super) use key_text::{GAP, is_strong};

/// The most texts that are distinguished.
const MAX_TEXTS: usize = 10_000;
/// The most sets of texts in a run that are distinguished.
const MAX_SETS: usize = 20_000;
/// The most samples of a template.
const MAX_SAMPLES: usize = 20;

/// The stream that a text was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Said {
    Stderr,
    Stdout,
    /// Sometimes one and sometimes the other, as when only some runs had both in one file.
    Either,
}

/// A masked text.
#[derive(Debug)]
struct Text {
    program: Option<u32>,
    said: Said,
    masked: String,
    /// An unmasked text: the smallest one, so that the order does not matter.
    sample: String,
    attempts: u64,
    lost: u64,
    first: i64,
    /// The exits of all its attempts, one after the other.
    exits: Vec<Exit>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Texts {
    entries: Vec<Text>,
    numbers: HashMap<(Option<u32>, Said, String), u32>,
    /// Runs by the texts they have seen, each with whether another attempt followed: how many, and how many succeeded.
    sets: BTreeMap<Vec<(u32, bool)>, (u64, u64)>,
    /// Attempts that match no rule and whose output was not logged.
    pub(super) without_tail: u64,
}

/// Failures with similar output.
#[derive(Clone, Debug)]
pub struct Template {
    pub program: String,
    pub said: Said,
    /// The words, masked.
    pub words: Vec<String>,
    pub samples: Vec<String>,
    pub attempts: u64,
    pub runs: u64,
    pub retried: u64,
    pub helped: u64,
    /// Microseconds.
    pub lost: u64,
    /// The end of the first run with such a failure.
    pub first: i64,
    /// The exit status of all its attempts.
    pub exit: Option<u8>,
}

impl Texts {
    /// The number of the text of a failure, if it matches no rule and the log has its output.
    pub(super) fn number(&mut self, line: &Line<'_>, program: Option<u32>) -> Option<u32> {
        if &*line.rule.source != "builtin" || &*line.rule.id != "unmatched" {
            return None;
        }
        let tails = [(Said::Stderr, &line.stderr_tail), (Said::Stdout, &line.stdout_tail)];
        let found =
            tails.into_iter().find_map(|(said, tail)| Some((said, key_text::key_text(tail.as_deref()?)?)));
        let Some((said, sample)) = found else {
            self.without_tail += 1;
            return None;
        };
        let masked = mask::mask(&sample);
        let key = (program, said, masked);
        if let Some(number) = self.numbers.get(&key) {
            let text = &mut self.entries[*number as usize];
            if sample < text.sample {
                text.sample = sample;
            }
            return Some(*number);
        }
        if self.entries.len() >= MAX_TEXTS {
            return None;
        }
        let number = u32::try_from(self.entries.len()).ok()?;
        let masked = key.2.clone();
        self.numbers.insert(key, number);
        let first = i64::MAX;
        self.entries.push(Text {
            program,
            said,
            masked,
            sample,
            attempts: 0,
            lost: 0,
            first,
            exits: Vec::new(),
        });
        Some(number)
    }

    /// Adds a run that has ended.
    pub(super) fn add(&mut self, run: &Run, stop: &Stop) {
        let mut set: BTreeMap<u32, bool> = BTreeMap::new();
        for seen in &run.seen {
            let Some(number) = seen.cause.text else { continue };
            let text = &mut self.entries[number as usize];
            text.attempts += seen.attempts;
            text.lost += seen.lost;
            text.first = text.first.min(stop.at);
            if !text.exits.contains(&seen.cause.exit) {
                text.exits.push(seen.cause.exit);
            }
            *set.entry(number).or_default() |= seen.first < stop.attempts;
        }
        if set.is_empty() {
            return;
        }
        let key: Vec<_> = set.into_iter().collect();
        if self.sets.len() < MAX_SETS || self.sets.contains_key(&key) {
            let (runs, succeeded) = self.sets.entry(key).or_default();
            *runs += 1;
            *succeeded += u64::from(stop.outcome == Outcome::Succeeded);
        }
    }

    /// The templates, those that cost most attempts first.
    pub(super) fn templates(&self, programs: &Names) -> Vec<Template> {
        let mut order: Vec<_> =
            self.entries.iter().enumerate().filter(|(_, text)| text.attempts > 0).collect();
        let program =
            |text: &Text| text.program.map(|number| programs.text(number).to_owned()).unwrap_or_default();
        order.sort_by_cached_key(|(_, text)| (program(text), text.masked.clone(), text.said));
        let keyed: Vec<_> = order.iter().map(|(_, text)| (program(text), &*text.masked)).collect();
        let clusters = cluster::cluster(&keyed);
        let mut cluster_of: HashMap<u32, usize> = HashMap::new();
        for (at, cluster) in clusters.iter().enumerate() {
            cluster_of.extend(
                cluster.members.iter().filter_map(|member| Some((u32::try_from(order[*member].0).ok()?, at))),
            );
        }
        let mut templates: Vec<_> = clusters
            .iter()
            .map(|cluster| {
                let texts: Vec<_> = cluster.members.iter().map(|member| order[*member].1).collect();
                template(&texts, cluster.words.clone(), program(texts[0]))
            })
            .collect();
        for (set, (runs, succeeded)) in &self.sets {
            let mut seen: BTreeMap<usize, bool> = BTreeMap::new();
            for (number, retried) in set {
                if let Some(at) = cluster_of.get(number) {
                    *seen.entry(*at).or_default() |= retried;
                }
            }
            for (at, retried) in seen {
                templates[at].runs += runs;
                if retried {
                    templates[at].retried += runs;
                    templates[at].helped += succeeded;
                }
            }
        }
        templates.sort_by(|a, b| {
            let key = |template: &Template| {
                (std::cmp::Reverse(template.attempts), template.program.clone(), template.words.clone())
            };
            key(a).cmp(&key(b))
        });
        templates
    }
}

fn template(texts: &[&Text], words: Vec<String>, program: String) -> Template {
    let mut exits: Vec<_> = texts.iter().flat_map(|text| &text.exits).copied().collect();
    exits.dedup();
    let exit = match exits[..] {
        [Exit::Status(status)] => Some(status),
        _ => None,
    };
    let mut samples: Vec<_> = texts.iter().map(|text| text.sample.clone()).collect();
    samples.sort();
    samples.dedup();
    samples.truncate(MAX_SAMPLES);
    let said = texts[0].said;
    Template {
        program,
        said: if texts.iter().all(|text| text.said == said) { said } else { Said::Either },
        words,
        samples,
        attempts: texts.iter().map(|text| text.attempts).sum(),
        runs: 0,
        retried: 0,
        helped: 0,
        lost: texts.iter().map(|text| text.lost).sum(),
        first: texts.iter().map(|text| text.first).min().unwrap_or_default(),
        exit,
    }
}

/// Parts that tests look into.
#[cfg(test)]
pub(super) mod parts {
    pub(in crate::report) use super::key_text::key_text;
    pub(in crate::report) use super::mask::mask;
}
