//! The exact bytes that each runner reads, and what none of them obeys.

use proptest::prelude::*;

use super::*;

const ALL: [Dialect; 5] =
    [Dialect::Github, Dialect::Gitlab, Dialect::Buildkite, Dialect::Teamcity, Dialect::Azure];

fn heading(name: &str, attempt: impl Into<Option<u64>>) -> Heading<'_> {
    let attempt = attempt.into();
    Heading { name, attempt, max: Some(3), run: "01a2185b-799d-7141", at: 1_790_000_000 }
}

#[test]
fn each_system_has_its_own_lines() {
    let table = [
        (
            Dialect::Github,
            "::group::attempt 2/3 of fetch",
            Some("::endgroup::"),
            Some("::warning title=fetch was flaky::succeeded on attempt 3"),
            Some("::error title=fetch failed::3 attempts"),
        ),
        (
            Dialect::Gitlab,
            "\x1b[0Ksection_start:1790000000:retry_799d7141_2[collapsed=true]\r\x1b[0Kattempt 2/3 of fetch",
            Some("\x1b[0Ksection_end:1790000000:retry_799d7141_2\r\x1b[0K"),
            None,
            None,
        ),
        (Dialect::Buildkite, "--- attempt 2/3 of fetch", Some("^^^ +++"), None, None),
        (
            Dialect::Teamcity,
            "##teamcity[blockOpened name='attempt 2/3 of fetch' flowId='01a2185b-799d-7141']",
            Some("##teamcity[blockClosed name='attempt 2/3 of fetch' flowId='01a2185b-799d-7141']"),
            Some(
                "##teamcity[message text='retry: fetch: succeeded on attempt 3' status='WARNING' \
                 flowId='01a2185b-799d-7141']",
            ),
            Some(
                "##teamcity[message text='retry: fetch: 3 attempts' status='WARNING' flowId='01a2185b-799d-7141']",
            ),
        ),
        (
            Dialect::Azure,
            "##[group]attempt 2/3 of fetch",
            Some("##[endgroup]"),
            Some("##vso[task.logissue type=warning]retry: fetch: succeeded on attempt 3"),
            Some("##vso[task.logissue type=error]retry: fetch: 3 attempts"),
        ),
    ];
    for (dialect, begin, end, warning, error) in table {
        let two = heading("fetch", 2);
        assert_eq!(dialect.begin(&two), begin);
        assert_eq!(dialect.end(&two, true).as_deref(), end);
        let annotation = |weight, text| dialect.annotation(weight, "fetch", two.run, text);
        assert_eq!(annotation(Verdict::Flaky, "succeeded on attempt 3").as_deref(), warning);
        let fell_back = warning.map(|line| line.replace("was flaky", "fell back"));
        assert_eq!(annotation(Verdict::FellBack, "succeeded on attempt 3"), fell_back);
        assert_eq!(annotation(Verdict::Failed, "3 attempts").as_deref(), error);
    }
    assert_eq!(Dialect::Buildkite.end(&heading("fetch", 2), false), None);
}

#[test]
fn the_last_attempt_is_left_open() {
    assert_eq!(Dialect::Buildkite.begin(&heading("x", 3)), "+++ attempt 3/3 of x");
    assert!(!Dialect::Gitlab.begin(&heading("x", 3)).contains("collapsed"));
    let fallback = Heading { max: None, ..heading("x", None) };
    assert_eq!(Dialect::Buildkite.begin(&fallback), "+++ fallback of x");
    assert_eq!(
        Dialect::Gitlab.begin(&fallback),
        "\x1b[0Ksection_start:1790000000:retry_799d7141_fallback\r\x1b[0Kfallback of x"
    );
    assert_eq!(
        Dialect::Teamcity.end(&fallback, false).map(|end| end.contains("'fallback of x'")),
        Some(true)
    );
    let endless = Heading { max: None, ..heading("x", 3) };
    assert_eq!(Dialect::Azure.begin(&endless), "##[group]attempt 3 of x");
}

#[test]
fn what_is_quoted_is_escaped_as_each_system_asks() {
    let odd = "a|b'c[d]é😀\n50%,x:y";
    let title = Dialect::Github.annotation(Verdict::Failed, odd, "r", odd).unwrap();
    assert_eq!(title, "::error title=a|b'c[d]é😀%0A50%25%2Cx%3Ay failed::a|b'c[d]é😀%0A50%25,x:y");
    let message = Dialect::Teamcity.annotation(Verdict::Flaky, "n", "r", odd).unwrap();
    assert!(message.contains("a||b|'c|[d|]|0x00E9|0xD83D|0xDE00|n50%,x:y"), "{message}");
    let issue = Dialect::Azure.annotation(Verdict::Flaky, "n", "r", odd).unwrap();
    assert!(issue.ends_with("a|b'c[d]é😀%0A50%AZP25,x:y"), "{issue}");
}

#[test]
fn the_system_is_known_by_its_variables() {
    let known = |set: &[&str]| Dialect::detect(|name| set.contains(&name));
    assert_eq!(known(&["CI", "GITHUB_ACTIONS"]), Some(Dialect::Github));
    assert_eq!(known(&["CI", "GITEA_ACTIONS"]), Some(Dialect::Github));
    assert_eq!(known(&["GITLAB_CI", "CI"]), Some(Dialect::Gitlab));
    assert_eq!(known(&["BUILDKITE"]), Some(Dialect::Buildkite));
    assert_eq!(known(&["TEAMCITY_VERSION"]), Some(Dialect::Teamcity));
    assert_eq!(known(&["TF_BUILD"]), Some(Dialect::Azure));
    for other in ["CI", "JENKINS_URL", "CIRCLECI"] {
        assert_eq!(known(&[other]), None);
        assert!(is_ci(|name| name == other), "{other}");
    }
    assert!(is_ci(|name| name == "TF_BUILD"));
    assert!(!is_ci(|_| false));
}

