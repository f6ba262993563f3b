//! The options of `retry replay`.

use super::Flag;

/// The options of `retry replay`.
pub(super) static FLAGS: &[&Flag] = &[
    &Flag::value("jobs", "N", "Letters that run at once, after a first one succeeded [default: 1]"),
    &Flag::value("give-up-after", "N", "Stop after this many transient failures in a row [default: 3]"),
    &Flag::value("rate", "N/DURATION", "Letters per time, such as 5/1s; a letter's own limits apply as well"),
    &Flag {
        value_name: "DIR",
        ..Flag::file("keep", "Move letters that succeeded to this directory instead of removing them")
    },
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
            "SOURCE",
            "letter: set the variables that the letter has values for; now: ignore them [default: letter]",
        )
    },
];

pub(super) const AFTER: &str = "\
The first letter runs alone; only after a success do the others follow. A letter that succeeded is removed; one that failed \
stays as it was, and DIR/replays.jsonl has a line for it. A kill between success and removal has a letter run twice: a \
server can tell by RETRY_IDEMPOTENCY_KEY, which is the same for every attempt and replay. Options of a run are stronger \
than the letter's settings. A letter is code: it is refused unless it is yours and nobody else may write to it.

Exit status: 0 all done; 1 some failed or were refused; 75 given up, since the trouble is not over; 125 no such file.

Example: retry replay --jobs 4 --rate 5/1s /var/spool/retry";
