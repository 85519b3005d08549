//! What must hold, each test bound to its column and put where it belongs.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Condition;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::flags;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::print::quoted;
use crate::nl::builtin::query::Filter;
use crate::nl::builtin::query::Related;
use crate::nl::builtin::refusal;
use crate::sql::schema::TypeKind;

use super::Binder;

impl Binder<'_, '_> {
    pub(super) fn bind_conditions(&mut self) -> Result<(), Cannot> {
        let shares = self.query.has_share();
        for condition in &self.draft.conditions {
            if let Test::Measured(measure, comparison, literal) = &condition.test {
                self.relate_measure(measure, *comparison, literal)?;
            } else if let Test::Often(comparison, often) = &condition.test {
                let often = super::values::whole_number(often)?;
                self.query.size = Some((*comparison, often));
                self.query.group = self.query.outputs.clone();
            } else if let Test::Has {
                entity,
                negated,
                count,
            } = &condition.test
            {
                self.relate(*entity, *negated, count.as_ref())?;
            } else if let Some(related) = self.referenced(condition) {
                self.query.related.push(related);
            } else {
                let filter = self.filter(condition)?;
                let timed = matches!(condition.test, Test::Within { .. });
                let known = self.query.filters.len();
                match self.reference_said(filter.table(), condition.at) {
                    Some(column) if !self.is_focus(filter.table(), condition.focus) => {
                        self.query.related.push(Related {
                            table: filter.table(),
                            via: Some(column),
                            filters: vec![filter],
                            ..Related::default()
                        });
                    }
                    _ => self.place(filter, condition.focus)?,
                }
                if shares && !timed {
                    self.query.share.extend(self.query.filters.drain(known..));
                }
            }
        }
        if shares && self.query.share.is_empty() && self.query.related.is_empty() {
            return Err(refusal::dangling("percentage"));
        }
        self.check_contradictions()
    }

    /// Whether a table is what was spoken of last, as rows that there must be.
    fn is_focus(&self, table: usize, focus: Option<usize>) -> bool {
        focus.is_some_and(|entity| {
            self.entities[entity] == table && self.draft.entities[entity].role == Role::Related
        })
    }

    /// One test as a filter.
    fn filter(&mut self, condition: &Condition) -> Result<Filter, Cannot> {
        let focus = condition.focus;
        Ok(match &condition.test {
            Test::Compare(left, comparison, literal) => {
                let id = self.left(left, Some(literal), focus)?;
                self.compared(id, *comparison, literal)?
            }
            Test::Between(left, low, high) => {
                let id = self.left(left, None, focus)?;
                self.ordered(id)?;
                Filter::Between(id, self.literal(low, id)?, self.literal(high, id)?)
            }
            Test::OneOf {
                left,
                values,
                negated,
            } => {
                let id = self.left(left, values.first(), focus)?;
                let literals: Result<Vec<String>, Cannot> =
                    values.iter().map(|value| self.literal(value, id)).collect();
                Filter::OneOf {
                    column: id,
                    values: literals?,
                    negated: *negated,
                }
            }
            Test::Like {
                left,
                part,
                text,
                negated,
            } => {
                let id = self.left(left, None, focus)?;
                if self.index().column(id).kind != TypeKind::Text {
                    return Err(refusal::unsupported(
                        &format!("{} is no text to search in", self.index().column(id).name),
                        "Search in a text column.",
                    ));
                }
                Filter::Like {
                    column: id,
                    part: *part,
                    text: text.clone(),
                    negated: *negated,
                }
            }
            Test::Null { left, negated } => Filter::Null {
                column: self.left(left, None, focus)?,
                negated: *negated,
            },
            Test::Truth { left, value } => {
                let id = self.left(left, None, focus)?;
                self.truth(id, *value)
            }
            Test::Within { left, period, text } => {
                self.within(left.as_ref(), period, text, focus)?
            }
            Test::Average(left, comparison) => self.above_average(left, *comparison, focus)?,
            Test::Any(conditions) => self.any_of(conditions)?,
            Test::Has { .. } | Test::Measured(..) | Test::Often(..) => {
                return Err(refusal::and_or());
            }
        })
    }

    /// Whether a column says yes, or no.
    fn truth(&self, column: ColumnId, value: bool) -> Filter {
        let definition = self.index().column(column);
        if definition.kind == TypeKind::Boolean {
            return Filter::Truth { column, value };
        }
        let stored = flags::stored(definition, value).unwrap_or_default();
        let text = match definition.kind {
            TypeKind::Integer => stored.to_owned(),
            _ => quoted(stored),
        };
        Filter::Compare(column, Comparison::Equal, text)
    }

    fn above_average(
        &mut self,
        left: &Left,
        comparison: Comparison,
        focus: Option<usize>,
    ) -> Result<Filter, Cannot> {
        let id = self.left(left, None, focus)?;
        if !matches!(
            self.index().column(id).kind,
            TypeKind::Integer | TypeKind::Number
        ) {
            return Err(refusal::unsupported(
                &format!("{} has no average", self.index().column(id).name),
                "Compare a figure with its average.",
            ));
        }
        Ok(Filter::Average(id, comparison))
    }

    fn any_of(&mut self, conditions: &[Condition]) -> Result<Filter, Cannot> {
        let filters: Result<Vec<Filter>, Cannot> = conditions
            .iter()
            .map(|condition| self.filter(condition))
            .collect();
        let filters = filters?;
        if filters
            .iter()
            .any(|filter| filter.table() != filters[0].table())
        {
            return Err(refusal::unsupported(
                "\"or\" joins conditions on two different tables",
                "Ask in two questions.",
            ));
        }
        Ok(Filter::Any(filters))
    }

