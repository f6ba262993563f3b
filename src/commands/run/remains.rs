//! Messages about processes that did not end.

use crate::sys::output;
use crate::sys::supervise::Remains;

/// Describes processes that were told to end with the command and are still running.
pub(super) fn left(remains: &[Remains]) -> String {
    format!("still running after the command died of the signal: {}", list(remains))
}

/// Describes processes that could not be killed, and what to do about them.
pub(super) fn unkillable(remains: &[Remains]) -> String {
    if remains.is_empty() {
        return "processes of the command are still running and cannot be listed: /proc belongs to another PID namespace \
                (with --new-group they could be killed)"
            .to_owned();
    }
    let way_out = if remains.iter().any(|process| process.foreign) {
        "only root can stop another user's processes: run `sudo retry ...` rather than `retry sudo ...`"
    } else {
        "they may be waiting for a disk or a file server"
    };
    format!("could not kill {}; {way_out}", list(remains))
}

fn list(remains: &[Remains]) -> String {
    remains.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn one(process: &Remains) -> String {
    let name = if process.name.is_empty() { "a process" } else { &process.name };
    let user = if process.user.is_empty() { String::new() } else { format!(", user {}", process.user) };
    output::printable(&format!("{name} (pid {}{user})", process.pid)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str, user: &str, foreign: bool) -> Remains {
        Remains { pid: 42, name: name.to_owned(), user: user.to_owned(), foreign }
    }

    #[test]
    fn what_cannot_be_killed_is_named_with_the_way_out() {
        let said = unkillable(&[process("sleep", "root", true)]);
        assert!(said.contains("sleep (pid 42, user root)") && said.contains("`sudo retry ...`"), "{said}");
        let said = unkillable(&[process("cp", "bob", false), process("", "", false)]);
        assert!(
            said.contains("cp (pid 42, user bob), a process (pid 42)") && !said.contains("sudo"),
            "{said}"
        );
        assert!(unkillable(&[]).contains("cannot be listed"));
    }

    #[test]
    fn names_are_not_ours() {
        let said = left(&[process("a\u{1b}[2J\nb", "root", true)]);
        assert!(!said.contains(['\u{1b}', '\n']), "{said:?}");
    }
}
