//! The command is told to stop before its children: a shell whose child dies first would go on to what comes next.

use rustix::process::Signal;

use super::program::{End, Running, retry};
use crate::support::{Sandbox, wait_for};

/// Commands that go on to `next` once their child is gone, unless they are gone themselves. Ready, they say so.
const GOING_ON: [(&str, &[&str]); 7] = [
    ("sh", &["sh", "-c", "touch ready; sleep 60; touch next; exit 0"]),
    ("bash", &["bash", "-c", "touch ready; sleep 60; touch next; exit 0"]),
    (
        "python",
        &[
            "python3",
            "-c",
            "import subprocess\nsubprocess.call('touch ready; exec sleep 60', shell=True)\nopen('next', 'w')",
        ],
    ),
    ("make", &["make", "-s", "all"]),
    ("xargs", &["sh", "-c", "echo 1 2 | xargs -n1 sh -c 'touch ready; sleep 60; touch next'; touch next"]),
    (
        "subshells",
        &["bash", "-c", "for i in 1 2 3; do (touch ready; sleep 60; touch next); done; touch next"],
    ),
    ("a pipeline", &["sh", "-c", "(touch ready; sleep 60; touch next) | (cat; touch next); touch next"]),
];

/// Each of them so often; all at once, so that the machine is busy.
const ROUNDS: usize = 4;

#[track_caller]
fn check(options: &[&str], stop: impl Fn(&Sandbox, &Running), end: End) {
    for _ in 0..ROUNDS {
        let runs: Vec<_> = GOING_ON
            .iter()
            .map(|(name, words)| {
                let sandbox = Sandbox::new();
                sandbox.write("Makefile", "all:\n\t@touch ready; sleep 60; touch next\n\t@touch next\n");
                let args = [&["--max", "1"], options, &["--"], *words].concat();
                let running = Running::start(&mut retry(&sandbox, &args));
                (name, sandbox, running)
            })
            .collect();
        for (_, sandbox, running) in &runs {
            stop(sandbox, running);
        }
        for (name, sandbox, mut running) in runs {
            assert_eq!(running.end(), end, "{name}: {}", sandbox.read("err"));
            assert!(!sandbox.path("next").exists(), "{name} went on");
        }
    }
}

#[test]
fn nothing_goes_on_after_a_signal() {
    let stop = |sandbox: &Sandbox, running: &Running| {
        wait_for("the command", || sandbox.path("ready").exists());
        running.send(Signal::TERM);
    };
    check(&[], stop, End::Killed(Signal::TERM.as_raw()));
}

#[test]
fn nothing_goes_on_after_a_timeout() {
    check(&["--timeout", "300ms"], |_, _| {}, End::Code(124));
}

#[test]
fn nothing_goes_on_when_it_is_killed() {
    check(&["--timeout", "300ms", "--signal", "KILL"], |_, _| {}, End::Code(124));
}
