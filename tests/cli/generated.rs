//! What is made of the program's own words: committed, up to date, and installed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;

use super::harness::Ran;
use crate::support::{RETRY, Sandbox};

#[test]
fn the_committed_files_are_what_retry_generate_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (what, file) in [
        ("man", "man/retry.1"),
        ("bash", "completions/retry.bash"),
        ("zsh", "completions/_retry"),
        ("fish", "completions/retry.fish"),
        ("schema", "schema/config.schema.json"),
        ("log-schema", "schema/log.schema.json"),
        ("report-schema", "schema/report.schema.json"),
        ("simulate-schema", "schema/simulate.schema.json"),
    ] {
        let printed = Sandbox::new().run(["generate", what]).exits(0).says(&[]).text();
        let committed =
            std::fs::read_to_string(root.join(file)).unwrap_or_else(|why| panic!("{file}: {why}"));
        assert!(printed == committed, "{file} is out of date: make generate writes it again");
    }
}

#[test]
fn every_shell_has_completions_with_all_options_and_verbs() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = Sandbox::new().run(["generate", shell]).exits(0).says(&[]).text();
        for flag in super::flags::proven() {
            assert!(text.contains(flag.trim_start_matches("--")), "{flag} is missing for {shell}");
        }
        for verb in ["until", "wait", "explain", "classify", "state"] {
            assert!(text.contains(verb), "{verb} is missing for {shell}");
        }
    }
}

#[test]
fn every_option_of_the_man_page_says_what_it_does() {
    let page = Sandbox::new().run(["generate", "man"]).exits(0).text();
    assert!(page.contains(".TH RETRY 1 \"\" \"retry "), "{page}");
    let lines: Vec<_> = page.lines().collect();
    for flag in super::flags::proven() {
        let escaped = format!("\\fB\\-\\-{}\\fR", flag[2..].replace('-', "\\-"));
        let at = lines.iter().position(|line| line.contains(&escaped) && line.starts_with("\\fB\\-"));
        let at = at.unwrap_or_else(|| panic!("{flag} is missing in the man page"));
        let said = lines[at + 1..].iter().take_while(|line| !line.starts_with(".TP"));
        assert!(said.clone().any(|line| line.chars().any(char::is_alphabetic)), "{flag} says nothing");
    }
    for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES"] {
        let heading =
            page.lines().any(|line| line.trim_matches('"').ends_with(section) && line.starts_with(".SH"));
        assert!(heading, "{section} is missing in the man page");
    }
}

#[test]
fn the_man_page_fits_into_eighty_columns_and_documents_every_variable_and_verb() {
    let sandbox = Sandbox::new();
    let page = sandbox.run(["generate", "man"]).exits(0).text();
    sandbox.write("retry.1", &page);
    let mut groff = assert_cmd::Command::new("groff");
    groff
        .args(["-Kutf8", "-man", "-Tutf8", "-P-c", "-rLL=80n", "-ww", "retry.1"])
        .current_dir(sandbox.path("."));
    let ran = Ran::of(groff.timeout(std::time::Duration::from_secs(60))).exits(0);
    let shown = ran.text().replace('\u{8}', "");
    for line in ran.text().lines() {
        // Bold and underlined letters are overstruck.
        let width = line.chars().count() - 2 * line.matches('\u{8}').count();
        assert!(width <= 80, "{width} columns: {line}");
    }
    assert!(shown.contains("User Commands"), "{shown}");
    for setting in super::flags::proven() {
        let variable = format!("RETRY_OPT_{}", setting[2..].replace('-', "_").to_uppercase());
        if page.contains(&format!("env: {variable}")) {
            assert!(page.contains(&format!("\\fB{variable}\\fR")), "{variable} is not in ENVIRONMENT");
        }
    }
    let examples = page.split(".SH EXAMPLES").nth(1).expect("examples");
    for verb in [
        "until", "wait", "explain", "classify", "profiles", "state", "report", "replay", "simulate",
        "generate",
    ] {
        assert!(examples.contains(&format!("retry {verb}")), "no example of {verb}");
    }
    let held = page.split("\\fB\\-O\\fR").nth(1).expect("-O");
    assert!(
        held.lines().nth(1).is_some_and(|text| !text.is_empty() && !text.starts_with('.')),
        "-O says nothing"
    );
}

#[test]
fn the_schema_of_the_configuration_tells_right_from_wrong() {
    let schema = Sandbox::new().run(["generate", "schema"]).exits(0).json();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(jsonschema::meta::is_valid(&schema));
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for good in [
        json!({}),
        json!({"policy": {"default": {"max": 5}}}),
        json!({"policy": {"a": {"max": "inf", "inherits": "b", "delay": "500ms", "timeout": 2.5}}}),
        json!({"policy": {"a": {"retry-on": ["6", 7, "timeout"], "backoff": ["1s", 2], "jitter": "25%"}}}),
        json!({"policy": {"a": {"label": {"team": "data", "shift": 2}, "quiet": true, "retries": 0, "attempts": 1}}}),
        json!({"policy": {"a": {"retry-on": 7, "success-on": [0, 3], "backoff": 2.5, "permanent-on": []}}}),
        json!({"policy": {"a": {"rule": [{"class": "throttled", "exit": [3, "4-5"], "http": [429, "502-504"]}]}}}),
    ] {
        assert!(schema.is_valid(&good), "{good}");
    }
    for bad in [
        json!({"max": 5}),
        json!({"polcy": {}}),
        json!({"policy": {"a": {"maxx": 5}}}),
        json!({"policy": {"a": {"max": 0}}}),
        json!({"policy": {"a": {"max": true}}}),
        json!({"policy": {"a": {"delay": -1}}}),
        json!({"policy": {"a": {"quiet": "yes"}}}),
        json!({"policy": {"a": {"label": {"team": ["a"]}}}}),
        json!({"policy": {"a": {"stdin": "bogus"}}}),
        json!({"policy": {"a": {"factor": 0.5}}}),
        json!({"policy": {"a": {"successes": 0}}}),
        json!({"policy": {"a": {"exhausted-code": 256}}}),
        json!({"limits": {"a": {"concurrency": 0}}}),
        json!({"policy": {"a": 3}}),
    ] {
        assert!(!schema.is_valid(&bad), "{bad}");
    }
}

