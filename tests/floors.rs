//! The order of the rooms, read from the sources: a room uses those below it and no other, so that no circle can come.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up, each with those that it may use besides itself. All but the last two are the library.
const FLOORS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("backoff", &["base"]),
    ("classify", &["base"]),
    ("gate", &["base"]),
    ("store", &["base", "gate"]),
    ("dialect", &["base"]),
    ("ping", &["base"]),
    ("policy", &["base", "backoff", "classify", "gate", "store", "dialect", "ping"]),
    ("event", &["base", "gate"]),
    ("trace", &["base", "classify", "gate", "event"]),
    ("metrics", &["base", "event"]),
    ("letter", &["base", "policy"]),
    ("session", &["base", "backoff", "classify", "gate", "store", "policy", "event"]),
    ("report", &["base", "event", "classify", "policy", "metrics"]),
    ("simulate", &["base", "backoff", "classify", "gate", "store", "policy", "event", "session", "report"]),
    ("cli", &["base", "classify", "policy"]),
    (
        "sys",
        &["base", "classify", "gate", "store", "policy", "event", "metrics", "trace", "dialect", "letter"],
    ),
    (
        "commands",
        &[
            "base", "backoff", "classify", "gate", "store", "policy", "event", "letter", "session", "report",
            "simulate", "cli", "sys", "ping", "trace",
        ],
    ),
];

/// What may be named by its path alone in a source of a room: the other rooms, and the C entry point's way back.
const NAMED: &[(&str, &str)] = &[("sys", "start")];

#[test]
fn every_room_uses_only_those_below_it() {
    let mut wrong = Vec::new();
    for (floor, (room, below)) in FLOORS.iter().enumerate() {
        for used in *below {
            let place = FLOORS.iter().position(|(other, _)| other == used).expect(used);
            assert!(place < floor, "{room} may not be allowed to use {used}, which is not below it");
        }
        let sources = sources(room);
        assert!(!sources.is_empty(), "there is no room {room}");
        for path in sources {
            let text = fs::read_to_string(&path).expect("a source");
            for used in uses(&text) {
                let own = used == *room || NAMED.contains(&(*room, &*used));
                if !own && !below.contains(&&*used) {
                    wrong.push(format!("{}: {room} uses {used}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_source_belongs_to_a_room() {
    let known: BTreeSet<_> = FLOORS.iter().map(|(room, _)| (*room).to_owned()).collect();
    let found = files(&root().join("src"), 0).into_iter().filter_map(|path| {
        let inside = path.strip_prefix(root().join("src")).ok()?.to_owned();
        let first = inside.components().next()?.as_os_str().to_str()?.to_owned();
        Some(first.trim_end_matches(".rs").to_owned())
    });
    let homeless: BTreeSet<_> =
        found.filter(|room| !known.contains(room) && room != "lib" && room != "main").collect();
    assert!(homeless.is_empty(), "not in the list of floors: {homeless:?}");
}

/// The first words of all paths that begin with the crate.
fn uses(text: &str) -> BTreeSet<String> {
    let paths = text.split("crate::").skip(1).chain(text.split("retry_command::").skip(1));
    let words = paths.filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let word: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        Some(word).filter(|word| !word.is_empty())
    });
    words.collect()
}

fn sources(room: &str) -> Vec<PathBuf> {
    let src = root().join("src");
    let file = src.join(room).with_extension("rs");
    let mut all = files(&src.join(room), 0);
    all.extend(file.exists().then_some(file));
    all
}

/// The Rust sources below a directory.
pub(crate) fn files(directory: &Path, depth: usize) -> Vec<PathBuf> {
    assert!(depth < 9, "the tree of sources is endless");
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let entries = entries.map(|entry| entry.expect("an entry").path());
    let found = entries.flat_map(|path| if path.is_dir() { files(&path, depth + 1) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
