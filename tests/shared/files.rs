//! A state directory that cannot be used, and states that are damaged: the command runs all the same, with one warning.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::crowd::{Process, fail, mark};
use crate::support::{RETRY, Sandbox, wait_for};

const BOUNDED: Duration = Duration::from_secs(10);

/// Both ways to go on where the state at this place cannot be used.
#[track_caller]
fn check(sandbox: &Sandbox, state: &str, said: &str) {
    let options = ["--key", "k", "--concurrency", "1", "--state", state, "--delay", "1ms", "--max", "2"];
    let began = Instant::now();
    let before = sandbox.count("ran");
    let ran = sandbox.run([&options[..], &fail("ran")].concat()).exits(7);
    assert_eq!(sandbox.count("ran") - before, 2, "{state}");
    let warnings: Vec<_> = ran.stderr.lines().filter(|line| line.contains("without shared limits")).collect();
    assert_eq!(warnings.len(), 1, "{state}: {}", ran.stderr);
    assert!(
        warnings[0].contains(state.trim_end_matches('/')) && warnings[0].contains(said),
        "{said}: {}",
        ran.stderr
    );

    let before = sandbox.count("ran");
    let refusing = ["--on-state-error", "fail", "--log", "log"];
    let ran = sandbox.run([&options[..], &refusing, &fail("ran")].concat()).exits(75);
    assert_eq!(sandbox.count("ran"), before, "{state}: nothing is run");
    assert!(ran.stderr.contains(state.trim_end_matches('/')), "{}", ran.stderr);
    let refused = sandbox.events("log", "gate.refused");
    assert_eq!(refused.last().map(|line| &line["limit"]), Some(&"state".into()));
    let stop = sandbox.events("log", "run.stop");
    assert_eq!(stop.last().map(|line| &line["outcome"]), Some(&"refused".into()));
    assert!(began.elapsed() < BOUNDED, "{state}: {:?}", began.elapsed());
}

#[test]
fn a_directory_that_others_may_write_is_not_used() {
    let sandbox = Sandbox::new();
    let open = sandbox.path("open");
    std::fs::create_dir(&open).expect("a directory");
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).expect("permissions");
    check(&sandbox, "open", "writable by everyone");
    assert_eq!(std::fs::read_dir(&open).expect("a directory").count(), 0, "nothing is left there");
}

#[test]
fn a_file_or_a_link_in_its_place_is_not_used() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "mine");
    check(&sandbox, "file", "");
    assert_eq!(sandbox.read("file"), "mine");
    check(&sandbox, "file/below", "");
    std::fs::create_dir(sandbox.path("elsewhere")).expect("a directory");
    symlink("elsewhere", sandbox.path("link")).expect("a link");
    check(&sandbox, "link", "symbolic link");
    check(&sandbox, "link/", "symbolic link");
    assert_eq!(std::fs::read_dir(sandbox.path("elsewhere")).expect("a directory").count(), 0);
    symlink("nowhere", sandbox.path("dangling")).expect("a link");
    check(&sandbox, "dangling", "symbolic link");
    assert!(!sandbox.path("nowhere").exists());
}

#[test]
fn a_place_where_nothing_can_be_made_is_not_used() {
    check(&Sandbox::new(), "/proc/retry-state", "");
    check(&Sandbox::new(), "/dev/full/state", "");
}

/// On a file system of its own that is full or cannot be written, where one may be mounted.
#[track_caller]
fn mounted(options: &str, fills: &str) {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("disk")).expect("a directory");
    let namespace: &[&str] = if rustix::process::geteuid().is_root() { &["-m"] } else { &["-Urm"] };
    let script = format!(
        "mount -t tmpfs -o size=64k,mode=700 none disk || exit 99
         mkdir disk/state; {fills}; {options}
         $R --key k --rate 9/1h --state disk/state --max 2 --delay 1ms -- $F fail-until ran 999999 7 2>err; a=$?
         $R --key k --rate 9/1h --state disk/state --on-state-error fail -- $F fail-until never 0 0 2>err2; b=$?
         echo $a $b",
    );
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c", &script]).current_dir(sandbox.path("."));
    let output = command
        .env("R", RETRY)
        .env("F", crate::support::fixture())
        .env_remove("RETRY_OPT_STATE")
        .output()
        .expect("unshare is there");
    if output.status.code() == Some(99) || String::from_utf8_lossy(&output.stderr).contains("unshare:") {
        // Not `eprintln!`, which is captured: this has to be seen.
        let told = "NOT TESTED: no file system may be mounted here (run the tests as root)\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes());
        return;
    }
    assert_eq!(String::from_utf8_lossy(&output.stdout), "7 75\n", "{}", sandbox.read("err"));
    assert_eq!((sandbox.count("ran"), sandbox.count("never")), (2, 0));
    assert_eq!(sandbox.read("err").matches("without shared limits").count(), 1, "{}", sandbox.read("err"));
    assert!(sandbox.read("err").contains("disk/state"), "{}", sandbox.read("err"));
}

