//! Upstream URLs: `postgres://[user[:password]@]host[:port][/dbname][?option=value…]`.
//!
//! The grammar is libpq's (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>)
//! for one host. No message quotes the URL: a password may stand anywhere in a wrong one.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::secret::Secret;
use super::section::did_you_mean;
use super::settings::UpstreamUrl;

const DEFAULT_PORT: u16 = 5432;
const OPTIONS: [&str; 6] = ["host", "port", "user", "password", "dbname", "sslmode"];

/// Why a text is not an upstream URL. Never shows a piece of it but the name of an option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Another scheme, or none.
    #[error("expected a URL such as \"postgres://user@host:5432/dbname\"")]
    Scheme,
    /// A separator inside the user name or the password.
    #[error(
        "\"@\", \"/\" or \"?\" within the user name, the password or another part must be percent-encoded"
    )]
    Encoding,
    /// `%` without two hexadecimal digits, or bytes that are no UTF-8 or NUL.
    #[error("percent-encoding is broken: expected % and two hexadecimal digits of UTF-8")]
    Percent,
    /// No host.
    #[error("the host is missing; a socket is host=/directory or %2Fdirectory in its place")]
    NoHost,
    /// Something that is neither a name nor an address nor a directory.
    #[error("the host is not a name, an address, an IPv6 address in brackets or a directory")]
    Host,
    /// `a,b`.
    #[error("several hosts are not supported")]
    SeveralHosts,
    /// Not 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// A password and no user.
    #[error("a password needs a user name")]
    NoUser,
    /// An option that pgparley does not know; the parts are its name and a suggestion.
    #[error("unknown option \"{0}\" in the URL{1}")]
    UnknownOption(String, String),
    /// Given twice.
    #[error("\"{0}\" is given twice in the URL")]
    Twice(&'static str),
    /// A mode that would need TLS.
    #[error("sslmode must be disable, allow or prefer: TLS to the server is not supported")]
    SslMode,
}

impl FromStr for UpstreamUrl {
    type Err = UrlError;

    fn from_str(written: &str) -> Result<Self, UrlError> {
        let rest = written
            .strip_prefix("postgres://")
            .or_else(|| written.strip_prefix("postgresql://"))
            .ok_or(UrlError::Scheme)?;
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, dbname) = place.split_once('/').unwrap_or((place, ""));
        if rest.matches('@').count() > authority.matches('@').count().min(1) {
            return Err(UrlError::Encoding);
        }
        let (login, server) = authority.rsplit_once('@').unwrap_or(("", authority));
        let mut parts = Parts::default();
        parts.login(login)?;
        parts.server(server)?;
        parts.put("dbname", decode(dbname)?)?;
        for option in options.split('&').filter(|option| !option.is_empty()) {
            parts.option(option)?;
        }
        parts.finish()
    }
}

/// The parts of a URL while they are collected.
#[derive(Default)]
struct Parts {
    values: [Option<String>; OPTIONS.len()],
}

impl Parts {
    fn login(&mut self, login: &str) -> Result<(), UrlError> {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        self.put("user", decode(user)?)?;
        self.put("password", decode(password)?)
    }

    fn server(&mut self, server: &str) -> Result<(), UrlError> {
        if let Some(rest) = server.strip_prefix('[') {
            let (host, port) = rest.split_once(']').ok_or(UrlError::Host)?;
            let host: Ipv6Addr = host.parse().map_err(|_| UrlError::Host)?;
            self.put("host", host.to_string())?;
            return match port.strip_prefix(':') {
                Some(port) => self.put("port", port.to_owned()),
                None if port.is_empty() => Ok(()),
                None => Err(UrlError::Host),
            };
        }
        let (host, port) = server.split_once(':').unwrap_or((server, ""));
        self.put("host", decode(host)?)?;
        self.put("port", port.to_owned())
    }

    fn option(&mut self, option: &str) -> Result<(), UrlError> {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let name = decode(name)?;
        let Some(known) = OPTIONS.into_iter().find(|known| *known == name) else {
            let meant = did_you_mean(&name, &OPTIONS);
            return Err(UrlError::UnknownOption(
                name.escape_debug().to_string(),
                meant,
            ));
        };
        self.put(known, decode(value)?)
    }

    /// Keeps a value; an empty one is one not given.
    fn put(&mut self, name: &'static str, value: String) -> Result<(), UrlError> {
        if value.is_empty() {
            return Ok(());
        }
        let slot = self.slot(name);
        if slot.is_some() {
            return Err(UrlError::Twice(name));
        }
        *slot = Some(value);
        Ok(())
    }

    fn slot(&mut self, name: &'static str) -> &mut Option<String> {
        let place = OPTIONS.iter().position(|known| *known == name);
        &mut self.values[place.expect("names come from OPTIONS")]
    }

