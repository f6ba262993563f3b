//! Options that people know from other tools: answered with the right spelling, never guessed.

use crate::support::Sandbox;

#[test]
fn an_option_of_another_tool_is_answered_with_the_right_spelling() {
    for (typed, answer) in [
        (&["-t", "5"][..], "for 5 attempts use --max 5; for a 5s timeout use --timeout 5s"),
        (&["-t5"], "for 5 attempts use --max 5; for a 5s timeout use --timeout 5s"),
        (&["-t", "5m"], "for a 5m timeout use --timeout 5m"),
        (&["-t"], "for N attempts use --max N; for a Ns timeout use --timeout Ns"),
        (&["--times=4"], "use --max 4"),
        (&["--max-attempts", "4"], "use --max 4"),
        (&["-r", "4"], "use --retries 4"),
        (&["-x", "5"], "for 5 attempts use --max 5; for the longest delay use --max-delay 5"),
        (
            &["--interval", "2"],
            "for a delay that grows use --delay 2; for a constant one use --backoff fixed --delay 2",
        ),
        (&["-s", "2"], "for a delay use --delay 2; for a constant one use --backoff fixed --delay 2"),
        (&["-s", "KILL"], "use --signal KILL"),
        (&["--while", "3"], "use --retry-on 3"),
        (&["--on-exit", "1"], "use --retry-on 1"),
        (&["-T", "5"], "use --timeout 5"),
        (&["--task-time", "5"], "use --timeout 5"),
        (&["--total-time", "5"], "use --deadline 5"),
        (&["--grace", "5"], "use --kill-after 5"),
        (&["--consecutive", "2"], "use --successes 2"),
        (&["--until=success"], "retry runs the command until it succeeds anyway; drop --until"),
        (&["--max-time", "9"], "for the whole run use --deadline 9; for one attempt use --timeout 9"),
        (&["--forever"], "use --max inf"),
        (&["-F"], "use --backoff fibonacci"),
        (&["--no-jitter"], "use --jitter none"),
        (&["--initial-delay", "2"], "use --delay 2"),
        (&["--dry-run"], "for the plan without a run use retry explain -- COMMAND"),
        (
            &["--preserve-status"],
            "retry exits with the command's own status, and with 124 after a timeout; drop --preserve-status",
        ),
        (&["--foreground"], "retry always leaves the command in the foreground; drop --foreground"),
        (&["--stop-after-attempt", "5"], "use --max 5"),
        (
            &["--max-elapsed-time", "30s"],
            "for the whole run use --deadline 30s; for one attempt use --timeout 30s",
        ),
        (&["--initial-interval", "1s"], "use --delay 1s"),
        (&["--wait-exponential", "2"], "use --backoff exponential --delay 2"),
        (&["--multiplier", "1.5"], "use --factor 1.5"),
        (&["--max-backoff", "20s"], "use --max-delay 20s"),
        (
            &["--randomization-factor", "0.2"],
            "for a share of the delay use --jitter 25%; for anything up to the delay use --jitter full",
        ),
    ] {
        let sandbox = Sandbox::new();
        let ran = sandbox.run([typed, &["--", "touch", "ran"]].concat()).exits(125).prints("");
        let option = typed[0].split('=').next().unwrap_or_default();
        let option = if option.starts_with("--") { option } else { &option[..2] };
        assert_eq!(ran.stderr, format!("retry: retry has no {option}\nretry: hint: {answer}\n"));
        assert_eq!(sandbox.files(), [""; 0], "nothing is run");
    }
}

#[test]
fn a_line_that_runs_nothing_of_what_was_meant_is_refused_or_warned_of() {
    let sandbox = Sandbox::new();
    for line in [&["--shell", "bash", "exit 3"][..], &["-c", "bash", "exit 3"], &["-c", "/bin/sh", "exit 3"]]
    {
        sandbox.run(line).exits(125).mentions(&["hint: use --shell=", "'exit 3'"]);
    }
    sandbox.run(["-c", "echo", "hi"]).exits(0).prints("\n").says(&[
        "retry: 'hi' is not used: -c takes one string, and remaining arguments become $1, $2, …",
        "retry: hint: retry -c 'echo hi'",
    ]);
    sandbox.run(["-c", "echo $1", "hi"]).exits(0).prints("hi\n").says(&[]);
    sandbox
        .run(["--backoff", "2", "--delay", "10ms", "true"])
        .exits(125)
        .mentions(&["conflict", "--factor 2"]);
    sandbox.run(["--delay", "1,2,4", "true"]).exits(125).mentions(&["use --backoff 1,2,4"]);
    sandbox.run(["--verbose=2", "true"]).exits(125).mentions(&["takes no value", "-vv"]);
    sandbox.run(["--backoff", "expo", "true"]).exits(125).mentions(&["did you mean exponential?"]);
    sandbox.run(["--jitter", "0.2", "true"]).exits(125).mentions(&["use 20%"]);
    assert!(sandbox.run(["-?"]).exits(0).text().contains("Usage"));
    assert_eq!(sandbox.explain(&["--key", "k", "--rate", "10/s"]).value("rate"), "10/1s");
    assert_eq!(sandbox.explain(&["--key", "k", "--rate", "10/min"]).value("rate"), "10/1m");
}

#[test]
fn a_shell_line_in_one_word_is_named_as_a_whole() {
    let sandbox = Sandbox::new();
    let line = "curl -f http://x/y";
    sandbox.run(["--", line]).exits(127).mentions(&["gave up on curl -f http://x/y after 1 attempt"]);
}

