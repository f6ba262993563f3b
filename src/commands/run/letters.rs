//! Gathers and writes the dead letter of a run, as decided by the session.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use super::{Driver, inputs};
use crate::base::error::Error;
use crate::base::words::of_system;
use crate::classify::stream::redact;
use crate::event::Level;
use crate::letter::{self, Header, Stdin};
use crate::policy::Policy;
use crate::policy::value::Key;
use crate::session::{Kept, LetterFacts};
use crate::sys::files::modified;
use crate::sys::letterbox::Letterbox;
use crate::sys::spool::Spool;
use crate::sys::supervise::{Rest, WholeInput};
use crate::sys::{clock, environment, identity};

/// How long to wait for the next byte of the rest of a pipe.
const REST_LIMIT: Duration = Duration::from_secs(10);
/// The bytes of the end of each captured stream that a letter contains.
const TAIL_BYTES: usize = 4 << 10;
/// The longest body that gets a checksum.
const MAX_SUMMED_BYTES: u64 = 64 << 20;

/// The place for the run's letter.
pub(super) enum Destination {
    Nowhere,
    Letterbox(Letterbox),
    /// Why there is none although one was requested.
    Missing(String),
    /// The replay that started us, which keeps the letter.
    Replay(OwnedFd),
}

/// Opens the directory of letters, if letters are requested.
pub(super) fn open(policy: &Policy, run: &str) -> Result<Destination, Error> {
    let Some(path) = &policy.dead_letter else { return Ok(Destination::Nowhere) };
    let opened = Letterbox::make(Path::new(&path.0));
    if policy.dead_letter_required {
        let probed = opened.and_then(|letterbox| letterbox.probe(run).map(|()| letterbox));
        return match probed {
            Ok(letterbox) => Ok(Destination::Letterbox(letterbox)),
            Err(why) => Err(Error::usage(format!("dead letters cannot be written: {why}"))
                .hint("command not run (--dead-letter-required)")),
        };
    }
    Ok(opened.map_or_else(Destination::Missing, Destination::Letterbox))
}

