//! What a run may end with when one call of it has failed.
//!
//! - It ends, and leaves no process and no file behind that a clean run does not leave. (A file that could not be removed,
//!   because it was the removal that failed, is excused.)
//! - Its result is that of the command, or 125, or 126 and 127 for a command that was not executed; always with a line that
//!   says why, unless it was the writing of that line that failed.
//! - It dies of no signal. The one exception is a call of the allocator that is refused: then it may abort, saying so.
//! - The command is not run again once it has succeeded, nor more often than it may.
//! - What the command read is all of the input, and what it wrote is all there; or else the result is no success, and said.
//! - Logs, metrics, letters and reports are whole, or a line says that they are not.

use std::collections::BTreeSet;
use std::fs;

use crate::paths::{Kind, Leaves, Path, Stdin};
use crate::sandbox::Sandbox;
use crate::tracer::Traced;

/// What a run without a fault ends with.
pub(crate) struct Clean {
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) names: BTreeSet<String>,
}

/// What there is to be seen of a run.
struct Evidence<'a> {
    path: &'a Path,
    sandbox: &'a Sandbox,
    run: &'a Traced,
    stdout: &'a [u8],
    stderr: String,
    runs: String,
}

/// Everything that is wrong with a run. `clean` is missing for the first run, which shows what is right.
pub(crate) fn judge(
    path: &Path,
    sandbox: &Sandbox,
    run: &Traced,
    stdout: &[u8],
    clean: Option<&Clean>,
) -> Vec<String> {
    let text = |name| String::from_utf8_lossy(&sandbox.read_x(name)).into_owned();
    let seen = Evidence { path, sandbox, run, stdout, stderr: text("err"), runs: text("runs") };
    let mut wrong = Vec::new();
    seen.end(clean, &mut wrong);
    seen.messages(&mut wrong);
    seen.runs(&mut wrong);
    seen.streams(clean, &mut wrong);
    seen.files(clean, &mut wrong);
    if !wrong.is_empty() {
        let tail: Vec<&str> = seen.stderr.lines().rev().take(3).collect();
        wrong.push(format!(
            "runs '{}', stderr ends: {}",
            seen.runs,
            tail.into_iter().rev().collect::<Vec<_>>().join(" | ")
        ));
    }
    wrong
}

