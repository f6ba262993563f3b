//! `retry profiles`: shows the profiles of tools.

use std::fmt::Write;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use super::{Setup, ask, format, print, print_json};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::problem::nearest;
use crate::classify::ExitSpecs;
use crate::classify::profile::{
    self, GENERIC, HostFinder, Knowledge, Profile, ProfileRegex, Rule, Selection, commands, known_names,
    names,
};
use crate::cli::Invocation;
use crate::policy::user_profiles;
use crate::sys::environment::Outer;
use crate::sys::output::printable;

pub(super) fn profiles(invocation: &Invocation) -> Result<Exit, Error> {
    let format = format(invocation, &["text", "json"])?;
    let asked = ask(invocation, &Outer::default())?;
    let users = user_profiles(&asked.request.files);
    let Some(name) = invocation.operands().first().map(|name| name.to_string_lossy().into_owned()) else {
        return match format {
            "json" => print_json(&list_json(&users), true),
            _ => print(&list_text(&asked, &users)),
        };
    };
    let shown = Shown::find(&name, users)?;
    match format {
        "json" => print_json(&shown.json(), true),
        _ => print(&shown.text(&asked)),
    }
}

/// The names of all profiles, `generic` last.
fn all_names(users: &[Rc<Profile>]) -> Vec<&str> {
    let known = known_names(users.iter().map(|profile| &*profile.name));
    let mut named: Vec<_> =
        known.into_iter().filter(|name| ![profile::AUTO, profile::NONE, GENERIC].contains(name)).collect();
    named.sort_unstable();
    named.push(GENERIC);
    named
}

fn commands_of(name: &str, users: &[Rc<Profile>]) -> Vec<String> {
    let own = commands(name).map(str::to_owned);
    let of_users =
        users.iter().filter(|profile| &*profile.name == name).flat_map(|profile| profile.commands.clone());
    own.chain(of_users).collect()
}

fn list_json(users: &[Rc<Profile>]) -> Json {
    let entries = all_names(users).into_iter().map(|name| {
        let builtin = names().any(|known| known == name);
        json!({"name": name, "commands": commands_of(name, users), "builtin": builtin})
    });
    json!({"profiles": entries.collect::<Vec<_>>()})
}

fn list_text(asked: &Setup, users: &[Rc<Profile>]) -> String {
    let mut out = String::new();
    for name in all_names(users).into_iter().filter(|name| *name != GENERIC) {
        out.push_str(&entry(&printable(name), &printable(&commands_of(name, users).join(", "))));
    }
    out.push_str(&entry(
        GENERIC,
        "rules for any output, after each profile's own; alone for these commands:",
    ));
    out.push_str(&entry("", &commands_of(GENERIC, users).join(", ")));
    out.push_str("\nretry profiles NAME shows the rules of one\n");
    for warning in asked.rule_warnings() {
        let _infallible = writeln!(out, "warning: {}", printable(&warning));
    }
    out
}

