//! SECURITY.md: each promise names the tests that hold it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::floors::{files, root};

/// The promises, each with the names behind it.
fn promises() -> Vec<(&'static str, Vec<&'static str>)> {
    let text = include_str!("../../SECURITY.md");
    let promises = text.split("\n- ").skip(1).map(|promise| {
        let promise = promise.split("\n\n").next().unwrap_or_default();
        let is_name =
            |word: &&str| word.contains('_') && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        (promise, promise.split('`').skip(1).step_by(2).filter(is_name).collect())
    });
    promises.collect()
}

/// The names of all tests in the sources.
fn tests() -> BTreeSet<String> {
    let sources = ["src", "tests"].into_iter().flat_map(|folder| files(&root().join(folder), 0));
    sources.flat_map(|path| tests_of(&path)).collect()
}

fn tests_of(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("a source");
    let parts = text.split("#[test]").skip(1);
    let names =
        parts.filter_map(|part| part.split_once("fn ")?.1.split_once('(').map(|(name, _)| name.to_owned()));
    names.collect()
}

#[test]
fn every_promise_names_tests_that_are_there() {
    let (promises, tests) = (promises(), tests());
    assert!(promises.len() > 20, "the promises are read as they are written");
    for (promise, names) in promises {
        assert!(!names.is_empty(), "no test holds this: {promise}");
        for name in names {
            assert!(tests.contains(name), "there is no test {name}, which is to hold: {promise}");
        }
    }
}
