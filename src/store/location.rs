//! The address of a server and its login, read from a URL in the forms that other Redis clients read.
//!
//! The password is never shown. Messages about a URL repeat only its scheme: with a `/` or `@` in a password, any other
//! part may contain it.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::{Host, ParseError, Url};

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    scheme: String,
    pub address: Address,
    pub login: Option<Login>,
    pub db: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Tcp { host: String, port: u16, tls: Option<Trust> },
    Unix(PathBuf),
}

/// Which server certificates are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Certificates that this host trusts.
    Verified,
    /// Any (`#insecure`).
    Anybody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// `None`: the server's default user.
    pub user: Option<String>,
    pub password: Secret,
    /// The file with the password, if the URL does not contain it. Read for each connection.
    pub file: Option<PathBuf>,
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

const PORT: u16 = 6379;

impl Location {
    /// Parses a URL. The error begins in lower case and reveals nothing secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        let read = match scheme.as_str() {
            "redis" | "valkey" | "rediss" | "valkeys" => Self::over_tcp,
            "redis+unix" | "valkey+unix" | "unix" => Self::over_unix,
            _ => return Err("a server's URL begins with redis://, rediss:// or redis+unix://".to_owned()),
        };
        let tell = |why: &str| format!("this {scheme}:// URL {why}");
        let url = Url::parse(text).map_err(|why| tell(misread(why)))?;
        if url.cannot_be_a_base() {
            return Err(tell("lacks the // after its scheme"));
        }
        read(&scheme, &url).map_err(|why| tell(&why))
    }

    /// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB][?password-file=FILE]`
    fn over_tcp(scheme: &str, url: &Url) -> Result<Self, String> {
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => decoded(name)?,
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err("has no host".to_owned()),
        };
        let tls = match (matches!(scheme, "rediss" | "valkeys"), url.fragment()) {
            (true, None) => Some(Trust::Verified),
            (true, Some("insecure")) => Some(Trust::Anybody),
            (false, None) => None,
            (_, Some(_)) => {
                return Err(
                    "has a part after #: only rediss://…#insecure is known; in a password use %23".to_owned()
                );
            }
        };
        let mut file = None;
        for (name, value) in url.query_pairs() {
            match &*name {
                "password-file" if !value.is_empty() => file = Some(PathBuf::from(value.into_owned())),
                _ => {
                    return Err(
                        "has an unknown part after ?: password-file= is known (in a password use %3F)"
                            .to_owned(),
                    );
                }
            }
        }
        let db = match url.path().trim_matches('/') {
            "" => 0,
            text => number(text)?,
        };
        let user = Some(url.username()).filter(|user| !user.is_empty()).map(decoded).transpose()?;
        let login = login(user, url.password().map(decoded).transpose()?, file)?;
        let port = url.port().unwrap_or(PORT);
        Ok(Self { scheme: scheme.to_owned(), address: Address::Tcp { host, port, tls }, login, db })
    }

    /// `redis+unix:///PATH[?db=DB&user=USER&pass=PASSWORD&password-file=FILE]`
    fn over_unix(scheme: &str, url: &Url) -> Result<Self, String> {
        if url.host_str().is_some_and(|host| !host.is_empty()) {
            return Err("contains a host; a socket's path begins with a third slash".to_owned());
        }
        let path = percent_decode_str(url.path()).collect::<Vec<u8>>();
        if path.len() < 2 || path.contains(&0) {
            return Err("has no socket path".to_owned());
        }
        if url.fragment().is_some() {
            return Err("has a part after #; in a password use %23".to_owned());
        }
        let (mut db, mut user, mut password, mut file) = (0, None, None, None);
        for (name, value) in url.query_pairs() {
            match &*name {
                "db" => db = number(&value)?,
                "user" => user = Some(value.into_owned()),
                "pass" => password = Some(value.into_owned()),
                "password-file" if !value.is_empty() => file = Some(PathBuf::from(value.into_owned())),
                _ => {
                    return Err(
                        "has an unknown part after ?: db=, user=, pass= and password-file= are known"
                            .to_owned(),
                    );
                }
            }
        }
        let path = PathBuf::from(OsString::from_vec(path));
        Ok(Self {
            scheme: scheme.to_owned(),
            address: Address::Unix(path),
            login: login(user, password, file)?,
            db,
        })
    }
}

fn misread(why: ParseError) -> &'static str {
    match why {
        ParseError::InvalidPort => {
            "has an invalid port; use a number up to 65535 (in a password use %2F for /, %3F for ?, %23 for #)"
        }
        ParseError::EmptyHost => "has no host",
        ParseError::InvalidIpv6Address => "has an invalid IPv6 address",
        ParseError::InvalidDomainCharacter | ParseError::IdnaError => "has an invalid host name",
        _ => "cannot be read",
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let text =
        percent_decode_str(text).decode_utf8().map_err(|_| "has bytes that are not UTF-8".to_owned())?;
    Ok(text.into_owned())
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "has an invalid database; use a number (in a password use %2F for /)".to_owned())
}

fn login(
    user: Option<String>,
    password: Option<String>,
    file: Option<PathBuf>,
) -> Result<Option<Login>, String> {
    match (user, password, file) {
        (_, Some(_), Some(_)) => Err("has a password and a password-file: use one of them".to_owned()),
        (user, Some(password), None) => Ok(Some(Login { user, password: Secret(password), file: None })),
        (user, None, file @ Some(_)) => Ok(Some(Login { user, password: Secret(String::new()), file })),
        (None, None, None) => Ok(None),
        (Some(_), None, None) => {
            Err("has a user without a password; a password alone follows a colon, :PASSWORD@".to_owned())
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        match &self.address {
            Address::Tcp { host, port, tls } => {
                if let Some(login) = &self.login {
                    write!(f, "{}:***@", login.user.as_deref().unwrap_or_default().escape_debug())?;
                }
                let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
                write!(f, "{open}{}{close}:{port}", host.escape_debug())?;
                if self.db != 0 {
                    write!(f, "/{}", self.db)?;
                }
                f.write_str(if *tls == Some(Trust::Anybody) { "#insecure" } else { "" })
            }
            Address::Unix(path) => {
                write!(f, "{}", path.to_string_lossy().escape_debug())?;
                let db = (self.db != 0).then(|| format!("db={}", self.db));
                let user = self.login.as_ref().and_then(|login| login.user.as_ref());
                let user = user.map(|user| format!("user={}", user.escape_debug()));
                let password = self.login.as_ref().map(|_| "pass=***".to_owned());
                let parts: Vec<_> = [db, user, password].into_iter().flatten().collect();
                if parts.is_empty() { Ok(()) } else { write!(f, "?{}", parts.join("&")) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
