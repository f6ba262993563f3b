//! Completions for fish: a line for each option of each verb, the rest in `completions.fish`.

use super::words::{Line, Opt, POLICIES, PROFILE_WORDS, PROFILES, Takes, lines};
use crate::cli::ACTIONS;

pub(super) fn completions() -> String {
    let lines = lines();
    let named = || lines.iter().filter(|line| !line.verb.is_empty());
    let verbs: Vec<_> = named().map(|line| line.verb).collect();
    let wrapping: Vec<_> =
        lines.iter().filter(|line| line.wraps).map(|line| format!("'{}'", line.verb)).collect();
    let offered: String = named()
        .map(|line| {
            format!("complete -c retry -n __retry_is_first -a {} -d '{}'\n", line.verb, quoted(line.about))
        })
        .collect();
    include_str!("completions.fish")
        .replace("@VERBS@", &verbs.join(" "))
        .replace("@WRAPPING@", &wrapping.join(" "))
        .replace("@VALUED@", &lines.iter().map(valued).collect::<String>())
        .replace("@OFFERED@", &offered)
        .replace("@OPTIONS@", &lines.iter().flat_map(options).collect::<String>())
        .replace("@ACTIONS@", &ACTIONS.join(" "))
        .replace("@KEYED@", &ACTIONS[1..].join(" "))
        .replace("@POLICIES@", POLICIES)
        .replace("@PROFILES@", PROFILES)
        .replace("@PROFILE_WORDS@", &PROFILE_WORDS.join(" "))
}

/// A `case` branch for a verb: the options whose value is the next word.
fn valued(line: &Line) -> String {
    let names =
        line.options.iter().filter(|option| option.takes.is_valued()).flat_map(|option| option.names.clone());
    format!(
        "        case '{}'\n            printf '%s\\n' {}\n",
        line.verb,
        names.collect::<Vec<_>>().join(" ")
    )
}

fn options(line: &Line) -> impl Iterator<Item = String> {
    line.options.iter().flat_map(|option| {
        let names = option.names.iter().map(|name| match name.strip_prefix("--") {
            Some(long) => format!(" -l {long}"),
            None => format!(" -s {}", name.trim_start_matches('-')),
        });
        let complete = format!(
            "complete -c retry -n '__retry_has \"{}\"'{}{} -d '{}'\n",
            line.verb,
            names.collect::<String>(),
            value(option),
            quoted(&option.help)
        );
        // fish itself looks for an optional value only after a `=`.
        let next = match &option.takes {
            Takes::OptionalWord(words) => format!(
                "complete -c retry -n '__retry_follows \"{}\" {}' -a '{}'\n",
                line.verb,
                option.names.join(" "),
                words.join(" ")
            ),
            _ => String::new(),
        };
        [complete, next]
    })
}

fn value(option: &Opt) -> String {
    match &option.takes {
        Takes::Nothing | Takes::Optional => String::new(),
        Takes::OptionalWord(words) => format!(" -fa '{}'", words.join(" ")),
        Takes::Text => " -x".to_owned(),
        Takes::Words(words) => format!(" -xa '{}'", words.join(" ")),
        Takes::File => " -rF".to_owned(),
        Takes::Policy => " -xa '(__retry_ask @POLICIES@)'".to_owned(),
        Takes::Profile => " -xa '@PROFILE_WORDS@ (__retry_ask @PROFILES@)'".to_owned(),
    }
}

/// Escapes text for use within single quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}
