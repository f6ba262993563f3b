//! The commands by which CI systems learn of groups, warnings and errors: lines in a job's log that their runner interprets.
//!
//! Each function returns one whole line, without its line break. Foreign text in it is escaped as the system requires, and
//! [`harmless`] keeps every other line of ours from being taken for a command.

mod files;
mod harmless;

pub use files::{Facts, SUMMARY_HEAD, azure_outputs, continues_table, dotenv, github_outputs, summary_row};
pub use harmless::{harmless, harmless_json};

/// A CI system, by the commands of its runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// GitHub Actions, and systems with the same commands: Gitea, Forgejo, act.
    Github,
    Gitlab,
    Buildkite,
    Teamcity,
    /// Azure Pipelines.
    Azure,
}

/// An attempt or the fallback, as described in the heading of its group.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// The operation's name.
    pub name: &'a str,
    /// Counted from 1; `None`: the fallback.
    pub attempt: Option<u64>,
    /// `None`: no limit.
    pub max: Option<u64>,
    /// The run's id.
    pub run: &'a str,
    /// In seconds since the Unix epoch.
    pub at: i64,
}

/// How a run ended that is worth an annotation. All except a failure are warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A later attempt succeeded.
    Flaky,
    /// No attempt succeeded, but the fallback did.
    FellBack,
    Failed,
}

/// The variables that identify a CI system, in the order in which they are checked. GitHub's comes first: systems that
/// imitate it set it as well.
const SYSTEMS: &[(&str, Dialect)] = &[
    ("GITHUB_ACTIONS", Dialect::Github),
    ("GITEA_ACTIONS", Dialect::Github),
    ("FORGEJO_ACTIONS", Dialect::Github),
    ("ACT", Dialect::Github),
    ("GITLAB_CI", Dialect::Gitlab),
    ("BUILDKITE", Dialect::Buildkite),
    ("TEAMCITY_VERSION", Dialect::Teamcity),
    ("TF_BUILD", Dialect::Azure),
];

/// Variables of CI systems that have no such commands.
const OTHERS: &[&str] = &[
    "CI",
    "JENKINS_URL",
    "CIRCLECI",
    "CI_PIPELINE_URL",
    "DRONE",
    "TRAVIS",
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
];

impl Heading<'_> {
    fn text(&self) -> String {
        let max = self.max.map(|max| format!("/{max}")).unwrap_or_default();
        let what = self.attempt.map_or("fallback".to_owned(), |attempt| format!("attempt {attempt}{max}"));
        format!("{what} of {}", self.name)
    }

    /// Whether this is certainly the last group of its run.
    fn is_last(&self) -> bool {
        self.attempt.is_none() || self.attempt == self.max
    }
}

impl Dialect {
    /// The system that we run in. `is_set`: whether this variable is set and not empty.
    pub fn detect(is_set: impl Fn(&str) -> bool) -> Option<Self> {
        SYSTEMS.iter().find(|(name, _)| is_set(name)).map(|(_, dialect)| *dialect)
    }

    /// Opens the group of an attempt, or of the fallback.
    pub fn begin(self, heading: &Heading<'_>) -> String {
        let (text, is_last) = (heading.text(), heading.is_last());
        match self {
            Self::Github => format!("::group::{}", github_data(&text)),
            Self::Gitlab => {
                // Whether a group is folded can only be chosen at its start, so the last attempt, which may be the one that
                // failed, is left open.
                let folded = if is_last { "" } else { "[collapsed=true]" };
                let section = gitlab_section(heading);
                format!("\x1b[0Ksection_start:{}:{section}{folded}\r\x1b[0K{}", heading.at, one_line(&text))
            }
            Self::Buildkite => format!("{} {}", if is_last { "+++" } else { "---" }, one_line(&text)),
            Self::Teamcity => {
                format!(
                    "##teamcity[blockOpened name='{}' flowId='{}']",
                    teamcity(&text),
                    teamcity(heading.run)
                )
            }
            Self::Azure => format!("##[group]{}", one_line(&text)),
        }
    }

