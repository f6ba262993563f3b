//! Options that people know from other tools: answered with the right spelling, never guessed.

use crate::support::Sandbox;

#[test]
fn an_option_of_another_tool_is_answered_with_the_right_spelling() {
    for (typed, answer) in [
        (&["-t", "5"][..], "-t 5 meant tries elsewhere: write --max 5; for a time limit write --timeout 5s"),
        (&["-t5"], "-t 5 meant tries elsewhere: write --max 5; for a time limit write --timeout 5s"),
        (&["--times", "4"], "--times 4 meant attempts elsewhere: write --max 4"),
        (&["--times=4"], "--times 4 meant attempts elsewhere: write --max 4"),
        (&["--tries", "4"], "--tries 4 meant attempts elsewhere: write --max 4"),
        (&["-a", "4"], "-a 4 meant attempts elsewhere: write --max 4"),
        (&["--max-attempts", "4"], "--max-attempts 4 meant attempts elsewhere: write --max 4"),
        (&["--retry", "4"], "--retry 4 meant retries elsewhere: write --retries 4"),
        (&["-r", "4"], "-r 4 meant retries elsewhere: write --retries 4"),
        (
            &["-x", "5"],
            "-x 5 meant attempts or the longest wait elsewhere: write --max 5; for the longest wait write \
             --max-delay 5",
        ),
        (
            &["-i", "2"],
            "-i 2 meant the wait between attempts elsewhere: write --delay 2; for the same wait each time write \
             --backoff fixed --delay 2",
        ),
        (
            &["--sleep", "2"],
            "--sleep 2 meant the wait between attempts elsewhere: write --delay 2; for the same wait each time \
             write --backoff fixed --delay 2",
        ),
        (&["--while", "3"], "--while 3 meant the statuses to go on with elsewhere: write --retry-on 3"),
        (
            &["--max-time", "9"],
            "--max-time 9 meant a limit for the whole run elsewhere: write --deadline 9; for one attempt write \
             --timeout 9",
        ),
        (&["--forever"], "--forever meant no limit elsewhere: write --max inf"),
        (&["-F"], "-F meant a backoff: write --backoff fibonacci"),
        (&["--no-jitter"], "--no-jitter meant waits that are not drawn: write --jitter none"),
        (&["-t"], "-t meant tries elsewhere: write --max N; for a time limit write --timeout Ns"),
    ] {
        let sandbox = Sandbox::new();
        let ran = sandbox.run([typed, &["--", "touch", "ran"]].concat()).exits(125).prints("");
        assert_eq!(ran.stderr, format!("retry: {answer}\n"));
        assert_eq!(sandbox.files(), [""; 0], "nothing is run");
    }
}

#[test]
fn a_habit_is_answered_in_front_of_a_verbs_other_words_too() {
    Sandbox::new().run(["until", "-t", "5", "--", "true"]).exits(125).mentions(&["--max 5"]);
    Sandbox::new().run(["wait", "1", "-t", "5"]).exits(125).mentions(&["--max 5"]);
    Sandbox::new().run(["explain", "--tries", "5"]).exits(125).mentions(&["--max 5"]);
}

#[test]
fn the_value_is_that_of_the_option_and_of_no_other_that_begins_like_it() {
    let sandbox = Sandbox::new();
    for (line, answer) in [
        (
            &["--retry-on", "1", "--retry", "3", "--", "true"][..],
            "--retry 3 meant retries elsewhere: write --retries 3",
        ),
        (
            &["--retry-on=7", "--retry=5", "--", "true"],
            "--retry 5 meant retries elsewhere: write --retries 5",
        ),
        (&["-vt5", "--", "true"], "write --max 5"),
    ] {
        sandbox.run(line).exits(125).mentions(&[answer]);
    }
}

#[test]
fn what_is_written_instead_is_accepted() {
    for options in [
        &["--max", "5"][..],
        &["--timeout", "5s"],
        &["--retries", "4"],
        &["--max-delay", "5"],
        &["--backoff", "fixed", "--delay", "2"],
        &["--retry-on", "3"],
        &["--deadline", "9"],
        &["--max", "inf"],
        &["--backoff", "fibonacci"],
        &["--jitter", "none"],
    ] {
        Sandbox::new().run([options, &["--", "true"]].concat()).exits(0).says(&[]);
    }
}
