//! `--dead-letter`: what is kept of a run that finally failed, and when.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use serde_json::{Value as Json, json};

use crate::cli::harness::Ran;
use crate::supervision::process::wait_for_pids;
use crate::supervision::program::{End, Running, command, retry, run, shell};
use crate::support::{Sandbox, wait_for};

const ONCE: [&str; 4] = ["--max", "1", "--dead-letter", "dlq"];

/// The names of the letters, and of what else is in the directory.
pub(super) fn letters(sandbox: &Sandbox) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(sandbox.path("dlq")) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The header and the body of the only letter.
#[track_caller]
pub(super) fn letter(sandbox: &Sandbox) -> (Json, Vec<u8>) {
    let names = letters(sandbox);
    assert_eq!(names.len(), 1, "{names:?}");
    read(&std::fs::read(sandbox.path("dlq").join(&names[0])).expect("a letter"))
}

/// A letter that is whole: a line of JSON, and as many bytes as it says.
#[track_caller]
pub(super) fn read(bytes: &[u8]) -> (Json, Vec<u8>) {
    let end = bytes.iter().position(|byte| *byte == b'\n').expect("a line");
    let header: Json = serde_json::from_slice(&bytes[..end]).expect("a header");
    let body = &bytes[end + 1..];
    assert_eq!(header["stdin"]["bytes"].as_u64().unwrap_or(0), body.len() as u64, "{header}");
    (header, body.to_vec())
}

/// A run with this input that fails and writes a letter.
#[track_caller]
pub(super) fn fail_with(sandbox: &Sandbox, input: &[u8], options: &[&str], words: &[&str]) -> Ran {
    let line = [&ONCE[..], options, &["--"], words].concat();
    Ran::of(sandbox.retry(line).write_stdin(input))
}

#[test]
fn a_letter_holds_the_command_and_its_input() {
    let sandbox = Sandbox::new();
    let binary: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let ran = fail_with(
        &sandbox,
        &binary,
        &["--name", "nightly backup"],
        &["sh", "-c", "head -c 10 >/dev/null; exit 4"],
    );
    let ran = ran.exits(4).mentions(&["kept as dlq/", "retry replay dlq/"]);
    assert!(ran.stderr.lines().last().is_some_and(|line| line.starts_with("retry: gave up on")));
    let names = letters(&sandbox);
    assert!(names[0].contains("-nightly-backup-") && names[0].ends_with(".letter"), "{names:?}");
    let (header, body) = letter(&sandbox);
    assert!(body == binary, "the input is not what it was");
    for (key, value) in [
        ("retry_letter", json!(1)),
        ("name", json!("nightly backup")),
        ("argv", json!(["sh", "-c", "head -c 10 >/dev/null; exit 4"])),
        ("argv_bytes", json!(null)),
        ("outcome", json!("exhausted")),
        ("attempts", json!(1)),
        ("exit_code", json!(4)),
        ("signal", json!(null)),
        ("class", json!("transient")),
        ("reason", json!("exit 4")),
        ("settings", json!({"max": "1"})),
        ("env", json!({})),
        ("shell", json!(null)),
    ] {
        assert_eq!(header[key], value, "{key}");
    }
    assert_eq!(header["idempotency_key"], header["run"]);
    assert_eq!(
        header["cwd"].as_str().map(OsStr::new),
        Some(std::fs::canonicalize(sandbox.path(".")).expect("a path").as_os_str())
    );
    let path = sandbox.path("dlq").join(&names[0]);
    assert_eq!(std::fs::metadata(&path).expect("a letter").permissions().mode() & 0o7777, 0o600);
    assert_eq!(
        std::fs::metadata(sandbox.path("dlq")).expect("a directory").permissions().mode() & 0o7777,
        0o700
    );
}

