//! Reads profiles from TOML, both the built-in ones and those in users' files. Every mistake is reported with its place.

mod key;

use std::ops::Range;
use std::rc::Rc;

use serde_json::{Value as Json, json};
use toml::de::{DeTable, DeValue};

use super::ProfileRegex;
use super::{Channel, Example, KINDS, Phase, Profile, Rule, Statuses, TextCondition};
use crate::base::problem::{Problem, Source};
use crate::base::table::{Key, Reader, Value, in_order};
use crate::classify::classification::Class;
use crate::classify::exit_spec::ExitSpecs;

const PROFILE_KEYS: &[&str] = &[
    "command",
    "rule",
    "exit",
    "own-exit",
    "one-step",
    "runs-others",
    "advice",
    "interactive",
    "passive",
    "alone",
    "key",
];
const RULE_KEYS: &[&str] = &[
    "id", "class", "kind", "reason", "exit", "stderr", "stdout", "both", "http", "after", "hint", "reached",
    "phase", "example",
];
const CONDITIONS: &[&str] = &["exit", "stderr", "stdout", "both", "http"];
const EXAMPLE_KEYS: &[&str] = &["exit", "stderr", "stdout"];
const CLASSES: [Class; 3] = [Class::Transient, Class::Throttled, Class::Permanent];

/// Reads a profile that is compiled in: its file is its table.
pub(super) fn builtin(name: &str, source: &Rc<Source>) -> (Profile, Vec<Problem>) {
    let mut reader = Reader::new(source);
    let table = reader.root();
    let profile = ProfileReader { reader: &mut reader, users: false }.profile(name, &table);
    (profile, reader.finish())
}

/// Reads a `[profile.NAME]` of a user's file.
pub fn read(name: &str, table: &DeTable<'_>, reader: &mut Reader<'_>) -> Profile {
    ProfileReader { reader, users: true }.profile(name, table)
}

/// The state of reading a profile.
struct ProfileReader<'r, 's> {
    reader: &'r mut Reader<'s>,
    /// True for a user's profile: its patterns are checked, and its rules remember their places in the file. Tests do that
    /// for the built-in ones.
    users: bool,
}

impl ProfileReader<'_, '_> {
    fn profile(&mut self, name: &str, table: &DeTable<'_>) -> Profile {
        let mut profile = Profile { name: name.into(), ..Profile::default() };
        let mut exits = Vec::new();
        for (key, value) in in_order(table) {
            match key.get_ref().as_ref() {
                "command" => profile.commands = self.reader.texts(key, value),
                "advice" => profile.advice = self.reader.texts(key, value),
                "own-exit" => profile.own_exit = self.exit(key, value),
                "one-step" => profile.one_step = self.reader.switch(key, value),
                "runs-others" => profile.runs_others = self.reader.texts(key, value),
                "interactive" => profile.interactive = self.reader.switch(key, value),
                "passive" => profile.passive = self.reader.switch(key, value),
                "alone" => profile.alone = self.reader.switch(key, value),
                "exit" => exits = self.exit_table(value),
                "key" => profile.keys = self.host_finders(key, value),
                "rule" => self.rules(value, name == super::GENERIC, &mut profile.rules),
                _ => self.reader.unknown_key(key, PROFILE_KEYS),
            }
        }
        for mut rule in exits {
            if name == super::GENERIC {
                rule.phase = Phase::Codes;
            }
            profile.rules.push(rule);
        }
        profile
    }

    /// `[exit]`: the classes of exit statuses that need no further conditions.
    fn exit_table(&mut self, value: &Value<'_>) -> Vec<Rule> {
        let DeValue::Table(table) = value.get_ref() else {
            let hint = "use [exit], and below it permanent = \"1-3\"".to_owned();
            self.reader.refuse(value.span(), "exit must be a table", Some(hint));
            return Vec::new();
        };
        let mut rules = Vec::new();
        for (key, value) in in_order(table) {
            let Some(class) = CLASSES.into_iter().find(|class| class.name() == key.get_ref().as_ref()) else {
                self.reader.unknown_key(key, &CLASSES.map(Class::name));
                continue;
            };
            let exit = self.exit(key, value);
            rules.push(Rule {
                id: format!("exit-{}", class.name()).into(),
                class,
                kind: None,
                reason: None,
                phase: Phase::Exit,
                exit,
                after: Vec::new(),
                texts: Vec::new(),
                http: None,
                hint: false,
                not_reached: false,
                examples: Vec::new(),
                place: self.users.then(|| self.reader.place(value.span())),
            });
        }
        rules
    }

