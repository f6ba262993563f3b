//! Lists `src/profiles/`, so that adding a tool is adding a file. Of each profile only what must be known before the
//! first attempt is noted here: which commands it is for, and what it has to see. The rest is read after a failure; for
//! that the literals are noted that its patterns require, so that most of these need not even be parsed.
//!
//! Tells the compiler what the system can do, too: `src/base/capability.rs` says which one has what.

#![expect(clippy::disallowed_methods, reason = "a build script reads the tree")]

#[path = "src/base/capability.rs"]
#[allow(dead_code, unreachable_pub, reason = "the library uses all of it")]
mod capability;
#[path = "src/base/fnv.rs"]
#[allow(dead_code, unreachable_pub, reason = "the library uses all of it")]
mod fnv;
#[path = "src/classify/profile_syntax.rs"]
mod profile_syntax;
#[path = "src/classify/required_literals.rs"]
mod required_literals;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use capability::CAPABILITIES;
use toml::de::{DeTable, DeValue};

fn main() {
    let lacking = lacking();
    let folder = Path::new("src/profiles");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("src/profiles")
        .map(|entry| entry.expect("an entry of src/profiles").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    let mut list = String::from("static FILES: &[File] = &[\n");
    let mut commands: Vec<(String, usize)> = Vec::new();
    let mut patterns: Vec<String> = Vec::new();
    for (file, path) in paths.iter().enumerate() {
        println!("cargo::rerun-if-changed={}", path.display());
        let text = std::fs::read_to_string(path).expect("a profile");
        patterns.extend(patterns_of(&text, "rule", &["stderr", "stdout", "both"]));
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let path = format!("/{}", path.to_str().expect("a UTF-8 path"));
        let lines = || text.lines().map(str::trim_end);
        let says = |key: &str| lines().any(|line| line.starts_with(key));
        let words = |key: &str| -> Vec<&str> {
            let list = lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
            list.split('"').skip(1).step_by(2).collect()
        };
        let own = words("command = ");
        commands.extend(own.iter().map(|command| ((*command).to_owned(), file)));
        writeln!(
            list,
            "File {{ name: {name:?}, commands: {:?}, interactive: {}, passive: {}, one_step: {}, runs_others: {:?}, stdout: {}, exit_zero: {}, text: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?})) }},",
            own.join(" "),
            says("interactive = true"),
            says("passive = true"),
            says("one-step = true"),
            words("runs-others = ").join(" "),
            says("stdout = ") || says("both = "),
            says("exit = \"0\""),
        )
        .expect("memory");
    }
    list.push_str("];\n");
    list.push_str(&index(commands));
    let lines = Path::new("src/classify/lines.toml");
    println!("cargo::rerun-if-changed={}", lines.display());
    let text = std::fs::read_to_string(lines).expect("lines.toml");
    for sort in ["harmless", "reached"] {
        patterns.extend(patterns_of(&text, sort, &["line"]));
    }
    let out = std::env::var_os("OUT_DIR").expect("OUT_DIR");
    std::fs::write(Path::new(&out).join("profiles.rs"), list).expect("OUT_DIR is writable");
    std::fs::write(Path::new(&out).join("literals.rs"), literals(&patterns)).expect("OUT_DIR is writable");
    std::fs::write(Path::new(&out).join("lacking.rs"), lacking).expect("OUT_DIR is writable");
}

/// Names of capabilities to leave out, for tests: of `all`, of those that another system lacks (`macos`), or these.
///
/// A variable rather than a feature of the package: features are meant to add something, and `--all-features` would set it.
const WITHOUT: &str = "BUILD_WITHOUT";

/// Declares the `cfg` of each capability, and sets those that there are. The list of the others, as a source.
fn lacking() -> String {
    println!("cargo::rerun-if-changed=src/base/capability.rs");
    println!("cargo::rerun-if-env-changed={WITHOUT}");
    let of_target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).expect("cargo says it");
    let (system, processor) = (of_target("OS"), of_target("ARCH"));
    let without = std::env::var(WITHOUT).unwrap_or_default();
    let words: Vec<&str> = without.split_ascii_whitespace().collect();
    if let Some(wrong) = words.iter().find(|word| {
        !["all", "macos"].contains(word) && CAPABILITIES.iter().all(|known| known.name != **word)
    }) {
        panic!("{WITHOUT} names '{wrong}', which is in no line of src/base/capability.rs");
    }
    if !words.is_empty() {
        // What ships must have all that the system can do, whatever is set where it is built.
        let profile = std::env::var("PROFILE").unwrap_or_default();
        assert!(profile != "release", "{WITHOUT} is for tests: unset it to build a release");
        println!("cargo::warning=built without what {WITHOUT} names ({without}): for tests alone");
    }
    let mut lacking = Vec::new();
    for capability in CAPABILITIES {
        let name = capability.name;
        println!("cargo::rustc-check-cfg=cfg(has_{name})");
        let left_out = words.contains(&"all")
            || words.contains(&name)
            || words.contains(&"macos") && !capability.is_on("macos", &processor);
        if capability.is_on(&system, &processor) && !left_out {
            println!("cargo::rustc-cfg=has_{name}");
        } else {
            lacking.push(name);
        }
    }
    format!("const LACKING: &[&str] = &{lacking:?};\n")
}

