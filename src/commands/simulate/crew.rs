//! Simulates many runs on all processors. Each run is simulated in a thread; the order of the results does not depend on
//! the threads.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::base::duration::approximate;
use crate::base::problem::Problem;
use crate::report::figures::grouped;
use crate::simulate::answer::{Run, VariantResult};
use crate::simulate::{Variant, bytes_of, clients_in, simulate};
use crate::sys::output::{self, ERASE, Stderr};
use crate::sys::supervise::HeldSignals;
use crate::sys::{clock, resources};

/// Time between checks for signals, and between updates of the progress line.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The result of a run, its place among all and its job.
const BYTES_OF_RESULT: u64 = (2 * size_of::<Run>() + size_of::<(&Variant, u32)>()) as u64;

/// No progress is shown before this time.
const FIRST: Duration = Duration::from_secs(1);

/// The threads that simulate.
pub(super) struct Crew {
    pub(super) seed: u64,
    threads: usize,
}

/// The signal that interrupted the simulation.
pub(super) struct Stopped {
    pub(super) signal: i32,
    /// The simulated time, in seconds.
    pub(super) reached: f64,
}

impl Crew {
    /// The number of threads; by default one per processor.
    pub(super) fn new(seed: u64, threads: Option<u32>) -> Self {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.and_then(|threads| usize::try_from(threads).ok()).unwrap_or_else(processors);
        Self { seed, threads }
    }

    /// Refuses simulations that do not fit into memory.
    pub(super) fn check_memory(&self, variants: &[Variant], runs: u32) -> Result<(), Problem> {
        let Some(memory) = resources::memory() else { return Ok(()) };
        let at_once = self.at_once(variants, runs);
        let all = (variants.len() as u64).saturating_mul(u64::from(runs));
        let results = all.saturating_mul(BYTES_OF_RESULT);
        if results > memory.bytes {
            return Err(Problem::new(format!(
                "the results of {} runs need {} of memory, and {} are {}",
                grouped(all),
                bytes(results),
                bytes(memory.bytes),
                memory.is
            ))
            .hint("use a smaller --runs, or fewer values"));
        }
        for variant in variants {
            let needed = bytes_of(&variant.scenario).saturating_mul(at_once);
            if needed > memory.bytes {
                if variant.scenario.is_open() {
                    return Err(Problem::new(format!(
                        "the operations that arrive need {} of memory, and {} are {}",
                        bytes(needed),
                        bytes(memory.bytes),
                        memory.is
                    ))
                    .hint("use fewer per second in --arrive, or a shorter --for"));
                }
                let clients = u64::from(variant.scenario.clients);
                let fits = clients_in(&variant.scenario, memory.bytes / at_once);
                return Err(Problem::new(format!(
                    "{} clients need {} of memory, and {} are {}",
                    grouped(clients),
                    bytes(needed),
                    bytes(memory.bytes),
                    memory.is
                ))
                .hint(format!(
                    "use --clients {fits} or fewer{}",
                    if at_once > 1 { ", or --threads 1" } else { "" }
                )));
            }
        }
        Ok(())
    }

    fn at_once(&self, variants: &[Variant], runs: u32) -> u64 {
        let jobs = variants.len().saturating_mul(usize::try_from(runs).unwrap_or(usize::MAX));
        self.threads.min(jobs).max(1) as u64
    }

    /// Simulates this many runs of each variant. Returns the finished runs, even if a signal interrupts the simulation.
    pub(super) fn run(&self, variants: &[Variant], runs: u32) -> (Vec<VariantResult>, Option<Stopped>) {
        let (all, stopped) = self.runs(variants, runs, String::new());
        (super::results(variants, all, runs), stopped)
    }

    /// The runs in the order of variants; runs that a signal interrupted are `None`. `what` is put before the progress.
    pub(super) fn runs(
        &self,
        variants: &[Variant],
        runs: u32,
        what: String,
    ) -> (Vec<Option<Run>>, Option<Stopped>) {
        let jobs: Vec<(&Variant, u32)> =
            variants.iter().flat_map(|variant| (0..runs).map(move |run| (variant, run))).collect();
        let held = HeldSignals::hold();
        let (next, stop, reached) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicU64::new(0));
        let mut results: Vec<Option<Run>> = jobs.iter().map(|_| None).collect();
        let mut signal = None;
        let mut progress = Progress::new(what, jobs.len());
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for _ in 0..self.threads.min(jobs.len()) {
                let sender = sender.clone();
                let (jobs, next, stop, reached) = (&jobs, &next, &stop, &reached);
                scope.spawn(move || {
                    let watch = |at: u64| {
                        reached.store(at, Relaxed);
                        !stop.load(Relaxed)
                    };
                    loop {
                        let index = next.fetch_add(1, Relaxed);
                        let Some((variant, run)) = jobs.get(index) else { return };
                        let record = simulate(&variant.scenario, &variant.policy, self.seed, *run, &watch);
                        if stop.load(Relaxed) {
                            return;
                        }
                        let result = Run::new(&record, &variant.scenario, *run == 0);
                        let _gone = sender.send((index, result));
                    }
                });
            }
            drop(sender);
            loop {
                match receiver.recv_timeout(LOOK_EVERY) {
                    Ok((index, result)) => {
                        results[index] = Some(result);
                        progress.done += 1;
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                if signal.is_none() {
                    signal = held.take();
                    stop.store(signal.is_some(), Relaxed);
                }
                progress.draw(reached.load(Relaxed));
            }
        });
        progress.clear();
        #[expect(clippy::cast_precision_loss, reason = "a time for people")]
        let stopped = signal.map(|signal| Stopped { signal, reached: reached.load(Relaxed) as f64 / 1e9 });
        (results, stopped)
    }
}

/// A line of progress, on a terminal.
struct Progress {
    began: Duration,
    /// When to draw next, on the machine's clock; `None` if stderr is not a terminal.
    next: Option<Duration>,
    is_shown: bool,
    /// What is simulated, and a colon; or nothing.
    what: String,
    done: usize,
    of: usize,
}

impl Progress {
    fn new(what: String, of: usize) -> Self {
        let began = clock::now().elapsed;
        Self {
            began,
            next: output::can_draw_on_stderr().then(|| began + FIRST),
            is_shown: false,
            what,
            done: 0,
            of,
        }
    }

    /// Draws the line if it is due. `reached`: the simulated time of some run, in nanoseconds.
    fn draw(&mut self, reached: u64) {
        let now = clock::now().elapsed;
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        (self.next, self.is_shown) = (Some(now + LOOK_EVERY), true);
        let took = now.saturating_sub(self.began);
        let left = match u32::try_from(self.done) {
            Ok(done @ 1..) => {
                let rest = u32::try_from(self.of - self.done).unwrap_or(u32::MAX);
                format!(", {} left", approximate(took / done * rest))
            }
            _ => String::new(),
        };
        let second = reached / 1_000_000_000;
        let (what, done, of) = (&self.what, self.done, self.of);
        let _full = write!(Stderr, "{ERASE}retry: {what}{done} of {of} runs simulated, t = {second}s{left}");
    }

    fn clear(&self) {
        if self.is_shown {
            let _full = Stderr.write_all(ERASE.as_bytes());
        }
    }
}

/// A size in bytes for people.
#[expect(clippy::cast_precision_loss, reason = "a rough number")]
fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
