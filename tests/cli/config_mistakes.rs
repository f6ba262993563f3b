//! Mistakes in configuration files: all told at once, each with its place, its line and a caret.

use crate::support::Sandbox;

/// Where a mistake stands (line, column), its source line, the carets below, and what the answer has to say.
type Mistake = (usize, usize, &'static str, &'static str, &'static [&'static str]);

/// Runs with this configuration and expects each of these mistakes to be told, and nothing to be run.
#[track_caller]
fn are_told(config: &str, mistakes: &[Mistake]) {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", config);
    let ran = sandbox.run(["--config", "bad.toml", "--", "touch", "ran"]).exits(125).prints("");
    let lines: Vec<_> =
        ran.stderr.lines().map(|line| line.strip_prefix("retry: ").expect("signed")).collect();
    for (line, column, source, carets, answer) in mistakes {
        let place = format!("bad.toml:{line}:{column}: ");
        let at = lines.iter().position(|told| told.starts_with(&place));
        let at = at.unwrap_or_else(|| panic!("{place}is not told in\n{}", ran.stderr));
        assert_eq!(lines[at + 1], format!("{line} | {source}"));
        assert_eq!(lines[at + 2], format!("{} | {carets}", " ".repeat(line.to_string().len())));
        let told = lines[at..].iter().skip(3).find(|line| line.starts_with("hint: ")).unwrap_or(&"");
        let told = format!("{} {told}", lines[at]);
        for text in *answer {
            assert!(told.contains(text), "{text:?} is missing in {told}");
        }
    }
    let places = lines.iter().filter(|line| line.starts_with("bad.toml:")).count();
    assert_eq!(places, mistakes.len(), "no more than these:\n{}", ran.stderr);
    assert_eq!(sandbox.files(), ["bad.toml"]);
}

#[test]
fn five_different_mistakes_are_all_told_at_once() {
    let config = "\
# A comment, so that lines count.
[policy.default]
maxx = 3
delay = true
jitter = \"300%\"

[policy.api]
inherits = \"defualt\"

[polcy.x]
max = 3
";
    are_told(
        config,
        &[
            (3, 1, "maxx = 3", "^^^^", &["unknown key 'maxx'", "did you mean max?"]),
            (4, 9, "delay = true", "        ^^^^", &["delay", "\"500ms\"", "not a boolean"]),
            (5, 10, "jitter = \"300%\"", "         ^^^^^^", &["'300%'", "100%"]),
            (8, 12, "inherits = \"defualt\"", "           ^^^^^^^^^", &["defualt", "did you mean default?"]),
            (10, 2, "[polcy.x]", " ^^^^^", &["polcy", "did you mean policy?"]),
        ],
    );
}

#[test]
fn a_cycle_of_parents_is_told_once_with_all_its_members() {
    let config = "[policy.a]\ninherits = \"b\"\n[policy.b]\ninherits = \"c\"\n[policy.c]\ninherits = \"a\"\n";
    are_told(config, &[(2, 12, "inherits = \"b\"", "           ^^^", &["a -> b -> c -> a"])]);
    let itself = "[policy.a]\ninherits = \"a\"\n";
    are_told(itself, &[(2, 12, "inherits = \"a\"", "           ^^^", &["a -> a"])]);
}

#[test]
fn an_unknown_parent_without_a_near_name_is_told_too() {
    let config = "[policy.a]\ninherits = \"nothing-like-it\"\n";
    let carets = "           ^^^^^^^^^^^^^^^^^";
    are_told(config, &[(2, 12, "inherits = \"nothing-like-it\"", carets, &["nothing-like-it"])]);
}

#[test]
fn what_is_no_toml_is_told_where_it_breaks_off() {
    are_told("[policy.default\n", &[(1, 16, "[policy.default", "               ^", &[])]);
    are_told("[policy.default\nmax = 3\n", &[(1, 16, "[policy.default", "               ^", &[])]);
    are_told("[policy.a]\nmax = 3\nmax = 4\n", &[(3, 1, "max = 4", "^^^", &["duplicate"])]);
}

