//! Drafts rules from templates. Each is checked before it is shown, by the program's own reader and judge. One that fails
//! is shown as a comment, with the reason.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::sketch::share;
use super::time;
use super::unmatched::{ANY, GAP, Said, Template, is_strong, without_secrets};
use crate::base::problem::{Problem, Source};
use crate::base::words::plural;
use crate::classify::profile::{Example, Profile, is_known};
use crate::policy::file;

/// The number of runs from which a template deserves a rule.
const MIN_RUNS: u64 = 3;
/// The number of retried runs without a success from which a failure counts as permanent.
const MIN_RETRIED: u64 = 20;
/// The least number of words in a pattern.
const MIN_WORDS: usize = 2;

/// A rule as it would stand in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// TOML: a comment with the numbers, then the rule, or a comment of it where it is not usable.
    pub toml: String,
    /// The rule passed its checks.
    pub is_usable: bool,
}

/// Drafts for templates that no rule of the `known` profiles judges, those that cost most time first. Known ids and
/// profiles are not used again.
pub fn drafts(templates: &[Template], known: &[Rc<Profile>]) -> Vec<Drafted> {
    let mut worth: Vec<_> = templates.iter().filter(|template| is_worth_a_rule(template)).collect();
    worth.sort_by_key(|template| (std::cmp::Reverse(template.lost), &template.program, &template.words));
    let ids = |profile: &Rc<Profile>| {
        let name = profile.name.to_string();
        profile.rules.iter().map(|rule| (name.clone(), rule.id.to_string())).collect::<Vec<_>>()
    };
    let mut ids: BTreeSet<_> = known.iter().flat_map(ids).collect();
    let mut begun: BTreeSet<_> = known.iter().map(|profile| profile.name.to_string()).collect();
    let mut out = Vec::new();
    for template in worth {
        if is_judged(template, known) {
            continue;
        }
        let draft = Draft::of(template, &mut ids);
        let others = templates
            .iter()
            .filter(|other| !std::ptr::eq(*other, template) && other.program == template.program);
        let problem = draft.problem(template, others);
        let mut toml = format!("# {}\n", summary(template));
        match &problem {
            None => {
                let is_new = begun.insert(draft.profile.clone());
                toml += &draft.header().filter(|_| is_new).unwrap_or_default();
                toml += &draft.rule();
            }
            Some(why) => {
                toml += &format!("# Not usable as it is: {why}\n");
                toml += &draft.rule().lines().map(|line| format!("# {line}\n")).collect::<String>();
            }
        }
        out.push(Drafted { toml, is_usable: problem.is_none() });
    }
    out
}

/// Whether it was seen often enough.
pub fn is_worth_a_rule(template: &Template) -> bool {
    template.runs >= MIN_RUNS
}

/// Whether a rule of these profiles now judges the samples of the template.
fn is_judged(template: &Template, known: &[Rc<Profile>]) -> bool {
    let (program, profile) = program_and_profile(template);
    let is_its = |known: &&Rc<Profile>| *known.name == *profile || known.commands.contains(&program);
    known.iter().filter(is_its).flat_map(|profile| &profile.rules).any(|rule| {
        let matches = |example: &Example| rule.matches_example(example);
        template.samples.iter().all(|text| examples(template.said, text, template.exit).iter().all(matches))
    })
}

/// All drafts for a person to choose from. Empty when there is none.
pub fn printed(drafts: &[Drafted]) -> String {
    drafts.iter().map(|draft| draft.toml.as_str()).collect::<Vec<_>>().join("\n")
}

/// A configuration with the usable drafts appended; `None` if there is nothing to add. Errors are mistakes in the result.
pub fn merged(source: &Source, drafts: &[Drafted]) -> Result<Option<String>, Vec<Problem>> {
    let mut text = source.text.clone();
    for draft in drafts.iter().filter(|draft| draft.is_usable) {
        if !text.is_empty() {
            text += if text.ends_with('\n') { "\n" } else { "\n\n" };
        }
        text += &draft.toml;
    }
    if text == source.text {
        return Ok(None);
    }
    let (_, problems) = file::parse(&Rc::new(Source { path: source.path.clone(), text: text.clone() }));
    if problems.is_empty() { Ok(Some(text)) } else { Err(problems) }
}