    fn rules(&mut self, value: &Value<'_>, generic: bool, rules: &mut Vec<Rule>) {
        let DeValue::Array(items) = value.get_ref() else {
            self.reader.refuse(value.span(), "rule must be a list of tables", Some("use [[…rule]]".into()));
            return;
        };
        for item in items {
            let DeValue::Table(table) = item.get_ref() else {
                self.reader.wrong_type("rule", item, "a list of tables");
                continue;
            };
            let Some(rule) = self.rule(table, item.span(), generic) else { continue };
            self.add(rule, item.span(), rules);
        }
    }

    /// Reports two rules with the same id or the same conditions: one of them is a mistake.
    fn add(&mut self, rule: Rule, span: Range<usize>, rules: &mut Vec<Rule>) {
        if self.users {
            if let Some(earlier) = rules.iter().find(|earlier| earlier.id == rule.id) {
                self.reader.refuse(span, format!("there is already a rule '{}'", earlier.id), None);
                return;
            }
            if let Some(earlier) = rules.iter().find(|earlier| earlier.repeats(&rule)) {
                let message = format!("rule '{}' repeats the rule '{}'", rule.id, earlier.id);
                self.reader.refuse(span, message, Some("it would never be asked; remove it".into()));
                return;
            }
        }
        rules.push(rule);
    }

    fn rule(&mut self, table: &DeTable<'_>, span: Range<usize>, generic: bool) -> Option<Rule> {
        let (mut id, mut class, mut kind, mut reason) = (None, None, None, None);
        let (mut exit, mut http, mut phase, mut texts, mut examples) =
            (None, None, None, Vec::new(), Vec::new());
        let (mut after, mut hint, mut not_reached) = (Vec::new(), false, false);
        let before = self.reader.count();
        for (key, value) in in_order(table) {
            let name = key.get_ref().as_ref();
            match name {
                "id" => id = self.reader.text(key, value),
                "kind" => kind = self.reader.text(key, value),
                "reason" => reason = self.reader.text(key, value),
                "class" => {
                    class = self.reader.one_of(key, value, &CLASSES.map(|class| (class.name(), class)));
                }
                "phase" => phase = self.reader.one_of(key, value, &Phase::NAMES),
                "exit" => exit = self.exit(key, value),
                "http" => http = self.statuses(key, value),
                "after" => after = self.reader.texts(key, value),
                "hint" => hint = self.reader.switch(key, value),
                "reached" => not_reached = !self.reader.switch(key, value),
                "example" => examples = self.examples(value),
                _ => match Channel::NAMES.iter().find(|(channel, _)| *channel == name) {
                    Some((_, channel)) => texts.push(self.patterns(*channel, key, value)),
                    None => self.reader.unknown_key(key, RULE_KEYS),
                },
            }
        }
        self.reader.require(("rule", table, span.clone()), &["id", "class"], CONDITIONS);
        let (Some(id), Some(class)) = (id, class) else { return None };
        if self.reader.count() > before {
            return None;
        }
        let phase = phase
            .unwrap_or_else(|| Phase::of(class, kind.as_deref(), !texts.is_empty(), http.is_some(), generic));
        Some(Rule {
            id: id.into(),
            class,
            kind: kind.map(Into::into),
            reason,
            phase,
            exit,
            after,
            texts,
            http,
            hint,
            not_reached,
            examples,
            place: self.users.then(|| self.reader.place(span)),
        })
    }

