//! Letters that a replay refuses: they stay where they are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::letters::fail_with;
use super::replay::{of_dlq, only};
use crate::supervision::program::{End, run, shell};
use crate::support::Sandbox;

/// Runs a letter that was changed by `edit`, and checks that it is kept for this reason and its command did not run.
#[track_caller]
fn refuse(edit: impl Fn(&Path), options: &[&str], why: &str) {
    let sandbox = Sandbox::new();
    fail_with(&sandbox, b"input", &[], &["sh", "-c", "[ -e up ] || exit 4; touch ran"]).exits(4);
    let path = only(&sandbox);
    edit(&path);
    sandbox.write("up", "");
    let ran = sandbox.run([&["replay"], options, &["dlq"]].concat()).exits(1);
    ran.mentions(&[why, "kept: "]);
    assert!(!sandbox.path("ran").exists() && path.symlink_metadata().is_ok(), "{why}");
}

#[test]
fn a_damaged_letter_is_refused_and_kept() {
    let rewrite = |from: &'static str, to: &'static str| {
        move |path: &Path| {
            let text = fs::read_to_string(path).expect("a letter");
            assert!(text.contains(from));
            fs::write(path, text.replacen(from, to, 1)).expect("a letter");
        }
    };
    let cut = |path: &Path| {
        let whole = fs::read(path).expect("a letter");
        fs::write(path, &whole[..whole.len() - 3]).expect("a letter");
    };
    let append = |path: &Path| {
        fs::write(path, [fs::read(path).expect("a letter"), b"+++".to_vec()].concat()).expect("a letter");
    };
    refuse(cut, &[], "3 bytes short");
    refuse(cut, &["--force"], "3 bytes short");
    refuse(append, &[], "3 bytes too long");
    refuse(rewrite("\"retry_letter\":1", "\"retry_letter\":2"), &[], "written by a newer retry");
    refuse(rewrite("\"max\":\"1\"", "\"on-failure\":\"touch ran\""), &[], "on-failure");
    refuse(rewrite("\ninput", "\nINPUT"), &["--verify"], "checksum");
    refuse(|path| fs::write(path, b"\x00\xff\n\n").expect("a file"), &[], "not JSON");
    refuse(|path| fs::write(path, "").expect("a file"), &[], "does not end");
    refuse(|path| fs::write(path, vec![b' '; 17 << 20]).expect("a file"), &[], "too long");
}

#[test]
fn a_file_that_cannot_be_trusted_is_refused_and_kept() {
    refuse(
        |path| fs::set_permissions(path, fs::Permissions::from_mode(0o620)).expect("a mode"),
        &[],
        "can be written by others",
    );
    if rustix::process::geteuid().is_root() {
        let give_away = |path: &Path| std::os::unix::fs::chown(path, Some(65534), None).expect("root may");
        refuse(give_away, &[], "belongs to another user");
    }
    let link = |path: &Path| {
        let other = path.with_extension("other");
        fs::rename(path, &other).expect("a move");
        std::os::unix::fs::symlink(&other, path).expect("a link");
    };
    refuse(link, &[], "a symbolic link");
    let directory = |path: &Path| {
        fs::remove_file(path).expect("a letter");
        fs::create_dir(path).expect("a directory");
    };
    refuse(directory, &[], "not a regular file");
}

#[test]
fn a_place_where_others_may_write_is_not_trusted() {
    let sandbox = Sandbox::new();
    fail_with(&sandbox, b"", &[], &["sh", "-c", "[ -e up ] || exit 4"]).exits(4);
    sandbox.write("up", "");
    let mode = |mode| {
        fs::set_permissions(sandbox.path("dlq"), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    mode(0o777);
    sandbox.run(["replay", "dlq"]).exits(1).mentions(&["its directory can be written by others"]);
    mode(0o1777);
    sandbox.run(["replay", "dlq"]).exits(0);
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn an_input_that_is_not_whole_needs_force() {
    let sandbox = Sandbox::new();
    sandbox.write("input", "0123456789");
    let line = "exec \"$R\" --max 1 --dead-letter dlq --dead-letter-copy 5 -- sh -c '[ -e up ] || exit 4; cat >out' <input";
    let failed = run(&mut shell(&sandbox, line));
    assert_eq!(failed, End::Code(4));
    sandbox.write("up", "");
    sandbox.run(["replay", "--dry-run", "dlq"]).exits(0);
    sandbox.write("input", "changed");
    sandbox.run(["replay", "dlq"]).exits(1).mentions(&["has changed since; --force"]);
    sandbox.run(["replay", "--force", "dlq"]).exits(0);
    assert_eq!(sandbox.read("out"), "changed");

    let sandbox = Sandbox::new();
    let options = ["--stdin-max", "4"];
    fail_with(
        &sandbox,
        b"more than that",
        &options,
        &["sh", "-c", "[ -e up ] || { cat >/dev/null; exit 4; }; cat >out"],
    )
    .exits(4);
    sandbox.write("up", "");
    sandbox.run(["replay", "dlq"]).exits(1).mentions(&["its input is incomplete", "--force"]);
    sandbox.run(["replay", "--force", "dlq"]).exits(0);
}

#[test]
fn places_and_programs_that_are_gone_keep_their_letter() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("there")).expect("a directory");
    let line = "cd there && exec \"$R\" --max 1 --dead-letter ../dlq -- false";
    run(&mut shell(&sandbox, line));
    sandbox.run(["--max", "1", "--dead-letter", "dlq", "--", "no-such-program"]).exits(127);
    fs::remove_dir(sandbox.path("there")).expect("a directory");
    let ran = sandbox.run(["replay", "dlq"]).exits(1);
    ran.mentions(&["/there no longer exists", "kept: command not found"]);
    assert_eq!(of_dlq(&sandbox).len(), 2);
    sandbox.run(["replay", "nowhere"]).exits(125).mentions(&["no such file or directory: nowhere"]);
    sandbox.run(["replay"]).exits(125).mentions(&["no letter given"]);
}
