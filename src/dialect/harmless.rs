//! Keeps runners of CI systems from taking foreign text for a command.

use std::borrow::Cow;

/// Texts that begin a command anywhere in a line: GitHub's older form and Azure's (`##[`), Azure's (`##vso[`), and
/// TeamCity's.
const WITHIN: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// One or more lines without commands: the two number signs of a command are separated, and no line begins with `::`.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let begins = |line: &str| line.trim_start().starts_with("::");
    if !text.contains("##") && !text.lines().any(begins) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive('\n') {
        let lead = line.len() - line.trim_start().len();
        let (blank, rest) = line.split_at(lead);
        safe.push_str(blank);
        if rest.starts_with("::") {
            safe.push_str(": ");
        }
        let rest = rest.strip_prefix("::").map_or(rest, |_| &rest[1..]);
        push_apart(&mut safe, rest);
    }
    Cow::Owned(safe)
}

/// Appends a text, separating the number signs of commands.
fn push_apart(safe: &mut String, text: &str) {
    let mut left = text;
    while let Some(at) = left.find("##") {
        let (before, found) = left.split_at(at);
        safe.push_str(before);
        if is_command(found) {
            safe.push_str("# #");
            left = &found[2..];
        } else {
            safe.push('#');
            left = &found[1..];
        }
    }
    safe.push_str(left);
}

/// Whether a command begins here. TeamCity and Azure ignore the case of its name.
fn is_command(text: &str) -> bool {
    WITHIN.iter().any(|form| text.get(..form.len()).is_some_and(|start| start.eq_ignore_ascii_case(form)))
}

/// JSON without commands and with the same meaning. Number signs occur in strings only.
pub fn harmless_json(text: &str) -> Cow<'_, str> {
    if text.contains("##") { Cow::Owned(text.replace("##", "\\u0023\\u0023")) } else { Cow::Borrowed(text) }
}
