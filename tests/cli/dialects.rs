//! Messages as CI systems read them, and what none of them may obey.

use std::os::fd::AsRawFd as _;
use std::process::Stdio;

use crate::support::{Sandbox, fixture};

/// A command that fails twice, and then succeeds; what it prints is no whole line.
const RESCUED: [&str; 5] =
    ["--", "sh", "-c", "printf \"out$RETRY_ATTEMPT\"; exit $((3 - RETRY_ATTEMPT))", "fetch"];

/// The lines of such a run. What changes from run to run is left out: its id, the moments, and how long it took at the end.
fn rescued(sandbox: &Sandbox, format: &str) -> Vec<String> {
    let schedule = ["--delay", "1ms", "--jitter", "none", "--backoff", "fixed", "--name", "fetch"];
    let line = [&schedule[..], &["--message-format", format, "--messages-to", "stdout"], &RESCUED].concat();
    let text = sandbox.run(line).exits(0).text();
    let changing = regex_automata::meta::Regex::new(
        "[0-9a-f]{8}-[0-9a-f-]{27}|_[0-9a-f]{8}_|:[0-9]{10}:|(?:in|after) [0-9]+m?s$|(?:in|after) [0-9]+ms'?",
    );
    let changing = changing.expect("a pattern");
    text.lines()
        .map(|line| {
            let (mut left, mut at) = (String::new(), 0);
            for found in changing.find_iter(line).filter(|found| &line[found.range()] != "in 1ms") {
                left.push_str(&line[at..found.start()]);
                left.push('*');
                at = found.end();
            }
            left + &line[at..]
        })
        .collect()
}

#[test]
fn each_system_is_told_of_attempts_and_of_a_rescued_run() {
    let sandbox = Sandbox::new();
    let first = "retry: fetch: attempt 1/3 failed (exit 2); retrying in 1ms";
    let second = "retry: fetch: attempt 2/3 failed (exit 1); retrying in 1ms";
    let told = |format, [begin, last, end, failed_end, warning]: [&str; 5]| {
        let attempt = |begin: &str, number| begin.replace('N', number);
        let coloured =
            |text: &str| if format == "gitlab" { format!("\x1b[33m{text}\x1b[0m") } else { text.to_owned() };
        let expected = [
            attempt(begin, "1"),
            attempt(&format!("out1{failed_end}"), "1"),
            coloured(first),
            attempt(begin, "2"),
            attempt(&format!("out2{failed_end}"), "2"),
            coloured(second),
            attempt(last, "3"),
            attempt(&format!("out3{end}"), "3"),
            coloured(warning),
        ];
        let lines = rescued(&sandbox, format);
        // Where the last group needs no end, the next line follows what the command wrote.
        assert_eq!(lines.join("\n"), expected.join("\n").replace("out3\n", "out3"), "{format}");
    };
    let github = ["::group::attempt N/3 of fetch"; 2];
    let flaky = "::warning title=fetch was flaky::succeeded on attempt 3 after exit 2, exit 1 *";
    told("github", [github[0], github[1], "::endgroup::", "::endgroup::", flaky]);
    let azure =
        "##vso[task.logissue type=warning]retry: fetch: succeeded on attempt 3 after exit 2, exit 1 *";
    told(
        "azure",
        [
            "##[group]attempt N/3 of fetch",
            "##[group]attempt N/3 of fetch",
            "##[endgroup]",
            "##[endgroup]",
            azure,
        ],
    );
    let opened = "##teamcity[blockOpened name='attempt N/3 of fetch' flowId='*']";
    let closed = "##teamcity[blockClosed name='attempt N/3 of fetch' flowId='*']";
    let message = "##teamcity[message text='retry: fetch: succeeded on attempt 3 after exit 2, exit 1 * status='WARNING' flowId='*']";
    told("teamcity", [opened, opened, closed, closed, message]);
    let plain = "retry: succeeded on attempt 3 *";
    told("buildkite", ["--- attempt N/3 of fetch", "+++ attempt N/3 of fetch", "", "^^^ +++", plain]);
    let section = "\x1b[0Ksection_start*retry*N[collapsed=true]\r\x1b[0Kattempt N/3 of fetch";
    let open = "\x1b[0Ksection_start*retry*N\r\x1b[0Kattempt N/3 of fetch";
    let closed = "\x1b[0Ksection_end*retry*N\r\x1b[0K";
    told("gitlab", [section, open, closed, closed, plain]);
}

