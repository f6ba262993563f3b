//! `retry replay`: letters run again, each once, oldest first.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::letters::{fail_with, letters};
use crate::supervision::program::{End, run, shell};
use crate::support::{RETRY, Sandbox};

/// Succeeds once the file `up` is there, and notes its name and its input.
const JOB: &str =
    "[ -e up ] || { echo 'curl: (7) Failed to connect' >&2; exit 7; }; echo \"$0\" >>order; cat >>all";

/// Leaves a letter for each name; the job will succeed once `up` is there.
#[track_caller]
fn leave(sandbox: &Sandbox, names: &[&str]) {
    for name in names {
        fail_with(sandbox, name.as_bytes(), &["--name", name], &["sh", "-c", JOB, name]).exits(7);
    }
}

/// The names of the letters, without the other files of the directory.
pub(super) fn of_dlq(sandbox: &Sandbox) -> Vec<String> {
    letters(sandbox).into_iter().filter(|name| name.ends_with(".letter")).collect()
}

/// The path of the only letter.
#[track_caller]
pub(super) fn only(sandbox: &Sandbox) -> PathBuf {
    let names = of_dlq(sandbox);
    assert_eq!(names.len(), 1, "{names:?}");
    sandbox.path("dlq").join(&names[0])
}

#[test]
fn that_there_is_no_letter_is_said_and_no_failure() {
    let sandbox = Sandbox::new();
    for place in ["dlq", "other"] {
        std::fs::create_dir(sandbox.path(place)).expect("a directory");
    }
    let asked: [(&[&str], &str); 4] =
        [(&[], ""), (&["--dry-run"], ""), (&["--list"], ""), (&["--list", "--format", "json"], "[]\n")];
    for (options, stdout) in asked {
        let ran = sandbox.run([&["replay"], options, &["dlq", "other"]].concat()).exits(0);
        ran.says(&["retry: no letters in dlq, other"]).prints(stdout);
    }
    sandbox.run(["replay", "-q", "dlq"]).exits(0).says(&[]);
}

#[test]
fn letters_run_oldest_first_and_are_gone_then() {
    let sandbox = Sandbox::new();
    leave(&sandbox, &["one", "two", "three"]);
    sandbox.write("up", "");
    let ran = sandbox.run(["replay", "dlq"]).exits(0);
    ran.mentions(&[
        "retry: 1/3 one (created ",
        " ago): succeeded",
        "3/3 three",
        "retry: 3 succeeded, 0 kept, ",
    ]);
    assert_eq!(sandbox.read("order"), "one\ntwo\nthree\n");
    assert_eq!(sandbox.read("all"), "onetwothree");
    assert_eq!(of_dlq(&sandbox), [] as [String; 0]);
    sandbox.run(["replay", "dlq"]).exits(0).says(&["retry: no letters in dlq"]);
}

#[test]
fn while_the_trouble_lasts_one_letter_finds_that_out() {
    let sandbox = Sandbox::new();
    leave(&sandbox, &["one", "two", "three"]);
    let ran = sandbox.run(["replay", "--jobs", "4", "dlq"]).exits(75);
    ran.mentions(&["1/3 one", "gave up after transient failures", "3 letters kept"]);
    assert_eq!(of_dlq(&sandbox).len(), 3);
    let record = sandbox.log("dlq/replays.jsonl");
    assert_eq!(
        (record.len(), &record[0]["outcome"], &record[0]["exit_code"]),
        (1, &"exhausted".into(), &7.into())
    );
    assert_eq!(record[0]["letter"].as_str(), Some(&*of_dlq(&sandbox)[0]));
    let first = sandbox.path("dlq").join(&of_dlq(&sandbox)[0]);
    sandbox.retry([std::ffi::OsStr::new("replay"), first.as_os_str()]).assert().code(1);
}

#[test]
fn a_letter_that_is_itself_at_fault_does_not_stop_the_others() {
    let sandbox = Sandbox::new();
    for (name, script) in [("poison", "exit 3"), ("good", "exit 4"), ("poison too", "exit 3")] {
        let options = ["--permanent-on", "3", "--name", name];
        let script = format!("[ -e up ] && [ $0 = good ] && exit 0; {script}");
        fail_with(&sandbox, b"", &options, &["sh", "-c", &script, name]);
    }
    sandbox.write("up", "");
    let ran = sandbox.run(["replay", "dlq"]).exits(1);
    ran.mentions(&[
        "1/3 poison",
        "kept: exit 3",
        "2/3 good",
        "succeeded",
        "1 succeeded, 2 kept (exit 3 ×2), ",
    ]);
    assert_eq!(of_dlq(&sandbox).len(), 2);
}

