//! A letter for people: its command quoted for a shell, and a script that runs it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use super::{Header, Mistake, Stdin};
use crate::policy::{is_rules, options};

/// The words as a line for any POSIX shell, in bytes, since words may contain any.
pub fn command_line(words: &[OsString]) -> Vec<u8> {
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    words.join(&b' ')
}

/// A script for `sh` that runs the letter in `file` with `retry`, except that it does not lock the letter.
pub fn script(header: &Header, file: &OsStr) -> Result<Vec<u8>, Mistake> {
    let mut run = b"cd ".to_vec();
    run.extend(quoted(&header.directory()?));
    if let Some(mask) = header.mask() {
        run.extend(format!(" && umask {mask:04o}").into_bytes());
    }
    run.extend_from_slice(b" && ");
    let mut words: Vec<OsString> = Vec::new();
    for (name, value) in header.variables()? {
        let mut assignment = OsString::from(format!("{name}="));
        assignment.push(value);
        words.push(assignment);
    }
    if !words.is_empty() {
        words.insert(0, "env".into());
    }
    words.push("retry".into());
    words.extend(header.shell.iter().map(|shell| OsString::from(format!("--shell={shell}"))));
    words.extend(options(&header.settings).map(OsString::from));
    words.push("--".into());
    words.extend(header.command()?);
    run.extend(command_line(&words));
    let mut script = b"#!/bin/sh\n".to_vec();
    if header.settings.keys().any(|key| is_rules(key)) {
        script.extend(
            b"# The letter has rules, which cannot be given as options: only `retry replay` applies them.\n",
        );
    }
    match &header.stdin {
        Stdin::None => script.extend([b"(", &run[..], b") </dev/null\n"].concat()),
        Stdin::Bytes { .. } | Stdin::Partial { .. } => {
            script.extend([b"tail -n +2 ", &quoted(file)[..], b" | (", &run, b")\n"].concat());
        }
        Stdin::File { offset, .. } => {
            let path = header.stdin.path()?.unwrap_or_default();
            let skip = format!("tail -c +{} ", offset + 1).into_bytes();
            script.extend([&skip[..], &quoted(&path), b" | (", &run, b")\n"].concat());
        }
    }
    Ok(script)
}

/// Quotes a word for a shell.
fn quoted(word: &OsStr) -> Vec<u8> {
    let bytes = word.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return bytes.to_vec();
    }
    let inner: Vec<_> = bytes.split(|byte| *byte == b'\'').collect();
    [b"'", &inner.join(&b"'\\''"[..])[..], b"'"].concat()
}
