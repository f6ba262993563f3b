//! Bad input: exit 125, an answer that says what to write instead, and nothing is run or written.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use super::harness::Ran;
use crate::support::{Sandbox, fixture};

/// What was typed, and what the answer has to say of it.
type Mistake = (&'static [&'static str], &'static [&'static str]);

const VALUES: &[Mistake] = &[
    (&["--max", "0"], &["--max 0", "1 or more"]),
    (&["--max", "-1"], &["--max -1", "1 or more"]),
    (&["--max", "1.5"], &["--max 1.5", "1 or more"]),
    (&["--max="], &["--max", "1 or more"]),
    (&["-n", "many"], &["--max many", "1 or more"]),
    (&["--retries", "-1"], &["--retries -1", "0 or more"]),
    (&["--jitter", "300%"], &["--jitter 300%", "100%"]),
    (&["--jitter=-5%"], &["--jitter -5%", "0%"]),
    (&["--jitter", "2..1"], &["--jitter 2..1", "low..high"]),
    (&["--jitter", "some"], &["--jitter some", "none, full, equal, additive"]),
    (&["--factor", "0.5"], &["--factor 0.5", "1 or more"]),
    (&["--factor", "inf"], &["--factor inf", "1 or more"]),
    (&["--delay", "inf"], &["--delay inf", "30s"]),
    (&["--delay", "-1"], &["--delay -1", "500ms"]),
    (&["--delay", "soon"], &["--delay soon", "500ms"]),
    (&["--timeout", "inf"], &["--timeout inf", "30s"]),
    (&["--deadline", "nan"], &["--deadline nan", "30s"]),
    (&["--reset-after=-1s"], &["--reset-after -1s", "0 or more"]),
    (&["--max-retry-after", "x"], &["--max-retry-after x", "500ms"]),
    (&["-k", "-3"], &["--kill-after -3", "0 or more"]),
    (&["--backoff", "1s,,2s"], &["--backoff 1s,,2s", "empty entry", "1s,2s,4s"]),
    (&["--backoff", "cubic"], &["--backoff cubic", "fibonacci", "1s,2s,4s"]),
    (&["--signal", "NOPE"], &["--signal NOPE", "TERM"]),
    (&["--signal", "sigTREM"], &["--signal sigTREM", "did you mean TERM?"]),
    (&["--successes", "0"], &["--successes 0", "1 or more"]),
    (&["--seed", "-1"], &["--seed -1", "0 or more"]),
    (&["--retry-on", "300"], &["--retry-on 300", "0-255"]),
    (&["--retry-on", "9-5"], &["--retry-on 9-5", "5-9"]),
    (&["--permanent-on", "1,,2"], &["--permanent-on 1,,2", "empty"]),
    (&["--success-on", "signal"], &["--success-on signal", "exit codes"]),
    (&["--otherwise", "maybe"], &["retry: invalid --otherwise 'maybe' (retry, stop)\n"]),
    (&["--exhausted-code", "256"], &["--exhausted-code 256", "1 to 255"]),
    (&["--fail-if-flaky", "-1"], &["--fail-if-flaky -1", "1 to 255"]),
    (&["--exhausted-code", "0"], &["--exhausted-code 0", "1 to 255"]),
    (&["--timeout", "-1s"], &["--timeout -1s", "negative", "0 or more"]),
    (&["-d", "-5s"], &["--delay -5s", "negative"]),
    (&["--no-config", "--config", "x"], &["--no-config and --config x conflict"]),
    (&["--label", "team"], &["--label team", "KEY=VALUE"]),
    (&["--name="], &["--name", "empty"]),
    (
        &["--dead-letter-required"],
        &[
            "retry: --dead-letter-required (flag) has no effect without --dead-letter DIR\n",
            "retry: hint: add --dead-letter DIR, or drop --dead-letter-required\n",
        ],
    ),
    (&["--ping-body"], &["--ping-body (flag) has no effect without --ping URL\n"]),
    (&["--log="], &["--log", "empty"]),
    (
        &["--message-format", "xml"],
        &[
            "retry: invalid --message-format 'xml' (auto, text, json, github, gitlab, buildkite, teamcity, azure)\n",
        ],
    ),
    (&["--stdout", "some"], &["retry: invalid --stdout 'some' (stream, success, null)\n"]),
    (&["-O=sucess"], &["retry: invalid -O 'sucess' (stream, success, null); did you mean success?\n"]),
    (&["--stderr", "x"], &["retry: invalid --stderr 'x' (stream, last, null)\n"]),
    (&["--stdin", "x"], &["retry: invalid --stdin 'x' (auto, inherit, replay, null)\n"]),
    (&["--on-state-error", "x"], &["retry: invalid --on-state-error 'x' (proceed, fail)\n"]),
    (&["--color", "red"], &["retry: invalid --color 'red' (auto, always, never)\n"]),
];

