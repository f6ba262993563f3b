//! Lines that may be headers: `Name: value`, as printed by curl -v, wget -S and similar tools, and headers printed as a
//! data structure: `'retry-after': '42'`, `"Retry-After"=>["42"]`.

use crate::classify::normalise::Text;

/// Names in lower case, and values, in the order in which they were printed.
pub(super) struct Headers(Vec<Header>);

struct Header {
    name: String,
    value: String,
    /// The number of its line.
    line: usize,
}

/// The longest name of a header that matters.
const MAX_NAME_BYTES: usize = 48;

impl Headers {
    pub(super) fn new(text: &Text) -> Self {
        let mut found = Vec::new();
        for (number, line) in text.plain.split(|byte| *byte == b'\n').enumerate() {
            let mut add = |(name, value): (&[u8], &[u8])| {
                let value = String::from_utf8_lossy(value);
                let name = String::from_utf8_lossy(name).to_ascii_lowercase();
                let value = unquoted(value.trim()).to_owned();
                found.push(Header { name, value, line: number });
            };
            match plain(line) {
                Some(header) => add(header),
                None => quoted(line).for_each(add),
            }
        }
        Self(found)
    }

    /// The last value of any of these names that can be read.
    pub(super) fn last<T>(&self, names: &[&str], read: impl Fn(&str, &str) -> Option<T>) -> Option<T> {
        self.last_of(|name| names.contains(&name), read)
    }

    /// The last readable value of a header whose name is wanted.
    pub(super) fn last_of<T>(
        &self,
        is_wanted: impl Fn(&str) -> bool,
        read: impl Fn(&str, &str) -> Option<T>,
    ) -> Option<T> {
        let mut wanted = self.0.iter().rev().filter(|header| is_wanted(&header.name));
        wanted.find_map(|header| read(&header.name, &header.value))
    }

    /// The last value of each of these names, with its name.
    pub(super) fn all_of(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, &str)> {
        let is_last = |at: usize| self.0[at + 1..].iter().all(|later| later.name != self.0[at].name);
        let wanted = move |at: &usize| is_wanted(&self.0[*at].name) && is_last(*at);
        (0..self.0.len()).filter(wanted).map(|at| (self.0[at].name.as_str(), self.0[at].value.as_str()))
    }

    /// The last value of a name, with those of the same name in the lines right above it: they are one list.
    pub(super) fn last_list(&self, name: &str) -> Option<String> {
        let mut values: Vec<&str> = Vec::new();
        let mut expected = None;
        for header in self.0.iter().rev().filter(|header| header.name == name) {
            if expected.is_some_and(|line| line != header.line) {
                break;
            }
            values.insert(0, &header.value);
            expected = header.line.checked_sub(1);
        }
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Takes the quotes off a value that is one string.
fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(value)
}

fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// A line that is a header.
fn plain(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = line.iter().position(|byte| !matches!(byte, b'<' | b'*' | b' '))?;
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(start..colon)?;
    let is_name =
        !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.iter().all(|byte| is_in_name(*byte));
    is_name.then(|| (name, &line[colon + 1..]))
}

/// Names in quotes, each with the value behind it: after `:`, `=>` or `,`, perhaps in a list, perhaps in quotes.
fn quoted(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            let open = rest.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
            let (quote, inside) = (rest[open], &rest[open + 1..]);
            let length = inside.iter().take(MAX_NAME_BYTES + 1).take_while(|byte| is_in_name(**byte)).count();
            let name = &inside[..length];
            if length == 0 || inside.get(length) != Some(&quote) {
                rest = inside;
                continue;
            }
            rest = &inside[length + 1..];
            if let Some(value) = value(rest) {
                return Some((name, value));
            }
        }
    })
}

/// The value behind a name in quotes.
fn value(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.trim_ascii_start();
    let rest =
        rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"=>")).or_else(|| rest.strip_prefix(b","))?;
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b"[").unwrap_or(rest).trim_ascii_start();
    let end = match rest.first()? {
        quote @ (b'"' | b'\'') => {
            let inside = &rest[1..];
            return inside.iter().position(|byte| byte == quote).map(|end| &inside[..end]);
        }
        _ => rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b')' | b' ')),
    };
    Some(&rest[..end.unwrap_or(rest.len())])
}
