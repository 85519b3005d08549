//! What is shown: columns, names of entities, whole rows, aggregates.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Function;
use crate::nl::builtin::draft::Kept;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Measure;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Output;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::Sort;
use crate::nl::builtin::draft::SortKey;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::naming;
use crate::nl::builtin::query::Expr;
use crate::nl::builtin::query::Whole;
use crate::nl::builtin::refusal;
use crate::sql::schema::TypeKind;

use super::Binder;

impl Binder<'_, '_> {
    pub(super) fn bind_outputs(&mut self) -> Result<(), Cannot> {
        let mut outputs: Vec<Expr> = Vec::new();
        for output in &self.draft.outputs {
            match output {
                Output::Name(mention) => outputs.extend(self.named(mention)?),
                Output::Measure(measure) => outputs.push(self.measure(measure)?),
            }
        }
        if outputs.is_empty() && self.draft.group.is_empty() {
            outputs = self.rows(self.subject);
        }
        let mut unique: Vec<Expr> = Vec::new();
        for output in outputs {
            self.join(output.table());
            if !unique.contains(&output) {
                unique.push(output);
            }
        }
        let aggregate = unique.iter().find(|output| output.is_aggregate());
        self.query.base = aggregate.map_or(self.subject, Expr::table);
        self.join(self.query.base);
        self.query.outputs = unique;
        Ok(())
    }

    /// Every column of a table.
    pub(super) fn rows(&self, table: usize) -> Vec<Expr> {
        let columns = 0..self.index().table(table).columns.len();
        columns
            .map(|column| Expr::Column(ColumnId { table, column }))
            .collect()
    }

    /// The columns that tell a table's rows apart: for a person, else the key, else all.
    pub(super) fn naming(&self, table: usize) -> Vec<Expr> {
        let naming = &self.index().facts[table].naming;
        if naming.is_empty() {
            let key = &self.index().table(table).primary_key;
            if key.is_empty() {
                return self.rows(table);
            }
            return key
                .iter()
                .map(|column| {
                    Expr::Column(ColumnId {
                        table,
                        column: *column,
                    })
                })
                .collect();
        }
        naming
            .iter()
            .map(|column| {
                Expr::Column(ColumnId {
                    table,
                    column: *column,
                })
            })
            .collect()
    }

    fn named(&self, mention: &Mention) -> Result<Vec<Expr>, Cannot> {
        let entity = self
            .draft
            .entities
            .iter()
            .position(|entity| entity.mention.at == mention.at && entity.role == Role::Head);
        let Some(entity) = entity else {
            if let Some(naming) = self.whole_name(mention) {
                return Ok(naming);
            }
            let id = self.asked_column(mention)?;
            return Ok(self
                .referred(mention, id)
                .unwrap_or_else(|| vec![Expr::Column(id)]));
        };
        let table = self.entities[entity];
        let nameless = self.index().facts[table].naming.is_empty();
        let measured = |sort: &Sort| matches!(sort.key, SortKey::Measure(_));
        let whole = (self.draft.rows || nameless)
            && self.draft.outputs.len() == 1
            && self.draft.group.is_empty()
            && !self.draft.order.iter().any(measured);
        Ok(if whole {
            self.rows(table)
        } else {
            self.naming(table)
        })
    }

    /// What names the row that a column refers to: the advisor's name rather than the id.
    fn referred(&self, mention: &Mention, id: ColumnId) -> Option<Vec<Expr>> {
        let to = self.index().target(id)?;
        let column = naming::segments(&self.index().column(id).name);
        let said = naming::segments(&mention.text);
        let last = column.last()?;
        let key = matches!(last.as_str(), "id" | "fk" | "ref" | "no" | "code");
        let whole = !key || said.contains(last);
        let only = self.around.graph.references(id.table, to).len() == 1;
        let named = !self.index().facts[to].naming.is_empty();
        (!whole && only && named && to != id.table).then(|| self.naming(to))
    }

    /// The `name` of a table that keeps it in two columns.
    fn whole_name(&self, mention: &Mention) -> Option<Vec<Expr>> {
        let table = self.asked_table(mention)?;
        let best = super::columns::closest_in(mention, table)?.closeness;
        let close: Vec<usize> = mention
            .hits
            .iter()
            .filter_map(|hit| match hit.target {
                Target::Column(id) if id.table == table && hit.closeness == best => Some(id.column),
                _ => None,
            })
            .collect();
        let naming = &self.index().facts[table].naming;
        (naming.len() > 1 && close == *naming).then(|| self.naming(table))
    }

    /// An aggregate of one table.
    pub(super) fn measure(&self, measure: &Measure) -> Result<Expr, Cannot> {
        let Some(mention) = &measure.of else {
            return Ok(Expr::Rows(self.subject));
        };
        let tables_only = mention
            .hits
            .iter()
            .all(|hit| matches!(hit.target, Target::Table(_)));
        let whole = match measure.function {
            Function::Share => Some(Whole::Hundred),
            Function::Fraction => Some(Whole::One),
            _ => None,
        };
        if let Some(whole) = whole {
            let table = self.table_of(&without_columns(mention))?;
            return Ok(Expr::Share(table, whole));
        }
        if measure.function == Function::Count && tables_only {
            return Ok(Expr::Rows(self.table_of(mention)?));
        }
        let id = self.asked_column(mention)?;
        let column = self.index().column(id);
        let adds = matches!(
            column.kind,
            TypeKind::Integer | TypeKind::Number | TypeKind::Interval
        );
        let unordered = matches!(
            column.kind,
            TypeKind::Boolean | TypeKind::Uuid | TypeKind::Json | TypeKind::Other
        );
        if unordered && matches!(measure.function, Function::Min | Function::Max) {
            return Err(refusal::unsupported(
                &format!("\"{}\" has no greatest or smallest value", mention.text),
                "Ask for how many there are of each value.",
            ));
        }
        if super::adds_up(measure.function) && !adds {
            return Err(refusal::unsupported(
                &format!("\"{}\" holds no figures to add up", mention.text),
                "Ask for its greatest or smallest value, or count it.",
            ));
        }
        Ok(Expr::Aggregate(measure.function, id))
    }

    /// `top 5 customers by …` shows the measure beside the name.
    pub(super) fn show_rank(&mut self) {
        let several = match &self.draft.limit {
            Some(limit) => *limit != Literal::Number("1".to_owned()),
            None => self.draft.kept == Kept::All,
        };
        let ranked_entity = several
            && self.draft.outputs.len() == 1
            && self
                .draft
                .entities
                .iter()
                .any(|entity| entity.role == Role::Head);
        if !ranked_entity {
            return;
        }
        for (expr, _) in self.query.order.clone() {
            if !self.query.outputs.contains(&expr) {
                self.query.outputs.push(expr);
            }
        }
    }

    /// A line that says what a word was taken for.
    pub(super) fn reading(&self, text: &str, id: ColumnId) -> String {
        let table = self.index().table(id.table);
        format!(
            "\"{text}\" = {}.{}",
            table.name, table.columns[id.column].name
        )
    }
}

/// A mention without the columns that are called as its table is.
fn without_columns(mention: &Mention) -> Mention {
    let mut tables = mention.clone();
    tables
        .hits
        .retain(|hit| matches!(hit.target, Target::Table(_)));
    tables
}
