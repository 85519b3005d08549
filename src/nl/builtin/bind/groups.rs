//! What rows are put together by.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Function;
use crate::nl::builtin::draft::Key;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::SortKey;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::lexicon::End;
use crate::nl::builtin::query::Expr;
use crate::nl::builtin::query::Filter;
use crate::nl::builtin::refusal;
use crate::sql::schema::TypeKind;

use super::Binder;

impl Binder<'_, '_> {
    pub(super) fn bind_group(&mut self) -> Result<(), Cannot> {
        let mut shown: Vec<Expr> = Vec::new();
        for key in &self.draft.group {
            match key {
                Key::Name(mention) => {
                    let tables_only = mention
                        .hits
                        .iter()
                        .all(|hit| matches!(hit.target, Target::Table(_)));
                    if tables_only {
                        let table = self.table_of(mention)?;
                        self.group_by_table(table, &mut shown);
                    } else {
                        let id = self.asked_column(mention)?;
                        self.push_group(Expr::Column(id));
                        shown.push(Expr::Column(id));
                    }
                }
                Key::Time(unit) => {
                    let id = self.date_for_group()?;
                    self.readings.push(self.reading(unit.name(), id));
                    self.push_group(Expr::Start(*unit, id));
                    shown.push(Expr::Start(*unit, id));
                }
                Key::Outputs => {}
            }
        }
        self.add_up_ranks()?;
        let aggregates = self
            .query
            .outputs
            .iter()
            .chain(self.query.order.iter().map(|(e, _)| e));
        if !aggregates.clone().any(Expr::is_aggregate) {
            // `the cheapest product of each category` is one row for each, not one in all.
            if self.draft.limit.is_some() && !self.draft.group.is_empty() {
                if let Some(extreme) = self.extreme_of_each() {
                    self.keep_extreme(extreme, shown);
                    return Ok(());
                }
                return Err(refusal::unsupported(
                    "the first rows of each group cannot be asked for",
                    "Ask for the greatest or smallest value of each group.",
                ));
            }
            // `the name of each shop` groups nothing.
            self.query.group.clear();
            if self.query.outputs.is_empty() {
                self.query.outputs = shown;
            }
            return Ok(());
        }
        if let (true, Some(key)) = (self.query.order.is_empty(), shown.first().cloned())
            && self.is_time(&key)
        {
            self.query.order.push((key, End::Min));
        }
        self.show_keys(shown);
        self.group_outputs();
        self.order_by_measure();
        Ok(())
    }

    /// `the cheapest product of each category`: those that cost as little as any of their category.
    fn extreme_of_each(&self) -> Option<Filter> {
        let one = Some(Literal::Number("1".to_owned()));
        let ([(Expr::Column(by), end)], true) = (&self.query.order[..], self.draft.limit == one)
        else {
            return None;
        };
        let Some(Expr::Column(key)) = self.query.group.first() else {
            return None;
        };
        let within = if key.table == by.table {
            key.column
        } else {
            let path = self
                .around
                .graph
                .path(&[by.table], key.table, &self.cues)
                .ok()?;
            match &path[..] {
                [edge] if !edge.many => edge.columns.first()?.0,
                _ => return None,
            }
        };
        (by.table == self.subject).then(|| Filter::Extreme {
            by: *by,
            end: *end,
            within,
            among: Vec::new(),
        })
    }

    /// Shows the groups, what is asked for of each, and the value that it is the greatest by.
    fn keep_extreme(&mut self, extreme: Filter, shown: Vec<Expr>) {
        let by = extreme.columns().into_iter().map(Expr::Column);
        let asked = std::mem::take(&mut self.query.outputs);
        for expr in shown.into_iter().chain(asked).chain(by) {
            if !self.query.outputs.contains(&expr) {
                self.query.outputs.push(expr);
            }
        }
        self.query.group.clear();
        self.query.order.clear();
        self.limited = true;
        self.query.filters.push(extreme);
    }

    /// Groups nobody ordered come with the greatest first, which is what is looked for.
    fn order_by_measure(&mut self) {
        let measures: Vec<&Expr> = self
            .query
            .outputs
            .iter()
            .filter(|expr| expr.is_aggregate())
            .collect();
        if let ([measure], true, false) = (
            measures.as_slice(),
            self.query.order.is_empty(),
            self.query.group.is_empty(),
        ) {
            let measure = (*measure).clone();
            self.query.order.push((measure, End::Max));
        }
    }

    fn is_time(&self, key: &Expr) -> bool {
        match key {
            Expr::Start(..) => true,
            Expr::Column(id) => {
                let facts = &self.index().facts[id.table];
                facts.years.contains(&id.column) || facts.dates.contains(&id.column)
            }
            _ => false,
        }
    }

