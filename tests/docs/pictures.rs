//! The pictures of the pages, held to what the program draws.

use std::process::Command;

use super::commands::normalised;
use crate::support::{RETRY, Sandbox};

#[test]
fn the_curves_of_the_simulation_are_those_of_the_program() {
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/simulate.svg");
    let picture = std::fs::read_to_string(picture).expect("docs/simulate.svg");
    let script = include_str!("../../scripts/simulate-svg.py");
    let simulate =
        script.lines().find_map(|line| line.strip_prefix("SIMULATE = \"")).expect("the command line");
    let words: Vec<&str> = simulate.trim_end_matches('"').split(' ').collect();
    let output = Sandbox::new().retry(words).output().expect("it runs");
    let page = String::from_utf8(output.stdout).expect("HTML is UTF-8");
    let curves = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("<polyline")).map(str::to_owned).collect()
    };
    assert_eq!(curves(&page).len(), 6, "two charts of three policies");
    assert_eq!(curves(&picture), curves(&page), "draw it again: scripts/simulate-svg.py >docs/simulate.svg");
}

/// What a recorded demonstration shows in the end: times made the same, without the line that tells a run's number and date.
fn shown_in_the_end(picture: &str) -> Vec<String> {
    let text =
        |line: &str| line.split('<').filter_map(|part| Some(part.split_once('>')?.1)).collect::<String>();
    let lines = picture.lines().filter(|line| line.starts_with("<text x")).map(text);
    lines.filter(|line| !line.starts_with("run ")).map(|line| normalised(&line)).collect()
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper: retry explain says that it is missing")]
fn the_demonstration_shows_what_the_program_shows() {
    let root = env!("CARGO_MANIFEST_DIR");
    let picture = std::fs::read_to_string(format!("{root}/docs/demo.svg")).expect("docs/demo.svg");
    let sandbox = Sandbox::new();
    let mut script =
        sandbox.surround(Command::new("python3"), [&format!("{root}/scripts/demo-svg.py"), RETRY]);
    script.env_remove("NO_PROXY").env_remove("no_proxy");
    // The compiler may be there.
    if let Some(home) = std::env::var_os("HOME") {
        script.env("HOME", home);
    }
    let recorded = script.output().expect("python3");
    assert!(recorded.status.success(), "{recorded:?}");
    let recorded = String::from_utf8(recorded.stdout).expect("UTF-8");
    let shown = shown_in_the_end(&picture);
    assert!(shown.len() > 20, "{shown:?}");
    assert_eq!(shown, shown_in_the_end(&recorded), "record it again: scripts/demo-svg.py >docs/demo.svg");
}
