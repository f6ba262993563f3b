//! Every command in README and `docs/`, run. What `console` examples print is what the pages say, but for times. All other
//! command lines run with stand-ins for the tools that they name, and have to succeed.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{RETRY, Sandbox};

/// The tools that the pages name. Each stand-in succeeds at once.
const STAND_INS: &[&str] = &[
    "cargo",
    "cronitor",
    "curl",
    "deploy",
    "git",
    "logger",
    "mail",
    "make",
    "nc",
    "nightly-backup",
    "npm",
    "pg_isready",
    "rclone",
    "rsync",
    "serve",
    "ssh",
    "start-server",
    "sync-mirror",
    "tar",
];

/// A fenced block of a page.
struct Block {
    page: String,
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = std::fs::read_dir(root.join("docs")).expect("docs/");
    let mut pages: Vec<_> = pages.map(|entry| entry.expect("an entry").path()).collect();
    pages.push(root.join("README.md"));
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    let of_page = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("a page");
        let page = path.strip_prefix(root).expect("below the root").display().to_string();
        let fenced: Vec<_> = text.split("\n```").skip(1).step_by(2).map(str::to_owned).collect();
        fenced.into_iter().map(move |block| {
            let (language, text) = block.split_once('\n').expect("a line behind the fence");
            Block { page: page.clone(), language: language.to_owned(), text: text.to_owned() + "\n" }
        })
    };
    pages.iter().flat_map(of_page).collect()
}

fn blocks_in(language: &str) -> Vec<Block> {
    let blocks: Vec<_> = blocks().into_iter().filter(|block| block.language == language).collect();
    assert!(!blocks.is_empty(), "there are blocks of {language}");
    blocks
}

/// Runs a line in a directory of its own, with stderr in stdout.
fn run(sandbox: &Sandbox, shell: &str, line: &str) -> Output {
    let directory = Path::new(RETRY).parent().expect("a directory").display();
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new(shell)
        .args(["-c", &format!("exec 2>&1\n{line}")])
        .env("PATH", format!("{}:{directory}:{path}", sandbox.path("stand-ins").display()))
        .env("HOME", sandbox.path(""))
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .current_dir(sandbox.path(""))
        .stdin(Stdio::null())
        .output()
        .expect("a shell")
}

/// A command and the lines that a page says it prints; `…` stands for any lines.
struct Example {
    page: String,
    command: String,
    expected: Vec<String>,
}

fn examples() -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for block in blocks_in("console") {
        for line in block.text.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                let (page, command) = (block.page.clone(), command.to_owned());
                examples.push(Example { page, command, expected: Vec::new() });
            } else if let Some(example) = examples.last_mut() {
                example.expected.push(line.to_owned());
            }
        }
    }
    examples
}

