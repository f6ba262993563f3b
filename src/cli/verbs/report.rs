//! The options of `retry report`.

use super::{Arity, Flag};

/// The options of `retry report`. Some have the names of settings, which this verb does not have.
pub(super) static FLAGS: &[&Flag] = &[
    &Flag::format(
        &["text", "json", "markdown", "html", "junit", "prometheus", "trace"],
        "text, json, markdown, html, junit, prometheus or trace (for ui.perfetto.dev)",
    ),
    &Flag { short: Some('o'), ..Flag::file("output", "Write to FILE instead of stdout, atomically") },
    &Flag::value("top", "N", "Maximum rows per table [default: 10]"),
    &Flag::value(
        "since",
        "TIME",
        "Only runs that ended at or after TIME: RFC 3339, a date, today, yesterday (UTC), or a duration back from now",
    ),
    &Flag::value("until", "TIME", "Only runs that ended before TIME"),
    &Flag::value("name", "GLOB", "Only runs with this name; repeatable (any of them)"),
    &Flag::value("key", "GLOB", "Only runs with this key; repeatable"),
    &Flag::value("label", "K=GLOB", "Only runs with this label; repeatable"),
    &Flag::value("host", "GLOB", "Only runs on this host; repeatable"),
    &Flag::value(
        "outcome",
        "OUTCOME",
        "Only runs with this outcome: succeeded, exhausted, permanent, deadline, stalled, throttled, refused, interrupted or error, or unfinished (its end was not logged); repeatable",
    ),
    &Flag::value(
        "what-if",
        "SETTINGS",
        "Show what other settings would have changed, such as max=3,timeout=30s,deadline=5m",
    ),
    &Flag::value(
        "run",
        "ID",
        "Show one run in full: last, or the beginning of its id; in other formats, only that run",
    ),
    &Flag::value(
        "max-rescued",
        "N|N%",
        "Exit 1 if more runs than this were rescued: a number, or a share of all runs",
    ),
    &Flag::value(
        "max-failed",
        "N|N%",
        "Exit 1 if more runs than this failed; runs without an end are not among them",
    ),
    &Flag::value(
        "max-unfinished",
        "N|N%",
        "Exit 1 if more runs than this have no end in the log: killed, or still running",
    ),
    &Flag {
        arity: Arity::Optional("-"),
        ..Flag::file(
            "draft-rules",
            "Print rules for failures that no rule knows, as TOML; with =FILE, add the usable ones to that configuration file",
        )
    },
    &Flag::switch(
        "rejudge",
        "Classify each failed attempt by the current rules, and show which verdicts change",
    ),
    &Flag::value(
        "junit-flaky",
        "AS",
        "With --format junit, count rescued runs as success or failure [default: success]",
    ),
    &Flag::file(
        "checkpoint",
        "With --format prometheus, continue where the last report stopped, as recorded in FILE; LOG may have been rotated since",
    ),
    &Flag::value("color", "WHEN", "Whether the text is coloured: auto, always or never [default: auto]"),
    &Flag::switch("rotated", "For each LOG, also read LOG.1, LOG.2.gz, LOG-20261101.gz and so on"),
];

pub(super) const AFTER: &str = "\
Exit status: 0; 1 when --max-rescued, --max-failed or --max-unfinished is exceeded; 125 when a file cannot be read or holds no log.

Example: retry report --rotated --since 7d --name 'nightly-*' /var/log/retry.jsonl";
