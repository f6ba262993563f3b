//! `retry generate`: the man page, the completions and the schemas, generated from the code that they describe.

mod bash;
mod config;
mod fish;
mod man;
mod words;
mod zsh;

use clap_complete::Shell;
use schemars::JsonSchema;
use serde_json::{Map, Value as Json, json};

use super::print_exactly;
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::problem::did_you_mean;
use crate::classify::profile;
use crate::cli::{self, Invocation};
use crate::event::Record;
use crate::policy::file::LIMITS;
use crate::policy::layer::RETRIES;
use crate::policy::pattern;
use crate::policy::settings::{SETTINGS, Setting};
use crate::policy::value::TomlForm;
use crate::report::model::Report;
use crate::simulate::answer::Answer;

/// Everything that can be generated.
const KNOWN: &[&str] = &[
    "man",
    "bash",
    "zsh",
    "fish",
    "powershell",
    "elvish",
    "schema",
    "log-schema",
    "report-schema",
    "simulate-schema",
    "config",
];

pub(super) fn generate(invocation: &Invocation) -> Result<Exit, Error> {
    let what = invocation.operands().first().map(|what| what.to_string_lossy()).unwrap_or_default();
    print_exactly(&match &*what {
        "man" => man::page(),
        "bash" => bash::completions(),
        "zsh" => zsh::completions(),
        "fish" => fish::completions(),
        "powershell" => completions(Shell::PowerShell),
        "elvish" => completions(Shell::Elvish),
        "schema" => format!("{:#}\n", config_schema()),
        "config" => config::example(),
        "log-schema" => format!("{:#}\n", schema_of::<Record<'static>>("A line of retry's log, version 1")),
        "report-schema" => {
            format!("{:#}\n", schema_of::<Report>("The output of retry report --format json, version 1"))
        }
        "simulate-schema" => {
            format!("{:#}\n", schema_of::<Answer>("The output of retry simulate --format json, version 1"))
        }
        _ => {
            let missing = if what.is_empty() {
                "generate what?".to_owned()
            } else {
                format!("cannot generate '{what}'")
            };
            return Err(Error::usage(missing + &did_you_mean(&what, KNOWN))
                .hint(format!("use one of {}", KNOWN.join(", "))));
        }
    })
}

fn completions(shell: Shell) -> String {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut cli::documented(), "retry", &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The JSON Schema (draft-07) of a configuration file, with a property for each setting.
pub(crate) fn config_schema() -> Json {
    let property = |setting: &Setting| {
        let mut schema = (setting.schema)();
        schema["description"] = json!(setting.summary());
        schema
    };
    let mut properties: Map<String, Json> = Map::new();
    properties.insert(
        "inherits".to_owned(),
        json!({"type": "string", "description": "The policy that this one starts from"}),
    );
    for setting in SETTINGS {
        for key in [Some(setting.key), setting.alias].into_iter().flatten() {
            properties.insert(key.to_owned(), property(setting));
        }
    }
    let mut retries = TomlForm::MaxAttempts.schema();
    retries["anyOf"][0]["minimum"] = json!(0);
    retries["description"] = json!("The maximum number of retries: max without the first attempt");
    properties.insert(RETRIES.to_owned(), retries);
    let limits: Map<String, Json> =
        LIMITS.iter().filter_map(|key| Some(((*key).to_owned(), properties.get(*key)?.clone()))).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of retry",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "profile": {
                "description": "Tool profiles, in addition to the built-in ones",
                "type": "object",
                "additionalProperties": profile_schema(),
            },
            "limits": {
                "description": "Limits by key, for all processes that use the key",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": limits,
                },
            },
            "policy": {
                "description": "Named policies; every policy starts from the one named default",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": properties,
                },
            },
        },
    })
}

/// The JSON Schema (draft-07) of a `[profile.NAME]`, with the patterns of exit statuses and HTTP statuses.
fn profile_schema() -> Json {
    let mut profile = profile::profile_schema();
    let rule = &mut profile["properties"]["rule"]["items"]["properties"];
    for (key, specs) in [("exit", pattern::rule_exits()), ("http", pattern::statuses())] {
        // A rule takes text or a number here, but no list.
        rule[key]["anyOf"] = json!([specs["anyOf"][0], specs["anyOf"][1]]);
        if let Some(rule) = rule[key].as_object_mut() {
            rule.shift_remove("type");
        }
    }
    profile
}

/// The JSON Schema (draft-07) of output for programs. Readers must expect fields that they do not know.
fn schema_of<T: JsonSchema>(title: &str) -> Json {
    let settings = schemars::generate::SchemaSettings::draft07();
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    schema["title"] = json!(title);
    schema
}

#[cfg(test)]
mod tests;
