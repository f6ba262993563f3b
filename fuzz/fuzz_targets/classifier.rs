//! The knowledge of tools over output of any kind: a tool and a status are chosen, the rest is what it wrote. The verdict is
//! the same each time, quotes what was written, and is nothing that a terminal would obey.

#![no_main]

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use retry_command::base::printable::is_unsafe;
use retry_command::classify::profile::{AUTO, Knowledge, Selection, names};
use retry_command::classify::{AttemptResult, CapturedText, Class, Ending, Output, Rules};

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (tool, status, written) = input;
    // All before a NUL is stderr's, the rest stdout's.
    let end = written.iter().position(|byte| *byte == 0).unwrap_or(written.len());
    let (stderr, stdout) = written.split_at(end);
    let tools: Vec<&str> = names().collect();
    let argv = [tools[usize::from(tool) % tools.len()].into()];
    let knowledge = Rc::new(Knowledge::new(Selection::choose(&[AUTO.to_owned()], &argv, &[]), Vec::new()));
    let rules = Rules { knowledge, quotes: true, ..Rules::default() };
    let text = CapturedText { stderr: Some(stderr.into()), stdout: Some(stdout.into()), merged: false };
    let attempt = AttemptResult {
        output: Some(Box::new(Output { text, ..Output::default() })),
        ended_at: 1_800_000_000,
        ..AttemptResult::ended(Ending::Exited(status))
    };
    let verdict = rules.classify_text(attempt.clone());
    assert_eq!(verdict, rules.classify_text(attempt));
    assert!(status != 0 || verdict.class == Class::Success || verdict.rule.profile.is_some());
    assert!(!verdict.reason.chars().any(is_unsafe), "{:?}", verdict.reason);
});
