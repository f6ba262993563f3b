//! Many processes, one file.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::exposition::Exposition;
use crate::support::{RETRY, Sandbox};

/// How many runs said that the file was busy for too long, as on a machine that is: only those are not counted.
fn busy(said: &str) -> usize {
    said.lines().filter(|line| line.ends_with("retry.prom is busy")).count()
}

#[test]
fn every_run_of_64_processes_is_counted_or_says_that_it_is_not() {
    const PROCESSES: usize = 64;
    const RUNS: usize = 20;
    let sandbox = Sandbox::new();
    let script = format!(
        "i=0; while [ $i -lt {RUNS} ]; do {RETRY} --metrics-file retry.prom --name \"job $((i % 3))\" -- true || exit; i=$((i + 1)); done"
    );
    let start = |_| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .current_dir(sandbox.path("."))
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        shell.spawn().expect("a shell")
    };
    let processes: Vec<Child> = (0..PROCESSES).map(start).collect();
    let mut given_up = 0;
    for process in processes {
        let output = process.wait_with_output().expect("an end");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        given_up += busy(&said);
        assert_eq!(said.lines().count(), busy(&said), "{said}");
    }
    let found = Exposition::read(&sandbox.read("retry.prom"));
    let counted = PROCESSES * RUNS - given_up;
    for (name, label) in [
        ("retry_operations_total", "outcome=\"succeeded\""),
        ("retry_operations_total", ""),
        ("retry_attempts_total", "class=\"success\""),
        ("retry_duration_seconds_count", ""),
        ("retry_attempts_per_operation_bucket", "le=\"1\""),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let expected = counted as f64;
        assert!(
            (found.sum(name, label) - expected).abs() < 1e-9,
            "{name} is {}, not {expected}",
            found.sum(name, label)
        );
    }
    assert!(counted > PROCESSES, "{given_up} of {} runs waited for too long", PROCESSES * RUNS);
    assert_eq!(sandbox.files(), [".retry.prom.lock", "retry.prom"]);
}

/// The line that says how many runs of an operation have succeeded.
fn succeeded(text: &str) -> u64 {
    let line =
        text.lines().find(|line| line.contains("operation=\"true\"") && line.contains("\"succeeded\""));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("no count in {text:?}"))
}

#[test]
fn whoever_is_killed_leaves_a_file_that_is_whole_and_goes_on() {
    const KILLS: u32 = 60;
    const OPERATIONS: usize = 20;
    let sandbox = Sandbox::new();
    let run = || sandbox.run(["--metrics-file", "retry.prom", "--", "true"]).exits(0).says(&[]);
    run();
    // A large file takes longer to write.
    let text = sandbox.read("retry.prom");
    let copies = |line: &str| {
        let copy = |number| line.replace("operation=\"true\"", &format!("operation=\"{number}\"")) + "\n";
        if line.starts_with('#') { String::new() } else { (0..OPERATIONS).map(copy).collect() }
    };
    let large: String = text.lines().map(|line| format!("{line}\n{}", copies(line))).collect();
    sandbox.write("retry.prom", &large);
    let began = Instant::now();
    run();
    let whole = began.elapsed();
    let lines = large.lines().count();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut before = 0;
            while !done.load(Ordering::Relaxed) {
                let text = sandbox.read("retry.prom");
                assert!(text.ends_with('\n') && text.lines().count() == lines, "{} bytes", text.len());
                let now = succeeded(&text);
                assert!(now >= before, "{before}, then {now}");
                before = now;
            }
        });
        let mut before = Exposition::read(&sandbox.read("retry.prom"));
        for kill in 0..KILLS {
            let mut child =
                sandbox.spawnable(["--metrics-file", "retry.prom", "--", "true"]).spawn().expect("a start");
            // At another moment each time, from the start to the end.
            std::thread::sleep(whole * kill / KILLS);
            let _already_ended = child.kill();
            child.wait().expect("an end");
            let now = Exposition::read(&sandbox.read("retry.prom"));
            now.goes_on_from(&before);
            before = now;
        }
        done.store(true, Ordering::Relaxed);
    });
    let before = succeeded(&sandbox.read("retry.prom"));
    run();
    assert_eq!(succeeded(&sandbox.read("retry.prom")), before + 1, "nothing is locked");
}