const CONTRADICTIONS: &[Mistake] = &[
    (&["--max", "5", "--retries", "4"], &["--max 5", "--retries 4", "use one of them"]),
    (
        &["--delay", "10s", "--max-delay", "5s"],
        &["--max-delay 5s (flag)", "--delay 10s (flag)", "use --max-delay 10s"],
    ),
    (
        &["--backoff", "decorrelated", "--jitter", "full"],
        &["--backoff decorrelated (flag)", "--jitter full (flag)", "drop --jitter"],
    ),
    (&["--max", "2", "--successes", "3"], &["--successes 3 (flag)", "--max 2 (flag)", "--max 3 or more"]),
    (&["--no-retry", "--successes", "2"], &["--successes 2", "--no-retry"]),
];

const OPTIONS: &[Mistake] = &[
    (&["--maxx", "3"], &["--maxx", "did you mean --max?"]),
    (&["--deadlin", "3"], &["--deadlin", "did you mean --deadline?"]),
    (&["--frobnicate"], &["--frobnicate", "--help"]),
    (&["-Z"], &["-Z", "--help"]),
    (&["--quiet=yes"], &["--quiet takes no value", "use --quiet alone"]),
    (&["--no-retry=1"], &["--no-retry takes no value", "use --no-retry alone"]),
    (&["--name", "-x"], &["--name", "value is missing", "use --name=-x"]),
    (&["--exit", "3"], &["retry has no --exit", "retry classify"]),
    (&["--policy", "agressive"], &["'agressive'", "did you mean aggressive?"]),
    (&["--policy", "nothing-like-it"], &["'nothing-like-it'", "aggressive, interactive, background"]),
    (&["--config", "missing.toml"], &["missing.toml", "No such file or directory"]),
    (&["--config", "."], &["configuration .", "Is a directory"]),
];

/// Nothing came of it but an answer, each line of it signed.
#[track_caller]
fn is_refused(sandbox: &Sandbox, ran: Ran, answer: &[&str]) {
    let ran = ran.exits(125).prints("").mentions(answer);
    assert!(!ran.stderr.is_empty(), "an answer");
    for line in ran.stderr.lines() {
        assert!(line.starts_with("retry: "), "{line:?} is not signed");
    }
    assert_eq!(sandbox.files(), [""; 0], "nothing is written");
}

#[track_caller]
fn are_refused(mistakes: &[Mistake]) {
    for (typed, answer) in mistakes {
        let sandbox = Sandbox::new();
        let line = [&["--log", "log"], *typed, &["--", "touch", "ran"]].concat();
        is_refused(&sandbox, sandbox.run(line), answer);
    }
}

#[test]
fn a_bad_value_is_named_with_what_to_write_instead() {
    are_refused(VALUES);
}

#[test]
fn a_contradiction_names_both_options_where_they_came_from_and_the_way_out() {
    are_refused(CONTRADICTIONS);
}

#[test]
fn an_unknown_option_policy_or_file_is_named_with_the_nearest_one() {
    are_refused(OPTIONS);
}

#[test]
fn a_contradiction_across_layers_names_both_places() {
    let sandbox = Sandbox::new();
    let environment = [("RETRY_OPT_MAX_DELAY", "5s")];
    let ran = sandbox.run_in(&environment, ["--delay", "10s", "--", "touch", "ran"]);
    is_refused(&sandbox, ran, &["RETRY_OPT_MAX_DELAY=5s (env:RETRY_OPT_MAX_DELAY)", "--delay 10s (flag)"]);
}

#[test]
fn all_mistakes_of_a_command_line_and_of_an_environment_are_told_at_once() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(["--max", "0", "--jitter", "300%", "--", "touch", "ran"]);
    is_refused(&sandbox, ran, &["--max 0", "--jitter 300%"]);
    let environment = [("RETRY_OPT_MAX", "0"), ("RETRY_OPT_DELAY", "soon")];
    let ran = sandbox.run_in(&environment, ["touch", "ran"]);
    is_refused(&sandbox, ran, &["RETRY_OPT_MAX=0", "RETRY_OPT_DELAY=soon"]);
}

#[test]
fn without_a_command_there_is_nothing_to_do() {
    for line in [&[][..], &["--"], &["--max", "3"], &["until"], &["until", "--max", "3", "--"]] {
        let sandbox = Sandbox::new();
        is_refused(&sandbox, sandbox.run(line), &["no command given", "COMMAND"]);
    }
}

#[test]
fn an_option_without_its_value_says_so() {
    for flag in ["--max", "--delay", "--policy", "-n"] {
        let sandbox = Sandbox::new();
        is_refused(&sandbox, sandbox.run([flag]), &["value is missing"]);
    }
}

