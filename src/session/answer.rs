//! The rows of a generated query, read whole and then served as the client asks for them.
//!
//! They are capped in number and bytes, so that holding them is cheap, and the wrapper is closed
//! before the client sees the first one.

use std::io;

use super::limit;
use super::wrapper::LONGEST_REPLY;
use super::wrapper::OPENING_COMMANDS;
use crate::upstream::Backend;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::connection::UpTo;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame;
use crate::wire::frame::HEADER;
use crate::wire::frame::server;

/// How much of a result is delivered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cap {
    /// Rows.
    pub rows: u64,
    /// Bytes of their messages.
    pub bytes: usize,
}

/// Bodies of a DataRow of one column that is zero: as text, and as a `bigint` in binary.
const ZEROS: [&[u8]; 2] = [b"\0\x01\0\0\0\x010", b"\0\x01\0\0\0\x08\0\0\0\0\0\0\0\0"];

/// A result and where the client is in it.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// RowDescription or NoData.
    description: Vec<u8>,
    /// CopyOutResponse and all that belongs to it, or DataRows.
    body: Vec<u8>,
    rows: u64,
    cut: Option<limit::Cut>,
    /// Whose limit that is.
    cut_by: Box<str>,
    tag: Vec<u8>,
    /// Notices that the query raised.
    notices: Vec<u8>,
    is_copy: bool,
    /// Bytes of `body` that were served.
    served: usize,
}

/// What running a generated query came to.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The answer, or the body of the server's ErrorResponse.
    pub result: Result<Answer, Vec<u8>>,
    /// The transaction's status afterwards; `None` when the server has closed the connection.
    pub status: Option<TransactionStatus>,
}

/// What the server said before it closed, when it said anything.
fn last_words(failure: Option<Vec<u8>>, error: io::Error) -> io::Result<Outcome> {
    match failure {
        Some(body) if error::is_fatal(&body) => Ok(Outcome {
            result: Err(body),
            status: None,
        }),
        _ => Err(error),
    }
}

impl Answer {
    /// Reads the replies to opening commands, one query, closing commands and Sync.
    pub(super) async fn read(server: &mut Backend, cap: Cap) -> io::Result<Outcome> {
        let mut answer = Self::default();
        let mut failure = None;
        let mut completed = 0;
        loop {
            let limit = LONGEST_REPLY.max(cap.bytes);
            let message = match server.connection.recv_up_to(limit).await {
                Ok(UpTo::Whole(message)) => message,
                Ok(UpTo::Skipped(server::DATA_ROW | server::COPY_DATA)) => {
                    answer.cut.get_or_insert(limit::Cut::Bytes(cap.bytes));
                    continue;
                }
                Ok(UpTo::Skipped(_)) => return Err(io::ErrorKind::InvalidData.into()),
                Err(error) => return last_words(failure, error),
            };
            match message.tag {
                server::READY_FOR_QUERY => {
                    let status = backend::transaction_status(&message.body);
                    let status = Some(status.ok_or(io::ErrorKind::InvalidData)?);
                    let result = failure.map_or(Ok(answer), Err);
                    return Ok(Outcome { result, status });
                }
                server::ERROR => failure = Some(message.body),
                server::PARAMETER_STATUS => server.note_parameter(&message.body),
                server::NOTICE | server::NOTIFICATION => {
                    frame::put_body(&mut answer.notices, message.tag, &message.body);
                }
                server::COMMAND_COMPLETE => {
                    if completed == OPENING_COMMANDS {
                        answer.tag = message.body;
                    }
                    completed += 1;
                }
                tag if completed == OPENING_COMMANDS => answer.take(tag, &message.body, cap),
                _ => {}
            }
        }
    }

    fn take(&mut self, tag: u8, body: &[u8], cap: Cap) {
        match tag {
            server::ROW_DESCRIPTION | server::NO_DATA => {
                frame::put_body(&mut self.description, tag, body);
            }
            server::COPY_OUT | server::COPY_DATA | server::COPY_DONE => {
                self.is_copy = true;
                self.add(tag, body, cap);
            }
            server::DATA_ROW if self.rows == cap.rows => {
                self.cut.get_or_insert(limit::Cut::Rows(cap.rows));
            }
            server::DATA_ROW => {
                self.add(tag, body, cap);
                self.rows += u64::from(self.cut.is_none());
            }
            _ => {}
        }
    }

    fn add(&mut self, tag: u8, body: &[u8], cap: Cap) {
        if self.body.len() + body.len() + HEADER > cap.bytes {
            self.cut.get_or_insert(limit::Cut::Bytes(cap.bytes));
        }
        if self.cut.is_none() {
            frame::put_body(&mut self.body, tag, body);
        }
    }

    /// What it was cut at.
    pub(super) fn cut(&self) -> Option<limit::Cut> {
        self.cut
    }