#[test]
fn odd_words_come_back_and_plain_ones_stay_readable() {
    let sandbox = Sandbox::new();
    let odd = OsStr::from_bytes(b"a\xff\nb");
    let words = [
        OsStr::new("--max"),
        OsStr::new("1"),
        OsStr::new("--dead-letter"),
        OsStr::new("dlq"),
        OsStr::new("--"),
        OsStr::new("false"),
        odd,
        OsStr::new(""),
    ];
    sandbox.run(words).exits(1);
    let (header, _) = letter(&sandbox);
    assert_eq!(header["argv"], json!(["false", "a\u{fffd}\nb", ""]));
    assert_eq!(header["argv_bytes"], json!(["ZmFsc2U=", "Yf8KYg==", ""]));
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn input_of_each_kind_is_kept_as_it_can_be() {
    let stdin = |script: &str| {
        let sandbox = Sandbox::new();
        sandbox.write("input", "0123456789");
        let line = format!("exec \"$R\" --max 1 --dead-letter dlq {script}");
        let end = run(&mut shell(&sandbox, &line));
        assert_eq!(end, End::Code(1), "{script}");
        let (header, body) = letter(&sandbox);
        (header["stdin"].clone(), String::from_utf8(body).expect("text"), sandbox)
    };
    assert_eq!(stdin("-- false </dev/null").0, json!({"kind": "none"}));
    assert_eq!(stdin("-- false <&-").0, json!({"kind": "none"}));
    let (kind, body, _) = stdin("-- false <input");
    assert_eq!((kind["kind"].as_str(), &*body), (Some("bytes"), "0123456789"));
    let (kind, body, _) = stdin("-- sh -c 'cat >/dev/null; false' <input");
    assert_eq!((kind["bytes"].as_u64(), &*body), (Some(10), "0123456789"));
    let (kind, body, _) = stdin("-- false <<'END'\n\nEND");
    assert_eq!((kind["kind"].as_str(), &*body), (Some("bytes"), "\n"));
    let (kind, body, sandbox) = stdin("--dead-letter-copy 5 -- false <input");
    let file = std::fs::canonicalize(sandbox.path("input")).expect("a path");
    assert_eq!((kind["kind"].as_str(), kind["path"].as_str(), &*body), (Some("file"), file.to_str(), ""));
    assert_eq!((kind["size"].as_u64(), kind["offset"].as_u64()), (Some(10), Some(0)));
    assert_eq!(kind["inode"].as_u64(), Some(std::fs::metadata(file).expect("a file").ino()));
    let (kind, ..) = stdin("--stdin inherit -- false <input");
    assert_eq!(kind["kind"], "partial");
    let (kind, ..) = stdin("--stdin null -- false <input");
    assert_eq!(kind["kind"], "none");
}

#[test]
fn what_the_limit_keeps_out_makes_a_part() {
    let sandbox = Sandbox::new();
    let ran = fail_with(
        &sandbox,
        &vec![b'x'; 100_000],
        &["--stdin-max", "70000"],
        &["sh", "-c", "cat >/dev/null; exit 4"],
    );
    ran.exits(4).mentions(&["does not hold the whole input", "--stdin-max"]);
    let (header, body) = letter(&sandbox);
    assert_eq!(header["stdin"]["kind"], "partial");
    assert!(body.len() <= 70_000, "{}", body.len());
    assert!(body.iter().all(|byte| *byte == b'x'));
}

#[test]
fn values_of_the_environment_are_kept_only_if_asked_for() {
    let sandbox = Sandbox::new();
    let options = ["--dead-letter-env", "CHOSEN,RX_*"];
    let line = [&ONCE[..], &options, &["--", "false"]].concat();
    let environment = [("CHOSEN", "1"), ("RX_KEY", "2"), ("SECRET", "hunter2"), ("TRACEPARENT", "x")];
    sandbox.run_in(&environment, line).exits(1);
    let (header, _) = letter(&sandbox);
    assert_eq!(header["env"], json!({"CHOSEN": "1", "RX_KEY": "2"}));
    let names: Vec<_> =
        header["env_names"].as_array().expect("names").iter().filter_map(Json::as_str).collect();
    assert!(names.contains(&"SECRET") && names.contains(&"CHOSEN") && !names.contains(&"TRACEPARENT"));
    assert!(!header.to_string().contains("hunter2"));
}

#[test]
fn output_is_kept_in_part_and_redacted() {
    let sandbox = Sandbox::new();
    let options = ["--hook-tail", "--dead-letter-redact", "token=\\S+"];
    fail_with(&sandbox, b"", &options, &["sh", "-c", "echo 'denied token=abc end' >&2; exit 4"]).exits(4);
    let (header, _) = letter(&sandbox);
    assert_eq!(header["stderr_tail"], "denied [redacted] end\n");
    assert_eq!(header["stdout_tail"], json!(null));
}

#[test]
fn letters_are_written_for_the_outcomes_that_were_chosen() {
    let cases: [(&[&str], &[&str], bool); 7] = [
        (&[], &["true"], false),
        (&[], &["no-such-program"], true),
        (&["--fallback", "true"], &["false"], false),
        (&["--fallback", "false"], &["false"], true),
        (&["--dead-letter-on", "permanent"], &["false"], false),
        (&["--dead-letter-on", "permanent,exhausted"], &["false"], true),
        (&["--permanent-on", "1"], &["false"], true),
    ];
    for (options, words, is_kept) in cases {
        let sandbox = Sandbox::new();
        sandbox.run([&ONCE[..], options, &["--"], words].concat());
        assert_eq!(letters(&sandbox).len(), usize::from(is_kept), "{options:?} {words:?}");
    }
    let sandbox = Sandbox::new();
    sandbox.run([&ONCE[..], &["--dead-letter-on", "succeeded", "--", "true"]].concat()).exits(125);
}

#[test]
fn what_the_fallback_has_read_is_kept_too() {
    let sandbox = Sandbox::new();
    let fallback = ["--fallback", "head -c 5 >part; exit 9"];
    fail_with(&sandbox, b"whole input", &fallback, &["false"]).exits(9);
    assert_eq!(sandbox.read("part"), "whole");
    let (header, body) = letter(&sandbox);
    assert_eq!((&*body, &header["exit_code"]), (&b"whole input"[..], &json!(1)));
}

#[test]
fn a_run_that_was_refused_keeps_its_input_too() {
    let sandbox = Sandbox::new();
    sandbox.run(["state", "close", "k", "--for", "1h", "--state", "s"]).exits(0);
    let options = ["--key", "k", "--state", "s", "--gate-wait", "0"];
    fail_with(&sandbox, b"work", &options, &["cat"]).exits(75);
    let (header, body) = letter(&sandbox);
    assert_eq!(
        (&header["outcome"], &header["attempts"], &*body),
        (&json!("refused"), &json!(0), &b"work"[..])
    );
    assert_eq!(header["settings"]["key"], "k");
}

#[test]
fn a_hook_knows_the_letter() {
    let sandbox = Sandbox::new();
    let hook = ["--on-failure", "to=$PWD/copy; cd /; cp \"$RETRY_DEAD_LETTER\" \"$to\""];
    fail_with(&sandbox, b"work", &hook, &["false"]).exits(1);
    assert_eq!(read(sandbox.read("copy").as_bytes()).1, b"work");
}

#[test]
fn the_log_and_its_report_name_the_letter() {
    let sandbox = Sandbox::new();
    fail_with(&sandbox, b"", &["--log", "log"], &["false"]).exits(1);
    let names = letters(&sandbox);
    let log = sandbox.log("log");
    let path = std::path::PathBuf::from(log.last().expect("an event")["letter"].as_str().expect("a letter"));
    let place = std::fs::canonicalize(sandbox.path("dlq")).expect("a directory");
    assert_eq!(path, place.join(&names[0]));
    let told = sandbox.run(["report", "--run", "last", "log"]).exits(0);
    let line = format!("dead letter: {0}; run it again with: retry replay {0}\n", path.display());
    assert!(told.text().contains(&line), "{}", told.text());
    let run = sandbox.run(["--max", "1", "--log", "other", "--", "false"]).exits(1);
    drop(run);
    assert!(!sandbox.read("other").contains("\"letter\""));
}

#[test]
fn input_on_other_descriptors_is_said_to_be_lost_and_stdin_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("other", "other input");
    for source in ["<other", "< <(cat other)"] {
        let line = format!(
            "printf work | \"$R\" --max 1 --dead-letter dlq -- \
             sh -c '[ \"$(cat - /dev/fd/9)\" = workother\\ input ] && exit 4' 9{source}"
        );
        let mut command = command(&sandbox, &["bash", "-c", &line]);
        assert_eq!(run(&mut command), End::Code(4), "{}", sandbox.read("err"));
        let said = sandbox.read("err");
        assert!(said.contains("only stdin is kept, not what was read from /dev/fd/9"), "{said}");
        assert!(said.contains("hint: use a file instead"), "{said}");
        let (header, body) = letter(&sandbox);
        assert_eq!((&header["lost_inputs"], &*body), (&json!(["/dev/fd/9"]), &b"work"[..]));
        let list = sandbox.run(["replay", "--list", "dlq"]).exits(0).text();
        assert!(list.contains("not what was read from /dev/fd/9"), "{list}");
        let shown = sandbox.run(["replay", "--show", "dlq"]).exits(0).text();
        assert!(shown.contains("not kept:   /dev/fd/9"), "{shown}");
        sandbox.run(["replay", "dlq"]).exits(1).mentions(&["not what was read from /dev/fd/9", "--force"]);
        std::fs::remove_dir_all(sandbox.path("dlq")).expect("a directory");
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_told_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(["--max", "1", "--dead-letter", "no/such/place", "--", "sh", "-c", "exit 4"]);
    ran.exits(4).mentions(&["the dead letter could not be written: no/such/place", "; the input is lost"]);
    let ran = sandbox.run(["--dead-letter", "no/such/place", "--dead-letter-required", "--", "touch", "ran"]);
    ran.exits(125).mentions(&["no/such/place"]);
    assert!(!sandbox.path("ran").exists());
    std::fs::create_dir(sandbox.path("dlq")).expect("a directory");
    std::fs::set_permissions(sandbox.path("dlq"), std::fs::Permissions::from_mode(0o777))
        .expect("permissions");
    let ran = sandbox.run([&ONCE[..], &["--dead-letter-required", "--", "touch", "ran"]].concat());
    ran.exits(125).mentions(&["can be written by others", "chmod go-w dlq"]);
    sandbox.write("file", "");
    let ran = sandbox.run(["--dead-letter", "file", "--dead-letter-required", "--", "touch", "ran"]);
    ran.exits(125);
    assert!(!sandbox.path("ran").exists());
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn a_full_disk_loses_the_letter_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    // It takes an empty file: what is required is tried with bytes.
    let line = "ulimit -f 0; exec \"$R\" --dead-letter dlq --dead-letter-required -- sh -c 'touch ran'";
    assert_eq!(run(&mut command(&sandbox, &["bash", "-c", line])), End::Code(125));
    assert!(!sandbox.path("ran").exists());
    assert_eq!(letters(&sandbox), [] as [String; 0]);
    let line = "ulimit -f 64; exec \"$R\" --max 1 --dead-letter dlq -- sh -c 'exit 4'";
    sandbox.write("input", vec![b'x'; 1_000_000]);
    let line = format!("{line} <input");
    let end = run(&mut shell(&sandbox, &line));
    assert_eq!(end, End::Code(4));
    assert!(sandbox.read("err").contains("the dead letter could not be written"), "{}", sandbox.read("err"));
    assert_eq!(letters(&sandbox), [] as [String; 0]);
}

#[test]
fn many_letters_are_a_warning() {
    let sandbox = Sandbox::new();
    let line = [&ONCE[..], &["--dead-letter-warn", "1", "--", "false"]].concat();
    assert!(!sandbox.run(&line).exits(1).stderr.contains("dead letters"));
    sandbox.run(&line).exits(1).mentions(&["dlq holds 2 dead letters"]);
}

#[test]
fn what_was_begun_and_given_up_is_removed_by_the_next_writer() {
    let sandbox = Sandbox::new();
    sandbox.run([&ONCE[..], &["--", "false"]].concat()).exits(1);
    for name in ["dlq/.tmp-old", "dlq/.tmp-new"] {
        sandbox.write(name, "part");
    }
    let old = std::fs::File::options().write(true).open(sandbox.path("dlq/.tmp-old")).expect("a file");
    old.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(120)).expect("a time");
    drop(old);
    sandbox.run([&ONCE[..], &["--", "false"]].concat()).exits(1);
    let names = letters(&sandbox);
    assert_eq!((names.len(), &*names[0]), (3, ".tmp-new"), "{names:?}");
}

