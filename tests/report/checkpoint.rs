//! Counters that go on from where the last report stopped, whatever becomes of the log in between.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::logged;
use crate::support::Sandbox;

const OPTIONS: &[&str] = &["--format", "prometheus", "--checkpoint", "pos", "app.jsonl"];

/// The report's counters, which are those of one pass through all that was ever logged.
#[track_caller]
fn counts_all(sandbox: &Sandbox, ever: &str) {
    sandbox.write("ever", ever);
    let whole = sandbox.report(&["--format", "prometheus", "ever"]).exits(0).text();
    let counted = sandbox.report(OPTIONS).exits(0).says(&[]).text();
    assert_eq!(counted, whole);
}

#[track_caller]
fn append(sandbox: &Sandbox, text: &str) {
    let mut file = std::fs::File::options().append(true).open(sandbox.path("app.jsonl")).expect("the log");
    file.write_all(text.as_bytes()).expect("a write");
}

/// A log in three parts, the cuts of which are in the middle of runs and of a line.
fn parts(sandbox: &Sandbox) -> (String, [String; 3]) {
    let log = sandbox.read("log");
    let ends: Vec<_> = log.match_indices('\n').map(|(at, _)| at + 1).collect();
    let [a, b] = [ends[2], ends[7] + 30];
    (log.clone(), [log[..a].to_owned(), log[a..b].to_owned(), log[b..].to_owned()])
}

#[test]
fn a_log_that_grows_is_read_on_from_its_last_whole_line() {
    let sandbox = logged();
    let (log, [first, second, third]) = parts(&sandbox);
    sandbox.write("app.jsonl", "");
    counts_all(&sandbox, "");
    append(&sandbox, &first);
    counts_all(&sandbox, &first);
    counts_all(&sandbox, &first);
    append(&sandbox, &second);
    let whole_lines = first.len() + second.rfind('\n').expect("a line") + 1;
    counts_all(&sandbox, &log[..whole_lines]);
    append(&sandbox, &third);
    counts_all(&sandbox, &log);
    counts_all(&sandbox, &log);
    let file = [OPTIONS, &["-o", "retry.prom"]].concat();
    sandbox.report(&file).exits(0).prints("").says(&[]);
    assert_eq!(sandbox.read("retry.prom"), sandbox.report(OPTIONS).text());
}

#[test]
fn the_log_the_checkpoint_and_the_output_are_three_files() {
    let sandbox = logged();
    let log = sandbox.read("log");
    for name in ["app.jsonl", "app.jsonl.1", "sub/other"] {
        sandbox.write(name, "");
    }
    std::os::unix::fs::symlink("pos", sandbox.path("link")).expect("a link");
    std::fs::hard_link(sandbox.path("log"), sandbox.path("linked")).expect("a link");
    let lost =
        |name: &str| format!("retry: {name} is one of the logs to read: writing to it would destroy it");
    let same = |a: &str, b: &str| format!("retry: --checkpoint {a} and --output {b} are the same file");
    for (checkpoint, output, read, said) in [
        ("app.jsonl", "out", "app.jsonl", lost("app.jsonl")),
        ("pos", "./app.jsonl", "app.jsonl", lost("./app.jsonl")),
        ("pos", "app.jsonl.1", "app.jsonl", lost("app.jsonl.1")),
        ("linked", "-", "log", lost("linked")),
        ("pos", "sub/../pos", "log", same("pos", "sub/../pos")),
        ("sub/other", "sub/other", "log", same("sub/other", "sub/other")),
    ] {
        let options = ["--format", "prometheus", "--checkpoint", checkpoint, "-o", output, read];
        sandbox.report(&options).exits(125).prints("").says(&[&said]);
        assert!(!sandbox.path("pos").exists() && sandbox.read("log") == log, "{checkpoint} {output}");
    }
    sandbox.report(&["--format", "prometheus", "--checkpoint", "pos", "-o", "out", "log"]).exits(0).says(&[]);
    let linked = ["--format", "prometheus", "--checkpoint", "link", "-o", "pos", "log"];
    sandbox.report(&linked).exits(125).says(&[&same("link", "pos")]);
    sandbox.report(&["--format", "prometheus", "--checkpoint", "pos", "-o", "-", "log"]).exits(0).says(&[]);
}

#[test]
fn a_log_that_was_rotated_is_read_to_its_end_under_its_new_name() {
    let (moved, copied, packed) = ("moved", "copied", "packed");
    for way in [moved, copied, packed] {
        let sandbox = logged();
        let (log, [first, second, third]) = parts(&sandbox);
        sandbox.write("app.jsonl", &first);
        counts_all(&sandbox, &first);
        append(&sandbox, &second);
        // What is between the two rotations was never the log while a report was made.
        let cut = third.find('\n').expect("a line") + 1;
        let old = first.clone() + &second + &third[..cut];
        if way == packed {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(old.as_bytes()).expect("memory");
            sandbox.write("app.jsonl.2.gz", encoder.finish().expect("memory"));
            sandbox.write("app.jsonl.1", "");
            std::fs::remove_file(sandbox.path("app.jsonl")).expect("the log");
        } else if way == copied {
            sandbox.write("app.jsonl.1", &old);
            std::fs::remove_file(sandbox.path("app.jsonl")).expect("the log");
        } else {
            append(&sandbox, &third[..cut]);
            std::fs::rename(sandbox.path("app.jsonl"), sandbox.path("app.jsonl.1")).expect("a new name");
        }
        sandbox.write("app.jsonl", &third[cut..]);
        counts_all(&sandbox, &log);
        append(&sandbox, &log.replace("\"run\":\"", "\"run\":\"again"));
        counts_all(&sandbox, &(log.clone() + &log.replace("\"run\":\"", "\"run\":\"again")));
    }
}

