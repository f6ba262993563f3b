//! The list of settings and the commands made of it, swept as a whole.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;

use super::*;

#[test]
fn every_command_is_sound() {
    for verb in VERBS.iter().map(|(_, verb)| *verb).chain([Verb::Run]) {
        command(verb).debug_assert();
    }
    documented().debug_assert();
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
    let ours = command(Verb::Run);
    let longs: Vec<_> = ours.get_arguments().filter_map(Arg::get_long).collect();
    let shorts: Vec<_> = ours.get_arguments().filter_map(Arg::get_short).collect();
    for option in habits::options() {
        match option.strip_prefix("--") {
            Some(long) => assert!(!longs.contains(&long), "{option}"),
            None => assert!(!shorts.contains(&option.chars().nth(1).unwrap_or_default()), "{option}"),
        }
    }
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

/// What there is to be known of a layer, whatever its order.
fn shown(layer: &Layer) -> Vec<String> {
    let mut shown: Vec<_> = layer.0.iter().map(|given| format!("{given:?}")).collect();
    shown.sort();
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_quick_way_reads_what_clap_does(words in words(), until in any::<bool>()) {
        let verb = if until { Verb::Until } else { Verb::Run };
        if let Some((plain, layer)) = quick::read(verb, &words) {
            let matches = matched(verb, &words).expect("clap takes it as well");
            let flags = settings_layer(&matches).expect("and finds nothing wrong");
            prop_assert_eq!(shown(&layer), shown(&flags));
            let quick = Invocation { verb, words: Words::Plain(plain), flags: layer };
            let slow = Invocation { verb, words: Words::Parsed(matches), flags };
            prop_assert_eq!(quick.command(), slow.command());
            for id in ["policy", "config", "shell", "format"] {
                prop_assert_eq!(quick.value(id), slow.value(id), "{}", id);
            }
            prop_assert_eq!(quick.is_set("no-config"), slow.is_set("no-config"));
        }
    }
}

#[test]
fn the_last_value_of_an_option_counts() {
    for words in [["--policy", "sdk", "--policy=database"], ["--policy=sdk", "--policy", "database"]] {
        for verb in ["explain", "--"] {
            let line = ["retry", verb].into_iter().chain(words);
            let line: Vec<_> = line.filter(|word| *word != "--").map(OsString::from).collect();
            let Ok(Parsed::Invocation(invocation)) = parse(&line) else { panic!("{line:?} is right") };
            assert_eq!(invocation.value("policy"), Some(&"database".into()), "{line:?}");
        }
    }
}

#[test]
fn plain_lines_take_the_quick_way_and_others_do_not() {
    let is_quick = |verb, line: &str| {
        let words: Vec<_> = line.split_whitespace().map(OsString::from).collect();
        quick::read(verb, &words).is_some()
    };
    for line in [
        "true",
        "-- true",
        "--max 5 --delay=1s -j full -- curl -f x",
        "-n5 -q -c 'a | b'",
        "--key k --concurrency 4 --rate 9/1s --breaker 5/30s --budget 20% --adaptive -- true",
        "--policy sdk --config f --no-config -O true --max=3",
    ] {
        assert!(is_quick(Verb::Run, line), "{line}");
        assert!(is_quick(Verb::Until, &format!("--for 3s {line}")), "{line}");
    }
    for line in [
        "-h",
        "--help",
        "--version",
        "-qv true",
        "-n -5 true",
        "--max",
        "--max 0 true",
        "--tries 5 true",
        "-",
    ] {
        assert!(!is_quick(Verb::Run, line), "{line}");
    }
    assert!(!is_quick(Verb::Run, "--for 3s true"));
    assert!(!is_quick(Verb::Explain, "-- true"));
}
