//! Masks the parts of a text that change from failure to failure: addresses, times, paths, numbers. Short numbers that say
//! what failed are kept: 404 and 503 are different failures.

/// The text, token by token, with one blank between them.
pub(in crate::report) fn mask(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let previous = at.checked_sub(1).map(|before| words[before]).unwrap_or_default();
        let (core, before, after) = bare(words[at]);
        if is_number(core)
            && after.is_empty()
            && let Some(unit) = unit(bare(next).0)
        {
            let (_, _, behind) = bare(next);
            out.push(format!("{before}{unit}{behind}"));
            at += 2;
            continue;
        }
        let masked =
            if is_told(core, previous, before, next) { core.to_owned() } else { word(core, previous) };
        out.push(format!("{before}{masked}{after}"));
        at += 1;
    }
    out.join(" ")
}

/// A word, and the punctuation around it.
fn bare(word: &str) -> (&str, &str, &str) {
    let is_mark = |c: char| "()<>{},;:!.".contains(c);
    let core = word.trim_start_matches(is_mark);
    let before = &word[..word.len() - core.len()];
    // A path may begin with dots.
    let (core, before) =
        if before.ends_with('.') && core.starts_with('/') { (word, "") } else { (core, before) };
    let end = core.trim_end_matches(is_mark).len();
    (&core[..end], before, &core[end..])
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.as_bytes()[0] != b'.'
}

/// The mask of a number with this unit.
fn unit(text: &str) -> Option<&'static str> {
    const TIMES: [&str; 18] = [
        "ns", "us", "µs", "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute",
        "minutes", "h", "hour", "hours", "days",
    ];
    const SIZES: [&str; 12] =
        ["B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "bytes", "byte"];
    if TIMES.contains(&text) {
        Some("<dur>")
    } else if SIZES.contains(&text) {
        Some("<size>")
    } else {
        None
    }
}

/// A number of one to three digits that says what failed.
fn is_told(core: &str, previous: &str, before: &str, next: &str) -> bool {
    const CONTEXTS: [&str; 8] = ["http", "status", "code", "errno", "exit", "error", "returned", "got"];
    if !(1..=3).contains(&core.len()) || !core.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let previous = previous.to_lowercase();
    let context = previous.trim_end_matches(|c: char| !c.is_alphanumeric());
    let context =
        context.rsplit(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    let has_reason = core.len() == 3 && core.starts_with(['4', '5']) && next.starts_with(char::is_uppercase);
    CONTEXTS.contains(&context) || before.ends_with('(') || has_reason
}

/// The mask of a word, or the word with its numbers masked.
fn word(core: &str, previous: &str) -> String {
    if let Some((name, value)) =
        core.split_once('=').filter(|(name, value)| is_name(name) && !value.is_empty())
    {
        let kept = is_told(value, name, "", "");
        return format!("{name}={}", if kept { value.to_owned() } else { word(value, "") });
    }
    if let Some(quote) = core.chars().next().filter(|c| "'\"`‘“".contains(*c)) {
        let end = match quote {
            '‘' => '’',
            '“' => '”',
            quote => quote,
        };
        if core.chars().count() > 2 && core.ends_with(end) {
            return "<str>".to_owned();
        }
    }
    whole(core).map_or_else(|| numbers(core, previous), str::to_owned)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
        && text.starts_with(char::is_alphabetic)
}

/// The mask of a word that is a single item.
fn whole(core: &str) -> Option<&'static str> {
    let digits = core.bytes().filter(u8::is_ascii_digit).count();
    let bytes = core.as_bytes();
    let is_uuid = core.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if is_uuid {
        return Some("<uuid>");
    }
    if core.contains("://") {
        return Some("<url>");
    }
    if is_time(core) {
        return Some("<time>");
    }
    if is_address(core) {
        return Some("<ip>");
    }
    let is_path =
        core.starts_with(['/', '~']) && core.len() > 1 || core.starts_with("./") || core.starts_with("../");
    if is_path || core.matches('/').count() >= 2 {
        return Some("<path>");
    }
    let hex = core.strip_prefix("0x").unwrap_or(core);
    let has_letter = hex.bytes().any(|byte| byte.is_ascii_alphabetic());
    if hex.len() >= 7 && digits > 0 && has_letter && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some("<hex>");
    }
    let number = core.trim_end_matches(|c: char| c.is_alphabetic());
    if is_number(number) && number.len() < core.len() {
        return unit(&core[number.len()..]);
    }
    is_number(core).then_some("<num>")
}

/// `2026-11-26`, `2026-11-26T12:00:00Z`, `12:00:00.5`, and klog's `E1126`.
fn is_time(core: &str) -> bool {
    let shape: String = core.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let begins = ["0000-00-00", "0000/00/00", "00:00:00"].iter().any(|start| shape.starts_with(start));
    begins || ["E0000", "W0000", "F0000", "I0000"].contains(&&*shape)
}

/// An address with or without a port.
fn is_address(core: &str) -> bool {
    let (host, port) = core.rsplit_once(':').unwrap_or((core, "0"));
    let is_port = port.parse::<u16>().is_ok();
    let is_v4 = |host: &str| host.parse::<std::net::Ipv4Addr>().is_ok();
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let bracketed = core.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_v6 = |host: &str| host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_ok();
    is_v4(core)
        || (is_v4(host) && is_port)
        || is_v6(core)
        || bracketed.is_some_and(is_v6)
        || (inner.is_some_and(is_v6) && is_port)
}

/// The word with each number in it masked, except one that says what failed (`[Errno` `111]`, `HTTP/1.1`).
fn numbers(core: &str, previous: &str) -> String {
    if core.starts_with("HTTP/") {
        return core.to_owned();
    }
    let mut out = String::with_capacity(core.len());
    let mut rest = core;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (front, digits) = rest.split_at(start);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        out.push_str(front);
        let before = if out.is_empty() { previous } else { out.as_str() };
        let kept = is_told(&digits[..end], before, "", "");
        out.push_str(if kept { &digits[..end] } else { "<num>" });
        rest = &digits[end..];
    }
    out + rest
}