#[test]
fn groups_are_written_where_the_order_is_certain_or_they_are_wanted() {
    let sandbox = Sandbox::new();
    let github = ["--delay", "1ms", "--max", "2", "--message-format", "github"];
    let groups = |options: &[&str]| {
        let ran = sandbox.run([&github, options, &["--", "false"]].concat()).exits(1);
        (
            ran.stderr.matches("::group::").count(),
            ran.stderr.matches("::error title=false failed::2 attempts in ").count(),
        )
    };
    // Stdout and stderr are two pipes here.
    assert_eq!(groups(&[]), (0, 1));
    assert_eq!(groups(&["--ci-groups", "always"]), (2, 1));
    assert_eq!(groups(&["--ci-groups", "always", "-q"]), (0, 0));
    let script = |groups: &str| format!("exec 2>&1; exec \"$0\" {} {groups} -- false", github.join(" "));
    let both = |groups| {
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", &script(groups), crate::support::RETRY])
            .env("HOME", sandbox.path(""))
            .stdin(Stdio::null());
        String::from_utf8(shell.output().expect("sh").stdout).expect("text").matches("::group::").count()
    };
    assert_eq!((both(""), both("--ci-groups never")), (2, 0));
}

#[test]
fn a_command_for_the_system_begins_a_line() {
    let sandbox = Sandbox::new();
    let options = ["--delay", "1ms", "--max", "2", "--message-format", "github", "--ci-groups", "always"];
    let captured = ["--retry-match", "torn", "--", "sh", "-c", "printf torn >&2; exit 1"];
    let ran = sandbox.run([&options[..], &captured].concat()).exits(1);
    assert!(ran.stderr.contains("torn\n::endgroup::\n"), "{}", ran.stderr);
}

/// The lines that a runner of GitHub's obeys, but for those that stop and resume commands.
fn obeyed(text: &str) -> Vec<&str> {
    let mut token = None;
    let mut obeyed = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("::")) {
        match &token {
            Some(token) if line == format!("::{token}::") => {}
            Some(_) => continue,
            None => {
                if let Some(word) = line.strip_prefix("::stop-commands::") {
                    token = Some(word.to_owned());
                    continue;
                }
                obeyed.push(line);
            }
        }
        token = None;
    }
    assert_eq!(token, None, "commands are obeyed again in the end");
    obeyed
}

#[test]
fn what_hooks_and_the_fallback_write_is_enclosed_as_that_of_attempts_is() {
    let sandbox = Sandbox::new();
    let hostile = "echo ::error::no; printf 'no line'; exit 1";
    let options =
        ["--max", "2", "--delay", "1ms", "--name", "x", "--message-format", "github", "--ci-stop-commands"];
    let helpers = ["--on-retry", hostile, "--on-failure", hostile, "--fallback", hostile];
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "exec 2>&1; exec \"$@\"", "sh", crate::support::RETRY]).args(options).args(helpers);
    shell.args(["--", "sh", "-c", "echo ::error::no; exit 1"]).env("HOME", sandbox.path(""));
    let output = shell.stdin(Stdio::null()).output().expect("sh");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.matches("::error::no").count(), 5, "{text}");
    let lines = obeyed(&text);
    let (last, groups) = lines.split_last().expect("lines");
    assert_eq!(
        groups,
        [
            "::group::attempt 1/2 of x",
            "::endgroup::",
            "::group::attempt 2/2 of x",
            "::endgroup::",
            "::group::fallback of x",
            "::endgroup::",
        ],
        "{text}"
    );
    assert!(last.starts_with("::error title=x failed::2 attempts in "), "{text}");
    // Whatever else is not to be said.
    let quiet = ["-q", "--message-format", "github", "--messages-to", "stdout", "--ci-stop-commands"];
    let text = sandbox.run([&quiet[..], &["--max", "1", "--", "false"]].concat()).exits(1).text();
    assert_eq!((text.matches("::stop-commands::").count(), obeyed(&text)), (1, Vec::new()), "{text}");
}

