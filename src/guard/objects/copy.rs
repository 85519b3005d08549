//! COPY of a table, which is no query.

use std::sync::Arc;

use super::ObjectRules;
use super::access::Access;
use super::tokens::clipped;
use super::walk::Refused;
use super::walk::refuse;
use crate::sql::tokens::Tokens;

/// What a COPY names.
struct Copied {
    relation: Option<usize>,
    /// `None` for all.
    columns: Option<Vec<String>>,
}

impl ObjectRules {
    /// COPY … TO STDOUT delivers no origins, so no treated column may be among what it reads.
    pub(super) fn copy_out(&self, tokens: Tokens<'_>) -> Result<(), Refused> {
        let Copied { relation, columns } = self.copied(tokens)?;
        let Some(relation) = relation else {
            return Ok(());
        };
        let Access::Columns(treated) = &self.access[relation] else {
            return Ok(());
        };
        for column in &self.objects.relations[relation].columns {
            let is_read = columns
                .as_ref()
                .is_none_or(|columns| columns.iter().any(|name| **name == *column.name));
            if let Some(treatment) = treated.get(&column.attnum).filter(|_| is_read) {
                return refuse(treatment);
            }
        }
        Ok(())
    }

    /// COPY … FROM STDIN only writes.
    pub(super) fn copy_in(&self, tokens: Tokens<'_>) -> Result<(), Refused> {
        self.copied(tokens).map(|_| ())
    }

    /// The relation and columns of `COPY name [ ( columns ) ] …`.
    fn copied(&self, tokens: Tokens<'_>) -> Result<Copied, Refused> {
        let unresolved = || Arc::new(self.unresolved());
        let name = |index| tokens.name(index).map(|name| clipped(name).into_owned());
        let first = name(1).ok_or_else(unresolved)?;
        let (schema, own, mut at) = if tokens.is_symbol(2, b'.') {
            (Some(first), name(3).ok_or_else(unresolved)?, 4)
        } else {
            (None, first, 2)
        };
        let mut columns = None;
        if tokens.is_symbol(at, b'(') {
            let close = tokens.closing(at).ok_or_else(unresolved)?;
            let names = (at + 1..close).filter(|&index| !tokens.is_symbol(index, b','));
            columns = Some(
                names
                    .map(name)
                    .collect::<Option<Vec<_>>>()
                    .ok_or_else(unresolved)?,
            );
            at = close + 1;
        }
        if !matches!(tokens.keyword(at).as_bytes(), b"to" | b"from") {
            return Err(unresolved());
        }
        let relation = self.resolve_one(schema.as_deref(), &own)?;
        Ok(Copied { relation, columns })
    }
}
