//! Tools that meet their fault on this machine: sqlite3, git's own lock.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::Run;
use crate::support::Sandbox;

/// A process that holds a database's lock until it is dropped.
struct Holder(Child);

impl Holder {
    #[track_caller]
    fn of(sandbox: &Sandbox, database: &str) -> Self {
        let program = "import sqlite3, sys\n\
                       base = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                       base.execute('create table t (x)')\n\
                       base.execute('begin exclusive')\n\
                       print('held', flush=True)\n\
                       sys.stdin.read()\n";
        let mut child = Command::new("python3")
            .args(["-c", program])
            .arg(sandbox.path(database))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line, "held\n", "no lock");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Runs these words; checks class, kind, profile and the number of attempts.
#[track_caller]
fn judged(sandbox: &Sandbox, words: &[&str], verdict: [&str; 3], attempts: u64) {
    let run = Run::new(sandbox, 0, words);
    let found = [run.text("/class"), run.text("/kind"), run.text("/rule/profile")];
    assert_eq!((found, run.attempts), (verdict, attempts), "{words:?}\n{}", run.told);
}

#[test]
fn sqlite3_waits_for_a_lock_and_for_nothing_else() {
    let sandbox = Sandbox::new();
    let holder = Holder::of(&sandbox, "base.db");
    let insert = ["sqlite3", "base.db", "insert into t values (1)"];
    judged(&sandbox, &insert, ["transient", "lock", "sqlite3"], 2);
    drop(holder);
    let released = Run::new(&sandbox, 0, &insert);
    assert_eq!(released.exit_code, Some(0), "{}", released.told);
}

#[test]
fn sqlite3_stops_at_a_statement_or_a_file_that_is_wrong() {
    let sandbox = Sandbox::new();
    sandbox.write("text.db", "no database at all, only a text that is long enough to be read as a header of one, and then some more of it");
    for words in [
        ["sqlite3", "new.db", "select * from nothing"],
        ["sqlite3", "new.db", "selec 1"],
        ["sqlite3", "text.db", "select * from t"],
        ["sqlite3", "nowhere/base.db", "select 1"],
    ] {
        let run = Run::new(&sandbox, 0, &words);
        assert_eq!((run.text("/class"), run.attempts), ("permanent", 1), "{words:?}\n{}", run.told);
        std::fs::remove_file(sandbox.path("log")).expect("a log");
    }
}

#[test]
fn git_waits_for_the_lock_of_its_index() {
    let sandbox = Sandbox::new();
    let made = Run::new(&sandbox, 0, &["git", "init", "-q", "."]);
    assert_eq!(made.exit_code, Some(0), "{}", made.told);
    std::fs::remove_file(sandbox.path("log")).expect("a log");
    sandbox.write("file", "a text\n");
    sandbox.write(".git/index.lock", "");
    judged(&sandbox, &["git", "add", "file"], ["transient", "lock", "git"], 2);
}