/// The line with every time and run of white space made the same.
pub(super) fn normalised(line: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_start_matches(['(', '+']).trim_end_matches([':', ',', ';', ')']);
        let time = bare.strip_suffix("ms").or_else(|| bare.strip_suffix('s'));
        match time {
            Some(number) if number.parse::<f64>().is_ok() => word.replace(bare, "TIME"),
            _ => word.to_owned(),
        }
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

fn agrees(expected: &[String], printed: &[String]) -> bool {
    match expected {
        [] => printed.is_empty(),
        [skip, rest @ ..] if skip.trim() == "…" => {
            (0..=printed.len()).any(|skipped| agrees(rest, &printed[skipped..]))
        }
        [line, rest @ ..] => {
            printed.first().is_some_and(|first| first == line) && agrees(rest, &printed[1..])
        }
    }
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper: retry explain says that it is missing")]
fn every_console_example_prints_what_it_says() {
    for Example { page, command, expected } in examples() {
        let output = run(&Sandbox::new(), "sh", &command);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = |lines: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            lines.map(normalised).filter(|line| !line.is_empty()).collect()
        };
        let printed = lines(&mut text.lines());
        let expected = lines(&mut expected.iter().map(String::as_str));
        assert!(agrees(&expected, &printed), "{page}: $ {command}\nprinted:\n{text}");
    }
}

/// The command lines of a block in a language that is not the shell's.
fn lines_of(block: &Block) -> Vec<String> {
    let text = &block.text;
    match block.language.as_str() {
        "sh" => vec![text.clone()],
        "crontab" => {
            text.lines().map(|line| line.split_whitespace().skip(5).collect::<Vec<_>>().join(" ")).collect()
        }
        "ini" => text.lines().filter_map(|line| line.strip_prefix("ExecStart=")).map(str::to_owned).collect(),
        "dockerfile" => {
            let words = |key: &str| -> Vec<String> {
                let list = text.lines().find_map(|line| line.strip_prefix(key)).expect("a list of words");
                serde_json::from_str(list).expect("JSON")
            };
            vec![[words("ENTRYPOINT "), words("CMD ")].concat().join(" ")]
        }
        "yaml" => text.lines().filter_map(|line| yaml_command(line.trim(), text)).collect(),
        _ => Vec::new(),
    }
}

/// The command of a line of YAML: a step's shell with its script, an element of a list, or a list of words.
fn yaml_command(line: &str, text: &str) -> Option<String> {
    if let Some(shell) = line.strip_prefix("shell: ") {
        let script = text.split("run: |\n").nth(1).expect("the step's script");
        return Some(format!("cat >script <<'END'\n{script}\nEND\n{}", shell.replace("{0}", "script")));
    }
    let words = || line.strip_prefix("command: [")?.strip_suffix(']').map(|words| words.replace(", ", " "));
    line.strip_prefix("- ").filter(|line| line.starts_with("retry ")).map(str::to_owned).or_else(words)
}

/// The line as a test may run it: nothing outside of its directory is written, and nobody outside is told.
fn tamed(line: &str) -> String {
    let words = line.split(' ').fold((String::new(), false), |(mut text, is_ping), word| {
        let word =
            if is_ping { word.replacen("https://", "http://127.0.0.1:1/", 1) } else { word.to_owned() };
        let _infallible = write!(text, "{}{word}", if text.is_empty() { "" } else { " " });
        (text, word == "--ping")
    });
    words.0.replace("/var/", "./var/").replace("/usr/local/bin/", "").replace("--splay 5m", "--splay 1ms")
}

#[test]
fn every_other_command_line_succeeds() {
    for block in blocks() {
        for line in lines_of(&block) {
            let sandbox = Sandbox::new();
            for tool in STAND_INS {
                let text = if *tool == "git" {
                    "[ \"$1\" != bisect ] || { shift 2; exec \"$@\"; }"
                } else {
                    "exit 0"
                };
                let path = sandbox.write(&format!("stand-ins/{tool}"), format!("#!/bin/sh\n{text}\n"));
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("its mode");
            }
            for log in ["runs", "flaky.jsonl", "var/log/retry.jsonl"] {
                sandbox.write(log, "");
                run(&sandbox, "sh", &format!("retry --log {log} --name nightly -- true"));
            }
            for directory in ["var/lib/prometheus/node-exporter", "failed-uploads"] {
                std::fs::create_dir_all(sandbox.path(directory)).expect("a directory");
            }
            let output = run(&sandbox, "bash", &format!("set -e\n{}", tamed(&line)));
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{}: {line}\n{}, printed:\n{text}", block.page, output.status);
            assert!(!text.contains("hint:"), "{}: {line}\nprinted:\n{text}", block.page);
        }
    }
}

/// A server on loopback that answers once with 429. It is ended with this value.
struct Server(std::process::Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn the_recipe_for_an_api_with_a_limit_closes_the_key_for_everyone() {
    let recipes = blocks().into_iter().filter(|block| block.page == "docs/recipes.md");
    let recipe = recipes.map(|block| block.text).find(|text| text.contains("https://api.example.com/items"));
    let sandbox = Sandbox::new();
    let mut server = Command::new(crate::support::example("flaky-server"));
    server.args(["--fail", "1", "--status", "429", "--retry-after", "600", "--port-file"]);
    let _server = Server(server.arg(sandbox.path("port")).stdout(Stdio::null()).spawn().expect("the server"));
    crate::support::wait_for("the server's port", || sandbox.path("port").exists());
    let url = format!("http://127.0.0.1:{}/", sandbox.read("port").trim());
    let line = recipe.expect("the recipe").replace("https://api.example.com/items", &url);
    let output = run(&sandbox, "sh", &format!("export no_proxy='*'\n{line}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("server asks 10m") && text.contains("--max-retry-after"), "{text}");
    assert!(!text.contains("hint:"), "{text}");
    let check = run(&sandbox, "sh", "retry state check api.example.com");
    assert_eq!(check.status.code(), Some(75), "{check:?}");
}

#[test]
fn every_configuration_is_one() {
    for block in blocks_in("toml") {
        let sandbox = Sandbox::new();
        sandbox.write(".config/retry/config.toml", format!("[policy.database]\n{}", block.text));
        let output = run(&sandbox, "sh", "retry explain --full -- true >/dev/null");
        assert!(
            output.status.success() && output.stdout.is_empty(),
            "{}: {output:?}\n{}",
            block.page,
            block.text
        );
    }
}

#[test]
fn every_link_leads_to_a_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = 0;
    for entry in
        std::fs::read_dir(root.join("docs")).expect("docs/").map(|entry| entry.expect("an entry").path())
    {
        if entry.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        links += check_links(&entry);
    }
    links += check_links(&root.join("README.md"));
    assert!(links > 10, "{links} links were found");
}

/// How many links to files a page has; all of them lead somewhere.
fn check_links(page: &Path) -> usize {
    let text = std::fs::read_to_string(page).expect("a page");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files: Vec<_> =
        targets.filter(|target| !target.contains("://") && !target.starts_with('#')).collect();
    for file in &files {
        let path = page.parent().expect("a folder").join(file.split('#').next().unwrap_or_default());
        assert!(path.exists(), "{} links to {file}", page.display());
    }
    files.len()
}
