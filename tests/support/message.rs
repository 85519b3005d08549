//! Messages of the protocol, built and read by hand: what is tested is not trusted to write them.
//!
//! Source: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::fmt;

/// A message from the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The type byte.
    pub tag: u8,
    /// What stands behind the length word.
    pub body: Vec<u8>,
}

macro_rules! kinds {
    ($($tag:literal => $name:ident,)*) => {
        /// The kinds of messages from a server, named as the protocol chapter does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = concat!("Type byte `", stringify!($tag), "`.")] $name,)*
        }

        impl Message {
            /// What kind it is; a type byte that no server sends fails the test.
            pub fn kind(&self) -> Kind {
                match self.tag {
                    $($tag => Kind::$name,)*
                    tag => panic!("a message of unknown type {:?}", char::from(tag)),
                }
            }
        }
    };
}

kinds! {
    b'R' => Authentication,
    b'K' => BackendKeyData,
    b'2' => BindComplete,
    b'3' => CloseComplete,
    b'C' => CommandComplete,
    b'd' => CopyData,
    b'c' => CopyDone,
    b'G' => CopyInResponse,
    b'H' => CopyOutResponse,
    b'D' => DataRow,
    b'I' => EmptyQueryResponse,
    b'E' => ErrorResponse,
    b'V' => FunctionCallResponse,
    b'v' => NegotiateProtocolVersion,
    b'n' => NoData,
    b'N' => NoticeResponse,
    b'A' => NotificationResponse,
    b't' => ParameterDescription,
    b'S' => ParameterStatus,
    b'1' => ParseComplete,
    b's' => PortalSuspended,
    b'Z' => ReadyForQuery,
    b'T' => RowDescription,
}

impl Message {
    /// What a test most wants to know of it: the SQLSTATE, the tag, the status, the columns
    /// joined by `|` with NULL as `∅`, `name=value`.
    pub fn text(&self) -> String {
        match self.kind() {
            Kind::ErrorResponse | Kind::NoticeResponse => self.field('C'),
            Kind::DataRow => {
                let columns = self.columns().into_iter();
                let columns: Vec<_> = columns
                    .map(|value| value.unwrap_or_else(|| "∅".to_owned()))
                    .collect();
                columns.join("|")
            }
            Kind::ParameterStatus => self.strings().join("="),
            Kind::NotificationResponse => printable(&self.body[4..]).replacen('\0', " ", 1),
            Kind::RowDescription => self.names().join("|"),
            _ => printable(&self.body),
        }
    }

    /// A field of an `ErrorResponse` or `NoticeResponse`, empty when it is not there.
    pub fn field(&self, code: char) -> String {
        let found = self.strings().into_iter();
        let mut found = found.filter_map(|field| field.strip_prefix(code).map(str::to_owned));
        found.next().unwrap_or_default()
    }

    /// The columns of a `DataRow`.
    pub fn columns(&self) -> Vec<Option<String>> {
        let (count, mut rest) = self.body.split_at(2);
        let count = u16::from_be_bytes([count[0], count[1]]);
        (0..count)
            .map(|_| {
                let (length, behind) = rest.split_first_chunk::<4>().expect("a length word");
                let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                    rest = behind;
                    return None;
                };
                let (value, behind) = behind.split_at(length);
                rest = behind;
                Some(String::from_utf8_lossy(value).into_owned())
            })
            .collect()
    }

    /// The column names of a `RowDescription`.
    fn names(&self) -> Vec<String> {
        let mut rest = &self.body[2..];
        let mut names = Vec::new();
        while let Some(end) = rest.iter().position(|&byte| byte == 0) {
            names.push(String::from_utf8_lossy(&rest[..end]).into_owned());
            rest = &rest[end + 1 + 18..];
        }
        names
    }

    fn strings(&self) -> Vec<String> {
        let strings = self.body.split(|&byte| byte == 0);
        let strings = strings.map(|text| String::from_utf8_lossy(text).into_owned());
        strings.filter(|text| !text.is_empty()).collect()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.text().chars().take(200).collect();
        match self.kind() {
            kind @ (Kind::ErrorResponse | Kind::NoticeResponse) => {
                write!(f, "{kind:?} {text}: {}", self.field('M'))
            }
            kind => write!(f, "{kind:?} {text}"),
        }
    }
}