    fn finish(self) -> Result<UpstreamUrl, UrlError> {
        let [host, port, user, password, dbname, sslmode] = self.values;
        let host = host.ok_or(UrlError::NoHost)?;
        check_host(&host)?;
        let port = match port {
            None => DEFAULT_PORT,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or(UrlError::Port)?,
            Some(_) => return Err(UrlError::Port),
        };
        if password.is_some() && user.is_none() {
            return Err(UrlError::NoUser);
        }
        match sslmode.as_deref() {
            None | Some("disable" | "allow" | "prefer") => {}
            Some(_) => return Err(UrlError::SslMode),
        }
        Ok(UpstreamUrl {
            host,
            port,
            user,
            password: password.map(Secret::new),
            dbname,
        })
    }
}

fn check_host(host: &str) -> Result<(), UrlError> {
    if host.starts_with('/') || host.parse::<Ipv6Addr>().is_ok() {
        return Ok(());
    }
    if host.contains(',') {
        return Err(UrlError::SeveralHosts);
    }
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if host.bytes().all(named) {
        Ok(())
    } else {
        Err(UrlError::Host)
    }
}

fn decode(encoded: &str) -> Result<String, UrlError> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(UrlError::Percent);
        };
        bytes.push((high * 16 + low) as u8);
    }
    if bytes.contains(&0) {
        return Err(UrlError::Percent);
    }
    String::from_utf8(bytes).map_err(|_| UrlError::Percent)
}

/// The URL without its password, for logs.
impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = &self.user {
            write!(f, "{}@", encode(user))?;
        }
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(f, "[{address}]")?,
            Err(_) => f.write_str(&encode(&self.host))?,
        }
        write!(f, ":{}", self.port)?;
        match &self.dbname {
            Some(dbname) => write!(f, "/{}", encode(dbname)),
            None => Ok(()),
        }
    }
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            let [high, low] = [byte >> 4, byte & 15].map(|half| DIGITS[usize::from(half)]);
            encoded.extend(['%', char::from(high), char::from(low)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(written: &str) -> Result<UpstreamUrl, UrlError> {
        written.parse()
    }

    #[test]
    fn every_part_is_read_and_decoded() {
        let url = url("postgresql://ann:p%40s%2fs@db.example:5433/my%20shop").unwrap();
        assert_eq!(url.user.as_deref(), Some("ann"));
        assert_eq!(url.password, Some(Secret::new("p@s/s")));
        assert_eq!((url.host.as_str(), url.port), ("db.example", 5433));
        assert_eq!(url.dbname.as_deref(), Some("my shop"));
    }

    #[test]
    fn parts_left_out_are_the_clients_own() {
        let url = url("postgres://localhost").unwrap();
        assert_eq!((url.user, url.password, url.dbname), (None, None, None));
        assert_eq!(url.port, 5432);
    }

    #[test]
    fn ipv6_and_sockets_are_hosts() {
        assert_eq!(url("postgres://[::1]:5433/x").unwrap().host, "::1");
        let encoded = url("postgres://%2Fvar%2Frun%2Fpostgresql/x").unwrap();
        assert_eq!(encoded.host, "/var/run/postgresql");
        let option =
            url("postgres:///x?host=/var/run/postgresql&port=5433&sslmode=prefer").unwrap();
        assert_eq!(
            (option.host.as_str(), option.port),
            ("/var/run/postgresql", 5433)
        );
    }

    #[test]
    fn wrong_urls_say_which_part_is_wrong() {
        let cases = [
            ("host=localhost", UrlError::Scheme),
            ("postgres://", UrlError::NoHost),
            ("postgres://h:0", UrlError::Port),
            ("postgres://h:+5", UrlError::Port),
            ("postgres://h:65536", UrlError::Port),
            ("postgres://[::1", UrlError::Host),
            ("postgres://[::1]x", UrlError::Host),
            ("postgres://a b", UrlError::Host),
            ("postgres://a,b", UrlError::SeveralHosts),
            ("postgres://%zz", UrlError::Percent),
            ("postgres://%00", UrlError::Percent),
            ("postgres://%ff", UrlError::Percent),
            ("postgres://:x@h", UrlError::NoUser),
            ("postgres://h?host=i", UrlError::Twice("host")),
            ("postgres://h?sslmode=require", UrlError::SslMode),
        ];
        for (written, expected) in cases {
            assert_eq!(url(written), Err(expected), "{written}");
        }
        assert_eq!(
            url("postgres://h?sslmod=x").unwrap_err().to_string(),
            "unknown option \"sslmod\" in the URL, did you mean \"sslmode\"?"
        );
    }

    #[test]
    fn a_password_with_separators_is_never_shown() {
        for written in [
            "postgres://u:hunter2/x@h",
            "postgres://u:x?hunter2@h",
            "postgres://u:x@hunter2@h",
            "postgres://u:hunter2%@h",
            "postgres://u:hunter2@h:port",
            "hunter2",
        ] {
            let message = url(written).unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
        let shown = url("postgres://u:hunter2@[::1]/d").unwrap();
        assert_eq!(shown.to_string(), "postgres://u@[::1]:5432/d");
        assert!(!format!("{shown:?}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(written in "(postgres://)?[a-z0-9:/@?&=%.,\\[\\]]{0,40}|\\PC*") {
            if let Ok(parsed) = url(&written) {
                let again = url(&parsed.to_string());
                prop_assert_eq!(
                    again.map(|again| again.host),
                    Ok(parsed.host),
                );
            }
        }
    }
}
