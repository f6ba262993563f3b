//! Sizes in bytes as text: `1GiB`, `64MiB`, `10k`, `4096`.

/// The accepted units, in lower case. A single letter is the binary unit, as in `head -c` and `sort -S`.
pub const UNITS: [(&str, u64); 14] = [
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kib", 1 << 10),
    ("kb", 1000),
    ("m", 1 << 20),
    ("mib", 1 << 20),
    ("mb", 1_000_000),
    ("g", 1 << 30),
    ("gib", 1 << 30),
    ("gb", 1_000_000_000),
    ("t", 1 << 40),
    ("tib", 1 << 40),
    ("tb", 1_000_000_000_000),
];

/// Parses a size.
pub fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim_ascii();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    if number.is_empty() || unit.starts_with(['.', ',', '_']) {
        return Err(format!("invalid size '{text}': use a whole number with a unit, such as 64MiB"));
    }
    let unit = unit.trim_ascii_start();
    let known = UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name));
    let (_, unit) = known.ok_or_else(|| {
        format!("unknown unit '{unit}' in '{text}': use KiB, MiB, GiB or TiB (kB, MB … count in thousands)")
    })?;
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*unit));
    bytes.ok_or_else(|| format!("'{text}' is too large: use at most 16777215TiB"))
}

/// A size in the largest binary unit that divides it, so that it parses to the same value.
pub fn exact(bytes: u64) -> String {
    let fits = |unit: u64| bytes > 0 && bytes.is_multiple_of(unit);
    let unit = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        .into_iter()
        .find(|(_, unit)| fits(*unit));
    unit.map_or_else(|| bytes.to_string(), |(name, unit)| format!("{}{name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("0", 0),
            ("1", 1),
            ("4096", 4096),
            ("4096b", 4096),
            ("10k", 10_240),
            ("10K", 10_240),
            ("10kB", 10_000),
            ("10KiB", 10_240),
            (" 64 MiB ", 64 << 20),
            ("1GiB", 1 << 30),
            ("2g", 2 << 30),
            ("1TB", 1_000_000_000_000),
            ("16777215TiB", 16_777_215 << 40),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_the_way_out() {
        for (text, told) in [
            ("", "64MiB"),
            ("MiB", "64MiB"),
            ("-1", "64MiB"),
            ("1.5GiB", "whole number"),
            ("1,5GiB", "whole number"),
            ("10q", "unknown unit"),
            ("10 MiB/s", "unknown unit"),
            ("inf", "64MiB"),
            ("16777216TiB", "at most"),
            ("99999999999999999999999", "at most"),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(told), "{text}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(bytes in 1..=u64::MAX, shift in 0..64_u32) {
            let bytes = (bytes >> shift).max(1);
            prop_assert_eq!(parse(&exact(bytes)), Ok(bytes));
        }

        #[test]
        fn nothing_panics(text in ".{0,20}") {
            let _ = parse(&text);
        }
    }
}
