//! A command line run to its end, and the questions that tests ask of what came of it.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::support::{RETRY, Sandbox, fixture};

/// What came of a command line.
pub(crate) struct Ran {
    /// The status that a shell would report.
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// As it was typed, for messages.
    line: String,
}

impl Ran {
    /// Runs a command to its end.
    #[track_caller]
    pub(crate) fn of(command: &mut assert_cmd::Command) -> Self {
        let line = format!("{command:?}");
        let output = command.output().expect("the command starts");
        let signal = output.status.signal().map_or(-1, |signal| 128 + signal);
        Self {
            status: output.status.code().unwrap_or(signal),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            line,
        }
    }

    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "the status of {}", self.told());
        self
    }

    /// This on stdout and nothing else.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert_eq!(String::from_utf8_lossy(&self.stdout), text, "the stdout of {}", self.told());
        self
    }

    /// These lines on stderr and no others; times are written `TIME` and process ids `PID`.
    #[track_caller]
    pub(crate) fn says(self, lines: &[&str]) -> Self {
        let said = redacted(&self.stderr);
        assert_eq!(said.lines().collect::<Vec<_>>(), lines, "the stderr of {}", self.told());
        self
    }

    /// These lines on stderr, then the one that says that the run gave up.
    #[track_caller]
    pub(crate) fn gives_up_saying(self, lines: &[&str]) -> Self {
        let said = redacted(&self.stderr);
        let said: Vec<_> = said.lines().collect();
        let (last, before) =
            said.split_last().unwrap_or_else(|| panic!("nothing was said by {}", self.told()));
        assert!(last.starts_with("retry: gave up on "), "the last line of {}", self.told());
        assert_eq!(before, lines, "the stderr of {}", self.told());
        self
    }

    /// All of these on stderr, among others.
    #[track_caller]
    pub(crate) fn mentions(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} is missing on the stderr of {}", self.told());
        }
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Stdout as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|why| panic!("no JSON ({why}) on the stdout of {}", self.told()))
    }

    fn told(&self) -> String {
        let Self { line, status, stderr, .. } = self;
        format!("{line}\n[status {status}]\n[stdout]\n{}\n[stderr]\n{stderr}", self.text())
    }
}

impl Sandbox {
    /// Runs the binary with these arguments.
    #[track_caller]
    pub(crate) fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Ran {
        Ran::of(&mut self.retry(args))
    }

    /// The same with variables in the environment.
    #[track_caller]
    pub(crate) fn run_in<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        environment: &[(&str, &str)],
        args: I,
    ) -> Ran {
        Ran::of(self.retry(args).envs(environment.iter().copied()))
    }

    /// `retry explain --format json` with these options.
    #[track_caller]
    pub(crate) fn explain(&self, args: &[&str]) -> Explained {
        let ran = self.run([&["explain", "--format", "json"], args].concat()).exits(0);
        Explained(ran.json())
    }

    /// Runs the fixture under these options until its N-th run, which is its first to succeed.
    #[track_caller]
    pub(crate) fn fails_until(&self, run: u32, options: &[&str]) -> Ran {
        let run = run.to_string();
        self.run([options, &["--", fixture(), "fail-until", "runs", &run, "7"]].concat())
    }

    /// How often [`Self::fails_until`] ran its command.
    pub(crate) fn runs(&self) -> usize {
        self.count("runs")
    }

    /// The log of this name, a line an event.
    #[track_caller]
    pub(crate) fn log(&self, name: &str) -> Vec<Json> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        self.read(name).lines().map(parse).collect()
    }

    /// A file that can be executed. It is `install` that writes it: a process that another test forks meanwhile
    /// would inherit a descriptor of ours, and a file that is open for writing cannot be executed.
    #[track_caller]
    pub(crate) fn executable(&self, name: &str, source: &Path) -> PathBuf {
        let path = self.path(name);
        let made = Command::new("install").args(["-D", "-m", "755"]).arg(source).arg(&path).status();
        assert!(made.is_ok_and(|status| status.success()), "install {}", path.display());
        path
    }

    /// The same for a script.
    #[track_caller]
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let source = self.write("script", text);
        let path = self.executable(name, &source);
        std::fs::remove_file(source).expect("the source is there");
        path
    }

    /// The names of the files, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(".")).expect("the directory is there");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("an entry").file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    }
}

/// The answer of `retry explain --format json`.
pub(crate) struct Explained(pub(crate) Json);

impl Explained {
    #[track_caller]
    pub(crate) fn value(&self, key: &str) -> &Json {
        &self.setting(key)["value"]
    }

    #[track_caller]
    pub(crate) fn source(&self, key: &str) -> &str {
        self.setting(key)["source"].as_str().expect("a source is text")
    }

    #[track_caller]
    fn setting(&self, key: &str) -> &Json {
        let setting = &self.0["policy"][key];
        assert!(setting.is_object(), "{key} is no key of the policy");
        setting
    }

    /// Least, mean and greatest wait in milliseconds, a row a retry.
    pub(crate) fn schedule(&self) -> Vec<[f64; 3]> {
        let rows = self.0["schedule"].as_array().expect("a schedule");
        let ms = |row: &Json, key: &str| row[key].as_f64().expect("milliseconds");
        rows.iter().map(|row| ["min_ms", "mean_ms", "max_ms"].map(|key| ms(row, key))).collect()
    }
}

/// Gives up root, where we have it: the machine lets root write everything. The program is copied to where an
/// ordinary user can reach it.
pub(crate) fn as_ordinary_user(sandbox: &Sandbox) -> Command {
    let mut command = Command::new(sandbox.executable("retry", Path::new(RETRY)));
    for (name, value) in sandbox.spawnable([""; 0]).get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.current_dir("/");
    if rustix::process::geteuid().is_root() {
        std::fs::set_permissions(sandbox.path("."), std::fs::Permissions::from_mode(0o755)).expect("a mode");
        command.uid(65534).gid(65534);
    }
    command
}

/// The events of this kind.
pub(crate) fn only<'a>(log: &'a [Json], event: &str) -> Vec<&'a Json> {
    log.iter().filter(|line| line["event"] == event).collect()
}

/// The one event of this kind.
#[track_caller]
pub(crate) fn one<'a>(log: &'a [Json], event: &str) -> &'a Json {
    let found = only(log, event);
    assert_eq!(found.len(), 1, "{event} in {log:#?}");
    found[0]
}

/// The waits that a log has drawn, in milliseconds.
pub(crate) fn waits(log: &[Json]) -> Vec<f64> {
    only(log, "attempt.retry").iter().map(|line| line["backoff_ms"].as_f64().expect("a wait")).collect()
}

/// The same text with `TIME` for each time and `PID` for each process id, which differ from run to run.
pub(crate) fn redacted(text: &str) -> String {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let mut out = String::new();
    for piece in text.split_inclusive(|c| !inside(c)) {
        let word = piece.trim_end_matches(|c| !inside(c));
        let is_number = |text: &str| text.parse::<f64>().is_ok();
        let is_time = ["ms", "s"].into_iter().any(|unit| word.strip_suffix(unit).is_some_and(is_number));
        let replacement = match word {
            _ if is_time => "TIME",
            _ if out.ends_with("(pid ") => "PID",
            word => word,
        };
        out.push_str(replacement);
        out.push_str(&piece[word.len()..]);
    }
    out
}
