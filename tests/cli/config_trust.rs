//! Whose configuration is read: only a file that nobody but root and the user can write.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::Sandbox;

const USER_FILE: &str = ".config/retry/config.toml";

/// A sandbox whose user has a file that allows five attempts.
fn with_file_of_mode(mode: u32) -> Sandbox {
    let sandbox = Sandbox::new();
    let path = sandbox.write(USER_FILE, "[policy.default]\nmax = 5\nbackoff = \"1ms\"\n");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    sandbox
}

/// Is told of once, and the command runs as if the file were not there.
#[track_caller]
fn is_ignored(sandbox: &Sandbox, why: &str) {
    let ran = sandbox.fails_until(99, &["--backoff", "1ms"]).exits(7);
    let path = sandbox.path(USER_FILE).display().to_string();
    let warnings: Vec<_> = ran.stderr.lines().filter(|line| line.contains("ignoring ")).collect();
    assert_eq!(warnings.len(), 1, "{}", ran.stderr);
    assert!(warnings[0].starts_with(&format!("retry: ignoring {path}: ")), "{}", warnings[0]);
    assert!(warnings[0].contains(why), "{}", warnings[0]);
    assert_eq!(sandbox.runs(), 3);
}

#[test]
fn a_file_that_others_may_write_is_ignored() {
    for mode in [0o666, 0o664, 0o620, 0o602, 0o777] {
        is_ignored(&with_file_of_mode(mode), "it is writable by group/others (fix: chmod go-w /");
    }
}

#[test]
fn every_verb_that_would_have_heeded_it_says_so() {
    let sandbox = with_file_of_mode(0o666);
    for line in [
        &["wait", "9"][..],
        &["classify", "--exit", "1"],
        &["explain", "--format", "delays"],
        &["explain", "--format", "json"],
        &["explain", "--all"],
        &["state", "list"],
    ] {
        sandbox.run(line).mentions(&["retry: warning: ", "ignoring ", "it is writable by group/others"]);
    }
}

#[test]
fn what_is_no_file_is_passed_over_and_waited_for_by_nobody() {
    let sandbox = Sandbox::new();
    let directory = sandbox.write(".config/retry/other", "");
    let fifo = directory.with_file_name("config.toml");
    let made = std::process::Command::new("mkfifo").arg("-m600").arg(fifo).status();
    assert!(made.is_ok_and(|status| status.success()));
    is_ignored(&sandbox, "it is not a regular file");
}

#[test]
fn a_file_that_others_may_only_read_is_read() {
    for mode in [0o600, 0o644, 0o444] {
        let sandbox = with_file_of_mode(mode);
        sandbox.fails_until(99, &["-q"]).exits(7);
        assert_eq!(sandbox.runs(), 5, "mode {mode:o}");
    }
}

#[test]
fn a_file_of_another_user_is_ignored() {
    let sandbox = with_file_of_mode(0o644);
    // Only root can give a file away.
    if std::os::unix::fs::chown(sandbox.path(USER_FILE), Some(12345), None).is_ok() {
        is_ignored(&sandbox, "12345");
    }
}

#[test]
fn a_file_that_was_named_is_read_whoever_may_write_it() {
    let sandbox = with_file_of_mode(0o666);
    let path = sandbox.path(USER_FILE);
    std::fs::rename(path, sandbox.path("c.toml")).expect("the file moves");
    sandbox.fails_until(99, &["-q", "--config", "c.toml"]).exits(7);
    assert_eq!(sandbox.runs(), 5);
}

#[test]
fn mistakes_in_a_file_that_is_ignored_do_not_matter() {
    let sandbox = with_file_of_mode(0o666);
    sandbox.write(USER_FILE, "this is no TOML");
    is_ignored(&sandbox, "it is writable by group/others (fix: chmod go-w /");
}

#[test]
fn a_success_at_first_still_tells_of_a_file_that_is_ignored_unless_quiet() {
    let sandbox = with_file_of_mode(0o666);
    let ran = sandbox.run(["--", "true"]).exits(0);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    sandbox.run(["-q", "--", "true"]).exits(0).says(&[]);
}

#[test]
fn explain_tells_of_a_file_that_is_ignored() {
    let sandbox = with_file_of_mode(0o666);
    let text = sandbox.run(["explain"]).exits(0).text();
    assert!(text.contains("warning: ignoring "), "{text}");
    assert_eq!(sandbox.explain(&[]).value("max"), 3);
}
