//! The program to execute, resolved into C strings before there is a child: after a fork nothing may be allocated.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use super::os;
use crate::classify::{Stage, StartFailure};

/// The directories searched for programs if PATH is unset, as in glibc; the current directory is not among them.
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";
/// A longer candidate cannot name a file.
const MAX_PATH_BYTES: usize = libc::PATH_MAX as usize;

/// A command: its arguments and the files that may be it. Clones share their data: what a child reads stays valid as
/// long as any of them.
#[derive(Clone, Debug)]
pub(crate) struct Program(Rc<Words>);

#[derive(Debug)]
struct Words {
    argv: Vec<CString>,
    /// In the order of PATH; just the name itself if it contains a `/`.
    candidates: Vec<CString>,
}

impl Program {
    /// Looks PATH up now, in our own environment. Fails on an empty `argv` and on a NUL byte, neither of which a command
    /// line can hold.
    pub(crate) fn new(argv: &[OsString]) -> io::Result<Self> {
        let path = std::env::var_os("PATH");
        let argv = argv.iter().map(|word| CString::new(word.as_bytes())).collect::<Result<Vec<_>, _>>()?;
        let name = argv.first().ok_or(io::ErrorKind::InvalidInput)?;
        let candidates = candidates(name, path.as_deref());
        Ok(Self(Rc::new(Words { argv, candidates })))
    }

    /// The real reason of a failed exec, if its errno is misleading: a directory is "Permission denied", a missing
    /// interpreter is "No such file", and users would look for the wrong mistake.
    pub(crate) fn explain(&self, failure: StartFailure) -> StartFailure {
        let [file] = &self.0.candidates[..] else { return failure };
        let Ok(metadata) = std::fs::metadata(OsStr::from_bytes(file.to_bytes())) else { return failure };
        match failure {
            StartFailure { stage: Stage::Exec, errno: libc::EACCES } if metadata.is_dir() => {
                StartFailure { errno: libc::EISDIR, ..failure }
            }
            StartFailure { stage: Stage::Exec, errno: libc::ENOENT } => {
                StartFailure { stage: Stage::Interpreter, ..failure }
            }
            other => other,
        }
    }

    pub(super) fn argv(&self) -> &[CString] {
        &self.0.argv
    }

    pub(super) fn candidates(&self) -> &[CString] {
        &self.0.candidates
    }
}

/// The files that execvp(3) would try, in its order.
fn candidates(name: &CStr, path: Option<&OsStr>) -> Vec<CString> {
    let bytes = name.to_bytes();
    if bytes.is_empty() || bytes.contains(&b'/') {
        return vec![name.to_owned()];
    }
    let path = path.map_or(DEFAULT_PATH, OsStr::as_bytes);
    path.split(|&byte| byte == b':').filter_map(|directory| candidate(directory, bytes)).collect()
}

/// An empty directory is the current one.
fn candidate(directory: &[u8], name: &[u8]) -> Option<CString> {
    let mut file = Vec::with_capacity(directory.len() + name.len() + 2);
    if !directory.is_empty() {
        file.extend_from_slice(directory);
        file.push(b'/');
    }
    file.extend_from_slice(name);
    if file.len() < MAX_PATH_BYTES { CString::new(file).ok() } else { None }
}

/// A variable for the command: its value, or `None` to remove it.
pub(crate) type Variable = (&'static str, Option<OsString>);

/// The environment of one attempt: the inherited entries by reference, and those that override them.
pub(super) struct Environment {
    set: Vec<CString>,
}

impl Environment {
    /// Fails on a NUL byte, which no variable can hold.
    pub(super) fn new(vars: &[Variable]) -> io::Result<Self> {
        let entry = |(name, value): (&str, &OsString)| {
            let mut entry = Vec::with_capacity(name.len() + value.len() + 2);
            entry.extend_from_slice(name.as_bytes());
            entry.push(b'=');
            entry.extend_from_slice(value.as_bytes());
            CString::new(entry)
        };
        let set = vars.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?)));
        Ok(Self { set: set.map(entry).collect::<Result<_, _>>()? })
    }

    /// The block for execve, ended by a null pointer; valid as long as `self`.
    pub(super) fn block(&self, vars: &[Variable]) -> Vec<*const libc::c_char> {
        let mut block = Vec::with_capacity(64);
        let is_set = |entry: &&CStr| vars.iter().any(|(name, _)| names(entry.to_bytes(), name.as_bytes()));
        block.extend(inherited().filter(|entry| !is_set(entry)).map(CStr::as_ptr));
        block.extend(self.set.iter().map(|entry| entry.as_ptr()));
        block.push(std::ptr::null());
        block
    }
}

