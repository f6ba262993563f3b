//! Normalises a captured stream for matching: removes terminal control sequences, box drawing and the prefixes that tools
//! put before each line, and folds white space. Line breaks are kept, since headers begin a line; a space in a pattern also
//! matches a line break, since tools wrap their messages.

use std::ops::Range;

/// The most that is read of a stream, in bytes, from its end.
pub(super) const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Normalised text, with an index that quickly rules out literals that do not occur in it.
#[derive(Debug)]
pub struct Text {
    pub plain: Vec<u8>,
    /// The text in lower case (ASCII).
    pub lower: Vec<u8>,
    grams: Vec<u64>,
}

impl Text {
    pub fn new(raw: &[u8]) -> Self {
        Self::of(normalise(&raw[raw.len().saturating_sub(MAX_TEXT_BYTES)..]))
    }

    /// Text that has been normalised already.
    fn of(plain: Vec<u8>) -> Self {
        let lower = plain.to_ascii_lowercase();
        let mut grams = vec![0; GRAM_WORDS];
        for gram in lower.windows(3) {
            let (word, bit) = place(gram);
            grams[word] |= bit;
        }
        Self { plain, lower, grams }
    }

    /// Whether the beginning of the output may be missing.
    pub fn is_cut(raw: &[u8]) -> bool {
        raw.len() >= MAX_TEXT_BYTES
    }

    /// The start of the line that contains this offset.
    pub fn line_start(&self, at: usize) -> usize {
        self.plain[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1)
    }

    /// The end of the line that contains this offset.
    pub fn line_end(&self, at: usize) -> usize {
        self.plain[at..].iter().position(|byte| *byte == b'\n').map_or(self.plain.len(), |length| at + length)
    }

    /// The text without the lines that contain these offsets.
    pub fn without(self, places: &[Range<usize>]) -> Self {
        if places.is_empty() {
            return self;
        }
        let lines =
            |place: &Range<usize>| self.line_start(place.start)..self.line_end(place.end.max(place.start));
        let dropped: Vec<_> = places.iter().map(lines).collect();
        let mut plain = Vec::with_capacity(self.plain.len());
        let mut start = 0;
        for line in self.plain.split(|byte| *byte == b'\n') {
            if !dropped.iter().any(|gone| (gone.start..=gone.end).contains(&start)) {
                plain.extend_from_slice(line);
                plain.push(b'\n');
            }
            start += line.len() + 1;
        }
        plain.pop();
        Self::of(plain)
    }

    /// False only if `literal` (in lower case) is certainly not in the text.
    pub fn may_hold(&self, literal: &[u8]) -> bool {
        literal.windows(3).all(|gram| {
            let (word, bit) = place(gram);
            self.grams[word] & bit != 0
        })
    }
}

/// The index has a bit for each of 2^18 groups of three bytes.
const GRAM_BITS: u32 = 18;
const GRAM_WORDS: usize = 1 << (GRAM_BITS - 6);

/// The position of the bit for three bytes. All white space counts as a space.
fn place(gram: &[u8]) -> (usize, u64) {
    let byte = |at: usize| u32::from(if gram[at] == b'\n' { b' ' } else { gram[at] });
    let hash = (byte(0) << 16 | byte(1) << 8 | byte(2)).wrapping_mul(0x9e37_79b1) >> (32 - GRAM_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

fn normalise(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let raw = without_escapes(raw);
    let numbered = are_numbered(&raw);
    for line in raw.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let start = out.len();
        fold(if numbered { &line[number(line)..] } else { line }, &mut out);
        while out.last() == Some(&b' ') && out.len() > start {
            out.pop();
        }
        let prefix = prefix(&out[start..]);
        out.drain(start..start + prefix);
        if is_status_row(&out[start..]) {
            out.truncate(start);
        }
        if out.len() > start {
            out.push(b'\n');
        }
    }
    out.pop();
    out
}

/// Whether all lines begin with a number, as in a pager or a CI log. Such a number is not an HTTP status.
fn are_numbered(raw: &[u8]) -> bool {
    let lines = raw.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.trim_ascii().is_empty());
    let mut count = 0;
    lines.inspect(|_| count += 1).all(|line| number(line) > 0) && count > 1
}

