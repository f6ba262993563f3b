//! The program that the tests run as the wrapped command: each mode does one thing, exactly.
//!
//! It has no Rust runtime entry point, so that it sees signals and descriptors as they were inherited: the
//! usual one ignores SIGPIPE and reopens closed standard streams. Every mode that sleeps ends by itself after
//! at most [`LONGEST`]. A mistake in its own use exits [`MISUSED`], which no test expects.
//!
//! | mode | what it does |
//! | --- | --- |
//! | `exit CODE` | exits CODE |
//! | `fail-until COUNTER_FILE N CODE` | appends a byte to the file; exits CODE until the N-th run, then 0 |
//! | `kill-self SIGNAL` | dies of the signal (name or number), without a core dump |
//! | `sleep SECONDS` | sleeps, then exits 0 |
//! | `ignore-term READY_FILE` | ignores TERM, creates the file, sleeps |
//! | `trap SIGNAL CODE READY_FILE COUNT_FILE` | appends a byte per delivery, exits CODE 300 ms after the first |
//! | `tree READY_FILE PIDS_FILE` | starts three descendants, writes their pids, one a line, sleeps |
//! | `env NAME...` | prints `NAME=value` or `NAME unset` for each |
//! | `fds` | prints the numbers of the open descriptors, one a line |
//! | `signals` | prints the lines SigBlk and SigIgn of `/proc/self/status` |
//! | `argv ...` | prints the bytes of each further argument in hexadecimal, one a line |
//! | `crowd FILE SECONDS CODE` | counts itself in for that long, exits CODE; the file holds: inside now, most at once, all |
//! | `hint TEXT...` | appends each TEXT as a line to the file `$RETRY_HINT` names, exits 1 |

#![no_main]
#![allow(
    unsafe_code,
    clippy::disallowed_methods,
    reason = "a test fixture acts on the machine; that is its use"
)]

use std::ffi::{CStr, OsStr, OsString, c_char, c_int, c_void};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::fd::{AsRawFd as _, IntoRawFd as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, mem, ptr, thread};

/// No process of this program sleeps longer.
const LONGEST: Duration = Duration::from_secs(60);

/// The exit status for wrong arguments and for what the machine refused.
const MISUSED: c_int = 99;

#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, first: *const *const c_char) -> c_int {
    let words: Vec<OsString> = (1..usize::try_from(count).unwrap_or(0))
        .map(|index| {
            // SAFETY: the system passes `count` pointers to strings that live as long as the process.
            let word = unsafe { CStr::from_ptr(*first.add(index)) };
            OsString::from_vec(word.to_bytes().to_vec())
        })
        .collect();
    run(&words).unwrap_or_else(|message| {
        // A closed or full stderr changes nothing.
        let _ = writeln!(io::stderr(), "fixture: {message}");
        MISUSED
    })
}

/// What a mode ends with: its exit status, or why it could not do its work.
type Result<T> = std::result::Result<T, String>;

fn run(words: &[OsString]) -> Result<c_int> {
    let (mode, operands) = words.split_first().ok_or("a mode is missing")?;
    match (mode.to_str().unwrap_or_default(), operands) {
        ("exit", [code]) => parse(code),
        ("fail-until", [counter, runs, code]) => fail_until(counter, parse(runs)?, parse(code)?),
        ("kill-self", [name]) => kill_self(signal(name)?),
        ("sleep", [seconds]) => {
            let wanted = Duration::try_from_secs_f64(parse(seconds)?).map_err(|error| error.to_string())?;
            thread::sleep(wanted.min(LONGEST));
            Ok(0)
        }
        ("ignore-term", [ready]) => ignore_term(ready),
        ("trap", [name, code, ready, count]) => trap(signal(name)?, parse(code)?, ready, count),
        ("tree", [ready, pids]) => tree(ready, pids),
        ("env", names) => {
            print_environment(names);
            Ok(0)
        }
        ("fds", []) => {
            print_descriptors();
            Ok(0)
        }
        ("signals", []) => print_signals(),
        ("argv", rest) => {
            print_arguments(rest);
            Ok(0)
        }
        ("crowd", [file, seconds, code]) => crowd(file, parse(seconds)?, parse(code)?),
        ("hint", texts) => hint(texts),
        _ => Err(format!("wrong mode or operands: {words:?}")),
    }
}

fn fail_until(counter: &OsStr, runs: u64, code: c_int) -> Result<c_int> {
    let mut file = append_to(counter)?;
    file.write_all(b"x").map_err(|error| format!("{}: {error}", counter.display()))?;
    // An append leaves the offset behind its own byte, so runs at the same time get different numbers.
    let run = file.stream_position().map_err(|error| format!("{}: {error}", counter.display()))?;
    Ok(if run < runs { code } else { 0 })
}

