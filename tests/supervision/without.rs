//! What is done where the system lacks something: the other side of tests that are ignored there.

#[cfg(has_process_list)]
use super::faults::with_fault;
#[cfg(all(has_subreaper, has_procfs))]
use super::process::{Survivors, wait_for_pids};
use super::process::{assert_gone, pids};
use super::program::End;
#[cfg(not(has_process_list))]
use super::program::run;
#[cfg(has_process_list)]
use super::program::{Running, through};
#[cfg(not(has_process_list))]
use crate::support::is_alive;

/// A timeout stops what is known: the command, and with `--new-group` its group.
#[test]
#[cfg(not(has_process_list))]
fn a_timeout_stops_the_command_and_what_is_in_a_group_of_its_own() {
    use rustix::process::{Pid, Signal, kill_process};

    for own_group in [true, false] {
        let sandbox = crate::support::Sandbox::new();
        let script = "\"$F\" sleep 60 & echo $! >child; echo $$ >parent; wait";
        let mut args = vec!["--max", "1", "--timeout", "1s", "-k", "200ms"];
        args.extend(own_group.then_some("--new-group"));
        args.extend(["--", "sh", "-c", script]);
        assert_eq!(run(&mut super::program::retry(&sandbox, &args)), End::Code(124));
        assert_gone(&pids(&sandbox, "parent"));
        let child = pids(&sandbox, "child");
        if own_group {
            assert_gone(&child);
        } else {
            assert!(is_alive(child[0]), "nobody lists it");
            kill_process(Pid::from_raw(child[0]).expect("a pid"), Signal::KILL).expect("it is ours");
        }
    }
}

/// A file is not rewound for everybody who shares it: the run ends and says why.
#[test]
#[cfg(not(any(has_procfs, has_fd_path)))]
fn a_file_on_stdin_is_read_by_one_attempt_alone() {
    let sandbox = crate::support::Sandbox::new();
    let input = sandbox.write("input", "one\ntwo\n");
    let args = ["--delay", "1ms", "--", "sh", "-c", "cat; exit 7"];
    let input = std::fs::File::open(input).expect("the input");
    let output = sandbox.spawnable(args).stdin(input).output().expect("retry runs");
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(7), &b"one\ntwo\n"[..]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot be opened again"), "{said}");
}

/// What is read ahead is kept: each attempt gets all of it, but whoever reads next does not.
#[test]
#[cfg(not(has_tee))]
fn a_pipe_is_read_ahead_and_given_whole_to_each_attempt() {
    let sandbox = crate::support::Sandbox::new();
    let script = r#"seq 20 | { "$R" -q -d 0 --max 2 -- sh -c 'head -n 1; exit 7'; wc -l; }"#;
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script]).env("R", crate::support::RETRY).current_dir(sandbox.path("."));
    let output = command.output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n1\n0\n");
}