#[test]
fn the_other_verbs_refuse_what_they_cannot_use() {
    for (line, answer) in [
        (&["wait"][..], &["retry wait N"][..]),
        (&["wait", "0"], &["'0'", "retry wait N"]),
        (&["wait", "-1"], &["'-1'", "retry wait N"]),
        (&["wait", "soon"], &["'soon'", "retry wait N"]),
        (&["wait", "1", "--retry-on", "1"], &["--retry-on"]),
        (&["explain", "--format", "xml"], &["--format 'xml'", "(text, json, delays)"]),
        (&["explain", "--exit", "3"], &["--exit"]),
        (&["explain", "--max", "0"], &["--max 0"]),
        (&["classify"], &["--exit CODE", "--killed-by SIGNAL", "--timed-out"]),
        (&["classify", "--exit", "256"], &["--exit '256'", "0 to 255"]),
        (&["classify", "--exit", "-1"], &["--exit '-1'", "0 to 255"]),
        (&["classify", "--killed-by", "NOPE"], &["--killed-by 'NOPE'"]),
        (&["classify", "--exit", "1", "--killed-by", "INT"], &["--exit", "--killed-by conflict"]),
        (&["classify", "--exit", "1", "--format", "delays"], &["--format 'delays'", "(text, json)"]),
        (&["until", "--max", "3"], &["no command", "retry until [OPTIONS]", "retry until --help"]),
        (&["classify", "--batch", "x", "--timed-out"], &["--batch and --timed-out conflict"]),
        (&["state"], &["missing action", "retry state list"]),
        (&["state", "shwo", "api"], &["'shwo'", "did you mean show?"]),
        (&["state", "frobnicate"], &["'frobnicate'", "retry state list"]),
        (&["state", "list", "api"], &["list takes no KEY", "'api'", "retry state show KEY"]),
        (&["state", "show"], &["missing KEY", "retry state show KEY"]),
        (&["state", "check", "a", "b"], &["one KEY, not 2"]),
        (&["state", "reset", ""], &["the key is empty"]),
        (&["state", "wait", "a\nb"], &["control character"]),
        (&["state", "show", "auto"], &["auto is not a key", "the key itself"]),
        (&["state", "close", "api"], &["missing --for DURATION", "--for 5m"]),
        (&["state", "close", "api", "--for", "soon"], &["--for soon", "500ms"]),
        (&["state", "close", "api", "--for=-1s"], &["--for -1s", "0 or more"]),
        (&["state", "close", "api", "--for"], &["--for", "value is missing"]),
        (&["state", "show", "api", "--for", "3s"], &["--for does not apply to retry state show", "close"]),
        (&["state", "check", "api", "--gate-wait", "3s"], &["--gate-wait", "does not apply", "wait"]),
        (&["state", "reset", "api", "--rate", "3/1s"], &["--rate", "does not apply", "check"]),
        (&["state", "check", "api", "--rate", "3"], &["--rate 3", "100/1m"]),
        (&["state", "check", "api", "--key", "api"], &["--key"]),
        (&["state", "check", "api", "--max", "3"], &["--max"]),
        (&["state", "list", "--format", "xml"], &["--format 'xml'", "(text, json)"]),
        (&["state", "list", "--state", "ftp://host"], &["ftp://", "redis://"]),
        (&["generate"], &["man", "log-schema"]),
        (&["generate", "sculpture"], &["'sculpture'", "log-schema"]),
    ] {
        let sandbox = Sandbox::new();
        is_refused(&sandbox, sandbox.run(line), answer);
    }
}

#[test]
fn of_several_single_values_the_last_one_wins() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", "[policy.default]\nmax = 4\n");
    sandbox.write("b.toml", "[policy.default]\nmax = 5\n");
    let max = |line: &[&str]| sandbox.explain(line).value("max").clone();
    assert_eq!(max(&["--max", "3", "--max", "4"]), 4);
    assert_eq!(max(&["--max", "3", "--attempts", "4"]), 4);
    assert_eq!(max(&["--policy", "aggressive", "--policy", "background"]), 8);
    assert_eq!(max(&["--config", "a.toml", "--config", "b.toml"]), 5);
    sandbox.run(["explain", "--policy", "sdk", "--policy", "nope"]).exits(125).mentions(&["'nope'"]);
    sandbox.run(["explain", "--config", "a.toml", "--config", "nope"]).exits(125).mentions(&["nope"]);
    let delays = ["explain", "--format", "json", "--format", "delays", "--jitter", "none"];
    sandbox.run(delays).exits(0).prints("1 2\n");
    sandbox
        .run(["classify", "--exit", "1", "--exit", "0"])
        .exits(0)
        .prints("success: exit 0 (builtin/exit-0), done\n");
    for (options, printed) in [
        (&["-O", "--stdout", "stream"][..], "x\nx\n"),
        (&["--stdout", "stream", "-O"], "x\n"),
        (&["-O", "--stdout", "null"], ""),
    ] {
        let script = "echo x; test $RETRY_ATTEMPT = 2";
        let line = [&["-q", "--delay", "1ms"], options, &["--", "sh", "-c", script]].concat();
        sandbox.run(line).exits(0).prints(printed);
    }
    for (options, time) in
        [(["--for", "1h", "--deadline", "2s"], "2s"), (["--deadline", "2s", "--for", "1h"], "1h")]
    {
        let ran = sandbox.run([&["until", "-v"], &options[..], &["--", "true"]].concat()).exits(0);
        ran.mentions(&[&format!("any number of attempts within {time}")]);
    }
}

