//! The list of settings and the commands made of it, swept as a whole.

use std::collections::BTreeSet;

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
