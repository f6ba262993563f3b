//! `--show` and `--dry-run`: shows letters to people, and what a replay would do with them.

use std::path::Path;

use super::find::Entry;
use super::options::ReplayOptions;
use super::words::{age, warnings};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::size;
use crate::base::words::plural;
use crate::commands::{print, print_bytes};
use crate::letter::{self, Header, Stdin, command_line};
use crate::sys::letterbox::{self, Letter};

/// Prints descriptions of the letters, or scripts that run them.
pub(super) fn show(entries: &[Entry], script: bool) -> Result<Exit, Error> {
    let mut bytes = Vec::new();
    for entry in entries {
        let refused = |why: &str| Error::usage(format!("{}: {why}", entry.path.display()));
        let header = entry.header.as_ref().map_err(|why| refused(why))?;
        if script {
            let path = entry.path.canonicalize().unwrap_or_else(|_| entry.path.clone());
            let script = letter::script(header, path.as_os_str()).map_err(|mistake| refused(&mistake.0))?;
            bytes.extend(script);
        } else {
            let text = text(&entry.path, header).map_err(|mistake| refused(&mistake.0))?;
            print(&text)?;
        }
    }
    if script { print_bytes(&bytes) } else { Ok(Exit::Status(0)) }
}

fn text(path: &Path, header: &Header) -> Result<String, letter::Mistake> {
    let command = String::from_utf8_lossy(&command_line(&header.command()?)).into_owned();
    let stdin = match &header.stdin {
        Stdin::None => "none".to_owned(),
        Stdin::Bytes { bytes, .. } => size::exact(*bytes),
        Stdin::File { path, .. } => format!("{path}, {}", size::exact(header.stdin.length())),
        Stdin::Partial { bytes, why } => format!("only {} ({why})", size::exact(*bytes)),
    };
    let end = header.exit_code.map_or_else(
        || header.signal.as_ref().map_or_else(String::new, |signal| format!(", killed by {signal}")),
        |code| format!(", exit {code}"),
    );
    let reason = header.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut lines = vec![
        ("letter", path.display().to_string()),
        ("name", header.name.clone()),
        ("created", format!("{} ({} ago) on {}", header.created, age(&header.created), header.host)),
        ("command", command),
        ("shell", header.shell.clone().unwrap_or_default()),
        ("directory", header.directory()?.to_string_lossy().into_owned()),
        ("umask", header.umask.clone()),
        ("stdin", stdin),
        ("not kept", header.lost_inputs.join(", ")),
        ("outcome", format!("{} after {}{end}{reason}", header.outcome, plural(header.attempts, "attempt"))),
        ("policy", header.policy.clone().unwrap_or_default()),
        ("settings", settings(header)),
        ("stored env", header.env.keys().cloned().collect::<Vec<_>>().join(", ")),
        ("key", header.idempotency_key.clone()),
    ];
    lines.retain(|(_, text)| !text.is_empty());
    let mut text: String =
        lines.iter().map(|(name, text)| format!("{:<12}{text}\n", format!("{name}:"))).collect();
    if let Some(tail) = header.stderr_tail.as_ref().filter(|tail| !tail.is_empty()) {
        text.push_str("stderr:\n");
        text.extend(tail.lines().map(|line| format!("  {line}\n")));
    }
    Ok(text)
}

fn settings(header: &Header) -> String {
    let shown = header.settings.iter().map(|(key, value)| {
        format!("{key}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Prints which letters would run, in order, and which would not.
pub(super) fn dry_run(entries: &[Entry], asked: &ReplayOptions) -> Result<Exit, Error> {
    let mut text = String::new();
    let mut well = true;
    for entry in entries {
        let what = if let Some(problem) = problem(entry, asked) {
            well = false;
            format!("would be kept: {problem}")
        } else {
            let words = entry.header.as_ref().ok().and_then(|header| header.command().ok());
            String::from_utf8_lossy(&command_line(&words.unwrap_or_default())).into_owned()
        };
        text.push_str(&format!("{}: {what}\n", entry.name()));
    }
    for warning in warnings(entries) {
        super::say(asked, &format!("warning: {warning}"));
    }
    print(&text).map(|exit| if well { exit } else { Exit::Status(1) })
}

/// Why a letter would not be run, if so.
pub(super) fn problem(entry: &Entry, asked: &ReplayOptions) -> Option<String> {
    if let Err(why) = &entry.header {
        return Some(why.clone());
    }
    match letterbox::open(&entry.path) {
        Ok(letter) => check(&letter, asked).err(),
        Err(why) => Some(why.unwrap_or_else(|| "it no longer exists".to_owned())),
    }
}

/// Checks that the letter is complete and can be run here and now. The error is text.
pub(super) fn check(letter: &Letter, asked: &ReplayOptions) -> Result<(), String> {
    let header = &letter.header;
    letter::verify(header, letter.length).map_err(|mistake| mistake.0)?;
    let words = header.command().map_err(|mistake| mistake.0)?;
    let directory = header.directory().map_err(|mistake| mistake.0)?;
    header.variables().map_err(|mistake| mistake.0)?;
    letter::layer(&header.settings).map_err(|mistake| mistake.0)?;
    if !directory.is_empty() && !Path::new(&directory).is_dir() {
        return Err(format!("its directory {} no longer exists", Path::new(&directory).display()));
    }
    if let (Some(why), false) = (header.missing(), asked.force) {
        return Err(format!("its input is incomplete ({why}); --force runs it anyway"));
    }
    if matches!(header.stdin, Stdin::File { .. }) {
        letter.open_input(asked.force)?;
    }
    if asked.verify && !asked.force {
        letter.check_body()?;
    }
    // The run reports a command that is not found, like any other failure.
    debug_assert!(!words.is_empty(), "a command has a word");
    Ok(())
}
