//! A span, and a whole trace's worth of them, as the messages of OTLP (`opentelemetry/proto/trace/v1/trace.proto`).

use super::encode::{Encoder, Field};
use super::value::{Attributes, Value};

/// The role of a span towards its parent; the numbers are OTLP's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Internal = 1,
    Client = 3,
}

/// An operation of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) id: u64,
    /// 0: none.
    pub(super) parent: u64,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Nanoseconds since the Unix epoch.
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) attributes: Attributes,
    /// Another span of the trace that this one follows.
    pub(super) link: Option<u64>,
    /// Why it failed, in words; `None`: it did not, or that is nobody's judgement.
    pub(super) error: Option<String>,
    /// The flags of W3C, and OTLP's on the parent.
    pub(super) flags: u32,
}

/// Set where it is known whether the parent is in another process.
pub(super) const KNOWS_PARENT: u32 = 0x100;
/// Set where it is.
pub(super) const REMOTE_PARENT: u32 = 0x200;

/// The spans of one run and what they have in common.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub(super) trace: u128,
    /// The flags of links, which are to spans of our own.
    pub(super) flags: u32,
    pub(super) resource: &'a Attributes,
    /// Of `retry`.
    pub(super) version: &'a str,
    pub(super) spans: Vec<&'a Span>,
}

/// The status code of a span that failed.
const ERROR: u64 = 2;

impl Batch<'_> {
    /// The message `ExportTraceServiceRequest`.
    pub(super) fn encode<E: Encoder>(&self) -> E {
        let mut resource = E::default();
        attributes(&mut resource, Field(1, "attributes"), self.resource);
        let mut scope = E::default();
        scope.text(Field(1, "name"), "retry");
        scope.text(Field(2, "version"), self.version);
        let mut scope_spans = E::default();
        scope_spans.message(Field(1, "scope"), scope);
        scope_spans.list(Field(2, "spans"), self.spans.iter().map(|span| self.span(span)).collect());
        let mut resource_spans = E::default();
        resource_spans.message(Field(1, "resource"), resource);
        resource_spans.list(Field(2, "scopeSpans"), vec![scope_spans]);
        let mut request = E::default();
        request.list(Field(1, "resourceSpans"), vec![resource_spans]);
        request
    }

    fn span<E: Encoder>(&self, span: &Span) -> E {
        let mut out = E::default();
        out.id(Field(1, "traceId"), &self.trace.to_be_bytes());
        out.id(Field(2, "spanId"), &span.id.to_be_bytes());
        if span.parent != 0 {
            out.id(Field(4, "parentSpanId"), &span.parent.to_be_bytes());
        }
        out.text(Field(5, "name"), &span.name);
        out.number(Field(6, "kind"), span.kind as u64);
        out.fixed64(Field(7, "startTimeUnixNano"), span.start);
        out.fixed64(Field(8, "endTimeUnixNano"), span.end);
        attributes(&mut out, Field(9, "attributes"), &span.attributes);
        if let Some(before) = span.link {
            let mut link = E::default();
            link.id(Field(1, "traceId"), &self.trace.to_be_bytes());
            link.id(Field(2, "spanId"), &before.to_be_bytes());
            link.fixed32(Field(6, "flags"), self.flags);
            out.list(Field(13, "links"), vec![link]);
        }
        if let Some(why) = &span.error {
            let mut status = E::default();
            status.text(Field(2, "message"), why);
            status.number(Field(3, "code"), ERROR);
            out.message(Field(15, "status"), status);
        }
        out.fixed32(Field(16, "flags"), span.flags);
        out
    }
}

fn attributes<E: Encoder>(out: &mut E, field: Field, attributes: &Attributes) {
    let pairs = attributes.iter().map(|(name, value)| {
        let mut pair = E::default();
        pair.text(Field(1, "key"), name);
        pair.message(Field(2, "value"), any(value));
        pair
    });
    out.list(field, pairs.collect());
}

/// The message `AnyValue`.
fn any<E: Encoder>(value: &Value) -> E {
    let mut out = E::default();
    match value {
        Value::Text(text) => out.text(Field(1, "stringValue"), text),
        Value::Switch(switch) => out.switch(Field(2, "boolValue"), *switch),
        Value::Whole(number) => out.int64(Field(3, "intValue"), *number),
        Value::Texts(texts) => {
            let mut array = E::default();
            array
                .list(Field(1, "values"), texts.iter().map(|text| any(&Value::Text(text.clone()))).collect());
            out.message(Field(5, "arrayValue"), array);
        }
    }
    out
}