/// The texts of these keys in the tables of an array. What is wrong in a file is told by the tests that read it.
fn patterns_of(text: &str, array: &str, keys: &[&str]) -> Vec<String> {
    let (table, _) = DeTable::parse_recoverable(text);
    let Some(DeValue::Array(rules)) = table.get_ref().get(array).map(toml::Spanned::get_ref) else {
        return Vec::new();
    };
    let rules = rules.iter().filter_map(|rule| rule.get_ref().as_table());
    let values = rules.flat_map(|rule| keys.iter().filter_map(|key| rule.get(*key)));
    let texts = values.flat_map(|value| match value.get_ref() {
        DeValue::Array(items) => items.iter().filter_map(|item| item.get_ref().as_str()).collect(),
        one => Vec::from_iter(one.as_str()),
    });
    texts.map(str::to_owned).collect()
}

/// The literals that patterns require, by the pattern's hash: numbers into one text, as for [`index`]. A NUL ends each.
fn literals(patterns: &[String]) -> String {
    let (mut rows, mut texts, mut hashes) = (String::new(), Vec::new(), BTreeMap::new());
    for pattern in patterns {
        let other = hashes.insert(fnv::hash64(pattern.bytes()), pattern);
        assert!(other.is_none_or(|other| other == pattern), "{pattern} has the hash of {other:?}");
    }
    for (hash, pattern) in hashes {
        let start = texts.len();
        let found = profile_syntax::parse(pattern).ok().and_then(|hir| required_literals::required(&hir));
        for literal in found.unwrap_or_default() {
            assert!(!literal.contains(&0), "{pattern} requires a NUL");
            texts.extend(literal);
            texts.push(0);
        }
        write!(rows, "({hash:#x}, {start}, {}), ", texts.len() - start).expect("memory");
    }
    format!(
        "pub(super) static LITERALS: &[u8] = b\"{}\";\npub(super) static NOTED: &[(u64, u32, u16)] = &[{rows}];\n",
        texts.escape_ascii()
    )
}

/// The commands in their order, and for each where it stands and whose it is: numbers, which cost nothing at start-up,
/// where a list of texts would be relocated.
fn index(mut commands: Vec<(String, usize)>) -> String {
    commands.sort();
    let (mut texts, mut rows) = (String::new(), String::new());
    for (command, file) in &commands {
        write!(rows, "({}, {}, {file}), ", texts.len(), command.len()).expect("memory");
        texts.push_str(command);
    }
    format!("static COMMANDS: &str = {texts:?};\nstatic INDEX: &[(u16, u8, u8)] = &[{rows}];\n")
}