    /// Keys come first, unless something of them is shown already.
    fn show_keys(&mut self, shown: Vec<Expr>) {
        let plain: Vec<Expr> = self
            .query
            .outputs
            .iter()
            .filter(|expr| !expr.is_aggregate())
            .cloned()
            .collect();
        let missing: Vec<Expr> = shown
            .into_iter()
            .filter(|key| match key {
                Expr::Column(id) if self.index().facts[id.table].naming.contains(&id.column) => {
                    !plain.iter().any(|other| other.table() == id.table)
                }
                other => !plain.contains(other),
            })
            .collect();
        self.query.outputs.splice(0..0, missing);
    }

    /// What is shown beside an aggregate is grouped by, and by the key it depends on.
    fn group_outputs(&mut self) {
        // `the country of the airline with the fewest flights` is about one airline.
        let explicit = self.query.group.is_empty()
            && self
                .draft
                .entities
                .iter()
                .zip(&self.entities)
                .any(|(entity, table)| {
                    matches!(entity.role, Role::Head | Role::Owner) && *table == self.subject
                });
        for output in self.query.outputs.clone() {
            if output.is_aggregate() {
                continue;
            }
            let names_row = matches!(&output, Expr::Column(id)
                if self.index().facts[id.table].naming.contains(&id.column));
            let is_key = self.query.group.contains(&output);
            let of_entity = explicit && output.table() == self.subject;
            if (names_row || of_entity) && !is_key && output.table() != self.query.base {
                self.push_key(output.table());
            }
            self.push_group(output);
        }
        for (expr, _) in self.query.order.clone() {
            let keyed = self
                .index()
                .table(expr.table())
                .primary_key
                .iter()
                .any(|column| {
                    let key = ColumnId {
                        table: expr.table(),
                        column: *column,
                    };
                    self.query.group.contains(&Expr::Column(key))
                });
            if !expr.is_aggregate() && keyed {
                self.push_group(expr);
            }
        }
    }

    fn group_by_table(&mut self, table: usize, shown: &mut Vec<Expr>) {
        if let Some(own) = self.own_reference(table) {
            self.push_group(own.clone());
            shown.push(own);
            return;
        }
        self.push_key(table);
        for expr in self.naming(table) {
            self.push_group(expr.clone());
            shown.push(expr);
        }
    }

    /// The column of the base that holds what names a row of the table: no join is needed.
    fn own_reference(&self, table: usize) -> Option<Expr> {
        let base = self.query.base;
        let path = self.around.graph.path(&[base], table, &self.cues).ok()?;
        let [edge] = path.as_slice() else { return None };
        let [(own, other)] = edge.columns[..] else {
            return None;
        };
        let names = self.index().facts[table].naming == [other] && !self.main.contains(&table);
        (names && !edge.many).then_some(Expr::Column(ColumnId {
            table: base,
            column: own,
        }))
    }

    fn push_key(&mut self, table: usize) {
        let mut columns = self.index().table(table).primary_key.clone();
        if columns.is_empty() {
            columns.extend(self.index().facts[table].key);
        }
        for column in columns {
            self.push_group(Expr::Column(ColumnId { table, column }));
        }
    }

    fn push_group(&mut self, expr: Expr) {
        self.join(expr.table());
        if !self.query.group.contains(&expr) {
            self.query.group.push(expr);
        }
    }

    /// `top 5 customers by order amount` means the sum when a customer has many orders.
    fn add_up_ranks(&mut self) -> Result<(), Cannot> {
        let one = Some(Literal::Number("1".to_owned()));
        if self.draft.limit.is_none() || !self.query.group.is_empty() {
            return Ok(());
        }
        let single = self.draft.limit == one;
        for position in 0..self.query.order.len() {
            let (Expr::Column(id), _) = self.query.order[position] else {
                continue;
            };
            let by_name = match self.draft.order.get(position).map(|sort| &sort.key) {
                Some(SortKey::Name(_)) => !single,
                Some(SortKey::Most(_)) => true,
                _ => false,
            };
            let path = self
                .around
                .graph
                .path(&[self.subject], id.table, &self.cues)?;
            if !by_name || !path.iter().any(|edge| edge.many) {
                continue;
            }
            let column = self.index().column(id);
            if !matches!(column.kind, TypeKind::Integer | TypeKind::Number) {
                return Err(refusal::unsupported(
                    &format!("\"{}\" holds no figures to rank by", column.name),
                    "Rank by a figure, or by the number of something.",
                ));
            }
            let sum = Expr::Aggregate(Function::Sum, id);
            self.readings
                .push(format!("\"{}\" is added up", column.name));
            for output in &mut self.query.outputs {
                if *output == Expr::Column(id) {
                    *output = sum.clone();
                }
            }
            self.query.order[position].0 = sum;
            self.query.base = id.table;
        }
        Ok(())
    }
}
