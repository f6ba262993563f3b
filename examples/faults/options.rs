//! The options of the harness.

use std::path::PathBuf;
use std::time::Duration;

use crate::paths::{PATHS, Path};

pub(crate) struct Options {
    /// The program that is tried.
    pub(crate) retry: PathBuf,
    pub(crate) paths: Vec<&'static Path>,
    /// Only these errors; all if there are none.
    pub(crate) errors: Vec<String>,
    /// Only these calls; all if there are none.
    pub(crate) calls: Vec<String>,
    /// Only one case of so many.
    pub(crate) every: usize,
    pub(crate) jobs: usize,
    /// The matrix ends by then, whether or not it is done.
    pub(crate) limit: Duration,
    /// Cases, as the matrix names them: what to do again.
    pub(crate) cases: Vec<String>,
    pub(crate) soak: Option<Duration>,
    /// What a worker was told by the matrix.
    pub(crate) worker: Option<Worker>,
}

/// What a worker is told: a directory of its own, the servers, and the cases, or that it shall make their list.
#[derive(Clone, Default)]
pub(crate) struct Worker {
    pub(crate) directory: PathBuf,
    pub(crate) redis: String,
    pub(crate) http: String,
    pub(crate) cases: Option<PathBuf>,
}

const USAGE: &str = "usage: faults [--retry FILE] [--paths NAME,…] [--calls NAME,…] [--errors NAME,…] [--every N] [--jobs N] \
     [--limit SECONDS] [--case 'PATH CALL=ERROR']... [--soak SECONDS]";

pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let here = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = here.parent().and_then(|examples| examples.parent()).unwrap_or(&here).join("retry");
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut options = Options {
        retry: beside,
        paths: PATHS.iter().collect(),
        errors: Vec::new(),
        calls: Vec::new(),
        every: 1,
        jobs: cores,
        limit: Duration::from_secs(1800),
        cases: Vec::new(),
        soak: None,
        worker: None,
    };
    let list = |value: String| value.split(',').map(str::to_owned).collect::<Vec<_>>();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(USAGE)?;
        let number = || value.parse::<usize>().map_err(|_| USAGE.to_owned());
        match &*word {
            "--retry" => options.retry = value.into(),
            "--paths" => {
                let find = |name: &String| PATHS.iter().find(|path| path.name == *name).ok_or(name.clone());
                let found = list(value).iter().map(find).collect::<Result<_, _>>();
                options.paths = found.map_err(|name| format!("there is no path {name}"))?;
            }
            "--errors" => options.errors = list(value),
            "--calls" => options.calls = list(value),
            "--every" => options.every = number()?.max(1),
            "--jobs" => options.jobs = number()?.max(1),
            "--limit" => options.limit = Duration::from_secs(number()? as u64),
            "--soak" => options.soak = Some(Duration::from_secs(number()? as u64)),
            "--case" => options.cases.push(value),
            "--directory" => worker(&mut options).directory = value.into(),
            "--redis" => worker(&mut options).redis = value,
            "--http" => worker(&mut options).http = value,
            "--cases" => worker(&mut options).cases = Some(value.into()),
            _ => return Err(USAGE.to_owned()),
        }
    }
    if !options.cases.is_empty() {
        let named = |path: &Path| options.cases.iter().any(|case| case.split(' ').next() == Some(path.name));
        options.paths = PATHS.iter().filter(|path| named(path)).collect();
    }
    options.retry = options
        .retry
        .canonicalize()
        .map_err(|error| format!("{}: {error}; cargo build makes it", options.retry.display()))?;
    Ok(options)
}

fn worker(options: &mut Options) -> &mut Worker {
    options.worker.get_or_insert_default()
}
