//! Describes one run for people: each attempt, the reason for its verdict, each wait, the end, and the command that repeats
//! a verdict.

use super::story::{Attempt, Failure, Story};
use super::text::child_text;
use super::time;
use crate::policy::{is_judging, is_rules, options};

/// Lines of a tail that are shown.
const TAIL_LINES: usize = 5;

/// The whole story.
pub fn tell(story: &Story) -> String {
    let mut out = format!(
        "run {} of {} on {}, {} UTC\n",
        child_text(&story.run),
        child_text(&story.name),
        child_text(&story.host),
        time::second(story.started).replace('T', " ").trim_end_matches('Z')
    );
    if !story.argv.is_empty() {
        out += &format!("command: {}\n", command(story));
    }
    let mut holds = story.holds.iter().peekable();
    for attempt in &story.attempts {
        while let Some(hold) = holds.next_if(|hold| hold.at <= attempt.started) {
            out += &format!("  {:<12}{}  {}\n", "held", offset(story, hold.at), child_text(&hold.message));
        }
        out += &told(story, attempt);
    }
    for hold in holds {
        out += &format!("  {:<12}{}  {}\n", "held", offset(story, hold.at), child_text(&hold.message));
    }
    if let Some(begun) = story.under_way() {
        out += &format!("{}: no end was logged\n", began(begun.number, begun.max, &offset(story, begun.at)));
    }
    out += &match &story.end {
        Some(end) => format!("end: {}\n", child_text(&end.message)),
        None => "no end was logged: the run was killed, or is still running\n".to_owned(),
    };
    if let Some(letter) = story.end.as_ref().and_then(|end| end.letter.as_ref()) {
        out +=
            &format!("dead letter: {0}; run it again with: retry replay {0}\n", child_text(&quoted(letter)));
    }
    let failures = story.attempts.iter().filter_map(|attempt| Some((attempt, attempt.failure.as_ref()?)));
    let commands: Vec<_> = failures.map(|(attempt, failure)| classify(story, attempt, failure)).collect();
    let mut different: Vec<&String> = Vec::new();
    for command in &commands {
        if !different.contains(&command) {
            different.push(command);
        }
    }
    if !different.is_empty() {
        let verdicts = if different.len() == 1 { "the verdict" } else { "the verdicts" };
        let has_rules = story.settings.keys().any(|key| is_rules(key));
        let own = if has_rules { " (rules of its configuration cannot be given as options)" } else { "" };
        out += &format!("\nto repeat {verdicts}{own}:\n");
        for command in different {
            out += &format!("  {}\n", child_text(command));
        }
    }
    out
}

/// The time since the start of the run.
fn offset(story: &Story, at: i64) -> String {
    format!("{:>8}", format!("+{}", time::span((at - story.started).max(0).unsigned_abs())))
}

/// `  attempt 1/3    +29ms`
fn began(number: u64, max: Option<u64>, offset: &str) -> String {
    let number = max.map_or_else(|| number.to_string(), |max| format!("{number}/{max}"));
    format!("  {:<12}{offset}", format!("attempt {number}"))
}

fn told(story: &Story, attempt: &Attempt) -> String {
    let start = format!(
        "{}  took {}",
        began(attempt.number, attempt.max, &offset(story, attempt.started)),
        time::span(attempt.duration)
    );
    let Some(failure) = &attempt.failure else { return format!("{start}: succeeded\n") };
    let mut out = format!("{start}: {}\n", child_text(&failure.reason));
    out += &format!("{:14}{}, by {}\n", "", child_text(&failure.class), why(failure));
    let tail = failure.stderr_tail.as_ref().or(failure.stdout_tail.as_ref()).or(failure.quote.as_ref());
    let lines: Vec<_> =
        tail.map(|tail| tail.lines().filter(|line| !line.trim().is_empty()).collect()).unwrap_or_default();
    let shown = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    let matched =
        failure.quote.as_deref().filter(|quote| !shown.iter().any(|line| line.contains(quote.trim())));
    if let Some(quote) = matched {
        out += &format!("{:14}it matched: {}\n", "", child_text(quote));
    }
    for line in shown {
        out += &format!("{:14}| {}\n", "", child_text(line));
    }
    if attempt.wait > 0 {
        out += &format!(
            "  {:<12}{}  {}\n",
            "wait",
            offset(story, attempt.started + attempt.duration.cast_signed()),
            waited(attempt, failure)
        );
    }
    out
}

/// The rule and its origin.
fn why(failure: &Failure) -> String {
    let id = child_text(&failure.rule);
    match (&*failure.source, &failure.profile) {
        ("builtin", _) if failure.rule == "unmatched" => {
            "builtin/unmatched: no rule matches this failure".to_owned()
        }
        ("policy", _) => format!("policy/{id}: set by an option or a configuration file"),
        ("hint", _) => format!("hint/{id}: stated by the command itself"),
        (_, Some(profile)) => {
            let profile = child_text(profile);
            format!("{profile}/{id} (retry profiles {profile} shows the rule)")
        }
        (source, None) => format!("{}/{id}", child_text(source)),
    }
}

/// The wait and its parts.
fn waited(attempt: &Attempt, failure: &Failure) -> String {
    let drawn = format!("drawn {}", time::span(attempt.drawn));
    let parts = match failure.asked {
        Some(asked) => {
            let who = if failure.source == "hint" { "the command" } else { "the server" };
            format!("{drawn}, {who} asked for {}", time::span(asked))
        }
        None => drawn,
    };
    format!("{} ({parts})", time::span(attempt.wait))
}

/// The command line that judges the attempt again by the current rules.
fn classify(story: &Story, attempt: &Attempt, failure: &Failure) -> String {
    let ending = match (attempt.exit_code, &failure.signal) {
        (_, Some(signal)) => format!(" --killed-by {}", quoted(signal)),
        (Some(code), None) => format!(" --exit {code}"),
        (None, None) => String::new(),
    };
    let timed_out = if failure.timed_out { " --timed-out" } else { "" };
    let (option, tail) = match (&failure.stderr_tail, &failure.stdout_tail) {
        (Some(tail), _) => ("stderr", Some(tail)),
        (None, Some(tail)) => ("stdout", Some(tail)),
        // Most tools report on stderr.
        (None, None) => ("stderr", failure.quote.as_ref()),
    };
    let (before, file) = match tail.filter(|tail| !tail.is_empty()) {
        Some(tail) => (format!("printf %s {} | ", quoted(tail)), format!(" --{option}-file /dev/stdin")),
        None => (String::new(), String::new()),
    };
    let mut judged = story.settings.clone();
    judged.retain(|key, _| is_judging(key));
    let options: String = options(&judged).map(|option| format!(" {}", quoted(&option))).collect();
    format!("{before}retry classify{options}{ending}{timed_out}{file} -- {}", command(story))
}

/// The command's words for a shell; only its program if the log has no more.
fn command(story: &Story) -> String {
    if story.argv.is_empty() {
        return quoted(story.program.as_ref().unwrap_or(&story.name));
    }
    story.argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if !word.chars().any(char::is_control) {
        return format!("'{}'", word.replace('\'', "'\\''"));
    }
    let escaped = word.chars().fold(String::new(), |out, c| match c {
        '\n' => out + "\\n",
        '\t' => out + "\\t",
        '\'' | '\\' => format!("{out}\\{c}"),
        c if c.is_control() => {
            out + &c.to_string().bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>()
        }
        c => format!("{out}{c}"),
    });
    format!("$'{escaped}'")
}