    fn exit(&mut self, key: &Key<'_>, value: &Value<'_>) -> Option<ExitSpecs> {
        let text = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().to_owned(),
            _ => self.reader.text(key, value)?,
        };
        ExitSpecs::parse(&text).map_err(|why| self.reader.refuse(value.span(), why, None)).ok()
    }

    fn statuses(&mut self, key: &Key<'_>, value: &Value<'_>) -> Option<Statuses> {
        let text = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().to_owned(),
            _ => self.reader.text(key, value)?,
        };
        Statuses::read(&text).map_err(|why| self.reader.refuse(value.span(), why, None)).ok()
    }

    fn patterns(&mut self, channel: Channel, key: &Key<'_>, value: &Value<'_>) -> TextCondition {
        let patterns: Vec<_> = self.reader.texts(key, value).iter().map(|text| self.pattern(text)).collect();
        if self.users {
            for pattern in &patterns {
                if let Err(why) = pattern.check() {
                    let message = format!("invalid regular expression '{}': {why}", pattern.as_str());
                    self.reader.refuse(value.span(), message, None);
                }
            }
        }
        TextCondition { channel, patterns }
    }

    fn pattern(&self, text: &str) -> ProfileRegex {
        if self.users { ProfileRegex::of_user(text) } else { ProfileRegex::new(text) }
    }

    /// Output on stderr, or a table; or a list of either.
    fn examples(&mut self, value: &Value<'_>) -> Vec<Example> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().filter_map(|item| self.example(item)).collect(),
            _ => self.example(value).into_iter().collect(),
        }
    }

    fn example(&mut self, value: &Value<'_>) -> Option<Example> {
        let table = match value.get_ref() {
            DeValue::String(text) => return Some(Example { stderr: text.to_string(), ..Example::default() }),
            DeValue::Table(table) => table,
            _ => {
                let hint = "use stderr's text, or { exit = 1, stderr = \"…\", stdout = \"…\" }".to_owned();
                self.reader.refuse(value.span(), "example must be a string or a table", Some(hint));
                return None;
            }
        };
        let mut example = Example::default();
        for (key, value) in in_order(table) {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("stderr", _) => example.stderr = self.reader.text(key, value)?,
                ("stdout", _) => example.stdout = self.reader.text(key, value)?,
                ("exit", DeValue::Integer(code)) if code.as_str().parse::<u8>().is_ok() => {
                    example.exit = code.as_str().parse().ok();
                }
                ("exit", _) => self.reader.wrong_type("exit", value, "a whole number from 0 to 255"),
                _ => self.reader.unknown_key(key, EXAMPLE_KEYS),
            }
        }
        Some(example)
    }
}

/// JSON Schema (draft-07) of a `[profile.NAME]`.
pub fn profile_schema() -> Json {
    let text = json!({"type": "string"});
    let texts = json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]});
    let codes = json!({"type": ["string", "integer"]});
    let example = json!({"anyOf": [text, {
        "type": "object",
        "additionalProperties": false,
        "properties": {"exit": {"type": "integer", "minimum": 0, "maximum": 255}, "stderr": text, "stdout": text},
    }]});
    let classes = CLASSES.map(Class::name);
    let rule = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["id", "class"],
        "properties": {
            "id": {"type": "string", "description": "Its name"},
            "class": {"enum": classes, "description": "The class of results that match"},
            "kind": {"type": "string", "description": "The kind of failure", "examples": KINDS},
            "reason": {"type": "string", "description": "The reason, in a few words, for messages"},
            "exit": {"type": ["string", "integer"], "description": "Exit conditions, as in retry-on; 0 turns such a result into a failure"},
            "stderr": {"description": "Regular expressions for lines of stderr, one of which must match", "anyOf": texts["anyOf"]},
            "stdout": {"description": "The same for stdout", "anyOf": texts["anyOf"]},
            "both": {"description": "The same for stdout or stderr", "anyOf": texts["anyOf"]},
            "http": {"description": "HTTP statuses mentioned in the output", "type": codes["type"]},
            "after": {"description": "Only if the tool's operands begin with one of these, such as a subcommand", "anyOf": texts["anyOf"]},
            "hint": {"type": "boolean", "description": "true: only if the output states a wait"},
            "reached": {"type": "boolean", "description": "false: the request cannot have taken effect"},
            "phase": {"enum": Phase::NAMES.map(|(name, _)| name), "description": "When the rule is applied; by default its class and kind decide"},
            "example": {"description": "Output that the rule must match", "anyOf": [
                example["anyOf"][0], example["anyOf"][1], {"type": "array", "items": example},
            ]},
        },
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "command": {"description": "The programs that the profile applies to, by base name", "anyOf": texts["anyOf"]},
            "advice": {"description": "Advice for users of the tool", "anyOf": texts["anyOf"]},
            "own-exit": {"type": codes["type"], "description": "Exit conditions of the tool itself, as opposed to those of a command that it ran elsewhere"},
            "one-step": {"type": "boolean", "description": "true: the tool does a single thing, so rules of generic may also conclude that nothing took effect"},
            "runs-others": {"description": "Programs and words of the command line with which the tool runs other commands: no rule can then prove that nothing took effect", "anyOf": texts["anyOf"]},
            "interactive": {"type": "boolean", "description": "true: capture nothing while stdin is a terminal"},
            "passive": {"type": "boolean", "description": "true: capture nothing for this profile"},
            "alone": {"type": "boolean", "description": "true: do not apply the rules of generic after the profile's own"},
            "exit": {
                "description": "Exit conditions by class",
                "type": "object",
                "additionalProperties": false,
                "properties": {"transient": codes, "throttled": codes, "permanent": codes},
            },
            "key": key::schema(),
            "rule": {"type": "array", "items": rule},
        },
    })
}
