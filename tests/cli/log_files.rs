//! Whose file the log is: others may rename it, or lie in wait for it.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::harness::only;
use crate::support::{RETRY, Sandbox};

/// A directory where anyone can create files, such as `/tmp`.
fn shared(sandbox: &Sandbox) -> std::path::PathBuf {
    let directory = sandbox.path("shared");
    std::fs::create_dir(&directory).expect("a directory");
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o1777)).expect("a mode");
    directory
}

#[track_caller]
fn is_refused(sandbox: &Sandbox, log: &str, why: &str) {
    let ran = sandbox.run(["--log", log, "--", "echo", "x"]).exits(0).prints("x\n");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(log) && ran.stderr.contains(why), "{}", ran.stderr);
}

#[test]
fn a_link_in_a_directory_that_is_open_to_all_is_refused() {
    let sandbox = Sandbox::new();
    let directory = shared(&sandbox);
    sandbox.write("target", "precious");
    for (name, to) in [("to-file", "target"), ("to-nothing", "nothing")] {
        std::os::unix::fs::symlink(sandbox.path(to), directory.join(name)).expect("a link");
        is_refused(&sandbox, &format!("shared/{name}"), "symbolic link");
    }
    assert_eq!(sandbox.read("target"), "precious");
    assert!(!sandbox.path("nothing").exists());
    // Elsewhere a link is whatever its owner wants.
    std::os::unix::fs::symlink(sandbox.path("target"), sandbox.path("link")).expect("a link");
    sandbox.run(["--log", "link", "--", "true"]).exits(0).says(&[]);
    assert!(sandbox.read("target").contains("run.stop"));
}

#[test]
fn another_users_file_or_way_there_is_refused_and_ours_is_not() {
    let sandbox = Sandbox::new();
    let directory = shared(&sandbox);
    sandbox.run(["--log", "shared/ours", "--", "true"]).exits(0).says(&[]);
    sandbox.run(["--log", "shared/ours", "--", "true"]).exits(0).says(&[]);
    assert_eq!(sandbox.log("shared/ours").len(), 6 + 2);
    if !rustix::process::geteuid().is_root() {
        return;
    }
    std::fs::write(directory.join("theirs"), "").expect("a file");
    std::os::unix::fs::chown(directory.join("theirs"), Some(65534), None).expect("root may");
    is_refused(&sandbox, "shared/theirs", "another user");
    std::fs::create_dir(sandbox.path("private")).expect("a directory");
    std::os::unix::fs::symlink(sandbox.path("private"), directory.join("way")).expect("a link");
    sandbox.run(["--log", "shared/way/log", "--", "true"]).exits(0).says(&[]);
    std::os::unix::fs::lchown(directory.join("way"), Some(65534), None).expect("root may");
    is_refused(&sandbox, "shared/way/log", "symbolic link");
    // What belongs to the directory's owner is trusted.
    std::os::unix::fs::chown(&directory, Some(65534), None).expect("root may");
    sandbox.run(["--log", "shared/theirs", "--", "true"]).exits(0).says(&[]);
    sandbox.run(["--log", "shared/way/log", "--", "true"]).exits(0).says(&[]);
}

#[test]
fn stderr_by_its_name_goes_on_working() {
    let sandbox = Sandbox::new();
    for name in ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"] {
        let ran = sandbox.run(["-q", "--log", name, "--", "true"]).exits(0);
        assert_eq!(ran.stderr.matches("\"event\"").count(), 4, "{name}: {}", ran.stderr);
        let script = format!("cd shared && exec {RETRY} -q --log {name} -- true 2>err");
        shared_once(&sandbox);
        let ran = super::harness::Ran::of(
            assert_cmd::Command::new("sh").args(["-c", &script]).current_dir(sandbox.path(".")),
        );
        ran.exits(0);
        assert_eq!(sandbox.log("shared/err").len(), 4, "{name}");
    }
}

fn shared_once(sandbox: &Sandbox) {
    if !sandbox.path("shared").exists() {
        shared(sandbox);
    }
}

/// The events of the two files together, in their order.
fn events(sandbox: &Sandbox, names: [&str; 2]) -> Vec<String> {
    let all = names.into_iter().flat_map(|name| sandbox.log(name));
    all.map(|event| event["event"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_log_that_was_renamed_is_made_anew_for_the_next_event() {
    let sandbox = Sandbox::new();
    let script = "test $RETRY_ATTEMPT = 2 && mv log log.1; exit 7";
    sandbox.run(["-q", "--max", "3", "--delay", "1ms", "--log", "log", "-c", script]).exits(7);
    let (start, retry) = ("attempt.start", "attempt.retry");
    let all = ["run.start", start, retry, start, retry, start, "attempt.failed", "run.stop"];
    assert_eq!(events(&sandbox, ["log.1", "log"]), all);
    // The second start may have been told before its command had renamed the log, or after.
    assert!([3, 4].contains(&sandbox.log("log.1").len()));
    assert_eq!(std::fs::metadata(sandbox.path("log")).expect("the log").mode() & 0o777, 0o600);
}

#[test]
fn a_log_that_was_put_in_its_place_is_the_log_and_a_deleted_one_is_made_anew() {
    let sandbox = Sandbox::new();
    let script =
        "test $RETRY_ATTEMPT = 1 && mv log log.1 && : >log; test $RETRY_ATTEMPT = 2 && rm log; exit 7";
    sandbox.run(["-q", "--max", "2", "--delay", "1ms", "--log", "log", "-c", script]).exits(7);
    assert_eq!(sandbox.log("log.1")[0]["event"], "run.start");
    let log = sandbox.log("log");
    assert_eq!(log.last().expect("an event")["event"], "run.stop");
    assert!(only(&log, "attempt.retry").is_empty() && only(&log, "attempt.failed").len() == 1, "{log:?}");
}

#[test]
fn where_no_new_log_can_be_had_the_renamed_one_goes_on() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("d")).expect("a directory");
    // The directory goes at once: an event may be written at any moment.
    let script = "test -d d && mv d gone; exit 7";
    let ran = sandbox.run(["-q", "--max", "2", "--delay", "1ms", "--log", "d/log", "-c", script]);
    ran.exits(7).says(&[]);
    assert_eq!(only(&sandbox.log("gone/log"), "run.stop").len(), 1);
}
