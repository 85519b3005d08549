//! What a result hides, by where its columns come from: the wall behind the guard.
//!
//! PostgreSQL says of each column of a result which column of which table it shows, if it does
//! nothing else. <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use super::dialogue::Dialogue;
use super::errors;
use super::replies::Owed;
use super::ruling::Rules;
use crate::config::Mask;
use crate::guard::ObjectRules;
use crate::guard::Origin;
use crate::wire::ErrorInfo;
use crate::wire::Passage;
use crate::wire::crypto;
use crate::wire::frame;
use crate::wire::frame::server;

/// A row longer than this is not gathered to have its values replaced.
pub(super) const LONGEST_ROW: usize = 64 * 1024 * 1024;

/// What is known of the result that is coming in.
#[derive(Debug, Default)]
pub(super) enum Veil {
    /// Nothing.
    #[default]
    Unknown,
    /// Its rows pass as they are.
    Clear,
    /// What becomes of each column's values; `None` for as they are.
    Columns(Vec<Option<Cover>>),
    /// None of its rows pass.
    Withheld,
}

/// What stands in the place of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cover {
    Null,
    Text(Vec<u8>),
    Hash,
}

/// A column of a RowDescription.
struct Field {
    table: u32,
    attnum: i16,
    type_oid: u32,
}

impl Veil {
    /// The veil over a result that is described so; whether a column of it is denied.
    fn over(description: &[u8], rules: &ObjectRules) -> Option<(Self, bool)> {
        let fields = fields(description)?;
        let mut covers = Vec::with_capacity(fields.len());
        let mut is_denied = false;
        for field in &fields {
            let origin = rules.origin(field.table, field.attnum);
            is_denied |= origin == Some(&Origin::Denied);
            covers.push(match origin {
                Some(Origin::Masked(mask)) => Some(cover(mask, rules.is_string(field.type_oid))),
                Some(Origin::Denied) => Some(Cover::Null),
                None => None,
            });
        }
        if covers.iter().all(Option::is_none) {
            return Some((Self::Clear, false));
        }
        Some((Self::Columns(covers), is_denied))
    }
}

fn cover(mask: &Mask, is_string: bool) -> Cover {
    match mask {
        Mask::Constant(text) if is_string => Cover::Text(text.as_bytes().to_vec()),
        Mask::Hash if is_string => Cover::Hash,
        Mask::Null | Mask::Constant(_) | Mask::Hash => Cover::Null,
    }
}

impl Dialogue {
    /// A message of the server that must be whole to be dealt with.
    pub(super) fn must_be_whole(&self, tag: u8, rules: &Rules) -> bool {
        rules.treats_results()
            && match tag {
                server::ROW_DESCRIPTION | server::ERROR => true,
                server::DATA_ROW => matches!(self.veil, Veil::Columns(_)),
                _ => false,
            }
    }

    /// A RowDescription has come: that of the result that comes next, unless the client has asked
    /// for it before.
    pub(super) fn described(&mut self, body: &[u8], rules: &Rules) {
        let is_of_result = matches!(
            self.replies.front(),
            Some(Owed::Query { .. } | Owed::Outline)
        );
        if !is_of_result {
            return;
        }
        let over = rules
            .last_objects()
            .and_then(|rules| Veil::over(body, rules));
        self.veil = match over {
            Some((veil, false)) => veil,
            // What cannot be told is kept back.
            Some((_, true)) | None => Veil::Withheld,
        };
    }

    /// Whether a row passes as it is; if not, what may pass of it has been put into `passage`.
    pub(super) fn unveiled(&self, body: &[u8], passage: &mut Passage<'_>) -> bool {
        match &self.veil {
            Veil::Clear => true,
            Veil::Unknown | Veil::Withheld => false,
            Veil::Columns(covers) => {
                put_covered(passage.edit(), body, covers);
                false
            }
        }
    }

    /// The result has ended; the error in its place if its rows were kept back.
    pub(super) fn unveil(&mut self) -> Option<ErrorInfo> {
        match std::mem::take(&mut self.veil) {
            Veil::Withheld => Some(errors::withheld()),
            Veil::Unknown | Veil::Clear | Veil::Columns(_) => None,
        }
    }
}

/// The error without what it says of values: PostgreSQL quotes whole rows that break a rule.
pub(super) fn without_values(body: &[u8]) -> Option<Vec<u8>> {
    const INTEGRITY: &[u8] = b"C23";
    let mut kept = Vec::with_capacity(body.len());
    let (mut rest, mut is_broken_rule, mut has_detail) = (body, false, false);
    while rest.len() > 1 {
        let (field, behind) = frame::cstr(rest)?;
        is_broken_rule |= field.starts_with(INTEGRITY);
        if field.starts_with(b"D") {
            has_detail = true;
        } else {
            kept.extend_from_slice(field);
            kept.push(0);
        }
        rest = behind;
    }
    kept.push(0);
    (is_broken_rule && has_detail).then_some(kept)
}

