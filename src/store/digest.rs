//! SHA-256, from the TLS library.

use rustls::SupportedCipherSuite;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;

/// The hash; empty if the library does not provide it.
pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    let SupportedCipherSuite::Tls13(suite) = TLS13_AES_128_GCM_SHA256 else { return Vec::new() };
    suite.common.hash_provider.hash(bytes).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_published_value_comes_out() {
        let hex: String = super::sha256(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
