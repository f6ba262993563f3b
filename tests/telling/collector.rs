//! A collector of traces, and the questions that tests ask of the spans that it got.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::Value as Json;

use super::decode;
use super::receiver::{Receiver, Request};

/// The spans of one export.
pub(super) struct Export {
    pub(super) whole: Json,
    pub(super) spans: Vec<Json>,
}

impl Export {
    pub(super) fn of(request: &Request) -> Self {
        assert_eq!(request.method, "POST");
        let mut body = request.body.clone();
        if request.header("content-encoding") == Some("gzip") {
            body.clear();
            GzDecoder::new(&request.body[..]).read_to_end(&mut body).expect("gzip");
        }
        let whole = match request.header("content-type") {
            Some("application/x-protobuf") => decode::protobuf(&body),
            Some("application/json") => serde_json::from_slice(&body).expect("JSON"),
            other => panic!("{other:?}"),
        };
        let spans = whole["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
        Self { whole, spans }
    }

    /// The run's span, and those of its attempts.
    pub(super) fn parts(&self) -> (&Json, &[Json]) {
        let (run, attempts) = self.spans.split_first().expect("a span");
        (run, attempts)
    }

    /// An attribute of the resource, as text.
    pub(super) fn resource(&self, name: &str) -> Option<String> {
        attribute(&self.whole["resourceSpans"][0]["resource"], name)
    }
}

impl Receiver {
    /// The one export that was made.
    #[track_caller]
    pub(super) fn export(&self) -> Export {
        Export::of(&self.one())
    }
}

/// An attribute, as text.
pub(super) fn attribute(of: &Json, name: &str) -> Option<String> {
    let pair = of["attributes"].as_array()?.iter().find(|pair| pair["key"] == name)?;
    let value = pair["value"].as_object()?.values().next()?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Begin and end, in nanoseconds since the Unix epoch.
#[track_caller]
pub(super) fn times(span: &Json) -> [u64; 2] {
    ["startTimeUnixNano", "endTimeUnixNano"]
        .map(|name| span[name].as_str().expect("text").parse().expect("a number"))
}