#[test]
fn failures_in_a_row_end_a_replay() {
    let sandbox = Sandbox::new();
    let script = "[ -e up ] && [ $0 = a ] && exit 0; exit 4";
    for name in ["a", "b", "c", "d", "e"] {
        fail_with(&sandbox, b"", &["--name", name], &["sh", "-c", script, name]).exits(4);
    }
    sandbox.write("up", "");
    let ran = sandbox.run(["replay", "--give-up-after", "2", "dlq"]).exits(75);
    ran.mentions(&["1/5 a", "2/5 b", "3/5 c", "4 letters kept"]);
    assert_eq!(of_dlq(&sandbox).len(), 4);
}

#[test]
fn input_and_words_are_the_same_byte_for_byte() {
    let sandbox = Sandbox::new();
    let binary: Vec<u8> = (0..=255).cycle().take(700_001).collect();
    let script = "[ -e up ] || exit 4; shift; printf '%s|' \"$@\" >words; cat >out";
    fail_with(&sandbox, &binary, &[], &["sh", "-c", script, "sh", "x", "a\nb", "", "it's", "ä"]).exits(4);
    sandbox.write("up", "");
    sandbox.run(["replay", "dlq"]).exits(0);
    assert!(std::fs::read(sandbox.path("out")).expect("output") == binary);
    assert_eq!(sandbox.read("words"), "a\nb||it's|ä|");
}

#[test]
fn words_of_any_bytes_are_run_again() {
    use std::os::unix::ffi::OsStrExt as _;

    let sandbox = Sandbox::new();
    let odd = std::ffi::OsStr::from_bytes(b"a\xff\n\x1bb");
    let script = "[ -e up ] || exit 4; printf %s \"$1\" >word";
    let line =
        ["--max", "1", "--dead-letter", "dlq", "--", "sh", "-c", script, "sh"].map(std::ffi::OsStr::new);
    sandbox.run(line.into_iter().chain([odd])).exits(4);
    sandbox.write("up", "");
    sandbox.run(["replay", "dlq"]).exits(0);
    assert_eq!(std::fs::read(sandbox.path("word")).expect("a word"), odd.as_bytes());
}

#[test]
fn an_empty_input_ends_and_none_is_null() {
    for (input, expected) in [(Some(&b""[..]), "pipe"), (None, "null")] {
        let sandbox = Sandbox::new();
        let script = "[ -e up ] || exit 4; cat; case $(readlink /proc/self/fd/0) in pipe*) echo pipe;; /dev/null) echo null;; esac >kind";
        let line = ["--max", "1", "--dead-letter", "dlq", "--", "sh", "-c", script];
        match input {
            Some(input) => drop(sandbox.retry(line).write_stdin(input).output()),
            None => assert!(!sandbox.spawnable(line).status().expect("a status").success()),
        }
        sandbox.write("up", "");
        sandbox.run(["replay", "dlq"]).exits(0);
        assert_eq!(sandbox.read("kind").trim(), expected);
    }
}

#[test]
fn a_replay_retries_with_the_same_input_and_key() {
    let sandbox = Sandbox::new();
    let script =
        "echo $RETRY_IDEMPOTENCY_KEY >>keys; cat >>inputs; printf x >>runs; [ $(wc -c <runs) -ge 5 ]";
    fail_with(&sandbox, b"work\n", &["--delay", "1ms"], &["sh", "-c", script]).exits(1);
    sandbox.run(["replay", "--max", "2", "dlq"]).exits(1);
    sandbox.run(["replay", "--max", "9", "dlq"]).exits(0);
    assert_eq!(sandbox.read("inputs"), "work\n".repeat(5));
    let keys = sandbox.read("keys");
    let keys: Vec<_> = keys.lines().collect();
    assert!(keys.len() == 5 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn it_runs_where_and_as_the_letter_says() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("there")).expect("a directory");
    let script = "[ -e ../up ] || exit 4; pwd >place; echo \"$CHOSEN ${FRESH-none}\" >>env; touch made";
    let line = format!(
        "cd there && umask 027 && CHOSEN=then FRESH=old exec \"$R\" --max 1 --dead-letter ../dlq --dead-letter-env CHOSEN --shell=sh -- '{script}'"
    );
    let failed = run(&mut shell(&sandbox, &line));
    assert_eq!(failed, End::Code(4));
    sandbox.write("up", "");
    let ran = sandbox.run_in(&[("CHOSEN", "now")], ["replay", "--keep", "done", "dlq"]).exits(0);
    ran.mentions(&["set when the letters were written, but not now: ", "FRESH"]);
    assert!(sandbox.read("there/place").trim().ends_with("/there"));
    assert_eq!(sandbox.read("there/env"), "then none\n");
    assert_eq!(std::fs::metadata(sandbox.path("there/made")).expect("a file").mode() & 0o777, 0o640);
    sandbox.run_in(&[("CHOSEN", "now")], ["replay", "--env-from", "now", "done"]).exits(0);
    assert_eq!(sandbox.read("there/env"), "then none\nnow none\n");
}