#[test]
fn the_example_configuration_parses_as_it_is_and_with_each_line_in_force() {
    let sandbox = Sandbox::new();
    let text = sandbox.run(["generate", "config"]).exits(0).says(&[]).text();
    sandbox.write("as-it-is.toml", &text);
    let explained = sandbox.explain(&["--config", "as-it-is.toml"]).0;
    assert_eq!(explained["policy"], sandbox.explain(&[]).0["policy"], "it changes nothing");
    let in_force = text.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
        _ => line,
    });
    // Some settings contradict others: each is read, they are not used together.
    sandbox.write("in-force.toml", in_force.collect::<Vec<_>>().join("\n"));
    let listed = sandbox.run(["profiles", "--config", "in-force.toml", "mytool"]);
    assert!(!listed.stderr.contains("in-force.toml:"), "{}", listed.stderr);
    for key in explained["policy"].as_object().expect("a policy").keys().filter(|key| *key != "rule") {
        let line = format!("#{key} = ");
        assert!(text.lines().any(|shown| shown.starts_with(&line)), "{key} is missing in\n{text}");
    }
}

/// Every file below a directory with its mode, sorted.
fn installed(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in std::fs::read_dir(next).expect("a directory") {
            let path = entry.expect("an entry").path();
            let metadata = std::fs::symlink_metadata(&path).expect("an entry");
            if metadata.is_dir() {
                pending.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("below").display().to_string();
                found.push(format!("{:o} {name}", metadata.permissions().mode() & 0o7777));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn make_install_puts_these_files_there_and_uninstall_takes_them_away() {
    let sandbox = Sandbox::new();
    // A binary newer than the sources: nothing is to be built here.
    sandbox.executable("target/release/retry", std::path::Path::new(RETRY));
    let make = |goal: &str| {
        let mut command = assert_cmd::Command::new("make");
        command.args([goal, "prefix=/usr", "CARGO=false"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        command.arg(format!("DESTDIR={}", sandbox.path("root").display()));
        for name in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DESTDIR", "bindir", "mandir"] {
            command.env_remove(name);
        }
        Ran::of(command.env("CARGO_TARGET_DIR", sandbox.path("target"))).exits(0);
        installed(&sandbox.path("root"))
    };
    let pages = "644 usr/share/doc/retry/docs/";
    let (docs, rest): (Vec<_>, Vec<_>) =
        make("install").into_iter().partition(|line| line.starts_with(pages));
    let kept = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).expect("docs/").count();
    assert!(docs.len() == kept && docs.contains(&format!("{pages}recipes.md")), "{docs:?}");
    assert_eq!(
        rest,
        [
            "644 usr/share/bash-completion/completions/retry",
            "644 usr/share/doc/retry/BENCHMARKS.md",
            "644 usr/share/doc/retry/CHANGELOG.md",
            "644 usr/share/doc/retry/LICENSE",
            "644 usr/share/doc/retry/LICENSE-APACHE",
            "644 usr/share/doc/retry/LICENSE-MIT",
            "644 usr/share/doc/retry/README.md",
            "644 usr/share/doc/retry/SECURITY.md",
            "644 usr/share/fish/vendor_completions.d/retry.fish",
            "644 usr/share/man/man1/retry.1",
            "644 usr/share/zsh/site-functions/_retry",
            "755 usr/bin/retry",
        ]
    );
    assert_eq!(make("uninstall"), [""; 0]);
}

/// The time to a first success is that of one build: what is shown then needs no crate, and no other profile.
#[test]
fn make_run_builds_one_profile_once_and_says_so() {
    let sandbox = Sandbox::new();
    let stub = "#!/bin/sh\necho \"$*\" >>\"$CALLS\"\nwhile [ $# -gt 0 ]; do [ \"$1\" = --target ] && target=/$2; shift; done\n\
        mkdir -p \"$CARGO_TARGET_DIR$target/release\" && cp \"$BUILT\" \"$CARGO_TARGET_DIR$target/release/retry\"\n";
    let cargo = sandbox.write("cargo", stub);
    std::fs::set_permissions(&cargo, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("permissions");
    let mut command = assert_cmd::Command::new("make");
    command.arg("run").arg(format!("CARGO={}", cargo.display())).current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
        .env("CARGO_TARGET_DIR", sandbox.path("target"))
        .env("CALLS", sandbox.path("calls"))
        .env("BUILT", RETRY);
    let ran = Ran::of(&mut command).exits(0);
    assert!(
        ran.stderr.contains("compiling") && ran.stderr.contains("succeeded on attempt 3"),
        "{}",
        ran.stderr
    );
    let calls = sandbox.read("calls");
    assert!(calls.lines().count() == 1 && calls.starts_with("build --release"), "{calls}");
    assert!(!sandbox.path("target/debug").exists());
}
