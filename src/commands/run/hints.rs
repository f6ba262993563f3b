//! Hints for command lines that look wrong. Most are computed after a failure only. Pure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use crate::base::error::Error;
use crate::base::problem::nearest;
use crate::classify::{AttemptResult, Ending};
use crate::cli::{Arity, RUN, verb_words};
use crate::policy::Resolved;
use crate::policy::layer::Origin;

/// Words that a shell interprets itself: no program has their names.
const SHELL_WORDS: &[&str] = &[
    "cd", "export", "source", ".", "if", "for", "while", "case", "!", "{", "(", "[[", "((", "alias",
    "unalias", "set", "unset", "eval", "exec", "shift", "trap", "read", "ulimit", "umask", "local",
    "declare", "typeset", "function", "return", "break", "continue", "exit", "pushd", "popd", "shopt", "let",
    "jobs", "fg", "bg", "disown", "builtin", "command", "hash", "mapfile", "select", "until",
];

/// Those of them that a plain `sh` need not support.
const BASH_WORDS: &[&str] = &[
    "source", "[[", "((", "declare", "typeset", "function", "pushd", "popd", "shopt", "let", "disown",
    "builtin", "mapfile", "select",
];

/// Programs that run a line given with `-c`.
const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "fish", "ash", "mksh"];

/// Our long options that hardly any other program has.
const DISTINCT: &[&str] = &[
    "max",
    "attempts",
    "retries",
    "deadline",
    "timeout",
    "idle-timeout",
    "progress-timeout",
    "kill-after",
    "backoff",
    "delay",
    "max-delay",
    "factor",
    "jitter",
    "max-retry-after",
    "reset-after",
    "successes",
    "retry-on",
    "permanent-on",
    "success-on",
    "retry-match",
    "permanent-match",
    "throttle-match",
    "success-match",
    "fail-if-flaky",
    "exhausted-code",
    "no-retry",
    "non-idempotent",
    "chronic",
];

/// A hint for a command that was not found. `words` begin with its name.
pub(super) fn not_found(words: &[OsString]) -> Option<String> {
    let first = words.first()?.to_str()?;
    let rest = words[1..].iter().position(|word| word != "--").map_or(&[][..], |at| &words[1 + at..]);
    let behind = || shown(rest);
    let command = |without: String| if without.is_empty() { "COMMAND".to_owned() } else { without };
    let has_shell_signs = first.contains(|c: char| c.is_whitespace() || "|;&<>$*()`".contains(c));
    Some(if first.is_empty() {
        "the command is an empty word; is a variable unset?".to_owned()
    } else if SHELL_WORDS.contains(&first) {
        let option = if BASH_WORDS.contains(&first) { "--shell=bash" } else { "-c" };
        format!(
            "{first} is part of the shell, not a program: retry {option} {}",
            quoted(&unquoted_line(words))
        )
    } else if has_shell_signs && !first.starts_with('/') {
        format!("for a shell line use -c: retry -c {}", quoted(&unquoted_line(words)))
    } else if first.parse::<u64>().is_ok() {
        format!("for {first} attempts: retry --max {first} -- {}", command(behind()))
    } else if first.starts_with(|c: char| c.is_ascii_digit()) && crate::base::duration::parse(first).is_ok() {
        format!("for a delay of {first}: retry --delay {first} -- {}", command(behind()))
    } else if is_assignment(first) {
        let rest = command(behind());
        format!("to set a variable: {first} retry -- {rest}, or retry -- env {first} {rest}")
    } else if first.starts_with('-') {
        "options of retry come before --".to_owned()
    } else if first == "help" {
        "did you mean retry --help?".to_owned()
    } else if first == "version" {
        "did you mean retry --version?".to_owned()
    } else if matches!(first, "completion" | "completions") {
        "did you mean retry generate bash, zsh or fish?".to_owned()
    } else if matches!(first, "config" | "show" | "plan") {
        "did you mean retry explain?".to_owned()
    } else if let Some(verb) = nearest(&first.to_lowercase(), verb_words()) {
        format!("did you mean retry {verb}?")
    } else if first.contains('/') {
        format!("there is no file {first}")
    } else {
        format!(
            "no program in PATH is called {first}; for a shell function: export -f {first}, then \
             retry --shell=bash {first}, or a loop with retry wait"
        )
    })
}

