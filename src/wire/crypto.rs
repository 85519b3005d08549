//! The one cryptography provider of the program.

/// Makes ring the provider of every TLS connection, unless one was installed before.
pub fn install() {
    // The error is the provider that is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
