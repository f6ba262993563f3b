//! Options that people know from other tools. They are answered with our spelling, never guessed.

use crate::base::problem::Problem;

/// An option of other tools, and what to use instead.
struct Habit {
    /// The spellings of the option.
    options: &'static [&'static str],
    /// The meanings that the option has in other tools, and what to use for each; `{}` stands for the value. A single
    /// meaning needs no name.
    meanings: &'static [(&'static str, &'static str)],
}

const fn habit(options: &'static [&'static str], meanings: &'static [(&'static str, &'static str)]) -> Habit {
    Habit { options, meanings }
}

/// Used instead of an option: there is no equivalent, and the option should be dropped.
const DROP: &str = "";

static HABITS: &[Habit] = &[
    habit(&["-t"], &[("{} attempts", "--max {}"), ("a {}s timeout", "--timeout {}s")]),
    habit(
        &[
            "--times",
            "--tries",
            "-a",
            "--max-attempts",
            "--max_attempts",
            "--max-tries",
            "--stop-after-attempt",
            "--count",
            "--limit",
        ],
        &[("", "--max {}")],
    ),
    habit(&["--retry", "--max-retries", "-r"], &[("", "--retries {}")]),
    habit(&["-x"], &[("{} attempts", "--max {}"), ("the longest delay", "--max-delay {}")]),
    habit(
        &["-i", "--interval", "--sleep", "--wait", "-w", "--retry-delay", "--pause"],
        &[("a delay that grows", "--delay {}"), ("a constant one", "--backoff fixed --delay {}")],
    ),
    habit(
        &["-s"],
        &[
            ("a delay", "--delay {}"),
            ("a constant one", "--backoff fixed --delay {}"),
            ("a signal", "--signal KILL"),
        ],
    ),
    habit(
        &[
            "--initial-delay",
            "--initial-interval",
            "--initial-backoff",
            "--initial-wait",
            "--base-delay",
            "--min-delay",
            "--min-wait",
        ],
        &[("", "--delay {}")],
    ),
    habit(&["--wait-fixed", "--fixed-delay", "--fixed"], &[("", "--backoff fixed --delay {}")]),
    habit(&["--wait-exponential", "--exponential-delay"], &[("", "--backoff exponential --delay {}")]),
    habit(&["--wait-random"], &[("", "--backoff fixed --delay {} --jitter full")]),
    habit(
        &["--multiplier", "--backoff-factor", "--backoff-multiplier", "--exp-base"],
        &[("", "--factor {}")],
    ),
    habit(
        &["--randomization-factor", "--randomisation-factor", "--random"],
        &[("a share of the delay", "--jitter 25%"), ("anything up to the delay", "--jitter full")],
    ),
    habit(&["--while", "--on", "--on-exit", "-e", "--exit-code", "--codes"], &[("", "--retry-on {}")]),
    habit(&["--stop-if-status", "--retry-stop-on", "--abort-on"], &[("", "--permanent-on {}")]),
    habit(
        &["-u", "--until"],
        &[("statuses that count as success", "--success-on {}"), ("readiness", "retry until -- COMMAND")],
    ),
    habit(
        &["--invert"],
        &[("a command that should fail", "--success-on '!0'"), ("a failure to be retried", "--retry-on")],
    ),
    habit(&["--consecutive"], &[("", "--successes {}")]),
    habit(&["--condition", "--retry-if-contains", "-E"], &[("", "--retry-match REGEX")]),
    habit(
        &[
            "--retry-max-time",
            "--max-time",
            "--max-elapsed",
            "--max-elapsed-time",
            "--max-duration",
            "--stop-after-delay",
            "-m",
        ],
        &[("the whole run", "--deadline {}"), ("one attempt", "--timeout {}")],
    ),
    habit(&["--total-time"], &[("", "--deadline {}")]),
    habit(&["-T", "--task-time", "--attempt-timeout"], &[("", "--timeout {}")]),
    habit(&["--grace", "--kill-timeout", "--grace-period"], &[("", "--kill-after {}")]),
    habit(&["-f", "--forever", "--infinite", "-U"], &[("", "--max inf")]),
    habit(&["--exponential", "--exp"], &[("", "--backoff exponential")]),
    habit(&["-F", "--fib", "--fibonacci"], &[("", "--backoff fibonacci")]),
    habit(&["--linear"], &[("", "--backoff linear")]),
    habit(&["--max-interval", "--max-wait", "--max-backoff", "--wait-max", "-M"], &[("", "--max-delay {}")]),
    habit(&["--no-retries"], &[("", "--no-retry")]),
    habit(&["--no-jitter"], &[("", "--jitter none")]),
    habit(&["--silent"], &[("", "--quiet")]),
    habit(
        &["--stagger"],
        &[("delays that differ", "--jitter full"), ("few at a time", "--key NAME --concurrency N")],
    ),
    habit(&["--hold-stdout"], &[("", "-O")]),
    habit(&["--replay-stdin", "-I"], &[("", "--stdin replay")]),
    habit(&["--dry-run"], &[("the plan without a run", "retry explain -- COMMAND")]),
    habit(&["--report"], &[("a record of each attempt", "--log FILE")]),
    habit(
        &["--retry-all-errors", "--retry-connrefused", "--continue-on-error"],
        &[(
            "failures are retried by default, and --profile none retries those known to be permanent, too; drop",
            DROP,
        )],
    ),
    habit(
        &["--preserve-status"],
        &[("retry exits with the command's own status, and with 124 after a timeout; drop", DROP)],
    ),
    habit(&["--foreground"], &[("retry always leaves the command in the foreground; drop", DROP)]),
];