/// A hint for one of our options after the command's name, where it was passed to the command.
pub(super) fn misplaced(argv: &[OsString]) -> Option<String> {
    let mut behind = argv.iter().skip(1);
    let (option, word) = behind.find_map(|word| {
        let text = word.to_str()?;
        let name = text.strip_prefix("--")?.split('=').next()?;
        DISTINCT.contains(&name).then_some((name, text))
    })?;
    let takes_value = RUN.long(option).is_some_and(|row| row.arity() == Arity::Value);
    let value = behind.next().and_then(|value| value.to_str()).filter(|_| takes_value && !word.contains('='));
    let shown = value.map_or_else(|| word.to_owned(), |value| format!("{word} {value}"));
    let program = argv.first()?.display();
    Some(format!(
        "{shown} was passed to {program}; options of retry come before the command: retry {shown} -- …"
    ))
}

/// Refuses `--shell bash 'exit 3'`, which would run `bash` without the line.
pub(super) fn check_shell(words: &[OsString]) -> Result<(), Error> {
    let [first, rest @ ..] = words else { return Ok(()) };
    let name = first.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let is_shell = SHELLS.iter().any(|shell| shell.as_bytes() == name);
    if !is_shell || rest.is_empty() {
        return Ok(());
    }
    let line = rest.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let told =
        format!("the shell's name must follow '=': {} would run without {}", first.display(), quoted(&line));
    Err(Error::usage(told).hint(format!("use --shell={} {}", first.display(), shown(rest))))
}

/// A warning for words behind the string of `-c` that the string never uses, and the hint to it.
pub(super) fn unused_words(words: &[OsString]) -> Option<[String; 2]> {
    let [line, rest @ ..] = words else { return None };
    let first = rest.first()?;
    let line = line.to_string_lossy();
    let bytes = line.as_bytes();
    let uses = bytes
        .windows(2)
        .any(|pair| pair[0] == b'$' && matches!(pair[1], b'1'..=b'9' | b'@' | b'*' | b'#' | b'{'))
        || ["for ", "shift", "getopts", "argv", "select "].iter().any(|word| line.contains(word));
    if uses || first.as_bytes().starts_with(b"--") {
        return None;
    }
    Some([
        format!(
            "{} is not used: -c takes one string, and remaining arguments become $1, $2, …",
            quoted(&first.to_string_lossy())
        ),
        format!("hint: retry -c {}", quoted(&unquoted_line(words))),
    ])
}

/// Warnings about options that name status 0 as a failure, where it is a success whatever they say.
pub(super) fn zero_is_a_success(resolved: &Resolved) -> Vec<String> {
    let policy = &resolved.policy;
    let zero = AttemptResult::ended(Ending::Exited(0));
    let successes = &policy.success_on.0;
    if !policy.success_match.0.is_empty() || !(successes.is_empty() || successes.matches(&zero)) {
        return Vec::new();
    }
    let named = [("retry-on", &policy.retry_on), ("permanent-on", &policy.permanent_on)];
    let idle = named
        .into_iter()
        .filter(|(key, specs)| *resolved.origin(key) == Origin::Flag && specs.is_about_zero())
        .map(|(key, _)| format!("--{key} 0 has no effect: exit 0 is a success"));
    let hint = "hint: --success-on says which exit codes are; '!0' makes all others successes";
    let mut told: Vec<_> = idle.collect();
    told.extend((!told.is_empty()).then(|| hint.to_owned()));
    told
}

/// Whether this advice says that the tool exits 0 although it failed.
pub(super) fn is_about_success(advice: &str) -> bool {
    advice.contains(" exits 0 ")
}

/// Whether this advice says that the tool does not show how long the server asks to wait.
pub(super) fn is_about_a_hidden_wait(advice: &str) -> bool {
    advice.contains(" hides the server's Retry-After")
}

