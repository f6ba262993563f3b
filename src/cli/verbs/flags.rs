//! The options of verbs that have many of their own.

use crate::cli::rows::Flag;

/// The options of `retry report`. Some have the names of settings, which this verb does not have.
pub(super) static REPORT_FLAGS: &[&Flag] = &[
    &Flag::format(
        &["text", "json", "markdown", "html", "junit", "prometheus", "trace"],
        "text, json, markdown, html, junit, prometheus or trace (for ui.perfetto.dev)",
    ),
    &Flag {
        short: Some('o'),
        ..Flag::file("output", "Write to FILE instead of stdout, as a whole or not at all")
    },
    &Flag::value("top", "N", "Rows of a table [default: 10]"),
    &Flag::value(
        "since",
        "TIME",
        "Only runs that ended at or after TIME: RFC 3339, a date, today, yesterday (UTC), or a duration back from now",
    ),
    &Flag::value("until", "TIME", "Only runs that ended before TIME"),
    &Flag::value("name", "GLOB", "Only runs of this name; repeatable: any of them"),
    &Flag::value("key", "GLOB", "Only runs with this key; repeatable"),
    &Flag::value("label", "K=GLOB", "Only runs with this label; repeatable"),
    &Flag::value("host", "GLOB", "Only runs on this host; repeatable"),
    &Flag::value(
        "outcome",
        "OUTCOME",
        "Only runs that ended so: succeeded, exhausted, permanent, deadline, stalled, throttled, refused, interrupted or error; repeatable",
    ),
    &Flag::value(
        "what-if",
        "SETTINGS",
        "What other settings would have changed, such as max=3,timeout=30s,deadline=5m",
    ),
    &Flag::value(
        "run",
        "ID",
        "Tell of one run: last, or the begin of its id; with another format, only that run",
    ),
    &Flag::value(
        "max-rescued",
        "N|N%",
        "Exit 1 if more runs than this were rescued: a number, or a share of all runs",
    ),
    &Flag::value("max-failed", "N|N%", "Exit 1 if more runs than this failed"),
    &Flag::switch(
        "draft-rules",
        "Only print rules for what no rule knows, as TOML to add to a configuration",
    ),
    &Flag::switch("rejudge", "Judge each failed attempt by the rules of now, and show which verdicts change"),
    &Flag::value(
        "junit-flaky",
        "AS",
        "With --format junit, count rescued runs as success or failure [default: success]",
    ),
    &Flag::switch("rotated", "For each LOG, also read LOG.1, LOG.2.gz, LOG-20261101.gz and so on"),
];

/// The options of `retry replay`.
pub(super) static REPLAY_FLAGS: &[&Flag] = &[
    &Flag::value("jobs", "N", "Letters that run at once, after a first one succeeded [default: 1]"),
    &Flag::value("give-up-after", "N", "Stop after so many transient failures in a row [default: 3]"),
    &Flag::value("rate", "N/DURATION", "Letters per time, such as 5/1s; a letter's own limits hold as well"),
    &Flag::file("keep", "Move letters that succeeded to this directory instead of removing them"),
    &Flag::switch("list", "List the letters: age, name, attempts, exit, reason, size of the input, problems"),
    &Flag::format(&["text", "json"], "With --list: text or json"),
    &Flag::switch("show", "Show the letters: the command quoted for a shell, and how it failed"),
    &Flag::switch("sh", "With --show: print a shell script that runs the letter"),
    &Flag::switch("dry-run", "Print what would run, in order, and what would be refused"),
    &Flag::switch("verify", "Compare each input with its checksum before it is used"),
    &Flag::switch("force", "Also run letters whose input is not whole, or has changed since"),
    &Flag::switch("ignore-settings", "Ignore the settings and the policy that the letters hold"),
    &Flag {
        words: &["letter", "now"],
        ..Flag::value(
            "env-from",
            "WHENCE",
            "letter: set the variables whose values it holds; now: ignore them [default: letter]",
        )
    },
];
