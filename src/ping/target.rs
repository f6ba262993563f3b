//! The target of pings.

use url::Url;

use super::Kind;

/// The URL of a check; a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Target {
    /// Parses a URL. The error repeats no part of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut url = url.ok_or("invalid URL: use http://HOST/PATH or https://HOST/PATH")?;
        url.set_fragment(None);
        if !(url.username().is_empty() && url.password().is_none()) {
            return Err("a user or password in the URL is not supported".to_owned());
        }
        Ok(Self(url))
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// The host, the only part that may be shown.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The kind of service at the host; unknown ones are taken to be compatible with healthchecks.io.
    pub fn kind(&self) -> Kind {
        let host = self.host();
        let is_sentry = host.ends_with(".sentry.io") && self.0.path().contains("/cron/");
        match host {
            "cronitor.link" => Kind::Cronitor,
            _ if is_sentry => Kind::Sentry,
            _ => Kind::Healthchecks,
        }
    }
}
