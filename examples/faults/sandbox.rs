//! The directories of a run, what it finds there, and how it is started.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path as FilePath, PathBuf};
use std::process::{Command, Stdio};

use crate::options::Worker;
use crate::paths::{Path, Stdin};

/// The command of all paths. It notes that it began (`b`), and that it failed (`f`) or succeeded (`s`).
const SCRIPT: &str = r#"printf b >>"$X/runs"
case " $* " in *" reads "*) cat >"$X/seen" ;; esac
case $1 in slow) sleep 40 & sleep 40 ;; esac
if [ "$1" = flaky ] && [ -e "$X/once" ]; then
  echo second
  case " $* " in *" loud "*) cat "$X/input" ;; esac
  printf s >>"$X/runs"
  exit 0
fi
: >"$X/once"
echo first
case " $* " in *" loud "*) cat "$X/input" ;; esac
echo "again: it does not work" >&2
printf f >>"$X/runs"
exit 3
"#;

/// More than the buffer of a pipe has room for by default, and than is written at once.
const INPUT: usize = 150_000;

/// Neither a pipe's buffer nor a file of a run is larger.
const ROOM: i32 = 1 << 20;

pub(crate) struct Sandbox {
    root: PathBuf,
    retry: PathBuf,
    worker: Worker,
    /// Changed with each run, so that each finds servers that know nothing of it.
    key: u64,
}

impl Sandbox {
    /// `w` is the working directory and the home, `t` is for temporary files, `x` has what the harness needs, and `before`
    /// what stands in `w` when a run of the path begins.
    pub(crate) fn new(retry: &FilePath, worker: &Worker) -> io::Result<Self> {
        let root = worker.directory.clone();
        fs::create_dir_all(&root)?;
        Ok(Self { root, retry: retry.to_owned(), worker: worker.clone(), key: 0 })
    }

    pub(crate) fn w(&self, name: &str) -> PathBuf {
        self.root.join("w").join(name)
    }

    pub(crate) fn x(&self, name: &str) -> PathBuf {
        self.root.join("x").join(name)
    }

    pub(crate) fn read_x(&self, name: &str) -> Vec<u8> {
        fs::read(self.x(name)).unwrap_or_default()
    }

    pub(crate) fn input(&self) -> Vec<u8> {
        self.read_x("input")
    }

    /// Makes what each run of this path finds.
    pub(crate) fn prepare(&mut self, path: &Path) -> io::Result<()> {
        let before = self.root.join("before");
        for directory in [&before, &self.root.join("x")] {
            let _none = fs::remove_dir_all(directory);
            fs::create_dir_all(directory)?;
        }
        let mut input = String::new();
        for line in 0.. {
            if input.len() >= INPUT {
                break;
            }
            input += &format!("{line}\n");
        }
        fs::write(self.x("input"), input)?;
        fs::write(self.x("cmd"), SCRIPT)?;
        self.fresh()?;
        for args in path.before {
            // A log is added to; the input is not.
            if args.contains("@X/input") {
                fs::remove_file(self.x("input"))?;
            }
            let mut command = self.command(path, args)?;
            command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            self.forget();
        }
        fs::remove_dir_all(&before)?;
        copy(&self.root.join("w"), &before)
    }

    /// Everything is as before the first run.
    pub(crate) fn fresh(&mut self) -> io::Result<()> {
        self.key += 1;
        for name in ["w", "t"] {
            let _none = fs::remove_dir_all(self.root.join(name));
        }
        fs::create_dir(self.root.join("t"))?;
        copy(&self.root.join("before"), &self.root.join("w"))?;
        self.forget();
        Ok(())
    }

    /// Forgets what the last run did, but not what it left.
    pub(crate) fn forget(&self) {
        for name in ["once", "runs", "seen", "out", "err"] {
            let _none = fs::remove_file(self.x(name));
        }
    }

    /// The program with these arguments; its streams are those of the path, stdout being for the caller to set.
    pub(crate) fn command(&self, path: &Path, args: &str) -> io::Result<Command> {
        let mut command = Command::new(&self.retry);
        for word in args.split_whitespace() {
            match word {
                "@CMD" => command.arg("/bin/sh").arg(self.x("cmd")),
                _ => command.arg(self.known(word)),
            };
        }
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", self.root.join("w"));
        command.env("TMPDIR", self.root.join("t")).env("X", self.root.join("x"));
        for (name, value) in path.environment {
            command.env(name, self.known(value));
        }
        command.current_dir(self.root.join("w")).stderr(File::create(self.x("err"))?);
        match path.stdin {
            // What a file is made of is not read from it.
            _ if args.contains("@X/input") => command.stdin(Stdio::null()),
            Stdin::Null if args.contains(" reads") => command.stdin(File::open(self.x("input"))?),
            Stdin::Null => command.stdin(Stdio::null()),
            Stdin::File => command.stdin(File::open(self.x("input"))?),
            Stdin::Pipe => {
                let (reader, writer) = pipe()?;
                File::from(writer).write_all(&self.input())?;
                command.stdin(reader)
            }
        };
        Ok(command)
    }

    fn known(&self, word: &str) -> String {
        let x = self.root.join("x").display().to_string();
        let key = format!("k{}-{}", std::process::id(), self.key);
        let known =
            [("@X", &x), ("@REDIS", &self.worker.redis), ("@HTTP", &self.worker.http), ("@KEY", &key)];
        known.iter().fold(word.to_owned(), |word, (name, value)| word.replace(name, value))
    }

    pub(crate) fn has_no_redis(&self) -> bool {
        self.worker.redis.is_empty()
    }

    /// The names of all files that are there, with runs of digits as one: they are pids, times and numbers.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for directory in ["w", "t"] {
            walk(&self.root.join(directory), directory, &mut names);
        }
        names
    }
}

/// A pipe with room for all that a run reads or writes.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
    // SAFETY: a system call on a descriptor that is ours.
    if unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, ROOM) } < ROOM {
        return Err(io::Error::last_os_error());
    }
    Ok((reader, writer))
}

/// All that is in a pipe to which nobody writes any more; where somebody could still, all until now.
pub(crate) fn drain(reader: OwnedFd) -> Vec<u8> {
    // SAFETY: a system call on a descriptor that is ours.
    unsafe { libc::fcntl(reader.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    let mut bytes = Vec::new();
    let _empty = File::from(reader).read_to_end(&mut bytes);
    bytes
}

fn copy(from: &FilePath, to: &FilePath) -> io::Result<()> {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn walk(directory: &FilePath, name: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let own = entry.file_name().to_string_lossy().into_owned();
        let mut plain = format!("{name}/");
        for piece in own.split_inclusive(|letter: char| !letter.is_ascii_hexdigit()) {
            let hex = piece.trim_end_matches(|letter: char| !letter.is_ascii_hexdigit());
            let is_number =
                hex.len() >= 6 || hex.chars().all(|letter| letter.is_ascii_digit()) && !hex.is_empty();
            plain += if is_number { "#" } else { hex };
            plain += &piece[hex.len()..];
        }
        names.insert(plain.clone());
        if entry.path().is_dir() {
            walk(&entry.path(), &plain, names);
        }
    }
}