impl Driver<'_> {
    /// Writes the letter.
    pub(super) fn keep_letter(&mut self, facts: &LetterFacts) -> Kept {
        if let Destination::Replay(report) = &self.letters {
            self.report(report, facts);
            return Kept::default();
        }
        self.sinks.clear();
        let mut kept = Kept::default();
        let rest = self.supervisor.read_rest(REST_LIMIT);
        if let Rest::Interrupted(signal) = rest {
            kept.interrupted = Some(signal);
        }
        match self.try_keep(facts, rest, &mut kept) {
            Ok(path) => {
                let text =
                    format!("kept as {0}; run it again with: retry replay {0}", Path::new(&path).display());
                kept.said.insert(0, (Level::Warn, text));
                // Hooks and readers of the log may have another working directory.
                kept.path = Some(Path::new(&identity::directory()).join(path).into_os_string());
            }
            Err(why) => {
                let text = format!("the dead letter could not be written: {why}; the input is lost");
                kept.said.push((Level::Error, text));
            }
        }
        kept
    }

    fn try_keep(&self, facts: &LetterFacts, rest: Rest, kept: &mut Kept) -> Result<OsString, String> {
        let letterbox = match &self.letters {
            Destination::Letterbox(letterbox) => letterbox,
            Destination::Missing(why) => return Err(why.clone()),
            Destination::Nowhere | Destination::Replay(_) => return Err("there is no directory".to_owned()),
        };
        let copy;
        let (stdin, body) = match self.supervisor.whole_input() {
            WholeInput::Nothing => (Stdin::None, None),
            WholeInput::Kept(spool, loss) => {
                (kept_input(spool, loss.map(|loss| inputs::loss(0, loss)), rest), Some(spool))
            }
            WholeInput::File { file, start } => {
                let (stdin, spool) = self.file_input(&file, start)?;
                copy = spool;
                (stdin, copy.as_ref())
            }
            WholeInput::Gone(why) => (Stdin::Partial { bytes: 0, why: why.to_owned() }, None),
        };
        let header = self.header(facts, stdin);
        let line = header.line().map_err(|mistake| mistake.0)?;
        let name = |number| letter::file_name(&header.created, &self.name, &self.run, number);
        let path = letterbox.write(&self.run, name, &line, body)?;
        if let Some(why) = header.missing() {
            kept.said.push((Level::Warn, format!("the dead letter does not hold the whole input: {why}")));
        }
        if !header.lost_inputs.is_empty() {
            let text =
                "hint: use a file instead of <(…), or pass the input on stdin, which a letter can hold";
            kept.said.push((Level::Warn, text.to_owned()));
        }
        let count = letterbox.letters().map_or(0, |letters| letters.len() as u64);
        if count > self.policy.dead_letter_warn.0 {
            let place = self.policy.dead_letter.as_ref().map(|path| path.0.display().to_string());
            let text = format!("{} holds {count} dead letters", place.unwrap_or_default());
            kept.said.push((Level::Warn, text));
        }
        Ok(path.into_os_string())
    }

    /// A file on stdin: copied if it is small, otherwise referred to by its path.
    fn file_input(&self, file: &OwnedFd, start: u64) -> Result<(Stdin, Option<Spool>), String> {
        let trouble = |why: std::io::Error| format!("stdin cannot be read: {}", of_system(&why));
        let stat = rustix::fs::fstat(file).map_err(|errno| trouble(errno.into()))?;
        let size = stat.st_size.unsigned_abs();
        if size.saturating_sub(start) > self.policy.dead_letter_copy.0 {
            let path = identity::path_of(file).map_err(|errno| trouble(errno.into()))?;
            let mtime = modified(&stat);
            return Ok((Stdin::file(&path, start, size, mtime, stat.st_ino), None));
        }
        let mut spool = Spool::default();
        let mut piece = vec![0; 64 << 10];
        loop {
            let read = rustix::io::read(file, &mut piece[..]).map_err(|errno| trouble(errno.into()))?;
            if read == 0 {
                return Ok((kept_input(&spool, None, Rest::Done), Some(spool)));
            }
            spool.append(&piece[..read]).map_err(trouble)?;
        }
    }

    fn header(&self, facts: &LetterFacts, stdin: Stdin) -> Header {
        let last = facts.last.as_ref();
        let text =
            |text: &str| redact(text, self.policy.dead_letter_redact.0.iter().map(|pattern| &pattern.regex));
        let end = self.streams.end();
        let tail = |bytes: &Option<std::rc::Rc<[u8]>>| {
            let bytes = bytes.as_ref()?;
            let bytes = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
            Some(text(&String::from_utf8_lossy(bytes)))
        };
        let (stdout, stderr) = if end.merged { (&None, &end.stdout) } else { (&end.stdout, &end.stderr) };
        let mut header = Header {
            retry_letter: letter::VERSION,
            run: self.run.clone(),
            created: clock::rfc3339_micros(),
            name: self.name.clone(),
            host: identity::host(),
            uid: rustix::process::getuid().as_raw(),
            umask: format!("{:04o}", identity::umask()),
            stdin,
            lost_inputs: self.supervisor.other_inputs().map(|number| format!("/dev/fd/{number}")).collect(),
            env_names: Vec::new(),
            shell: self.policy.shell.as_ref().map(|shell| shell.0.to_string_lossy().into_owned()),
            policy: self.resolved.name.clone(),
            settings: letter::stored(self.resolved),
            key: self.policy.key.as_ref().and_then(Key::name).map(str::to_owned),
            labels: self.policy.label.0.clone(),
            outcome: facts.outcome.name().to_owned(),
            attempts: facts.attempts,
            exit_code: last.filter(|last| last.signal.is_none()).map(|last| last.status),
            signal: last.and_then(|last| last.signal.clone()),
            class: last.map(|last| last.class.to_owned()),
            rule: last.map(|last| last.rule.clone()),
            reason: last.map(|last| text(&last.reason)),
            stdout_tail: tail(stdout),
            stderr_tail: tail(stderr),
            idempotency_key: self.idempotency_key.clone(),
            retry_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Header::default()
        };
        header.set_argv(&self.command.typed());
        header.set_cwd(&identity::directory());
        for (name, value) in environment::all() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("RETRY_") || matches!(&*name, "TRACEPARENT" | "TRACESTATE" | "BAGGAGE") {
                continue;
            }
            if self.policy.dead_letter_env.has(&name) {
                header.set_variable(&name, &value);
            }
            header.env_names.push(name);
        }
        header.env_names.sort();
        header
    }
}

/// The kept input, and whether it is complete.
fn kept_input(spool: &Spool, loss: Option<String>, rest: Rest) -> Stdin {
    let bytes = spool.len();
    let why = match (loss, rest) {
        (Some(why), _) => why,
        (None, Rest::Done) => {
            let crc32 = if bytes <= MAX_SUMMED_BYTES { spool.crc32().ok() } else { None };
            return Stdin::Bytes { bytes, crc32 };
        }
        (None, Rest::Silent) => "no more data for 10s, and no end of input".to_owned(),
        (None, Rest::Interrupted(_)) => "reading it was interrupted by a signal".to_owned(),
    };
    Stdin::Partial { bytes, why }
}
