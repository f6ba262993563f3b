//! The options of `--help` that are about hooks and what follows a failure, each with a proof that it does something. What
//! they do exactly is tested in `tests/recover/`.

use super::flags::proofs;
use crate::support::Sandbox;

/// A run that fails once and is not tried again.
fn fails(sandbox: &Sandbox, options: &[&str]) -> super::harness::Ran {
    let command = ["--no-retry", "--", "sh", "-c", "echo token=1 >&2; exit 7"];
    sandbox.run([options, &command].concat())
}

/// How many dead letters there are.
fn letters(sandbox: &Sandbox) -> usize {
    std::fs::read_dir(sandbox.path("dlq")).map_or(0, Iterator::count)
}

/// The text of the only dead letter.
fn letter(sandbox: &Sandbox) -> String {
    let mut entries = std::fs::read_dir(sandbox.path("dlq")).expect("a directory");
    let path = entries.next().expect("a letter").expect("an entry").path();
    std::fs::read_to_string(path).expect("text")
}

proofs! {
"--on-retry" a_hook_runs_before_another_attempt |sandbox| {
    sandbox.fails_until(2, &["--delay", "1ms", "--on-retry", "touch ran"]).exits(0);
    assert!(sandbox.path("ran").exists());
}
"--on-success" a_hook_runs_after_success |sandbox| {
    sandbox.run(["--on-success", "touch ran", "--", "true"]).exits(0);
    assert!(sandbox.path("ran").exists());
}
"--on-failure" a_hook_runs_after_failure |sandbox| {
    fails(&sandbox, &["--on-failure", "touch ran"]).exits(7);
    assert!(sandbox.path("ran").exists());
}
"--hook-timeout" a_hook_has_so_much_time |sandbox| {
    let ran = fails(&sandbox, &["--hook-timeout", "50ms", "--on-failure", "exec sleep 60"]).exits(7);
    ran.mentions(&["the hook --on-failure was stopped"]);
}
"--hook-tail" a_hook_reads_what_the_command_said |sandbox| {
    fails(&sandbox, &["--hook-tail", "--on-failure", "cat >said"]).exits(7);
    assert_eq!(sandbox.read("said"), "token=1\n");
}
"--fallback" a_second_way_is_tried |sandbox| {
    fails(&sandbox, &["--fallback", "echo second"]).exits(0).prints("second\n");
}
"--fallback-timeout" the_second_way_has_so_much_time |sandbox| {
    fails(&sandbox, &["--fallback-timeout", "50ms", "--fallback", "exec sleep 60"]).exits(124);
}
"--dead-letter" what_failed_is_kept |sandbox| {
    fails(&sandbox, &["--dead-letter", "dlq"]).exits(7);
    assert_eq!(letters(&sandbox), 1);
}
"--dead-letter-env" the_value_of_a_variable_is_kept |sandbox| {
    fails(&sandbox, &["--dead-letter", "dlq", "--dead-letter-env", "HOME"]).exits(7);
    assert!(letter(&sandbox).contains("\"env\":{\"HOME\":"));
}
"--dead-letter-copy" a_small_file_is_copied |sandbox| {
    let input = sandbox.write("input", "12345");
    for (limit, kind) in [("4", "\"kind\":\"file\""), ("5", "\"kind\":\"bytes\"")] {
        let _none = std::fs::remove_dir_all(sandbox.path("dlq"));
        let mut run = sandbox.spawnable(["-q", "--no-retry", "--dead-letter", "dlq", "--dead-letter-copy", limit, "--", "false"]);
        run.stdin(std::fs::File::open(&input).expect("the input")).status().expect("a status");
        // A file that cannot be opened once more is not kept.
        let kind = if cfg!(has_fd_path) { kind } else { "\"kind\":\"partial\"" };
        assert!(letter(&sandbox).contains(kind), "{limit}");
    }
}
"--dead-letter-redact" secrets_in_output_are_hidden |sandbox| {
    fails(&sandbox, &["--dead-letter", "dlq", "--hook-tail", "--dead-letter-redact", "token=."]).exits(7);
    assert!(letter(&sandbox).contains("\"stderr_tail\":\"[redacted]\\n\""));
}
"--dead-letter-on" only_these_outcomes_are_kept |sandbox| {
    fails(&sandbox, &["--dead-letter", "dlq", "--dead-letter-on", "permanent"]).exits(7);
    assert_eq!(letters(&sandbox), 0);
}
"--dead-letter-required" nothing_runs_that_could_not_be_kept |sandbox| {
    let letter = ["--dead-letter", "no/place", "--dead-letter-required", "--", "touch", "ran"];
    sandbox.run(letter).exits(125);
    assert!(!sandbox.path("ran").exists());
}
"--dead-letter-warn" many_letters_are_told_of |sandbox| {
    fails(&sandbox, &["--dead-letter", "dlq"]).exits(7);
    fails(&sandbox, &["--dead-letter", "dlq", "--dead-letter-warn", "1"]).exits(7).mentions(&["dlq holds 2 dead letters"]);
}
}
