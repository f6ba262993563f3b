//! `tests/corpus/real.jsonl`: real runs of real tools, provoked on loopback, one a line. They are judged by the
//! binary, their text read whatever the command is; the judgement is right when it retries what may pass and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::support::Sandbox;

const CORPUS: &str = include_str!("../corpus/real.jsonl");

/// What was reached, less one case: of all, and without those whose output says too little.
const RIGHT: f64 = 0.9889;
const RIGHT_WHERE_TOLD: f64 = 0.9955;
/// The class itself, a limit told from any other failure: less one case, too.
const CLASS_RIGHT: f64 = 0.986;
/// Giving up on what would have passed is the dearer mistake.
const MOST_GIVEN_UP: usize = 2;

#[derive(Default)]
struct Score {
    right: usize,
    useless: usize,
    gave_up: usize,
    unmatched: usize,
}

fn cases() -> Vec<Value> {
    CORPUS.lines().map(|line| serde_json::from_str(line).expect("a case")).collect()
}

/// The answers of the binary, in the order of the cases.
fn answers(cases: &[Value]) -> Vec<Value> {
    let mut lines = String::new();
    for case in cases {
        let line = json!({
            "argv": case["argv"], "exit_code": case["exit_code"], "stdout": case["stdout"],
            "stderr": case["stderr"], "now": case["captured_at"],
        });
        writeln!(lines, "{line}").unwrap();
    }
    let sandbox = Sandbox::new();
    let output = sandbox
        .retry(["classify", "--batch", "-", "--format", "json", "-p", "auto", "-p", "generic"])
        .write_stdin(lines)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = text.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect();
    assert_eq!(answers.len(), cases.len(), "an answer a line");
    answers
}

fn table(scores: &BTreeMap<&str, Score>) -> String {
    let mut out =
        format!("{:<14} {:>6} {:>8} {:>8} {:>10}\n", "tool", "right", "useless", "gave up", "unmatched");
    for (tool, score) in scores {
        let Score { right, useless, gave_up, unmatched } = score;
        writeln!(out, "{tool:<14} {right:>6} {useless:>8} {gave_up:>8} {unmatched:>10}").unwrap();
    }
    out
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "hundreds")]
fn real_failures_are_judged_right() {
    let cases = cases();
    let answers = answers(&cases);
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let (mut told, mut told_right, mut given_up, mut class_right) = (0_usize, 0_usize, 0_usize, 0_usize);
    for (case, answer) in cases.iter().zip(&answers) {
        let score = scores.entry(case["tool"].as_str().unwrap()).or_default();
        let may_pass = matches!(case["label"].as_str(), Some("transient" | "throttled"));
        let retries = answer["would_retry"].as_bool().expect("a verdict");
        let is_told = case["ambiguous_output"] != json!(true) && case["trap_exit0"] != json!(true);
        match (may_pass, retries) {
            (false, true) => score.useless += 1,
            (true, false) => score.gave_up += 1,
            _ => score.right += 1,
        }
        score.unmatched += usize::from(answer["rule"]["id"] == "unmatched");
        told += usize::from(is_told);
        told_right += usize::from(is_told && may_pass == retries);
        given_up += usize::from(may_pass && !retries);
        class_right += usize::from(answer["class"] == case["label"]);
    }
    let right: usize = scores.values().map(|score| score.right).sum();
    let share = right as f64 / cases.len() as f64;
    let share_told = told_right as f64 / told as f64;
    let share_class = class_right as f64 / cases.len() as f64;
    let enough = share >= RIGHT
        && share_told >= RIGHT_WHERE_TOLD
        && share_class >= CLASS_RIGHT
        && given_up <= MOST_GIVEN_UP;
    assert!(
        enough,
        "{}\nright: {share:.4} of all (at least {RIGHT}), {share_told:.4} where the output tells (at least \
         {RIGHT_WHERE_TOLD}), {share_class:.4} by their class (at least {CLASS_RIGHT}); gave up {given_up} times \
         (at most {MOST_GIVEN_UP})",
        table(&scores)
    );
}

#[test]
fn waits_that_were_asked_for_are_found_and_none_is_invented() {
    let cases = cases();
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(&answers(&cases)) {
        let expected = case["retry_after_seconds"].as_f64().map(|seconds| seconds * 1e3);
        if answer["retry_after_ms"].as_f64() != expected {
            wrong.push(format!(
                "{} {}: {expected:?}, found {}",
                case["tool"], case["case"], answer["retry_after_ms"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
