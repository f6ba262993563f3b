//! How fast output is matched: `cargo bench --bench stream [MEBIBYTES]`.
//!
//! Rates are of processor time. Each row feeds so many MiB (1024) of made-up log lines in chunks of 64 KiB to a matcher. Nothing else is measured: no pipe,
//! no copy but the matcher's own. The first row of each kind is what the memory gives.
#![expect(clippy::print_stdout, reason = "it measures and tells")]
#![expect(clippy::cast_precision_loss, reason = "rates are rounded")]

use std::fmt::Write as _;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use retry_command::classify::stream::{LineRegex, Matcher};

const CHUNK: usize = 64 * 1024;

/// What people look for in standard error; none occurs below.
const TWENTY: [&str; 20] = [
    r"(?i)connection (refused|reset|timed out)",
    r"(?i)could not resolve host",
    r"(?i)temporary failure in name resolution",
    r"(?i)too many requests",
    r"(?i)rate.?limit(ed| exceeded)?",
    r"\bHTTP/[0-9.]+ (429|502|503|504)\b",
    r"(?i)service unavailable",
    r"(?i)gateway time-?out",
    r"TLS handshake timeout",
    r"(?i)i/o timeout",
    r"EAI_AGAIN|ECONNRESET|ETIMEDOUT",
    r"(?i)unexpected eof",
    r"(?i)broken pipe",
    r"fatal: .*early EOF",
    r"(?i)database is locked",
    r"(?i)deadlock (found|detected)",
    r"Could not get lock /var/lib/[a-z]+",
    r"(?i)no space left on device",
    r"^curl: \((6|7|28|35|52|56)\)",
    r"[Ss]erver (is )?(busy|overloaded|starting up)",
];

/// The time this process was given: what else the machine does matters less.
fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Lines of 20 to 200 bytes.
fn log() -> Vec<u8> {
    let mut text = String::new();
    let mut random = 88_172_645_463_325_252_u64;
    let words = [
        "Downloading",
        "https://example.com/pkg",
        "ok",
        "error",
        "compiled",
        "GET",
        "200",
        "in",
        "server",
        "the",
        "connected",
    ];
    while text.len() < 16 * CHUNK {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let _ = write!(text, "2026-11-02T10:{:02}:{:02}Z [{random:x}]", random % 60, (random >> 8) % 60);
        for word in 0..random % 20 {
            let _ = write!(
                text,
                " {}",
                words[usize::from((random >> (word * 2)).to_le_bytes()[0]) % words.len()]
            );
        }
        text.push('\n');
    }
    text.into_bytes()
}

fn measure(what: &str, patterns: &[&str], text: &[u8], mebibytes: usize) {
    let patterns: Vec<_> = patterns.iter().map(|text| LineRegex::check(text).expect(text)).collect();
    let mut matcher = Matcher::new(&patterns);
    let started = cpu_time();
    matcher.feed(b"the first bytes\n");
    let compiled = cpu_time().saturating_sub(started);
    let mut left = mebibytes * 1024 * 1024;
    let started = cpu_time();
    while left > 0 {
        for chunk in text.chunks(CHUNK) {
            matcher.feed(chunk);
            left = left.saturating_sub(chunk.len());
        }
    }
    matcher.finish();
    let rate = mebibytes as f64 * 1.048_576 / cpu_time().saturating_sub(started).as_secs_f64();
    println!("{what:50} {rate:8.0} MB/s, compiled in {compiled:?}, {} matched", matcher.matched().count());
}

fn main() {
    let mebibytes = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1024);
    let log = log();
    let lineless: Vec<u8> = log.iter().map(|&byte| if byte == b'\n' { b' ' } else { byte }).collect();
    let started = cpu_time();
    let mut copy = Vec::new();
    for _ in 0..mebibytes {
        for chunk in log.chunks(CHUNK) {
            copy.clear();
            copy.extend_from_slice(std::hint::black_box(chunk));
        }
    }
    let rate = mebibytes as f64 * 1.048_576 / cpu_time().saturating_sub(started).as_secs_f64();
    println!("{:50} {rate:8.0} MB/s", "copied, not matched");
    measure("20 patterns, none matches", &TWENTY, &log, mebibytes);
    measure("1 literal", &["connection refused"], &log, mebibytes);
    let mut one_matches = TWENTY;
    one_matches[0] = "error";
    measure("20 patterns, one matches often", &one_matches, &log, mebibytes);
    let mut without_literal = TWENTY;
    without_literal[0] = r"\b5\d\d\b.\d$";
    measure("20 patterns, one without a literal", &without_literal, &log, mebibytes);
    measure("20 patterns, no newline at all", &TWENTY, &lineless, mebibytes);
    measure("every pattern has matched", &["first", "bytes"], &log, mebibytes);
    measure("anchored", &["^nothing", "^[x-z]+:"], &log, mebibytes);
    measure("a cache that is never large enough", &[r"[0-9a-f].{40}!"], &log, mebibytes.div_ceil(256));
}
