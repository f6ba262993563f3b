//! Parses the ways in which hosts are written: in URLs, in `user@host:path`, in image names, or alone.

/// The longest host, in bytes, that fits into a key together with a port and a hash.
const MAX_HOST_BYTES: usize = 240;

/// The default ports of schemes.
const PORTS: &[(&str, u16)] = &[
    ("amqp", 5672),
    ("amqps", 5671),
    ("docker", 443),
    ("ftp", 21),
    ("ftps", 990),
    ("git", 9418),
    ("http", 80),
    ("https", 443),
    ("imap", 143),
    ("imaps", 993),
    ("ldap", 389),
    ("ldaps", 636),
    ("mariadb", 3306),
    ("mongodb", 27017),
    ("mqtt", 1883),
    ("mysql", 3306),
    ("nats", 4222),
    ("oci", 443),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redis", 6379),
    ("rediss", 6379),
    ("rsync", 873),
    ("sftp", 22),
    ("smtp", 25),
    ("ssh", 22),
    ("svn", 3690),
    ("valkey", 6379),
    ("ws", 80),
    ("wss", 443),
];

/// Schemes in which the user name is a login and the credentials are stored elsewhere.
const LOGINS: &[&str] = &["ssh", "sftp", "scp", "git", "rsync"];

/// Schemes that require a host.
const HOSTED: &[&str] = &["http", "https", "ws", "wss", "ftp"];

/// A host, with its port and credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    /// In lower case.
    pub(super) host: String,
    /// `None` if it is the default port.
    pub(super) port: Option<u16>,
    pub(super) credentials: Option<String>,
}

/// How a host is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostForm {
    /// `[user@]host[:port]`, a URL, or the path of a socket.
    Host,
    /// A URL and nothing else.
    Url,
    /// `[user@]host:path`, or `host::module`.
    Remote,
    /// The name of a container image: its registry.
    Image,
    /// `@host`.
    Server,
    /// Any name that the tool resolves through its own configuration.
    Name,
    /// `host=… port=…`, as libpq accepts it.
    Settings,
}

impl HostForm {
    pub const ALL: [(&str, HostForm); 7] = [
        ("host", HostForm::Host),
        ("url", HostForm::Url),
        ("remote", HostForm::Remote),
        ("image", HostForm::Image),
        ("server", HostForm::Server),
        ("name", HostForm::Name),
        ("settings", HostForm::Settings),
    ];

    pub fn name(self) -> &'static str {
        HostForm::ALL.iter().find(|(_, form)| *form == self).map_or("", |(name, _)| name)
    }

    /// ` (image)`, unless it is the default registry.
    pub(super) fn suffix(self, usual: HostForm) -> String {
        if self == usual { String::new() } else { format!(" ({})", self.name()) }
    }

    pub(super) fn read(self, text: &str) -> Option<Authority> {
        let text = text.trim_matches(['"', '\'']);
        match self {
            HostForm::Host => url(text).or_else(|| alone(text)),
            HostForm::Url => url(text),
            HostForm::Remote => remote(text),
            HostForm::Image => Some(image(text)),
            HostForm::Server => alone(text.strip_prefix('@')?),
            HostForm::Name => name(text),
            HostForm::Settings => settings(text),
        }
    }
}

/// The first URL in a text.
pub(super) fn within(text: &str) -> Option<Authority> {
    text.match_indices("://").find_map(|(at, _)| {
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-');
        let start = text[..at].trim_end_matches(is_scheme).len();
        url(&text[start..])
    })
}

/// A text that begins like a URL, including `git+https:` and `jdbc:postgresql:`.
fn url(text: &str) -> Option<Authority> {
    let (prefix, rest) = text.split_once("://")?;
    let prefix = prefix.to_ascii_lowercase();
    if !prefix.starts_with(|c: char| c.is_ascii_alphabetic())
        || !prefix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-' | ':'))
    {
        return None;
    }
    let port_of = |scheme: &str| PORTS.iter().find(|(known, _)| *known == scheme).map(|(_, port)| *port);
    let mut parts = prefix.rsplit(['+', ':']);
    let last = prefix.rsplit(['+', ':']).next()?;
    let scheme = parts.find(|part| port_of(part).is_some()).filter(|_| last != "unix").unwrap_or(last);
    let end = rest.find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace());
    let authority = &rest[..end.unwrap_or(rest.len())];
    if scheme == "unix" || authority.is_empty() && port_of(scheme).is_some() && !HOSTED.contains(&scheme) {
        return Some(local());
    }
    let (user, hosts) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let first = hosts.split(',').next()?;
    let mut found = if HOSTED.contains(&scheme) { of_the_web(scheme, first) } else { host_and_port(first) }?;
    found.port = found.port.filter(|port| port_of(scheme) != Some(*port));
    let is_login = |user: &&str| LOGINS.contains(&scheme) && !user.contains(':');
    found.credentials = user.filter(|user| !user.is_empty() && !is_login(user)).map(str::to_owned);
    Some(found)
}

