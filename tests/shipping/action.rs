//! action.yml and its two scripts, as a runner of GitHub's would call them.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::floors::root;
use crate::support::{RETRY, Sandbox};

const ACTION: &str = include_str!("../../action.yml");
/// A release's file, of a version that there is not.
const ASSET: &str = "retry-command-9.9.9-x86_64-unknown-linux-gnu.tar.gz";

/// A script of the action, in an environment that has what a runner sets and nothing else.
fn script(sandbox: &Sandbox, script: &Path, environment: &[(&str, &str)]) -> Output {
    let bin = sandbox.path("bin");
    std::fs::create_dir_all(&bin).expect("a directory");
    std::fs::create_dir_all(sandbox.path("temp")).expect("a directory");
    let _ = symlink(RETRY, bin.join("retry"));
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a PATH"));
    Command::new("bash")
        .arg(script)
        .env_clear()
        .envs([("PATH", path.as_str()), ("GITHUB_ACTIONS", "true"), ("CI", "true"), ("LC_ALL", "C.UTF-8")])
        .envs([("RUNNER_OS", "Linux"), ("RUNNER_ARCH", "X64"), ("GITHUB_SERVER_URL", "https://server")])
        .env("HOME", sandbox.path("."))
        .env("RUNNER_TEMP", sandbox.path("temp"))
        .env("RUNNER_TOOL_CACHE", sandbox.path("cache"))
        .env("GITHUB_OUTPUT", sandbox.path("output"))
        .env("GITHUB_STEP_SUMMARY", sandbox.path("summary"))
        .env("GITHUB_PATH", sandbox.path("path"))
        .env("GITHUB_ACTION_PATH", "/home/runner/_actions/owner/name/v1")
        .envs(environment.iter().copied())
        .current_dir(sandbox.path("."))
        .stdin(Stdio::null())
        .output()
        .expect("bash")
}

fn run(sandbox: &Sandbox, environment: &[(&str, &str)]) -> Output {
    let quick = [&[("INPUT_SHELL", "bash"), ("INPUT_DELAY", "0")][..], environment].concat();
    script(sandbox, &root().join("scripts/action/run.sh"), &quick)
}

#[track_caller]
fn ends(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a step has put into $GITHUB_OUTPUT.
fn outputs(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let text = sandbox.read("output");
    let mut lines = text.lines();
    let mut outputs = BTreeMap::new();
    while let Some((name, delimiter)) = lines.next().and_then(|line| line.split_once("<<")) {
        let value: Vec<_> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.insert(name.to_owned(), value.join("\n"));
    }
    outputs
}

/// The names at the second level below this key.
fn names(key: &str) -> Vec<&'static str> {
    let lines = ACTION.lines().skip_while(|line| *line != format!("{key}:")).skip(1);
    let block = lines.take_while(|line| line.starts_with(' '));
    block
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':').filter(|name| !name.starts_with(' ')))
        .collect()
}

#[test]
fn no_input_becomes_part_of_a_script() {
    let mut passed = Vec::new();
    for line in ACTION.lines().map(str::trim) {
        assert!(!line.starts_with("run: ") || !line.contains("${{"), "{line}");
        if let Some((variable, input)) = line.split_once(": ${{ inputs.") {
            let input = input.strip_suffix(" }}").expect("nothing but the input");
            let name = input.replace('-', "_").to_uppercase();
            assert!(variable == name || variable == format!("INPUT_{name}"), "{line}");
            passed.push(input);
        } else {
            assert!(!line.contains("inputs."), "{line}");
        }
    }
    let mut inputs = names("inputs");
    assert_eq!(inputs.len(), 15);
    inputs.sort_unstable();
    passed.sort_unstable();
    assert_eq!(passed, inputs, "each input reaches a script");
    for name in ["total-attempts", "exit-code", "total_attempts", "exit_code", "exit_error"] {
        assert!(names("outputs").contains(&name), "{name}");
    }
}