/// What a run that was killed has left is removed by the next one that makes a second attempt, and nothing else is.
#[test]
#[cfg(not(all(has_memfd, has_procfs)))]
fn directories_of_runs_that_were_killed_are_removed() {
    use std::os::unix::fs::PermissionsExt as _;

    use crate::support::wait_for;

    let sandbox = crate::support::Sandbox::new();
    let temporary = sandbox.path("temporary");
    std::fs::create_dir(&temporary).expect("a directory");
    let environment = [("TMPDIR", temporary.to_str().expect("text"))];
    let left = || {
        let entries = std::fs::read_dir(&temporary).expect("the directory");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    let mut running = sandbox.spawnable(["-q", "--", "sleep", "60"]);
    let mut running = running.envs(environment).spawn().expect("it starts");
    wait_for("its directories", || left().len() == 2);
    let mut kept = left();
    // Of a process that is gone: one that others may look into, a file, and a link.
    let gone = |kind: &str| format!("retry-{}-{kind}-0123456789abcdef", i32::MAX);
    sandbox.write(&format!("temporary/{}/file", gone("hint")), "");
    std::fs::set_permissions(temporary.join(gone("hint")), std::fs::Permissions::from_mode(0o755))
        .expect("a mode");
    std::os::unix::fs::symlink(temporary.join(&kept[0]), temporary.join(gone("progress"))).expect("a link");
    sandbox.write("temporary/retry-1-hint-0123456789abcdef", "");
    kept.extend([gone("hint"), gone("progress"), "retry-1-hint-0123456789abcdef".to_owned()]);
    kept.sort();

    let killed = ["-q", "--", "sh", "-c", "echo class=permanent >$RETRY_HINT; kill -9 $PPID"];
    let mut killed = sandbox.spawnable(killed);
    assert!(!killed.envs(environment).status().expect("it runs").success());
    assert_eq!(left().len(), kept.len() + 2, "{:?}", left());
    sandbox.run_in(&environment, ["-q", "--", "true"]).exits(0);
    assert_eq!(left().len(), kept.len() + 2, "a run that works looks at nothing");
    sandbox.run_in(&environment, ["-q", "--max", "2", "-d", "1ms", "--", "false"]).exits(1);
    assert_eq!(left(), kept);
    running.kill().expect("it is there");
    running.wait().expect("it ends");
    sandbox.run_in(&environment, ["-q", "--max", "2", "-d", "1ms", "--", "false"]).exits(1);
    assert_eq!(left().len(), 3, "{:?}", left());
}

/// A process whose parent has ended is found if it was seen before, or is in the command's own group. The same goes where the
/// system has the call, but refuses it.
#[test]
#[cfg(has_process_list)]
fn a_timeout_stops_orphans_that_were_seen() {
    let refused = if cfg!(has_subreaper) { with_fault("prctl:error=EPERM:when=1") } else { Some(Vec::new()) };
    let Some(refused) = refused else { return };
    let refused: Vec<&str> = refused.iter().map(String::as_str).collect();
    let stubborn = r#"sh -c 'trap "" TERM; echo $$ >pid; exec "$F" sleep 60' & wait"#;
    let unseen = r#"(sh -c 'echo $$ >pid; exec "$F" sleep 60' &); exec "$F" sleep 60"#;
    for (group, script) in [(false, stubborn), (true, stubborn), (true, unseen)] {
        let sandbox = crate::support::Sandbox::new();
        let options = ["--max", "1", "--timeout", "2s", "-k", "200ms"];
        let group: &[&str] = if group { &["--new-group"] } else { &[] };
        let args = [&options[..], group, &["--", "sh", "-c", script]].concat();
        let ended = Running::start(&mut through(&sandbox, &refused, &args)).end();
        assert_eq!(ended, End::Code(124), "{}", sandbox.read("err"));
        assert_gone(&pids(&sandbox, "pid"));
    }
}

/// A process that was seen, and has outlived a command that died of a signal, is waited for and named. The default grace, 10 s,
/// has to pass.
#[test]
#[cfg(all(has_subreaper, has_procfs))]
fn an_orphan_that_was_seen_is_named_where_it_does_not_become_ours() {
    use crate::support::wait_for;

    let Some(refused) = with_fault("prctl:error=EPERM:when=1") else { return };
    let refused: Vec<&str> = refused.iter().map(String::as_str).collect();
    let sandbox = crate::support::Sandbox::new();
    let deaf =
        r#"sh -c 'trap "" TERM; echo $$ >deaf; exec "$F" sleep 60' & echo $PPID >pid; exec "$F" sleep 60"#;
    let args = ["--", "sh", "-c", deaf];
    let mut run = Running::start(&mut through(&sandbox, &refused, &args));
    let ([traced], [_]) = (wait_for_pids(&sandbox, "pid"), wait_for_pids(&sandbox, "deaf"));
    // It is made at the first look, which also notes who is there.
    wait_for("a witness", || super::once::witness(traced).is_some());
    super::program::send(traced, rustix::process::Signal::TERM);
    assert_eq!(run.end(), End::Killed(15));
    let _ended_with_the_test = Survivors::expect::<1>(&sandbox, "deaf");
    assert!(sandbox.read("err").contains("still running"), "{}", sandbox.read("err"));
}
