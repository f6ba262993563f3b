//! The files and types that the pages for contributors name, held to the sources.

use std::fs;
use std::path::Path;

const PAGES: [&str; 2] = ["ARCHITECTURE.md", "CONTRIBUTING.md"];

#[test]
fn every_file_that_the_pages_name_exists() {
    let known = paths();
    let mut checked = 0;
    for (page, word) in words() {
        let is_path =
            [".rs", ".toml", ".md", ".py", ".sh", ".json", "/"].iter().any(|end| word.ends_with(end));
        // Paths of other systems, and the name of a file yet to be written.
        if !is_path || word.starts_with('/') || word.contains("NAME") {
            continue;
        }
        checked += 1;
        let tail = format!("/{}", word.trim_end_matches('/'));
        assert!(known.iter().any(|path| path.ends_with(&tail)), "{page} names {word}, which does not exist");
    }
    assert!(checked > 50, "only {checked} paths were found");
}

#[test]
fn every_type_that_the_pages_name_exists() {
    let sources: Vec<_> = paths()
        .iter()
        .filter(|path| Path::new(path).extension() == Some("rs".as_ref()))
        .map(|path| read(path))
        .collect();
    let mut checked = 0;
    for (page, word) in words() {
        let names: Vec<_> = word.split("::").collect();
        let is_type = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.contains(|c: char| c.is_ascii_lowercase())
                && name.chars().all(char::is_alphanumeric)
        };
        if !is_type(names[0]) {
            continue;
        }
        checked += 1;
        for name in names {
            let kinds: &[&str] = if is_type(name) { &["struct", "enum", "trait", "type"] } else { &["fn"] };
            let is_declared = |text: &String| {
                kinds.iter().any(|kind| {
                    let declaration = format!("{kind} {name}");
                    text.match_indices(&declaration).any(|(at, _)| {
                        !text[at + declaration.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                    })
                })
            };
            assert!(
                sources.iter().any(is_declared),
                "{page} names {word}, and no {name} is declared in src/"
            );
        }
    }
    assert!(checked > 20, "only {checked} types were found");
}

#[test]
fn the_table_of_capabilities_is_that_of_the_sources() {
    let page = read("ARCHITECTURE.md");
    let row = |known: &retry_command::base::capability::Capability| {
        format!("| `has_{}` | {} | {} |", known.name, known.systems.join(", "), known.without)
    };
    let expected: Vec<_> = retry_command::base::capability::CAPABILITIES.iter().map(row).collect();
    let found: Vec<_> = page.lines().filter(|line| line.starts_with("| `has_")).collect();
    assert_eq!(found, expected);
}

/// The words that the pages print as code, outside of blocks, each with its page.
fn words() -> Vec<(&'static str, String)> {
    let of_page = |page| {
        let text = read(page);
        // Every other part stands in a block, then between back quotes.
        let prose: String = text.split("```").step_by(2).collect();
        let words = prose.split('`').skip(1).step_by(2).map(str::to_owned);
        words.filter(|word| !word.contains(char::is_whitespace)).map(|word| (page, word)).collect::<Vec<_>>()
    };
    PAGES.into_iter().flat_map(of_page).collect()
}

/// The files and directories of the project that pages speak of, from its root on.
fn paths() -> Vec<String> {
    fn add(directory: &str, depth: usize, found: &mut Vec<String>) {
        assert!(depth < 9, "the tree of sources is endless");
        for entry in fs::read_dir(root().join(&directory[1..])).expect("a directory") {
            let entry = entry.expect("an entry");
            let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                add(&path, depth + 1, found);
            }
            found.push(path);
        }
    }
    let mut found = vec!["/src".to_owned(), "/fuzz".to_owned()];
    for entry in fs::read_dir(root()).expect("the root").map(|entry| entry.expect("an entry")) {
        if entry.path().is_file() {
            found.push(format!("/{}", entry.file_name().to_string_lossy()));
        }
    }
    for directory in
        ["/src", "/tests", "/examples", "/scripts", "/benches", "/docs", "/fuzz/seeds", "/packaging"]
    {
        add(directory, 0, &mut found);
    }
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path.trim_start_matches('/'))).expect(path)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