#[test]
fn a_signal_is_the_end_of_a_pipe_that_does_not_end() {
    for (chosen, count) in [("exhausted", 0), ("exhausted,interrupted", 1)] {
        let sandbox = Sandbox::new();
        let args = [
            "--dead-letter",
            "dlq",
            "--dead-letter-on",
            chosen,
            "--",
            "sh",
            "-c",
            "echo $$ >pid; exec sleep 60",
        ];
        let mut run = Running::start(&mut retry(&sandbox, &args));
        let _pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
        run.send(rustix::process::Signal::TERM);
        assert_eq!(run.end(), End::Killed(15));
        assert_eq!(letters(&sandbox).len(), count);
    }
    // While the letter reads its pipe.
    let sandbox = Sandbox::new();
    let line = "(printf work; exec sleep 60) | (echo $$ >pid; exec \"$R\" --max 1 --log log --dead-letter dlq -- false)";
    let mut run = Running::start(&mut shell(&sandbox, line));
    wait_for("the last attempt", || sandbox.read("err").contains("no attempts left"));
    run.send_to_group(rustix::process::Signal::TERM);
    run.end();
    wait_for("the letter", || letters(&sandbox).iter().any(|name| name.ends_with(".letter")));
    let (header, body) = letter(&sandbox);
    assert_eq!((&header["stdin"]["kind"], &*body), (&json!("partial"), &b"work"[..]));
}

#[test]
fn letters_of_one_moment_do_not_meet() {
    let sandbox = Sandbox::new();
    let line =
        "for i in 1 2 3 4 5 6 7 8; do \"$R\" -q --name same --max 1 --dead-letter dlq -- false & done; wait";
    for _ in 0..4 {
        let end = run(&mut shell(&sandbox, line));
        assert_eq!(end, End::Code(0));
    }
    let names = letters(&sandbox);
    assert_eq!(names.len(), 32);
    for name in names {
        read(&std::fs::read(sandbox.path("dlq").join(name)).expect("a letter"));
    }
}
