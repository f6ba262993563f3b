//! Words that are no evidence, and words that beat others.

use super::*;

fn judged(command: &str, code: u8, stderr: &str) -> crate::classify::Classification {
    Rules { knowledge: Rc::new(reading(command)), ..Rules::default() }
        .classify(&attempt(code, stderr, ""), None)
}

#[track_caller]
fn check(class: Class, runs: &[(&str, u8, &str)]) {
    for (command, code, stderr) in runs {
        let verdict = judged(command, *code, stderr);
        assert_eq!(verdict.class, class, "{command} ({code}) {stderr}: by {}", verdict.rule.id);
    }
}

#[test]
fn a_limits_word_in_a_name_is_no_limit() {
    for status in [401, 403, 404, 422] {
        let dump = format!(
            "< HTTP/1.1 {status} X\n< x-ratelimit-limit: 60\n< x-ratelimit-remaining: 59\n< ratelimit-policy: 60;w=60\n\
             curl: (22) The requested URL returned error: {status}"
        );
        check(Class::Permanent, &[("curl -vf http://b", 22, &dump)]);
    }
    check(
        Class::Permanent,
        &[
            (
                "pip install ratelimit==9.9",
                1,
                "ERROR: Could not find a version that satisfies the requirement ratelimit==9.9 (from versions: 1.0)\nERROR: No matching distribution found for ratelimit==9.9",
            ),
            (
                "pip install slowdown",
                1,
                "ERROR: Could not find a version that satisfies the requirement slowdown (from versions: 1.0)\nERROR: No matching distribution found for slowdown",
            ),
            (
                "docker pull envoyproxy/ratelimit:nope",
                1,
                "Error response from daemon: manifest for envoyproxy/ratelimit:nope not found: manifest unknown: manifest unknown",
            ),
            (
                "go get github.com/envoyproxy/ratelimit@v9",
                1,
                "go: github.com/envoyproxy/ratelimit@v9: invalid version: unknown revision v9",
            ),
            (
                "npm install toomanyrequests",
                1,
                "npm error code E404\nnpm error 404 Not Found - GET https://r.test/toomanyrequests",
            ),
            ("apt-get install slowdown", 100, "E: Unable to locate package slowdown"),
            ("apt-get install stalled", 100, "E: Unable to locate package stalled"),
            (
                "curl -f http://b",
                22,
                "< x-ratelimit-remaining: 0\n< HTTP/1.1 404 Not Found\ncurl: (22) The requested URL returned error: 404",
            ),
        ],
    );
    check(
        Class::Throttled,
        &[
            (
                "curl -vf http://b",
                22,
                "< HTTP/1.1 403 Forbidden\n< x-ratelimit-remaining: 0\ncurl: (22) The requested URL returned error: 403",
            ),
            ("node x.js", 1, "status: 403, headers: {\n  'x-ratelimit-remaining': '0',\n }"),
            ("doctl x", 1, "Error: please slow down"),
            ("s3cmd put x", 1, "ERROR: S3 error: 503 (SlowDown): Please reduce your request rate."),
            ("curl http://b", 22, "{\"ok\":false,\"error\":\"ratelimited\"}"),
            ("docker pull x", 1, "toomanyrequests: You have reached your pull rate limit."),
        ],
    );
}

#[test]
fn a_cause_in_the_same_sentence_beats_the_network_words_around_it() {
    check(
        Class::Permanent,
        &[
            ("packer build x", 1, "error connecting to docker: the client must be authenticated"),
            ("mosquitto_pub x", 1, "can't connect to /run/mqtt.sock: Permission denied"),
            ("docker ps", 1, "dial unix /var/run/docker.sock: connect: permission denied"),
            ("flyway migrate", 1, "connection failed: fe_sendauth: no password supplied"),
            ("flyway migrate", 1, "could not connect: FATAL: role \"x\" does not exist"),
            ("flyway migrate", 1, "connection to server failed: FATAL: database \"x\" does not exist"),
            (
                "git fetch",
                128,
                "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey]",
            ),
            ("packer build x", 1, "ssh: handshake failed: knownhosts: key mismatch"),
            (
                "nuget restore",
                1,
                "The SSL connection could not be established, see inner exception. The remote certificate is invalid",
            ),
            ("node x.js", 1, "Error: connect EBADF 127.0.0.1:80 - Local (0.0.0.0:0)"),
        ],
    );
    check(
        Class::Transient,
        &[
            ("consul x", 1, "could not connect to auth-service: Connection refused"),
            ("consul x", 1, "connect to certificate.example.com port 443 failed: Connection timed out"),
            (
                "git fetch",
                128,
                "ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights",
            ),
            (
                "psql -c x",
                2,
                "connection to server at \"b\", port 5432 failed: FATAL: the database system is starting up",
            ),
            ("consul x", 1, "connection refused\nnothing in the permission table was touched"),
        ],
    );
}

