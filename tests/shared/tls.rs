//! A server behind TLS, with a certificate made by openssl(1).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::Server;
use crate::cli::harness::Ran;
use crate::support::Sandbox;

/// A certificate for localhost that nobody vouches for, and its key.
pub(crate) fn certificate(directory: &Path) -> [PathBuf; 2] {
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| directory.join(name));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-days", "2", "-subj", "/CN=retry test"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    let made = openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate).output();
    let made = made.expect("openssl is installed (scripts/test-deps.sh)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    [certificate, key]
}

impl Sandbox {
    /// Closes the key `k` at this place for an hour, trusting these certificates besides nobody's.
    #[track_caller]
    fn close_at(&self, url: &str, trusted: &Path) -> Ran {
        let trusted = trusted.to_str().expect("a UTF-8 path");
        self.run_in(&[("SSL_CERT_FILE", trusted)], ["state", "close", "k", "--for", "1h", "--state", url])
    }
}

#[test]
fn a_certificate_has_to_be_trusted_and_to_bear_the_name() {
    let sandbox = Sandbox::new();
    let [certificate, key] = certificate(&sandbox.path(""));
    let [cert_file, key_file] = [&certificate, &key].map(|path| path.to_str().expect("a UTF-8 path"));
    let files = ["--tls-cert-file", cert_file, "--tls-key-file", key_file];
    let (server, port) =
        Server::on_port_as(&[&files[..], &["--tls-auth-clients", "no", "--tls-port"]].concat());
    let is_closed = || server.get("retry:{k}:state").is_some();

    let elsewhere = Sandbox::new();
    let [another, _] = self::certificate(&elsewhere.path(""));
    for (url, trusted, why) in [
        (format!("rediss://localhost:{port}"), &another, "certificate not trusted"),
        (format!("rediss://127.0.0.1:{port}"), &certificate, "certificate not trusted"),
        (format!("redis://127.0.0.1:{port}"), &certificate, "cannot use the shared state"),
    ] {
        sandbox.close_at(&url, trusted).exits(125).mentions(&[why]);
        assert!(!is_closed(), "{url}");
    }
    sandbox.close_at(&format!("rediss://127.0.0.1:{port}/#insecure"), &another).exits(0).says(&[]);
    assert!(is_closed());
    let url = format!("rediss://localhost:{port}");
    sandbox.close_at(&url, &certificate).exits(0).says(&[]);
    let check = ["state", "check", "k", "--state", &url];
    sandbox.run_in(&[("SSL_CERT_FILE", cert_file)], check).exits(75);
}

#[test]
fn a_server_without_tls_is_told() {
    let (_server, port) = Server::on_port();
    let sandbox = Sandbox::new();
    let url = format!("rediss://localhost:{port}#insecure");
    let told = ["no TLS connection: no handshake within 2s (for a server without TLS use redis://)"];
    sandbox.close_at(&url, Path::new("")).exits(125).mentions(&told);
}
