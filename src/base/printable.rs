//! Makes text safe to show: nothing in it can control a terminal, reverse the order of letters, or pass for a line of its
//! own. If the locale only supports ASCII, the text becomes ASCII.
//!
//! All text for people goes through here. [`line`] is for text on one line, [`page`] for text of several lines whose parts
//! are safe already, [`json`] for JSON, whose meaning it keeps.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;

/// The characters that the reader's terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    Ascii,
    Utf8,
}

impl Charset {
    /// The charset of the locale in the environment: `LC_ALL` overrides `LC_CTYPE`, which overrides `LANG`. Empty values
    /// are ignored. It is UTF-8 only if the locale names it; the default locale is `C`.
    pub fn of_locale(lc_all: Option<&OsStr>, lc_ctype: Option<&OsStr>, lang: Option<&OsStr>) -> Self {
        let named = [lc_all, lc_ctype, lang].into_iter().flatten().find(|value| !value.is_empty());
        let name = named.map(OsStr::to_string_lossy).unwrap_or_default();
        // language_TERRITORY.charset@modifier; macOS has `UTF-8` alone.
        let name = name.split('@').next().unwrap_or_default();
        let charset = name.rsplit('.').next().unwrap_or_default();
        let is_utf8 = ["utf-8", "utf8"].iter().any(|known| charset.eq_ignore_ascii_case(known));
        if is_utf8 { Self::Utf8 } else { Self::Ascii }
    }

    /// The replacement for a character that must not be shown.
    fn replacement(self) -> &'static str {
        match self {
            Self::Ascii => "?",
            Self::Utf8 => "\u{fffd}",
        }
    }
}

/// Whether a terminal may act on the character, or it may mislead a reader: C0 and C1 controls, line and paragraph
/// separators, and the overrides, embeddings and isolates of bidirectional text. A tab is harmless.
pub fn is_unsafe(c: char) -> bool {
    let is_bidi = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() && c != '\t' || is_bidi || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The text as one line.
pub fn line(text: &str, charset: Charset) -> Cow<'_, str> {
    safe(text, charset, false)
}

/// The text with its line breaks.
pub fn page(text: &str, charset: Charset) -> Cow<'_, str> {
    safe(text, charset, true)
}

fn safe(text: &str, charset: Charset, breaks: bool) -> Cow<'_, str> {
    let stays = |c: char| match c {
        '\n' => breaks,
        c if c.is_ascii() => !is_unsafe(c),
        c => charset == Charset::Utf8 && !is_unsafe(c),
    };
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if stays(c) {
            safe.push(c);
        } else {
            safe.push_str(in_ascii(c).filter(|_| !is_unsafe(c)).unwrap_or_else(|| charset.replacement()));
        }
    }
    Cow::Owned(safe)
}

/// JSON in which characters that must not be shown are escaped; its values stay the same. Such characters occur in strings
/// only, and those of C0 have already been escaped by the serialiser.
pub fn json(text: &str, charset: Charset) -> Cow<'_, str> {
    let stays = |c: char| match c {
        '\n' | '\u{20}'..='\u{7e}' => true,
        c => charset == Charset::Utf8 && !is_unsafe(c),
    };
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if stays(c) {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _infallible = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(safe)
}

/// An ASCII text that resembles the character, if there is one.
fn in_ascii(c: char) -> Option<&'static str> {
    Some(match c {
        '×' => "x",
        '…' => "...",
        '‐'..='―' | '−' => "-",
        '→' | '⇒' => "->",
        '←' => "<-",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        '≈' => "~",
        '±' => "+-",
        'µ' | 'μ' => "u",
        '‘' | '’' | '‚' | '‹' | '›' => "'",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '•' => "*",
        '·' => ".",
        '│' | '╵' => "|",
        '\u{a0}' | '\u{202f}' => " ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_locale_is_that_of_the_strongest_variable_that_is_set() {
        use Charset::{Ascii, Utf8};
        for (lc_all, lc_ctype, lang, expected) in [
            (None, None, None, Ascii),
            (None, None, Some("C.UTF-8"), Utf8),
            (None, None, Some("en_US.utf8"), Utf8),
            (None, None, Some("de_DE.UTF-8@euro"), Utf8),
            (None, Some("UTF-8"), None, Utf8),
            (None, None, Some("en_US"), Ascii),
            (None, None, Some("de_DE@euro"), Ascii),
            (None, None, Some("ja_JP.eucJP"), Ascii),
            (None, None, Some("POSIX"), Ascii),
            (Some("C"), Some("C.UTF-8"), Some("C.UTF-8"), Ascii),
            (Some(""), Some("C"), Some("C.UTF-8"), Ascii),
            (Some(""), Some(""), Some("C.UTF-8"), Utf8),
            (Some("C.UTF-8"), Some("C"), Some("C"), Utf8),
        ] {
            let [all, ctype, lang] = [lc_all, lc_ctype, lang].map(|value| value.map(OsStr::new));
            assert_eq!(Charset::of_locale(all, ctype, lang), expected, "{all:?} {ctype:?} {lang:?}");
        }
    }

    #[test]
    fn what_is_ours_has_a_likeness_in_ascii() {
        for (text, expected) in [
            ("exit 1 ×2", "exit 1 x2"),
            ("… and so on", "... and so on"),
            ("a – b — c", "a - b - c"),
            ("±25% ≥ 2µs", "+-25% >= 2us"),
            ("‘a’ “b”", "'a' \"b\""),
            ("café 日", "caf? ?"),
            ("a\tb", "a\tb"),
        ] {
            assert_eq!(line(text, Charset::Ascii), expected);
            assert_eq!(line(text, Charset::Utf8), text);
        }
    }

    #[test]
    fn nothing_steers_a_terminal_or_feigns_a_line() {
        let evil = "a\u{1b}[2Jb\rc\nd\u{9b}31me\u{202e}f\u{2066}g\u{2028}h\u{7f}i\u{85}j";
        assert_eq!(line(evil, Charset::Ascii), "a?[2Jb?c?d?31me?f?g?h?i?j");
        let shown = line(evil, Charset::Utf8);
        assert_eq!(shown, line(evil, Charset::Ascii).replace('?', "\u{fffd}"));
        assert!(page(evil, Charset::Utf8).contains("c\nd"));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_safe_and_json_keeps_its_meaning(text in "(\\PC|[\u{0}-\u{ff}\u{2020}-\u{2070}]){0,40}") {
            for charset in [Charset::Ascii, Charset::Utf8] {
                let told = serde_json::to_string(&text).unwrap();
                let safe = json(&told, charset);
                prop_assert!(!safe.chars().any(is_unsafe));
                prop_assert_eq!(&serde_json::from_str::<String>(&safe).unwrap(), &text);
                prop_assert!(!line(&text, charset).chars().any(is_unsafe));
                prop_assert!(!page(&text, charset).chars().any(|c| is_unsafe(c) && c != '\n'));
                if charset == Charset::Ascii {
                    prop_assert!(safe.is_ascii() && line(&text, charset).is_ascii());
                }
            }
        }
    }
}
