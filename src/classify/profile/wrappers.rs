//! Wrappers: programs that only start another one. Finds the command that a command line is really about.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// A program that runs the rest of its command line as a command.
struct Wrapper {
    name: &'static str,
    /// The short options that take a value, in the same word or the next.
    valued: &'static str,
    /// The long options whose value is the next word, unless `=` joins it.
    long: &'static [&'static str],
    /// The number of its own operands before the command.
    operands: usize,
}

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        name: "sudo",
        valued: "ugUpChrtTDRagc",
        long: &[
            "user",
            "group",
            "other-user",
            "prompt",
            "close-from",
            "host",
            "role",
            "type",
            "command-timeout",
            "chdir",
            "chroot",
            "auth-type",
            "login-class",
        ],
        operands: 0,
    },
    Wrapper { name: "doas", valued: "uCa", long: &[], operands: 0 },
    Wrapper { name: "env", valued: "uCSa", long: &["unset", "chdir", "split-string", "argv0"], operands: 0 },
    Wrapper { name: "nice", valued: "n", long: &["adjustment"], operands: 0 },
    Wrapper {
        name: "ionice",
        valued: "cnpPu",
        long: &["class", "classdata", "pid", "pgid", "uid"],
        operands: 0,
    },
    Wrapper { name: "nohup", valued: "", long: &[], operands: 0 },
    Wrapper { name: "timeout", valued: "ks", long: &["kill-after", "signal"], operands: 1 },
    Wrapper { name: "stdbuf", valued: "ioe", long: &["input", "output", "error"], operands: 0 },
    Wrapper { name: "time", valued: "fo", long: &["format", "output"], operands: 0 },
    Wrapper { name: "setsid", valued: "", long: &[], operands: 0 },
    Wrapper {
        name: "setpriv",
        valued: "",
        long: &[
            "ambient-caps",
            "inh-caps",
            "bounding-set",
            "ruid",
            "euid",
            "rgid",
            "egid",
            "reuid",
            "regid",
            "groups",
            "securebits",
            "pdeathsig",
            "selinux-label",
            "apparmor-profile",
            "landlock-access",
            "landlock-rule",
            "seccomp-filter",
            "ptracer",
        ],
        operands: 0,
    },
    Wrapper { name: "exec", valued: "a", long: &[], operands: 0 },
    Wrapper { name: "sshpass", valued: "fdpP", long: &[], operands: 0 },
];

/// `flock` has an exit status of its own, for a lock that is held: its profile is consulted in addition to that of the
/// command under it.
const FLOCK: Wrapper =
    Wrapper { name: "flock", valued: "wE", long: &["timeout", "wait", "conflict-exit-code"], operands: 1 };

/// The command that `flock` runs once it has the lock; `words` are its arguments.
pub(super) fn under_lock(words: &[OsString]) -> &[OsString] {
    FLOCK.skip_own(words)
}

/// Whether the line was printed by a wrapper: `sudo: …`.
pub(super) fn speaks(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    name.len() < line.len() && WRAPPERS.iter().any(|wrapper| wrapper.name.as_bytes() == name)
}

/// The last component of a path.
pub(super) fn base_name(path: &OsStr) -> &[u8] {
    let bytes = path.as_bytes();
    bytes.rsplit(|byte| *byte == b'/').find(|part| !part.is_empty()).unwrap_or(bytes)
}

/// The words from the program that is ultimately run onwards; empty if there is none.
pub(super) fn unwrapped(mut words: &[OsString]) -> &[OsString] {
    loop {
        while words.first().is_some_and(|word| is_assignment(word.as_bytes())) {
            words = &words[1..];
        }
        let Some(first) = words.first() else { return words };
        let name = base_name(first);
        let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name.as_bytes() == name) else {
            return words;
        };
        words = wrapper.skip_own(&words[1..]);
    }
}

impl Wrapper {
    /// The words after its options and operands.
    fn skip_own<'w>(&self, mut words: &'w [OsString]) -> &'w [OsString] {
        let mut operands = self.operands;
        while let Some((word, rest)) = words.split_first() {
            let word = word.as_bytes();
            if word == b"--" {
                words = rest;
                break;
            }
            // `env -` is `env -i`.
            if word == b"-" && self.name == "env" {
                words = rest;
                continue;
            }
            if word.len() < 2 || word[0] != b'-' {
                break;
            }
            words = if self.takes_next(word) { rest.get(1..).unwrap_or_default() } else { rest };
        }
        while self.name == "env" && words.first().is_some_and(|word| is_assignment(word.as_bytes())) {
            words = &words[1..];
        }
        while operands > 0 && !words.is_empty() {
            (operands, words) = (operands - 1, &words[1..]);
        }
        words
    }

    /// Whether the value of this option is the next word.
    fn takes_next(&self, word: &[u8]) -> bool {
        if let Some(long) = word.strip_prefix(b"--") {
            return self.long.iter().any(|name| name.as_bytes() == long);
        }
        // In a cluster of short options, the first one that takes a value uses the rest of the word, if there is any.
        let valued = word[1..].iter().position(|letter| self.valued.as_bytes().contains(letter));
        valued.is_some_and(|at| at + 2 == word.len())
    }
}

/// `KEY=VALUE`, as accepted by shells and `env`.
fn is_assignment(word: &[u8]) -> bool {
    let Some(equals) = word.iter().position(|byte| *byte == b'=') else { return false };
    let key = &word[..equals];
    key.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && key.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_behind_others() {
        for (line, expected) in [
            ("curl -f x", "curl"),
            ("/usr/bin/curl x", "curl"),
            ("timeout 5 curl x", "curl"),
            ("timeout -k 3 -s KILL 5s curl", "curl"),
            ("timeout --signal=KILL --kill-after 3 5s curl", "curl"),
            ("timeout --foreground -k3 5 curl", "curl"),
            ("env A=b C=d curl", "curl"),
            ("env -i -u HOME A=b curl", "curl"),
            ("env - A=b curl", "curl"),
            ("env -a name --argv0 name curl", "curl"),
            ("sudo -c class curl", "curl"),
            ("A=b C=d curl", "curl"),
            ("sudo -u root -E A=b curl", "curl"),
            ("sudo -nu root curl", "curl"),
            ("sudo --user root -- curl", "curl"),
            ("doas -u root curl", "curl"),
            ("nice -n 10 ionice -c3 nohup curl", "curl"),
            ("nice -10 curl", "curl"),
            ("stdbuf -oL -e 0 time -p setsid -w curl", "curl"),
            ("setpriv --reuid=1 --regid 2 --clear-groups curl", "curl"),
            ("exec -a name curl", "curl"),
            ("sudo", ""),
            ("timeout 5", ""),
            ("env", ""),
            ("make curl", "make"),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let found =
                unwrapped(&words).first().map(|word| String::from_utf8_lossy(base_name(word)).into_owned());
            assert_eq!(found.unwrap_or_default(), expected, "{line}");
        }
    }
}
