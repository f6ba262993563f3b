//! Many at once, and ones that die or stop in the middle.

use std::time::Instant;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::*;

#[test]
fn threads_lose_no_transaction() {
    let sandbox = Sandbox::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut kept = sandbox.local();
                for turn in 0..500 {
                    // Some open everything anew, as processes do.
                    if turn % 2 == 0 {
                        count_surely(&mut kept, "key");
                    } else {
                        count_surely(&mut sandbox.local(), "key");
                    }
                }
            });
        }
    });
    assert_eq!(count_in(&sandbox.local().entry("key").unwrap().state), 4000);
}

#[test]
fn processes_lose_no_transaction() {
    let sandbox = Sandbox::new();
    let mut helpers: Vec<_> = (0..8).map(|_| Helper::start("count", &sandbox.store())).collect();
    for helper in &mut helpers {
        assert!(helper.0.wait().unwrap().success());
    }
    assert_eq!(count_in(&sandbox.local().entry("key").unwrap().state), 8 * COUNTS);
}

#[test]
fn permits_are_never_more_than_there_are() {
    let sandbox = Sandbox::new();
    let running = std::sync::atomic::AtomicU32::new(0);
    let order = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut local = sandbox.local();
                for _ in 0..100 {
                    while !take(&mut local, "key", 3).permit {
                        std::thread::yield_now();
                    }
                    let others = running.fetch_add(1, order);
                    assert!(others < 3, "{others}");
                    running.fetch_sub(1, order);
                    give_back(&mut local, "key");
                }
            });
        }
    });
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < limit, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_killed_holder_frees_its_leases() {
    let sandbox = Sandbox::new();
    let mut holder = Helper::start("hold", &sandbox.store());
    wait_for("the holder", || sandbox.path("holds").exists());
    let mut local = sandbox.local();
    assert_eq!(take(&mut local, "key", 1), Free::default());
    holder.0.kill().unwrap();
    holder.0.wait().unwrap();
    assert_eq!(take(&mut local, "key", 1), Free { permit: true, probe: true });
}

#[test]
fn a_stopped_holder_of_the_lock_is_given_up_after_a_while() {
    let sandbox = Sandbox::new();
    let mut local = sandbox.local();
    count(&mut local, "key").unwrap();
    let mut stopped = Helper::start("linger", &sandbox.store());
    wait_for("the holder", || sandbox.path("lingers").exists());
    let pid = Pid::from_child(&stopped.0);
    kill_process(pid, Signal::STOP).unwrap();
    let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
    assert!(status.stopped());

    let began = Instant::now();
    let Err(Failure(why)) = count(&mut local, "key") else { panic!("it is locked") };
    let waited = began.elapsed();
    if cfg!(has_process_list) {
        assert!(why.contains(&format!("by process {}", stopped.0.id())), "{why}");
        assert!(waited >= Duration::from_millis(1900), "{waited:?}");
    } else {
        // Nobody tells it from one that is at work.
        assert!(why.ends_with("is busy") || why.contains("cannot be seen from here"), "{why}");
        assert!(waited >= Duration::from_millis(9900), "{waited:?}");
    }
    // Others see what can be seen, and are told of the rest.
    count(&mut local, "other").unwrap();
    assert_eq!(local.entries().unwrap().len(), 1);
    let warnings = local.warnings();
    if cfg!(has_process_list) {
        assert_eq!(warnings, [why]);
    } else {
        assert!(warnings.len() == 1 && warnings[0].ends_with("key/state is busy"), "{warnings:?}");
    }

    fs::write(sandbox.path("go on"), "").unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    assert!(stopped.0.wait().unwrap().success());
    assert_eq!(count(&mut local, "key"), Ok(3));
}

#[test]
fn one_that_dies_in_the_middle_changes_nothing() {
    let sandbox = Sandbox::new();
    let mut local = sandbox.local();
    count(&mut local, "key").unwrap();
    let mut helper = Helper::start("linger", &sandbox.store());
    wait_for("the holder", || sandbox.path("lingers").exists());
    helper.0.kill().unwrap();
    helper.0.wait().unwrap();
    assert_eq!(count(&mut local, "key"), Ok(2));
    assert_eq!(local.warnings(), Vec::<String>::new());
}

#[test]
fn nothing_acknowledged_is_lost_when_writers_are_killed() {
    let sandbox = Sandbox::new();
    let length = |file: &Path| fs::metadata(file).map_or(0, |status| status.len());
    let (mut acknowledged, mut killed) = (0, 0);
    for round in 0..10 {
        let files: Vec<_> = (0..4).map(|writer| sandbox.path(&format!("{round}-{writer}"))).collect();
        let mut writers: Vec<_> = files
            .iter()
            .map(|file| {
                let mut command = Helper::command("acknowledge", &sandbox.store());
                Helper(command.env("RETRY_TEST_FILE", file).spawn().unwrap())
            })
            .collect();
        for (writer, file) in writers.iter_mut().zip(&files) {
            wait_for("writes", || length(file) > 50);
            writer.0.kill().unwrap();
            writer.0.wait().unwrap();
            killed += 1;
        }
        acknowledged += files.iter().map(|file| length(file)).sum::<u64>();
    }
    let mut local = sandbox.local();
    let counted = count_in(&local.entry("key").unwrap().state);
    assert!((acknowledged..=acknowledged + killed).contains(&counted), "{counted} of {acknowledged}");
    assert_eq!(local.warnings(), Vec::<String>::new());
}
