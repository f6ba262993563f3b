//! Whether and where a run's spans are exported, according to OpenTelemetry's variables.

use std::borrow::Cow;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use percent_encoding::percent_decode_str;
use url::Url;

use super::TraceContext;
use super::value::{Attributes, Value};
use crate::base::http::{Identity, Method, Request};

/// The common prefix of variables at least one of which is needed for an export.
pub const ENDPOINTS: &str = "OTEL_EXPORTER_OTLP_";
/// The longest that an export may take, including name resolution and a second try.
pub(super) const LIMIT: Duration = Duration::from_secs(1);

/// What to do with a run's spans.
#[derive(Debug, PartialEq, Eq)]
pub enum Export {
    /// They were not requested, or the trace is not sampled.
    Off,
    /// Spans were requested in an impossible way; the reason in words.
    Impossible(String),
    On(Box<Settings>),
}

/// How spans are exported.
#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    pub url: String,
    /// The endpoint's host, and its port if named.
    pub host: String,
    pub headers: Vec<(String, String)>,
    pub encoding: Encoding,
    pub gzip: bool,
    pub identity: Identity,
    /// 1 s at most.
    pub limit: Duration,
    /// Attributes of the resource, from `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` and the variables of CI systems.
    pub resource: Attributes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// Reads a variable. One that is empty or not UTF-8 counts as unset.
pub(super) type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Export {
    /// Reads the settings. `incoming`: the context that the run was started in.
    pub fn find(read: Read<'_>, incoming: Option<&TraceContext>) -> Self {
        let of_traces = read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let Some(endpoint) = of_traces.clone().or_else(|| read("OTEL_EXPORTER_OTLP_ENDPOINT")) else {
            return Export::Off;
        };
        let disabled = read("OTEL_SDK_DISABLED").is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
        let elsewhere = read("OTEL_TRACES_EXPORTER")
            .is_some_and(|names| !names.split(',').any(|name| name.trim().eq_ignore_ascii_case("otlp")));
        if disabled || elsewhere || incoming.is_some_and(|context| !context.is_sampled()) {
            return Export::Off;
        }
        match Settings::read(read, &endpoint, of_traces.is_some()) {
            Ok(settings) => Export::On(Box::new(settings)),
            Err(why) => Export::Impossible(why),
        }
    }
}

impl Settings {
    /// The request that exports this body.
    pub fn request(&self, body: Vec<u8>) -> Request {
        let kind = match self.encoding {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        };
        let mut headers = self.headers.clone();
        headers.push(("Content-Type".to_owned(), kind.to_owned()));
        let body = match self.gzip.then(|| compressed(&body)).flatten() {
            Some(compressed) => {
                headers.push(("Content-Encoding".to_owned(), "gzip".to_owned()));
                compressed
            }
            None => body,
        };
        let (url, identity) = (self.url.clone(), self.identity.clone());
        Request { method: Method::Post, url, headers, body, identity }
    }

