//! Values as SQL writes them for the column they are compared with.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Condition;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::index::ValueHit;
use crate::nl::builtin::print::quoted;
use crate::nl::builtin::refusal;
use crate::sql::schema::TypeKind;

use super::Binder;

/// A limit, as SQL writes it.
pub(super) fn whole_number(literal: &Literal) -> Result<String, Cannot> {
    match literal {
        Literal::Number(digits) if digits.chars().all(|c| c.is_ascii_digit()) => digits
            .parse::<i64>()
            .map(|n| n.to_string())
            .map_err(|_| too_large()),
        Literal::Parameter(name) => Ok(name.clone()),
        Literal::Number(_) | Literal::Text(..) => Err(too_large()),
    }
}

fn too_large() -> Cannot {
    refusal::unsupported(
        "a number of rows must be a whole number",
        "Ask for instance: top 5.",
    )
}

impl Binder<'_, '_> {
    /// The value, for a column.
    pub(super) fn literal(&self, literal: &Literal, id: ColumnId) -> Result<String, Cannot> {
        let column = self.index().column(id);
        let text = match literal {
            Literal::Parameter(name) => return Ok(name.clone()),
            Literal::Number(digits) => match column.kind {
                TypeKind::Integer | TypeKind::Number => return Ok(digits.clone()),
                TypeKind::Text | TypeKind::Enum => digits.as_str(),
                _ => return Err(self.mismatch(digits, id)),
            },
            Literal::Text(text, values) => {
                let stored = values.iter().find(|value| value.column == id);
                stored.map_or(text.as_str(), |value| value.stored.as_str())
            }
        };
        match column.kind {
            TypeKind::Text | TypeKind::Uuid => Ok(quoted(text)),
            TypeKind::Enum => self.label(text, id),
            TypeKind::Integer | TypeKind::Number
                if text.parse::<f64>().is_ok_and(f64::is_finite) =>
            {
                Ok(quoted(text))
            }
            TypeKind::Date | TypeKind::Timestamp | TypeKind::TimestampTz
                if text.parse::<jiff::civil::Date>().is_ok() =>
            {
                Ok(quoted(text))
            }
            _ => Err(self.mismatch(text, id)),
        }
    }

    /// An enum has only its labels: any other text would be an error of the server.
    fn label(&self, text: &str, id: ColumnId) -> Result<String, Cannot> {
        let column = self.index().column(id);
        let label = column
            .enum_labels
            .iter()
            .find(|label| label.eq_ignore_ascii_case(text));
        label.map(|label| quoted(label)).ok_or_else(|| {
            refusal::unsupported(
                &format!("\"{text}\" is no value of {}", column.name),
                &format!("It has {}.", column.enum_labels.join(", ")),
            )
        })
    }

    fn mismatch(&self, text: &str, id: ColumnId) -> Cannot {
        let column = self.index().column(id);
        refusal::unsupported(
            &format!("\"{text}\" cannot be compared with {}", column.name),
            &format!(
                "The column {} is of type {}.",
                column.name, column.type_name
            ),
        )
    }

    /// The column that a value is stored in: of the table in focus, of the subject, of the nearest.
    pub(super) fn column_of_value(
        &self,
        literal: &Literal,
        focus: Option<usize>,
    ) -> Result<ColumnId, Cannot> {
        let Literal::Text(text, values) = literal else {
            return Err(refusal::dangling("value"));
        };
        let mut tables: Vec<usize> = focus
            .map(|entity| self.entities[entity])
            .into_iter()
            .collect();
        tables.push(self.subject);
        tables.extend(self.entities.iter().chain(&self.main).copied());
        for table in &tables {
            let here: Vec<ColumnId> = values
                .iter()
                .map(|value| value.column)
                .filter(|id| id.table == *table)
                .collect();
            match here.as_slice() {
                [] => {}
                [one] => {
                    let others = values.iter().map(|value| value.column);
                    for other in
                        others.filter(|id| id.table != *table && tables.contains(&id.table))
                    {
                        self.could_be(text, other);
                    }
                    return Ok(*one);
                }
                several => return Err(refusal::ambiguous(text, &self.column_names(several))),
            }
        }
        self.nearest_value(text, values)
    }

    fn nearest_value(&self, text: &str, values: &[ValueHit]) -> Result<ColumnId, Cannot> {
        let mut near: Vec<(usize, ColumnId)> = values
            .iter()
            .filter_map(|value| {
                let distance = self
                    .around
                    .graph
                    .distance(self.subject, value.column.table)?;
                Some((distance, value.column))
            })
            .collect();
        near.sort();
        near.dedup();
        let Some((distance, id)) = near.first().copied() else {
            let subject = &self.index().table(self.subject).name;
            return Err(refusal::unsupported(
                &format!("\"{text}\" belongs to nothing linked with {subject}"),
                "Say which column it is a value of.",
            ));
        };
        let ties: Vec<ColumnId> = near
            .iter()
            .filter(|(d, _)| *d == distance)
            .map(|(_, id)| *id)
            .collect();
        if ties.len() > 1 {
            return Err(refusal::ambiguous(text, &self.column_names(&ties)));
        }
        Ok(id)
    }

    /// How many of the values said without a column this table stores.
    pub(super) fn values_in(&self, table: usize) -> usize {
        let stored = |condition: &&Condition| match &condition.test {
            Test::Compare(_, _, Literal::Text(_, values)) => {
                values.iter().any(|value| value.column.table == table)
            }
            _ => false,
        };
        self.draft.conditions.iter().filter(stored).count()
    }

    /// The table of the only value, when neither a table nor a column is named.
    pub(super) fn table_of_values(&self) -> Result<usize, Cannot> {
        Err(refusal::nothing_asked(self.index()))
    }
}
