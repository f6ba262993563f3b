//! TLS, with a certificate made by openssl(1).

use std::process::Command;

use super::*;

/// Where the inner test finds its server.
const URL: &str = "RETRY_TEST_TLS_URL";

fn server() -> (Server, u16) {
    let directory = tempfile::tempdir().unwrap();
    let (key, cert) = (directory.path().join("key.pem"), directory.path().join("cert.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args([
            "-days",
            "2",
            "-subj",
            "/CN=retry test",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .expect("openssl is installed (scripts/test-deps.sh)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (key, cert) = (key.to_str().unwrap().to_owned(), cert.to_str().unwrap().to_owned());
    let args = ["--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-auth-clients", "no"];
    Server::start_on_port("--tls-port", directory, &args)
}

#[test]
fn a_certificate_has_to_be_trusted() {
    let (server, port) = server();
    let mut careful = Redis::open(&format!("rediss://localhost:{port}")).unwrap();
    let told = add_one(&mut careful, "k").unwrap_err().0;
    assert!(told.contains("certificate"), "{told}");
    let mut careless = Redis::open(&format!("rediss://127.0.0.1:{port}/#insecure")).unwrap();
    add_one(&mut careless, "k").unwrap();
    assert_eq!(count_of(&mut server.open(), "k"), 1);
    // Trusted certificates are named by the environment, so it takes a process of its own.
    for (host, trusted) in [("localhost", true), ("127.0.0.1", true), ("127.0.0.2", false)] {
        let inner = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "sys::store::redis::tests::tls::with_trust"])
            .env("SSL_CERT_FILE", server.directory.path().join("cert.pem"))
            .env(URL, format!("rediss://{host}:{port}"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&inner.stdout);
        assert!(said.contains("running 1 test"), "{said}");
        assert_eq!(inner.status.success(), trusted, "{host}: {said}");
    }
    assert_eq!(count_of(&mut server.open(), "k"), 3);
    let plain = Redis::open(&format!("redis://127.0.0.1:{port}"));
    assert!(add_one(&mut plain.unwrap(), "k").is_err());
}

#[test]
#[ignore = "run by the test above, in an environment of its own"]
fn with_trust() {
    let url = std::env::var(URL).expect("a server");
    add_one(&mut Redis::open(&url).unwrap(), "k").unwrap();
}

#[test]
fn a_server_without_tls_is_told() {
    let (_server, port) = Server::start_on_port("--port", tempfile::tempdir().unwrap(), &[]);
    let told = add_one(&mut Redis::open(&format!("rediss://localhost:{port}#insecure")).unwrap(), "k");
    let told = told.unwrap_err().0;
    assert!(told.contains("TLS") || told.contains("200ms"), "{told}");
}