    /// Names who set the limit that it was cut at.
    pub(super) fn is_cut_by(&mut self, name: &str) {
        self.cut_by = name.into();
    }

    /// Whether nothing was found: no row, or a lone figure that is zero.
    pub(super) fn is_empty(&self) -> bool {
        if self.is_copy || self.cut.is_some() {
            return false;
        }
        let mut rows = frame::messages(&self.body);
        match (rows.next(), rows.next()) {
            (None, _) => true,
            (Some((_, body)), None) => ZEROS.contains(&body),
            _ => false,
        }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Appends what the query itself said beside its rows.
    pub(super) fn put_notices(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.notices);
    }

    /// Appends what stands before the rows of a Query, which has no NoData.
    pub(super) fn put_columns(&self, out: &mut Vec<u8>) {
        if self.description.first() == Some(&server::ROW_DESCRIPTION) {
            self.put_description(out);
        }
    }

    /// Appends the answer to a Describe.
    pub(super) fn put_description(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.description);
    }

    /// A COPY that would have to be cut is refused instead: a copy is whole or is none.
    pub(super) fn refusal(&self) -> Option<error::ErrorInfo> {
        let Some(limit::Cut::Bytes(bytes)) = self.cut.filter(|_| self.is_copy) else {
            return None;
        };
        let text = format!("the copy would have more than {bytes} bytes");
        let mut info = error::error(sqlstate::PROGRAM_LIMIT_EXCEEDED, text);
        info.hint = Some("Ask for less, or raise nl.max_bytes.".to_owned());
        Some(info)
    }

    /// Appends the next `max_rows` rows (0: all that are left) and how it goes on.
    pub(super) fn put_rows(&mut self, out: &mut Vec<u8>, max_rows: u32) {
        let batch = self.take_batch(out, max_rows);
        if max_rows > 0 && batch == u64::from(max_rows) {
            // As PostgreSQL does, also when no row is left: it has not looked.
            return backend::put_bare(out, server::PORTAL_SUSPENDED);
        }
        match self.cut {
            Some(cut) => limit::put_cut(out, cut, &self.cut_by, &format!("SELECT {batch}")),
            None if batch == self.rows => frame::put_body(out, server::COMMAND_COMPLETE, &self.tag),
            None => backend::put_command_complete(out, &format!("SELECT {batch}")),
        }
    }

    /// Appends rows and counts them.
    fn take_batch(&mut self, out: &mut Vec<u8>, max_rows: u32) -> u64 {
        let rest = &self.body[self.served..];
        if self.is_copy {
            out.extend_from_slice(rest);
            self.served = self.body.len();
            return 0;
        }
        let most = if max_rows == 0 {
            usize::MAX
        } else {
            max_rows as usize
        };
        let (mut rows, mut end) = (0, 0);
        for (_, body) in frame::messages(rest).take(most) {
            rows += 1;
            end += HEADER + body.len();
        }
        out.extend_from_slice(&rest[..end]);
        self.served += end;
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: Cap = Cap {
        rows: 3,
        bytes: 1000,
    };

    fn answer(rows: usize) -> Answer {
        let mut answer = Answer {
            tag: b"SELECT n\0".to_vec(),
            ..Answer::default()
        };
        for _ in 0..rows {
            answer.take(server::DATA_ROW, b"\0\0", CAP);
        }
        answer
    }

    fn tags(bytes: &[u8]) -> String {
        frame::messages(bytes)
            .map(|(tag, _)| char::from(tag))
            .collect()
    }

    #[test]
    fn a_portal_is_suspended_after_each_full_batch() {
        let mut answer = answer(3);
        let mut out = Vec::new();
        for _ in 0..3 {
            answer.put_rows(&mut out, 2);
        }
        assert_eq!(tags(&out), "DDsDCC");
    }

    #[test]
    fn rows_beyond_the_cap_are_left_out_and_said() {
        let mut out = Vec::new();
        answer(5).put_rows(&mut out, 0);
        assert_eq!(tags(&out), "DDDNSC");
    }

    #[test]
    fn a_lone_zero_and_no_row_at_all_are_nothing_found() {
        let lone = |body: &[u8]| {
            let mut answer = Answer::default();
            answer.take(server::DATA_ROW, body, CAP);
            answer.is_empty()
        };
        assert!(answer(0).is_empty() && lone(ZEROS[0]) && lone(ZEROS[1]));
        assert!(!lone(b"\0\x01\0\0\0\x011"));
        assert!(!answer(2).is_empty());
    }

    #[test]
    fn a_copy_over_the_cap_is_refused_whole() {
        let mut answer = Answer::default();
        answer.take(server::COPY_DATA, &[b'x'; 2000], CAP);
        assert!(answer.refusal().is_some());
    }
}