#[test]
fn the_entry_of_a_list_that_is_wrong_is_told_and_not_the_list() {
    let rule = |field: &str| format!("[[policy.default.rule]]\nclass = \"permanent\"\n{field}\n");
    are_told(
        "[policy.default]\nretry-on = [1, true]\n",
        &[(2, 16, "retry-on = [1, true]", "               ^^^^", &["not a boolean"])],
    );
    are_told(&rule("http = [[429]]"), &[(3, 9, "http = [[429]]", "        ^^^^^", &["not a list"])]);
    are_told(&rule("http = []"), &[(3, 8, "http = []", "       ^^", &["not an empty list"])]);
}

#[test]
fn a_setting_outside_of_a_policy_is_told_where_it_belongs() {
    are_told("max = 3\n", &[(1, 1, "max = 3", "^^^", &["'max'", "[policy.default]"])]);
    are_told(
        "maxx = 3\n",
        &[(1, 1, "maxx = 3", "^^^^", &["'maxx'", "did you mean max?", "[policy.default]"])],
    );
    are_told("policy = 3\n", &[(1, 1, "policy = 3", "^^^^^^", &["[policy.NAME]"])]);
    are_told("[policy]\na = 3\n", &[(2, 1, "a = 3", "^", &["[policy.a]"])]);
}

#[test]
fn a_value_of_the_wrong_type_or_range_is_told_with_what_to_write() {
    for (line, column, carets, answer) in [
        ("max = 0", 7, "^", &["1 or more"][..]),
        ("max = 0b", 7, "^^", &["invalid number of attempts '0b'", "1 or more"]),
        ("stdout = \"some\"", 10, "^^^^^^", &["invalid stdout 'some' (stream, success, null)"]),
        ("jitter = 0.2", 10, "^^^", &["jitter must be a string such as \"equal\", not a number"]),
        ("max = \"3\"", 7, "^^^", &["max", "whole number"]),
        ("max = 1.5", 7, "^^^", &["max", "whole number"]),
        ("delay = [1]", 9, "^^^", &["delay", "a list"]),
        ("delay = -1", 9, "^^", &["negative"]),
        ("factor = 0.5", 10, "^^^", &["1 or more"]),
        ("enabled = \"no\"", 11, "^^^^", &["true or false"]),
        ("retry-on = [[1]]", 13, "^^^", &["retry-on", "a list"]),
        ("retry-on = [\"often\"]", 12, "^^^^^^^^^", &["'often'"]),
        ("label = \"a=b\"", 9, "^^^^^", &["table"]),
        ("successes = 0", 13, "^", &["1 or more"]),
        ("log = \"\"", 7, "^^", &["empty"]),
        ("inherits = 3", 12, "^", &["inherits must be a string"]),
    ] {
        let carets = format!("{}{carets}", " ".repeat(column - 1));
        let (line, carets) = (line.to_owned().leak(), carets.leak());
        are_told(&format!("[policy.default]\n{line}\n"), &[(2, column, line, carets, answer)]);
    }
}

#[test]
fn the_column_counts_characters_and_the_caret_stands_under_its_place() {
    let config = "[policy.default]\n\tlabel = { \"é\" = \"×\" }\n\tname = { \"é\" = \"×\" }\n";
    let carets = "\t       ^^^^^^^^^^^^^";
    are_told(config, &[(3, 9, "\tname = { \"é\" = \"×\" }", carets, &["name must be a string"])]);
}

#[test]
fn a_contradiction_in_a_file_names_both_keys_and_their_lines() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", "[policy.a]\nmax-delay = \"1s\"\ndelay = \"2s\"\n");
    let ran = sandbox.run(["--config", "bad.toml", "--policy", "a", "--", "touch", "ran"]).exits(125);
    ran.mentions(&[
        "bad.toml:3:9: ",
        "max-delay = 1s (file:bad.toml:2)",
        "delay = 2s (file:bad.toml:3)",
        "use --max-delay 2s",
    ]);
    assert_eq!(sandbox.files(), ["bad.toml"]);
}