#[test]
fn commands_in_what_others_wrote_are_set_apart() {
    for (text, safe) in [
        ("retry: curl: ##[error]x", "retry: curl: # #[error]x"),
        ("##vso[task.setvariable variable=x]1", "# #vso[task.setvariable variable=x]1"),
        ("a ##TeamCity[x] ##vSo[y]", "a # #TeamCity[x] # #vSo[y]"),
        ("###[error]", "## #[error]"),
        ("::set-output name=a::b", ": :set-output name=a::b"),
        ("  ::error::x\n::y", "  : :error::x\n: :y"),
        ("a::b ## c ##d", "a::b ## c ##d"),
        ("## [x] é##é", "## [x] é##é"),
    ] {
        assert_eq!(harmless(text), safe);
    }
    assert_eq!(harmless_json(r###"{"a":"##[error]"}"###), r#"{"a":"\u0023\u0023[error]"}"#);
}

/// Whether the runner of any system would take the line for a command. Modelled on actions/runner's two `TryParse`
/// functions, Azure's logging commands and TeamCity's service messages.
fn is_obeyed(line: &str) -> bool {
    let folded = line.to_ascii_lowercase();
    line.trim_start().starts_with("::")
        || ["##[", "##vso[", "##teamcity["].iter().any(|form| folded.contains(form))
}

proptest! {
    #[test]
    fn no_text_is_obeyed_once_it_is_harmless(parts in prop::collection::vec(
        prop::sample::select(vec!["#", "##", "[", "vso[", "##teamcity[", "##[", ":", "::", " ", "\t", "\n", "é", "x", "group]"]), 0..12,
    )) {
        let text = parts.concat();
        let safe = harmless(&text);
        prop_assert!(!safe.lines().any(is_obeyed), "{text:?} became {safe:?}");
        // Nothing else is changed.
        prop_assert_eq!(safe.replace([' '], ""), text.replace([' '], ""));
    }

    #[test]
    fn a_line_of_ours_is_one_command_and_no_other(name in "[ -~é\n\r]{0,20}", tail in "(##\\[x\\]|##vso\\[|::|\n|%|x){0,6}") {
        let name = format!("{name}{tail}");
        for dialect in ALL {
            let heading = Heading { name: &name, ..heading("", 2) };
            let lines = [
                Some(dialect.begin(&heading)),
                dialect.end(&heading, true),
                dialect.annotation(Verdict::Failed, &name, heading.run, &name),
            ];
            for line in lines.into_iter().flatten() {
                prop_assert!(!line.contains('\n'), "{line:?}");
                prop_assert!(line.starts_with('\x1b') || !line.contains('\r'), "{line:?}");
                let after = line.get(2..).unwrap_or_default();
                let folded = after.to_ascii_lowercase();
                prop_assert!(!["##[", "##vso[", "##teamcity["].iter().any(|form| folded.contains(form)), "{line:?}");
            }
        }
    }
}

fn facts<'a>(name: &'a str, reason: &'a str) -> files::Facts<'a> {
    files::Facts {
        name,
        outcome: "succeeded",
        succeeded: true,
        rescued: true,
        attempts: 3,
        max: Some(3),
        status: 0,
        elapsed_ms: 41_007,
        waited_ms: 40_000,
        waited: "40s".to_owned(),
        seen: reason.to_owned(),
        last_reason: reason,
    }
}

#[test]
fn a_summary_is_a_table_that_grows() {
    let row = summary_row(&facts("fetch", "exit 1 ×2"));
    assert_eq!(row, "| ⚠️ | fetch | rescued | 3/3 | 40s | exit 1 ×2 |\n");
    for (end, continues) in [
        ("", false),
        (SUMMARY_HEAD, true),
        (row.as_str(), true),
        ("## Tests\n", false),
        ("| ⚠️ | cut", false),
        ("| other | table |\n", false),
    ] {
        assert_eq!(continues_table(end), continues, "{end:?}");
    }
    let hostile = summary_row(&facts("a|b<img onerror=x>\n| c |`", "[x](javascript:y)"));
    assert_eq!(hostile.matches('\n').count(), 1);
    assert!(hostile.contains("a\\|b&lt;img onerror=x>"), "{hostile}");
    assert!(hostile.contains("\\[x\\](javascript:y)"), "{hostile}");
    assert!(summary_row(&facts(&"x".repeat(5000), "")).len() < 300);
}

#[test]
fn outputs_cannot_be_told_apart_from_values_by_what_a_value_holds() {
    let given = github_outputs(&facts("fetch", "exit 1\nEND\nevil=1 ##[x]"), "END0");
    let lines: Vec<_> = given.lines().collect();
    assert_eq!(lines.len(), 30, "three a value: {given}");
    let reason = lines.iter().position(|line| *line == "last-reason<<END0").unwrap();
    assert!(!lines[reason + 1].contains("##[") && lines[reason + 2] == "END0", "{given}");
    assert!(
        given.contains("total_attempts<<END0\n3\nEND0\n") && given.contains("exit_code<<END0\n0\nEND0\n")
    );
    let plain = dotenv(&facts("fetch", "exit 1\nEVIL=1"));
    assert_eq!(plain.lines().count(), 7);
    assert!(plain.starts_with(
        "RETRY_TOTAL_ATTEMPTS=3\nRETRY_EXIT_CODE=0\nRETRY_OUTCOME=succeeded\nRETRY_RESCUED=true\n"
    ));
}
