//! What keeps the file from being written: one warning, the file as it was, and the run's own result.

use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use super::exposition::Exposition;
use crate::cli::harness::{Ran, as_ordinary_user};
use crate::support::{RETRY, Sandbox};

/// Runs a command that ends with 7, after a success of its first attempt or not.
fn run(sandbox: &Sandbox, file: &str) -> Ran {
    sandbox.run(["--metrics-file", file, "--success-on", "7", "--", "sh", "-c", "exit 7"]).exits(7)
}

fn is_root(sandbox: &Sandbox) -> bool {
    std::fs::metadata(sandbox.path(".")).expect("a directory").uid() == 0
}

#[test]
fn a_file_of_others_is_left_alone() {
    let sandbox = Sandbox::new();
    for text in ["# HELP up Up.\n# TYPE up gauge\nup 1\n", "\n", "anything"] {
        sandbox.write("x.prom", text);
        run(&sandbox, "x.prom").says(&["retry: metrics not written: x.prom was not written by retry"]);
        assert_eq!(sandbox.read("x.prom"), text);
    }
    run(&sandbox, "y.prom").says(&[]);
    let ours = sandbox.read("y.prom");
    let newer = ours.replace("Format 1.", "Format 2.");
    sandbox.write("y.prom", &newer);
    run(&sandbox, "y.prom")
        .says(&["retry: metrics not written: y.prom was written by a newer retry (format 2)"]);
    assert_eq!(sandbox.read("y.prom"), newer);
    let cut = &ours[..ours.len() - 1];
    sandbox.write("y.prom", cut);
    let line = ours.lines().count();
    let damaged =
        format!("retry: metrics not written: y.prom is damaged at line {line}; delete it to start over");
    run(&sandbox, "y.prom").says(&[&damaged]);
    assert_eq!(sandbox.read("y.prom"), cut);
}

#[test]
fn what_cannot_be_written_is_one_warning() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("directory")).expect("a directory");
    let fifo = Command::new("mkfifo").arg(sandbox.path("fifo")).status();
    assert!(fifo.is_ok_and(|status| status.success()));
    for (file, why) in [
        ("no/such.prom", "cannot be written: No such file or directory"),
        ("directory", "cannot be written: is a directory"),
        ("fifo", "cannot be written: it is not a regular file"),
        ("/dev/null", "cannot be written: it is not a regular file"),
        ("..", "cannot be written: is a directory"),
    ] {
        run(&sandbox, file).says(&[&format!("retry: metrics not written: {file} {why}")]);
    }
    let quiet = ["-q", "--metrics-file", "no/such.prom", "--", "true"];
    sandbox.run(quiet).exits(0).says(&[]);
}

#[test]
fn a_directory_that_is_not_writable_keeps_what_it_has() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("d")).expect("a directory");
    run(&sandbox, "d/retry.prom").says(&[]);
    let before = sandbox.read("d/retry.prom");
    let mode = std::fs::Permissions::from_mode(0o555);
    std::fs::set_permissions(sandbox.path("d"), mode).expect("a mode");
    let file = sandbox.path("d/retry.prom").display().to_string();
    let mut command = as_ordinary_user(&sandbox);
    command.args(["--metrics-file", &file, "--success-on", "7", "--", "sh", "-c", "exit 7"]);
    Ran::of(&mut assert_cmd::Command::from_std(command))
        .exits(7)
        .says(&[&format!("retry: metrics not written: {file} cannot be written: Permission denied")]);
    assert_eq!(sandbox.read("d/retry.prom"), before);
}

#[test]
fn a_limit_on_the_size_of_files_leaves_the_file_as_it_was() {
    let sandbox = Sandbox::new();
    run(&sandbox, "retry.prom").says(&[]);
    let before = sandbox.read("retry.prom");
    let script = format!("ulimit -f 1; exec {RETRY} --metrics-file retry.prom -- true");
    let mut bash = assert_cmd::Command::new("bash");
    Ran::of(bash.args(["-c", &script]).current_dir(sandbox.path(".")))
        .exits(0)
        .says(&["retry: metrics not written: retry.prom cannot be written: File too large"]);
    assert_eq!(sandbox.read("retry.prom"), before);
    assert_eq!(sandbox.files(), [".retry.prom.lock", "retry.prom"]);
}

#[test]
fn a_lock_that_is_held_is_waited_for_and_given_up() {
    let sandbox = Sandbox::new();
    run(&sandbox, "retry.prom").says(&[]);
    let before = sandbox.read("retry.prom");
    let lock = File::open(sandbox.path(".retry.prom.lock")).expect("the lock");
    lock.lock().expect("a lock");
    let began = std::time::Instant::now();
    run(&sandbox, "retry.prom").says(&["retry: metrics not written: retry.prom is busy"]);
    assert!(began.elapsed().as_secs_f64() >= 1.0, "it was waited for");
    assert_eq!(sandbox.read("retry.prom"), before);
    drop(lock);
    run(&sandbox, "retry.prom").says(&[]);
    assert_ne!(sandbox.read("retry.prom"), before);
}

