//! Logs, in blocks of any size: the report is the same however the bytes come, and no format lets through what a log has no
//! right to say.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retry_command::base::printable::{Charset, is_unsafe};
use retry_command::report::junit::Flaky;
use retry_command::report::text::Style;
use retry_command::report::{
    Analysis, Options, Outcome, Stories, draft, html, junit, markdown, tell, text, trace,
};

fn read(log: &[u8], block: usize) -> Outcome {
    let mut analysis =
        Analysis::new(&Options { stories: Stories::All(1_000), traffic: true, ..Options::default() });
    analysis.begin("a.jsonl");
    for block in log.chunks(block.max(1)) {
        analysis.feed(block);
    }
    analysis.end();
    analysis.finish()
}

fuzz_target!(|input: (u8, &[u8])| {
    let (block, log) = input;
    let (whole, pieces) = (read(log, log.len()), read(log, usize::from(block)));
    assert_eq!(whole.input, pieces.input);
    let json = serde_json::to_string(&whole.report).expect("a report is JSON");
    assert_eq!(json, serde_json::to_string(&pieces.report).expect("a report is JSON"));
    let style = Style { width: 80, charset: Charset::Utf8, color: false, top: 10, files: 1 };
    let told: String = whole.stories.iter().map(tell::tell).collect();
    for shown in [text::render(&whole.report, &style), markdown::render(&whole.report, 10)] {
        assert!(!shown.chars().any(|c| c != '\n' && is_unsafe(c)), "{shown:?}");
    }
    assert!(told.is_empty() == whole.stories.is_empty());
    let page = html::render(&whole.report, &whole.stories, 10);
    assert!(!page.contains("<script"), "{page}");
    assert!(!junit::render(&whole.stories, Flaky::Failure).contains("<script"));
    serde_json::from_str::<serde_json::Value>(&trace::render(&whole.stories)).expect("a trace is JSON");
    for drafted in draft::drafts(&whole.templates, &[]) {
        assert!(!drafted.toml.is_empty());
    }
});