/// Appends a DataRow with values replaced. One that cannot be read is left out.
fn put_covered(out: &mut Vec<u8>, row: &[u8], covers: &[Option<Cover>]) {
    let Some(values) = values(row) else { return };
    frame::put(out, server::DATA_ROW, |body| {
        body.extend_from_slice(&(values.len() as i16).to_be_bytes());
        for (index, value) in values.iter().enumerate() {
            match (covers.get(index).and_then(Option::as_ref), value) {
                (Some(Cover::Null), _) | (Some(Cover::Hash) | None, None) => put_value(body, None),
                (Some(Cover::Text(text)), _) => put_value(body, Some(text)),
                (Some(Cover::Hash), Some(value)) => {
                    put_value(body, Some(crypto::keyed_hash(value).as_bytes()));
                }
                (None, Some(value)) => put_value(body, Some(value)),
            }
        }
    });
}

fn put_value(body: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        None => body.extend_from_slice(&(-1_i32).to_be_bytes()),
        Some(bytes) => {
            body.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
            body.extend_from_slice(bytes);
        }
    }
}

/// The values of a DataRow.
fn values(row: &[u8]) -> Option<Vec<Option<&[u8]>>> {
    let (count, mut rest) = row.split_first_chunk()?;
    let count = i16::from_be_bytes(*count);
    let mut values = Vec::with_capacity(usize::try_from(count).ok()?);
    for _ in 0..count {
        let (length, behind) = rest.split_first_chunk()?;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Err(_) => {
                values.push(None);
                rest = behind;
            }
            Ok(length) => {
                let (value, behind) = behind.split_at_checked(length)?;
                values.push(Some(value));
                rest = behind;
            }
        }
    }
    Some(values)
}

/// The columns of a RowDescription.
fn fields(description: &[u8]) -> Option<Vec<Field>> {
    /// Bytes behind a column's name.
    const BEHIND_NAME: usize = 18;
    let (count, mut rest) = description.split_first_chunk()?;
    let count = usize::from(u16::from_be_bytes(*count));
    let mut fields = Vec::with_capacity(count.min(2048));
    for _ in 0..count {
        let (_, behind) = frame::cstr(rest)?;
        let (field, behind) = behind.split_at_checked(BEHIND_NAME)?;
        let (table, field) = field.split_first_chunk()?;
        let (attnum, field) = field.split_first_chunk()?;
        let (type_oid, _) = field.split_first_chunk()?;
        fields.push(Field {
            table: u32::from_be_bytes(*table),
            attnum: i16::from_be_bytes(*attnum),
            type_oid: u32::from_be_bytes(*type_oid),
        });
        rest = behind;
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[Option<&str>]) -> Vec<u8> {
        let mut body = (values.len() as i16).to_be_bytes().to_vec();
        for value in values {
            put_value(&mut body, value.map(str::as_bytes));
        }
        body
    }

    #[test]
    fn values_are_replaced_in_their_places() {
        let covers = [
            None,
            Some(Cover::Null),
            Some(Cover::Text(b"***".to_vec())),
            Some(Cover::Hash),
            Some(Cover::Hash),
        ];
        let mut out = Vec::new();
        let before = row(&[Some("a"), Some("b"), None, Some("c"), None]);
        put_covered(&mut out, &before, &covers);
        let hash = crypto::keyed_hash(b"c");
        let after = row(&[Some("a"), None, Some("***"), Some(&hash), None]);
        assert_eq!(&out[frame::HEADER..], after);
    }

    #[test]
    fn a_row_that_breaks_off_is_left_out() {
        let mut out = Vec::new();
        let whole = row(&[Some("abc"), Some("d")]);
        for end in 0..whole.len() {
            put_covered(&mut out, &whole[..end], &[Some(Cover::Null)]);
        }
        assert!(out.is_empty());
    }

    #[test]
    fn an_error_about_a_broken_rule_loses_its_detail() {
        let body = b"SERROR\0C23505\0Mduplicate\0DKey (ssn)=(1) exists\0tcustomers\0\0";
        let kept = without_values(body).expect("a detail");
        assert_eq!(kept, b"SERROR\0C23505\0Mduplicate\0tcustomers\0\0");
        assert_eq!(without_values(b"SERROR\0C42601\0Msyntax\0Dsome\0\0"), None);
    }
}
