//! Processes that outlive their attempt and go on writing to streams that were captured.

use std::process::Stdio;

use crate::supervision::process::{Survivors, all, pids};
use crate::supervision::program::{End, command, retry, run};
use crate::support::{Sandbox, is_alive, wait_for};

/// Leaves a process that writes once there is a file `go`, notes that it has, and stays. It does not wait for ever.
const LEAVE: &str = "sh -c 'echo $$ >>pids; n=0; until [ -e go ]; do sleep 0.01; [ $((n+=1)) = 3000 ] && exit; done
    echo late $RETRY_ATTEMPT && echo later $RETRY_ATTEMPT >&2 && echo $$ >>written; exec \"$F\" sleep 60' & echo begun";

/// Arguments for a run whose output is captured.
fn captured<'a>(more: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [&["--idle-timeout", "50", "--delay", "1ms"], more, &["--", "sh", "-c", script]].concat()
}

/// The processes that read for those which the runs in this sandbox have left.
fn readers(sandbox: &Sandbox) -> Vec<i32> {
    let named = |pid: &i32| {
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.starts_with(b"output-reader\0"))
    };
    let here =
        |pid: &i32| descriptors(*pid).iter().any(|path| path == &sandbox.path("out").display().to_string());
    all().filter(named).filter(here).collect()
}

/// Where its descriptors lead.
fn descriptors(pid: i32) -> Vec<String> {
    let links = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let mut paths: Vec<_> = links.filter_map(|link| std::fs::read_link(link.path()).ok()).collect();
    paths.sort();
    paths.into_iter().map(|path| path.display().to_string()).collect()
}

/// Lets these processes write, which they survive.
#[track_caller]
fn let_write<const N: usize>(sandbox: &Sandbox) -> Survivors {
    let survivors = Survivors::expect::<N>(sandbox, "pids");
    sandbox.write("go", "");
    wait_for("the late text to be written", || {
        let dead = pids(sandbox, "pids").iter().any(|pid| !is_alive(*pid));
        assert!(!dead, "a process died of its output");
        pids(sandbox, "written").len() == N
    });
    survivors
}

#[test]
fn what_is_written_to_files_after_each_attempt_arrives() {
    let sandbox = Sandbox::new();
    let script = format!("{LEAVE}; exit 3");
    assert_eq!(run(&mut retry(&sandbox, &captured(&["-q", "--max", "2"], &script))), End::Code(3));
    let survivors = let_write::<2>(&sandbox);
    let lines = |name| {
        let mut lines: Vec<_> = sandbox.read(name).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    wait_for("the late text", || sandbox.count("out") == 26 && sandbox.count("err") == 16);
    assert_eq!(lines("out"), ["begun", "begun", "late 1", "late 2"]);
    assert_eq!(lines("err"), ["later 1", "later 2"]);
    let readers = readers(&sandbox);
    assert_eq!(readers.len(), 2);
    drop(survivors);
    let gone = || readers.iter().all(|pid| !is_alive(*pid));
    wait_for("the end of those who have nobody to read from", gone);
}

/// Not locks, not descriptors that were passed through, not a directory.
#[test]
fn who_reads_holds_nothing_else() {
    let sandbox = Sandbox::new();
    let limits = ["--key", "k", "--concurrency", "1", "--gate-wait", "0"];
    let script = format!("exec 7>&-; {LEAVE}");
    let args = captured(&[&limits[..], &["--log", "log"]].concat(), &script);
    let words = [&["sh", "-c", "exec 7>>extra; exec \"$R\" \"$@\"", "sh"], &args[..]].concat();
    assert_eq!(run(&mut command(&sandbox, &words)), End::Code(0));
    let again = sandbox.spawnable([&limits[..], &["--", "true"]].concat()).status().expect("retry runs");
    assert!(again.success(), "the permit is free");
    let _survivors = Survivors::expect::<1>(&sandbox, "pids");
    let [reader] = readers(&sandbox)[..] else { panic!("{:?}", readers(&sandbox)) };
    let held = descriptors(reader);
    let files = ["err", "out"].map(|name| sandbox.path(name).display().to_string());
    assert_eq!(held[..2], files, "{held:?}");
    assert!(held.len() == 4 && held[2..].iter().all(|path| path.starts_with("pipe:")), "{held:?}");
    let directory = std::fs::read_link(format!("/proc/{reader}/cwd")).expect("its directory");
    assert_eq!(directory.to_str(), Some("/"));
}

/// The text is lost, and nothing else.
#[test]
fn a_pipe_ends_with_the_run() {
    let sandbox = Sandbox::new();
    let mut command = retry(&sandbox, &captured(&[], LEAVE));
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("retry runs");
    let survivors = Survivors::expect::<1>(&sandbox, "pids");
    assert!(output.status.success());
    assert_eq!(output.stdout, b"begun\n");
    drop((let_write::<1>(&sandbox), survivors));
}

#[test]
fn held_output_ends_with_the_attempt() {
    let sandbox = Sandbox::new();
    let script = format!("{LEAVE}; exit 3");
    assert_eq!(run(&mut retry(&sandbox, &captured(&["-q", "-O", "--max", "2"], &script))), End::Code(3));
    let _survivors = let_write::<2>(&sandbox);
    wait_for("the late text on stderr", || sandbox.count("err") == 16);
    assert_eq!(sandbox.read("out"), "");
}

/// What stops all processes of a later attempt.
#[test]
fn a_later_timeout_leaves_who_reads_alone() {
    let sandbox = Sandbox::new();
    let script = format!("[ $RETRY_ATTEMPT = 2 ] && exec \"$F\" sleep 60; {LEAVE}; exit 3");
    let options = ["--max", "2", "--timeout", "1s", "-k", "100ms"];
    assert_eq!(run(&mut retry(&sandbox, &captured(&options, &script))), End::Code(124));
    let _survivors = let_write::<1>(&sandbox);
    wait_for("the late text", || sandbox.read("out") == "begun\nlate 1\n");
}

#[test]
#[cfg_attr(not(has_process_list), ignore = "needs process_list")]
fn nobody_reads_what_was_stopped() {
    let sandbox = Sandbox::new();
    let script = format!("{LEAVE}; wait");
    let options = ["--max", "1", "--timeout", "300ms"];
    assert_eq!(run(&mut retry(&sandbox, &captured(&options, &script))), End::Code(124));
    assert!(pids(&sandbox, "pids").iter().all(|pid| !is_alive(*pid)));
    assert!(readers(&sandbox).is_empty());
}
