//! The columns that text takes on a terminal: two for a wide character of East Asia or an emoji, none for a combining mark.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// So many columns does the text take.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// So many columns does the character take. A control character takes one: it is shown as something else.
pub fn columns_of(c: char) -> usize {
    c.width().unwrap_or(1)
}

/// The text with blanks behind it, so that it takes at least so many columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The text in at most so many columns, the last one an ellipsis where it was longer.
pub fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if columns(&text[..at + c.len_utf8()]) >= width {
            break;
        }
        end = at + c.len_utf8();
    }
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_not_characters() {
        for (text, expected) in [
            ("", 0),
            ("abc", 3),
            ("é", 1),
            ("e\u{301}", 1),
            ("夜間", 4),
            ("한국어", 6),
            ("ｶﾅ", 2),
            ("…█▏", 3),
            ("🚀", 2),
        ] {
            assert_eq!(columns(text), expected, "{text}");
        }
        assert_eq!(['夜', 'a', '\t', '\u{301}'].map(columns_of), [2, 1, 1, 0]);
    }

    #[test]
    fn text_is_padded_and_cut_to_columns() {
        for (text, width, expected) in [("abc", 5, "abc  "), ("夜間", 5, "夜間 "), ("夜間", 3, "夜間")]
        {
            assert_eq!(padded(text, width), expected);
        }
        for (text, width, expected) in [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 5, "abcd…"),
            ("夜間作業", 8, "夜間作業"),
            ("夜間作業", 7, "夜間作…"),
            ("夜間作業", 6, "夜間…"),
            ("夜間作業", 1, "…"),
            ("", 0, ""),
        ] {
            assert_eq!(cut(text, width), expected, "{text} {width}");
        }
    }
}