fn crowd(path: &OsStr, seconds: f64, code: c_int) -> Result<c_int> {
    let why = |error: io::Error| format!("{}: {error}", path.display());
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(why)?;
    let mut count = |enters: bool| -> io::Result<()> {
        file.lock()?;
        let mut text = String::new();
        file.rewind()?;
        io::Read::read_to_string(&mut file, &mut text)?;
        let mut counts = text.split_whitespace().map(|word| word.parse::<u64>().unwrap_or(0));
        let [now, most, all] = [0; 3].map(|zero| counts.next().unwrap_or(zero));
        let (now, all) = if enters { (now + 1, all + 1) } else { (now.saturating_sub(1), all) };
        file.rewind()?;
        // Always of the same length, so nothing old remains behind it.
        writeln!(file, "{now:<6} {:<6} {all:<6}", most.max(now))?;
        file.unlock()
    };
    count(true).map_err(why)?;
    thread::sleep(Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?.min(LONGEST));
    count(false).map_err(why)?;
    Ok(code)
}

/// Returns only for a signal whose default action is not the end of the process.
fn kill_self(number: c_int) -> Result<c_int> {
    let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: plain system calls on this process; the set is initialised before it is read. KILL and STOP
    // refuse a change of action, which they do not need.
    let sent = unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const no_core);
        libc::signal(number, libc::SIG_DFL);
        let mut only_this: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut only_this);
        libc::sigaddset(&raw mut only_this, number);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const only_this, ptr::null_mut());
        libc::kill(libc::getpid(), number)
    };
    if sent == 0 { Ok(0) } else { Err(last_error("kill")) }
}

fn ignore_term(ready: &OsStr) -> Result<c_int> {
    // SAFETY: no handler is involved.
    if unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) } == libc::SIG_ERR {
        return Err(last_error("signal"));
    }
    create(ready)?;
    thread::sleep(LONGEST);
    Ok(0)
}

static COUNT_DESCRIPTOR: AtomicI32 = AtomicI32::new(-1);
static DELIVERED: AtomicBool = AtomicBool::new(false);

extern "C" fn count_delivery(_: c_int) {
    // SAFETY: write(2) may be called in a signal handler; the byte lives for ever.
    unsafe { libc::write(COUNT_DESCRIPTOR.load(Ordering::Relaxed), b"x".as_ptr().cast(), 1) };
    DELIVERED.store(true, Ordering::Relaxed);
}

fn trap(number: c_int, code: c_int, ready: &OsStr, count: &OsStr) -> Result<c_int> {
    COUNT_DESCRIPTOR.store(append_to(count)?.into_raw_fd(), Ordering::Relaxed);
    // SAFETY: the handler only writes and stores, and the action is initialised in full.
    let installed = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = count_delivery as extern "C" fn(c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(number, &raw const action, ptr::null_mut())
    };
    if installed != 0 {
        return Err(last_error("sigaction"));
    }
    create(ready)?;
    let started = Instant::now();
    while !DELIVERED.load(Ordering::Relaxed) {
        if started.elapsed() >= LONGEST {
            return Err("the signal never came".to_owned());
        }
        thread::sleep(Duration::from_millis(5));
    }
    // Time for a second delivery of what should come once.
    thread::sleep(Duration::from_millis(300));
    Ok(code)
}

/// Starts, and names in this order: a child in a session of its own; a daemon (forked twice, in a session of
/// its own, standard streams on `/dev/null`); a grandchild in our group whose parent is gone, as `&` in a
/// finished shell leaves it. The first and the last keep the standard streams.
fn tree(ready: &OsStr, pids: &OsStr) -> Result<c_int> {
    let (mut from_children, to_parent) = io::pipe().map_err(|error| format!("pipe: {error}"))?;
    let mut read_pid = || -> Result<libc::pid_t> {
        let mut bytes = [0; size_of::<libc::pid_t>()];
        io::Read::read_exact(&mut from_children, &mut bytes).map_err(|error| format!("no pid: {error}"))?;
        Ok(libc::pid_t::from_ne_bytes(bytes))
    };

    if fork()? == 0 {
        new_session();
        linger(&to_parent);
    }
    let session = read_pid()?;

    let between = fork()?;
    if between == 0 {
        new_session();
        if fork() == Ok(0) {
            leave_streams();
            linger(&to_parent);
        }
        end_now();
    }
    let daemon = read_pid()?;
    reap(between);

    let between = fork()?;
    if between == 0 {
        if fork() == Ok(0) {
            linger(&to_parent);
        }
        end_now();
    }
    let background = read_pid()?;
    reap(between);

    fs::write(pids, format!("{session}\n{daemon}\n{background}\n"))
        .map_err(|error| format!("{}: {error}", pids.display()))?;
    create(ready)?;
    thread::sleep(LONGEST);
    Ok(0)
}