    /// Closes the group; `None` if that needs no command.
    pub fn end(self, heading: &Heading<'_>, failed: bool) -> Option<String> {
        match self {
            Self::Github => Some("::endgroup::".to_owned()),
            Self::Gitlab => {
                Some(format!("\x1b[0Ksection_end:{}:{}\r\x1b[0K", heading.at, gitlab_section(heading)))
            }
            // Opens the group that it closes.
            Self::Buildkite => failed.then(|| "^^^ +++".to_owned()),
            Self::Teamcity => Some(format!(
                "##teamcity[blockClosed name='{}' flowId='{}']",
                teamcity(&heading.text()),
                teamcity(heading.run)
            )),
            Self::Azure => Some("##[endgroup]".to_owned()),
        }
    }

    /// The annotation of a run, with this text; `None` if the system has no command for it, so that there is only the plain
    /// line.
    pub fn annotation(self, verdict: Verdict, name: &str, run: &str, text: &str) -> Option<String> {
        match self {
            Self::Github => {
                let (command, what) = match verdict {
                    Verdict::Flaky => ("warning", "was flaky"),
                    Verdict::FellBack => ("warning", "fell back"),
                    Verdict::Failed => ("error", "failed"),
                };
                let title = github_property(&format!("{name} {what}"));
                Some(format!("::{command} title={title}::{}", github_data(text)))
            }
            // A build problem would fail the build even if the script continues.
            Self::Teamcity => Some(format!(
                "##teamcity[message text='{}' status='WARNING' flowId='{}']",
                teamcity(&format!("retry: {name}: {text}")),
                teamcity(run)
            )),
            Self::Azure => {
                let kind = if verdict == Verdict::Failed { "error" } else { "warning" };
                Some(format!("##vso[task.logissue type={kind}]{}", azure(&format!("retry: {name}: {text}"))))
            }
            Self::Gitlab | Self::Buildkite => None,
        }
    }

    /// Whether the system is documented to read commands on stdout only.
    pub fn reads_stdout_alone(self) -> bool {
        matches!(self, Self::Teamcity | Self::Azure)
    }
}

/// Whether we run inside any known CI system. `is_set`: as in [`Dialect::detect`].
pub fn is_ci(is_set: impl Fn(&str) -> bool) -> bool {
    OTHERS.iter().any(|name| is_set(name)) || Dialect::detect(is_set).is_some()
}

/// The unique name of a section; only letters, digits and `_.-` are allowed in it.
fn gitlab_section(heading: &Heading<'_>) -> String {
    let run: String = heading.run.chars().filter(char::is_ascii_alphanumeric).collect();
    let group = heading.attempt.map_or("fallback".to_owned(), |attempt| attempt.to_string());
    format!("retry_{}_{group}", &run[run.len().saturating_sub(8)..])
}

/// The text without line breaks, and without commands that a runner finds within a line.
fn one_line(text: &str) -> String {
    harmless(&text.replace(['\n', '\r'], " ")).into_owned()
}

/// The data of a command of GitHub's (actions/runner, `ActionCommand.cs`).
fn github_data(text: &str) -> String {
    harmless(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")).into_owned()
}

/// A property of a command of GitHub's.
fn github_property(text: &str) -> String {
    github_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The data of a command of Azure's.
fn azure(text: &str) -> String {
    let text = text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A");
    harmless(&text).into_owned()
}

/// A value of a service message of TeamCity's.
fn teamcity(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' => escaped.push_str("||"),
            '\'' => escaped.push_str("|'"),
            '\n' => escaped.push_str("|n"),
            '\r' => escaped.push_str("|r"),
            '[' => escaped.push_str("|["),
            ']' => escaped.push_str("|]"),
            c if c.is_ascii() => escaped.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    escaped.push_str(&format!("|0x{unit:04X}"));
                }
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
