//! The one cryptography provider of the program.

use std::fmt::Write;
use std::sync::OnceLock;

use ring::hmac;
use ring::rand::SystemRandom;

/// Bytes of a keyed hash that are shown: enough that two values never share one by chance.
const SHOWN: usize = 16;

/// Makes ring the provider of every TLS connection, unless one was installed before.
pub fn install() {
    // The error is the provider that is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// HMAC-SHA-256 of `value` under a key that this process has made up, its first half in
/// hexadecimal: equal for equal values, and nobody can try values without the key.
pub fn keyed_hash(value: &[u8]) -> String {
    static KEY: OnceLock<hmac::Key> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .expect("the system has random bytes")
    });
    let tag = hmac::sign(key, value);
    let mut text = String::with_capacity(2 * SHOWN);
    for byte in &tag.as_ref()[..SHOWN] {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_hashes_and_others_not() {
        assert_eq!(keyed_hash(b"a"), keyed_hash(b"a"));
        assert_ne!(keyed_hash(b"a"), keyed_hash(b"b"));
        assert_eq!(keyed_hash(b"").len(), 32);
    }
}
