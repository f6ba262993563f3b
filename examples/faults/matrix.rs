//! All paths, all calls, all errors: a worker for each core takes its share, and the matrix counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path as FilePath, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::options::{Options, Worker};
use crate::paths::{PATHS, Path};
use crate::sandbox::{Sandbox, drain, pipe};
use crate::servers::{self, dies_with_us};
use crate::table;
use crate::tracer::{self, Fault, Traced};
use crate::verdict::{Clean, judge};

/// The largest file that a run may make.
const LARGEST: u64 = 64 << 20;

/// True if nothing was wrong.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    match &options.worker {
        Some(worker) => work(options, worker).map_err(|error| error.to_string()),
        None => conduct(options).map_err(|error| error.to_string()),
    }
}

/// A directory that is removed with all that is in it.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("retry-faults-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path.canonicalize()?))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn conduct(options: &Options) -> std::io::Result<bool> {
    let began = Instant::now();
    if !tracer::is_permitted() {
        return Err(std::io::Error::other("NOT TESTED: no process may be traced here (ptrace)"));
    }
    let scratch = Scratch::new()?;
    let (_redis, worker) = servers::start(&scratch.0, &options.paths)?;
    let told = |index: usize| Worker { directory: scratch.0.join(index.to_string()), ..worker.clone() };

    let cases = if options.cases.is_empty() { record(options, &told(0))? } else { options.cases.clone() };
    let (lines, received) = mpsc::channel();
    let mut workers = Vec::new();
    for index in 0..options.jobs {
        let mut share = told(index);
        let file = scratch.0.join(format!("cases-{index}"));
        let mine: Vec<&str> = cases.iter().skip(index).step_by(options.jobs).map(String::as_str).collect();
        fs::write(&file, mine.join("\n"))?;
        share.cases = Some(file);
        let mut worker = start(options, &share)?;
        let out = BufReader::new(worker.stdout.take().expect("a pipe"));
        let lines = lines.clone();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _nobody = lines.send(line);
            }
        });
        workers.push(worker);
    }
    drop(lines);
    let mut count = Count::default();
    let mut next = began + Duration::from_secs(60);
    while let Some(left) = options.limit.checked_sub(began.elapsed()) {
        match received.recv_timeout(left.min(Duration::from_secs(1))) {
            Ok(line) => count.line(&line, options),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if Instant::now() > next {
            eprintln!("faults: {} of {} done, {} bad", count.done(), cases.len(), count.bad);
            next += Duration::from_secs(60);
        }
    }
    let mut failed = false;
    for mut worker in workers {
        // One that is still at work has used up the time.
        let _gone = worker.kill();
        let status: ExitStatus = worker.wait()?;
        failed |= !status.success() && status.signal() != Some(libc::SIGKILL);
    }
    let undone = cases.len() - count.done();
    count.tell(options, undone, began.elapsed());
    Ok(count.bad == 0 && undone == 0 && !failed)
}

/// The list of cases, which a worker makes.
fn record(options: &Options, worker: &Worker) -> std::io::Result<Vec<String>> {
    let mut recorder = start(options, worker)?;
    let (mut cases, mut all) = (Vec::new(), 0);
    for line in BufReader::new(recorder.stdout.take().expect("a pipe")).lines() {
        let line = line?;
        match line.strip_prefix("case ") {
            Some(case) => {
                all += 1;
                if all % options.every == 0 {
                    cases.push(case.to_owned());
                }
            }
            None => println!("faults: {line}"),
        }
    }
    if !recorder.wait()?.success() {
        return Err(std::io::Error::other("a run without a fault is not as it should be"));
    }
    Ok(cases)
}

#[derive(Default)]
struct Count {
    injected: usize,
    missed: usize,
    bad: usize,
    slowest: (u64, String),
    paths: BTreeSet<String>,
    calls: BTreeSet<String>,
    bad_calls: BTreeMap<String, usize>,
}

impl Count {
    fn done(&self) -> usize {
        self.injected + self.missed
    }

    /// `ok|miss|BAD MILLISECONDS CASE[: WHY]`
    fn line(&mut self, line: &str, options: &Options) {
        let Some((word, rest)) = line.split_once(' ') else { return };
        let Some((took, rest)) = rest.split_once(' ') else { return };
        let (case, why) = rest.split_once(": ").unwrap_or((rest, ""));
        let (path, fault) = case.split_once(' ').unwrap_or((case, ""));
        let call = fault.split(':').nth(1).unwrap_or("").to_owned();
        let took = took.parse().unwrap_or(0);
        if word == "miss" {
            self.missed += 1;
            return;
        }
        self.injected += 1;
        self.paths.insert(path.to_owned());
        self.calls.insert(call.clone());
        if took > self.slowest.0 {
            self.slowest = (took, case.to_owned());
        }
        if word == "BAD" {
            self.bad += 1;
            *self.bad_calls.entry(call).or_default() += 1;
            println!("BAD {case} ({took} ms): {why}");
            println!("    again: {} --retry {} --case '{case}'", program(), options.retry.display());
        }
    }

    fn tell(&self, options: &Options, undone: usize, took: Duration) {
        if !self.bad_calls.is_empty() {
            println!("faults: bad by call: {:?}", self.bad_calls);
        }
        println!(
            "faults: {}: {} paths, {} calls, {} faults injected, {} not reached, {} not done, {} bad; slowest {} ms ({}); {:.0} s",
            options.retry.display(),
            self.paths.len(),
            self.calls.len(),
            self.injected,
            self.missed,
            undone,
            self.bad,
            self.slowest.0,
            self.slowest.1,
            took.as_secs_f64(),
        );
    }
}

