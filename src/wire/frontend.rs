//! Messages that a client sends: looked into where the session must know, and built for the
//! statements that pgparley runs itself.

use super::frame;
use super::frame::client;

/// The body of a Parse.
#[derive(Debug, Clone, Copy)]
pub struct Parse<'a> {
    /// The statement's name; empty is the unnamed statement.
    pub statement: &'a [u8],
    /// The query text.
    pub query: &'a [u8],
    /// The count of parameter types and the types themselves, as sent.
    pub types: &'a [u8],
}

impl<'a> Parse<'a> {
    /// Reads the body; `None` when it is not well formed.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let (statement, rest) = frame::cstr(body)?;
        let (query, types) = frame::cstr(rest)?;
        let (count, oids) = types.split_first_chunk()?;
        if oids.len() != usize::from(u16::from_be_bytes(*count)) * 4 {
            return None;
        }
        Some(Self {
            statement,
            query,
            types,
        })
    }

    /// The parameter types that were given; 0 leaves one open.
    pub fn type_oids(&self) -> Vec<u32> {
        let types = self.types.get(2..).unwrap_or_default();
        types
            .chunks_exact(4)
            .map(|oid| u32::from_be_bytes([oid[0], oid[1], oid[2], oid[3]]))
            .collect()
    }

    /// Appends a Parse of this statement and these types with another text.
    pub fn put_with(&self, out: &mut Vec<u8>, query: &[u8]) {
        frame::put(out, client::PARSE, |body| {
            put_cstr(body, self.statement);
            put_cstr(body, query);
            body.extend_from_slice(self.types);
        });
    }
}

/// The body of a Bind.
#[derive(Debug, Clone, Copy)]
pub struct Bind<'a> {
    /// The portal's name; empty is the unnamed portal.
    pub portal: &'a [u8],
    /// The statement's name.
    pub statement: &'a [u8],
    /// Formats and values, as sent.
    pub rest: &'a [u8],
}

impl<'a> Bind<'a> {
    /// Reads the beginning of a body, which may go on behind `bytes`; `None` when both names are
    /// not in it.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (portal, rest) = frame::cstr(bytes)?;
        let (statement, rest) = frame::cstr(rest)?;
        Some(Self {
            portal,
            statement,
            rest,
        })
    }

    /// The value of a parameter, counted from 0, when all of the body is here; `None` for NULL too.
    pub fn value(&self, index: usize) -> Option<&'a [u8]> {
        let count = |bytes: &[u8]| Some(usize::from(u16::from_be_bytes(*bytes.first_chunk()?)));
        let mut rest = self.rest.get(2 + 2 * count(self.rest)?..)?;
        if index >= count(rest)? {
            return None;
        }
        rest = &rest[2..];
        for _ in 0..index {
            let length = i32::from_be_bytes(*rest.first_chunk()?);
            rest = rest.get(4 + usize::try_from(length.max(0)).ok()?..)?;
        }
        let length = i32::from_be_bytes(*rest.first_chunk()?);
        rest.get(4..4 + usize::try_from(length).ok()?)
    }

    /// Appends a Bind of the same formats and values between other names.
    pub fn put_as(&self, out: &mut Vec<u8>, portal: &[u8], statement: &[u8]) {
        frame::put(out, client::BIND, |body| {
            put_cstr(body, portal);
            put_cstr(body, statement);
            body.extend_from_slice(self.rest);
        });
    }
}

/// What Describe and Close speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'a> {
    /// A prepared statement.
    Statement(&'a [u8]),
    /// A portal.
    Portal(&'a [u8]),
}

impl<'a> Named<'a> {
    /// Reads the body of a Describe or Close; `None` when it is not well formed.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = body.split_first()?;
        let name = only_cstr(rest)?;
        match kind {
            b'S' => Some(Self::Statement(name)),
            b'P' => Some(Self::Portal(name)),
            _ => None,
        }
    }
}

/// The body of an Execute.
#[derive(Debug, Clone, Copy)]
pub struct Execute<'a> {
    /// The portal's name.
    pub portal: &'a [u8],
    /// Rows to send before suspending; 0 is all.
    pub max_rows: u32,
}

