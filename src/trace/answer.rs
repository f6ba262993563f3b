//! Interprets a collector's answer according to OTLP/HTTP.

use serde_json::Value as Json;

use super::settings::Encoding;
use crate::base::http::{Answer, Judged, NoAnswer};

/// Judges the answer to an export. A lost connection, and the statuses that OTLP names, are worth another try.
pub fn judge(answer: &Result<Answer, NoAnswer>) -> Judged {
    match answer {
        Ok(Answer { status: 200..=299, .. }) => Judged::Taken,
        Ok(Answer { status: status @ (429 | 502 | 503 | 504), retry_after, .. }) => {
            Judged::Again(format!("HTTP {status}"), *retry_after)
        }
        Ok(answer) => Judged::Refused(format!("HTTP {}", answer.status)),
        Err(NoAnswer { why, cut: true }) => Judged::Again(why.clone(), None),
        Err(none) => Judged::Refused(none.why.clone()),
    }
}

/// The message of a collector that accepted an export but rejected some spans.
pub fn rejected(body: &[u8], encoding: Encoding) -> Option<String> {
    let (spans, why) = match encoding {
        Encoding::Json => in_json(body)?,
        Encoding::Protobuf => in_protobuf(body)?,
    };
    let why = if why.is_empty() { why } else { format!(": {why}") };
    (spans > 0).then(|| format!("the collector rejected {spans} spans{why}"))
}

fn in_json(body: &[u8]) -> Option<(u64, String)> {
    let answer: Json = serde_json::from_slice(body).ok()?;
    let partial = answer.get("partialSuccess")?;
    let spans = match partial.get("rejectedSpans")? {
        Json::String(digits) => digits.parse().ok()?,
        number => number.as_u64()?,
    };
    let why = partial.get("errorMessage").and_then(Json::as_str).unwrap_or_default();
    Some((spans, why.to_owned()))
}

/// `ExportTraceServiceResponse`: its field 1 is `ExportTracePartialSuccess`, a count and a text.
fn in_protobuf(body: &[u8]) -> Option<(u64, String)> {
    let (mut spans, mut why) = (0, String::new());
    let mut fields = Fields(body);
    while let Some((number, field)) = fields.next()? {
        let Field::Bytes(partial) = field else { continue };
        let mut inner = Fields(partial);
        while let Some(field) = inner.next().filter(|_| number == 1)? {
            match field {
                (1, Field::Number(count)) => spans = count,
                (2, Field::Bytes(text)) => why = String::from_utf8_lossy(text).into_owned(),
                _ => {}
            }
        }
    }
    Some((spans, why))
}

/// The fields of a message that are left to read.
struct Fields<'a>(&'a [u8]);

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of a fixed width.
    Other,
}

impl<'a> Fields<'a> {
    /// The next field and its number: `None` if the bytes are not a message, `Some(None)` at its end.
    #[expect(clippy::option_option, reason = "the end is no mistake")]
    fn next(&mut self) -> Option<Option<(u64, Field<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(self.varint()?),
            1 => self.take(8).map(|_| Field::Other)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Field::Other)?,
            _ => return None,
        };
        Some(Some((tag >> 3, field)))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte, rest @ ..] = self.0 else { return None };
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_judged_as_otlp_has_it() {
        let answer = |status| Ok(Answer { status, ..Answer::default() });
        for status in [200, 202] {
            assert_eq!(judge(&answer(status)), Judged::Taken);
        }
        for status in [429, 502, 503, 504] {
            assert!(matches!(judge(&answer(status)), Judged::Again(..)), "{status}");
        }
        for status in [301, 400, 401, 413, 500] {
            assert!(matches!(judge(&answer(status)), Judged::Refused(_)), "{status}");
        }
        let none = |cut| Err(NoAnswer { why: "why".to_owned(), cut });
        assert_eq!(judge(&none(true)), Judged::Again("why".to_owned(), None));
        assert_eq!(judge(&none(false)), Judged::Refused("why".to_owned()));
    }

    #[test]
    fn rejected_spans_are_told_of_in_both_encodings() {
        let told = Some("the collector rejected 3 spans: too old".to_owned());
        let json = br#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#;
        assert_eq!(rejected(json, Encoding::Json), told);
        let protobuf = b"\x0a\x0b\x08\x03\x12\x07too old";
        assert_eq!(rejected(protobuf, Encoding::Protobuf), told);
        for (body, encoding) in [
            (&b""[..], Encoding::Protobuf),
            (b"\x0a\x00", Encoding::Protobuf),
            (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", Encoding::Protobuf),
            (b"\x0a\x7f\x08", Encoding::Protobuf),
            (b"<html>", Encoding::Protobuf),
            (b"{}", Encoding::Json),
            (b"<html>", Encoding::Json),
            (br#"{"partialSuccess":{"rejectedSpans":0}}"#, Encoding::Json),
        ] {
            assert_eq!(rejected(body, encoding), None, "{body:?}");
        }
    }
}
