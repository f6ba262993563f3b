//! Looks for leaks: one process that makes attempts without end, and the program started over and over, half of the time each.
//! Descriptors, memory and files must be no more at the end than at the beginning.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path as FilePath;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::matrix::Scratch;
use crate::options::{Options, Worker};
use crate::paths::{PATHS, Path};
use crate::sandbox::Sandbox;
use crate::servers::dies_with_us;

/// The memory that may come until the caches of a process are full, in KiB: one look is never like another.
const MEMORY_SLACK: u64 = 2048;

/// What one attempt of a process that lives long leads through. The log is cut short from time to time.
const LONG: &str = "--max inf --delay 1ms --max-delay 1ms --retry-match again --log log --log-tail 4k --key k --state state \
     --concurrency 2 --rate 1000000/1s --breaker 1000000/1s --stdin replay --on-retry : --metrics-file metrics -- @CMD fails \
     reads";

/// Paths that are run over and over; of what they keep, no more is there in the end than after a first run of each.
const OFTEN: [&str; 6] = ["captured", "limited", "stdin-pipe", "held", "metrics", "slow"];

/// What is looked at.
#[derive(Clone, Copy, Debug)]
struct Look {
    after: Duration,
    count: usize,
    descriptors: usize,
    resident: u64,
    children: usize,
    files: usize,
}

/// True if nothing grew.
pub(crate) fn run(options: &Options, time: Duration) -> Result<bool, String> {
    soak(options, time).map_err(|error| error.to_string())
}

fn soak(options: &Options, time: Duration) -> std::io::Result<bool> {
    let scratch = Scratch::new()?;
    let of = |name: &str| Worker { directory: scratch.0.join(name), ..Worker::default() };
    let mut one = Sandbox::new(&options.retry, &of("one"))?;
    let mut many = Sandbox::new(&options.retry, &of("many"))?;
    let attempts = attempts(&mut one, time / 2)?;
    let runs = runs(&mut many, time / 2)?;
    Ok(attempts && runs)
}

fn find(name: &str) -> &'static Path {
    PATHS.iter().find(|path| path.name == name).expect("a path of that name")
}

/// One process, many attempts.
fn attempts(sandbox: &mut Sandbox, time: Duration) -> std::io::Result<bool> {
    let path = find("stdin-pipe");
    sandbox.prepare(path)?;
    let mut command = sandbox.command(path, LONG)?;
    let mut child = dies_with_us(command.stdout(Stdio::null()).stderr(Stdio::null())).spawn()?;
    drop(command);
    let began = Instant::now();
    let mut looks = Vec::new();
    let result = loop {
        std::thread::sleep(Duration::from_millis(200).min(time / 50));
        if child.try_wait()?.is_some() {
            println!("soak: the process with many attempts has ended by itself");
            break false;
        }
        let count =
            fs::metadata(sandbox.x("runs")).map_or(0, |file| usize::try_from(file.len()).unwrap_or(0) / 2);
        // It is appended to, so it goes on from its new end.
        if fs::metadata(sandbox.w("log")).is_ok_and(|file| file.len() > 16 << 20) {
            fs::File::options().write(true).open(sandbox.w("log"))?.set_len(0)?;
        }
        // The first ones fill the caches.
        let due = time * u32::try_from(looks.len() + 1).unwrap_or(u32::MAX) / 20;
        if began.elapsed() >= due {
            looks.push(look(&child, sandbox, began.elapsed(), count));
        }
        if began.elapsed() >= time {
            break true;
        }
    };
    child.kill()?;
    child.wait()?;
    Ok(tell("attempts of one process", &looks) && result)
}

/// The program, many times.
fn runs(sandbox: &mut Sandbox, time: Duration) -> std::io::Result<bool> {
    let began = Instant::now();
    let mut good = true;
    let mut total = 0;
    let share = time / u32::try_from(OFTEN.len()).unwrap_or(1);
    for (index, name) in OFTEN.iter().enumerate() {
        let path = find(name);
        sandbox.prepare(path)?;
        sandbox.fresh()?;
        let mut first: Option<(usize, BTreeSet<String>)> = None;
        let mut count = 0;
        while began.elapsed() < share * u32::try_from(index + 1).unwrap_or(1) {
            let mut command = sandbox.command(path, path.args)?;
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            drop(command);
            // A budget may be used up.
            let expected: &[i32] = match *name {
                "slow" => &[124],
                "limited" => &[0, 3],
                _ => &[0],
            };
            if !status.code().is_some_and(|code| expected.contains(&code)) {
                println!("soak: run {count} of {name}: {status}");
                good = false;
            }
            count += 1;
            sandbox.forget();
            // More than one, so that what is made at need is there.
            if count == 5 {
                first = Some((count_files(&sandbox.w("..")), sandbox.names()));
            }
        }
        let now = (count_files(&sandbox.w("..")), sandbox.names());
        let before = first.unwrap_or_else(|| now.clone());
        println!("soak: {count} runs of {name}: {} files after 5 runs, {} at the end", before.0, now.0);
        if now != before {
            println!("soak: FILES: {:?}", now.1.symmetric_difference(&before.1).collect::<Vec<_>>());
            good = false;
        }
        total += count;
    }
    println!("soak: {total} runs in {:.0} s", began.elapsed().as_secs_f64());
    Ok(good)
}

fn look(child: &Child, sandbox: &Sandbox, after: Duration, count: usize) -> Look {
    let pid = child.id();
    let entries = |path: String| fs::read_dir(path).map_or(0, Iterator::count);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    Look {
        after,
        count,
        // The least of some: an attempt has descriptors of its own while it lasts.
        descriptors: (0..50).map(|_| entries(format!("/proc/{pid}/fd"))).min().unwrap_or(0),
        resident,
        children: children.split_whitespace().count(),
        files: count_files(&sandbox.w("..")),
    }
}

fn count_files(directory: &FilePath) -> usize {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { 1 + count_files(&entry.path()) } else { 1 }).sum()
}

fn tell(what: &str, looks: &[Look]) -> bool {
    let (Some(first), Some(last)) = (looks.get(1), looks.last()) else {
        println!("soak: too short to compare anything");
        return false;
    };
    for look in [first, &looks[looks.len() / 2], last] {
        println!(
            "soak: after {:>3.0} s: {} {what}: {} descriptors, {} KiB resident, {} children, {} files",
            look.after.as_secs_f64(),
            look.count,
            look.descriptors,
            look.resident,
            look.children,
            look.files,
        );
    }
    // A letter, a marker of the command: one more or less at a time.
    let flat = last.descriptors <= first.descriptors + 1
        && last.resident <= first.resident + MEMORY_SLACK
        && last.children <= first.children + 2
        && last.files <= first.files + 3
        && last.count > first.count;
    if !flat {
        println!("soak: GROWN");
    }
    flat
}