fn program() -> String {
    std::env::current_exe().map_or_else(|_| "faults".to_owned(), |path| path.display().to_string())
}

/// A copy of us that does what `worker` says.
fn start(options: &Options, worker: &Worker) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    let names: Vec<&str> = options.paths.iter().map(|path| path.name).collect();
    command.arg("--retry").arg(&options.retry).args(["--paths", &names.join(",")]);
    for (word, list) in [("--errors", &options.errors), ("--calls", &options.calls)] {
        if !list.is_empty() {
            command.args([word, &list.join(",")]);
        }
    }
    command.arg("--directory").arg(&worker.directory).args([
        "--redis",
        &worker.redis,
        "--http",
        &worker.http,
    ]);
    if let Some(cases) = &worker.cases {
        command.arg("--cases").arg(cases);
    }
    dies_with_us(command.stdin(Stdio::null()).stdout(Stdio::piped())).spawn()
}

/// What a worker does: makes the list of cases, or has them happen.
fn work(options: &Options, worker: &Worker) -> std::io::Result<bool> {
    tracer::prepare()?;
    let limit = libc::rlimit { rlim_cur: LARGEST, rlim_max: LARGEST };
    // SAFETY: the kernel reads a structure.
    unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) };
    let mut sandbox = Sandbox::new(&options.retry, worker)?;
    let Some(cases) = &worker.cases else { return list(options, &mut sandbox) };
    let mut current: Option<(&Path, Clean)> = None;
    for case in BufReader::new(File::open(cases)?).lines() {
        let case = case?;
        let known = case.split_once(' ').and_then(|(name, fault)| {
            Some((PATHS.iter().find(|path| path.name == name)?, table::read(fault)?))
        });
        let Some((path, fault)) = known else {
            return Err(std::io::Error::other(format!("there is no case '{case}'")));
        };
        if current.as_ref().is_none_or(|(other, _)| other.name != path.name) {
            current = Some((path, clean(options, &mut sandbox, path)?.0));
        }
        let Some((_, clean)) = &current else { continue };
        let (run, mut wrong) = once(&options.retry, &mut sandbox, path, Some(fault), Some(clean))?;
        if path.again && wrong.is_empty() && run.hit.is_some() {
            sandbox.forget();
            let (_, after) = traced(&options.retry, &sandbox, path, None, Some(clean))?;
            wrong.extend(after.into_iter().map(|why| format!("the next run: {why}")));
        }
        let word = if run.hit.is_none() { "miss" } else { "ok" };
        let took = run.took.as_millis();
        if wrong.is_empty() {
            println!("{word} {took} {case}");
        } else {
            println!("BAD {took} {case}: {}", wrong.join("; ").replace('\n', " "));
        }
    }
    Ok(true)
}

/// Prints all cases of the paths.
fn list(options: &Options, sandbox: &mut Sandbox) -> std::io::Result<bool> {
    let mut unknown = BTreeSet::new();
    for path in &options.paths {
        if path.args.contains("@REDIS") && sandbox.has_no_redis() {
            println!("NOT TESTED: {}: redis-server does not start", path.name);
            continue;
        }
        let (_, run) = clean(options, sandbox, path)?;
        for seen in &run.calls {
            if !table::is_known(seen.call.number) {
                unknown.insert(seen.call.number);
            }
            for fault in table::faults(seen) {
                let text = table::show(&fault);
                let call = table::name(seen.call.number);
                let error = text.rsplit('=').next().unwrap_or_default();
                let is_wanted =
                    |list: &[String], word: &str| list.is_empty() || list.iter().any(|each| each == word);
                if is_wanted(&options.calls, &call) && is_wanted(&options.errors, error) {
                    println!("case {} {text}", path.name);
                }
            }
        }
    }
    if !unknown.is_empty() {
        println!("NOT TESTED: calls without a row in table.rs, by number: {unknown:?}");
    }
    Ok(true)
}

/// A run without a fault, which shows what is right.
fn clean(options: &Options, sandbox: &mut Sandbox, path: &Path) -> std::io::Result<(Clean, Traced)> {
    sandbox.prepare(path)?;
    let (run, wrong) = once(&options.retry, sandbox, path, None, None)?;
    if !wrong.is_empty() {
        return Err(std::io::Error::other(format!("{} without a fault: {}", path.name, wrong.join("; "))));
    }
    let clean = Clean {
        status: libc::WEXITSTATUS(run.status),
        stdout: sandbox.read_x("out"),
        names: sandbox.names(),
    };
    Ok((clean, run))
}

fn once(
    retry: &FilePath,
    sandbox: &mut Sandbox,
    path: &Path,
    fault: Option<Fault>,
    clean: Option<&Clean>,
) -> std::io::Result<(Traced, Vec<String>)> {
    sandbox.fresh()?;
    traced(retry, sandbox, path, fault, clean)
}

fn traced(
    retry: &FilePath,
    sandbox: &Sandbox,
    path: &Path,
    fault: Option<Fault>,
    clean: Option<&Clean>,
) -> std::io::Result<(Traced, Vec<String>)> {
    let mut command = sandbox.command(path, path.args)?;
    let out = sandbox.x("out");
    let run = if path.piped {
        let (reader, writer) = pipe()?;
        command.stdout(writer);
        let run = tracer::run(&mut command, retry, fault)?;
        drop(command);
        fs::write(&out, drain(reader))?;
        run
    } else {
        command.stdout(File::create(&out)?);
        tracer::run(&mut command, retry, fault)?
    };
    let stdout = fs::read(&out)?;
    let wrong = judge(path, sandbox, &run, &stdout, clean);
    Ok((run, wrong))
}
