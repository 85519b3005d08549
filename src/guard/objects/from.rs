//! FROM clauses.

use sqlparser::ast::JoinConstraint;
use sqlparser::ast::JoinOperator;
use sqlparser::ast::TableAlias;
use sqlparser::ast::TableFactor;
use sqlparser::ast::TableWithJoins;

use super::scope::Item;
use super::scope::Outputs;
use super::scope::Shape;
use super::walk::Position;
use super::walk::Refused;
use super::walk::Walk;
use super::walk::refuse;

impl Walk<'_> {
    /// Puts the items of a FROM clause into the innermost scope.
    pub(super) fn from(&mut self, items: &[TableWithJoins]) -> Result<(), Refused> {
        items.iter().try_for_each(|item| self.joined(item))
    }

    fn joined(&mut self, item: &TableWithJoins) -> Result<(), Refused> {
        self.factor(&item.relation)?;
        for join in &item.joins {
            self.factor(&join.relation)?;
            self.join(&join.join_operator)?;
        }
        Ok(())
    }

    fn join(&mut self, operator: &JoinOperator) -> Result<(), Refused> {
        let (JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint)) = operator
        else {
            return Err(self.unresolved());
        };
        match constraint {
            JoinConstraint::None => Ok(()),
            JoinConstraint::On(condition) => self.read(condition),
            JoinConstraint::Using(columns) => {
                for column in columns {
                    let mut parts = self.parts(column)?;
                    let name = parts.pop().unwrap_or_default();
                    if let Some(treatment) = self.named_column(&name) {
                        return refuse(&treatment);
                    }
                }
                Ok(())
            }
            // Which columns it compares depends on what there is.
            JoinConstraint::Natural => match self.any_treated() {
                Some(treatment) => refuse(&treatment),
                None => Ok(()),
            },
        }
    }

    /// One item.
    pub(super) fn factor(&mut self, factor: &TableFactor) -> Result<(), Refused> {
        let (alias, shape) = match factor {
            TableFactor::Table { name, .. } => {
                let shape = self.table(factor)?;
                let own = name.0.last().and_then(|part| part.as_ident());
                let own = own.map(|ident| self.name(ident));
                return self.put(own, factor_alias(factor), shape);
            }
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample: None,
            } => {
                let outputs = if *lateral {
                    self.query(subquery, Position::Derived)?
                } else {
                    // What stands beside it cannot be named in it.
                    self.without_siblings(|walk| walk.query(subquery, Position::Derived))?
                };
                (alias.as_ref(), Shape::Outputs(outputs))
            }
            TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::JsonTable { alias, .. }
            | TableFactor::XmlTable { alias, .. } => {
                self.read(factor)?;
                (alias.as_ref(), Shape::Unknown)
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                self.joined(table_with_joins)?;
                let Some(alias) = alias else { return Ok(()) };
                // The columns of the whole join, whatever they are.
                if let Some(treatment) = self.any_treated() {
                    return refuse(&treatment);
                }
                (Some(alias), Shape::Unknown)
            }
            _ => return Err(self.unresolved()),
        };
        self.put(None, alias, shape)
    }

    fn table(&mut self, factor: &TableFactor) -> Result<Shape, Refused> {
        let TableFactor::Table {
            name,
            args,
            with_hints,
            version: None,
            partitions,
            json_path: None,
            sample,
            index_hints,
            ..
        } = factor
        else {
            return Err(self.unresolved());
        };
        if !with_hints.is_empty() || !partitions.is_empty() || !index_hints.is_empty() {
            return Err(self.unresolved());
        }
        self.read(sample)?;
        if let Some(args) = args {
            self.parts(name)?;
            self.read(args)?;
            return Ok(Shape::Unknown);
        }
        if let [only] = &self.parts(name)?[..]
            && let Some((_, outputs)) = self.with.iter().rev().find(|(cte, _)| cte == only)
        {
            self.spend(outputs.columns.len())?;
            return Ok(Shape::Outputs(outputs.clone()));
        }
        self.relation(name)
    }

    /// Puts an item into the innermost scope under its alias, or its own name.
    pub(super) fn put(
        &mut self,
        own: Option<String>,
        alias: Option<&TableAlias>,
        shape: Shape,
    ) -> Result<(), Refused> {
        let mut item = Item { name: own, shape };
        if let Some(alias) = alias {
            if alias.at.is_some() {
                return Err(self.unresolved());
            }
            item.name = Some(self.name(&alias.name));
            if !alias.columns.is_empty() {
                let outputs = item.shape.outputs(self.rules);
                self.spend(outputs.columns.len())?;
                item.shape = Shape::Outputs(self.alias_columns(outputs, alias));
            }
        }
        match self.scopes.last_mut() {
            Some(scope) => scope.items.push(item),
            None => return Err(self.unresolved()),
        }
        Ok(())
    }

    /// `outputs` under the names that an alias gives them.
    pub(super) fn alias_columns(&mut self, outputs: Outputs, alias: &TableAlias) -> Outputs {
        let names: Vec<String> = alias
            .columns
            .iter()
            .map(|column| self.name(&column.name))
            .collect();
        outputs.renamed(names.into_iter())
    }

    /// Does something that sees the queries around, but not the FROM clause it stands in.
    fn without_siblings<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> T {
        let siblings = self.scopes.pop();
        let done = step(self);
        self.scopes.extend(siblings);
        done
    }

    /// Does something that sees what the query around sees.
    pub(super) fn apart<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> T {
        let scopes = self.scopes.len();
        let done = step(self);
        self.scopes.truncate(scopes);
        done
    }
}

fn factor_alias(factor: &TableFactor) -> Option<&TableAlias> {
    match factor {
        TableFactor::Table { alias, .. } => alias.as_ref(),
        _ => None,
    }
}
