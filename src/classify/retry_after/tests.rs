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
        ("RateLimit: \"burst\";r=0;t=2, \"daily\";r=0;t=30, \"more\";r=9;t=90", 30.0),
        ("< ratelimit: \"burst\";r=0;t=2\n< ratelimit: \"daily\";r=0;t=30", 30.0),
        ("ratelimit: \"a\";r=3;t=9\nratelimit: \"a\";r=0;t=4", 4.0),
        ("RateLimit: \"a;r=1;t=9, b\";r=0;t=7", 7.0),
        ("RateLimit: default;r=0;t=7", 7.0),
        ("RateLimit: \"a\";r=5;r=0;t=60;t=6", 6.0),
        ("RateLimit: limit=100, remaining=0, reset=50", 50.0),
        ("RateLimit: limit=100, remaining=7, remaining=0, reset=50, reset=5", 5.0),
        ("RateLimit: limit=10,remaining=0,reset=5;w=60", 5.0),
        (
            "anthropic-ratelimit-requests-remaining: 0\nanthropic-ratelimit-requests-reset: 2026-11-21T21:34:39Z",
            90.0,
        ),
        (
            "anthropic-ratelimit-requests-remaining: 0\nanthropic-ratelimit-requests-reset: 2026-11-21T21:33:19Z\n\
             anthropic-ratelimit-tokens-remaining: 0\nanthropic-ratelimit-tokens-reset: 2026-11-21T21:34:39Z\n\
             anthropic-ratelimit-input-tokens-remaining: 5\nanthropic-ratelimit-input-tokens-reset: 2026-11-21T22:34:39Z",
            90.0,
        ),
        ("X-RateLimit-Reset: 2026-11-21T22:34:39+01:00", 90.0),
        ("X-RateLimit-Reset: Sat, 21 Nov 2026 21:34:39 GMT", 90.0),
        ("X-Retry-After: 12", 12.0),
        ("retry-after: 3.5s", 3.5),
        ("Retry-After: 2m", 120.0),
        ("Retry-After: 30 seconds", 30.0),
        ("Retry-After: 2026-11-21T21:34:39Z", 90.0),
        ("HTTPError: 429 {'Retry-After': '42'}", 42.0),
        ("{'Retry-After': 42, 'Server': 'x'}", 42.0),
        ("headers: {\n    'retry-after': '42',\n    server: 'x'\n  }", 42.0),
        ("{\"retry-after\"=>[\"42\"], \"server\"=>[\"x\"]}", 42.0),
        ("[('Retry-After', '42'), ('Server', 'x')]", 42.0),
        ("{b'Retry-After': '42'}", 42.0),
        ("{'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1795296849'}", 60.0),
        ("  'x-ratelimit-reset': '1795296849',\n  'x-ratelimit-remaining': '0',", 60.0),
        ("{\"x-ratelimit-reset\"=>\"1795296849\", \"x-ratelimit-remaining\"=>\"0\"}", 60.0),
        ("{'detail': 'Request was throttled. Expected available in 42 seconds.'}", 42.0),
        ("Expected time to availability: 37s", 37.0),
        ("450 4.2.0 <a@b>: Recipient address rejected: Greylisted for 300 seconds", 300.0),
        ("451 greylisted, please try again in 300 seconds", 300.0),
        ("The rate limit resets in 9m 30s", 570.0),
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
    // Each form before the ones behind it, wherever they stand.
    let forms = [
        "retry-after-ms: 1000",
        "grpc-retry-pushback-ms: 2000",
        "Retry-After: 3",
        "RateLimit: \"x\";r=0;t=4",
        "X-RateLimit-Reset: 5",
        "{\"retry_after_ms\": 6000}",
        "\"retryDelay\": \"7s\"",
        "{\"retry_after\": 8}",
        "try again in 9s",
        "retry after 2026-11-21T21:33:19Z",
    ];
    for first in 0..forms.len() {
        let mut lines = forms[first..].to_vec();
        let seconds = f64::from(u32::try_from(first + 1).unwrap());
        assert_eq!(asked(&lines.join("\n")), Some(seconds), "{lines:?}");
        lines.reverse();
        assert_eq!(asked(&lines.join("\n")), Some(seconds), "{lines:?}");
    }
    // What an earlier answer said is over when a later one says otherwise.
    assert_eq!(asked("RateLimit: \"a\";r=0;t=30\n\nHTTP/1.1 200 OK\nRateLimit: \"a\";r=9;t=30"), None);
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
        "RateLimit-Remaining: 1\nRateLimit-Reset: 30",
        "RateLimit: \"a\";r=0, \"b\";r=5;t=60",
        "RateLimit: \"a\";r=0;r=5;t=60",
        "RateLimit: \"a\";r=0;t=60, \"a\";r=1;t=60",
        "RateLimit: limit=100, remaining=1, reset=50",
        "RateLimit: limit=100, remaining=0, remaining=1, reset=50",
        "RateLimit-Policy: 100;w=60",
        "anthropic-ratelimit-requests-remaining: 1\nanthropic-ratelimit-requests-reset: 2026-11-21T21:34:39Z",
        "{'x-ratelimit-remaining': '59', 'x-ratelimit-reset': '1795296849'}",
        "'x-ratelimit-reset': '1795296849',\n'x-ratelimit-remaining': '1',",
        "Retry-After: 3.5 apples",
        "X-Retry-After: -1",
        "{'Retry-After': None}",
        "{'Retry-After': '-42'}",
        "retryDelay: 30sec",
        "\"retryDelay\": \"30seconds\"",
        "next retry in 30 seconds",
        "(next try again in 30 seconds)",
        "I'll try again in 30s",
        "available in 3 regions",
        "Greylisted for good",
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
fn a_long_wait_is_believed_and_a_moment_written_as_one_is_not() {
    for (text, seconds) in [
        ("Retry-After: 180000", Some(180_000.0)),
        ("Retry-After: 99999999", Some(99_999_999.0)),
        ("Retry-After: 999999999", Some(999_999_999.0)),
        ("Retry-After: 1795296849", None),
        ("{\"retry_after\": 99999999}", Some(99_999_999.0)),
        ("Please try again in 2000 hours", Some(7_200_000.0)),
    ] {
        assert_eq!(asked(text), seconds, "{text}");
    }
}

