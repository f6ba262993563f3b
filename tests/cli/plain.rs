//! Texts that are not ours are safe to show, and a locale without UTF-8 gets ASCII.

use super::harness::Ran;
use crate::support::Sandbox;

/// Clears the screen, turns the order of letters round, begins lines of its own.
const EVIL: &str = "a\u{1b}[2Jb\u{9b}1mc\u{202e}d\u{2066}e\u{2028}f\u{85}g\rh\ni";

#[track_caller]
fn is_safe(ran: &Ran) {
    for (stream, text) in [("stdout", ran.text()), ("stderr", ran.stderr.clone())] {
        let found = text.chars().find(|c| {
            c.is_control() && !matches!(c, '\n' | '\t')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        });
        assert_eq!(found, None, "on {stream}: {text:?}");
        assert!(
            !text.lines().any(|line| line == "i" || line.starts_with("i\"")),
            "a line of its own on {stream}: {text:?}"
        );
    }
}

#[test]
fn no_verb_shows_what_steers_a_terminal() {
    let sandbox = Sandbox::new();
    let toml = format!(
        "[policy.p]\nname = {0}\n[profile.{0}]\ncommands = [{0}]\n[[profile.{0}.rule]]\nid = {0}\nclass = \"transient\"\nreason = {0}\nstderr = \"x\"\n",
        serde_json::to_string(EVIL).expect("JSON"),
    );
    sandbox.write("evil.toml", toml);
    sandbox.write(
        "broken.toml",
        format!("[policy.p]\nname = '{}' x\n", EVIL.replace(['\n', '\r', '\u{85}'], "")),
    );
    let state = sandbox.path("state").display().to_string();
    let key = "k\u{202e}\u{9b}1m\u{2028}";
    let name = format!("--name={EVIL}");
    let label = format!("--label=k={EVIL}");
    for line in [
        &["--max", "1", &name, &label, "--", "false"][..],
        &["--max", "1", &name, &label, "--message-format", "json", "--", "false"],
        &["--max", "1", &name, "--log", "-", "--", "false"],
        &["--max", "1", "--", EVIL],
        &[
            "--max",
            "2",
            "--delay",
            "1ms",
            "--stderr",
            "null",
            "--retry-match",
            "x",
            "--",
            "sh",
            "-c",
            "printf 'x\\033[2J\\n' >&2; exit 1",
        ],
        &["-v", "--max", "1", &name, "--", "false"],
        &["explain", &name, &label],
        &["explain", "--format", "json", &name, &label],
        &["explain", "--all", "--config", "evil.toml"],
        &["explain", "--config", "evil.toml", "--policy", "p"],
        &["explain", "--config", "broken.toml"],
        &["explain", "--config", EVIL],
        &["profiles", "--config", "evil.toml"],
        &["profiles", "--config", "evil.toml", "--format", "json"],
        &["profiles", EVIL, "--config", "evil.toml"],
        &["profiles", EVIL],
        &["classify", "--config", "evil.toml", "--exit", "1", "--", EVIL],
        &["classify", "--config", "evil.toml", "--exit", "1", "--format", "json", "--", EVIL],
        &["classify", "--exit", EVIL],
        &["wait", EVIL],
        &["state", EVIL],
        &["state", "close", key, "1h", "--state", &state],
        &["state", "check", key, "--state", &state],
        &["state", "check", key, "--format", "json", "--state", &state],
        &["state", "show", key, "--state", &state],
        &["state", "list", "--state", &state],
        &["state", "list", "--format", "json", "--state", &state],
        &["--state", EVIL, "--key", "k", "--rate", "1/1s", "--", "true"],
        &["--unknown", EVIL],
        &[&format!("--{EVIL}")],
        &["generate", EVIL],
    ] {
        for locale in ["C", "C.UTF-8"] {
            let ran = sandbox.run_in(&[("LC_ALL", locale)], line);
            is_safe(&ran);
            if locale == "C" {
                assert!(
                    ran.stderr.is_ascii() && ran.stdout.is_ascii(),
                    "{line:?}: {:?} {:?}",
                    ran.text(),
                    ran.stderr
                );
            }
        }
    }
}

#[test]
fn json_keeps_its_meaning() {
    let sandbox = Sandbox::new();
    let name = format!("--name={EVIL}");
    for locale in ["C", "C.UTF-8"] {
        let explained = sandbox.run_in(&[("LC_ALL", locale)], ["explain", "--format", "json", &name]).json();
        assert_eq!(explained["policy"]["name"]["value"], EVIL);
        let ran =
            sandbox.run_in(&[("LC_ALL", locale)], ["-q", "--max", "1", &name, "--log", "-", "--", "false"]);
        let first: serde_json::Value =
            serde_json::from_str(ran.stderr.lines().next().expect("a line")).expect("JSON");
        assert_eq!(first["name"], EVIL);
    }
    sandbox.run(["-q", "--max", "1", &name, "--log", "log", "--", "false"]);
    let text = sandbox.read("log");
    assert!(!text.contains('\u{202e}') && !text.contains('\u{9b}'), "{text:?}");
    assert_eq!(sandbox.log("log")[0]["name"], EVIL);
}

#[test]
fn only_a_utf_8_locale_gets_more_than_ascii() {
    let line = ["--max", "2", "--delay", "1ms", "--", "false"];
    for (environment, is_ascii) in [
        (&[("LC_ALL", "C")][..], true),
        (&[("LC_ALL", "C"), ("LANG", "C.UTF-8")], true),
        (&[("LC_ALL", ""), ("LC_CTYPE", "POSIX"), ("LANG", "C.UTF-8")], true),
        (&[("LC_ALL", ""), ("LC_CTYPE", ""), ("LANG", "")], true),
        (&[("LC_ALL", ""), ("LC_CTYPE", ""), ("LANG", "de_DE")], true),
        (&[("LC_ALL", ""), ("LC_CTYPE", "en_US.utf8"), ("LANG", "C")], false),
        (&[("LC_ALL", "C.UTF-8"), ("LC_CTYPE", "C"), ("LANG", "C")], false),
    ] {
        let ran = Sandbox::new().run_in(environment, line).exits(1);
        let tally = if is_ascii { "exit 1 x2" } else { "exit 1 \u{d7}2" };
        assert!(ran.stderr.contains(tally), "{environment:?}: {}", ran.stderr);
    }
}

#[test]
fn what_is_generated_is_the_same_in_every_locale() {
    let sandbox = Sandbox::new();
    for what in ["man", "schema", "bash"] {
        let [c, utf8] =
            ["C", "C.UTF-8"].map(|locale| sandbox.run_in(&[("LC_ALL", locale)], ["generate", what]).stdout);
        assert!(c == utf8, "{what}");
    }
}