#[test]
fn options_of_the_line_are_stronger_than_the_letters_settings() {
    let sandbox = Sandbox::new();
    let count = "printf x >>runs; exit 4";
    sandbox.run(["--max", "2", "--delay", "1ms", "--dead-letter", "dlq", "--", "sh", "-c", count]).exits(4);
    assert_eq!(sandbox.count("runs"), 2);
    sandbox.run(["replay", "dlq"]).exits(1);
    assert_eq!(sandbox.count("runs"), 4);
    sandbox.run(["replay", "--max", "3", "dlq"]).exits(1);
    assert_eq!(sandbox.count("runs"), 7);
    sandbox.run(["replay", "--ignore-settings", "--no-retry", "dlq"]).exits(1);
    assert_eq!(sandbox.count("runs"), 8);
    let ran = sandbox
        .run(["replay", "-q", "--on-failure", "echo $RETRY_OUTCOME >told", "--log", "log", "dlq"])
        .exits(1);
    assert_eq!(ran.stderr, "");
    assert_eq!(sandbox.read("told"), "exhausted\n");
    assert!(sandbox.log("log").iter().any(|event| event["event"] == "run.stop"));
    assert_eq!(of_dlq(&sandbox).len(), 1, "a replay leaves no other letter");
}

#[test]
fn two_replays_run_each_letter_once() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..50).map(|number| format!("job{number:02}")).collect();
    for name in &names {
        let script = "[ -e up ] || exit 4; echo $0 >>order";
        fail_with(&sandbox, b"", &["-q", "--name", name], &["sh", "-c", script, name]).exits(4);
    }
    sandbox.write("up", "");
    let mut replays: Vec<_> = (0..2)
        .map(|_| sandbox.spawnable(["replay", "-q", "--jobs", "2", "dlq"]).spawn().expect("a start"))
        .collect();
    for replay in &mut replays {
        assert!(replay.wait().expect("an end").success());
    }
    let order = sandbox.read("order");
    let mut ran: Vec<_> = order.lines().collect();
    ran.sort_unstable();
    assert_eq!(ran, names);
    assert_eq!(of_dlq(&sandbox), [] as [String; 0]);
}

#[test]
fn a_letter_may_be_edited_by_hand() {
    let sandbox = Sandbox::new();
    fail_with(&sandbox, b"input", &[], &["sh", "-c", "exit 4"]).exits(4);
    let path = only(&sandbox);
    let text = std::fs::read_to_string(&path).expect("a letter");
    std::fs::write(&path, text.replace("exit 4", "cat >edited")).expect("a letter");
    sandbox.run(["replay", "dlq"]).exits(0);
    assert_eq!(sandbox.read("edited"), "input");
}

#[test]
fn a_long_header_is_read() {
    let sandbox = Sandbox::new();
    fail_with(&sandbox, b"input", &[], &["sh", "-c", "[ -e up ] || exit 4; cat >out"]).exits(4);
    let path = only(&sandbox);
    let text = std::fs::read_to_string(&path).expect("a letter");
    let long = format!("\"note\":\"{}\",\"run\"", "x".repeat(2 << 20));
    std::fs::write(&path, text.replacen("\"run\"", &long, 1)).expect("a letter");
    sandbox.write("up", "");
    sandbox.run(["replay", "dlq"]).exits(0);
    assert_eq!(sandbox.read("out"), "input");
}