#[test]
fn a_moment_far_ahead_is_believed_by_the_servers_clock_alone() {
    for (request, far) in [
        ("Retry-After: Mon, 23 Nov 2026 23:33:09 GMT", Some(180_000.0)),
        ("Retry-After: Monday, 23-Nov-26 23:33:09 GMT", Some(180_000.0)),
        ("Retry-After: 2026-11-23T23:33:09Z", Some(180_000.0)),
        ("X-RateLimit-Reset: 1795476789", Some(180_000.0)),
        ("X-RateLimit-Reset: 1795476789000", Some(180_000.0)),
        ("X-RateLimit-Reset: 2026-11-23T23:33:09Z", Some(180_000.0)),
        ("Retry-After: Sat, 21 Nov 2026 21:33:09 GMT", None),
        ("Retry-After: Fri, 20 Nov 2026 21:33:09 GMT", None),
    ] {
        let ignored = |text: &str| is_too_far_ahead(&[&Text::new(text.as_bytes())], NOW);
        let dated = format!("Date: Sat, 21 Nov 2026 21:33:09 GMT\n{request}");
        assert_eq!((asked(&dated), ignored(&dated)), (far, false), "{dated}");
        assert_eq!((asked(request), ignored(request)), (None, far.is_some()), "{request}");
    }
    // The server's clock is an hour behind.
    let behind = "Date: Sat, 21 Nov 2026 20:33:09 GMT\nX-RateLimit-Reset: 1795293249";
    assert_eq!(asked(behind), Some(60.0));
}

#[test]
fn any_clock_can_be_read_against() {
    for now in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX] {
        for text in [
            "Retry-After: Sat, 21 Nov 2026 21:34:39 GMT",
            "Retry-After: Saturday, 21-Nov-26 21:34:39 GMT",
            "X-RateLimit-Reset: 1795296849000",
        ] {
            assert_eq!(retry_after(&[&Text::new(text.as_bytes())], now), None, "{now}");
        }
    }
}

#[test]
fn a_server_may_say_not_to_come_back() {
    let said = |text: &str| forbidden(&[&Text::new(text.as_bytes())]);
    for text in [
        "grpc-retry-pushback-ms: -1",
        "< Grpc-Retry-Pushback-Ms: -5",
        "x-should-retry: false",
        "{'x-should-retry': 'false'}",
        "x-should-retry: true\nx-should-retry: false",
    ] {
        assert!(said(text), "{text}");
    }
    for text in [
        "",
        "grpc-retry-pushback-ms: 700",
        "grpc-retry-pushback-ms: 0",
        "grpc-retry-pushback-ms: -x",
        "x-should-retry: true",
        "x-should-retry: false\nx-should-retry: true",
        "the header x-should-retry: false is honoured",
    ] {
        assert!(!said(text), "{text}");
    }
}

#[test]
fn the_more_telling_stream_is_asked_first() {
    let [stderr, stdout] = ["Retry-After: 5", "Retry-After: 9"].map(|text| Text::new(text.as_bytes()));
    assert_eq!(retry_after(&[&stderr, &stdout], NOW), Some(Duration::from_secs(5)));
    assert_eq!(retry_after(&[&Text::new(b"x"), &stdout], NOW), Some(Duration::from_secs(9)));
}

#[test]
fn what_is_quoted_divides_no_list_and_the_last_header_of_a_name_counts() {
    for (text, seconds) in [
        ("RateLimit: \"a,b;c\";r=0;t=30", Some(30.0)),
        ("RateLimit: \"a\";r=0;t=5, \"b;r=0;t=99\";r=1;t=99", Some(5.0)),
        ("x-ratelimit-remaining: 0\nx-ratelimit-reset: 50\nx-ratelimit-reset: 5", Some(5.0)),
        ("x-ratelimit-remaining: 0\nx-ratelimit-reset: 5\nx-ratelimit-reset: 50", Some(50.0)),
        ("Retry-After: .5", None),
        ("Retry-After: 0.5", Some(0.5)),
    ] {
        assert_eq!(asked(text), seconds, "{text}");
    }
}
