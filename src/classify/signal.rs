//! Names of signals.

/// Name and number, without the `SIG`.
const NAMES: &[(&str, i32)] = &[
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("CHLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("SYS", libc::SIGSYS),
    #[cfg(target_os = "linux")]
    ("PWR", libc::SIGPWR),
];

/// The highest number a signal may have; beyond it `128 + n` would not fit a status.
const HIGHEST: i32 = 64;

/// The names of signals, without SIG.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

/// A signal by name (`TERM`, `SIGTERM`, in any case) or number.
pub fn parse(text: &str) -> Option<i32> {
    if let Some(number) = super::exit_spec::digits::<i32>(text) {
        return (1..=HIGHEST).contains(&number).then_some(number);
    }
    parse_name(text)
}

/// The status that a shell reports of what died of the signal of this name.
pub fn status(name: &str) -> Option<u8> {
    u8::try_from(parse(name)?).ok().map(|number| 128 | number)
}

/// A signal by name alone.
pub fn parse_name(text: &str) -> Option<i32> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    known.or_else(|| real_time(name))
}

/// `RTMIN`, `RTMIN+1`, `RTMAX-1`: as kill(1) has them.
#[cfg(target_os = "linux")]
fn real_time(name: &str) -> Option<i32> {
    use super::exit_spec::digits;
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    let number = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(""), _) => first,
        (_, Some("")) => last,
        (Some(more), _) => first.checked_add(digits::<u8>(more.strip_prefix('+')?)?.into())?,
        (_, Some(less)) => last.checked_sub(digits::<u8>(less.strip_prefix('-')?)?.into())?,
        (None, None) => return None,
    };
    (first..=last).contains(&number).then_some(number)
}

/// There are none.
#[cfg(not(target_os = "linux"))]
fn real_time(_: &str) -> Option<i32> {
    None
}

/// `SIGTERM`, or `SIG` and the number where there is no name (real-time signals).
pub fn name(number: i32) -> String {
    match NAMES.iter().find(|(_, known)| *known == number) {
        Some((name, _)) => format!("SIG{name}"),
        None => format!("SIG{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_known_by_name_in_any_spelling_and_by_number() {
        for text in ["TERM", "SIGTERM", "sigterm", "term", "15"] {
            assert_eq!(parse(text), Some(libc::SIGTERM), "{text}");
        }
        for text in ["", "SIG", "TERMINATE", "0", "-1", "65", "SIG15"] {
            assert_eq!(parse(text), None, "{text}");
        }
        #[cfg(target_os = "linux")]
        for (text, number) in
            [("RTMIN", Some(34)), ("sigrtmin+3", Some(37)), ("RTMAX-1", Some(63)), ("RTMAX", Some(64))]
                .into_iter()
                .chain(
                    ["RTMIN-1", "RTMIN+31", "RTMAX+1", "RTMAX-31", "RTMIN+", "RT", "RTMIN+300"]
                        .map(|text| (text, None)),
                )
        {
            assert_eq!(parse(text), number, "{text}");
        }
        assert_eq!(name(libc::SIGKILL), "SIGKILL");
        assert_eq!(name(40), "SIG40");
        for (_, number) in NAMES {
            assert_eq!(parse(&name(*number)), Some(*number));
        }
    }

    #[test]
    fn a_shell_reports_a_signal_as_128_and_its_number() {
        for (name, expected) in
            [("TERM", Some(143)), ("SIGKILL", Some(137)), ("HUP", Some(129)), ("NONE", None)]
        {
            assert_eq!(status(name), expected, "{name}");
        }
    }
}
