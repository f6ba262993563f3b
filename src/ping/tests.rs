use super::*;

const SENTRY: &str = "https://o1.ingest.us.sentry.io/api/2/cron/job/key/";

fn report() -> Report<'static> {
    Report {
        run: "ID",
        environment: Some("a b"),
        elapsed: Duration::from_millis(1500),
        message: "gave up: exit 7 ×2",
        tail: "",
    }
}

fn urls(url: &str) -> [String; 3] {
    let target = Target::parse(url).unwrap();
    let moments = [Moment::Start, Moment::Success, Moment::Failure(7)];
    moments.map(|moment| target.request(target.kind(), moment, &report()).url)
}

#[test]
fn each_kind_is_told_in_its_own_words() {
    let base = "https://hc-ping.com/uuid";
    assert_eq!(urls(base), ["start", "0", "7"].map(|word| format!("{base}/{word}?rid=ID")));
    let given = "http://host/key/slug/?create=1#x";
    assert_eq!(
        urls(given),
        ["start", "0", "7"].map(|word| format!("http://host/key/slug/{word}?create=1&rid=ID"))
    );
    assert_eq!(
        urls(SENTRY),
        [
            "?status=in_progress&check_in_id=ID&environment=a+b",
            "?status=ok&check_in_id=ID&duration=1.500&environment=a+b",
            "?status=error&check_in_id=ID&duration=1.500&environment=a+b",
        ]
        .map(|query| format!("{SENTRY}{query}"))
    );
    let cronitor = "https://cronitor.link/p/key/job";
    let message = "message=gave+up%3A+exit+7+%C3%972";
    assert_eq!(
        urls(cronitor),
        [
            "?state=run&series=ID&env=a+b".to_owned(),
            format!("?state=complete&series=ID&{message}&env=a+b"),
            format!("?state=fail&series=ID&status_code=7&{message}&env=a+b"),
        ]
        .map(|query| format!("{cronitor}{query}"))
    );
}

#[test]
fn a_kind_is_known_by_the_host() {
    for (url, kind) in [
        ("https://hc-ping.com/x", Kind::Healthchecks),
        ("https://example.com/x", Kind::Healthchecks),
        (SENTRY, Kind::Sentry),
        ("https://sentry.io/api/2/store/", Kind::Healthchecks),
        ("https://evilsentry.io/api/2/cron/x/y/", Kind::Healthchecks),
        ("https://cronitor.link/p/k/j", Kind::Cronitor),
    ] {
        assert_eq!(Target::parse(url).unwrap().kind(), kind, "{url}");
    }
}

#[test]
fn only_healthchecks_gets_a_body_and_no_more_of_stderr_than_its_end() {
    let target = Target::parse("http://host/x").unwrap();
    let tail = format!("begin é{}", "x".repeat(MAX_TAIL_BYTES - 1));
    let report = Report { tail: &tail, ..report() };
    let request = |kind, moment| target.request(kind, moment, &report);
    let body = String::from_utf8(request(Kind::Healthchecks, Moment::Failure(1)).body).unwrap();
    let expected = format!("gave up: exit 7 ×2\n\n{}", "x".repeat(MAX_TAIL_BYTES - 1));
    assert!(body == expected, "{} bytes: {:?}", body.len(), &body[..40]);
    let start = request(Kind::Healthchecks, Moment::Start);
    assert!(!String::from_utf8(start.body).unwrap().contains("xx"));
    for kind in [Kind::Sentry, Kind::Cronitor] {
        let request = request(kind, Moment::Success);
        assert_eq!((request.method, request.body), (Method::Get, Vec::new()));
        assert!(!request.url.contains("xx"));
    }
}

#[test]
fn a_url_is_never_shown() {
    for text in ["https://hc-ping.com/s3cret", "http://h/s3cret"] {
        assert_eq!(format!("{:?}", Target::parse(text).unwrap()), "***");
    }
    for text in ["hc-ping.com/s3cret", "ftp://h/s3cret", "s3cret", "https://", "https://s3cret:x@h/"] {
        let why = Target::parse(text).unwrap_err();
        assert!(!why.contains("s3cret"), "{why}");
    }
}

#[test]
fn an_answer_is_judged() {
    let answer = |status| Ok(Answer { status, ..Answer::default() });
    assert_eq!(judge(&answer(200)), Judged::Taken);
    for status in [408, 429, 500, 503] {
        assert_eq!(judge(&answer(status)), Judged::Again(format!("HTTP {status}"), None));
    }
    for status in [301, 400, 404, 410] {
        assert!(matches!(judge(&answer(status)), Judged::Refused(_)), "{status}");
    }
    let none = Err(NoAnswer { why: "why".to_owned(), cut: false });
    assert_eq!(judge(&none), Judged::Again("why".to_owned(), None));
}