/// `37 attempts in 21 runs since 2026-11-02; 19 runs went on to succeed (90 %, at least 71 %)`
fn summary(template: &Template) -> String {
    let seen = format!(
        "{} in {} since {}",
        plural(template.attempts, "attempt"),
        plural(template.runs, "run"),
        time::day(template.first)
    );
    match share(template.helped, template.retried) {
        None => format!("{seen}; none was retried"),
        Some(share) => format!(
            "{seen}; {} of {} retried went on to succeed ({:.0} %, at least {:.0} %)",
            template.helped,
            plural(template.retried, "run"),
            share.rate * 100.0,
            share.low * 100.0
        ),
    }
}

#[derive(Debug)]
struct Draft {
    program: String,
    profile: String,
    id: String,
    pattern: Option<String>,
    class: &'static str,
    /// Why the class is a guess.
    undecided: Option<String>,
    said: Said,
    exit: Option<u8>,
    example: String,
}

impl Draft {
    fn of(template: &Template, ids: &mut BTreeSet<(String, String)>) -> Self {
        let (program, profile) = program_and_profile(template);
        let half = half(&template.words);
        let (class, undecided) = class(template);
        Self {
            id: unique(&id(half), &profile, ids),
            profile,
            program,
            pattern: pattern(half),
            class,
            undecided,
            said: template.said,
            exit: template.exit,
            example: without_secrets(template.samples.first().map(String::as_str).unwrap_or_default()),
        }
    }

    /// The table of a new profile, with its program.
    fn header(&self) -> Option<String> {
        let is_new = !is_known(&self.profile) && !self.program.is_empty();
        is_new.then(|| format!("[profile.{}]\ncommand = [{}]\n\n", self.profile, text(&self.program)))
    }

    fn rule(&self) -> String {
        let stream = match self.said {
            Said::Stderr => "stderr",
            Said::Stdout => "stdout",
            Said::Either => "both",
        };
        let mut out = format!("[[profile.{}.rule]]\nid = {}\n", self.profile, text(&self.id));
        out += &self.exit.map(|status| format!("exit = {status}\n")).unwrap_or_default();
        out += &format!("{stream} = {}\n", text(self.pattern.as_deref().unwrap_or_default()));
        out += &format!("class = \"{}\"", self.class);
        out += &self.undecided.as_ref().map(|why| format!("  # undecided: {why}")).unwrap_or_default();
        let exit = self.exit.map(|status| format!("exit = {status}, ")).unwrap_or_default();
        out += &match (self.said, self.exit) {
            (Said::Stderr | Said::Either, None) => format!("\nexample = {}\n", text(&self.example)),
            (Said::Stdout, _) => format!("\nexample = {{ {exit}stdout = {} }}\n", text(&self.example)),
            _ => format!("\nexample = {{ {exit}stderr = {} }}\n", text(&self.example)),
        };
        out
    }

    /// Why the draft cannot be used, if so.
    fn problem<'t>(&self, template: &Template, others: impl Iterator<Item = &'t Template>) -> Option<String> {
        if self.pattern.is_none() {
            return Some("too few words stay the same".to_owned());
        }
        let toml = self.header().unwrap_or_default() + &self.rule();
        let source = Rc::new(Source { path: "draft".to_owned(), text: toml });
        let (file, problems) = file::parse(&source);
        if let Some(problem) = problems.first() {
            return Some(problem.lines().first().cloned().unwrap_or_default());
        }
        let rule = file.profiles.first().and_then(|profile| profile.rules.first());
        let Some(rule) = rule else { return Some("it does not make a rule".to_owned()) };
        let matches = |example: &Example| rule.matches_example(example);
        let known = |sample: &str| examples(self.said, sample, self.exit).iter().all(matches);
        if !known(&self.example) {
            return Some("it does not match its own example".to_owned());
        }
        if let Some(sample) = template.samples.iter().find(|sample| !known(sample)) {
            return Some(format!("it does not match {}", text(&without_secrets(sample))));
        }
        // An example of stderr would be read as one of the stream that the rule reads.
        let reads = |said: Said| self.said == said || self.said == Said::Either || said == Said::Either;
        for other in others.filter(|other| reads(other.said)) {
            if let Some(sample) = other
                .samples
                .iter()
                .find(|sample| examples(other.said, sample, self.exit).iter().any(matches))
            {
                return Some(format!("it also matches {}", text(&without_secrets(sample))));
            }
        }
        self.undecided.as_ref().map(|why| format!("undecided, {why}"))
    }
}

/// The base name of the template's program, and the profile that its rules belong to.
fn program_and_profile(template: &Template) -> (String, String) {
    let program = template.program.rsplit('/').next().unwrap_or_default().to_owned();
    let named: String = program
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let profile = named.trim_matches('-').to_owned();
    (program, if profile.is_empty() { "mytool".to_owned() } else { profile })
}

