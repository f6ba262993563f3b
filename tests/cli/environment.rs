//! What the command is told in its environment, and what it may answer.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::harness::{one, only};
use crate::support::{Sandbox, fixture};

/// What each attempt of a script sees of a variable; the script fails with its own status at each one.
#[track_caller]
fn seen(options: &[&str], variable: &str) -> Vec<String> {
    let sandbox = Sandbox::new();
    let script = format!("printf '%s\\n' \"${{{variable}-unset}}\"; exit $((RETRY_ATTEMPT + 4))");
    let line = [&["-q", "--delay", "1ms"], options, &["--", "sh", "-c", &script]].concat();
    sandbox.run(line).text().lines().map(str::to_owned).collect()
}

#[test]
fn an_attempt_knows_its_number_and_how_many_there_may_be() {
    assert_eq!(seen(&[], "RETRY_ATTEMPT"), ["1", "2", "3"]);
    assert_eq!(seen(&[], "RETRY_ATTEMPT_LIMIT"), ["3", "3", "3"]);
    assert_eq!(seen(&[], "RETRY_LAST"), ["0", "0", "1"]);
    assert_eq!(seen(&["--no-retry"], "RETRY_LAST"), ["1"]);
    let endless = ["--max", "inf", "--permanent-on", "6"];
    assert_eq!(seen(&endless, "RETRY_ATTEMPT_LIMIT"), ["inf", "inf"]);
    assert_eq!(seen(&endless, "RETRY_LAST"), ["0", "0"]);
}

#[test]
fn from_the_second_attempt_on_the_one_before_is_known() {
    assert_eq!(seen(&[], "RETRY_PREVIOUS_EXIT"), ["unset", "5", "6"]);
    assert_eq!(seen(&[], "RETRY_PREVIOUS_CLASS"), ["unset", "transient", "transient"]);
    let sandbox = Sandbox::new();
    let script = "echo $RETRY_PREVIOUS_EXIT/$RETRY_PREVIOUS_CLASS; case $RETRY_ATTEMPT in 1) kill -SEGV $$;; \
                  2) echo retry-after=1ms >$RETRY_HINT; exit 1;; 3) sleep 60;; 5) exit 1;; esac";
    let options = ["-q", "--delay", "1ms", "--timeout", "1s", "--successes", "2", "--max", "6"];
    let ran = sandbox.run([&options[..], &["--", "sh", "-c", script]].concat());
    let expected = "/\n139/transient\n1/throttled\n124/transient\n0/success\n1/transient\n";
    ran.exits(1).prints(expected);
}

#[test]
fn a_run_has_one_id_which_the_log_has_too() {
    let sandbox = Sandbox::new();
    let line = ["-q", "--delay", "1ms", "--log", "log", "-c", "echo $RETRY_RUN_ID; exit 1"];
    let text = sandbox.run(line).exits(1).text();
    let ids: Vec<_> = text.lines().collect();
    let run = sandbox.log("log")[0]["run"].clone();
    assert_eq!(ids.iter().map(|id| json!(id)).collect::<Vec<_>>(), [run.clone(), run.clone(), run]);
}

#[test]
fn the_time_since_the_begin_grows() {
    let times = seen(&["--delay", "30ms", "--jitter", "none"], "RETRY_ELAPSED_MS");
    let times: Vec<u64> = times.iter().map(|time| time.parse().expect("milliseconds")).collect();
    assert!(times[0] < 20_000 && times[1] >= times[0] + 30 && times[2] >= times[1] + 60, "{times:?}");
}

#[test]
fn with_a_deadline_its_time_is_known_and_without_one_it_is_not() {
    assert_eq!(seen(&["--no-retry"], "RETRY_DEADLINE_AT_MS"), ["unset"]);
    let at = seen(&["--deadline", "1h", "--max", "2"], "RETRY_DEADLINE_AT_MS");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_millis();
    let in_an_hour = at[0].parse::<u128>().expect("milliseconds");
    assert!(in_an_hour.abs_diff(now + 3_600_000) < 60_000, "{in_an_hour} at {now}");
    assert_eq!(at[0], at[1], "it is the run's");
}

