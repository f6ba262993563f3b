//! Wording that is shared by several rooms.

use super::secrets::HIDDEN;

/// `1 attempt`, `2 attempts`.
pub fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The operating system's message for an error, without its number. A limit of ours is named.
pub fn of_system(error: &std::io::Error) -> String {
    let text = error.to_string();
    let limit = if error.raw_os_error() == Some(libc::EMFILE) { " (see ulimit -n)" } else { "" };
    format!("{}{limit}", without_number(&text))
}

/// The message of a system error, without the number that std appends.
pub fn without_number(text: &str) -> &str {
    text.split(" (os error").next().unwrap_or(text)
}

/// Hides possible passwords in server URLs: `redis://user:***@host`, `redis+unix:///socket?pass=***`.
pub fn without_password(text: String) -> String {
    if !text.contains(':') {
        return text;
    }
    // `redis:user:…` is not a URL, but may have been meant as one.
    let meant = || SERVERS.iter().find_map(|scheme| text.find(scheme).map(|at| at + scheme.len()));
    let Some(begin) = text.find("://").map(|at| at + 3).or_else(meant) else { return text };
    let (front, rest) = text.split_at(begin);
    // A password may contain characters that end an authority, as long as an @ follows.
    let (authority, rest) = rest.rfind('@').map_or(("", rest), |at| rest.split_at(at));
    let authority = match authority.split_once(':') {
        Some((user, _)) => format!("{user}:{HIDDEN}"),
        None if front.ends_with("//") => authority.to_owned(),
        None if authority.is_empty() => String::new(),
        None => HIDDEN.to_owned(),
    };
    let Some((place, query)) = rest.split_once('?') else { return format!("{front}{authority}{rest}") };
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name @ ("db" | "user"), value)) => format!("{name}={value}"),
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None => HIDDEN.to_owned(),
    });
    let query = parts.collect::<Vec<_>>().join("&");
    format!("{front}{authority}{place}?{query}")
}

/// Hides possible ping URLs, which are secrets, in a line of a configuration: the value of a key `ping`, and every HTTP
/// URL.
pub fn without_ping(line: &str) -> String {
    let value = line.match_indices("ping").find_map(|(at, key)| {
        let rest = line[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
        rest.starts_with('=').then(|| line.len() - rest.len() + 1)
    });
    if let Some(begin) = value {
        return format!("{} {HIDDEN}", &line[..begin]);
    }
    let mut out = line.to_owned();
    for scheme in ["http://", "https://"] {
        let found: Vec<_> = out.match_indices(scheme).map(|(at, _)| at + scheme.len()).collect();
        for begin in found.into_iter().rev() {
            let rest = &out[begin..];
            let length =
                rest.find(|c: char| c.is_whitespace() || c == '"' || c == '\'').unwrap_or(rest.len());
            out.replace_range(begin..begin + length, HIDDEN);
        }
    }
    out
}

/// The schemes of server URLs.
const SERVERS: [&str; 7] =
    ["redis:", "rediss:", "redis+unix:", "valkey:", "valkeys:", "valkey+unix:", "unix:"];

/// The name under which everything beyond a cap is counted together.
pub const OTHER: &str = "(other)";
