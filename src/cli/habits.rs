//! Options that people know from other tools: answered with the right spelling, never guessed.

use std::ffi::OsString;

use crate::policy::problem::Problem;

/// What an option means elsewhere, and what to write here; `{}` stands for its value.
struct Habit {
    options: &'static [&'static str],
    meant: &'static str,
    write: &'static str,
    /// What to write where something else was meant.
    or: Option<(&'static str, &'static str)>,
}

static HABITS: &[Habit] = &[
    Habit {
        options: &["-t"],
        meant: "tries elsewhere",
        write: "--max {}",
        or: Some(("a time limit", "--timeout {}s")),
    },
    Habit {
        options: &["--times", "--tries", "-a", "--max-attempts", "--max_attempts", "--count", "--limit"],
        meant: "attempts elsewhere",
        write: "--max {}",
        or: None,
    },
    Habit {
        options: &["--retry", "--max-retries", "-r"],
        meant: "retries elsewhere",
        write: "--retries {}",
        or: None,
    },
    Habit {
        options: &["-x"],
        meant: "attempts or the longest wait elsewhere",
        write: "--max {}",
        or: Some(("the longest wait", "--max-delay {}")),
    },
    Habit {
        options: &["-i", "--interval", "--sleep", "-s", "--wait", "-w", "--retry-delay", "--pause"],
        meant: "the wait between attempts elsewhere",
        write: "--delay {}",
        or: Some(("the same wait each time", "--backoff fixed --delay {}")),
    },
    Habit {
        options: &["--while"],
        meant: "the statuses to go on with elsewhere",
        write: "--retry-on {}",
        or: None,
    },
    Habit {
        options: &["-u", "--until"],
        meant: "the statuses to stop at elsewhere",
        write: "--success-on {}",
        or: Some(("readiness", "retry until -- COMMAND")),
    },
    Habit {
        options: &["--retry-max-time", "--max-time", "--max-elapsed", "-m"],
        meant: "a limit for the whole run elsewhere",
        write: "--deadline {}",
        or: Some(("one attempt", "--timeout {}")),
    },
    Habit {
        options: &["-f", "--forever", "--infinite", "-U"],
        meant: "no limit elsewhere",
        write: "--max inf",
        or: None,
    },
    Habit {
        options: &["--exponential", "--exp"],
        meant: "a backoff",
        write: "--backoff exponential",
        or: None,
    },
    Habit {
        options: &["-F", "--fib", "--fibonacci"],
        meant: "a backoff",
        write: "--backoff fibonacci",
        or: None,
    },
    Habit {
        options: &["--max-interval", "--max-wait", "-M"],
        meant: "the longest wait elsewhere",
        write: "--max-delay {}",
        or: None,
    },
    Habit { options: &["--no-jitter"], meant: "waits that are not drawn", write: "--jitter none", or: None },
    Habit { options: &["--silent"], meant: "no messages", write: "--quiet", or: None },
    Habit {
        options: &["--preserve-status", "--foreground"],
        meant: "what retry does anyway",
        write: "the command line without it",
        or: None,
    },
];

/// The answer to an option that is not ours but well known.
pub(super) fn answer(option: &str, typed: &[OsString]) -> Option<Problem> {
    let habit = HABITS.iter().find(|habit| habit.options.contains(&option))?;
    let value = value(option, typed);
    let shown = value.as_deref().map_or_else(|| option.to_owned(), |value| format!("{option} {value}"));
    let fill = |template: &str| {
        let value = value.as_deref().unwrap_or("N");
        // A unit is written only behind a bare number.
        let bare = value.parse::<f64>().is_ok() || value == "N";
        let template = if bare { template.to_owned() } else { template.replace("{}s", "{}") };
        template.replace("{}", value)
    };
    // A time can't have been meant as a count.
    let is_time = value.as_deref().is_some_and(|value| value.parse::<u64>().is_err());
    if let (true, "--max {}", Some((what, write))) = (is_time, habit.write, habit.or) {
        return Some(Problem::new(format!("{shown} meant {what} elsewhere: write {}", fill(write))));
    }
    let mut message = format!("{shown} meant {}: write {}", habit.meant, fill(habit.write));
    if let Some((what, write)) = habit.or {
        message = format!("{message}; for {what} write {}", fill(write));
    }
    Some(Problem::new(message))
}

/// The value typed with an option: `-t 5`, `-t5`, `-vt5`, `--times=5`.
fn value(option: &str, typed: &[OsString]) -> Option<String> {
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
    let next = typed.get(at + 1)?.to_str()?;
    next.starts_with(|first: char| first.is_ascii_digit()).then(|| next.to_owned())
}

/// Every option that is answered.
#[cfg(test)]
pub(super) fn options() -> impl Iterator<Item = &'static str> {
    HABITS.iter().flat_map(|habit| habit.options).copied()
}
