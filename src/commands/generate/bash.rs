//! Completions for bash: the options of each verb as `case` branches, the rest in `completions.bash`.

use std::fmt::Write;

use super::words::{Line, Opt, POLICIES, PROFILE_WORDS, PROFILES, Takes, lines};
use crate::cli::ACTIONS;

pub(super) fn completions() -> String {
    let lines = lines();
    let verbs: Vec<_> = lines.iter().map(|line| line.verb).filter(|verb| !verb.is_empty()).collect();
    let wrapping: Vec<_> =
        lines.iter().filter(|line| line.wraps).map(|line| format!("'{}'", line.verb)).collect();
    include_str!("completions.bash")
        .replace("@VERBS@", &verbs.join(" "))
        .replace("@WRAPPING@", &wrapping.join(" | "))
        .replace("@OPTIONS@", &lines.iter().map(options).collect::<String>())
        .replace("@VALUES@", &values(&lines))
        .replace("@ACTIONS@", &ACTIONS.join(" "))
        .replace("@POLICIES@", POLICIES)
        .replace("@PROFILES@", PROFILES)
        .replace("@PROFILE_WORDS@", &PROFILE_WORDS.join(" "))
}

/// A `case` branch for a verb: all of its options, those whose value is the next word, and those whose value may be.
fn options(line: &Line) -> String {
    let names = |wanted: fn(&Opt) -> bool| {
        let named = line.options.iter().filter(|option| wanted(option));
        named.flat_map(|option| option.names.clone()).collect::<Vec<_>>().join(" ")
    };
    let optional = match &*names(|option| matches!(option.takes, Takes::OptionalWord(_))) {
        "" => String::new(),
        names => format!("      optional=' {names} '\n"),
    };
    format!(
        "    '{}')\n      options='{}'\n      valued=' {} '\n{optional}      ;;\n",
        line.verb,
        names(|_| true),
        names(|option| option.takes.is_valued())
    )
}

/// A `case` branch for each option whose value can be completed, once for all verbs that have the option.
fn values(lines: &[Line]) -> String {
    let mut out = String::new();
    let mut seen = Vec::new();
    for line in lines {
        for option in &line.options {
            let offer = match &option.takes {
                Takes::Words(words) | Takes::OptionalWord(words) => {
                    format!("_retry_offer '{}'", words.join(" "))
                }
                Takes::File => "_retry_files".to_owned(),
                Takes::Policy => "_retry_offer \"$(_retry_ask @POLICIES@)\"".to_owned(),
                Takes::Profile => "_retry_offer \"@PROFILE_WORDS@ $(_retry_ask @PROFILES@)\"".to_owned(),
                _ => continue,
            };
            // Formats differ between verbs.
            let names: Vec<_> = option.names.iter().map(|name| format!("'{}' {name}", line.verb)).collect();
            let names: Vec<_> = if option.names.iter().any(|name| name == "--format") {
                names.iter().map(|name| format!("\"{}\"", name.replace('\'', ""))).collect()
            } else {
                option.names.iter().map(|name| format!("*\" {name}\"")).collect()
            };
            if !seen.contains(&names) {
                let _infallible = writeln!(out, "    {}) {offer} ;;", names.join(" | "));
                seen.push(names);
            }
        }
    }
    out
}
