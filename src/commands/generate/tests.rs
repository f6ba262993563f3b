//! The schema and the program, asked about the same values: what one refuses, the other refuses.

use std::rc::Rc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};

use super::config_schema;
use crate::base::duration;
use crate::base::problem::Source;
use crate::policy::file;

/// Right values of each kind, which are then changed a little.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "delay",
        &["500ms", "1m 30s", "2h", "0.5", "1e3", ".1s", "5.s", "12us", "12\u{3bc}s", "1month 3 days", "0"],
    ),
    ("timeout", &["30s", "1h 1s", "90"]),
    ("splay", &["5s", "1.5m"]),
    ("gate-wait", &["0", "10s"]),
    ("backoff", &["exponential", "fib", "1s,2s,4s", "1, 2.5 , 1m 3s", "decorrelated", "5"]),
    ("jitter", &["none", "equal", "25%", "12.5 %", "0.5..1.5", "0..2", "100%"]),
    ("retry-on", &["1", "5-9", "SIGKILL", "signal,timeout", "!2", "1-9,!5", "rtmin+3", "not-found, 255"]),
    ("permanent-on", &["kill", "RTMAX-2", "not-executable"]),
    ("success-on", &["0,3", "0-9", "!1"]),
    ("signal", &["TERM", "SIGINT", "15", "usr1"]),
    ("stdin-max", &["1GiB", "64 MiB", "10k", "4096", "3tb"]),
    ("budget", &["20%", "0.2", "100%", ".5"]),
    ("rate", &["100/1m", "1/1h 30m", "10/s", "5 / 2.5s", "7/90"]),
    ("breaker", &["5/30s", "50%/30s", "3/1m 5s"]),
];

const VALUES: &[(&str, &[&str])] = &[
    ("max", &["1", "5", "\"inf\"", "18446744073709551615", "3.0", "1.5", "0", "-1", "true", "1e30"]),
    ("delay", &["0", "2", "2.5", "-1", "-0.5", "1e30", "-0.0", "true", "[1]"]),
    (
        "backoff",
        &["1", "2.5", "-1", "[1, \"2s\"]", "[]", "[\"fixed\"]", "[\"fixed\", 1]", "[-1]", "[\"\"]", "[true]"],
    ),
    ("factor", &["1", "2.5", "0.5", "-1", "\"2\"", "1e300"]),
    (
        "retry-on",
        &["1", "256", "255", "-1", "1.5", "1.0", "[1, \"5-9\"]", "[256]", "[]", "[\"1,2\", 3]", "[\"\"]"],
    ),
    ("success-on", &["0", "[0, 3]", "\"timeout\"", "\"SIGINT\""]),
    ("successes", &["0", "1", "2.0", "1.5"]),
    ("fail-if-flaky", &["0", "1", "255", "256"]),
    ("seed", &["0", "1e3", "-1", "18446744073709551615", "18446744073709551616"]),
    ("stdin-max", &["0", "4096", "1e3", "1.5", "-1"]),
    ("budget", &["0.2", "1", "0", "1.5", "1e-1", "2e-2"]),
    ("concurrency", &["0", "1", "10000", "10001"]),
    ("rate", &["10", "1.5"]),
    ("jitter", &["0.2", "25"]),
];

/// What may replace a character or stand between two.
const CHARACTERS: &[char] = &[
    '0', '1', '5', '9', '.', ',', '-', '+', '%', '/', '!', ' ', '\t', 'e', 's', 'm', 'h', 'S', 'x', '\u{b5}',
    '\u{a0}', '\n',
];

/// A text with one or two small mistakes.
fn mutated(text: &str, random: &mut StdRng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..random.random_range(1..=2) {
        let at = random.random_range(0..=characters.len());
        let other = CHARACTERS[random.random_range(0..CHARACTERS.len())];
        let exists = at < characters.len();
        match random.random_range(0..5) {
            0 if exists => drop(characters.remove(at)),
            1 if exists => characters[at] = other,
            2 if exists => characters.insert(at, characters[at]),
            3 if at + 1 < characters.len() => characters.swap(at, at + 1),
            _ => characters.insert(at, other),
        }
    }
    characters.into_iter().collect()
}

/// Whether the program accepts the file.
fn program_accepts(line: &str) -> bool {
    let text = format!("[policy.a]\n{line}\n");
    file::parse(&Rc::new(Source { path: "c".into(), text })).1.is_empty()
}

/// Two numbers of one text in the wrong order, or a rate beyond what can be kept: no pattern can say that.
fn is_beyond_patterns(text: &str) -> bool {
    let number =
        |text: &str| text.trim_matches(|c: char| c == '!' || c.is_ascii_whitespace()).parse::<f64>().ok();
    let descends = |item: &str| {
        let pair = item.split_once("..").or_else(|| item.split_once('-'));
        pair.and_then(|(low, high)| Some(number(low)? > number(high)?)).unwrap_or(false)
    };
    let too_fast = || {
        let (count, time) = text.split_once('/')?;
        Some(duration::parse(time).ok()?.as_secs_f64() / number(count)? < 1e-6)
    };
    text.split(',').any(descends) || too_fast().unwrap_or(false)
}

#[test]
fn the_schema_refuses_what_the_program_refuses_and_nothing_else() {
    let schema = jsonschema::validator_for(&config_schema()).expect("a schema");
    let mut random = StdRng::seed_from_u64(9);
    let (mut asked, mut wrong) = (0, Vec::new());
    let mut ask = |key: &str, toml: &str, json: Json| {
        asked += 1;
        let program = program_accepts(&format!("{key} = {toml}"));
        let document = json!({"policy": {"a": {key: json}}});
        if program != schema.is_valid(&document) {
            wrong.push(format!(
                "{key} = {toml}: the program {}",
                if program { "reads it" } else { "refuses it" }
            ));
        }
    };
    for (key, texts) in TEXTS {
        for text in *texts {
            // A JSON text is a TOML text: no escape that TOML lacks is needed here.
            ask(key, &json!(text).to_string(), json!(text));
            for _ in 0..100 {
                let text = mutated(text, &mut random);
                if !is_beyond_patterns(&text) {
                    ask(key, &json!(text).to_string(), json!(text));
                }
            }
        }
    }
    for (key, values) in VALUES {
        for value in *values {
            ask(key, value, serde_json::from_str(value).expect("JSON"));
        }
    }
    assert!(asked > 4_500, "only {asked} values");
    assert!(wrong.is_empty(), "{} of {asked} disagree:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_schema_refuses_the_specs_of_rules_that_the_program_refuses() {
    let schema = jsonschema::validator_for(&config_schema()).expect("a schema");
    for (key, value, right) in [
        ("exit", json!("5-9"), true),
        ("exit", json!(3), true),
        ("exit", json!([3, "4-5"]), true),
        ("exit", json!([]), false),
        ("exit", json!("256"), false),
        ("exit", json!(256), false),
        ("exit", json!("SIGNOPE"), false),
        ("http", json!("429,502-504"), true),
        ("http", json!(429), true),
        ("http", json!(99), false),
        ("http", json!("600"), false),
        ("http", json!(["429", 500]), true),
    ] {
        let rule = format!("[[policy.a.rule]]\nclass = \"transient\"\n{key} = {value}\n");
        let source = Rc::new(Source { path: "c".into(), text: rule });
        assert_eq!(file::parse(&source).1.is_empty(), right, "the program: {key} = {value}");
        let document = json!({"policy": {"a": {"rule": [{"class": "transient", key: value}]}}});
        assert_eq!(schema.is_valid(&document), right, "the schema: {document}");
    }
}
