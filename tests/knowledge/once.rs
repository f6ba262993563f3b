//! `--non-idempotent`, through the binary: a line that proves something of one command proves nothing of those before it.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::Sandbox;

const REFUSED: &str = "curl: (7) Failed to connect to b port 80: Connection refused\n";

/// The class of a result with status 7 and that line.
fn class(sandbox: &Sandbox, command: &[&str]) -> String {
    let asked =
        ["classify", "--format", "json", "--non-idempotent", "--exit", "7", "--stderr-file", "said", "--"];
    let output = sandbox.retry(asked.iter().chain(command)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    answer["class"].as_str().expect("a class").to_owned()
}

#[test]
fn what_one_step_says_is_no_proof_for_the_others() {
    let sandbox = Sandbox::new();
    sandbox.write("said", REFUSED);
    let several: [&[&str]; 6] = [
        &["make", "deploy"],
        &["npm", "run", "deploy"],
        &["python", "deploy.py"],
        &["flock", "l", "make", "deploy"],
        &["docker", "exec", "x", "deploy"],
        &["ssh", "x", "deploy"],
    ];
    for command in several {
        assert_eq!(class(&sandbox, command), "permanent", "{command:?}");
    }
    for command in [["timeout", "5", "curl", "b"], ["flock", "l", "curl", "b"]] {
        assert_eq!(class(&sandbox, &command), "transient", "{command:?}");
    }
}

#[test]
fn a_makefile_is_not_run_again_where_its_last_step_was_refused() {
    let sandbox = Sandbox::new();
    for (name, attempts) in [("make", 1), ("curl", 3)] {
        let script = format!("#!/bin/sh\necho x >>{name}-runs\nprintf '{REFUSED}' >&2\nexit 7\n");
        let program = sandbox.write(name, script);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = program.to_str().unwrap();
        let options = ["--non-idempotent", "--max", "3", "--delay", "1ms", "--"];
        sandbox.retry(options.iter().chain(&[program, "deploy"])).assert().code(7);
        assert_eq!(sandbox.read(&format!("{name}-runs")).lines().count(), attempts, "{name}");
    }
}
