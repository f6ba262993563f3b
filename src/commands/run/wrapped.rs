//! The wrapped command: how it is executed, and how it is named.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use crate::base::error::Error;
use crate::commands::words_of;
use crate::sys::supervise::Program;

/// A command.
pub(super) struct Wrapped {
    pub(super) program: Program,
    pub(super) argv: Vec<OsString>,
    /// The words that identify its tool: for a shell, those of its string.
    pub(super) about: Vec<OsString>,
    /// The default name of the operation.
    pub(super) name: String,
    /// The shell that runs it, if any.
    shell: Option<OsString>,
}

impl Wrapped {
    pub(super) fn new(words: Vec<OsString>, shell: Option<&OsString>) -> Result<Self, Error> {
        let about = if shell.is_some() { words_of(&words[0]) } else { words.clone() };
        let name = match (about.first(), shell) {
            // A keyword is not the name of a command.
            (Some(first), Some(shell)) if KEYWORDS.iter().any(|keyword| first == keyword) => base_name(shell),
            (first, _) => base_name(first.unwrap_or(&words[0])),
        };
        let shell = shell.cloned();
        let argv = match &shell {
            None => words,
            Some(shell) => in_shell(shell, words),
        };
        let program = Program::new(&argv).map_err(|why| Error::system("cannot use this command", &why))?;
        Ok(Self { program, argv, about, name, shell })
    }
}

impl Wrapped {
    /// The words as they were typed.
    pub(super) fn typed(&self) -> Vec<OsString> {
        let Some(shell) = &self.shell else { return self.argv.clone() };
        let before = in_shell(shell, vec![OsString::new()]).len() - 2;
        let string = self.argv.get(before).cloned();
        string.into_iter().chain(self.argv.iter().skip(before + 2).cloned()).collect()
    }
}

/// First words of a shell string that are not commands.
const KEYWORDS: &[&str] =
    &["case", "if", "for", "while", "until", "select", "{", "(", "!", "[", "[[", "((", "set", "trap"];

/// `SHELL -c STRING SHELL ARG…`: the remaining words become `$1`, `$2`, …
fn in_shell(shell: &OsString, words: Vec<OsString>) -> Vec<OsString> {
    let strict: &[&str] = if base_name(shell) == "bash" { &["-e", "-o", "pipefail"] } else { &[] };
    let mut words = words.into_iter();
    let mut argv = vec![shell.clone()];
    argv.extend(strict.iter().map(OsString::from));
    argv.push("-c".into());
    argv.extend(words.next());
    argv.push(shell.clone());
    argv.extend(words);
    argv
}

/// The last part of a path. A shell line that was given as one word (`'curl http://x/'`) is none, and stays whole.
pub(super) fn base_name(path: &OsStr) -> String {
    let bytes = path.as_bytes();
    let has_words = |part: &[u8]| part.iter().any(u8::is_ascii_whitespace);
    if bytes.split(|byte| *byte == b'/').next().is_some_and(has_words) {
        return path.to_string_lossy().into_owned();
    }
    let name = bytes.rsplit(|byte| *byte == b'/').find(|part| !part.is_empty()).unwrap_or(bytes);
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gets_the_string_and_further_words_as_arguments() {
        let words = || ["a | b", "x", "y"].map(OsString::from).to_vec();
        let sh = in_shell(&"sh".into(), words());
        assert_eq!(sh, ["sh", "-c", "a | b", "sh", "x", "y"].map(OsString::from));
        let bash = in_shell(&"/bin/bash".into(), words());
        let expected = ["/bin/bash", "-e", "-o", "pipefail", "-c", "a | b", "/bin/bash", "x", "y"];
        assert_eq!(bash, expected.map(OsString::from));
    }

    #[test]
    fn the_words_are_known_as_they_were_typed() {
        let words = || ["a | b", "x", "y"].map(OsString::from).to_vec();
        for shell in [None, Some(OsString::from("sh")), Some("/bin/bash".into())] {
            let command = Wrapped::new(words(), shell.as_ref()).unwrap();
            assert_eq!(command.typed(), words(), "{shell:?}");
        }
        assert_eq!(Wrapped::new(vec!["a".into()], Some(&"bash".into())).unwrap().typed(), ["a"]);
    }

    #[test]
    fn an_operation_is_named_after_its_program() {
        for (path, name) in [
            ("curl", "curl"),
            ("/usr/bin/curl", "curl"),
            ("./x/", "x"),
            ("/", "/"),
            ("/a b/c", "c"),
            ("curl -f http://x/y", "curl -f http://x/y"),
        ] {
            assert_eq!(base_name(OsStr::new(path)), name);
        }
    }
}