#[test]
fn two_ways_to_say_the_number_of_attempts_are_refused_in_one_table() {
    let config = "[policy.a]\nmax = 9\nretries = 3\n";
    are_told(config, &[(3, 11, "retries = 3", "          ^", &["max", "retries", "use one of them"])]);
}

#[test]
fn the_mistakes_of_all_files_are_told_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write(".config/retry/config.toml", "[policy.default]\nmaxx = 3\n");
    sandbox.write("more.toml", "[policy.default]\ndellay = 3\n");
    let ran = sandbox.run(["--config", "more.toml", "--", "touch", "ran"]).exits(125).prints("");
    ran.mentions(&["retry/config.toml:2:1: unknown key 'maxx'", "more.toml:2:1: unknown key 'dellay'"]);
    assert_eq!(sandbox.files(), [".config", "more.toml"]);
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("odd.toml", b"max = \"\xff\"");
    sandbox.run(["--config", "odd.toml", "true"]).exits(125).mentions(&["odd.toml:1:8: ", "UTF-8"]);
    sandbox.write("deep.toml", b"[policy.default]\n# \xc3\xa9\xc3\xa9\nname = \"\xe9t\xe9\"\n");
    let said = sandbox.run(["--config", "deep.toml", "true"]).exits(125).mentions(&["deep.toml:3:9: "]);
    said.mentions(&["3 | name = ", "hint: "]);
    sandbox.write(".config/retry/config.toml", b"\xff\xfea\0");
    sandbox.run(["true"]).exits(125).mentions(&["retry/config.toml:1:1: "]);
    std::fs::remove_file(sandbox.path(".config/retry/config.toml")).expect("it is there");
    sandbox.write("huge.toml", vec![b'\n'; 2 * 1024 * 1024]);
    sandbox.run(["--config", "huge.toml", "true"]).exits(125).mentions(&["huge.toml", "1 MiB"]);
}

#[test]
fn the_other_verbs_tell_of_a_bad_file_as_well() {
    for verb in [&["explain"][..], &["wait", "1"], &["classify", "--exit", "1"], &["until", "touch", "ran"]] {
        let sandbox = Sandbox::new();
        sandbox.write("bad.toml", "[policy.default]\nmaxx = 3\n");
        let (word, rest) = verb.split_at(1);
        let line = [word, &["--config", "bad.toml"], rest].concat();
        sandbox.run(line).exits(125).prints("").mentions(&["bad.toml:2:1: unknown key 'maxx'"]);
        assert_eq!(sandbox.files(), ["bad.toml"]);
    }
}

#[test]
fn wrong_limits_are_told_with_their_place() {
    let config = "\
[limits.\"api\"]
rate = \"5\"
concurrency = 0
breakr = \"5/30s\"
max = 3
[limits.\"a\\nb\"]
rate = \"5/1s\"
";
    are_told(
        config,
        &[
            (2, 8, "rate = \"5\"", "       ^^^", &["invalid rate '5'", "100/1m"]),
            (3, 15, "concurrency = 0", "              ^", &["0 attempts at a time"]),
            (4, 1, "breakr = \"5/30s\"", "^^^^^^", &["unknown limit 'breakr'", "did you mean breaker?"]),
            (5, 1, "max = 3", "^^^", &["unknown limit 'max'", "concurrency, rate"]),
            (6, 9, "[limits.\"a\\nb\"]", "        ^^^^^^", &["control character"]),
        ],
    );
    let without_key = "[policy.default]\nbudget = \"20%\"\n";
    let answer: &[&str] = &["budget = 20%", "needs --key NAME"];
    are_told(without_key, &[(2, 10, "budget = \"20%\"", "         ^^^^^", answer)]);
}
