//! TLS with the trust store of this host, where its administrator has put the certificates of private servers, which public
//! roots rarely cover. `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.

use std::io::ErrorKind;
use std::sync::Arc;

use rustix::event::PollFlags;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned,
};

use super::link::Wire;
use crate::store::Trust;
use crate::store::redis_trouble::Trouble;

pub(super) type Session = StreamOwned<ClientConnection, Wire>;

pub(super) async fn handshake(host: &str, trust: Trust, mut wire: Wire) -> Result<Session, Trouble> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let config = config.with_safe_default_protocol_versions().map_err(|why| failed(&why))?;
    let config = match trust {
        Trust::Verified => config.with_root_certificates(roots()?).with_no_client_auth(),
        Trust::Anybody => config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Gullible(provider)))
            .with_no_client_auth(),
    };
    let name = ServerName::try_from(host.to_owned()).map_err(|why| failed(&why))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|why| failed(&why))?;
    wire.begin();
    while connection.is_handshaking() {
        match connection.complete_io(&mut wire) {
            Ok(_) => {}
            Err(why) if why.kind() == ErrorKind::WouldBlock => {
                let events =
                    if connection.wants_write() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
                wire.ready(events).await.map_err(|why| not_shaken(&why))?;
            }
            Err(why) => return Err(not_shaken(&why)),
        }
    }
    Ok(StreamOwned::new(connection, wire))
}

fn not_shaken(why: &std::io::Error) -> Trouble {
    match why.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(why @ rustls::Error::InvalidCertificate(_)) => {
            Trouble::lasting(format!("certificate not trusted: {}", reason(why)))
        }
        Some(why) => failed(why),
        // A server without TLS takes the start of the handshake for an incomplete command.
        None if why.kind() == ErrorKind::TimedOut => {
            failed(&"no handshake within 2s (for a server without TLS use redis://)")
        }
        None => failed(&Trouble::connecting(why).words),
    }
}

fn failed(why: &dyn std::fmt::Display) -> Trouble {
    Trouble::lasting(format!("no TLS connection: {why}"))
}

fn reason(why: &rustls::Error) -> String {
    let why = why.to_string();
    why.strip_prefix("invalid peer certificate: ").unwrap_or(&why).to_owned()
}

fn roots() -> Result<RootCertStore, Trouble> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(Trouble::lasting("no trusted certificates on this host; set SSL_CERT_FILE"));
    }
    Ok(roots)
}

/// Accepts any certificate, as requested by `#insecure`.
#[derive(Debug)]
struct Gullible(Arc<CryptoProvider>);

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
