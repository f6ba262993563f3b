//! Colours. While a page is assembled, parts are marked by characters that no text has; at the end, when everything else
//! has been made safe to show, the marks become a terminal's colours, or nothing.

use crate::base::printable::{Charset, page};

/// The meaning of a part, and so its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Title,
    Good,
    Rescued,
    Failed,
    /// Advice.
    Note,
}

const ROLES: [(Role, char, &str); 5] = [
    (Role::Title, '\u{fdd0}', "\x1b[1m"),
    (Role::Good, '\u{fdd1}', "\x1b[32m"),
    (Role::Rescued, '\u{fdd2}', "\x1b[33m"),
    (Role::Failed, '\u{fdd3}', "\x1b[31m"),
    (Role::Note, '\u{fdd4}', "\x1b[36m"),
];
const END: (char, &str) = ('\u{fdd5}', "\x1b[0m");

/// Whether the character is kept for marks: Unicode has promised never to give it a meaning.
pub fn is_mark(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}')
}

/// Marks a part of a line.
pub fn mark(role: Role, text: &str) -> String {
    let open = ROLES.iter().find(|(known, ..)| *known == role).map(|(_, open, _)| *open);
    match open.filter(|_| !text.is_empty()) {
        Some(open) => format!("{open}{text}{}", END.0),
        None => text.to_owned(),
    }
}

/// The page for display.
pub fn finish(text: &str, charset: Charset, color: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, found)) = rest.char_indices().find(|(_, c)| is_mark(*c)) {
        out += &page(&rest[..at], charset);
        let opened = ROLES.iter().find(|(_, open, _)| *open == found).map(|(.., sequence)| *sequence);
        if color {
            out += opened.unwrap_or(END.1);
        }
        rest = &rest[at + found.len_utf8()..];
    }
    out + &page(rest, charset)
}