/// The length of a line number: `404: `, `[404] `.
fn number(line: &[u8]) -> usize {
    let open = usize::from(line.first() == Some(&b'['));
    let digits = line[open..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end: &[u8] = if open == 1 { b"] " } else { b": " };
    if (1..=6).contains(&digits) && line[open + digits..].starts_with(end) { open + digits + 2 } else { 0 }
}

/// Removes terminal control sequences: CSI, OSC, and two-byte escapes.
fn without_escapes(raw: &[u8]) -> Vec<u8> {
    const ESCAPE: u8 = 0x1b;
    const BELL: u8 = 0x07;
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == ESCAPE) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let length = match rest.first() {
            Some(b'[') => rest[1..].iter().position(|byte| (0x40..=0x7e).contains(byte)).map(|end| end + 2),
            Some(b']') => rest.iter().position(|byte| matches!(*byte, BELL | ESCAPE)).map(|end| end + 1),
            Some(_) => Some(1),
            None => None,
        };
        rest = &rest[length.unwrap_or(rest.len())..];
    }
    out.extend_from_slice(rest);
    out
}

/// Appends a line with its white space folded, box drawing (U+2500 to U+257F) and no-break spaces counting as such.
fn fold(line: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut rest = line;
    while let Some(first) = rest.first() {
        let blank = match rest {
            [b' ' | b'\t' | 0..=8 | 11..=31, ..] => 1,
            [0xe2, 0x94 | 0x95, 0x80..=0xbf, ..] => 3,
            [0xc2, 0xa0, ..] => 2,
            _ => 0,
        };
        if blank == 0 {
            out.push(*first);
            rest = &rest[1..];
        } else {
            if out.len() > start && out.last() != Some(&b' ') {
                out.push(b' ');
            }
            rest = &rest[blank..];
        }
    }
}

/// `'503': 'Service Unavailable',`: Node prints the whole table of statuses with the internals of a request.
fn is_status_row(line: &[u8]) -> bool {
    matches!(line, [b'\'', a, b, c, b'\'', b':', b' ', b'\'' | b'"', ..] if [a, b, c].iter().all(|byte| byte.is_ascii_digit()))
}

/// The length of the prefix that a tool puts before each line of an error.
fn prefix(line: &[u8]) -> usize {
    const KNOWN: [&[u8]; 5] = [b"npm error ", b"npm ERR! ", b"[ERROR] ", b"npm error", b"npm ERR!"];
    KNOWN.iter().find(|known| line.starts_with(known)).map_or_else(|| klog(line), |known| known.len())
}

/// Kubernetes' log prefix: `E1121 21:47:25.123456 4711 file.go:12] `.
fn klog(line: &[u8]) -> usize {
    let is_klog = matches!(line, [b'I' | b'W' | b'E' | b'F', a, b, c, d, b' ', ..]
        if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()));
    let end = || line.windows(2).take(100).position(|pair| pair == b"] ").map(|at| at + 2);
    if is_klog { end().unwrap_or(0) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_the_eye_is_taken_away() {
        for (raw, expected) in [
            ("", ""),
            ("a\r\nb\n\n\nc", "a\nb\nc"),
            ("\x1b[1;31merror\x1b[0m: \x1b]0;title\x07x\x1b(", "error: x"),
            ("\x1b[1", ""),
            ("│ Error: Failed\n│   to  query\n╵", "Error: Failed\nto query"),
            ("npm error code E503\nnpm ERR! x", "code E503\nx"),
            ("[ERROR] Failed", "Failed"),
            ("E1121 21:47:25.123456    4711 memcache.go:265] \"Unhandled\"", "\"Unhandled\""),
            ("échec\u{a0}: Connexion", "échec : Connexion"),
            ("tab\tand   spaces  ", "tab and spaces"),
            ("404: npm error code E503\n404: x\n", "code E503\nx"),
            ("[1] a\n\n[2] b: 404: c", "a\nb: 404: c"),
            ("404: a", "404: a"),
            ("404: a\nb", "404: a\nb"),
            ("x: {\n  '402': 'Payment Required',\n  '503': 'Service Unavailable',\n}", "x: {\n}"),
        ] {
            assert_eq!(String::from_utf8_lossy(&normalise(raw.as_bytes())), expected, "{raw:?}");
        }
        assert_eq!(normalise(b"\xff\xfe ok"), b"\xff\xfe ok");
    }

    #[test]
    fn the_index_never_denies_what_is_there() {
        let text = Text::new("Connection\nrefused by Peer".as_bytes());
        for literal in ["connection refused", "peer", "on", "", "by peer"] {
            assert!(text.may_hold(literal.as_bytes()), "{literal}");
        }
        assert!(!text.may_hold(b"no route to host"));
    }

    #[test]
    fn only_the_end_of_a_long_stream_is_looked_at() {
        let mut raw = b"first ".to_vec();
        raw.resize(MAX_TEXT_BYTES + 6, b'x');
        assert!(!Text::new(&raw).may_hold(b"first"));
    }
}