#[test]
fn what_an_input_holds_is_never_run() {
    let evil = "$(touch owned)`touch owned`;touch owned\n--label\na=$(touch owned)";
    let options =
        ACTION.lines().filter_map(|line| line.trim().split_once(": ${{ inputs.").map(|(name, _)| name));
    for name in options.filter(|name| *name != "INPUT_RUN" && name.starts_with("INPUT_")) {
        let sandbox = Sandbox::new();
        run(&sandbox, &[("INPUT_RUN", "true"), (name, evil)]);
        assert!(!sandbox.path("owned").exists(), "{name}");
    }
}

#[test]
fn a_flaky_script_passes_and_later_steps_know() {
    let sandbox = Sandbox::new();
    let log = sandbox.path("temp/retry.jsonl").display().to_string();
    let lines = "echo out; echo err >&2\n[ \"$RETRY_ATTEMPT\" = 2 ]";
    let ran = run(&sandbox, &[("INPUT_RUN", lines), ("INPUT_LOG", &log), ("INPUT_MAX", "3")]);
    ends(&ran, 0);
    assert_eq!(text(&ran.stdout), "out\nout\n");
    assert!(text(&ran.stderr).contains("err\n") && text(&ran.stderr).contains("::warning title="), "{ran:?}");
    let outputs = outputs(&sandbox);
    for (name, value) in [
        ("total-attempts", "2"),
        ("exit-code", "0"),
        ("outcome", "succeeded"),
        ("rescued", "true"),
        ("last-reason", "exit 1"),
    ] {
        assert_eq!(outputs.get(name).map(String::as_str), Some(value), "{outputs:?}");
    }
    // All that action.yml reads is there.
    let read = ACTION.split("steps.run.outputs.").skip(1).filter_map(|rest| rest.split(' ').next());
    for name in read {
        assert!(outputs.contains_key(name), "{name}: {outputs:?}");
    }
    assert!(sandbox.read("summary").contains("rescued"), "{}", sandbox.read("summary"));
    let log = sandbox.read("temp/retry.jsonl");
    let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let waits: Vec<_> = events.filter(|event| event["event"] == "attempt.retry").collect();
    assert_eq!(waits.iter().map(|event| &event["delay_ms"]).collect::<Vec<_>>(), [0.0], "0 is 0: {waits:?}");
}

#[test]
fn shells_stop_where_those_of_a_step_do() {
    let once = |shell, lines| {
        let ran = run(&Sandbox::new(), &[("INPUT_SHELL", shell), ("INPUT_MAX", "1"), ("INPUT_RUN", lines)]);
        ran.status.code()
    };
    assert_eq!(once("bash", "false | true\n"), Some(1));
    assert_eq!(once("bash", "(exit 7)\ntrue\n"), Some(7));
    assert_eq!(once("sh", "(exit 7)\ntrue\n"), Some(7));
    assert_eq!(once("sh", "false | true\n"), Some(0));
    assert_eq!(once("python3", "import sys\nsys.exit(9)\n"), Some(9));
    assert_eq!(once("bash", "kill -KILL $$"), Some(137), "to be killed is no success");
    assert_eq!(once("bash", " \n\t\n"), Some(125), "nothing to run");
}

#[test]
fn options_are_passed_on_word_for_word() {
    let sandbox = Sandbox::new();
    let ran = run(
        &sandbox,
        &[
            ("INPUT_RUN", "echo 'it  broke' >&2; exit 9"),
            ("INPUT_MAX", "2"),
            ("INPUT_RETRY_MATCH", "nothing of the kind\r\nit  b\n"),
            ("INPUT_ARGS", "--name  my own name\r\n\n--label=a=b  c\n"),
        ],
    );
    ends(&ran, 9);
    assert!(text(&ran.stderr).contains("::error title=my own name"), "{ran:?}");
    assert_eq!(outputs(&sandbox)["total-attempts"], "2");
    for line in ["--", "echo", "--max=1\ntouch owned"] {
        ends(&run(&sandbox, &[("INPUT_RUN", "true"), ("INPUT_ARGS", line)]), 125);
    }
}

