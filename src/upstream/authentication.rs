//! Answers the server's authentication requests: password, md5, SCRAM-SHA-256.
//!
//! Source: <https://www.postgresql.org/docs/current/sasl-authentication.html>.

use std::io;

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::ChannelBinding;
use postgres_protocol::authentication::sasl::SCRAM_SHA_256;
use postgres_protocol::authentication::sasl::ScramSha256;
use postgres_protocol::message::frontend;

use super::Error;
use crate::config::Secret;

/// As often as a server may have a password hashed, which stops the worker for as long: half a
/// second or so. PostgreSQL's default is 4096.
const MOST_ITERATIONS: u32 = 1_000_000;

/// One login's dialogue with the server.
pub(super) struct Authentication<'a> {
    user: &'a [u8],
    password: Option<&'a Secret>,
    scram: Option<ScramSha256>,
}

/// What comes next after one request of the server.
pub(super) enum Step {
    /// Send these bytes.
    Answer(Vec<u8>),
    /// Nothing to send; another request follows.
    Wait,
    /// Logged in.
    Done,
}

impl<'a> Authentication<'a> {
    pub(super) fn new(user: &'a [u8], password: Option<&'a Secret>) -> Self {
        Self {
            user,
            password,
            scram: None,
        }
    }

    /// Deals with the body of one Authentication message.
    pub(super) fn step(&mut self, body: &[u8]) -> Result<Step, Error> {
        let (code, data) = body.split_first_chunk::<4>().ok_or_else(malformed)?;
        match u32::from_be_bytes(*code) {
            0 if self.scram.is_none() => Ok(Step::Done),
            // The server must prove that it knows the password too, or it is not the server.
            0 => Err(malformed()),
            3 => {
                let password = self.password()?;
                answer(|out| frontend::password_message(password.expose().as_bytes(), out))
            }
            5 => {
                let salt = data.first_chunk::<4>().ok_or_else(malformed)?;
                let password = self.password()?;
                let hash = md5_hash(self.user, password.expose().as_bytes(), *salt);
                answer(|out| frontend::password_message(hash.as_bytes(), out))
            }
            10 => self.begin_scram(data),
            11 => {
                let scram = self.scram.as_mut().ok_or_else(malformed)?;
                if iterations(data).is_none_or(|iterations| iterations > MOST_ITERATIONS) {
                    return Err(malformed());
                }
                scram.update(data).map_err(protocol)?;
                answer(|out| frontend::sasl_response(scram.message(), out))
            }
            12 => {
                let mut scram = self.scram.take().ok_or_else(malformed)?;
                scram.finish(data).map_err(protocol)?;
                Ok(Step::Wait)
            }
            2 | 7 | 8 => Err(Error::UnsupportedAuthentication("GSSAPI")),
            9 => Err(Error::UnsupportedAuthentication("SSPI")),
            _ => Err(Error::UnsupportedAuthentication("unknown")),
        }
    }

    fn begin_scram(&mut self, mechanisms: &[u8]) -> Result<Step, Error> {
        let offered = mechanisms
            .split(|&byte| byte == 0)
            .any(|m| m == SCRAM_SHA_256.as_bytes());
        if !offered {
            return Err(Error::UnsupportedAuthentication(
                "SASL without SCRAM-SHA-256",
            ));
        }
        let password = self.password()?.expose().as_bytes();
        let scram = ScramSha256::new(password, ChannelBinding::unsupported());
        let scram = self.scram.insert(scram);
        answer(|out| frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), out))
    }

    fn password(&self) -> Result<&'a Secret, Error> {
        let user = || String::from_utf8_lossy(self.user).into_owned();
        self.password.ok_or_else(|| Error::NoPassword(user()))
    }
}

/// How often a server has a password hashed: `i=` of its first message.
///
/// <https://www.rfc-editor.org/rfc/rfc5802#section-7>
fn iterations(first: &[u8]) -> Option<u32> {
    let attribute = first.split(|&byte| byte == b',').nth(2)?;
    let number = str::from_utf8(attribute.strip_prefix(b"i=")?).ok()?;
    number.parse().ok()
}

fn answer(write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Result<Step, Error> {
    let mut out = BytesMut::new();
    write(&mut out).map_err(protocol)?;
    Ok(Step::Answer(out.to_vec()))
}

fn malformed() -> Error {
    protocol(io::Error::new(
        io::ErrorKind::InvalidData,
        "malformed authentication request",
    ))
}

fn protocol(source: io::Error) -> Error {
    Error::Unreachable {
        address: "the server's login".to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(password: Option<&Secret>, body: &[u8]) -> Result<Step, Error> {
        Authentication::new(b"app", password).step(body)
    }

    #[test]
    fn a_password_that_is_not_there_is_said() {
        assert!(matches!(step(None, &[0, 0, 0, 3]), Err(Error::NoPassword(user)) if user == "app"));
    }

    #[test]
    fn md5_is_answered_with_the_salted_hash() {
        let secret = Secret::new("secret");
        let Ok(Step::Answer(answer)) = step(Some(&secret), &[0, 0, 0, 5, 1, 2, 3, 4]) else {
            panic!("an answer");
        };
        assert!(answer[5..].starts_with(b"md5"));
    }

    #[test]
    fn ok_in_the_middle_of_scram_is_refused() {
        let secret = Secret::new("secret");
        let mut authentication = Authentication::new(b"app", Some(&secret));
        let begun = authentication.step(b"\0\0\0\x0aSCRAM-SHA-256\0\0");
        assert!(matches!(begun, Ok(Step::Answer(_))));
        assert!(authentication.step(&[0, 0, 0, 0]).is_err());
    }

    #[test]
    fn a_hostile_server_gets_an_error_not_a_panic() {
        for body in [
            &[][..],
            &[0, 0],
            &[0, 0, 0, 5, 1],
            &[0, 0, 0, 11, 1],
            &[0, 0, 0, 12],
        ] {
            assert!(step(None, body).is_err());
        }
    }
}
