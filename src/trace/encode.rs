//! The two encodings of OTLP. A message is described once, field by field, and each encoding uses what it needs: a field's
//! number (Protocol Buffers) or its name (JSON, where identifiers are hexadecimal and 64-bit numbers are strings).

use serde_json::{Map, Value as Json, json};

/// A field of a message: its number, and its name in JSON.
#[derive(Clone, Copy)]
pub(super) struct Field(pub(super) u32, pub(super) &'static str);

/// A message that is being written. Fields are written once each, in any order.
pub(super) trait Encoder: Default {
    fn text(&mut self, field: Field, text: &str);
    /// An identifier of a trace or a span.
    fn id(&mut self, field: Field, id: &[u8]);
    /// A number that is small: an enumeration.
    fn number(&mut self, field: Field, number: u64);
    fn int64(&mut self, field: Field, number: i64);
    fn switch(&mut self, field: Field, switch: bool);
    fn fixed32(&mut self, field: Field, number: u32);
    fn fixed64(&mut self, field: Field, number: u64);
    fn message(&mut self, field: Field, message: Self);
    fn list(&mut self, field: Field, messages: Vec<Self>);
}

/// Protocol Buffers.
#[derive(Default)]
pub(super) struct Protobuf(pub(super) Vec<u8>);

/// The ways in which a field's value is written.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

impl Protobuf {
    fn tag(&mut self, field: Field, wire: Wire) {
        self.varint(u64::from(field.0) << 3 | wire as u64);
    }

    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn bytes(&mut self, field: Field, bytes: &[u8]) {
        self.tag(field, Wire::Bytes);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

impl Encoder for Protobuf {
    fn text(&mut self, field: Field, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn id(&mut self, field: Field, id: &[u8]) {
        self.bytes(field, id);
    }

    fn number(&mut self, field: Field, number: u64) {
        self.tag(field, Wire::Varint);
        self.varint(number);
    }

    fn int64(&mut self, field: Field, number: i64) {
        self.number(field, number.cast_unsigned());
    }

    fn switch(&mut self, field: Field, switch: bool) {
        self.number(field, switch.into());
    }

    fn fixed32(&mut self, field: Field, number: u32) {
        self.tag(field, Wire::Fixed32);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn fixed64(&mut self, field: Field, number: u64) {
        self.tag(field, Wire::Fixed64);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn message(&mut self, field: Field, message: Self) {
        self.bytes(field, &message.0);
    }

    fn list(&mut self, field: Field, messages: Vec<Self>) {
        for message in messages {
            self.message(field, message);
        }
    }
}

/// JSON.
#[derive(Default)]
pub(super) struct JsonText(Map<String, Json>);

impl JsonText {
    fn set(&mut self, field: Field, value: Json) {
        self.0.insert(field.1.to_owned(), value);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        Json::Object(self.0).to_string().into_bytes()
    }
}

impl Encoder for JsonText {
    fn text(&mut self, field: Field, text: &str) {
        self.set(field, json!(text));
    }

    fn id(&mut self, field: Field, id: &[u8]) {
        self.set(field, json!(id.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
    }

    fn number(&mut self, field: Field, number: u64) {
        self.set(field, json!(number));
    }

    fn int64(&mut self, field: Field, number: i64) {
        self.set(field, json!(number.to_string()));
    }

    fn switch(&mut self, field: Field, switch: bool) {
        self.set(field, json!(switch));
    }

    fn fixed32(&mut self, field: Field, number: u32) {
        self.set(field, json!(number));
    }

    fn fixed64(&mut self, field: Field, number: u64) {
        self.set(field, json!(number.to_string()));
    }

    fn message(&mut self, field: Field, message: Self) {
        self.set(field, Json::Object(message.0));
    }

    fn list(&mut self, field: Field, messages: Vec<Self>) {
        self.set(field, messages.into_iter().map(|message| Json::Object(message.0)).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_protocol_buffers_have_them() {
        let mut inner = Protobuf::default();
        inner.number(Field(1, "a"), 150);
        assert_eq!(inner.0, [0x08, 0x96, 0x01]);
        let mut out = Protobuf::default();
        out.text(Field(2, "b"), "testing");
        out.message(Field(3, "c"), inner);
        out.int64(Field(4, "d"), -2);
        out.fixed32(Field(16, "e"), 1);
        let expected = [
            &[0x12, 0x07][..],
            b"testing",
            &[0x1a, 0x03, 0x08, 0x96, 0x01],
            &[0x20, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            &[0x85, 0x01, 1, 0, 0, 0],
        ];
        assert_eq!(out.0, expected.concat());
    }

    #[test]
    fn fields_are_written_as_the_json_of_otlp_has_them() {
        let mut out = JsonText::default();
        out.id(Field(1, "spanId"), &[0, 0xab]);
        out.fixed64(Field(2, "startTimeUnixNano"), u64::MAX);
        out.int64(Field(3, "intValue"), -1);
        out.number(Field(4, "kind"), 3);
        out.list(Field(5, "links"), vec![JsonText::default()]);
        let text = String::from_utf8(out.into_bytes()).unwrap();
        let expected = r#"{"spanId":"00ab","startTimeUnixNano":"18446744073709551615","intValue":"-1","kind":3,"links":[{}]}"#;
        assert_eq!(text, expected);
    }
}