#[test]
fn a_rotated_file_is_counted_once_whatever_its_number() {
    let sandbox = logged();
    let log = sandbox.read("log");
    let again = |prefix: &str| log.replace("\"run\":\"", &format!("\"run\":\"{prefix}"));
    let [second, third, fourth] = ["b", "c", "d"].map(again);
    let rename = |to: &str| std::fs::rename(sandbox.path("app.jsonl"), sandbox.path(to)).expect("a new name");
    sandbox.write("app.jsonl", &log);
    counts_all(&sandbox, &log);
    // Numbers that grow: the second file is newer than the first.
    rename("app.jsonl.1");
    sandbox.write("app.jsonl", &second);
    counts_all(&sandbox, &(log.clone() + &second));
    std::fs::copy(sandbox.path("app.jsonl"), sandbox.path("app.jsonl.2")).expect("a copy");
    sandbox.write("app.jsonl", "");
    counts_all(&sandbox, &(log.clone() + &second));
    // Two at once, the first of which is the one that was read last.
    sandbox.write("app.jsonl", &third);
    counts_all(&sandbox, &(log.clone() + &second + &third));
    rename("app.jsonl.3");
    sandbox.write("app.jsonl.4", &fourth);
    // A copy of it that has just been compressed is not another file.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(third.as_bytes()).expect("memory");
    sandbox.write("app.jsonl.3.gz", encoder.finish().expect("memory"));
    sandbox.write("app.jsonl", "");
    counts_all(&sandbox, &(log.clone() + &second + &third + &fourth));
    counts_all(&sandbox, &(log.clone() + &second + &third + &fourth));
}

#[test]
fn files_from_before_the_first_report_are_never_counted() {
    let sandbox = logged();
    let log = sandbox.read("log");
    sandbox.write("app.jsonl.1", log.replace("\"run\":\"", "\"run\":\"z"));
    sandbox.write("app.jsonl", &log);
    counts_all(&sandbox, &log);
    std::fs::copy(sandbox.path("app.jsonl"), sandbox.path("app.jsonl.2")).expect("a copy");
    sandbox.write("app.jsonl", "");
    counts_all(&sandbox, &log);
}

#[test]
fn a_log_that_was_emptied_is_read_from_its_start_with_a_warning() {
    let sandbox = logged();
    let log = sandbox.read("log");
    sandbox.write("app.jsonl", &log);
    counts_all(&sandbox, &log);
    let again = log.replace("\"run\":\"", "\"run\":\"b");
    sandbox.write("app.jsonl", &again);
    let ran = sandbox.report(OPTIONS).exits(0);
    let ran = ran.mentions(&["retry: warning: app.jsonl has been replaced"]);
    sandbox.write("ever", log + &again);
    assert_eq!(ran.text(), sandbox.report(&["--format", "prometheus", "ever"]).text());
}

#[test]
fn what_cannot_go_on_is_refused_and_changes_nothing() {
    let sandbox = logged();
    std::fs::rename(sandbox.path("log"), sandbox.path("app.jsonl")).expect("a new name");
    for (args, message) in [
        (&["--checkpoint", "pos", "app.jsonl"][..], "--checkpoint needs --format prometheus"),
        (&["--format", "prometheus", "--checkpoint", "pos"], "--checkpoint needs one LOG, a file"),
        (&["--format", "prometheus", "--checkpoint", "pos", "-"], "--checkpoint needs one LOG, a file"),
        (&[OPTIONS, &["ever"]].concat(), "--checkpoint needs one LOG, a file"),
        (&[OPTIONS, &["--name", "a"]].concat(), "--checkpoint and --name conflict"),
        (&[OPTIONS, &["--rotated"]].concat(), "--checkpoint and --rotated conflict"),
        (&[OPTIONS, &["--draft-rules"]].concat(), "--checkpoint and --draft-rules conflict"),
    ] {
        sandbox.report(args).exits(125).prints("").mentions(&[&format!("retry: {message}")]);
    }
    assert!(!sandbox.path("pos").exists());
    sandbox.report(OPTIONS).exits(0);
    let before = sandbox.read("pos");
    sandbox.write("other", "");
    sandbox.report(&["--format", "prometheus", "--checkpoint", "pos", "other"]).exits(125).mentions(&[
        "retry: pos is the checkpoint of ",
        "app.jsonl",
        "hint: delete it to start over",
    ]);
    let lock = std::fs::File::options().append(true).open(sandbox.path(".pos.lock")).expect("the lock");
    lock.lock().expect("locked");
    sandbox.report(OPTIONS).exits(125).says(&["retry: pos is in use by another retry report"]);
    drop(lock);
    assert_eq!(sandbox.read("pos"), before);
    sandbox.write("pos", "# Written by hand");
    sandbox.report(OPTIONS).exits(125).mentions(&["retry: pos is not a checkpoint of retry report: "]);
    assert_eq!(sandbox.read("pos"), "# Written by hand");
}