    fn read(read: Read<'_>, endpoint: &str, is_whole: bool) -> Result<Self, String> {
        let Ok(mut url) = Url::parse(endpoint.trim()) else {
            return Err("the OTLP endpoint is not a URL such as http://localhost:4318".to_owned());
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err("the OTLP endpoint is not an http:// or https:// URL".to_owned());
        }
        let protocol = of_signal(read, "PROTOCOL").map(|text| text.trim().to_ascii_lowercase());
        let encoding = match protocol.as_deref() {
            Some("http/protobuf") => Encoding::Protobuf,
            None if url.port() != Some(4317) => Encoding::Protobuf,
            Some("http/json") => Encoding::Json,
            None | Some("grpc") => {
                return Err(
                    "OTLP over gRPC is not supported; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
                            (port 4318)"
                        .to_owned(),
                );
            }
            Some(_) => {
                return Err("OTEL_EXPORTER_OTLP_PROTOCOL is neither http/protobuf nor http/json".to_owned());
            }
        };
        if !is_whole {
            let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let file = |name| of_signal(read, name).map(PathBuf::from);
        let limit = of_signal(read, "TIMEOUT").and_then(|text| text.trim().parse().ok());
        Ok(Self {
            host,
            url: url.into(),
            headers: of_signal(read, "HEADERS").map(|text| headers(&text)).unwrap_or_default(),
            encoding,
            gzip: of_signal(read, "COMPRESSION").is_some_and(|text| text.trim() == "gzip"),
            identity: Identity {
                authorities: file("CERTIFICATE"),
                client: file("CLIENT_CERTIFICATE").zip(file("CLIENT_KEY")),
            },
            limit: limit.filter(|ms| *ms > 0).map_or(LIMIT, |ms| Duration::from_millis(ms).min(LIMIT)),
            resource: resource(read),
        })
    }
}

fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

/// The variable for traces, or else the one for all signals.
fn of_signal(read: Read<'_>, name: &str) -> Option<String> {
    read(&format!("{ENDPOINTS}TRACES_{name}")).or_else(|| read(&format!("{ENDPOINTS}{name}")))
}

/// `name=value,name=value`, with percent-encoded values. Anything that is not a pair or not allowed in a header is skipped.
fn headers(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(pair);
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let fits = |(name, value): &(String, String)| {
        name.bytes().all(is_token) && value.chars().all(|c| c == '\t' || (' '..='~').contains(&c))
    };
    pairs.filter(fits).collect()
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let value = decoded(value.trim())?;
    (!name.is_empty()).then(|| (name.to_owned(), value))
}

/// `None` if a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let is_code = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let is_whole = text.split('%').skip(1).all(is_code);
    percent_decode_str(text).decode_utf8().ok().filter(|_| is_whole).map(Cow::into_owned)
}

/// The attributes of the resource from variables; `service.name` is always present, and first.
fn resource(read: Read<'_>) -> Attributes {
    // A list with a mistake is discarded completely.
    let given = read("OTEL_RESOURCE_ATTRIBUTES").map_or_else(Vec::new, |text| {
        let parts = text.split(',').filter(|part| !part.trim().is_empty());
        parts.map(pair).collect::<Option<Vec<_>>>().unwrap_or_default()
    });
    let named = given.iter().find(|(name, _)| name == "service.name").map(|(_, value)| value.clone());
    let service = read("OTEL_SERVICE_NAME").or(named).unwrap_or_else(|| "retry".to_owned());
    let mut all: Attributes = vec![("service.name".to_owned(), service.into())];
    let of_ci = ci(read);
    let mut add = |name: &str, value: Value| {
        if !all.iter().any(|(known, _)| known == name) {
            all.push((name.to_owned(), value));
        }
    };
    for (name, value) in given {
        add(&name, value.into());
    }
    for (name, value) in of_ci {
        add(name, value.into());
    }
    all
}

/// Attributes of a pipeline, each with its variables.
const PIPELINE: [(&str, &[&str]); 6] = [
    ("cicd.pipeline.name", &["GITHUB_WORKFLOW", "CI_PIPELINE_NAME", "BUILDKITE_PIPELINE_SLUG"]),
    ("cicd.pipeline.run.id", &["GITHUB_RUN_ID", "CI_PIPELINE_ID", "BUILDKITE_BUILD_ID"]),
    ("cicd.pipeline.task.name", &["GITHUB_JOB", "CI_JOB_NAME", "BUILDKITE_LABEL"]),
    ("cicd.pipeline.task.run.id", &["CI_JOB_ID", "BUILDKITE_JOB_ID"]),
    ("cicd.pipeline.run.url.full", &["CI_PIPELINE_URL", "BUILDKITE_BUILD_URL"]),
    ("vcs.ref.head.revision", &["GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT"]),
];

/// Attributes of the surrounding pipeline, from the variables of CI systems.
fn ci(read: Read<'_>) -> Vec<(&'static str, String)> {
    if read("CI").is_none() {
        return Vec::new();
    }
    let said = PIPELINE.iter().filter_map(|(name, variables)| {
        variables.iter().find_map(|variable| read(variable)).map(|value| (*name, value))
    });
    let of_github = || {
        let (server, repository) = (read("GITHUB_SERVER_URL")?, read("GITHUB_REPOSITORY")?);
        let run = read("GITHUB_RUN_ID")?;
        Some(("cicd.pipeline.run.url.full", format!("{server}/{repository}/actions/runs/{run}")))
    };
    said.chain(of_github()).collect()
}

#[cfg(test)]
mod tests;