/// Options that do the same, for advice that names the first of them.
const SAME_OPTIONS: &[&[&str]] = &[
    &["--fail", "-f", "--fail-with-body"],
    &["-s", "--silent"],
    &["-sS", "-S", "--show-error"],
    &["-q", "--quiet"],
    &["-f", "--file"],
    &["-w", "--write-out", "-v", "--verbose", "-i", "--include"],
];

/// Whether advice on a tool applies to this command line. It does not if it is about an option that the line lacks (`curl
/// -s hides …`), nor if the line has the option that it ends with (`…; add OPTION`, `…; use OPTION`).
pub(super) fn applies(advice: &str, words: &[OsString]) -> bool {
    let about = advice.split(' ').nth(1).filter(|word| word.starts_with('-'));
    let way_out = advice.rsplit_once("; add ").or_else(|| advice.rsplit_once("; use "));
    let way_out = way_out.and_then(|(_, option)| option.split([' ', ',', ';', '=']).next());
    about.is_none_or(|option| has_option(option, words))
        && !way_out.is_some_and(|option| has_option(option, words))
}

/// Whether the command line has this option or an equivalent one. A short one may be part of a cluster: `-fsS`.
fn has_option(option: &str, words: &[OsString]) -> bool {
    let same = SAME_OPTIONS.iter().find(|same| same[0] == option);
    let has = |option: &str| {
        words.iter().skip(1).any(|word| {
            let word = word.to_string_lossy();
            match option.strip_prefix('-').filter(|letter| letter.len() == 1) {
                Some(letter) => word.starts_with('-') && !word.starts_with("--") && word.contains(letter),
                None => word == option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')),
            }
        })
    };
    same.map_or(has(option), |same| same.iter().any(|option| has(option)))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The words as they would be typed into a shell.
fn shown(words: &[OsString]) -> String {
    words.iter().map(|word| quoted_if_needed(word)).collect::<Vec<_>>().join(" ")
}

fn quoted_if_needed(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c) || text == "]]";
    if !text.is_empty() && text.chars().all(plain) { text.into_owned() } else { quoted(&text) }
}