    fn compared(
        &mut self,
        id: ColumnId,
        comparison: Comparison,
        literal: &Literal,
    ) -> Result<Filter, Cannot> {
        let kind = self.index().column(id).kind;
        let is_date = matches!(
            kind,
            TypeKind::Date | TypeKind::Timestamp | TypeKind::TimestampTz
        );
        if let Literal::Number(digits) = literal
            && is_date
            && let Some(period) = crate::nl::builtin::dates::year(digits)
            && comparison == Comparison::Equal
        {
            let named = crate::nl::builtin::draft::Mention {
                hits: vec![crate::nl::builtin::index::Hit {
                    target: crate::nl::builtin::index::Target::Column(id),
                    closeness: crate::nl::builtin::index::Closeness::Whole,
                }],
                text: digits.clone(),
                at: usize::MAX - 1,
            };
            return self.within(Some(&Left::Name(named)), &period, digits, None);
        }
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            self.ordered(id)?;
        }
        let value = self.literal(literal, id)?;
        if kind == TypeKind::Boolean {
            return Err(refusal::no_condition(&self.index().column(id).name));
        }
        Ok(Filter::Compare(id, comparison, value))
    }

    /// More and less need figures or dates; texts only when they hold years.
    fn ordered(&self, id: ColumnId) -> Result<(), Cannot> {
        let column = self.index().column(id);
        let years = self.index().facts[id.table].years.contains(&id.column);
        let comparable = match column.kind {
            TypeKind::Integer
            | TypeKind::Number
            | TypeKind::Date
            | TypeKind::Timestamp
            | TypeKind::TimestampTz
            | TypeKind::Time
            | TypeKind::Interval => true,
            TypeKind::Text => years,
            _ => false,
        };
        if comparable {
            return Ok(());
        }
        Err(refusal::unsupported(
            &format!("{} holds no figures to compare", column.name),
            &format!(
                "The column {} is of type {}.",
                column.name, column.type_name
            ),
        ))
    }

    fn left(
        &mut self,
        left: &Left,
        value: Option<&Literal>,
        focus: Option<usize>,
    ) -> Result<ColumnId, Cannot> {
        let table = focus.map_or(self.subject, |entity| self.entities[entity]);
        match left {
            Left::Name(mention) => match value {
                Some(Literal::Text(_, values)) if !values.is_empty() => {
                    let mut stored = mention.clone();
                    stored.hits.retain(|hit| {
                        values
                            .iter()
                            .any(|value| hit.target == Target::Column(value.column))
                    });
                    self.tested_column(&stored, focus)
                }
                _ => self.tested_column(mention, focus),
            },
            Left::Hinted(columns, text) => {
                let found = self
                    .hinted_column(columns, table)
                    .map(|id| (id, table))
                    .or_else(|| {
                        self.hinted_column(columns, self.subject)
                            .map(|id| (id, table))
                    });
                let Some((id, _)) = found else {
                    return Err(self.no_hint(text, table));
                };
                self.readings.push(self.reading(text, id));
                Ok(id)
            }
            Left::OfValue => match value {
                Some(literal) => {
                    let id = self.column_of_value(literal, focus)?;
                    if let Literal::Text(text, _) = literal {
                        self.readings.push(self.reading(text, id));
                    }
                    Ok(id)
                }
                None => Err(refusal::dangling("value")),
            },
            Left::OnlyFigure => self.only_figure(table),
            Left::Key => {
                let key = self.index().facts[table].key;
                let Some(column) = key else {
                    let name = &self.index().table(table).name;
                    return Err(refusal::unsupported(
                        &format!("{name} has no single key"),
                        "Say which column the figure is of.",
                    ));
                };
                let id = ColumnId { table, column };
                self.readings
                    .push(self.reading(&self.index().table(table).name, id));
                Ok(id)
            }
            Left::Naming => match self.index().facts[table].naming.as_slice() {
                [one] => Ok(ColumnId {
                    table,
                    column: *one,
                }),
                _ => Err(refusal::unsupported(
                    &format!("{} have no single name", self.index().table(table).name),
                    "Say which column holds the name.",
                )),
            },
        }
    }

    /// `orders over 100`: the figure meant when a table has only one that is no key.
    fn only_figure(&mut self, table: usize) -> Result<ColumnId, Cannot> {
        let definition = self.index().table(table);
        let is_key = |column: usize| {
            definition.primary_key.contains(&column)
                || definition
                    .foreign_keys
                    .iter()
                    .any(|key| key.columns.contains(&column))
                || definition.columns[column]
                    .name
                    .to_lowercase()
                    .ends_with("id")
        };
        let figures: Vec<ColumnId> = (0..definition.columns.len())
            .filter(|column| {
                matches!(
                    definition.columns[*column].kind,
                    TypeKind::Integer | TypeKind::Number
                )
            })
            .filter(|column| !is_key(*column))
            .map(|column| ColumnId { table, column })
            .collect();
        match figures.as_slice() {
            [one] => {
                self.readings.push(self.reading("the figure", *one));
                Ok(*one)
            }
            [] => Err(refusal::dangling("than")),
            several => Err(refusal::ambiguous(
                "the figure",
                &self.column_names(several),
            )),
        }
    }
}