/// The host and port of an HTTP URL, as browsers read it: `exa%6Dple.com` and `EXAMPLE.com` are the same host.
fn of_the_web(scheme: &str, authority: &str) -> Option<Authority> {
    let Ok(url) = url::Url::parse(&format!("{scheme}://{authority}/")) else {
        return host_and_port(authority);
    };
    let found = host_and_port(url.host_str()?)?;
    Some(Authority { port: url.port(), ..found })
}

/// A host without a scheme. A user name alone is a login; with a password it identifies the client.
fn alone(text: &str) -> Option<Authority> {
    if text.starts_with('/') {
        return Some(local());
    }
    let text = text.split(['/', '?', '#']).next()?;
    let (user, host) = text.rsplit_once('@').map_or((None, text), |(user, host)| (Some(user), host));
    let mut found = host_and_port(host)?;
    found.credentials = user.filter(|user| user.contains(':')).map(str::to_owned);
    Some(found)
}

fn remote(text: &str) -> Option<Authority> {
    // As restic writes it.
    if let Some(found) = text.strip_prefix("sftp:").and_then(remote) {
        return Some(found);
    }
    let colon = match text.find(']') {
        Some(bracket) => bracket + 1,
        None => text.find(':')?,
    };
    let (place, path) = text.split_at_checked(colon)?;
    let is_remote = path.starts_with(':') && !path.starts_with("://") && !place.contains('/');
    let (_, host) = place.rsplit_once('@').unwrap_or(("", place));
    is_remote.then(|| host_and_port(host))?
}

/// `registry/name:tag`; if the first part is not a host, it belongs to a name on Docker Hub.
fn image(text: &str) -> Authority {
    let text = text.split_once("://").map_or(text, |(_, name)| name);
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    let is_host = !rest.is_empty() && (first.contains(['.', ':']) || first == "localhost");
    let hub = || Authority { host: "docker.io".to_owned(), ..local() };
    if is_host { host_and_port(first).unwrap_or_else(hub) } else { hub() }
}

fn name(text: &str) -> Option<Authority> {
    let fits = !text.is_empty()
        && text.len() <= MAX_HOST_BYTES
        && text.chars().all(|c| c.is_ascii_graphic() && c != '#');
    fits.then(|| Authority { host: text.to_ascii_lowercase(), ..local() })
}

fn settings(text: &str) -> Option<Authority> {
    let value = |wanted: &str| {
        let mut pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == wanted).map(|(_, value)| value.trim_matches('\''))
    };
    let host = value("host").or_else(|| value("hostaddr"))?;
    let mut found = alone(host)?;
    found.port = value("port").and_then(|port| port.parse().ok());
    let who: Vec<&str> = ["user", "password"].into_iter().filter_map(value).collect();
    found.credentials = (!who.is_empty()).then(|| who.join(":"));
    Some(found)
}

fn local() -> Authority {
    Authority { host: "localhost".to_owned(), port: None, credentials: None }
}

/// `host`, `host:port`, `:port`, or an IPv6 address with or without brackets.
pub(super) fn host_and_port(text: &str) -> Option<Authority> {
    let is_address = |text: &str| {
        text.matches(':').count() > 1
            && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.' | '%'))
    };
    if is_address(text) {
        return Some(Authority { host: format!("[{}]", text.to_ascii_lowercase()), ..local() });
    }
    if let Some((address, port)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let port = port.strip_prefix(':').and_then(|port| port.parse().ok());
        return is_address(address).then(|| Authority {
            host: format!("[{}]", address.to_ascii_lowercase()),
            port,
            credentials: None,
        });
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let host = if host.is_empty() && port.is_some() { "localhost" } else { host.trim_end_matches('.') };
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    let fits = !host.is_empty() && host.len() <= MAX_HOST_BYTES && host.chars().all(is_host);
    let port = port.filter(|port| !port.is_empty());
    let port = match port.map(str::parse) {
        Some(Ok(port)) => Some(port),
        Some(Err(_)) => return None,
        None => None,
    };
    fits.then(|| Authority { host: host.to_lowercase(), port, credentials: None })
}