fn printable(bytes: &[u8]) -> String {
    let end = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    String::from_utf8_lossy(end).into_owned()
}

/// A message with this type byte and body.
pub fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a test's message is below 4 GiB");
    let mut out = vec![tag];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
    out
}

/// A packet without type byte, as connections begin with.
pub fn packet(code: u32, rest: &[u8]) -> Vec<u8> {
    let length = u32::try_from(rest.len() + 8).expect("a test's packet is below 4 GiB");
    [&length.to_be_bytes(), &code.to_be_bytes(), rest].concat()
}

/// `StartupMessage` of protocol 3.0.
pub fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in parameters {
        body.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
    }
    body.push(0);
    packet(0x0003_0000, &body)
}

/// `CancelRequest`.
pub fn cancel_request(pid: i32, secret: &[u8]) -> Vec<u8> {
    packet(0x04d2_162e, &[&pid.to_be_bytes(), secret].concat())
}

/// Query.
pub fn query(sql: &str) -> Vec<u8> {
    frame(b'Q', &cstr(sql))
}

/// Parse without parameter types.
pub fn parse(statement: &str, sql: &str) -> Vec<u8> {
    frame(b'P', &[cstr(statement), cstr(sql), vec![0, 0]].concat())
}

/// Bind with parameters and results as text; `None` is NULL.
pub fn bind(portal: &str, statement: &str, values: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = [cstr(portal), cstr(statement), vec![0, 0]].concat();
    let count = u16::try_from(values.len()).expect("a test has few parameters");
    body.extend_from_slice(&count.to_be_bytes());
    for value in values {
        let length = value.map_or(-1, |value| i32::try_from(value.len()).expect("below 2 GiB"));
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(value.unwrap_or_default());
    }
    body.extend_from_slice(&[0, 0]);
    frame(b'B', &body)
}

/// Describe of a statement.
pub fn describe_statement(name: &str) -> Vec<u8> {
    frame(b'D', &[vec![b'S'], cstr(name)].concat())
}

/// Describe of a portal.
pub fn describe_portal(name: &str) -> Vec<u8> {
    frame(b'D', &[vec![b'P'], cstr(name)].concat())
}

/// Execute; 0 rows is all of them.
pub fn execute(portal: &str, max_rows: u32) -> Vec<u8> {
    frame(
        b'E',
        &[cstr(portal), max_rows.to_be_bytes().to_vec()].concat(),
    )
}

/// Close of a statement.
pub fn close_statement(name: &str) -> Vec<u8> {
    frame(b'C', &[vec![b'S'], cstr(name)].concat())
}

/// Close of a portal.
pub fn close_portal(name: &str) -> Vec<u8> {
    frame(b'C', &[vec![b'P'], cstr(name)].concat())
}

/// Sync.
pub fn sync() -> Vec<u8> {
    frame(b'S', b"")
}

/// Flush.
pub fn flush() -> Vec<u8> {
    frame(b'H', b"")
}

/// Terminate.
pub fn terminate() -> Vec<u8> {
    frame(b'X', b"")
}

/// `CopyData`.
pub fn copy_data(data: &[u8]) -> Vec<u8> {
    frame(b'd', data)
}

/// `CopyDone`.
pub fn copy_done() -> Vec<u8> {
    frame(b'c', b"")
}

/// `CopyFail`.
pub fn copy_fail(why: &str) -> Vec<u8> {
    frame(b'f', &cstr(why))
}

/// `FunctionCall` with arguments and result as text.
pub fn function_call(oid: u32, arguments: &[&str]) -> Vec<u8> {
    let mut body = [oid.to_be_bytes().to_vec(), vec![0, 0]].concat();
    let count = u16::try_from(arguments.len()).expect("a test has few arguments");
    body.extend_from_slice(&count.to_be_bytes());
    for argument in arguments {
        let length = u32::try_from(argument.len()).expect("a short argument");
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(argument.as_bytes());
    }
    body.extend_from_slice(&[0, 0]);
    frame(b'F', &body)
}

/// Parse, Bind, Describe, Execute of an unnamed statement, without Sync.
pub fn unnamed(sql: &str) -> Vec<u8> {
    [
        parse("", sql),
        bind("", "", &[]),
        describe_portal(""),
        execute("", 0),
    ]
    .concat()
}

fn cstr(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}
