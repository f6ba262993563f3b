//! Options that people know from other tools: answered with the right spelling, never guessed.

use std::ffi::OsString;

use crate::base::problem::Problem;

/// What to use instead of an option that other tools have.
struct Habit {
    options: &'static [&'static str],
    /// What may have been meant, and what to use for it; `{}` stands for the value. One meaning needs no name.
    meanings: &'static [(&'static str, &'static str)],
}

const fn habit(options: &'static [&'static str], meanings: &'static [(&'static str, &'static str)]) -> Habit {
    Habit { options, meanings }
}

/// What a hint says that names no option to use.
const DROP: &str = "";

static HABITS: &[Habit] = &[
    habit(&["-t"], &[("{} attempts", "--max {}"), ("a {}s timeout", "--timeout {}s")]),
    habit(
        &["--times", "--tries", "-a", "--max-attempts", "--max_attempts", "--count", "--limit"],
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
    habit(&["--initial-delay"], &[("", "--delay {}")]),
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
        &["--retry-max-time", "--max-time", "--max-elapsed", "-m"],
        &[("the whole run", "--deadline {}"), ("one attempt", "--timeout {}")],
    ),
    habit(&["--total-time"], &[("", "--deadline {}")]),
    habit(&["-T", "--task-time", "--attempt-timeout"], &[("", "--timeout {}")]),
    habit(&["--grace", "--kill-timeout", "--grace-period"], &[("", "--kill-after {}")]),
    habit(&["-f", "--forever", "--infinite", "-U"], &[("", "--max inf")]),
    habit(&["--exponential", "--exp"], &[("", "--backoff exponential")]),
    habit(&["-F", "--fib", "--fibonacci"], &[("", "--backoff fibonacci")]),
    habit(&["--max-interval", "--max-wait", "-M"], &[("", "--max-delay {}")]),
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
    habit(&["--on-retry", "--on-failure", "--on-success"], &[("a record of each attempt", "--log FILE")]),
    habit(
        &["--retry-all-errors", "--retry-connrefused", "--continue-on-error"],
        &[(
            "any failure is retried by default, and --profile none retries even what cannot pass; drop",
            DROP,
        )],
    ),
    habit(
        &["--preserve-status", "--foreground"],
        &[("retry always exits with the command's own status and leaves it in the foreground; drop", DROP)],
    ),
];

/// The answer to an option that is not ours but well known.
pub(super) fn answer(option: &str, typed: &[OsString]) -> Option<Problem> {
    let habit = HABITS.iter().find(|habit| habit.options.contains(&option))?;
    let value = value(option, typed);
    let problem = Problem::new(format!("retry has no {option}"));
    if habit.options.contains(&"--until") && text_of(option, typed).is_some_and(|text| text == "success") {
        return Some(problem.hint(format!("retry runs the command until it succeeds anyway; drop {option}")));
    }
    let fill = |template: &str| {
        let value = value.as_deref().unwrap_or("N");
        // A unit is added only to a bare number.
        let bare = value.parse::<f64>().is_ok() || value == "N";
        let template = if bare { template.to_owned() } else { template.replace("{}s", "{}") };
        template.replace("{}", value)
    };
    // A time can't have been meant as a count, nor a name as a time.
    let is_time = value.as_deref().is_some_and(|value| value.parse::<u64>().is_err());
    let signal = text_of(option, typed).filter(|text| option == "-s" && is_signal(text));
    let meant = habit.meanings.iter().filter(|(_, write)| match &signal {
        Some(_) => write.starts_with("--signal"),
        None => {
            !(write.starts_with("--signal") || is_time && habit.meanings.len() > 1 && *write == "--max {}")
        }
    });
    let hints = meant.map(|(what, write)| match (*what, *write) {
        (what, DROP) => format!("{what} {option}"),
        ("", write) => format!("use {}", fill(write)),
        ("a signal", _) => format!("use --signal {}", signal.as_deref().unwrap_or("KILL")),
        (what, write) => format!("for {} use {}", fill(what), fill(write)),
    });
    Some(problem.hint(hints.collect::<Vec<_>>().join("; ")))
}

fn is_signal(text: &str) -> bool {
    crate::classify::signal::parse(text).is_some() && text.parse::<u64>().is_err()
}

/// The value typed with an option, if it begins with a digit: `-t 5`, `-t5`, `-vt5`, `--times=5`.
fn value(option: &str, typed: &[OsString]) -> Option<String> {
    text_of(option, typed).filter(|text| text.starts_with(|first: char| first.is_ascii_digit()))
}

/// The word typed with an option, attached or behind it.
fn text_of(option: &str, typed: &[OsString]) -> Option<String> {
    let (at, attached) = typed.iter().enumerate().find_map(|(at, word)| {
        let word = word.to_str()?;
        match option.strip_prefix("--") {
            Some(_) => {
                let rest = word.strip_prefix(option)?;
                (rest.is_empty() || rest.starts_with('=')).then_some((at, rest))
            }
            None if word.starts_with("--") => None,
            None => Some((at, word.strip_prefix('-')?.split_once(option.strip_prefix('-')?)?.1)),
        }
    })?;
    let attached = attached.trim_start_matches('=');
    if !attached.is_empty() {
        return Some(attached.to_owned());
    }
    typed.get(at + 1)?.to_str().map(str::to_owned)
}

/// Every option that is answered.
#[cfg(test)]
pub(super) fn options() -> impl Iterator<Item = &'static str> {
    HABITS.iter().flat_map(|habit| habit.options).copied()
}