fn fork() -> Result<libc::pid_t> {
    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        -1 => Err(last_error("fork")),
        pid => Ok(pid),
    }
}

fn new_session() {
    // SAFETY: a plain system call; a forked child leads no group, so it cannot fail.
    unsafe { libc::setsid() };
}

fn leave_streams() {
    if let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") {
        for stream in 0..3 {
            // SAFETY: a plain system call on descriptors that nothing here reads again.
            unsafe { libc::dup2(null.as_raw_fd(), stream) };
        }
    }
    let _ = env::set_current_dir("/");
}

/// Reports this process as ready, then sleeps and ends it.
fn linger(to_parent: &io::PipeWriter) -> ! {
    // SAFETY: plain system calls; the bytes outlive the write.
    unsafe {
        let bytes = libc::getpid().to_ne_bytes();
        libc::write(to_parent.as_raw_fd(), bytes.as_ptr().cast::<c_void>(), bytes.len());
        libc::close(to_parent.as_raw_fd());
    }
    thread::sleep(LONGEST);
    end_now()
}

fn end_now() -> ! {
    // SAFETY: ends a forked child without the exit handlers of its parent.
    unsafe { libc::_exit(0) }
}

fn reap(pid: libc::pid_t) {
    // SAFETY: a plain system call; the status is not wanted.
    unsafe { libc::waitpid(pid, ptr::null_mut(), 0) };
}

fn print_environment(names: &[OsString]) {
    let mut text = Vec::new();
    for name in names {
        text.extend_from_slice(name.as_bytes());
        if let Some(value) = env::var_os(name) {
            text.push(b'=');
            text.extend_from_slice(value.as_bytes());
        } else {
            text.extend_from_slice(b" unset");
        }
        text.push(b'\n');
    }
    print(&text);
}

fn print_descriptors() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a plain system call that fills the value.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    // A soft limit lowered since says nothing of descriptors opened before, so some are always asked after.
    let end = c_int::try_from(limit.rlim_cur.clamp(1024, 65_536)).unwrap_or(65_536);
    let mut text = String::new();
    // SAFETY: asking after a descriptor that is not open is an ordinary failure.
    for descriptor in (0..end).filter(|&descriptor| unsafe { libc::fcntl(descriptor, libc::F_GETFD) } != -1) {
        let _ = writeln!(text, "{descriptor}");
    }
    print(text.as_bytes());
}

fn print_signals() -> Result<c_int> {
    let path = "/proc/self/status";
    let status = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let mut text = String::new();
    for line in status.lines().filter(|line| line.starts_with("SigBlk:") || line.starts_with("SigIgn:")) {
        let _ = writeln!(text, "{line}");
    }
    print(text.as_bytes());
    Ok(0)
}

fn print_arguments(words: &[OsString]) {
    let mut text = String::new();
    for word in words {
        for byte in word.as_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
    }
    print(text.as_bytes());
}

fn hint(texts: &[OsString]) -> Result<c_int> {
    let path = env::var_os("RETRY_HINT").ok_or("RETRY_HINT is not set")?;
    let mut lines = Vec::new();
    for text in texts {
        lines.extend_from_slice(text.as_bytes());
        lines.push(b'\n');
    }
    append_to(&path)?.write_all(&lines).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(1)
}

/// A reader that is gone is no failure of a mode that prints.
fn print(text: &[u8]) {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text).and_then(|()| stdout.flush());
}

fn append_to(path: &OsStr) -> Result<File> {
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|error| format!("{}: {error}", path.display()))
}

fn create(path: &OsStr) -> Result<()> {
    File::create(path).map(drop).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse<T: FromStr>(word: &OsStr) -> Result<T> {
    let parsed = word.to_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| format!("not a number: {}", word.display()))
}

fn signal(word: &OsStr) -> Result<c_int> {
    let number = word.to_str().and_then(retry_command::classify::signal::parse);
    number.ok_or_else(|| format!("not a signal: {}", word.display()))
}

fn last_error(call: &str) -> String {
    format!("{call}: {}", io::Error::last_os_error())
}
