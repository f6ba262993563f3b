//! A tree that will not die: the run ends with 125 rather than have two of them at once.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};

use super::process::Survivors;
use super::program::{End, command, count_events, run};
use crate::support::{RETRY, Sandbox, fixture};

const USER: &str = "64321";

/// A user's `retry` runs a set-user-ID program that becomes root for good: KILL is refused.
#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_process_that_may_not_be_killed_ends_the_run_with_125() {
    if !rustix::process::geteuid().is_root() {
        // Not `eprintln!`, which is captured: this has to be seen.
        let _ =
            writeln!(std::io::stderr(), "NOT TESTED: only root can make a process that its user cannot kill");
        return;
    }
    let sandbox = Sandbox::new();
    let user: u32 = USER.parse().expect("a number");
    for (name, source) in [("retry", RETRY), ("fixture", fixture()), ("become", "/usr/bin/setpriv")] {
        sandbox.executable(name, std::path::Path::new(source));
    }
    // Nobody else may come near the program that makes a root of them.
    for (name, owner, mode) in
        [("become", 0, 0o4750), ("retry", user, 0o700), ("fixture", user, 0o700), ("", user, 0o700)]
    {
        chown(sandbox.path(name), Some(owner), Some(user)).expect("an owner");
        std::fs::set_permissions(sandbox.path(name), Permissions::from_mode(mode)).expect("permissions");
    }
    let script = "echo $$ >pid; exec ./become --reuid 0 --regid 0 --clear-groups ./fixture sleep 60";
    let args = [
        "./retry",
        "--max",
        "3",
        "--delay",
        "10ms",
        "--timeout",
        "1s",
        "--kill-after",
        "100ms",
        "--log",
        "log",
    ];
    let words = [
        &["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"][..],
        &args,
        &["--", "sh", "-c", script],
    ];
    let end = run(&mut command(&sandbox, &words.concat()));
    let _killed_by_root = Survivors::expect::<1>(&sandbox, "pid");
    assert_eq!(end, End::Code(125), "{}", sandbox.read("err"));
    assert_eq!(count_events(&sandbox, "attempt.start"), 1);
    let message = sandbox.read("err");
    for named in [sandbox.read("pid").trim(), "fixture", "root", "`sudo retry "] {
        assert!(message.contains(named), "{named}: {message}");
    }
}
