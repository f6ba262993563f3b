//! Servers behind TLS: whom we believe, and who we are.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::receiver::{Receiver, Reply};
use super::traces::ENDPOINT;
use crate::shared::tls::certificate;
use crate::support::Sandbox;

/// A server with this certificate; `clients` is the authority whose clients alone it talks to.
fn server([certificate, key]: [&Path; 2], clients: Option<&Path>) -> Receiver {
    let certificate_of = |file: &Path| CertificateDer::from_pem_file(file).expect("a certificate");
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions");
    let builder = match clients {
        Some(file) => {
            let mut roots = RootCertStore::empty();
            roots.add(certificate_of(file)).expect("a root");
            let provider = Arc::new(ring::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
        None => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    let config = builder.with_single_cert(vec![certificate_of(certificate)], key).expect("a server");
    let config = Arc::new(config);
    Receiver::behind(
        move |connection| {
            let tls = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            Box::new(StreamOwned::new(tls, connection))
        },
        |_, _| Reply::Status(200),
    )
}

#[test]
fn a_server_has_to_be_trusted_and_to_bear_the_name() {
    let (sandbox, elsewhere) = (Sandbox::new(), Sandbox::new());
    let [own, key] = certificate(&sandbox.path(""));
    let [other, _] = certificate(&elsewhere.path(""));
    let server = server([&own, &key], None);
    let [own, other] = [&own, &other].map(|file| file.to_str().expect("a UTF-8 path"));
    let url = |host: &str| format!("https://{host}:{}", server.port);
    for (trusted, host, told) in [
        (own, "localhost", None),
        (other, "localhost", Some("certificate not trusted")),
        (own, "127.0.0.1", Some("certificate not trusted")),
        ("/nonexistent", "localhost", Some("no trusted certificates")),
    ] {
        let before = server.requests().len();
        let environment = [("SSL_CERT_FILE", trusted), ("SSL_CERT_DIR", "/nonexistent")];
        let ping = format!("{}/s3cret", url(host));
        let ran = sandbox.run_in(&environment, ["--ping", &ping, "--", "true"]).exits(0);
        assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
        assert_eq!(server.requests().len() - before, if told.is_none() { 2 } else { 0 }, "{host}");
        ran.mentions(told.as_slice());
        let environment = [(ENDPOINT, &*url(host)), ("OTEL_EXPORTER_OTLP_CERTIFICATE", trusted)];
        let ran = sandbox.run_in(&environment, ["-v", "--", "true"]).exits(0);
        let told = told.map(|told| if trusted == "/nonexistent" { "cannot use /nonexistent" } else { told });
        ran.mentions(told.as_slice());
        assert_eq!(server.requests().len() - before, if told.is_none() { 3 } else { 0 }, "{host}");
    }
}

#[test]
fn a_collector_may_ask_who_we_are() {
    let (sandbox, clients) = (Sandbox::new(), Sandbox::new());
    let [own, key] = certificate(&sandbox.path(""));
    let [client, client_key] = certificate(&clients.path(""));
    let server = server([&own, &key], Some(&client));
    let url = format!("https://localhost:{}", server.port);
    let [own, client, client_key] =
        [&own, &client, &client_key].map(|file| file.to_str().expect("a UTF-8 path"));
    let base = [(ENDPOINT, &*url), ("OTEL_EXPORTER_OTLP_CERTIFICATE", own)];
    let unknown = sandbox.run_in(&base, ["-v", "--", "true"]).exits(0);
    unknown.mentions(&["traces not exported"]);
    assert!(server.requests().is_empty());
    let named =
        [("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", client), ("OTEL_EXPORTER_OTLP_CLIENT_KEY", client_key)];
    sandbox.run_in(&[&base[..], &named].concat(), ["--", "true"]).exits(0).says(&[]);
    assert_eq!(server.export().spans.len(), 2);
}