#[test]
fn outputs_are_variables_for_azure() {
    let sandbox = Sandbox::new();
    let line = |more: &[&str]| {
        let options = ["--max", "2", "--delay", "1ms", "--outputs", "--message-format", "azure"];
        let hint = "printf 'reason=##vso[task.x]%%\n' >\"$RETRY_HINT\"; exit $((2 - RETRY_ATTEMPT))";
        sandbox.run([&options, more, &["--", "sh", "-c", hint]].concat()).exits(0)
    };
    for more in [&["-q"][..], &["--chronic"], &[]] {
        let text = line(&[&["--messages-to", "stdout"], more].concat()).text();
        let set = |line: &str| line.strip_prefix("##vso[task.setvariable variable=retry.").map(str::to_owned);
        let all: Vec<String> = text.lines().filter_map(set).collect();
        let (times, plain): (Vec<_>, Vec<_>) = all.iter().partition(|line| line.contains("_ms;"));
        assert_eq!(
            plain,
            [
                "attempts;isOutput=true]2",
                "exit_code;isOutput=true]0",
                "outcome;isOutput=true]succeeded",
                "rescued;isOutput=true]true",
                "last_reason;isOutput=true]# #vso[task.x]%AZP25",
            ],
            "{text}"
        );
        assert_eq!(times.len(), 2, "{text}");
        assert_eq!(text.contains("task.logissue"), more.is_empty(), "{text}");
    }
    let ran = line(&[]);
    assert!(!ran.text().contains("setvariable") && !ran.stderr.contains("setvariable"), "{}", ran.stderr);
    ran.mentions(&["no outputs: Azure reads them on stdout; use --messages-to stdout, or --outputs=FILE"]);
}

#[test]
fn the_system_is_known_by_its_environment_where_that_is_asked() {
    let sandbox = Sandbox::new();
    let failed = |environment: &[(&str, &str)], format| {
        sandbox.run_in(environment, ["--max", "1", "--message-format", format, "--", "false"]).exits(1).stderr
    };
    assert!(
        failed(&[("GITHUB_ACTIONS", "true"), ("CI", "true")], "auto")
            .contains("::error title=false failed::")
    );
    assert!(failed(&[("TF_BUILD", "True")], "auto").contains("##vso[task.logissue type=error]"));
    assert!(
        failed(&[("TF_BUILD", "True")], "auto")
            .contains("reads commands on stdout alone; use --messages-to stdout")
    );
    for (environment, format) in [(("CI", "true"), "auto"), (("GITHUB_ACTIONS", "true"), "text")] {
        let said = failed(&[environment], format);
        assert!(!said.contains("::") && said.contains("retry: "), "{said}");
    }
}

/// Whether a runner would take the line for a command. Modelled on the two readers of actions/runner, Azure's logging
/// commands and TeamCity's messages.
fn is_obeyed(line: &str) -> bool {
    let folded = line.to_ascii_lowercase();
    line.trim_start().starts_with("::")
        || ["##[", "##vso[", "##teamcity["].iter().any(|form| folded.contains(form))
}

#[test]
fn no_message_of_ours_is_obeyed_whatever_it_quotes() {
    let sandbox = Sandbox::new();
    for form in [
        "##[error]x",
        "##vso[task.setvariable variable=x]1",
        "##teamcity[x]",
        "##TeamCity[x]",
        "::error::x",
        "x\n::error::y",
    ] {
        let hint = format!("printf 'class=transient\\nreason=%s\\n' '{form}' >\"$RETRY_HINT\"; exit 1");
        let quoted = format!("printf '%s\\n' '{form}' >&2; exit 1");
        let lines: [&[&str]; 8] = [
            &["--name", form, "--", "false"],
            &["--", "sh", "-c", &hint],
            &["--retry-match", "error|variable|x", "--", "sh", "-c", &quoted],
            &["-v", "--", form],
            &["--policy", form, "--", "false"],
            &["--max", form, "--", "false"],
            &["--label", &format!("a={form}"), "-vv", "--", "false"],
            &["explain", "--name", form, "--full"],
        ];
        for line in lines {
            let line =
                [&["--message-format", "text"][..usize::from(line[0] != "explain") * 2], line].concat();
            let ran =
                sandbox.run_in(&[("CI", "true"), ("RETRY_OPT_MAX", "2"), ("RETRY_OPT_DELAY", "1ms")], &line);
            // What the command wrote itself is never touched.
            let ours =
                ran.stderr.lines().filter(|line| *line != form && !form.lines().any(|part| part == *line));
            for said in ours {
                assert!(!is_obeyed(said), "{line:?}: {said}");
            }
            assert!(!ran.text().lines().any(is_obeyed), "{line:?}: {}", ran.text());
        }
        let json = ["--message-format", "json", "--log", "-", "--name", form, "--max", "1", "--", "false"];
        let said = sandbox.run_in(&[("CI", "true")], json).exits(1).stderr;
        assert!(!said.lines().any(is_obeyed), "{said}");
        let object: serde_json::Value =
            serde_json::from_str(said.lines().next().expect("a line")).expect("JSON");
        assert_eq!(object["name"], form, "it means the same");
    }
}

