//! `[[key]]` of a profile: how its tool's arguments name the host.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::{Key, ProfileReader, Value, in_order};
use crate::classify::profile::host::{HostFinder, HostForm, HostSource, Lookup};

const KEYS: &[&str] =
    &["command", "place", "valued", "credentials", "headers", "port", "default-port", "options-first"];
const PLACE_KEYS: &[&str] = &["after", "option", "operand", "fixed", "as", "port"];

impl ProfileReader<'_, '_> {
    pub(super) fn host_finders(&mut self, key: &Key<'_>, value: &Value<'_>) -> Vec<HostFinder> {
        let DeValue::Array(items) = value.get_ref() else {
            let hint = "use [[…key]], and below it place = [{ option = \"--host\" }]".to_owned();
            self.reader.refuse(value.span(), "key must be a list of tables", Some(hint));
            return Vec::new();
        };
        items.iter().filter_map(|item| self.host_finder(key, item)).collect()
    }

    fn host_finder(&mut self, key: &Key<'_>, value: &Value<'_>) -> Option<HostFinder> {
        let DeValue::Table(table) = value.get_ref() else {
            self.reader.wrong_type(key.get_ref(), value, "a list of tables");
            return None;
        };
        let mut finder = HostFinder::default();
        for (key, value) in in_order(table) {
            match key.get_ref().as_ref() {
                "command" => finder.commands = self.reader.texts(key, value),
                "place" => finder.lookups = self.lookups(key, value),
                "valued" => finder.valued = self.options(key, value),
                "credentials" => finder.credentials = self.options(key, value),
                "headers" => finder.headers = self.options(key, value),
                "port" => finder.port = self.options(key, value),
                "default-port" => {
                    finder.default_port = self.reader.whole(key, value, "a whole number from 1 to 65535");
                }
                "options-first" => finder.options_first = self.reader.switch(key, value),
                _ => self.reader.unknown_key(key, KEYS),
            }
        }
        Some(finder)
    }

    /// Options as they are typed.
    fn options(&mut self, key: &Key<'_>, value: &Value<'_>) -> Vec<String> {
        let options = self.reader.texts(key, value);
        if let Some(wrong) = options.iter().find(|option| option.len() < 2 || !option.starts_with('-')) {
            let hint = "use it as it is typed, such as -h or --host".to_owned();
            self.reader.refuse(value.span(), format!("invalid option '{wrong}'"), Some(hint));
        }
        options
    }

    fn lookups(&mut self, key: &Key<'_>, value: &Value<'_>) -> Vec<Lookup> {
        let DeValue::Array(items) = value.get_ref() else {
            self.reader.wrong_type(key.get_ref(), value, "a list of tables");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.lookup(key, item)).collect()
    }

    fn lookup(&mut self, key: &Key<'_>, item: &Value<'_>) -> Option<Lookup> {
        let DeValue::Table(table) = item.get_ref() else {
            self.reader.wrong_type(key.get_ref(), item, "tables, such as { option = \"--host\" }");
            return None;
        };
        let (mut after, mut form, mut port) = (Vec::new(), None, None);
        let (mut options, mut operand, mut fixed) = (None, None, None);
        let before = self.reader.count();
        for (key, value) in in_order(table) {
            match key.get_ref().as_ref() {
                "after" => after = self.reader.texts(key, value),
                "option" => options = Some(self.options(key, value)),
                "operand" => operand = self.operand(key, value),
                "fixed" => fixed = self.reader.text(key, value),
                "as" => form = self.reader.one_of(key, value, &HostForm::ALL),
                "port" => port = self.reader.whole(key, value, "a whole number"),
                _ => self.reader.unknown_key(key, PLACE_KEYS),
            }
        }
        if self.reader.count() > before {
            return None;
        }
        let place = match (options, operand, fixed) {
            (Some(options), None, None) => HostSource::Option(options, form.unwrap_or(HostForm::Host)),
            (None, Some(number), None) => {
                let number = Some(number).filter(|number| *number > 0);
                let usual = if number.is_some() { HostForm::Host } else { HostForm::Url };
                HostSource::Operand { number, form: form.unwrap_or(usual), port }
            }
            (None, None, Some(fixed)) => HostSource::Fixed(fixed),
            _ => {
                let hint =
                    "use { option = \"--host\" }, { operand = 1 } or { fixed = \"example.com\" }".to_owned();
                self.reader.refuse(item.span(), "place must be one of option, operand and fixed", Some(hint));
                return None;
            }
        };
        Some(Lookup { after, place })
    }

    /// A number from 1, or `"any"`, which is returned as 0.
    fn operand(&mut self, key: &Key<'_>, value: &Value<'_>) -> Option<usize> {
        match value.get_ref() {
            DeValue::String(text) if text == "any" => Some(0),
            DeValue::Integer(number) if number.as_str().parse().is_ok_and(|number: usize| number > 0) => {
                number.as_str().parse().ok()
            }
            _ => {
                self.reader.wrong_type(key.get_ref(), value, "a whole number from 1, or \"any\"");
                None
            }
        }
    }
}

/// JSON Schema of `[[key]]`.
pub(super) fn schema() -> Json {
    let texts = |about: &str| {
        let one = json!({"type": "string"});
        json!({"description": about, "anyOf": [one, {"type": "array", "items": one}]})
    };
    let options = |about: &str| {
        let one = json!({"type": "string", "pattern": "^-."});
        json!({"description": about, "anyOf": [one, {"type": "array", "items": one}]})
    };
    let place = json!({
        "type": "object",
        "additionalProperties": false,
        "oneOf": [{"required": ["option"]}, {"required": ["operand"]}, {"required": ["fixed"]}],
        "properties": {
            "after": texts("Only after these operands; other operands are counted from there"),
            "option": options("Options whose value names the host"),
            "operand": {"description": "The operand that names the host, from 1, or any", "anyOf": [
                {"type": "integer", "minimum": 1}, {"const": "any"},
            ]},
            "fixed": {"type": "string", "description": "The host; {1} is an operand, {--region} an option's value"},
            "as": {"enum": HostForm::ALL.map(|(name, _)| name), "description": "The form in which the host is given"},
            "port": {"type": "integer", "minimum": 1, "description": "The operand that is the port"},
        },
    });
    let finder = json!({
        "description": "How the arguments name the host, for --key auto",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "command": texts("Only if the tool is called by one of these names"),
            "place": {"type": "array", "items": place, "description": "Where the host may be given; the first place that is present counts"},
            "valued": options("Other options with a value; if the name ends in =, the value is in the same word"),
            "credentials": options("Options whose value identifies the client"),
            "headers": options("Options whose value is a header line"),
            "port": options("Options whose value is the port"),
            "default-port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "The default port, which the key omits"},
            "options-first": {"type": "boolean", "description": "No options follow the first operand"},
        },
    });
    json!({"type": "array", "items": finder})
}
