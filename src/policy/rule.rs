//! `[[policy.NAME.rule]]`: explicit rules over exit status and output, as they are written in a file.

use std::ffi::OsString;

use serde_json::{Map, Value as Json, json};

use super::pattern;
use super::value::{Form, Value, regex};
use crate::classify::profile::Statuses;
use crate::classify::{Channel, Class, ExitSpecs, PolicyRule};

/// The rules of one policy, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyRules(pub Vec<PolicyRule>);

/// What a rule may hold.
pub(super) const KEYS: &[&str] = &["class", "exit", "stderr", "stdout", "both", "http", "reason"];

/// What a rule may ask for.
const CONDITIONS: &str = "exit, stderr, stdout, both or http";

/// Why a rule is refused: the key that is wrong, if it is one, and what is wrong.
pub(super) type Refusal<'a> = (Option<&'a str>, String);

/// A rule from its keys and texts.
pub(super) fn from_fields<'a>(fields: &[(&'a str, String)]) -> Result<PolicyRule, Refusal<'a>> {
    let mut rule = PolicyRule {
        class: Class::Transient,
        id: "rule",
        exit: None,
        patterns: Vec::new(),
        http: None,
        reason: None,
    };
    let mut class = None;
    for (key, text) in fields {
        let refused = |why| (Some(*key), why);
        match *key {
            "class" => class = Some(parse_class(text).map_err(refused)?),
            "exit" => rule.exit = Some(ExitSpecs::parse(text).map_err(refused)?),
            "http" => rule.http = Some(Statuses::read(text).map_err(refused)?),
            "reason" => rule.reason = Some(text.clone()),
            stream => {
                let (_, channel) = Channel::NAMES
                    .iter()
                    .find(|(name, _)| *name == stream)
                    .ok_or_else(|| refused(format!("a rule holds {}", KEYS.join(", "))))?;
                rule.patterns.push(regex(*channel, text).map_err(refused)?);
            }
        }
    }
    rule.class =
        class.ok_or_else(|| (None, "a rule says what it means: write class = \"transient\"".to_owned()))?;
    if rule.exit.is_none() && rule.patterns.is_empty() && rule.http.is_none() {
        return Err((None, format!("a rule says when it holds: write {CONDITIONS}")));
    }
    Ok(rule)
}

fn parse_class(text: &str) -> Result<Class, String> {
    let known = [Class::Success, Class::Transient, Class::Throttled, Class::Permanent];
    known.into_iter().find(|class| class.name() == text).ok_or_else(|| {
        let names = known.map(Class::name).join(", ");
        format!("'{text}' is no class: write one of {names}")
    })
}

/// A rule's fields as the one text that a layer holds.
pub(super) fn encode(fields: &[(&str, String)]) -> OsString {
    let fields: Map<String, Json> =
        fields.iter().map(|(key, text)| ((*key).to_owned(), json!(text))).collect();
    Json::Object(fields).to_string().into()
}

impl Value for PolicyRules {
    const FORM: Form = Form::Rules;

    fn parse(text: &str) -> Result<Self, String> {
        let fields: Map<String, Json> = serde_json::from_str(text).map_err(|why| why.to_string())?;
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default().to_owned()))
            .collect();
        from_fields(&fields).map(|rule| PolicyRules(vec![rule])).map_err(|(_, why)| why)
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().try_fold(PolicyRules::default(), |mut all, text| {
            all.0.extend(Self::parse(&text.to_string_lossy())?.0);
            Ok(all)
        })
    }

    fn show(&self) -> Json {
        let rules = self.0.iter().map(|rule| {
            let mut fields = Map::new();
            fields.insert("class".to_owned(), json!(rule.class.name()));
            if let Some(exit) = &rule.exit {
                fields.insert("exit".to_owned(), json!(exit.items().collect::<Vec<_>>().join(",")));
            }
            for pattern in &rule.patterns {
                fields.insert(pattern.channel.name().to_owned(), json!(pattern.regex.text()));
            }
            if let Some(statuses) = &rule.http {
                fields.insert("http".to_owned(), json!(statuses.to_string()));
            }
            if let Some(reason) = &rule.reason {
                fields.insert("reason".to_owned(), json!(reason));
            }
            Json::Object(fields)
        });
        Json::Array(rules.collect())
    }
}

/// JSON Schema, draft-07.
pub(super) fn schema() -> Json {
    let text = |what: &str| json!({"type": "string", "description": what});
    let list = |mut schema: Json, what: &str| {
        schema["description"] = json!(what);
        schema
    };
    json!({"type": "array", "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["class"],
        "properties": {
            "class": {"enum": ["success", "transient", "throttled", "permanent"]},
            "exit": list(pattern::rule_exits(), "Exit specs"),
            "stderr": text("A regular expression over the lines of stderr"),
            "stdout": text("A regular expression over the lines of stdout"),
            "both": text("A regular expression over the lines of either"),
            "http": list(pattern::statuses(), "HTTP statuses that the output speaks of"),
            "reason": text("What to call it"),
        },
    }})
}
