use super::*;

fn find(variables: &[(&str, &str)]) -> Export {
    let read = |name: &str| {
        let found = variables.iter().find(|(known, value)| *known == name && !value.is_empty());
        found.map(|(_, value)| (*value).to_owned())
    };
    let incoming = read("TRACEPARENT").and_then(|text| TraceContext::parse(&text));
    Export::find(&read, incoming.as_ref())
}

fn on(variables: &[(&str, &str)]) -> Settings {
    match find(variables) {
        Export::On(settings) => *settings,
        other => panic!("{variables:?}: {other:?}"),
    }
}

const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

#[test]
fn nothing_is_exported_unless_it_is_asked_for() {
    let sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    for more in [
        &[("OTEL_SDK_DISABLED", "True")][..],
        &[("OTEL_TRACES_EXPORTER", "none")],
        &[("OTEL_TRACES_EXPORTER", "console,zipkin")],
        &[("TRACEPARENT", unsampled)],
    ] {
        assert_eq!(find(&[&[BASE], more].concat()), Export::Off, "{more:?}");
    }
    assert_eq!(find(&[]), Export::Off);
    assert_eq!(find(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]), Export::Off);
    assert_eq!(find(&[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c")]), Export::Off);
    for more in [
        &[("OTEL_SDK_DISABLED", "1")][..],
        &[("OTEL_TRACES_EXPORTER", "console, otlp")],
        &[("TRACEPARENT", sampled)],
        &[("TRACEPARENT", "nonsense")],
    ] {
        assert!(matches!(find(&[&[BASE], more].concat()), Export::On(_)), "{more:?}");
    }
}

#[test]
fn what_cannot_be_exported_is_told_with_the_way_out() {
    for (variables, told) in [
        (&[(TRACES, "collector:4318")][..], "not an http:// or https:// URL"),
        (&[(TRACES, "localhost")], "not a URL"),
        (&[(TRACES, "http://c:4317")], "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf (port 4318)"),
        (&[BASE, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], "gRPC is not supported"),
        (&[BASE, ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "thrift")], "neither http/protobuf nor http/json"),
    ] {
        match find(variables) {
            Export::Impossible(why) => assert!(why.contains(told), "{variables:?}: {why}"),
            other => panic!("{variables:?}: {other:?}"),
        }
    }
}

#[test]
fn the_url_is_made_as_the_specification_has_it() {
    for (name, endpoint, url, host) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318", "http://c:4318/v1/traces", "c:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c/a/", "https://c/a/v1/traces", "c"),
        (TRACES, "http://c:4318/here", "http://c:4318/here", "c:4318"),
        (TRACES, "https://c", "https://c/", "c"),
        (TRACES, "http://[::1]:9/x?y=1", "http://[::1]:9/x?y=1", "[::1]:9"),
    ] {
        let settings = on(&[(name, endpoint)]);
        assert_eq!((settings.url.as_str(), settings.host.as_str()), (url, host));
    }
    assert_eq!(on(&[BASE, (TRACES, "http://t/x")]).url, "http://t/x");
}

#[test]
fn the_variables_of_traces_come_before_those_of_all_signals() {
    let settings = on(&[
        BASE,
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", " key = a%20b ,bad,=x,in valid=1,c=%0a,api-key=x=y"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c.pem"),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/k.pem"),
    ]);
    assert_eq!((settings.encoding, settings.gzip), (Encoding::Json, true));
    let expected = [("key", "a b"), ("api-key", "x=y")];
    assert_eq!(settings.headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(settings.identity.authorities, Some("/ca.pem".into()));
    assert_eq!(settings.identity.client, Some(("/c.pem".into(), "/k.pem".into())));
}

#[test]
fn a_timeout_only_shortens_ours() {
    for (given, ms) in [("200", 200), ("0", 1000), ("60000", 1000), ("x", 1000), ("-1", 1000)] {
        let settings = on(&[BASE, ("OTEL_EXPORTER_OTLP_TIMEOUT", given)]);
        assert_eq!(settings.limit, Duration::from_millis(ms), "{given}");
    }
}

#[test]
fn the_resource_is_what_the_variables_say() {
    let names = |variables: &[(&str, &str)]| {
        let all = on(&[&[BASE], variables].concat()).resource;
        let texts = all.into_iter().map(|(name, value)| match value {
            Value::Text(text) => format!("{name}={text}"),
            other => panic!("{other:?}"),
        });
        texts.collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["service.name=retry"]);
    let list = ("OTEL_RESOURCE_ATTRIBUTES", "team=a%2Cb,service.name=x,,team=later");
    assert_eq!(names(&[list]), ["service.name=x", "team=a,b"]);
    assert_eq!(names(&[list, ("OTEL_SERVICE_NAME", "y")]), ["service.name=y", "team=a,b"]);
    for wrong in ["team=a,nonsense", "team=a,x=%zz", "team=a,x=1%", "team=a,x=%4", "team=a,x=%ff"] {
        assert_eq!(names(&[("OTEL_RESOURCE_ATTRIBUTES", wrong)]), ["service.name=retry"], "{wrong}");
    }
    let github = [
        ("CI", "true"),
        ("GITHUB_RUN_ID", "7"),
        ("GITHUB_SERVER_URL", "https://g"),
        ("GITHUB_REPOSITORY", "o/r"),
        ("GITHUB_SHA", "abc"),
    ];
    assert_eq!(
        names(&github),
        [
            "service.name=retry",
            "cicd.pipeline.run.id=7",
            "vcs.ref.head.revision=abc",
            "cicd.pipeline.run.url.full=https://g/o/r/actions/runs/7"
        ]
    );
    assert_eq!(names(&github[1..]), ["service.name=retry"]);
}
