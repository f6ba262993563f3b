//! Lists `src/profiles/`, so that adding a tool is adding a file. Of each profile only what must be known before the
//! first attempt is noted here: which commands it is for, and what it has to see. The rest is read after a failure.

#![expect(clippy::disallowed_methods, reason = "a build script reads the tree")]

use std::fmt::Write;
use std::path::Path;

fn main() {
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
    for (file, path) in paths.iter().enumerate() {
        println!("cargo::rerun-if-changed={}", path.display());
        let text = std::fs::read_to_string(path).expect("a profile");
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let path = format!("/{}", path.to_str().expect("a UTF-8 path"));
        let lines = || text.lines().map(str::trim_end);
        let says = |key: &str| lines().any(|line| line.starts_with(key));
        let own = lines().find_map(|line| line.strip_prefix("command = ")).unwrap_or("[]");
        let own: Vec<&str> = own.split('"').skip(1).step_by(2).collect();
        commands.extend(own.iter().map(|command| ((*command).to_owned(), file)));
        writeln!(
            list,
            "File {{ name: {name:?}, commands: {:?}, interactive: {}, passive: {}, stdout: {}, exit_zero: {}, text: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?})) }},",
            own.join(" "),
            says("interactive = true"),
            says("passive = true"),
            says("stdout = ") || says("both = "),
            says("exit = \"0\""),
        )
        .expect("memory");
    }
    list.push_str("];\n");
    list.push_str(&index(commands));
    let out = std::env::var_os("OUT_DIR").expect("OUT_DIR");
    std::fs::write(Path::new(&out).join("profiles.rs"), list).expect("OUT_DIR is writable");
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
