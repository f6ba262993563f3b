//! The names of letters, which sort by time.

/// The suffix of a letter's name.
pub const SUFFIX: &str = ".letter";
/// The prefix of the name of a letter that is being written.
pub const TEMPORARY: &str = ".tmp-";

/// The most characters of an operation's name in a file name.
const MAX_NAME_CHARS: usize = 40;

/// The name of a letter that this run created at `created` (RFC 3339, UTC). `number`: counts from 2 if the name is taken.
pub fn file_name(created: &str, name: &str, run: &str, number: u32) -> String {
    let run: String = run.chars().filter(char::is_ascii_hexdigit).collect();
    let again = if number > 1 { format!("-{number}") } else { String::new() };
    format!("{}-{}-{run}{again}{SUFFIX}", stamp(created), reduced(name))
}

/// A time to the millisecond, without characters that trouble file systems and shells: `20261126T145617.822Z`.
pub fn stamp(created: &str) -> String {
    let (second, fraction) = created.trim_end_matches('Z').split_once('.').unwrap_or((created, "000"));
    let second: String = second.chars().filter(|c| !matches!(c, '-' | ':' | 'Z')).collect();
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    format!("{second}.{millis}Z")
}

/// An operation's name, reduced to characters that are portable in file names.
pub fn reduced(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).take(MAX_NAME_CHARS).collect();
    if name.is_empty() { "run".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_tell_apart() {
        let name = |number| {
            file_name(
                "2026-11-26T14:56:17.822070Z",
                "nightly backup",
                "01a2185b-799d-7141-aa04-c0f3e2d11c5b",
                number,
            )
        };
        assert_eq!(name(1), "20261126T145617.822Z-nightly-backup-01a2185b799d7141aa04c0f3e2d11c5b.letter");
        assert_eq!(name(3), "20261126T145617.822Z-nightly-backup-01a2185b799d7141aa04c0f3e2d11c5b-3.letter");
        assert!(stamp("2026-11-26T14:56:17.822070Z") < stamp("2026-11-26T14:56:17.823Z"));
        assert_eq!(stamp("2026-11-26T14:56:17Z"), "20261126T145617.000Z");
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        assert_eq!(reduced("../../etc/passwd\n"), "..-..-etc-passwd-");
        assert_eq!(reduced(""), "run");
        assert_eq!(reduced(&"ä".repeat(99)).len(), 40);
        assert!(file_name("2026-11-26T14:56:17Z", "../x", "a/../b", 1).find('/').is_none());
    }
}
