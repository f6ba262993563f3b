//! Keys of any spelling stay below the state directory.

use std::path::Path;

use super::crowd::mark;
use crate::support::Sandbox;

/// All files and directories below one, but those below `state/`.
fn listing(directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        found.push(entry.path().display().to_string());
        if entry.file_type().expect("a type").is_dir() && entry.file_name() != "state" {
            listing(&entry.path(), found);
        }
    }
    found.sort();
}

#[test]
fn nothing_is_made_outside_of_the_state_directory() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("a/b/state")).expect("directories");
    let mut before = Vec::new();
    sandbox.write("ran", "");
    listing(&sandbox.path("."), &mut before);
    let longest = "k".repeat(255);
    let unicode = "é".repeat(127);
    let keys = [
        "../x",
        "../../../x",
        "/etc/x",
        "a/b",
        "/",
        ".",
        "..",
        "...",
        ".hidden",
        "-dash",
        "--max",
        "a b",
        " a",
        "a%2Fb",
        "a%2fb",
        "%",
        "~",
        "*",
        "$(touch x)",
        "a\\b",
        "Ünï✓",
        "CON",
        "state",
        "probe",
        &longest,
        &unicode,
    ];
    for (number, key) in keys.iter().enumerate() {
        let key = format!("--key={key}");
        let options =
            [&key, "--state", "a/b/state", "--rate", "1/1h", "--gate-wait", "0", "--concurrency", "1"];
        let run = || sandbox.run([&options[..], &mark("ran")].concat());
        run().exits(0).says(&[]);
        assert_eq!(run().status, 75, "{key} has a state of its own");
        assert_eq!(sandbox.count("ran"), number + 1, "{key}");
    }
    let mut after = Vec::new();
    listing(&sandbox.path("."), &mut after);
    assert_eq!(before, after);
    let own = std::fs::read_dir(sandbox.path("a/b/state/v1")).expect("a directory").count();
    assert_eq!(own, keys.len(), "one each");
}

#[test]
fn keys_that_cannot_be_are_refused() {
    let sandbox = Sandbox::new();
    let long = "k".repeat(10_240);
    let just_too_long = "k".repeat(256);
    for key in ["", " ", "a\nb", "a\n", "\t", "a\u{7f}", &long, &just_too_long] {
        let ran = sandbox.run(["--key", key, "--concurrency", "1", "--", "touch", "ran"]).exits(125);
        assert!(ran.stderr.contains("key"), "{}", ran.stderr);
        assert!(ran.stderr.len() < 1000, "it is not repeated as a whole: {} bytes", ran.stderr.len());
        sandbox.write("c.toml", format!("[policy.default]\nkey = {}\n", serde_json::json!(key)));
        sandbox.run(["--config", "c.toml", "--", "touch", "ran"]).exits(125);
    }
    assert_eq!(sandbox.files(), ["c.toml"]);
}

#[test]
fn auto_is_the_host_that_the_arguments_name() {
    let sandbox = Sandbox::new();
    let auto = ["--state", "state", "--key", "auto", "--no-retry", "-q", "--log", "log", "--"];
    let curl = |credentials: &str| format!("http://{credentials}LOCALHOST:1/x");
    for (url, key) in [(curl(""), "localhost:1"), (curl("me:s3cret@"), "localhost:1#")] {
        sandbox.retry(auto.iter().copied().chain(["timeout", "9", "curl", "-s", &url])).assert().failure();
        let named = sandbox.events("log", "run.stop").pop().expect("the end of a run")["key"].clone();
        let named = named.as_str().expect("a key");
        assert!(named == key || key.ends_with('#') && named.starts_with(key), "{named}");
    }
    assert!(!sandbox.read("log").contains("s3cret"));
    // What one of them met holds for the other.
    sandbox.retry(["state", "--state", "state", "close", "localhost:1", "--for", "1h"]).assert().success();
    let mut refused =
        sandbox.retry(["--gate-wait", "0"].into_iter().chain(auto).chain(["curl", "-s", &curl("")]));
    refused.assert().code(75);
}

#[test]
fn a_command_that_names_no_host_shares_nothing_and_says_so() {
    let sandbox = Sandbox::new();
    let told = sandbox.retry(["--state", "state", "--key", "auto", "--", "true"]).assert().success();
    let told = String::from_utf8_lossy(&told.get_output().stderr).into_owned();
    assert_eq!(told, "retry: no host was found in the command's arguments (--key auto): nothing is shared\n");
    assert!(!sandbox.path("state").exists());
}