/// The words joined to a line for a shell. The first one is already a line.
fn unquoted_line(words: &[OsString]) -> String {
    let first = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let rest = shown(words.get(1..).unwrap_or_default());
    if rest.is_empty() { first } else { format!("{first} {rest}") }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &[&str]) -> Vec<OsString> {
        line.iter().map(OsString::from).collect()
    }

    #[test]
    fn what_was_not_found_is_answered_with_what_was_meant() {
        for (line, hint) in [
            (&["echo a | cat"][..], "retry -c 'echo a | cat'"),
            (&["it's here"], r"retry -c 'it'\''s here'"),
            (&["5", "echo", "hi"], "retry --max 5 -- echo hi"),
            (&["5", "--", "echo", "hi"], "retry --max 5 -- echo hi"),
            (&["5", "--"], "retry --max 5 -- COMMAND"),
            (&["5s", "true"], "retry --delay 5s -- true"),
            (&["5s", "--", "true"], "retry --delay 5s -- true"),
            (&["FOO=1", "cmd", "x y"], "FOO=1 retry -- cmd 'x y', or retry -- env FOO=1 cmd 'x y'"),
            (&["cd", "/x"], "retry -c 'cd /x'"),
            (&["!", "false"], "retry -c '! false'"),
            (&["[[", "-e", "x y", "]]"], r"retry --shell=bash '[[ -e '\''x y'\'' ]]'"),
            (&["source", "x"], "retry --shell=bash 'source x'"),
            (&["explian"], "did you mean retry explain?"),
            (&["Explain"], "did you mean retry explain?"),
            (&["help"], "retry --help"),
            (&["completions", "bash"], "retry generate bash"),
            (&["my_function"], "export -f my_function"),
            (&["./nothing"], "there is no file ./nothing"),
            (&["--max", "3"], "come before --"),
            (&[""], "empty word"),
        ] {
            let said = not_found(&words(line)).unwrap_or_default();
            assert!(said.contains(hint), "{line:?}: {said}");
        }
    }

    #[test]
    fn an_option_of_ours_behind_the_command_is_seen() {
        for (line, hint) in [
            (&["ls", "/x", "--max", "5"][..], Some("--max 5 was passed to ls")),
            (&["ls", "--max=5"], Some("retry --max=5 --")),
            (&["sh", "-c", "x", "sh", "--no-retry"], Some("--no-retry was passed to sh")),
            (&["ls", "--retries", "5"], Some("--retries 5 was passed to ls")),
            (&["ls", "--no-retry", "5"], Some("--no-retry was passed to ls")),
            (&["docker", "run", "--name", "x", "--quiet"], None),
            (&["ls"], None),
        ] {
            let said = misplaced(&words(line));
            assert_eq!(said.is_some(), hint.is_some(), "{line:?}: {said:?}");
            assert!(said.unwrap_or_default().contains(hint.unwrap_or_default()), "{line:?}");
        }
    }

    #[test]
    fn advice_that_does_not_apply_is_not_given() {
        let curl = "curl exits 0 even on HTTP errors; add --fail";
        let silent = "curl -s hides errors; use -sS";
        let psql = "psql -f exits 0 even when statements fail; add -v ON_ERROR_STOP=1";
        let npm = "npm --silent hides errors; use --loglevel=error";
        let wait =
            "curl hides the server's Retry-After; add -w '%{stderr}retry-after: %header{retry-after}\\n'";
        for (advice, line, applies_to_it) in [
            (wait, &["curl", "-fsS", "-D", "headers", "x"][..], true),
            (wait, &["curl", "-fsSv", "x"], false),
            (wait, &["curl", "-fsS", "-w", "x"], false),
            (wait, &["curl", "--write-out", "x"], false),
            (curl, &["curl", "http://x"], true),
            (curl, &["curl", "-sS", "http://x/f"], true),
            (curl, &["curl", "--failure", "x"], true),
            (curl, &["curl", "-f", "x"], false),
            (curl, &["curl", "-fsSL", "x"], false),
            (curl, &["curl", "--fail", "x"], false),
            (curl, &["curl", "--fail-with-body", "x"], false),
            (silent, &["curl", "-f", "http://x/s"], false),
            (silent, &["curl", "-fs", "x"], true),
            (silent, &["curl", "--silent", "x"], true),
            (silent, &["curl", "-fsSL", "x"], false),
            (silent, &["curl", "-s", "--show-error", "x"], false),
            (npm, &["npm", "ci"], false),
            (npm, &["npm", "ci", "--silent"], true),
            (npm, &["npm", "ci", "--silent", "--loglevel=warn"], false),
            ("redis-cli exits 0 even on error replies; add -e", &["redis-cli", "get", "x"], true),
            ("redis-cli exits 0 even on error replies; add -e", &["redis-cli", "-e", "get"], false),
            (psql, &["psql", "-c", "select 1"], false),
            (psql, &["psql", "--file", "x.sql"], true),
            (psql, &["psql", "-f", "x.sql", "-v", "ON_ERROR_STOP=1"], false),
            ("ssh -q hides errors", &["ssh", "-q"], true),
            ("ssh -q hides errors", &["ssh", "host"], false),
        ] {
            assert_eq!(applies(advice, &words(line)), applies_to_it, "{advice}: {line:?}");
        }
        assert!(is_about_a_hidden_wait(wait) && !is_about_a_hidden_wait(curl));
        assert!(is_about_success(curl) && !is_about_success("curl -s hides errors; use -sS"));
    }

    #[test]
    fn every_option_that_is_told_apart_is_one_of_ours() {
        for option in DISTINCT {
            assert!(RUN.long(option).is_some(), "--{option}");
        }
    }

    #[test]
    fn words_that_a_string_never_uses_are_seen() {
        for (line, unused) in [
            (&["echo", "hi"][..], true),
            (&["echo $1", "hi"], false),
            (&["echo \"$@\"", "hi"], false),
            (&["for x; do echo $x; done", "hi"], false),
            (&["exit 3", "--max", "2"], false),
            (&["echo $HOME", "hi"], true),
            (&["echo"], false),
        ] {
            assert_eq!(unused_words(&words(line)).is_some(), unused, "{line:?}");
        }
    }
}