impl Evidence<'_> {
    fn end(&self, clean: Option<&Clean>, wrong: &mut Vec<String>) {
        if self.run.hung {
            wrong.push("hangs".to_owned());
            return;
        }
        // Where orphans are left to init, a command that dies before its children takes them out of our sight.
        let adopts = !self.run.hit.is_some_and(|hit| {
            hit.call.number == libc::SYS_prctl && hit.args[0] == libc::PR_SET_CHILD_SUBREAPER as u64
        });
        if !self.run.left.is_empty() && adopts {
            wrong.push(format!("leaves processes behind: {}", self.run.left.join(", ")));
        }
        if libc::WIFSIGNALED(self.run.status) {
            if !self.aborted_for_memory() {
                wrong.push(format!("dies of signal {}", libc::WTERMSIG(self.run.status)));
            }
            return;
        }
        let status = libc::WEXITSTATUS(self.run.status);
        let own = self.is_own(status, clean);
        let succeeded = self.runs.ends_with('s');
        let is_ours = status == 125 || matches!(status, 126 | 127) && !succeeded;
        if !own && !is_ours {
            wrong.push(format!("exits {status}"));
        }
        if (!own || self.runs.ends_with('f')) && !self.says("") && !self.is_deaf() {
            wrong.push(format!("exits {status} and does not say why"));
        }
    }

    /// Whether this is the command's own result, or that of an undisturbed run of the verb.
    fn is_own(&self, status: i32, clean: Option<&Clean>) -> bool {
        match (self.path.kind, self.runs.chars().last()) {
            (Kind::Verb, _) => clean.is_none_or(|clean| clean.status == status),
            (_, Some('s')) if status == 1 && self.path.name == "replay" => self.says("could not be removed"),
            (_, Some('s')) => status == 0,
            // Others have taken the letter, or are at it.
            (_, None)
                if self.path.name == "replay" && (self.is_missing() || self.says("another process")) =>
            {
                matches!(status, 0 | 1)
            }
            _ if self.path.name == "replay" => matches!(status, 1 | 75),
            (Kind::Slow, Some('b' | 'f')) => status == 124,
            (_, Some('f')) => status == 3,
            // The fallback has the last word.
            (_, None) if self.path.name == "fallback" => status == 3,
            _ => false,
        }
    }

    fn exit_is_own(&self, clean: Option<&Clean>) -> bool {
        libc::WIFEXITED(self.run.status) && self.is_own(libc::WEXITSTATUS(self.run.status), clean)
    }

    fn fault_is(&self, calls: &[i64]) -> bool {
        self.run.hit.is_some_and(|hit| calls.contains(&hit.call.number))
    }

    /// The writing of a message failed.
    fn is_deaf(&self) -> bool {
        self.fault_is(&[libc::SYS_write]) && self.run.hit.is_some_and(|hit| hit.args[0] == 2)
    }

    /// Something was not there, as if others had removed it.
    fn is_missing(&self) -> bool {
        self.run.errno == Some(libc::ENOENT)
    }

    fn is_unread(&self) -> bool {
        self.run.errno == Some(libc::EPIPE)
    }

    fn aborted_for_memory(&self) -> bool {
        let of_memory =
            [libc::SYS_mmap, libc::SYS_brk, libc::SYS_mremap, libc::SYS_munmap, libc::SYS_mprotect];
        self.fault_is(&of_memory) && self.stderr.contains("memory allocation of")
    }

    /// A line of ours has this in it.
    fn says(&self, what: &str) -> bool {
        let lines = self.stderr.lines().filter(|line| line.contains("retry: "));
        lines.map(str::to_lowercase).any(|line| line.contains(what))
    }

    fn messages(&self, wrong: &mut Vec<String>) {
        if self.stderr.contains("this is a bug") || self.stderr.contains("panicked") {
            wrong.push("panics".to_owned());
        }
        // A shell says so of a child that was stopped when it was not.
        let known = ["retry: ", "hint: ", "Terminated", "again: ", "memory allocation of", "::", "        "];
        let foreign = self.stderr.lines().find(|line| !known.iter().any(|begin| line.starts_with(begin)));
        if let Some(line) = foreign.filter(|_| !self.is_deaf()) {
            wrong.push(format!("writes what is no message: {line}"));
        }
    }

    fn runs(&self, wrong: &mut Vec<String>) {
        if self.runs.find('s').is_some_and(|at| at + 1 < self.runs.len()) {
            wrong.push("runs the command again after its success".to_owned());
        }
        let most = match self.path.kind {
            Kind::Verb => 0,
            _ if self.path.name == "witness" => 1,
            Kind::Flaky => 3,
            Kind::Failing | Kind::Slow => 2,
        };
        if self.runs.matches('b').count() > most {
            wrong.push("runs the command too often".to_owned());
        }
        if self.runs.contains("bb") && self.path.kind != Kind::Slow {
            wrong.push("stops the command".to_owned());
        }
    }

    fn streams(&self, clean: Option<&Clean>, wrong: &mut Vec<String>) {
        let own = self.exit_is_own(clean);
        if self.path.kind == Kind::Verb {
            if own && !self.is_unread() && clean.is_some_and(|clean| clean.stdout != self.stdout) {
                wrong.push(format!("shortens stdout: {} bytes", self.stdout.len()));
            }
            return;
        }
        let whole = self.runs.ends_with(['s', 'f']);
        if self.path.args.contains("reads") && whole && self.sandbox.read_x("seen") != self.sandbox.input() {
            wrong.push(format!("shortens stdin: {} bytes", self.sandbox.read_x("seen").len()));
        }
        if self.path.name == "ci" {
            return;
        }
        let mut expected = Vec::new();
        let mut of_last = 0;
        for run in self.runs.chars() {
            let text: &[u8] = match run {
                'f' if !self.path.held => b"first\n",
                's' => b"second\n",
                _ => continue,
            };
            of_last = expected.len();
            expected.extend_from_slice(text);
            if self.path.args.contains("loud") {
                expected.extend(self.sandbox.input());
            }
        }
        // What an earlier attempt wrote may be lost where stdout refused it; so may all, where that is said, or where nobody
        // reads it.
        let refused = self.fault_is(&[libc::SYS_write, libc::SYS_splice, libc::SYS_tee]);
        let is_excused = refused
            && (self.stdout.ends_with(&expected[of_last..])
                || self.says("lost")
                || self.says("nobody reads")
                || self.is_unread());
        let right = if own && whole { self.stdout == expected } else { expected.starts_with(self.stdout) };
        if !right && !is_excused {
            wrong.push(format!("changes stdout: {} bytes of {}", self.stdout.len(), expected.len()));
        }
    }

    fn files(&self, clean: Option<&Clean>, wrong: &mut Vec<String>) {
        let Some(clean) = clean else { return };
        let removal = self.fault_is(&[libc::SYS_unlink, libc::SYS_unlinkat]);
        let names = self.sandbox.names();
        let more: Vec<_> = names.difference(&clean.names).map(String::as_str).collect();
        // A letter may have another name than in the clean run, or be still there, or its failure be recorded.
        let of_letters = matches!(self.path.leaves, Leaves::Letter | Leaves::NoLetter);
        let is_known =
            |name: &&str| of_letters && (name.ends_with(".letter") || name.ends_with("replays.jsonl"));
        let more: Vec<_> = more.into_iter().filter(|name| !is_known(name)).collect();
        if !more.is_empty() && !removal {
            wrong.push(format!("leaves files behind: {}", more.join(", ")));
        }
        let read = |name: &str| fs::read_to_string(self.sandbox.w(name)).unwrap_or_default();
        match self.path.leaves {
            Leaves::Nothing => {}
            Leaves::Log => self.log(&read("log"), wrong),
            Leaves::Metrics => {
                let text = read("metrics");
                let is_count =
                    |line: &&str| line.starts_with("retry_operations_total") && line.contains("a=\"b\"");
                let counted =
                    self.runs.is_empty() || text.lines().filter(is_count).any(|line| !line.ends_with(" 0"));
                if !text.ends_with('\n') || !(counted || self.says("metrics")) {
                    wrong.push("loses the metrics and does not say so".to_owned());
                }
            }
            Leaves::Letter => self.letter(wrong),
            Leaves::NoLetter => {
                let left = names.iter().any(|name| name.ends_with(".letter"));
                let is_excused =
                    self.is_missing() || self.says("letter") || self.says("could not be removed");
                if left == self.runs.ends_with('s') && !is_excused {
                    wrong.push(format!("the letter is {}", if left { "still there" } else { "gone" }));
                }
            }
            Leaves::Report => {
                let text = read("report");
                let own = self.exit_is_own(Some(clean));
                if (own || !text.is_empty()) && !text.trim_end().ends_with("</html>") {
                    wrong.push("leaves a part of a report".to_owned());
                }
            }
        }
    }

    fn log(&self, log: &str, wrong: &mut Vec<String>) {
        let is_event = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
        if let Some(line) = log.lines().find(|line| !is_event(line)) {
            wrong.push(format!("leaves a line in the log that is no event: {line}"));
        }
        let whole = log.lines().last().is_some_and(|line| line.contains("run.stop"));
        let is_due = libc::WIFEXITED(self.run.status) && !self.runs.is_empty();
        if is_due && !whole && !self.says("log") {
            wrong.push("loses events and does not say so".to_owned());
        }
    }

    fn letter(&self, wrong: &mut Vec<String>) {
        let letters = fs::read_dir(self.sandbox.w("letters")).into_iter().flatten().flatten();
        let letters: Vec<Vec<u8>> = letters.filter_map(|entry| fs::read(entry.path()).ok()).collect();
        let input = self.sandbox.input();
        let whole = |letter: &Vec<u8>| letter.len() > input.len() && letter.ends_with(&input);
        if self.exit_is_own(None) && !letters.iter().any(whole) && !self.says("letter") {
            let kind = if self.path.stdin == Stdin::File { "the file" } else { "the pipe" };
            wrong.push(format!("loses the letter with {kind}, and does not say so"));
        }
    }
}