#[test]
fn a_command_that_was_not_found_and_an_option_behind_the_command_have_their_hint() {
    let sandbox = Sandbox::new();
    for (line, hint) in [
        (&["--", "echo a | cat"][..], "hint: for a shell line use -c: retry -c 'echo a | cat'"),
        (&["5", "true"], "retry --max 5 -- true"),
        (&["FOO=1", "true"], "retry -- env FOO=1 true"),
        (&["explian"], "did you mean retry explain?"),
    ] {
        let ran = sandbox.run(line).exits(127).mentions(&[hint]);
        assert_eq!(ran.stderr.matches("hint: ").count(), 1, "{}", ran.stderr);
    }
    let ran =
        sandbox.run(["-d", "1ms", "false", "--max", "1"]).exits(1).mentions(&["--max 1 was passed to false"]);
    assert_eq!(ran.stderr.matches("hint: ").count(), 1, "{}", ran.stderr);
    sandbox.run(["true", "--max", "1"]).exits(0).says(&[]);
}

#[test]
fn a_variable_that_means_nothing_is_one_warning_with_the_nearest_right_name() {
    let sandbox = Sandbox::new();
    for (variable, warning) in [
        ("RETRY_OPT_MAXX", "did you mean RETRY_OPT_MAX?"),
        ("RETRY_OPT_RETRY_ON", "use --retry-on or a config file"),
        ("RETRY_OPT_ATTEMPTS", "did you mean RETRY_OPT_MAX?"),
    ] {
        let ran = sandbox.run_in(&[(variable, "3")], ["--", "true"]).exits(0).mentions(&[warning]);
        assert_eq!(ran.stderr.matches(variable).count(), 1, "{}", ran.stderr);
    }
    sandbox.run_in(&[("RETRY_OPT_MAXX", "")], ["--", "true"]).exits(0).says(&[]);
}

#[test]
fn a_demanded_text_is_looked_for_on_both_streams_and_the_status_says_who_set_it() {
    let sandbox = Sandbox::new();
    sandbox.run(["--max", "1", "--success-match", "ready", "--", "echo", "ready"]).exits(0).says(&[]);
    sandbox.run(["--max", "1", "--success-match", "ready", "-c", "echo ready >&2"]).exits(0);
    let ran = sandbox.run(["--max", "1", "--success-match", "ready", "--", "true"]).exits(1);
    ran.mentions(&["exit 0, but 'ready' not seen on stdout or stderr"]);
    sandbox.run(["--max", "1", "--success-match", "stderr:ready", "--", "echo", "ready"]).exits(1);
    let ran = sandbox.run(["--max", "1", "--exhausted-code", "75", "--", "false"]).exits(75);
    ran.mentions(&["; exit 75 (--exhausted-code)\n"]);
    let ran = sandbox.run(["-d", "1ms", "--fail-if-flaky", "42", "-c", "test $RETRY_ATTEMPT = 2"]).exits(42);
    ran.mentions(&["; exit 42 (--fail-if-flaky)\n"]);
}

#[test]
fn a_habit_is_answered_in_front_of_a_verbs_other_words_too() {
    Sandbox::new().run(["until", "-t", "5", "--", "true"]).exits(125).mentions(&["--max 5"]);
    Sandbox::new().run(["wait", "1", "-t", "5"]).exits(125).mentions(&["--max 5"]);
    Sandbox::new().run(["explain", "--tries", "5"]).exits(125).mentions(&["--max 5"]);
}

#[test]
fn the_value_is_that_of_the_option_and_of_no_other_that_begins_like_it() {
    let sandbox = Sandbox::new();
    for (line, answer) in [
        (&["--retry-on", "1", "--retry", "3", "--", "true"][..], "use --retries 3"),
        (&["--retry-on=7", "--retry=5", "--", "true"], "use --retries 5"),
        (&["-vt5", "--", "true"], "--max 5"),
    ] {
        sandbox.run(line).exits(125).mentions(&[answer]);
    }
}

#[test]
fn what_is_written_instead_is_accepted() {
    for options in [
        &["--max", "5"][..],
        &["--timeout", "5s"],
        &["--retries", "4"],
        &["--max-delay", "5"],
        &["--backoff", "fixed", "--delay", "2"],
        &["--retry-on", "3"],
        &["--deadline", "9"],
        &["--max", "inf"],
        &["--backoff", "fibonacci"],
        &["--jitter", "none"],
    ] {
        Sandbox::new().run([options, &["--", "true"]].concat()).exits(0).says(&[]);
    }
}

#[test]
fn a_success_that_is_named_as_a_failure_is_warned_of() {
    let sandbox = Sandbox::new();
    let hint = "retry: hint: --success-on says which exit codes are; '!0' makes all others successes";
    for option in ["--retry-on", "--permanent-on"] {
        let told = format!("retry: {option} 0 has no effect: exit 0 is a success");
        sandbox.run([option, "1,0", "--", "true"]).exits(0).says(&[&told, hint]);
    }
    for line in [
        &["--retry-on", "0-9", "--", "true"][..],
        &["--permanent-on", "0", "--success-match", "ready", "--", "echo", "ready"],
    ] {
        sandbox.run(line).exits(0).says(&[]);
    }
    sandbox
        .run(["--retry-on", "0", "--success-on", "!0", "--max", "2", "--delay", "1ms", "--", "true"])
        .mentions(&["attempt 1/2"]);
}