/// An example of the text for each stream that may contain it.
fn examples(said: Said, sample: &str, exit: Option<u8>) -> Vec<Example> {
    let (stderr, stdout) = (String::new(), String::new());
    let on_stderr = Example { exit, stderr: sample.to_owned(), stdout };
    let on_stdout = Example { exit, stderr, stdout: sample.to_owned() };
    match said {
        Said::Stderr => vec![on_stderr],
        Said::Stdout => vec![on_stdout],
        Said::Either => vec![on_stderr, on_stdout],
    }
}

/// The class that the numbers suggest, and why it is a guess if they do not.
fn class(template: &Template) -> (&'static str, Option<String>) {
    let words = template.words.join(" ").to_lowercase();
    let is_throttled = words.split(|c: char| !c.is_alphanumeric()).any(|word| word == "429")
        || words.contains("rate limit")
        || words.contains("too many requests")
        || words.contains("quota") && words.contains(" per ");
    let at_least = share(template.helped, template.retried).map_or(0.0, |share| share.low);
    match (template.helped, template.retried) {
        _ if is_throttled => ("throttled", None),
        _ if at_least >= 0.5 => ("transient", None),
        (0, MIN_RETRIED..) => ("permanent", None),
        (helped, retried) => ("transient", Some(format!("retrying helped {helped} of {retried}"))),
    }
}

/// The more informative of the two lines of a text.
fn half(words: &[String]) -> &[String] {
    let gap = GAP.trim();
    let Some(at) = words.iter().position(|word| word == gap) else { return words };
    let halves = [&words[..at], &words[at + 1..]];
    let weight =
        |half: &&[String]| (is_strong(&half.join(" ")), half.iter().filter(|word| is_literal(word)).count());
    if weight(&halves[1]) > weight(&halves[0]) { halves[1] } else { halves[0] }
}

/// Whether a word is meaningful by itself.
fn is_literal(word: &str) -> bool {
    !word.contains('<') && word.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

/// A pattern for the words, from the first literal one to the last. `None` if there are too few.
fn pattern(words: &[String]) -> Option<String> {
    let literal = |word: &String| is_literal(word);
    let (first, last) = (words.iter().position(literal)?, words.iter().rposition(literal)?);
    let enough = words.iter().filter(|word| is_literal(word)).count() >= MIN_WORDS;
    // The text before the first literal word may be any time or number.
    let first =
        words[..first].iter().rposition(|word| word.contains('<')).map_or(0, |masked| masked + 1).min(first);
    enough.then(|| words[first..=last].iter().map(|word| expression(word)).collect::<Vec<_>>().join(" "))
}

/// A word as a regular expression, with masks replaced by their meaning.
fn expression(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some((start, end)) =
        rest.find('<').and_then(|start| Some((start, start + rest[start..].find('>')?)))
    {
        out += &escaped(&rest[..start]);
        match &rest[start..=end] {
            "<num>" => out += "[0-9]+",
            "<dur>" | "<size>" => out += r"\S+( ?\S+)?",
            ANY | "<ip>" | "<path>" | "<str>" | "<url>" | "<uuid>" | "<hex>" | "<time>" => out += r"\S+",
            other => out += &escaped(other),
        }
        rest = &rest[end + 1..];
    }
    out + &escaped(rest)
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// A name made of the first meaningful words.
fn id(words: &[String]) -> String {
    const EMPTY: [&str; 16] = [
        "the", "to", "a", "an", "of", "for", "after", "error", "failed", "at", "in", "on", "is", "was",
        "with", "and",
    ];
    let literal = words.iter().filter(|word| is_literal(word));
    let names = literal.flat_map(|word| word.split(|c: char| !c.is_ascii_alphabetic()));
    let said = names.map(str::to_lowercase).filter(|name| name.len() > 1 && !EMPTY.contains(&name.as_str()));
    let id: Vec<_> = said.take(3).collect();
    if id.is_empty() { "unnamed".to_owned() } else { id.join("-") }
}

fn unique(id: &str, profile: &str, ids: &mut BTreeSet<(String, String)>) -> String {
    let mut name = id.to_owned();
    let mut count = 1;
    while !ids.insert((profile.to_owned(), name.clone())) {
        count += 1;
        name = format!("{id}-{count}");
    }
    name
}

/// A TOML string: literal, in single quotes, if possible.
fn text(text: &str) -> String {
    if text.contains('\'') || text.chars().any(char::is_control) {
        // TOML has the same escapes as JSON, except for the one control character that JSON leaves unescaped.
        return serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f");
    }
    format!("'{text}'")
}