impl<'a> Execute<'a> {
    /// Reads the body; `None` when it is not well formed.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let (portal, rest) = frame::cstr(body)?;
        let max_rows = <&[u8; 4]>::try_from(rest).ok()?;
        // PostgreSQL takes a negative count as "all".
        let max_rows = u32::try_from(i32::from_be_bytes(*max_rows)).unwrap_or(0);
        Some(Self { portal, max_rows })
    }
}

/// The text of a Query; `None` when the body is not well formed.
pub fn query(body: &[u8]) -> Option<&[u8]> {
    only_cstr(body)
}

/// Appends a Query.
pub fn put_query(out: &mut Vec<u8>, text: &[u8]) {
    frame::put(out, client::QUERY, |body| put_cstr(body, text));
}

/// Appends a Parse without parameter types.
pub fn put_parse(out: &mut Vec<u8>, statement: &[u8], query: &[u8]) {
    Parse {
        statement,
        query,
        types: &[0, 0],
    }
    .put_with(out, query);
}

/// Appends a Bind without parameters, all results in text.
pub fn put_bind(out: &mut Vec<u8>, portal: &[u8], statement: &[u8]) {
    Bind {
        portal,
        statement,
        rest: &[0; 6],
    }
    .put_as(out, portal, statement);
}

/// Appends a Describe.
pub fn put_describe(out: &mut Vec<u8>, what: Named<'_>) {
    put_named(out, client::DESCRIBE, what);
}

/// Appends a Close.
pub fn put_close(out: &mut Vec<u8>, what: Named<'_>) {
    put_named(out, client::CLOSE, what);
}

/// Appends an Execute.
pub fn put_execute(out: &mut Vec<u8>, portal: &[u8], max_rows: u32) {
    frame::put(out, client::EXECUTE, |body| {
        put_cstr(body, portal);
        body.extend_from_slice(&max_rows.to_be_bytes());
    });
}

/// Appends a Sync.
pub fn put_sync(out: &mut Vec<u8>) {
    frame::put(out, client::SYNC, |_| ());
}

/// Appends a Flush.
pub fn put_flush(out: &mut Vec<u8>) {
    frame::put(out, client::FLUSH, |_| ());
}

/// The string of which a body must consist. What stands behind it has the server refuse a message,
/// so it must not get lost on the way.
fn only_cstr(body: &[u8]) -> Option<&[u8]> {
    let (text, rest) = frame::cstr(body)?;
    rest.is_empty().then_some(text)
}

fn put_named(out: &mut Vec<u8>, tag: u8, what: Named<'_>) {
    frame::put(out, tag, |body| match what {
        Named::Statement(name) => {
            body.push(b'S');
            put_cstr(body, name);
        }
        Named::Portal(name) => {
            body.push(b'P');
            put_cstr(body, name);
        }
    });
}

fn put_cstr(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_keeps_name_and_types_under_another_text() {
        let body = b"s1\0SELECT $1\0\0\x01\0\0\0\x17";
        let parse = Parse::read(body).unwrap();
        let mut out = Vec::new();
        parse.put_with(&mut out, b"SELECT 2");
        assert_eq!(&out[frame::HEADER..], b"s1\0SELECT 2\0\0\x01\0\0\0\x17");
    }

    #[test]
    fn a_bind_keeps_its_values_between_other_names() {
        let bind = Bind::read(b"p\0s\0\0\0\0\x01\0\0\0\x01x\0\0").unwrap();
        let mut out = Vec::new();
        bind.put_as(&mut out, b"", b"t");
        assert_eq!(&out[frame::HEADER..], b"\0t\0\0\0\0\x01\0\0\0\x01x\0\0");
    }

    #[test]
    fn unfinished_bodies_are_refused() {
        assert!(Parse::read(b"s1\0SELECT").is_none());
        assert!(Named::read(b"Xname\0").is_none());
        assert!(Execute::read(b"p\0\0\0").is_none());
    }
}
