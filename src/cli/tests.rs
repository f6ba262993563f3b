//! The rows and the lines made of them, swept as a whole, and the parser on lines of any words.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;

use super::*;
use crate::policy::settings::SETTINGS;

#[test]
fn every_command_is_sound() {
    for line in verbs::lines() {
        help::command(line).debug_assert();
    }
    documented().debug_assert();
}

/// clap folds lines at the width, and knows nothing of columns.
#[test]
fn no_line_of_a_table_in_help_is_folded() {
    for line in verbs::lines() {
        let texts = [line.usage, line.after, line.after_long];
        for row in texts.into_iter().flat_map(str::lines).filter(|row| row.starts_with("  ")) {
            assert!(row.chars().count() <= help::MAX_WIDTH, "{row}");
        }
    }
}

#[test]
fn every_option_of_a_verb_has_names_of_its_own_by_which_the_parser_finds_it() {
    for line in verbs::lines() {
        let mut names = BTreeSet::new();
        for row in line.rows() {
            for long in row.long().into_iter().chain(row.alias()) {
                assert!(names.insert(long.to_owned()), "{} has two --{long}", line.word);
                assert_eq!(line.long(long).map(Row::name), Some(row.name()), "{} --{long}", line.word);
            }
            if let Some(short) = row.short() {
                assert!(names.insert(short.to_string()), "{} has two -{short}", line.word);
                assert_eq!(line.short(short).map(Row::name), Some(row.name()), "{} -{short}", line.word);
            }
        }
        assert_eq!(line.long("enabled").map(Row::name), None, "that is --no-retry");
    }
}

