//! The pictures of the pages, held to what the program draws.

use crate::support::Sandbox;

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
