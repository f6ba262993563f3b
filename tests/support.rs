//! What the tests share: the binary in clean surroundings, the fixture program, waiting for a condition.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// The binary under test. Never by PATH: Debian has another `retry`.
pub(crate) const RETRY: &str = env!("CARGO_BIN_EXE_retry");

/// The program that tests have run: `examples/fixture.rs`, built beside the tests.
pub(crate) fn fixture() -> &'static str {
    static FIXTURE: LazyLock<String> = LazyLock::new(|| example("fixture"));
    &FIXTURE
}

/// The path of a program under `examples/`.
pub(crate) fn example(name: &str) -> String {
    let path = Path::new(RETRY).with_file_name("examples").join(name);
    assert!(path.exists(), "{} is missing: cargo test builds it", path.display());
    path.to_str().expect("a UTF-8 path").to_owned()
}

/// A directory of a test's own: the working directory and the home of what it runs.
pub(crate) struct Sandbox {
    directory: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// The text of a file; empty when it is not there.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// How many bytes a file has: the fixture program writes one a run.
    pub(crate) fn count(&self, name: &str) -> usize {
        std::fs::read(self.path(name)).map_or(0, |bytes| bytes.len())
    }

    /// The binary with these arguments, for `assert()`. No terminal, an empty stdin, no options from outside, a UTF-8 locale.
    pub(crate) fn retry<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::from_std(self.spawnable(args));
        command.timeout(Duration::from_secs(60));
        command
    }

    /// The same as a plain command, for `spawn()`; its stdin is /dev/null.
    pub(crate) fn spawnable<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        args: I,
    ) -> std::process::Command {
        self.surround(std::process::Command::new(RETRY), args)
    }

    /// The same with the default action for every signal: those that the tests were started with as ignored (by `nohup`, or
    /// a shell's `&`) would end nothing.
    pub(crate) fn signallable<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        args: I,
    ) -> std::process::Command {
        let mut command = std::process::Command::new("env");
        command.args(["--default-signal", RETRY]);
        self.surround(command, args)
    }

    /// Gives a command arguments, and nothing that belongs to whoever runs the tests.
    pub(crate) fn surround<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        mut command: std::process::Command,
        args: I,
    ) -> std::process::Command {
        command.args(args).current_dir(self.directory.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if ["RETRY_", "XDG_", "OTEL_"].iter().any(|begin| name_text.starts_with(begin)) {
                command.env_remove(&name);
            }
        }
        let of_ci =
            ["CI", "GITHUB_ACTIONS", "GITEA_ACTIONS", "FORGEJO_ACTIONS", "ACT", "GITLAB_CI", "BUILDKITE"];
        let of_others =
            ["TEAMCITY_VERSION", "TF_BUILD", "JENKINS_URL", "CIRCLECI", "CI_PIPELINE_URL", "DRONE"];
        let more = [
            "TRAVIS",
            "APPVEYOR",
            "BITBUCKET_BUILD_NUMBER",
            "TRACEPARENT",
            "TRACESTATE",
            "BAGGAGE",
            "NO_COLOR",
            "CLICOLOR_FORCE",
        ];
        for name in of_ci.iter().chain(&of_others).chain(&more) {
            command.env_remove(name);
        }
        command.env("HOME", self.directory.path()).env("LC_ALL", "C.UTF-8");
        command
    }
}

/// The reading end of a pipe that is full, and its writing end, which waits as pipes do.
pub(crate) fn full_pipe() -> (std::os::fd::OwnedFd, std::os::fd::OwnedFd) {
    use std::io::Write as _;

    use rustix::fs::{OFlags, fcntl_setfl};

    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    fcntl_setfl(&writer, OFlags::NONBLOCK).expect("flags");
    let mut file = std::fs::File::from(writer);
    for piece in [4096, 1] {
        while file.write(&vec![b'x'; piece]).is_ok() {}
    }
    let writer = std::os::fd::OwnedFd::from(file);
    fcntl_setfl(&writer, OFlags::empty()).expect("flags");
    (reader, writer)
}

/// Waits until the condition holds; fails loudly when it does not within 30 s.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < limit, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether there is a process with this id that is not a zombie.
pub(crate) fn is_alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with(['Z', 'X']))
}