#[test]
fn the_hint_decides_what_follows() {
    for (lines, class, outcome) in [
        (&["class=permanent"][..], "permanent", "permanent"),
        (&["class=transient"], "transient", "exhausted"),
        (&["class=throttled"], "throttled", "exhausted"),
        (&["retry-after=1ms"], "throttled", "exhausted"),
        (&["reason=busy"], "throttled", "exhausted"),
        (&["class=transient", "retry-after=1ms"], "transient", "exhausted"),
        (&["class=nonsense"], "transient", "exhausted"),
        (&["class=transient", "class=permanent"], "permanent", "permanent"),
    ] {
        let sandbox = Sandbox::new();
        let line = [&["-q", "--max", "2", "--delay", "1ms", "--log", "log", "--", fixture(), "hint"], lines]
            .concat();
        sandbox.run(line).exits(1);
        let log = sandbox.log("log");
        assert_eq!(one(&log, "attempt.failed")["class"], class, "{lines:?}");
        assert_eq!(one(&log, "run.stop")["outcome"], outcome, "{lines:?}");
    }
}

/// One attempt that is retried under these options, as the log has it.
#[track_caller]
fn retried(options: &[&str], hint: &str) -> serde_json::Value {
    let sandbox = Sandbox::new();
    let options =
        [&["-q", "--max", "2", "--delay", "1ms", "--jitter", "none", "--log", "log"], options].concat();
    sandbox.run([&options[..], &["--", fixture(), "hint", hint]].concat()).exits(1);
    one(&sandbox.log("log"), "attempt.retry").clone()
}

#[test]
fn a_wait_that_is_asked_for_is_a_floor_with_a_little_spread() {
    let line = retried(&[], "retry-after=300ms");
    assert_eq!((&line["backoff_ms"], &line["retry_after_ms"]), (&json!(1.0), &json!(300.0)));
    let delay = line["delay_ms"].as_f64().expect("milliseconds");
    assert!((300.0..=330.0).contains(&delay), "{delay}");
    let capped = retried(&["--max-delay", "1ms"], "retry-after=50ms")["delay_ms"].as_f64();
    assert!(
        capped.is_some_and(|delay| delay >= 50.0),
        "the longest wait of the policy does not hold: {capped:?}"
    );
    let drawn = retried(&["--delay", "40ms"], "retry-after=5ms");
    assert_eq!(drawn["delay_ms"], 40.0, "the policy waits longer by itself");
}

#[test]
fn a_wait_that_makes_no_sense_is_no_hint() {
    for hint in
        ["retry-after=0", "retry-after=-5", "retry-after=1e400", "retry-after=soon", "retry-after=1795296849"]
    {
        let line = retried(&[], hint);
        assert_eq!((&line["class"], line.get("retry_after_ms")), (&json!("transient"), None), "{hint}");
    }
}

#[test]
fn more_waiting_than_is_allowed_or_than_there_is_time_ends_the_run_at_once() {
    for (options, outcome) in
        [(&[][..], "throttled"), (&["--max-retry-after", "2h", "--deadline", "30m"], "deadline")]
    {
        let sandbox = Sandbox::new();
        let hint = ["-q", "--log", "log", "--", fixture(), "hint", "retry-after=1h"];
        sandbox.run([options, &hint].concat()).exits(1);
        assert_eq!(one(&sandbox.log("log"), "run.stop")["outcome"], outcome, "{options:?}");
    }
}

#[test]
fn an_option_that_says_permanent_beats_the_hint_and_the_hint_beats_one_that_says_retry() {
    for (option, hint, attempts) in [
        ("--permanent-on", "class=transient", 1),
        ("--retry-on", "class=permanent", 1),
        ("--retry-on", "reason=x", 3),
    ] {
        let sandbox = Sandbox::new();
        sandbox
            .run(["-q", "--delay", "1ms", "--log", "log", option, "1", "--", fixture(), "hint", hint])
            .exits(1);
        assert_eq!(one(&sandbox.log("log"), "run.stop")["attempts"], attempts, "{option} {hint}");
    }
}

#[test]
fn a_hint_speaks_of_one_attempt() {
    let sandbox = Sandbox::new();
    let script = "[ $RETRY_ATTEMPT = 1 ] && printf 'class=throttled\\nreason=busy' >>\"$RETRY_HINT\"; exit 1";
    sandbox.run(["-q", "--delay", "1ms", "--log", "log", "-c", script]).exits(1);
    let log = sandbox.log("log");
    let reasons: Vec<_> = only(&log, "attempt.retry").iter().map(|line| line["reason"].clone()).collect();
    assert_eq!(reasons, ["busy", "exit 1"]);
}

#[test]
fn a_hint_of_a_success_speaks_of_no_later_attempt() {
    let sandbox = Sandbox::new();
    let script = "test $RETRY_ATTEMPT = 1 || exit 7; echo class=permanent >>$RETRY_HINT";
    for option in [["--successes", "2"], ["--success-on", "0,5"]] {
        let line =
            [&["--delay", "1ms", "-n3", "-q", "--log", "log"], &option[..], &["--", "sh", "-c", script]];
        sandbox.run(line.concat());
        let log = sandbox.log("log");
        let last = log.last().expect("an event");
        let outcome = if option[0] == "--successes" { "exhausted" } else { "succeeded" };
        assert_eq!(last["outcome"], outcome, "{option:?}");
        std::fs::remove_file(sandbox.path("log")).expect("the log");
    }
}