#[test]
fn every_setting_has_a_name_of_its_own_and_says_what_it_is() {
    let mut keys = BTreeSet::new();
    for setting in SETTINGS {
        for key in [Some(setting.key), setting.alias].into_iter().flatten() {
            assert!(keys.insert(key), "{key} is there twice");
            assert!(key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{key}");
        }
        let help = setting.help[0].trim();
        assert!(!help.is_empty() && !help.ends_with('.'), "{}: {help}", setting.key);
        if let Some(env) = setting.env {
            assert_eq!(env, format!("RETRY_OPT_{}", setting.key.replace('-', "_").to_uppercase()));
        }
    }
}

#[test]
fn a_habit_is_never_an_option_of_ours() {
    for option in habits::options() {
        for line in verbs::lines().filter(|line| matches!(line.operands, Operands::Command)) {
            let ours = match option.strip_prefix("--") {
                Some(long) => line.long(long),
                None => line.short(option.chars().nth(1).unwrap_or_default()),
            };
            assert_eq!(ours.map(Row::name), None, "{} {option}", line.word);
        }
    }
}

fn invocation(words: &[OsString]) -> Option<Invocation> {
    let line: Vec<_> = std::iter::once("retry".into()).chain(words.iter().cloned()).collect();
    match parse(&line) {
        Ok(Parsed::Invocation(invocation)) => Some(*invocation),
        Ok(Parsed::Text(_)) | Err(_) => None,
    }
}

fn typed(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

/// The settings of a line and how they are quoted in messages.
fn settings(line: &str) -> Vec<(&'static str, Vec<OsString>, String)> {
    let flags = invocation(&typed(line)).expect(line).flags;
    flags.0.into_iter().map(|given| (SETTINGS[given.setting].key, given.texts, given.written)).collect()
}

#[test]
fn every_spelling_of_an_option_is_read() {
    for (line, key, texts, written) in [
        ("--max 4 x", "max", &["4"][..], "--max 4"),
        ("--max=4 x", "max", &["4"], "--max 4"),
        ("--attempts 4 x", "max", &["4"], "--max 4"),
        ("-n4 x", "max", &["4"], "--max 4"),
        ("-n=4 x", "max", &["4"], "--max 4"),
        ("-n 4 x", "max", &["4"], "--max 4"),
        ("--max 9 --attempts=4 x", "max", &["9", "4"], "--max 4"),
        ("--retries 3 x", "max", &["4"], "--retries 3"),
        ("--no-retry --no-retry x", "enabled", &["false"], "--no-retry"),
        ("-vv --verbose x", "verbose", &["3"], "--verbose"),
        ("-c x", "shell", &["sh"], "--shell"),
        ("-c=bash x", "shell", &["bash"], "--shell=bash"),
        ("--shell=bash x", "shell", &["bash"], "--shell=bash"),
        ("-O x", "stdout", &["success"], "-O"),
        ("-O=null x", "stdout", &["null"], "-O=null"),
        ("-O --stdout null x", "stdout", &["null"], "--stdout null"),
        ("--stdout null -O x", "stdout", &["success"], "-O"),
        ("until --deadline 1s --for 2s x", "deadline", &["2s"], "--for 2s"),
        ("until --for 2s --deadline 1s x", "deadline", &["1s"], "--deadline 1s"),
        ("--label a=b --label=c=d x", "label", &["a=b", "c=d"], "--label c=d"),
        ("--log - x", "log", &["-"], "--log -"),
    ] {
        let texts = texts.iter().map(OsString::from).collect();
        assert_eq!(settings(line), [(key, texts, written.to_owned())], "{line}");
    }
    let cluster: Vec<_> = settings("-qOvn4 x").into_iter().map(|(key, texts, _)| (key, texts)).collect();
    let expected = [("quiet", "true"), ("stdout", "success"), ("verbose", "1"), ("max", "4")];
    assert_eq!(cluster, expected.map(|(key, text)| (key, vec![text.into()])));
}

#[test]
fn the_last_value_of_an_option_counts() {
    for line in ["explain --policy sdk --policy=database", "--policy=sdk --policy database x"] {
        let read = invocation(&typed(line)).expect(line);
        assert_eq!(read.value("policy"), Some(&"database".into()), "{line}");
        assert!(!read.is_set("config") && read.flags.0.is_empty(), "{line}");
    }
}

#[test]
fn words_among_the_options_of_a_verb_are_its_operands() {
    for (line, operands) in [
        ("wait 3 -q", &["3"][..]),
        ("wait -q -- 3", &["3"]),
        ("wait -1", &["-1"]),
        ("state show --format json key", &["show", "key"]),
        ("state close key --for -1s", &["close", "key"]),
        ("state show -- --key -5", &["show", "--key", "-5"]),
        ("generate", &[]),
    ] {
        let read = invocation(&typed(line)).expect(line);
        assert_eq!(read.operands(), operands, "{line}");
        assert!(read.command().is_empty(), "{line}");
    }
}

#[test]
fn a_mistake_names_the_option_and_the_way_out() {
    for (line, expected) in [
        ("--max", "--max <N>: the value is missing"),
        ("--max --delay 1s x", "--max <N>: the value is missing"),
        ("-n -- x", "retry --help shows what --max takes"),
        ("--name -x x", "if '-x' is the value, use --name=-x"),
        ("wait --max", "retry wait --help shows what --max takes"),
        ("--quiet=yes x", "--quiet takes no value"),
        ("-q=yes x", "use --quiet alone"),
        ("-v=2 x", "for every step -vv"),
        ("--maxx=3 x", "unknown option --maxx"),
        ("--atempts 3 x", "did you mean --attempts?"),
        ("-qZ x", "unknown option -Z"),
        ("-5 x", "unknown option -5"),
        ("wait 1 --retry-on 2", "retry wait has no --retry-on"),
        ("--killed-by KILL x", "--killed-by is an option of retry classify"),
        ("wait 1 2", "unexpected argument '2'"),
        ("profiles curl git", "usage: retry profiles [OPTIONS] [NAME]"),
    ] {
        let line = std::iter::once("retry".into()).chain(typed(line)).collect::<Vec<_>>();
        let error = parse(&line).expect_err("a mistake").render(crate::base::printable::Charset::Ascii);
        assert!(error.contains(expected), "{line:?}: {error}");
        assert!(error.contains("hint: "), "{line:?}: {error}");
    }
}

#[test]
fn help_is_the_verbs_own_and_long_only_if_its_long_name_was_typed() {
    let text = |line: &str| match parse(&[vec!["retry".into()], typed(line)].concat()) {
        Ok(Parsed::Text(text)) => text,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(text("--version"), text("-qV"));
    assert_eq!(text("-?"), text("-h"));
    assert_eq!(text("-q -n3 -h --maxx"), text("-h"));
    assert!(text("--help").len() > 2 * text("-h").len());
    assert!(text("wait --help").contains("Usage: retry wait N"));
}

/// Words that lines are made of: options in all their spellings, values, and what is neither.
const WORDS: &[&str] = &[
    "--",
    "-",
    "",
    "x",
    "5",
    "-5",
    "1s",
    "echo",
    "a=b",
    "--max",
    "--max=4",
    "--max=",
    "--max=0",
    "-n",
    "-n4",
    "-n=4",
    "-nx",
    "--attempts=2",
    "--attempts",
    "--retries",
    "--retries=1",
    "--no-retry",
    "--no-retry=1",
    "--key",
    "--key=k",
    "-q",
    "-v",
    "-vv",
    "-qv",
    "--quiet",
    "--verbose",
    "--policy",
    "--policy=sdk",
    "--policy=database",
    "-p",
    "-pcurl",
    "--profile=none",
    "--stdout",
    "--stdout=null",
    "-O",
    "-O=success",
    "-Ox",
    "-c",
    "-c=bash",
    "--shell",
    "--shell=bash",
    "--shell=",
    "--for",
    "--for=3s",
    "--deadline=2s",
    "--label",
    "--label=a=b",
    "--retry-on",
    "--retry-on=!2",
    "--no-config",
    "--no-config=1",
    "--config",
    "--config=f",
    "--log-argv",
    "-k",
    "-k10s",
    "10s",
    "--enabled",
    "--rule",
    "-x",
    "--times",
    "--help",
    "-h",
    "--version",
    "-V",
    "--concurrency=2",
    "--state",
    "--state=redis://u:p@h",
    "--successes=2",
    "--ma",
    "\u{e9}",
    "-\u{e9}",
    "-?",
    "-5s",
    "-.5",
    "--=",
    "-=",
    "--format",
    "--exit=3",
    "list",
];

fn words() -> impl Strategy<Value = Vec<OsString>> {
    let known = || proptest::sample::select(WORDS).prop_map(OsString::from);
    let bytes = || proptest::collection::vec(any::<u8>(), 0..6).prop_map(OsString::from_vec);
    let behind =
        || proptest::sample::select(&["--max=", "-n", "--key=", "--name=", "-"][..]).prop_map(OsString::from);
    let joined = (behind(), bytes()).prop_map(|(mut word, more)| {
        word.push(more);
        word
    });
    proptest::collection::vec(prop_oneof![16 => known(), 1 => bytes(), 1 => joined], 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever stands on a line, it is read or refused.
    #[test]
    fn no_line_panics(words in words()) {
        let _read_or_refused = parse(&words);
        let _read_or_refused = invocation(&words);
        for line in verbs::lines().filter(|line| !line.word.is_empty()) {
            let _read_or_refused = invocation(&[vec![line.word.into()], words.clone()].concat());
        }
    }

    #[test]
    fn words_behind_the_commands_name_are_its_own(
        words in words(),
        tail in words(),
        verb in proptest::sample::select(&["", "until", "explain", "classify"][..]),
    ) {
        let verb: Vec<_> = Some(verb).filter(|verb| !verb.is_empty()).map(OsString::from).into_iter().collect();
        let line = [verb, words].concat();
        let read = invocation(&line).filter(|read| !read.command().is_empty());
        if let Some(read) = read {
            let command = read.command().len();
            let (options, at) = line.split_at(line.len() - command);
            prop_assert_eq!(read.command(), at, "the command is the end of the line");
            let other = invocation(&[options, &at[..1], &tail[..]].concat()).expect("it is read as well");
            prop_assert_eq!(other.command(), [&at[..1], &tail[..]].concat());
            prop_assert_eq!(format!("{:?}", other.words.options), format!("{:?}", read.words.options));
            prop_assert_eq!(format!("{:?}", other.flags), format!("{:?}", read.flags));
        }
    }
}
