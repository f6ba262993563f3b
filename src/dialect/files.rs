//! Files that report a run to a CI system: a row in the step's summary, and outputs for later steps.

use super::harmless;
use crate::base::printable::{self, Charset};

/// A finished run, as described in these files.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub name: &'a str,
    /// The outcome's word, as the log has it.
    pub outcome: &'a str,
    pub succeeded: bool,
    /// The run succeeded after a failure.
    pub rescued: bool,
    pub attempts: u64,
    /// `None`: no limit.
    pub max: Option<u64>,
    /// 128+n for a signal.
    pub status: u8,
    pub elapsed_ms: u64,
    pub waited_ms: u64,
    /// The time waited, in words.
    pub waited: String,
    /// The failures seen, in words.
    pub seen: String,
    /// The reason of the last of them; empty if there was none.
    pub last_reason: &'a str,
}

/// The first lines of our table in a summary.
pub const SUMMARY_HEAD: &str =
    "| | operation | result | attempts | waited | seen |\n|---|---|---|---|---|---|\n";

/// The most characters in a cell.
const MAX_CELL: usize = 200;

/// The row of a run in a summary, with its line break.
pub fn summary_row(facts: &Facts<'_>) -> String {
    let mark = match (facts.succeeded, facts.rescued) {
        (true, false) => "✅",
        (true, true) => "⚠️",
        (false, _) => "❌",
    };
    let result = if facts.rescued { "rescued" } else { facts.outcome };
    let max = facts.max.map(|max| format!("/{max}")).unwrap_or_default();
    let attempts = format!("{}{max}", facts.attempts);
    format!(
        "| {mark} | {} | {result} | {attempts} | {} | {} |\n",
        cell(facts.name),
        cell(&facts.waited),
        cell(&facts.seen)
    )
}

/// Whether a summary that ends like this can be continued with a row of our table.
pub fn continues_table(end: &str) -> bool {
    let last = end.strip_suffix('\n').map(|text| text.rsplit('\n').next().unwrap_or_default());
    last.is_some_and(|line| {
        line == "|---|---|---|---|---|---|"
            || ["✅", "⚠️", "❌"].iter().any(|mark| line.starts_with(&format!("| {mark} | ")))
    })
}

/// Text for a cell of a table in Markdown.
fn cell(text: &str) -> String {
    let line = printable::line(text, Charset::Utf8);
    let mut cell = String::new();
    for c in line.chars().take(MAX_CELL) {
        match c {
            '|' => cell.push_str("\\|"),
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            '`' | '\\' | '[' | ']' | '*' | '_' | '!' => {
                cell.push('\\');
                cell.push(c);
            }
            c => cell.push(c),
        }
    }
    cell
}

/// The outputs of a GitHub step, under our names and those of nick-fields/retry. `delimiter` must not occur in any value;
/// callers draw it at random.
pub fn github_outputs(facts: &Facts<'_>, delimiter: &str) -> String {
    let reason = one_line(facts.last_reason);
    let (attempts, status) = (facts.attempts.to_string(), facts.status.to_string());
    let pairs = [
        ("total-attempts", attempts.as_str()),
        ("exit-code", &status),
        ("outcome", facts.outcome),
        ("rescued", if facts.rescued { "true" } else { "false" }),
        ("elapsed-ms", &facts.elapsed_ms.to_string()),
        ("waited-ms", &facts.waited_ms.to_string()),
        ("last-reason", &reason),
        ("total_attempts", &attempts),
        ("exit_code", &status),
        ("exit_error", &reason),
    ]
    .map(|(name, value)| format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
    pairs.concat()
}

/// The outputs as Azure commands: variables for later steps. Their names may not contain `-`.
pub fn azure_outputs(facts: &Facts<'_>) -> [String; 7] {
    let reason = printable::line(facts.last_reason, Charset::Utf8);
    [
        ("attempts", facts.attempts.to_string()),
        ("exit_code", facts.status.to_string()),
        ("outcome", facts.outcome.to_owned()),
        ("rescued", facts.rescued.to_string()),
        ("elapsed_ms", facts.elapsed_ms.to_string()),
        ("waited_ms", facts.waited_ms.to_string()),
        ("last_reason", reason.into_owned()),
    ]
    .map(|(name, value)| {
        format!("##vso[task.setvariable variable=retry.{name};isOutput=true]{}", super::azure(&value))
    })
}

/// The outputs as lines of a dotenv file, which GitLab and others read.
pub fn dotenv(facts: &Facts<'_>) -> String {
    let rescued = if facts.rescued { "true" } else { "false" };
    format!(
        "RETRY_TOTAL_ATTEMPTS={}\nRETRY_EXIT_CODE={}\nRETRY_OUTCOME={}\nRETRY_RESCUED={rescued}\nRETRY_ELAPSED_MS={}\n\
         RETRY_WAITED_MS={}\nRETRY_LAST_REASON={}\n",
        facts.attempts,
        facts.status,
        facts.outcome,
        facts.elapsed_ms,
        facts.waited_ms,
        one_line(facts.last_reason)
    )
}

fn one_line(text: &str) -> String {
    harmless(&printable::line(text, Charset::Utf8)).into_owned()
}