#[test]
fn a_hint_of_an_attempt_that_ended_with_0_and_failed_is_heard() {
    let sandbox = Sandbox::new();
    let script = "echo x >>runs; echo class=permanent >>$RETRY_HINT";
    sandbox.run(["--delay", "1ms", "--success-match", "done", "--", "sh", "-c", script]).exits(1);
    assert_eq!(sandbox.read("runs").lines().count(), 1);
}

#[test]
fn what_an_earlier_attempt_left_behind_does_not_speak_for_the_next_one() {
    let sandbox = Sandbox::new();
    // It writes while the run waits, and the second attempt fails without a word.
    let script = "test $RETRY_ATTEMPT = 1 || exit 7
        (until grep -q attempt.retry log; do sleep 0.01; done; echo class=permanent >>$RETRY_HINT; touch late) &
        exit 7";
    let line = ["--delay", "2s", "-jnone", "-n3", "-bfixed", "-q", "--log", "log", "--", "sh", "-c", script];
    sandbox.run(line).exits(7);
    assert!(sandbox.path("late").exists());
    assert_eq!(sandbox.log("log").last().expect("an event")["outcome"], "exhausted");
}

#[test]
fn the_files_can_be_written_and_nothing_stays_behind() {
    let sandbox = Sandbox::new();
    let script = "for file in \"$RETRY_HINT\" \"$RETRY_PROGRESS\"; do echo x >>\"$file\" && echo y >\"$file\" || \
                  exit 1; touch \"$file\" || exit 1; echo \"$file\"; done";
    let text = sandbox.run(["--no-retry", "-c", script]).exits(0).says(&[]).text();
    let files: Vec<_> = text.lines().collect();
    assert_eq!(files.len(), 2);
    assert_ne!(files[0], files[1]);
    for file in files {
        assert!(!std::path::Path::new(file).exists(), "{file} is gone");
    }
    assert_eq!(sandbox.files(), [""; 0]);
}

#[test]
fn the_rest_of_the_environment_is_passed_on_as_it_is() {
    let sandbox = Sandbox::new();
    let environment = [("RETRY_OPT_MAX", "2"), ("FOO", "a b"), ("RETRY_UNKNOWN", "x"), ("EMPTY", "")];
    let line = ["--", fixture(), "env", "RETRY_OPT_MAX", "FOO", "RETRY_UNKNOWN", "EMPTY", "HOME"];
    let home = sandbox.path("").display().to_string();
    let expected =
        format!("RETRY_OPT_MAX=2\nFOO=a b\nRETRY_UNKNOWN=x\nEMPTY=\nHOME={}\n", home.trim_end_matches('/'));
    sandbox.run_in(&environment, line).exits(0).prints(&expected);
}

#[test]
fn a_trace_around_us_reaches_the_command_as_it_came_and_none_is_invented() {
    let names = ["TRACEPARENT", "TRACESTATE", "BAGGAGE"];
    let sandbox = Sandbox::new();
    let line = [&["-q", "--delay", "1ms", "--max", "2", "--log", "log", "--", fixture(), "env"], &names[..]]
        .concat();
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let good = format!("00-{trace}-b7ad6b7169203331-00");
    for (parent, named) in [
        (good.as_str(), Some(trace)),
        (&good[..40], None),
        ("nonsense", None),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-00", None),
    ] {
        let environment = [("TRACEPARENT", parent), ("TRACESTATE", "a=1,,b"), ("BAGGAGE", "%%=x y")];
        let expected = format!("TRACEPARENT={parent}\nTRACESTATE=a=1,,b\nBAGGAGE=%%=x y\n");
        let text = sandbox.run_in(&environment, &line).text();
        assert!(text.starts_with(&expected), "{text}");
        let log = std::fs::read_to_string(sandbox.path("log")).expect("a log");
        std::fs::remove_file(sandbox.path("log")).expect("a log");
        assert_eq!(log.contains("trace_id"), named.is_some(), "{parent}");
        assert!(named.is_none_or(|trace| log.contains(&format!("\"trace_id\":\"{trace}\""))), "{log}");
        assert!(!log.contains("span_id"), "{log}");
    }
    sandbox.run(&line).exits(0).prints("TRACEPARENT unset\nTRACESTATE unset\nBAGGAGE unset\n");
}