/// A copy of the script that installs, with a release and its checksum, and a curl that downloads `served`.
fn release(sandbox: &Sandbox, sums: &str, served: &str) -> std::path::PathBuf {
    let curl = sandbox.write(
        "bin/curl",
        format!("#!/bin/sh\necho \"$*\" >>\"$HOME/asked\"\nwhile [ \"$1\" != -o ]; do shift; done\ncp \"$HOME/{served}\" \"$2\"\n"),
    );
    std::fs::set_permissions(curl, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    sandbox.write("pack/name/retry", "#!/bin/sh\necho packed\n");
    sandbox.write("other", "something else");
    let packed = Command::new("tar")
        .args(["-czf", "asset", "-C", "pack", "name"])
        .current_dir(sandbox.path("."))
        .status();
    assert!(packed.expect("tar").success());
    let sum = Command::new("sha256sum").arg(sandbox.path("asset")).output().expect("sha256sum");
    let sum = text(&sum.stdout);
    let sums = sums.replace("SUM", sum.split(' ').next().expect("a sum"));
    sandbox.write("action/SHA256SUMS", sums);
    let copy = sandbox.path("action/install.sh");
    std::fs::copy(root().join("scripts/action/install.sh"), &copy).expect("a copy");
    copy
}

#[test]
fn a_program_is_used_only_if_its_checksum_is_pinned() {
    let sums = format!("00  retry-command_9.9.9_amd64.deb\nSUM  {ASSET}\n");
    let cached = format!("cache/retry-command/9.9.9/{ASSET}");
    for (served, sums, environment, right) in [
        ("asset", sums.as_str(), &[][..], true),
        ("asset", &sums, &[("VERSION", "9.9.9")], true),
        ("other", &sums, &[], false),
        ("asset", &sums, &[("VERSION", "9.9.8")], false),
        ("asset", &sums, &[("RUNNER_ARCH", "ARM64")], false),
        ("asset", &sums, &[("RUNNER_OS", "Windows")], false),
        ("asset", "", &[], false),
    ] {
        let sandbox = Sandbox::new();
        let install = release(&sandbox, sums, served);
        let ran = script(&sandbox, &install, environment);
        assert_eq!(ran.status.success(), right, "{served} {environment:?} {ran:?}");
        let folder = sandbox.read("path");
        assert_eq!(!folder.is_empty(), right, "{folder}");
        if right {
            let url = format!("https://server/owner/name/releases/download/v9.9.9/{ASSET}");
            assert!(sandbox.read("asked").trim_end().ends_with(&url), "{}", sandbox.read("asked"));
            assert!(
                std::fs::read_to_string(Path::new(folder.trim()).join("retry"))
                    .expect("it")
                    .contains("packed")
            );
            // The cache is asked first, and no more trusted than the network.
            ends(&script(&sandbox, &install, environment), 0);
            assert_eq!(sandbox.read("asked").lines().count(), 1);
            sandbox.write(&cached, "something else");
            ends(&script(&sandbox, &install, environment), 0);
            assert_eq!(sandbox.read("asked").lines().count(), 2);
        } else {
            assert!(text(&ran.stdout).starts_with("::error title=retry::"), "{ran:?}");
            assert!(!sandbox.path(&cached).exists());
        }
    }
}

#[test]
fn the_retry_on_the_path_is_used_where_that_is_asked_and_it_is_this_one() {
    let sandbox = Sandbox::new();
    let install = release(&sandbox, "", "asset");
    ends(&script(&sandbox, &install, &[("VERSION", "installed")]), 0);
    let other = sandbox.path("bin/retry");
    std::fs::remove_file(&other).expect("a link");
    sandbox.write("bin/retry", "#!/bin/sh\necho retry 1.0.5\n");
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    ends(&script(&sandbox, &install, &[("VERSION", "installed")]), 1);
    assert!(!sandbox.path("asked").exists());
}