/// The answer to a well-known option of other tools. `word` is attached to it or follows it.
pub(super) fn answer(option: &str, word: Option<&str>) -> Option<Problem> {
    let habit = HABITS.iter().find(|habit| habit.options.contains(&option))?;
    let problem = Problem::new(format!("retry has no {option}"));
    if habit.options.contains(&"--until") && word == Some("success") {
        return Some(problem.hint(format!("retry runs the command until it succeeds anyway; drop {option}")));
    }
    let signal = word.filter(|word| option == "-s" && is_signal(word));
    let value = word.filter(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    let several = habit.meanings.len() > 1;
    let meant = habit.meanings.iter().filter(|(_, instead)| match signal {
        Some(_) => instead.starts_with("--signal"),
        // A time can't have been meant as a count, nor a name as a time.
        None => !(instead.starts_with("--signal") || several && *instead == "--max {}" && is_time(value)),
    });
    let hints = meant.map(|(what, instead)| match (*what, *instead) {
        (what, DROP) => format!("{what} {option}"),
        ("", instead) => format!("use {}", filled(instead, value)),
        ("a signal", _) => format!("use --signal {}", signal.unwrap_or("KILL")),
        (what, instead) => format!("for {} use {}", filled(what, value), filled(instead, value)),
    });
    Some(problem.hint(hints.collect::<Vec<_>>().join("; ")))
}

/// The template filled with the value, or with `N` if none was typed.
fn filled(template: &str, value: Option<&str>) -> String {
    // A unit is added only to a bare number.
    let is_bare = value.is_none_or(|value| value.parse::<f64>().is_ok());
    let template = if is_bare { template.to_owned() } else { template.replace("{}s", "{}") };
    template.replace("{}", value.unwrap_or("N"))
}

fn is_time(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.parse::<u64>().is_err())
}

fn is_signal(text: &str) -> bool {
    crate::classify::signal::parse(text).is_some() && text.parse::<u64>().is_err()
}

/// Every option that is answered.
#[cfg(test)]
pub(super) fn options() -> impl Iterator<Item = &'static str> {
    HABITS.iter().flat_map(|habit| habit.options).copied()
}
