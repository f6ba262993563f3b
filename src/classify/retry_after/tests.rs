//! Every form, and what only looks like one.

use super::*;

/// Sat, 21 Nov 2026 21:33:09 GMT
const NOW: i64 = 1_795_296_789;

fn asked(text: &str) -> Option<f64> {
    retry_after(&[&Text::new(text.as_bytes())], NOW).map(|wait| wait.as_secs_f64())
}

#[test]
fn every_form_is_understood() {
    for (text, seconds) in [
        ("retry-after-ms: 1500", 1.5),
        ("x-ms-retry-after-ms: 250", 0.25),
        ("X-Amz-Retry-After: 3000", 3.0),
        ("grpc-retry-pushback-ms: 700", 0.7),
        ("< Retry-After: 120\r\n", 120.0),
        ("  Retry-After: 11", 11.0),
        ("* retry-after: 1.5", 1.5),
        ("Retry-After: \"7\"", 7.0),
        ("Retry-After: Sat, 21 Nov 2026 21:34:39 GMT", 90.0),
        ("Retry-After: Saturday, 21-Nov-26 21:34:39 GMT", 90.0),
        ("Retry-After: Sat Nov 21 21:34:39 2026", 90.0),
        // The server's clock is an hour behind ours, and so is its request.
        ("Date: Sat, 21 Nov 2026 20:33:09 GMT\nRetry-After: Sat, 21 Nov 2026 20:34:39 GMT", 90.0),
        ("RateLimit: \"default\";r=0;t=30", 30.0),
        ("RateLimit-Remaining: 0\nRateLimit-Reset: 30", 30.0),
        ("X-RateLimit-Reset: 1795296849", 60.0),
        ("X-RateLimit-Reset: 1795296849000", 60.0),
        ("x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 6m0s", 360.0),
        ("x-ratelimit-reset-after: 1.25", 1.25),
        ("{\"retry_after_ms\": 5000}", 5.0),
        ("{\"retryDelay\": \"30s\"}", 30.0),
        ("- '@type': type.googleapis.com/google.rpc.RetryInfo\n  retryDelay: 30s", 30.0),
        ("{'retryDelay': '34.07s'}", 34.07),
        ("{\"parameters\": {\"retry_after\": 7}}", 7.0),
        ("{\"retry_after\":1.5}", 1.5),
        ("unexpected status: 429 Too Many Requests (retry-after=\"8\")", 8.0),
        ("Please try again in 20s.", 20.0),
        ("try again in 579ms", 0.579),
        ("Please try again in 1m9.696s. Visit", 69.696),
        ("Please try again in 7m12s", 432.0),
        ("Please try again after '372' seconds.", 372.0),
        ("retry after 30 seconds", 30.0),
        ("Retry in 5 minutes", 300.0),
        ("The service is busy. Please try again in a few minutes.", 60.0),
        ("Please wait 60 seconds", 60.0),
        ("Try again in 15 minutes 49 seconds", 949.0),
        ("Please retry in 34.07s.", 34.07),
        ("Please try\n  again in 20s", 20.0),
        ("Trying again in 131 seconds", 131.0),
        ("Please try again after Sat, 21 Nov 2026 21:34:39 GMT and see", 90.0),
        ("retry after 2026-11-21T21:34:39Z", 90.0),
        ("retry after 2026-11-21 21:34:39 UTC: see", 90.0),
        ("Too Many Requests: retry after 134", 134.0),
    ] {
        assert_eq!(asked(text), Some(seconds), "{text}");
    }
}

#[test]
fn the_last_of_a_form_counts_and_the_better_form_before_it() {
    assert_eq!(asked("Retry-After: 5\nRetry-After: 9"), Some(9.0));
    assert_eq!(asked("try again in 20s\nRetry-After: 9"), Some(9.0));
    assert_eq!(asked("retry-after-ms: 100\nRetry-After: 9"), Some(0.1));
}

#[test]
fn what_is_no_request_is_none() {
    for text in [
        "",
        "Retry-After: 0",
        "Retry-After: -5",
        "Retry-After: 99999999999",
        "Retry-After: soon",
        "log line: Retry-After: 120 seconds ago",
        "Retry-After: Sat, 21 Nov 2026 21:00:00 GMT",
        "Retry-After: Tue, 21 Nov 2028 18:04:27 GMT",
        "grpc-retry-pushback-ms: -1",
        "RateLimit: \"default\";r=50;t=30",
        "RateLimit-Remaining: 7\nRateLimit-Reset: 30",
        "X-RateLimit-Reset: 1795296000",
        "Will retry in 100 milliseconds",
        "Will retry in 1000000 seconds",
        "request failed after 1 retry in 1.2s",
        "retrying in 1s ... (1/3)",
        "retrying in 294 ms",
        "limit of '120' for interval '00:05:00'",
        "in the last 1h0m0s",
        "Please wait a few minutes before you try again.",
        "Please try again later",
        "Limit 30000, Used 29000, Requested 1200",
        "usage: x [--retry-after SECS] [--wait 60s] [--retry 5]",
        "awaited 5 seconds",
        "retry after 2020-01-01T00:00:00Z",
    ] {
        assert_eq!(asked(text), None, "{text}");
    }
}

#[test]
fn the_more_telling_stream_is_asked_first() {
    let [stderr, stdout] = ["Retry-After: 5", "Retry-After: 9"].map(|text| Text::new(text.as_bytes()));
    assert_eq!(retry_after(&[&stderr, &stdout], NOW), Some(Duration::from_secs(5)));
    assert_eq!(retry_after(&[&Text::new(b"x"), &stdout], NOW), Some(Duration::from_secs(9)));
}