/// A name and the commands that it covers, wrapped to 80 columns.
fn entry(name: &str, about: &str) -> String {
    const INDENT: usize = 18;
    let mut out = format!("{name:<INDENT$}");
    let mut column = INDENT;
    for (at, word) in about.split(' ').enumerate() {
        let length = word.chars().count();
        if at > 0 && column + 1 + length > 80 {
            let _infallible = write!(out, "\n{:INDENT$}", "");
            column = INDENT;
        } else if at > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// A profile as displayed, with the rules that are added to it.
struct Shown {
    name: String,
    knowledge: Knowledge,
    users: Vec<Rc<Profile>>,
}

impl Shown {
    /// The profile with this name, or for a command with this name.
    fn find(name: &str, users: Vec<Rc<Profile>>) -> Result<Self, Error> {
        let known = all_names(&users);
        let name = if known.contains(&name) {
            name.to_owned()
        } else {
            let auto = Selection::choose(&[profile::AUTO.to_owned()], &[name.into()], &users);
            auto.names.first().cloned().ok_or_else(|| {
                let hint = nearest(name, known.iter().copied()).map_or_else(
                    || "retry profiles lists them".to_owned(),
                    |near| format!("did you mean {near}?"),
                );
                Error::usage(format!("no profile named '{name}'")).hint(hint)
            })?
        };
        let selection = Selection::choose(std::slice::from_ref(&name), &[], &users);
        Ok(Self { name, knowledge: Knowledge::new(selection, users.clone()), users })
    }

    /// The rules in the order in which they are checked, each with its profile.
    fn rules(&self) -> Vec<(&str, &Rule)> {
        let mut rules: Vec<(&str, &Rule)> = Vec::new();
        for asked in self.knowledge.profiles() {
            rules.extend(asked.profile.rules.iter().map(|rule| (&*asked.profile.name, rule)));
        }
        // Stable, so that the order within a phase is kept.
        rules.sort_by_key(|(_, rule)| (!rule.names_exit_zero(), rule.phase));
        rules
    }

    /// The profiles that are shown, except `generic`; the user's come before the built-in ones.
    fn own(&self) -> impl Iterator<Item = &Profile> {
        let own = self.knowledge.profiles().iter().filter(|asked| *asked.profile.name == *self.name);
        own.map(|asked| &*asked.profile)
    }

    /// How the arguments name the host.
    fn keys(&self) -> impl Iterator<Item = &HostFinder> {
        self.own().flat_map(|profile| &profile.keys)
    }

    fn is_one_step(&self) -> bool {
        self.own().any(|profile| profile.one_step)
    }

    fn runs_others(&self) -> Vec<&str> {
        self.own().flat_map(|profile| &profile.runs_others).map(String::as_str).collect()
    }

    /// The exit statuses that are the tool's own, if not all are.
    fn own_exit(&self) -> Option<String> {
        self.own().find_map(|profile| Some(specs(profile.own_exit.as_ref()?)))
    }

    fn captured(&self) -> Vec<&'static str> {
        let captures = self.knowledge.selection().captures;
        let streams = [("stdout", captures.stdout), ("stderr", captures.stderr)];
        streams.into_iter().filter(|(_, captured)| *captured).map(|(name, _)| name).collect()
    }

    fn json(&self) -> Json {
        let rules = self.rules().into_iter().map(|(profile, rule)| {
            json!({
                "profile": profile,
                "id": &*rule.id,
                "class": rule.class.name(),
                "kind": rule.kind.as_deref(),
                "phase": rule.phase.name(),
                "reason": rule.reason,
                "reached": if rule.not_reached { json!(false) } else { Json::Null },
                "conditions": conditions(rule),
                "examples": rule.examples.iter().map(|example| json!({
                    "exit": example.exit, "stderr": example.stderr, "stdout": example.stdout,
                })).collect::<Vec<_>>(),
            })
        });
        json!({
            "name": self.name,
            "commands": commands_of(&self.name, &self.users),
            "captures": self.captured(),
            "advice": self.knowledge.advice(),
            "key": self.keys().map(|finder| json!({
                "commands": finder.commands,
                "places": finder.lookups.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "one_step": self.is_one_step(),
            "runs_others": self.runs_others(),
            "own_exit": self.own_exit(),
            "rules": rules.collect::<Vec<_>>(),
        })
    }

    /// Which of the rules marked "never took effect" `--non-idempotent` believes.
    fn claims_text(&self) -> String {
        let whose = match (self.own().any(|profile| profile.passive), self.is_one_step()) {
            _ if self.name == GENERIC => return String::new(),
            (true, _) => "in no rule: the tool runs other commands",
            (false, true) => "in all rules (one-step)",
            (false, false) => "only in the profile's own rules (not one-step)",
        };
        let mut out = format!("\n--non-idempotent trusts \"never took effect\"\n  {whose}\n");
        let others = self.runs_others();
        if !others.is_empty() {
            let _infallible = writeln!(out, "  never with (runs-others) {}", printable(&others.join(", ")));
        }
        if let Some(exit) = self.own_exit() {
            let _infallible = writeln!(out, "  only with exit (own-exit) {exit}");
        }
        out
    }

    fn keys_text(&self) -> String {
        let mut out = String::new();
        for finder in self.keys() {
            if out.is_empty() {
                out.push_str("\n--key auto uses the first of:\n");
            }
            if !finder.commands.is_empty() {
                let _infallible = writeln!(out, "  {}", printable(&finder.commands.join(", ")));
            }
            let places = finder.lookups.iter().map(ToString::to_string);
            for place in places.chain(finder.lookups.is_empty().then(|| "none".to_owned())) {
                let _infallible = writeln!(out, "             {}", printable(&place));
            }
        }
        out
    }

    fn text(&self, asked: &Setup) -> String {
        let mut out = format!("{}\n", printable(&self.name));
        let commands = commands_of(&self.name, &self.users);
        if !commands.is_empty() {
            let _infallible = writeln!(out, "  commands  {}", printable(&commands.join(", ")));
        }
        let captured = self.captured();
        let captured = if captured.is_empty() { "nothing".to_owned() } else { captured.join(", ") };
        let _infallible = writeln!(out, "  captures  {captured}");
        for advice in self.knowledge.advice() {
            let _infallible = writeln!(out, "  advice    {}", printable(&advice));
        }
        out.push_str(&self.claims_text());
        out.push_str(&self.keys_text());
        let mut phase = None;
        for (profile, rule) in self.rules() {
            let title = if rule.names_exit_zero() { "failures with exit 0" } else { rule.phase.title() };
            if phase != Some(title) {
                let _infallible = writeln!(out, "\n{title}");
                phase = Some(title);
            }
            out.push_str(&rule_text(profile, rule, profile != self.name));
        }
        for warning in asked.rule_warnings() {
            let _infallible = writeln!(out, "\nwarning: {}", printable(&warning));
        }
        out
    }
}

fn specs(exit: &ExitSpecs) -> String {
    exit.items().collect::<Vec<_>>().join(",")
}

fn conditions(rule: &Rule) -> Json {
    let mut conditions = serde_json::Map::new();
    if let Some(exit) = &rule.exit {
        conditions.insert("exit".into(), json!(exit.items().collect::<Vec<_>>()));
    }
    if let Some(http) = &rule.http {
        conditions.insert("http".into(), json!(http.to_string()));
    }
    for text in &rule.texts {
        let patterns: Vec<_> = text.patterns.iter().map(ProfileRegex::as_str).collect();
        conditions.insert(text.channel.name().into(), json!(patterns));
    }
    if !rule.after.is_empty() {
        conditions.insert("after".into(), json!(rule.after));
    }
    if rule.hint {
        conditions.insert("hint".into(), json!(true));
    }
    Json::Object(conditions)
}

/// A rule on a line, its conditions below.
fn rule_text(profile: &str, rule: &Rule, foreign: bool) -> String {
    let whose = if foreign { format!(" ({profile})") } else { String::new() };
    let kind = rule.kind.as_deref().map(|kind| format!(" {kind}")).unwrap_or_default();
    let reached = if rule.not_reached { ", never took effect" } else { "" };
    let about = format!("{}{whose}:{kind}{reached}", rule.id);
    let mut out = format!("  {:<10} {}\n", rule.class.name(), printable(&about));
    if let Some(exit) = &rule.exit {
        let _infallible = writeln!(out, "             exit {}", specs(exit));
    }
    if let Some(http) = &rule.http {
        let _infallible = writeln!(out, "             HTTP {http}");
    }
    if !rule.after.is_empty() {
        let _infallible = writeln!(out, "             only after {}", printable(&rule.after.join(", ")));
    }
    for text in &rule.texts {
        for pattern in &text.patterns {
            let _infallible =
                writeln!(out, "             {} /{}/", text.channel.name(), printable(pattern.as_str()));
        }
    }
    if rule.hint {
        out.push_str("             only if the server states a wait\n");
    }
    out
}
