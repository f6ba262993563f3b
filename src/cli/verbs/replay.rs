//! The options of `retry replay`.

use super::Flag;

/// The options of `retry replay`.
pub(super) static FLAGS: &[&Flag] = &[
    &Flag::value(
        "jobs",
        "N",
        "Letters that run at the same time once the first one has succeeded [default: 1]",
    ),
    &Flag::value("give-up-after", "N", "Stop after this many transient failures in a row [default: 3]"),
    &Flag::value(
        "rate",
        "N/DURATION",
        "Start at most N letters per DURATION, such as 5/1s; a letter's own limits apply as well",
    ),
    &Flag {
        value_name: "DIR",
        ..Flag::file("keep", "Move letters that succeeded to this directory instead of removing them")
    },
    &Flag::switch("list", "List the letters: age, name, attempts, exit, reason, size of the input, problems"),
    &Flag::format(&["text", "json"], "Format of --list: text or json"),
    &Flag::switch("show", "Show the letters: the command quoted for a shell, and how it failed"),
    &Flag::switch("sh", "With --show: print a shell script that runs the letter"),
    &Flag::switch("dry-run", "Print what would run, in order, and what would be refused"),
    &Flag::switch("verify", "Verify the checksum of each input before it is used"),
    &Flag::switch(
        "force",
        "Also run letters that hold only a part of their input, or whose input file has changed since; a letter that was itself cut is never run",
    ),
    &Flag::switch("ignore-settings", "Ignore the settings and the policy that the letters hold"),
    &Flag {
        words: &["letter", "now"],
        ..Flag::value(
            "env-from",
            "SOURCE",
            "Variables stored in the letter: set them (letter), or ignore them (now) [default: letter]",
        )
    },
];

pub(super) const AFTER: &str = "\
The first letter runs alone; the others follow once it has succeeded. A letter that succeeds is removed; one that fails \
is kept, and DIR/replays.jsonl gets a line for it. If a replay is killed after a success and before the letter is removed, \
the letter runs twice: a server can recognise this by RETRY_IDEMPOTENCY_KEY, which is the same for every attempt and replay. \
Options of a run override the letter's settings. A letter is code: it is refused unless you own it and nobody else can write \
to it.

Exit status: 0 all letters succeeded; 1 some failed or were refused; 75 gave up after transient failures in a row; \
125 no such file.

Example: retry replay --jobs 4 --rate 5/1s /var/spool/retry";