/// For each of these prefixes, whether the inherited environment has a variable whose name begins with it. One pass for all.
pub(crate) fn environment_has<const N: usize>(beginnings: [&str; N]) -> [bool; N] {
    let mut found = [false; N];
    for entry in inherited().map(CStr::to_bytes) {
        for (found, beginning) in found.iter_mut().zip(beginnings) {
            *found |= entry.starts_with(beginning.as_bytes());
        }
    }
    found
}

/// The inherited environment, entry by entry.
fn inherited() -> impl Iterator<Item = &'static CStr> {
    let mut next = os::environ();
    std::iter::from_fn(move || {
        // SAFETY: `environ` is null, or an array of C strings terminated by a null pointer, and is never changed.
        unsafe {
            if next.is_null() || (*next).is_null() {
                return None;
            }
            let entry = CStr::from_ptr(*next);
            next = next.add(1);
            Some(entry)
        }
    })
}

/// Whether the environment entry `entry` is one of the variable `name`.
fn names(entry: &[u8], name: &[u8]) -> bool {
    entry.strip_prefix(name).is_some_and(|rest| rest.first() == Some(&b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, path: Option<&str>, expected: &[&str]) {
        let found = candidates(&CString::new(name).unwrap(), path.map(OsStr::new));
        let found: Vec<_> = found.iter().map(|file| file.to_str().unwrap()).collect();
        assert_eq!(found, expected, "{name} in {path:?}");
    }

    #[test]
    fn a_plain_name_is_looked_for_in_every_directory_of_path() {
        check("ls", Some("/a:/b/c:d"), &["/a/ls", "/b/c/ls", "d/ls"]);
    }

    #[test]
    fn empty_elements_of_path_are_the_current_directory() {
        check("ls", Some(":/a::/b:"), &["ls", "/a/ls", "ls", "/b/ls", "ls"]);
        check("ls", Some(""), &["ls"]);
    }

    #[test]
    fn an_unset_path_is_the_default_one() {
        check("ls", None, &["/bin/ls", "/usr/bin/ls"]);
    }

    #[test]
    fn a_name_with_a_slash_is_not_looked_for() {
        check("./ls", Some("/a"), &["./ls"]);
        check("/", Some("/a"), &["/"]);
        check("", Some("/a"), &[""]);
    }

    #[test]
    fn directories_too_long_to_exist_are_passed_over() {
        let long = "x".repeat(MAX_PATH_BYTES);
        check("ls", Some(&format!("{long}:/a")), &["/a/ls"]);
    }

    #[test]
    fn a_variable_is_named_in_full() {
        assert!(names(b"A=1", b"A"));
        assert!(names(b"A=", b"A"));
        assert!(!names(b"AB=1", b"A"));
        assert!(!names(b"A", b"A"));
        assert!(!names(b"", b"A"));
    }

    #[test]
    fn variables_replace_the_inherited_ones() {
        let vars = [("PATH", Some("/x".into())), ("SUPERVISE_TEST", Some("a=b".into())), ("HOME", None)];
        let environment = Environment::new(&vars).unwrap();
        let block = environment.block(&vars);
        assert!(block.last().unwrap().is_null());
        let entries: Vec<_> = block[..block.len() - 1]
            .iter()
            .map(|&entry| unsafe { CStr::from_ptr(entry) }.to_str().unwrap())
            .collect();
        assert_eq!(
            entries.iter().filter(|entry| entry.starts_with("PATH=")).collect::<Vec<_>>(),
            [&"PATH=/x"]
        );
        assert!(entries.contains(&"SUPERVISE_TEST=a=b"));
        assert!(!entries.iter().any(|entry| entry.starts_with("HOME=")));
    }

    #[test]
    fn nul_bytes_are_refused() {
        assert!(Program::new(&["a\0b".into()]).is_err());
        assert!(Program::new(&[]).is_err());
        assert!(Environment::new(&[("A", Some("a\0b".into()))]).is_err());
    }
}
