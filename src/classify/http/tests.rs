//! Contexts that make a number an HTTP status, and numbers that are none.

use super::*;

fn status(text: &str) -> Option<u16> {
    last_status(&Text::new(text.as_bytes()))
}

#[test]
fn a_status_is_known_by_its_context() {
    for (text, expected) in [
        ("curl: (22) The requested URL returned error: 503", 503),
        ("< HTTP/1.1 429 Too Many Requests\n< x: y", 429),
        ("HTTP/2 503", 503),
        ("ERROR 503: Service Unavailable.", 503),
        ("FEHLER 503: x", 503),
        ("2026-11-21 21:44:54 エラー 429: Too Many Requests。", 429),
        ("erreur 503 : Service Unavailable", 503),
        ("503  Service Unavailable [IP: 127.0.0.1 8080]", 503),
        ("520  Unknown Error [IP: 127.0.0.1 8080]", 520),
        ("npm error code E503", 503),
        ("ERR_PNPM_FETCH_503  GET http://x: y", 503),
        ("unexpected status code 502", 502),
        ("received unexpected HTTP status: 503\nService Unavailable", 503),
        ("failed to get successful HTTP response from `x`, got 403\nbody:", 403),
        ("Response Code: 404 (Not Found)", 404),
        ("status=503", 503),
        ("openai.RateLimitError: Error code: 429 - {'error'", 429),
        ("{\"error\": {\"code\": 429}}", 429),
        ("[409] Conflict: Another update", 409),
        ("too many 503 error responses", 503),
        ("bad response Not Found 404 (http://x)", 404),
        ("gh: Not Found (HTTP 404)", 404),
        ("404 Client Error: x for url", 404),
        ("ServiceException: 503 x", 503),
        ("ClientResponseError: 400, message='Bad Request'", 400),
        ("ERROR: Forbidden(403 Forbidden", 403),
        ("returned error: 503\nreturned error: 404", 404),
        ("HTTP/1.1 503 Service Unavailable\nHTTP/1.1 200 OK", 200),
        ("statusCode: 502,", 502),
        ("`open_http': 429 Too Many Requests (OpenURI::HTTPError)", 429),
        ("got HTTP status code\n503", 503),
        ("curl: (22) The requested URL returned error: 440", 440),
        ("HTTP/1.1 499 x", 499),
        ("http status: 561", 561),
        ("Unexpected response 403 for https://x.test/v2/", 403),
        ("Error: POST https://api.x.test/repos/a/b/rulesets: 422 (request failed)", 422),
        ("Error: PUT \"https://x.test/y\": 409 The thing is there", 409),
        ("GET /v1/things: 502 <html>", 502),
        ("expected a success: 409 (The resource is there)", 409),
        ("error: [409] the update goes on", 409),
        ("Error: x: [422] it is not right", 422),
        ("request failed (status: 400)", 400),
        ("[404] Not Found: x", 404),
        ("404: Not Found", 404),
        ("failed with error\n404: Not Found", 404),
    ] {
        assert_eq!(status(text), Some(expected), "{text}");
    }
}

#[test]
fn numbers_that_are_no_status_are_left_alone() {
    for text in [
        "",
        "parser.c:429: syntax error",
        "listening on port 8503",
        "port 503",
        "limit of '120' for interval '00:05:00'",
        "exit status 128",
        "process exited with status 503",
        "got 404 rows",
        "429",
        "line 500",
        "http://127.0.0.1:8080/s404/x",
        "https://x/404/y",
        "/429",
        "version 1.503",
        "took 503ms",
        "make: *** [M:2: all] Error 22",
        "HTTP/1.1",
        "503 rows",
        "PID 404",
        "500 files [IPv4]",
        "connected to 404: x [IP: 127.0.0.1 8080]",
        "returned 500 results",
        "error code 440",
        "http 440rows",
        "http://127.0.0.1:440/",
        "status 440",
        "HTTP/1.1 299",
        "404: the first line",
        "an error\n404: the next line",
        "an error:\n[404] the next line",
        "[404] starting up",
        "error\n[503] x\n[504] y",
        "PID [404] starting up",
        "POST https://x.test/y: 42 things",
        "POST https://x.test/y: 422nd",
        "step [404] done",
        "see POST https://x.test/404",
        "exit status: 404",
        "wrote https://x.test/y: 422 rows",
    ] {
        assert_eq!(status(text), None, "{text}");
    }
}

#[test]
fn a_code_stands_behind_its_key_and_a_colon() {
    for (text, status) in [
        ("{\"code\": 429, \"x\": 1}", Some(429)),
        ("{'code': 503}", Some(503)),
        ("{\"status\": 404}", Some(404)),
        ("\"code\"429", None),
    ] {
        assert_eq!(last_status(&Text::new(text.as_bytes())), status, "{text}");
    }
}