#[test]
fn a_full_disk_keeps_nothing_from_running() {
    mounted("true", "cat /dev/zero >disk/all 2>/dev/null");
}

#[test]
fn a_disk_that_cannot_be_written_keeps_nothing_from_running() {
    mounted("mount -o remount,ro none disk", "true");
}

#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_holder_of_the_lock_that_was_stopped_keeps_nothing_from_running() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--rate", "9/1h", "--state", "state"];
    sandbox.run([&options[..], &mark("ran")].concat()).exits(0);
    let lock = ["state/v1/k/state", "sh", "-c", "echo >locked; exec sleep 60"];
    let mut flock = Command::new("flock");
    let holder = Process::start(flock.args(lock).current_dir(sandbox.path(".")).stdout(Stdio::null()));
    wait_for("the lock", || sandbox.path("locked").exists());
    holder.send(Signal::STOP);
    check(&sandbox, "state", "");
    // Its command has the lock as well.
    let children = format!("/proc/{0}/task/{0}/children", holder.pid());
    let child = std::fs::read_to_string(children).expect("its children");
    super::crowd::kill(child.trim().parse().expect("a pid"));
    drop(holder);
    wait_for("the state to be used again", || {
        let ran = sandbox.run([&options[..], &["--", "true"]].concat()).exits(0);
        ran.stderr.is_empty()
    });
}

/// Contention is no trouble: who holds the lock and works is waited for as long as there is patience.
#[test]
fn a_holder_of_the_lock_that_is_at_work_is_waited_for() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--rate", "9/1h", "--state", "state"];
    sandbox.run([&options[..], &mark("ran")].concat()).exits(0);
    let works = "import fcntl, sys\nlock = open('state/v1/k/state')\nfcntl.flock(lock, fcntl.LOCK_EX)\n\
        open('locked', 'w').close()\nwhile True: pass";
    let mut python = Command::new("python3");
    let _holder = Process::start(python.args(["-c", works]).current_dir(sandbox.path(".")));
    wait_for("the lock", || sandbox.path("locked").exists());
    // Longer than one that stands still is given.
    let patient = ["--gate-wait", "4s", "--log", "log"];
    let ran = sandbox.run([&options[..], &patient, &mark("ran")].concat()).exits(75);
    assert_eq!(sandbox.count("ran"), 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains("without shared limits"), "{}", ran.stderr);
    assert!(sandbox.events("log", "gate.bypassed").is_empty());
}

#[test]
fn a_damaged_state_begins_anew_with_one_warning() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--rate", "1/1h", "--gate-wait", "0", "--state", "state"];
    let run = || sandbox.run([&options[..], &["--", "true"]].concat());
    let file = "state/v1/k/state";
    run().exits(0).says(&[]);
    let sound = std::fs::read(sandbox.path(file)).expect("a state");
    let other = [&b"{}"[..], &vec![b'x'; 5000], &sound[..100], &vec![0; sound.len()]].map(<[u8]>::to_vec);
    let flipped = [&sound[..60], b"9999", &sound[64..]].concat();
    for damaged in other.into_iter().chain([flipped]) {
        run().exits(75).says_nothing_of(file);
        sandbox.write(file, &damaged);
        let ran = run().exits(0);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(file), "{}", ran.stderr);
    }
    run().exits(75).says_nothing_of(file);
}

impl crate::cli::harness::Ran {
    #[track_caller]
    fn says_nothing_of(self, text: &str) -> Self {
        assert!(!self.stderr.contains(text), "{}", self.stderr);
        self
    }
}