/// In a container, no variable may name the system that reads its output.
#[test]
fn no_message_is_obeyed_in_a_dialect_that_only_an_option_or_a_policy_names() {
    let sandbox = Sandbox::new();
    sandbox.write("policies.toml", "[policy.default]\nmessage-format = \"azure\"\n");
    for form in ["##[error]x", "##vso[task.complete]", "##teamcity[x]", "x\n::error::y\n##[error]z"] {
        let label = format!("a={form}");
        // The variable for the option, and the line.
        let lines: [(&str, &[&str]); 6] = [
            ("", &["--message-format", "github", "--name", form, "--max", "1", "--", "false"]),
            (
                "",
                &["--message-format=teamcity", "--log", "-", "--label", &label, "--max", "1", "--", "false"],
            ),
            (
                "",
                &["--config", "policies.toml", "--log", "-", "--label", &label, "--max", "1", "--", "false"],
            ),
            ("github", &["--log", "-", "--name", form, "--max=1", "--", "false"]),
            ("github", &["--policy", form, "--", "false"]),
            ("", &["--message-format", "azure", "--max", form, "--", "false"]),
        ];
        for (variable, line) in lines {
            let said = sandbox.run_in(&[("RETRY_OPT_MESSAGE_FORMAT", variable)], line).stderr;
            let ours = said.lines().filter(|line| {
                !line.starts_with("::error title=") && !line.starts_with("##vso[task.logissue type=error]")
            });
            let obeyed: Vec<_> =
                ours.filter(|line| is_obeyed(line) && !line.starts_with("##teamcity[")).collect();
            assert!(obeyed.is_empty(), "{line:?}: {obeyed:?}");
            assert!(said.contains("# #") || said.contains("\\u0023"), "nothing was quoted: {said}");
        }
    }
}

/// A job's log shows colours, and people read it.
#[test]
fn a_name_steers_no_log_of_a_system() {
    let sandbox = Sandbox::new();
    let name = "a\x1b[31m\u{9b}1m\u{202e}\u{2066}b";
    for format in ["text", "github", "gitlab", "buildkite", "teamcity", "azure"] {
        let options = ["--message-format", format, "--messages-to", "stdout", "--color", "never"];
        let run = ["--name", name, "-d", "1ms", "--max", "2", "--", "false"];
        let said = sandbox.run([&options[..], &run].concat()).exits(1).text();
        // GitLab's own marks.
        let rest = said.replace("\x1b[0K", "").replace('\r', "");
        let steers = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{2066}');
        assert!(!rest.contains(steers) && !rest.contains("|0x202E"), "{format}: {said:?}");
    }
}

#[test]
fn messages_go_where_they_are_wanted() {
    let sandbox = Sandbox::new();
    let line = |to| ["--max", "1", "--messages-to", to, "--", fixture(), "exit", "3"];
    let ran = sandbox.run(line("stdout")).exits(3).says(&[]);
    assert!(ran.text().contains("retry: gave up on"), "{}", ran.text());
    for _ in 0..2 {
        sandbox.run(line("./3")).exits(3).says(&[]);
    }
    assert_eq!(sandbox.read("3").matches("retry: gave up on").count(), 2, "appended");
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let number = writer.as_raw_fd().to_string();
    rustix::io::fcntl_setfd(&writer, rustix::io::FdFlags::empty()).expect("inheritable");
    let status = sandbox.spawnable(line(&number)).status().expect("the binary");
    drop(writer);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut reader, &mut said).expect("text");
    assert_eq!(status.code(), Some(3));
    assert!(said.contains("retry: gave up on"), "{said}");
    for (to, why) in [("999", "Bad file descriptor"), ("/nonexistent/x", "No such file or directory")] {
        let ran = sandbox.run(line(to)).exits(3);
        let warned = format!("retry: cannot write messages to {to}: {why}; using stderr");
        ran.mentions(&[&warned, "retry: gave up on"]);
    }
    sandbox.run(["--messages-to", "0", "--", "true"]).exits(125).mentions(&["0 is stdin"]);
    let refused = sandbox.run(["-O", "--messages-to", "stdout", "--", "true"]).exits(125);
    refused.mentions(&["--messages-to", "only the command's output"]);
}