#[test]
fn a_signal_ends_the_wait_for_the_lock_and_is_died_of() {
    use std::os::unix::process::ExitStatusExt as _;

    let sandbox = Sandbox::new();
    run(&sandbox, "retry.prom").says(&[]);
    let before = sandbox.read("retry.prom");
    let lock = File::open(sandbox.path(".retry.prom.lock")).expect("the lock");
    lock.lock().expect("a lock");
    let mut shortest = f64::MAX;
    // Whoever waits is told, whatever is still to come. A machine that is busy may take its time.
    for hook in [&[][..], &["--on-success", "exec sleep 60"], &[], &[]] {
        let words = [&["--metrics-file", "retry.prom", "--log", "log"][..], hook, &["--", "true"]].concat();
        let mut running =
            sandbox.signallable(words).stderr(std::process::Stdio::null()).spawn().expect("retry");
        crate::support::wait_for("the end of the run", || sandbox.read("log").contains("run.stop"));
        let began = std::time::Instant::now();
        let pid = rustix::process::Pid::from_child(&running);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a process");
        let status = running.wait().expect("an end");
        assert_eq!(status.signal(), Some(15), "{hook:?}: {status}");
        shortest = shortest.min(began.elapsed().as_secs_f64());
        std::fs::remove_file(sandbox.path("log")).expect("a file");
    }
    assert!(shortest < 0.5, "half of the wait at most: {shortest}");
    assert_eq!(sandbox.read("retry.prom"), before);
}

#[test]
fn leftovers_of_killed_processes_are_removed_once_they_are_old() {
    let sandbox = Sandbox::new();
    let mut dead = Command::new("true").spawn().expect("a process");
    dead.wait().expect("an end");
    let old = |name: &str| {
        let path = sandbox.write(name, "half");
        let touched = Command::new("touch").args(["-d", "2 hours ago"]).arg(path).status();
        assert!(touched.is_ok_and(|status| status.success()));
    };
    let (of_dead, of_us) =
        (format!(".retry.prom.{}.tmp", dead.id()), format!(".retry.prom.{}.tmp", std::process::id()));
    let young = format!(".retry.prom.{}.tmp", i32::MAX);
    let of_another_file = format!(".other.prom.{}.tmp", dead.id());
    old(&of_dead);
    old(&of_us);
    old(&of_another_file);
    sandbox.write(&young, "half");
    run(&sandbox, "retry.prom").says(&[]);
    let left = sandbox.files();
    assert!(!left.contains(&of_dead), "{left:?}");
    for kept in [of_us, young, of_another_file] {
        assert!(left.contains(&kept), "{kept} in {left:?}");
    }
}

#[test]
fn a_link_that_stands_where_everybody_may_put_one_is_refused() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("open")).expect("a directory");
    std::fs::set_permissions(sandbox.path("open"), std::fs::Permissions::from_mode(0o1777)).expect("a mode");
    std::os::unix::fs::symlink("../target.prom", sandbox.path("open/retry.prom")).expect("a link");
    run(&sandbox, "open/retry.prom")
        .mentions(&["it is a symbolic link in a directory where anyone can create files"]);
    assert!(!sandbox.path("target.prom").exists());
}

#[test]
fn a_full_disk_leaves_the_file_as_it_was() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("small")).expect("a directory");
    if !is_root(&sandbox) {
        return;
    }
    let mount = sandbox.path("small");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16k", "none"]).arg(&mount).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return;
    }
    let _unmounted = Unmounted(mount);
    run(&sandbox, "small/retry.prom").says(&[]);
    let before = sandbox.read("small/retry.prom");
    sandbox.write("fill", vec![b'x'; 64 * 1024]);
    let _full = std::fs::copy(sandbox.path("fill"), sandbox.path("small/fill"));
    run(&sandbox, "small/retry.prom")
        .says(&["retry: metrics not written: small/retry.prom cannot be written: No space left on device"]);
    assert_eq!(sandbox.read("small/retry.prom"), before);
    let mut names: Vec<_> = std::fs::read_dir(sandbox.path("small"))
        .expect("a directory")
        .flatten()
        .map(|e| e.file_name())
        .collect();
    names.sort();
    assert_eq!(names, [".retry.prom.lock", "fill", "retry.prom"], "nothing half is left");
    std::fs::remove_file(sandbox.path("small/fill")).expect("the fill");
    run(&sandbox, "small/retry.prom").says(&[]);
    Exposition::read(&sandbox.read("small/retry.prom"));
}

struct Unmounted(std::path::PathBuf);

impl Drop for Unmounted {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_501st_operation_is_counted_as_other_with_a_warning() {
    let sandbox = Sandbox::new();
    run(&sandbox, "retry.prom").says(&[]);
    let text = sandbox.read("retry.prom");
    let (head, rest) = text.split_once('\n').expect("a first line");
    let mut full = format!("{head}\n");
    for line in rest.lines() {
        let copies = if line.starts_with('#') { 0 } else { 499 };
        full += &format!("{line}\n");
        for copy in 0..copies {
            full += &format!("{}\n", line.replace("operation=\"sh\"", &format!("operation=\"job {copy}\"")));
        }
    }
    sandbox.write("retry.prom", full);
    run(&sandbox, "retry.prom").says(&[]);
    let ran = sandbox.run(["--metrics-file", "retry.prom", "--name", "one more", "--", "true"]).exits(0);
    ran.says(&["retry: retry.prom has metrics of 500 operations: this run is counted under (other); --name and --metrics-label should have few values"]);
    let found = Exposition::read(&sandbox.read("retry.prom"));
    assert!((found.sum("retry_operations_total", "operation=\"(other)\"") - 1.0).abs() < 1e-9);
    assert!((found.sum("retry_operations_total", "") - 502.0).abs() < 1e-9);
}