#[test]
fn harmless_lines_decide_nothing() {
    const LOCALE: &str =
        "bash: warning: setlocale: LC_ALL: cannot change locale (en_US.UTF-8): No such file or directory\n";
    const SUDO: &str = "sudo: unable to resolve host ci-1: Name or service not known\n";
    const KNOWN: &str = "Warning: Permanently added 'x' (ED25519) to the list of known hosts.\n";
    check(
        Class::Transient,
        &[
            ("ssh x deploy", 255, LOCALE),
            ("ssh x deploy", 1, KNOWN),
            (
                "ssh x deploy",
                255,
                &format!("{KNOWN}{LOCALE}ssh: connect to host x port 22: Connection refused"),
            ),
            (
                "ssh x",
                255,
                "Unauthorized access is prohibited.\nkex_exchange_identification: Connection closed by remote host",
            ),
        ],
    );
    check(
        Class::Permanent,
        &[
            ("sudo apt-get install foo", 100, &format!("{SUDO}E: Unable to locate package foo")),
            ("ssh x deploy", 255, &format!("{KNOWN}x: Permission denied (publickey).")),
            (
                "pip install x",
                1,
                "/x.py:3: DeprecationWarning: connection refused\nERROR: Invalid requirement: 'lab pkg!!'",
            ),
        ],
    );
}

#[test]
fn a_server_that_says_not_to_come_back_is_heeded() {
    for (command, code, stderr) in [
        (
            "curl -vf http://b",
            22,
            "< HTTP/1.1 503 X\n< x-should-retry: false\ncurl: (22) The requested URL returned error: 503",
        ),
        ("grpcurl b:1 x", 78, "grpc-retry-pushback-ms: -1\nERROR:\n  Code: Unavailable"),
    ] {
        let verdict = judged(command, code, stderr);
        assert_eq!((verdict.class, &*verdict.rule.id), (Class::Permanent, "no-retry"), "{stderr}");
    }
    check(Class::Transient, &[("curl -vf http://b", 22, "< HTTP/1.1 503 X\n< x-should-retry: true\n")]);
}

#[test]
fn the_reason_the_status_and_the_line_are_told() {
    for (command, code, stderr, reason, status, line) in [
        (
            "curl -f http://b",
            22,
            "x\ncurl: (22) The requested URL returned error: 429\ny",
            "HTTP 429",
            Some(429),
            "curl: (22) The requested URL returned error: 429",
        ),
        (
            "curl -f http://b",
            22,
            "curl: (22) The requested URL returned error: 404\ny",
            "HTTP 404",
            Some(404),
            "curl: (22) The requested URL returned error: 404",
        ),
        (
            "curl http://b",
            7,
            "x\ncurl: (7) Failed to connect to b port 80: Connection refused\ny",
            "connection refused",
            None,
            "curl: (7) Failed to connect to b port 80: Connection refused",
        ),
    ] {
        let rules = Rules { knowledge: Rc::new(reading(command)), quotes: true, ..Rules::default() };
        let verdict = rules.classify(&attempt(code, stderr, ""), None);
        assert_eq!(
            (&*verdict.reason, verdict.http_status, verdict.quote.as_deref()),
            (reason, status, Some(line)),
            "{stderr}"
        );
    }
    // Nothing was written: the status is all that is told.
    let rules = Rules { knowledge: Rc::new(reading("curl http://b")), quotes: true, ..Rules::default() };
    let verdict = rules.classify(&attempt(28, "", ""), None);
    assert_eq!((&*verdict.reason, verdict.quote), ("timed out", None));
}

#[test]
fn what_was_not_found_is_not_what_an_earlier_line_says() {
    check(
        Class::Permanent,
        &[("curl http://b", 127, "curl: (7) Failed to connect to b: Connection refused")],
    );
    assert_eq!(judged("curl http://b", 127, "Connection refused").kind.as_deref(), Some("not-found"));
}
