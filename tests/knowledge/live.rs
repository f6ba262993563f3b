//! The tools themselves, run through the binary against faults on loopback: what the profiles make of them.

mod faults;
mod files;
mod protocols;
mod web;

use serde_json::Value;

use self::faults::{Fault, Place};
use crate::support::Sandbox;

/// One run: a command line, what it meets, and what is to be made of it.
struct Case {
    /// Words, split at spaces; `{port}` and `{url}` stand for the place of the faults.
    line: String,
    /// No fault: the connection is refused.
    faults: Vec<Fault>,
    class: &'static str,
    kind: &'static str,
    /// The profile whose rule judged.
    profile: &'static str,
    retry_after_ms: Option<f64>,
}

impl Case {
    fn new(line: &str, faults: &[Fault], verdict: [&'static str; 3]) -> Self {
        let [class, kind, profile] = verdict;
        Self { line: line.to_owned(), faults: faults.to_vec(), class, kind, profile, retry_after_ms: None }
    }

    fn asks(self, milliseconds: f64) -> Self {
        Self { retry_after_ms: Some(milliseconds), ..self }
    }

    /// What is wrong with how this is judged.
    fn mistake(&self) -> Option<String> {
        let sandbox = Sandbox::new();
        let place = if self.faults.is_empty() { Place::refusing() } else { Place::of(self.faults.clone()) };
        let line = fill(&self.line, place.port);
        let words: Vec<&str> = line.split(' ').collect();
        let run = Run::new(&sandbox, place.port, &words);
        let (attempts, outcome) = if self.class == "permanent" { (1, "permanent") } else { (2, "exhausted") };
        let expected = (self.class, self.kind, self.profile, self.retry_after_ms, attempts, outcome);
        let found = (
            run.text("/class"),
            run.text("/kind"),
            run.text("/rule/profile"),
            run.failure["retry_after_ms"].as_f64(),
            run.attempts,
            run.outcome.as_str(),
        );
        let told = format!("{line}\n  expected {expected:?}\n  found    {found:?}\n{}", run.told);
        (expected != found).then_some(told)
    }
}

/// Every case is tried before the test fails.
#[track_caller]
fn all_are_judged(cases: &[Case]) {
    let mistakes: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = cases.iter().map(|case| scope.spawn(|| case.mistake())).collect();
        running.into_iter().filter_map(|case| case.join().expect("a run that ends")).collect()
    });
    assert!(mistakes.is_empty(), "{} wrong:\n{}", mistakes.len(), mistakes.join("\n"));
}

/// A run that is over.
struct Run {
    /// The event of its first attempt that failed.
    failure: Value,
    attempts: u64,
    outcome: String,
    exit_code: Option<i32>,
    stdout: String,
    /// For the messages of tests: the output and that event.
    told: String,
}

impl Run {
    #[track_caller]
    fn new(sandbox: &Sandbox, port: u16, words: &[&str]) -> Self {
        let mut command = sandbox.retry(["--log", "log", "--max", "2", "--delay", "10ms", "-q", "--"]);
        command.args(words);
        // Nothing from outside: no proxies, accounts, servers or settings of the tools.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_ascii_uppercase();
            let theirs = [
                "GIT_",
                "PIP_",
                "PG",
                "REDISCLI_",
                "RSYNC_",
                "SSH_",
                "WGETRC",
                "CURL_",
                "LC_",
                "NPM_",
                "NODE_",
            ];
            if text.ends_with("_PROXY") || theirs.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command.envs([
            ("NO_PROXY", "*"),
            ("LC_ALL", "C"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("PIP_CONFIG_FILE", "/dev/null"),
            ("PGCONNECT_TIMEOUT", "10"),
            ("npm_config_globalconfig", "/dev/null"),
        ]);
        let ssh = fill(SSH, port);
        command.env("GIT_SSH_COMMAND", &ssh).env("RSYNC_RSH", &ssh);
        let output = command.output().expect("the binary");
        let log = sandbox.read("log");
        let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let failed = |event: &&Value| event["event"] == "attempt.retry" || event["event"] == "attempt.failed";
        let failure = events.iter().find(failed).cloned().unwrap_or_default();
        let stop = events.iter().find(|event| event["event"] == "run.stop").expect("an end of the run");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let told = format!(
            "  exit {:?}\n  stdout {stdout:?}\n  stderr {:?}\n  {failure}",
            output.status.code(),
            String::from_utf8_lossy(&output.stderr),
        );
        let attempts = stop["attempts"].as_u64().expect("a number of attempts");
        let outcome = stop["outcome"].as_str().expect("an outcome").to_owned();
        Self { failure, attempts, outcome, exit_code: output.status.code(), stdout, told }
    }

    fn text(&self, pointer: &str) -> &str {
        self.failure.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A client that asks nothing and reads no settings.
const SSH: &str = "ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=2 -o StrictHostKeyChecking=no \
                   -o UserKnownHostsFile=/dev/null -p {port}";

fn fill(line: &str, port: u16) -> String {
    line.replace("{ssh}", SSH)
        .replace("{url}", &format!("http://127.0.0.1:{port}"))
        .replace("{port}", &port.to_string())
}