#[test]
fn letters_can_be_looked_at() {
    let sandbox = Sandbox::new();
    let options = ["--name", "nightly", "--dead-letter-env", "SECRET", "--hook-tail"];
    let line = [
        &["--max", "1", "--dead-letter", "dlq"][..],
        &options,
        &["--", "sh", "-c", "[ -e up ] && cat >out || { echo \"it's down\" >&2; exit 4; }"],
    ]
    .concat();
    let mut command = sandbox.retry(line);
    command.env("SECRET", "hunter2").write_stdin("input").assert().code(4);
    let path = only(&sandbox);
    let listed = sandbox.run(["replay", "--list", "dlq"]).exits(0);
    assert!(listed.text().starts_with("LETTER") && listed.text().contains("nightly"), "{}", listed.text());
    let json = sandbox.run(["replay", "--list", "--format", "json", "dlq"]).exits(0).json();
    assert_eq!(
        (&json[0]["exit_code"], &json[0]["stdin_bytes"], &json[0]["replays"]),
        (&4.into(), &5.into(), &0.into())
    );
    let shown = sandbox.run(["replay".as_ref(), "--show".as_ref(), path.as_os_str()]).exits(0).text();
    for text in ["nightly", "exit 4", "it's down", "stored env", "SECRET"] {
        assert!(shown.contains(text), "{text} in {shown}");
    }
    for text in [&listed.text(), &shown, &json.to_string()] {
        assert!(!text.contains("hunter2"));
    }
    sandbox.run(["replay", "dlq"]).exits(1);
    let json = sandbox.run(["replay", "--list", "--format", "json", "dlq"]).exits(0).json();
    assert_eq!(json[0]["replays"], 1);
    // The script does by hand what a replay does.
    let script = sandbox
        .run(["replay".as_ref(), "--show".as_ref(), "--sh".as_ref(), path.as_os_str()])
        .exits(0)
        .text();
    sandbox.write("up", "");
    let bin = PathBuf::from(RETRY);
    let path_of = format!("{}:/usr/bin:/bin", bin.parent().expect("a directory").display());
    let by_hand = std::process::Command::new("sh").args(["-c", &script]).env("PATH", path_of).status();
    assert!(by_hand.expect("sh runs").success());
    assert_eq!(sandbox.read("out"), "input");
}

#[test]
fn several_run_at_once_after_the_first() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c", "d"] {
        let script = "[ -e up ] || exit 4; [ $0 = a ] && exit 0; echo $0 >>here; until [ $(wc -l <here) = 3 ]; do sleep 0.02; done";
        fail_with(&sandbox, b"", &["-q", "--name", name], &["sh", "-c", script, name]).exits(4);
    }
    sandbox.write("up", "");
    sandbox.run(["replay", "--jobs", "3", "dlq"]).exits(0);
}

#[test]
fn a_rate_spreads_letters_out() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        fail_with(&sandbox, b"", &["-q"], &["sh", "-c", "[ -e up ] || exit 4; echo $0", name]).exits(4);
    }
    sandbox.write("up", "");
    let began = std::time::Instant::now();
    sandbox.run(["replay", "-q", "--rate", "1/100ms", "dlq"]).exits(0).prints("a\nb\nc\n");
    assert!(began.elapsed() >= std::time::Duration::from_millis(200), "{:?}", began.elapsed());
}

#[test]
fn a_letter_is_judged_by_the_rules_that_it_was_written_under() {
    let sandbox = Sandbox::new();
    let rules = "[policy.default]\nmax = 2\ndelay = 0\n\
        [[policy.default.rule]]\nclass = \"success\"\nexit = 5\nstderr = 'nothing to \"do\"'\n";
    sandbox.write("policies.toml", rules);
    let script = "[ -e up ] || exit 4; echo 'nothing to \"do\"' >&2; exit 5";
    let options = ["-q", "--config", "policies.toml", "--dead-letter", "dlq", "--", "sh", "-c", script];
    sandbox.run(options).exits(4);
    sandbox.write("up", "");
    std::fs::remove_file(sandbox.path("policies.toml")).expect("a file");
    let shown = sandbox.run(["replay", "--show", "--sh", "dlq"]).exits(0).text();
    assert!(shown.contains("# The letter has rules"), "{shown}");
    sandbox.run(["replay", "--ignore-settings", "--max", "1", "dlq"]).exits(1).mentions(&["kept: exit 5"]);
    sandbox.run(["replay", "dlq"]).exits(0).mentions(&["1 succeeded"]);
}

#[test]
fn a_letter_of_until_waits_as_until_does() {
    let sandbox = Sandbox::new();
    let words = ["until", "--max", "1", "-q", "--dead-letter", "dlq", "--", "./program"];
    sandbox.run(words).exits(127);
    let run = ["replay", "--max", "3", "--delay", "0", "--log", "log", "dlq"];
    let _kept = sandbox.run(run);
    let last = sandbox.log("log").pop().expect("an event");
    assert_eq!((&last["outcome"], &last["attempts"]), (&"exhausted".into(), &3.into()), "{last}");
}