#[test]
fn the_number_of_successes_is_bounded_by_a_number_of_attempts_that_was_given() {
    let sandbox = Sandbox::new();
    let line = ["--deadline", "1h", "--successes", "4", "--delay", "1ms", "--", fixture(), "exit", "0"];
    sandbox.run(line).exits(0);
    sandbox.run([&["--max", "3"], &line[..]].concat()).exits(125).mentions(&["--successes 4", "--max 3"]);
}

#[test]
fn what_cannot_be_executed_is_the_commands_own_failure_and_not_tried_again() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "text");
    sandbox.script("lost", "#!/no/such/interpreter\n");
    for (command, status, why) in [
        ("./", 126, "cannot execute: Is a directory"),
        ("./plain", 126, "cannot execute: Permission denied"),
        ("./lost", 127, "the interpreter in its first line was not found"),
        ("./missing", 127, "command not found"),
        ("no-such-command-anywhere", 127, "command not found"),
    ] {
        let line = format!("retry: attempt 1/3 failed ({command}: {why}); not retried");
        let hint = match command {
            "./missing" => Some("retry: hint: there is no file ./missing"),
            "no-such-command-anywhere" => Some(
                "retry: hint: no program in PATH is called no-such-command-anywhere; for a shell function: export -f \
                 no-such-command-anywhere, then retry --shell=bash no-such-command-anywhere, or a loop with retry wait",
            ),
            _ => None,
        };
        let lines: Vec<_> = [line.as_str()].into_iter().chain(hint).collect();
        sandbox.run(["--", command]).exits(status).prints("").gives_up_saying(&lines);
    }
}

#[test]
fn a_status_of_the_commands_own_is_passed_on_whatever_it_means_elsewhere() {
    for status in [1, 2, 99, 124, 125, 126, 127, 128, 255] {
        let code = status.to_string();
        Sandbox::new()
            .run(["--no-retry", "-q", "--", crate::support::fixture(), "exit", &code])
            .exits(status);
    }
}

#[test]
fn arguments_that_are_not_utf_8_reach_the_command_byte_for_byte() {
    let sandbox = Sandbox::new();
    let odd = |bytes: &'static [u8]| OsStr::from_bytes(bytes).to_owned();
    let words = [b"\xff\xfe".as_slice(), b"--max=\xc3(", b"", b" a\tb\nc ", "é×".as_bytes()];
    let mut line: Vec<OsString> = ["--", crate::support::fixture(), "argv"].map(OsString::from).to_vec();
    line.extend(words.map(odd));
    let expected = "fffe\n2d2d6d61783dc328\n\n206109620a6320\nc3a9c397\n";
    sandbox.run(line).exits(0).prints(expected).says(&[]);
}

#[test]
fn a_command_and_a_log_may_have_names_that_are_not_utf_8() {
    let sandbox = Sandbox::new();
    let name = OsStr::from_bytes(b"l\xff");
    sandbox.run([OsStr::new("--log"), name, OsStr::new("true")]).exits(0).says(&[]);
    assert!(sandbox.path(".").join(name).exists(), "the log");
    let command = OsStr::from_bytes(b"\xff\xfe");
    sandbox.run([OsStr::new("--"), command]).exits(127).mentions(&["\u{fffd}: command not found"]);
}

#[test]
fn an_option_value_that_is_not_utf_8_is_refused() {
    let odd = OsStr::from_bytes(b"\xff");
    for flag in ["--max", "--name", "--label", "--retry-on", "--backoff", "--policy", "--config", "--\u{ff}"]
    {
        let sandbox = Sandbox::new();
        let line = [flag, "", "--", "touch", "ran"].map(OsString::from);
        let line = line.map(|word| if word.is_empty() { odd.to_owned() } else { word });
        is_refused(&sandbox, sandbox.run(line), &[]);
    }
    for variable in ["RETRY_OPT_MAX", "RETRY_OPT_POLICY", "RETRY_OPT_NAME"] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.retry(["--", "touch", "ran"]);
        is_refused(&sandbox, Ran::of(command.env(variable, odd)), &["UTF-8"]);
    }
}
