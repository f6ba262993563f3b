//! Requests over HTTP, one connection each. No proxies, no redirects, no cookies.

use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustls::crypto::ring;
use ureq::config::Config;
use ureq::http;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as Limit;
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use crate::base::duration::approximate;
use crate::base::http::{Answer, Identity, Method, NoAnswer, Request};
use crate::base::words::of_system;

/// The most that is read of an answer, in bytes.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Sends a request and reads the answer, within this time. Blocks; if a name is still being resolved when the time is up, a
/// thread is left behind. `told`: the time that is named in the error.
pub(super) fn send(request: &Request, limit: Duration, told: Duration) -> Result<Answer, NoAnswer> {
    let tls = tls(request).map_err(|why| NoAnswer { why, cut: false })?;
    let config = Config::builder()
        .timeout_global(Some(limit))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .proxy(None)
        .user_agent(concat!("retry/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build();
    let mut outgoing = http::Request::builder().uri(&request.url).method(match request.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
    });
    for (name, value) in &request.headers {
        outgoing = outgoing.header(name, value);
    }
    let agent = Agent::with_parts(config, DefaultConnector::default(), InTime);
    let answered = match request.method {
        Method::Get => outgoing.body(()).map_err(Error::Http).and_then(|outgoing| agent.run(outgoing)),
        Method::Post => {
            outgoing.body(&request.body[..]).map_err(Error::Http).and_then(|outgoing| agent.run(outgoing))
        }
    };
    let answer = answered.map_err(|why| no_answer(why, told))?;
    let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    // The status is what matters; the rest may be incomplete.
    let _cut = answer.into_body().into_reader().take(MAX_ANSWER_BYTES).read_to_end(&mut body);
    Ok(Answer { status, retry_after, body })
}

/// Resolves names in a thread, which is abandoned when the time is up. The client's own resolver panics if no thread can be
/// started.
#[derive(Debug)]
struct InTime;

impl Resolver for InTime {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &Config,
        limit: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let (found, answer) = mpsc::sync_channel(1);
        let (uri, config) = (uri.clone(), config.clone());
        let without_end = NextTimeout { after: Limit::NotHappening, ..limit };
        std::thread::Builder::new().spawn(move || {
            let _late = found.send(DefaultResolver::default().resolve(&uri, &config, without_end));
        })?;
        answer.recv_timeout(*limit.after).unwrap_or(Err(Error::Timeout(limit.reason)))
    }
}

/// Nothing is loaded for TLS unless it is used.
fn tls(request: &Request) -> Result<TlsConfig, String> {
    let builder = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
    if !request.url.starts_with("https:") {
        return Ok(builder.root_certs(RootCerts::Specific(Arc::default())).build());
    }
    let Identity { authorities, client } = &request.identity;
    let roots = if let Some(file) = authorities {
        certificates(file)?
    } else {
        let found = rustls_native_certs::load_native_certs();
        found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
    };
    if roots.is_empty() {
        return Err("no trusted certificates on this host; set SSL_CERT_FILE".to_owned());
    }
    let client = match client {
        Some((certificate, key)) => {
            let key_file = read(key)?;
            let key =
                PrivateKey::from_pem(&key_file).map_err(|_| unusable(key, "it contains no private key"))?;
            Some(ClientCert::new_with_certs(&certificates(certificate)?, key))
        }
        None => None,
    };
    Ok(builder.root_certs(RootCerts::Specific(Arc::new(roots))).client_cert(client).build())
}

fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let pem = read(file)?;
    let found = ureq::tls::parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let found: Vec<_> = found.collect();
    if found.is_empty() { Err(unusable(file, "it contains no certificate")) } else { Ok(found) }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|why| unusable(file, &of_system(&why)))
}

fn unusable(file: &Path, why: &str) -> String {
    format!("cannot use {}: {why}", file.display())
}

/// Why there was no answer. The client's own message may contain the URL.
fn no_answer(why: Error, told: Duration) -> NoAnswer {
    let cut = matches!(&why, Error::Io(why) if is_cut(why.kind()));
    let why = match why {
        Error::Timeout(_) => format!("no response within {}", approximate(told)),
        Error::HostNotFound => UNRESOLVED.to_owned(),
        Error::Io(why) => of_io(&why),
        Error::Rustls(why) => of_tls(&why),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => "the response is not HTTP".to_owned(),
        Error::Tls(_) => "no TLS connection".to_owned(),
        _ => "the request could not be sent".to_owned(),
    };
    NoAnswer { why, cut }
}

const UNRESOLVED: &str = "could not resolve host";

fn is_cut(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}

fn of_io(why: &io::Error) -> String {
    match why.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(why) => of_tls(why),
        None if is_cut(why.kind()) => "the connection was closed early".to_owned(),
        None if why.raw_os_error().is_some() => of_system(why).to_lowercase(),
        None if why.to_string().contains("lookup address") => UNRESOLVED.to_owned(),
        None => of_system(why),
    }
}

fn of_tls(why: &rustls::Error) -> String {
    match why {
        rustls::Error::InvalidCertificate(_) => {
            let why = why.to_string();
            let why = why.strip_prefix("invalid peer certificate: ").unwrap_or(&why);
            format!("certificate not trusted: {why}")
        }
        why => format!("no TLS connection: {why}"),
    }
}
