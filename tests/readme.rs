//! Every `console` example of the README, run as it stands: what it prints is what the README says, but for times.

use std::process::{Command, Stdio};

use crate::support::{RETRY, Sandbox};

/// A command and the lines it is said to print; `…` stands for any lines.
struct Example {
    command: String,
    expected: Vec<String>,
}

fn examples() -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let readme = include_str!("../README.md");
    let blocks = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    for line in blocks.flat_map(str::lines) {
        if let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example { command: command.to_owned(), expected: Vec::new() });
        } else if let Some(example) = examples.last_mut() {
            example.expected.push(line.to_owned());
        }
    }
    examples
}

/// The line with every time and run of white space made the same.
fn normalised(line: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_start_matches('(').trim_end_matches([':', ',', ';', ')']);
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
fn every_console_example_prints_what_it_says() {
    let examples = examples();
    assert!(examples.len() >= 5, "the README has its examples in console blocks");
    for example in examples {
        let sandbox = Sandbox::new();
        let directory = std::path::Path::new(RETRY).parent().expect("a directory");
        let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap_or_default());
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1\n{}", example.command)])
            .env("PATH", path)
            .env("HOME", sandbox.path(""))
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .current_dir(sandbox.path(""))
            .stdin(Stdio::null())
            .output()
            .expect("sh");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = |lines: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            lines.map(normalised).filter(|line| !line.is_empty()).collect()
        };
        let printed = lines(&mut text.lines());
        let expected = lines(&mut example.expected.iter().map(String::as_str));
        assert!(agrees(&expected, &printed), "$ {}\nprinted:\n{text}", example.command);
    }
}
