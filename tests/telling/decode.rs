//! Reads an `ExportTraceServiceRequest` in Protocol Buffers into what it would be in JSON, by the numbers of the official
//! definitions: one set of assertions serves both encodings. A field that is not known is a mistake.

use serde_json::{Map, Value as Json, json};

/// The kind of a field.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Id,
    Number,
    /// A number that is text in JSON.
    Int64,
    Fixed64,
    Fixed32,
    Bool,
    One(Message),
    Many(Message),
}

/// The fields of a message: number, name in JSON, kind.
type Message = fn() -> &'static [(u64, &'static str, Kind)];

fn request() -> &'static [(u64, &'static str, Kind)] {
    &[(1, "resourceSpans", Kind::Many(resource_spans))]
}

fn resource_spans() -> &'static [(u64, &'static str, Kind)] {
    &[
        (1, "resource", Kind::One(resource)),
        (2, "scopeSpans", Kind::Many(scope_spans)),
        (3, "schemaUrl", Kind::Text),
    ]
}

fn resource() -> &'static [(u64, &'static str, Kind)] {
    &[(1, "attributes", Kind::Many(pair)), (2, "droppedAttributesCount", Kind::Number)]
}

fn scope_spans() -> &'static [(u64, &'static str, Kind)] {
    &[(1, "scope", Kind::One(scope)), (2, "spans", Kind::Many(span)), (3, "schemaUrl", Kind::Text)]
}

fn scope() -> &'static [(u64, &'static str, Kind)] {
    &[(1, "name", Kind::Text), (2, "version", Kind::Text), (3, "attributes", Kind::Many(pair))]
}

fn span() -> &'static [(u64, &'static str, Kind)] {
    &[
        (1, "traceId", Kind::Id),
        (2, "spanId", Kind::Id),
        (3, "traceState", Kind::Text),
        (4, "parentSpanId", Kind::Id),
        (5, "name", Kind::Text),
        (6, "kind", Kind::Number),
        (7, "startTimeUnixNano", Kind::Fixed64),
        (8, "endTimeUnixNano", Kind::Fixed64),
        (9, "attributes", Kind::Many(pair)),
        (13, "links", Kind::Many(link)),
        (15, "status", Kind::One(status)),
        (16, "flags", Kind::Fixed32),
    ]
}

fn link() -> &'static [(u64, &'static str, Kind)] {
    &[(1, "traceId", Kind::Id), (2, "spanId", Kind::Id), (6, "flags", Kind::Fixed32)]
}

fn status() -> &'static [(u64, &'static str, Kind)] {
    &[(2, "message", Kind::Text), (3, "code", Kind::Number)]
}

fn pair() -> &'static [(u64, &'static str, Kind)] {
    &[(1, "key", Kind::Text), (2, "value", Kind::One(any))]
}

fn any() -> &'static [(u64, &'static str, Kind)] {
    &[
        (1, "stringValue", Kind::Text),
        (2, "boolValue", Kind::Bool),
        (3, "intValue", Kind::Int64),
        (5, "arrayValue", Kind::One(array)),
    ]
}

fn array() -> &'static [(u64, &'static str, Kind)] {
    &[(1, "values", Kind::Many(any))]
}

/// The request.
pub(super) fn protobuf(bytes: &[u8]) -> Json {
    message(bytes, request)
}

fn message(mut bytes: &[u8], fields: Message) -> Json {
    let mut out = Map::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let found = fields().iter().find(|(number, _, _)| *number == tag >> 3);
        let (_, name, kind) = found.unwrap_or_else(|| panic!("an unknown field {}", tag >> 3));
        let wire = match kind {
            Kind::Number | Kind::Int64 | Kind::Bool => 0,
            Kind::Fixed64 => 1,
            Kind::Text | Kind::Id | Kind::One(_) | Kind::Many(_) => 2,
            Kind::Fixed32 => 5,
        };
        assert_eq!(tag & 7, wire, "the wire type of {name}");
        let value = match kind {
            Kind::Number => json!(varint(&mut bytes)),
            Kind::Int64 => json!(varint(&mut bytes).cast_signed().to_string()),
            Kind::Bool => json!(varint(&mut bytes) == 1),
            Kind::Fixed64 => {
                json!(u64::from_le_bytes(take(&mut bytes, 8).try_into().expect("8 bytes")).to_string())
            }
            Kind::Fixed32 => json!(u32::from_le_bytes(take(&mut bytes, 4).try_into().expect("4 bytes"))),
            Kind::Text => json!(std::str::from_utf8(delimited(&mut bytes)).expect("UTF-8")),
            Kind::Id => {
                json!(delimited(&mut bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
            Kind::One(inner) | Kind::Many(inner) => message(delimited(&mut bytes), *inner),
        };
        if let Kind::Many(_) = kind {
            let list = out.entry(*name).or_insert_with(|| json!([]));
            list.as_array_mut().expect("a list").push(value);
        } else {
            let before = out.insert((*name).to_owned(), value);
            assert_eq!(before, None, "{name} twice");
        }
    }
    Json::Object(out)
}

fn delimited<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let length = usize::try_from(varint(bytes)).expect("a length");
    take(bytes, length)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let byte = take(bytes, 1)[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}
