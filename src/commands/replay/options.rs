//! The options of `retry replay` that are not settings of a run.

use std::path::PathBuf;

use crate::base::error::Error;
use crate::cli::Invocation;
use crate::gate::Rate;
use crate::policy::value::Value as _;

/// What to do with the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Run,
    List,
    /// Shows headers, or scripts that run the letters.
    Show {
        script: bool,
    },
    DryRun,
}

/// The source of values for variables that letters contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnvFrom {
    Letter,
    Now,
}

#[derive(Debug)]
pub(super) struct ReplayOptions {
    pub(super) task: Task,
    pub(super) jobs: usize,
    pub(super) give_up_after: usize,
    pub(super) rate: Option<Rate>,
    /// The directory to which letters that succeeded are moved.
    pub(super) keep: Option<PathBuf>,
    /// Whether the checksum of a body is verified before it is used.
    pub(super) verify: bool,
    pub(super) force: bool,
    pub(super) env: EnvFrom,
    pub(super) quiet: bool,
}

impl ReplayOptions {
    pub(super) fn read(invocation: &Invocation) -> Result<Self, Error> {
        let tasks = ["list", "show", "dry-run"].into_iter().filter(|name| invocation.is_set(name));
        let task = match tasks.collect::<Vec<_>>()[..] {
            [] => Task::Run,
            ["list"] => Task::List,
            ["show"] => Task::Show { script: invocation.is_set("sh") },
            ["dry-run"] => Task::DryRun,
            [one, other, ..] => {
                return Err(Error::usage(format!("--{one} and --{other} conflict")).hint("drop one of them"));
            }
            [other] => return Err(Error::usage(format!("unknown task {other}"))),
        };
        if invocation.is_set("sh") && !matches!(task, Task::Show { .. }) {
            return Err(Error::usage("--sh needs --show"));
        }
        let rate = invocation.value("rate").map(|text| {
            Rate::parse(&text.to_string_lossy())
                .map_err(|why| Error::usage(format!("--rate {}: {why}", text.display())))
        });
        let env = match invocation.value("env-from").map(|text| text.to_string_lossy()).as_deref() {
            None | Some("letter") => EnvFrom::Letter,
            Some("now") => EnvFrom::Now,
            Some(other) => return Err(Error::usage(format!("invalid --env-from '{other}' (letter, now)"))),
        };
        Ok(Self {
            task,
            jobs: count(invocation, "jobs", 1)?,
            give_up_after: count(invocation, "give-up-after", 3)?,
            rate: rate.transpose()?,
            keep: invocation.value("keep").map(PathBuf::from),
            verify: invocation.is_set("verify"),
            force: invocation.is_set("force"),
            env,
            quiet: invocation
                .flags
                .0
                .iter()
                .any(|given| crate::policy::settings::SETTINGS[given.setting].key == "quiet"),
        })
    }
}

/// A number of 1 or more.
fn count(invocation: &Invocation, name: &str, default: usize) -> Result<usize, Error> {
    /// The most processes at once; more would be a mistake.
    const MAX_COUNT: usize = 1000;
    let Some(text) = invocation.value(name) else { return Ok(default) };
    match text.to_str().and_then(|text| text.trim().parse().ok()) {
        Some(count @ 1..=MAX_COUNT) => Ok(count),
        _ => Err(Error::usage(format!("invalid --{name} '{}': use 1 to {MAX_COUNT}", text.display()))),
    }
}
