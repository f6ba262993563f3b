//! Reading a file: what it may hold, and that every mistake is told at once, where it stands.

use super::*;
use crate::policy::layer::Origin;

fn read(text: &str) -> (File, Vec<String>) {
    let source = Rc::new(Source { path: "config.toml".into(), text: text.into() });
    let (file, problems) = parse(&source);
    (file, problems.iter().map(|problem| problem.lines().join("\n")).collect())
}

#[track_caller]
fn refuses(text: &str, expected: &str) {
    let (_, problems) = read(text);
    assert_eq!(problems, [expected], "{text}");
}

#[test]
fn policies_hold_settings_in_their_toml_forms() {
    let (file, problems) = read(
        "[policy.default]\nmax = 5\n[policy.api]\ninherits = 'default'\ndelay = '500ms'\ntimeout = 2.5\n\
         retry-on = ['6', 7, 'timeout']\nbackoff = ['1s', '2s']\nlog-argv = true\nlabel = {team = 'data'}\n\
         retries = 4\nfactor = 3\n",
    );
    assert_eq!(problems, [""; 0]);
    assert_eq!(file.policies.len(), 2);
    let api = &file.policies[1];
    assert_eq!(api.name, "api");
    assert_eq!(api.inherits.as_ref().map(|(parent, _)| parent.as_str()), Some("default"));
    let texts = |key| api.layer.get(find(key).unwrap()).map(|given| given.texts.clone()).unwrap();
    assert_eq!(texts("delay"), ["500ms"]);
    assert_eq!(texts("timeout"), ["2.5"]);
    assert_eq!(texts("retry-on"), ["6,7,timeout"]);
    assert_eq!(texts("backoff"), ["1s,2s"]);
    assert_eq!(texts("max"), ["5"], "four retries are five attempts");
    let given = api.layer.get(find("delay").unwrap()).unwrap();
    let Origin::File(place) = &given.origin else { panic!("{given:?}") };
    assert_eq!(place.line_and_column(), (5, 9));
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_right_one() {
    refuses(
        "[policy.x]\nmaxx = 5\n",
        "config.toml:2:1: unknown key 'maxx'\n2 | maxx = 5\n  | ^^^^\nhint: did you mean max?",
    );
    refuses(
        "[polcy.x]\nmax = 5\n",
        "config.toml:1:2: unknown table or key 'polcy'\n1 | [polcy.x]\n  |  ^^^^^\nhint: did you mean policy?",
    );
    refuses(
        "max = 5\n",
        "config.toml:1:1: unknown table or key 'max'\n1 | max = 5\n  | ^^^\n\
         hint: settings belong to a policy: use [policy.default] above max",
    );
}

#[test]
fn limits_and_profiles_are_read_from_tables() {
    let (file, problems) = read(
        "[limits.'api.example.com']\nconcurrency = 2\nrate = '1/1s'\n[profile.mine]\n\
         [[profile.mine.rule]]\nid = 'x'\nclass = 'permanent'\nstderr = 'x'\n",
    );
    assert_eq!(problems, [""; 0]);
    assert_eq!(file.limits.len(), 1);
    assert_eq!((file.limits[0].key.as_str(), file.limits[0].layer.0.len()), ("api.example.com", 2));
    assert_eq!(file.profiles.iter().map(|profile| &*profile.name).collect::<Vec<_>>(), ["mine"]);
}

#[test]
fn what_belongs_elsewhere_is_told_with_the_place_for_it() {
    let hint = |text: &str| {
        let (_, problems) = read(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        problems[0].lines().last().unwrap().to_owned()
    };
    for (text, expected) in [
        ("policy = 3\n", "hint: use [policy.NAME], with its settings below"),
        ("profile = 3\n", "hint: use [profile.NAME], with its rules below"),
        ("limits = 3\n", "hint: use [limits.\"KEY\"], with its limits below"),
        ("retries = 3\n", "hint: settings belong to a policy: use [policy.default] above retries"),
        (
            "delai = 3\n",
            "hint: did you mean delay? settings belong to a policy: use [policy.default] above it",
        ),
        ("zzzzzzzz = 3\n", "hint: the tables are [policy.NAME], [profile.NAME], [limits.NAME]"),
        ("[limits.k]\nratte = '1/1s'\n", "hint: did you mean rate?"),
        ("[limits.k]\ndelay = '1s'\n", "hint: the limits are concurrency, rate, breaker, budget, adaptive"),
        ("[policy.x]\nzzzzzzzz = 3\n", "hint: retry explain --full lists every key"),
        ("[policy.x]\ninherit = 'y'\n", "hint: did you mean inherits?"),
        ("[profile.auto]\n", "hint: use another name"),
        ("[profile.none]\n", "hint: use another name"),
    ] {
        assert_eq!(hint(text), expected, "{text}");
    }
    // Of a header that does not parse, its keys are no mistakes of their own.
    let (_, problems) = read("[policy.x\nmax = 5\n");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(!problems[0].contains("unknown"), "{problems:?}");
}

#[test]
fn each_form_takes_what_toml_has_for_it_and_nothing_else() {
    let taken = |key: &str, value: &str| {
        let (file, problems) = read(&format!("[policy.x]\n{key} = {value}\n"));
        let given = file.policies[0].layer.0.first().map(|given| given.texts.clone());
        given
            .map(|texts| texts.iter().map(|text| text.to_string_lossy().into_owned()).collect::<Vec<_>>())
            .ok_or(problems)
    };
    for (key, value, texts) in [
        ("max", "'inf'", &["inf"][..]),
        ("max", "3.0", &["3"]),
        ("max", "0x10", &["16"]),
        ("factor", "1.5", &["1.5"]),
        ("budget", "2e-1", &["0.2"]),
        ("delay", "2", &["2"]),
        ("retry-on", "[]", &[]),
        ("retry-on", "'6,7'", &["6,7"]),
        ("retry-match", "'x'", &["x"]),
        ("retry-match", "['x', 'y']", &["x", "y"]),
        ("chronic", "true", &["true"]),
    ] {
        assert_eq!(taken(key, value).expect("it is right"), texts, "{key} = {value}");
    }
    for (key, value, told) in [
        ("max", "'5'", "max must be a whole number, or \"inf\", not a string"),
        ("max", "2.5", "max must be a whole number"),
        ("retry-on", "[6, true]", "config.toml:2:16"),
        ("chronic", "'true'", "chronic must be true or false"),
        ("label", "['x']", "label must be a table"),
        ("stdout", "3", "stdout must be a string such as \"stream\""),
    ] {
        let problems = taken(key, value).expect_err("it was taken");
        assert!(problems[0].contains(told), "{key} = {value}: {}", problems[0]);
    }
}

#[test]
fn a_wrong_type_or_value_is_told_where_it_stands() {
    refuses(
        "[policy.x]\nmax = '5'\n",
        "config.toml:2:7: max must be a whole number, or \"inf\", not a string\n2 | max = '5'\n  |       ^^^",
    );
    refuses(
        "[policy.x]\njitter = '300%'\n",
        "config.toml:2:10: jitter: invalid share '300%': use 0% to 100%; for more, multipliers such as 0.5..3\n\
         2 | jitter = '300%'\n  |          ^^^^^^",
    );
    refuses(
        "[policy]\nx = 5\n",
        "config.toml:2:1: policy 'x' must be a table\n2 | x = 5\n  | ^\nhint: use [policy.x], with its keys below",
    );
}

#[test]
fn a_number_that_toml_takes_and_nobody_can_read_is_refused_as_on_the_command_line() {
    refuses(
        "[policy.x]\nmax = 0b\n",
        "config.toml:2:7: max: invalid number of attempts '0b': use 1 or more, or inf\n2 | max = 0b\n  |       ^^",
    );
}

#[test]
fn all_mistakes_of_a_rule_are_told_at_once() {
    let (_, problems) = read(
        "[[policy.x.rule]]\nclass = 'often'\nstderr = 'a('\nhttp = 42\nexit = [300]\nreason = 3\nstdou = 'x'\n\
         [[policy.x.rule]]\nreason = 'x'\n",
    );
    let first: Vec<_> = problems.iter().map(|problem| problem.lines().next().unwrap()).collect();
    assert_eq!(first.len(), 7, "{first:#?}");
    for (told, expected) in first.iter().zip([
        "2:9: invalid class 'often'",
        "3:10: stderr: the pattern does not compile: unclosed group",
        "4:8: http: invalid HTTP statuses '42'",
        "5:8: exit: invalid exit condition '300'",
        "6:10: reason must be a string, not a whole number",
        "7:1: unknown key 'stdou'",
        "8:1: rule is missing class and a condition",
    ]) {
        assert!(told.starts_with(&format!("config.toml:{expected}")), "{told} is not {expected}");
    }
}

#[test]
fn the_same_thing_said_twice_is_told() {
    let (_, problems) = read("[policy.x]\nmax = 5\nretries = 4\n");
    assert!(problems[0].contains("max and retries conflict"), "{problems:?}");
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_from_top_to_bottom() {
    let (_, problems) = read(
        "[policy.a]\nmax = 0\ndelai = '1s'\ntimeout = 'soon'\n[policy.b]\ncolor = 3\n[limit.x]\nrate = 1\n",
    );
    let places: Vec<_> = problems.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        ["config.toml:2:7", "config.toml:3:1", "config.toml:4:11", "config.toml:6:9", "config.toml:7:2"]
    );
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_place() {
    for text in
        ["[policy.x\nmax = 5\n", "[policy.x]\nmax = = 5\n", "[policy.x]\nmax = 5\nmax = 6\n", "\"", "a"]
    {
        let (_, problems) = read(text);
        assert!(!problems.is_empty() && problems[0].starts_with("config.toml:"), "{text}: {problems:?}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused_but_never_a_panic(text in "\\PC*|(\\[policy\\.[ab]\\]\n|max|=|5|'|\n| |\\[|\\]|,){0,20}") {
        let (_, problems) = read(&text);
        for problem in problems {
            proptest::prop_assert!(!problem.is_empty());
        }
    }
}
