//! What stands in FROM: relations that the role can see, subqueries, joins, a few functions.

use sqlparser::ast::Join;
use sqlparser::ast::JoinConstraint;
use sqlparser::ast::JoinOperator;
use sqlparser::ast::ObjectName;
use sqlparser::ast::TableAlias;
use sqlparser::ast::TableAliasColumnDef;
use sqlparser::ast::TableFactor;
use sqlparser::ast::TableFunctionArgs;
use sqlparser::ast::TableWithJoins;

use crate::guard::Refusal;

use super::name;
use super::output::Output;
use super::output::Outputs;
use super::scope::Source;
use super::table_function::Call;
use super::type_names;
use super::visible;
use super::writer::Writer;
use super::writer::not_allowed;

impl Writer<'_> {
    /// Writes the items of a FROM clause and puts what they name into the innermost scope.
    pub(super) fn from(&mut self, items: &[TableWithJoins]) -> Result<(), Refusal> {
        self.list(items, Self::joined)?;
        self.innermost().from = 0;
        Ok(())
    }

    fn joined(&mut self, item: &TableWithJoins) -> Result<(), Refusal> {
        let begin = self.innermost().sources.len();
        self.factor(&item.relation)?;
        for join in &item.joins {
            self.join(join, begin)?;
        }
        Ok(())
    }

    fn join(&mut self, join: &Join, begin: usize) -> Result<(), Refusal> {
        let Join {
            relation,
            global: false,
            join_operator,
        } = join
        else {
            return not_allowed("GLOBAL JOIN");
        };
        let (word, constraint) = match join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => {
                ("JOIN", constraint)
            }
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
                ("LEFT JOIN", constraint)
            }
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
                ("RIGHT JOIN", constraint)
            }
            JoinOperator::FullOuter(constraint) => ("FULL JOIN", constraint),
            JoinOperator::CrossJoin(constraint @ JoinConstraint::None) => {
                ("CROSS JOIN", constraint)
            }
            _ => return not_allowed("this kind of join"),
        };
        if matches!(constraint, JoinConstraint::Natural) {
            self.innermost().merges = true;
            self.word("NATURAL");
        }
        self.word(word);
        self.factor(relation)?;
        match constraint {
            JoinConstraint::On(condition) => {
                self.innermost().from = begin;
                self.word("ON");
                self.expression(condition)
            }
            JoinConstraint::Using(columns) => {
                self.innermost().merges = true;
                self.using(columns, begin)
            }
            JoinConstraint::Natural | JoinConstraint::None => Ok(()),
        }
    }

    fn using(&mut self, columns: &[ObjectName], begin: usize) -> Result<(), Refusal> {
        self.word("USING");
        self.parenthesised(|writer| {
            writer.list(columns, |writer, column| {
                let parts = name::parts(column)?;
                let [own] = &parts[..] else {
                    return not_allowed("a qualified name in USING");
                };
                let scope = writer.innermost();
                scope.from = begin;
                if !scope
                    .columns()
                    .any(|column| column.name == *own && !column.opaque)
                {
                    return Err(writer.no_column(own));
                }
                writer.name(own);
                Ok(())
            })
        })
    }

    fn factor(&mut self, factor: &TableFactor) -> Result<(), Refusal> {
        self.step()?;
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version: None,
                with_ordinality,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                match args {
                    None if !with_ordinality => self.relation(name, alias.as_ref()),
                    None => not_allowed("WITH ORDINALITY on a table"),
                    Some(TableFunctionArgs {
                        args,
                        settings: None,
                    }) => {
                        let call = Call {
                            name,
                            args,
                            with_ordinality: *with_ordinality,
                        };
                        self.call(&call, alias.as_ref())
                    }
                    Some(_) => not_allowed("SETTINGS"),
                }
            }
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample: None,
            } => {
                self.sees(*lateral);
                if *lateral {
                    self.word("LATERAL");
                }
                let outputs = self.parenthesised(|writer| writer.query(subquery))?;
                self.aliased(outputs, alias.as_ref())
            }
            TableFactor::Function {
                lateral,
                name,
                args,
                with_ordinality,
                alias,
            } => {
                if *lateral {
                    self.word("LATERAL");
                }
                let call = Call {
                    name,
                    args,
                    with_ordinality: *with_ordinality,
                };
                self.call(&call, alias.as_ref())
            }
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset: false,
                with_offset_alias: None,
                with_ordinality,
            } => self.unnest(array_exprs, (*with_ordinality, alias.as_ref())),
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => self.nested(table_with_joins, alias.as_ref()),
            _ => not_allowed("this item of FROM"),
        }
    }

    fn relation(&mut self, name: &ObjectName, alias: Option<&TableAlias>) -> Result<(), Refusal> {
        let parts = name::parts(name)?;
        if let [own] = &parts[..]
            && let Some(cte) = self.ctes.iter().rev().find(|cte| cte.name == *own)
        {
            let outputs = Outputs {
                columns: cte.columns.clone(),
                unordered: false,
            };
            self.name(own);
            if alias.is_some() {
                return self.aliased(outputs, alias);
            }
            self.source(Some(own.clone()), None, outputs.columns);
            return Ok(());
        }
        let table = visible::resolve(self.sight.tables, &parts)?;
        self.reads(table.oid)?;
        self.name(&table.schema);
        self.put(".");
        self.name(&table.name);
        let columns = table.columns.iter().map(|column| Output {
            name: column.name.clone(),
            opaque: type_names::is_opaque(column),
        });
        let columns: Vec<_> = columns.collect();
        if alias.is_some() {
            return self.aliased(
                Outputs {
                    columns,
                    unordered: false,
                },
                alias,
            );
        }
        self.source(
            Some(table.name.clone()),
            Some(table.schema.clone()),
            columns,
        );
        Ok(())
    }

    fn nested(
        &mut self,
        tables: &TableWithJoins,
        alias: Option<&TableAlias>,
    ) -> Result<(), Refusal> {
        let begin = self.innermost().sources.len();
        self.parenthesised(|writer| writer.joined(tables))?;
        if alias.is_none() {
            return Ok(());
        }
        let scope = self.innermost();
        let inside = scope.sources.split_off(begin);
        let columns = inside
            .into_iter()
            .flat_map(|source| source.columns)
            .collect();
        let unordered = scope.merges;
        self.aliased(Outputs { columns, unordered }, alias)
    }

    /// Writes an alias, if there is one, and adds what it names to the scope.
    pub(super) fn aliased(
        &mut self,
        outputs: Outputs,
        alias: Option<&TableAlias>,
    ) -> Result<(), Refusal> {
        let Some(TableAlias {
            explicit: _,
            name,
            columns,
            at: None,
        }) = alias
        else {
            if alias.is_some() {
                return not_allowed("this form of alias");
            }
            self.source(None, None, outputs.columns);
            return Ok(());
        };
        self.word("AS");
        let name = self.ident(name)?;
        let columns = self.renamed(outputs, columns)?;
        self.source(Some(name), None, columns);
        Ok(())
    }

    /// Writes a list of column names, if there is one; the columns under their new names.
    pub(super) fn renamed(
        &mut self,
        outputs: Outputs,
        names: &[TableAliasColumnDef],
    ) -> Result<Vec<Output>, Refusal> {
        let mut columns = outputs.columns;
        if names.is_empty() {
            return Ok(columns);
        }
        if outputs.unordered {
            return not_allowed("a list of column names over a join with USING and a star");
        }
        if names.len() > columns.len() {
            let message = format!(
                "{} columns are named where there are {}",
                names.len(),
                columns.len()
            );
            return Err(Refusal::new("column", "42P10", message));
        }
        self.put("(");
        self.list(names, |writer, column| match column {
            TableAliasColumnDef {
                name,
                data_type: None,
            } => writer.ident(name).map(drop),
            TableAliasColumnDef { .. } => not_allowed("a column definition list"),
        })?;
        self.put(")");
        for (column, new) in columns.iter_mut().zip(names) {
            column.name = name::folded(&new.name)?;
        }
        Ok(columns)
    }

    /// Adds something that can be named to the innermost scope.
    pub(super) fn source(
        &mut self,
        name: Option<String>,
        schema: Option<String>,
        columns: Vec<Output>,
    ) {
        self.innermost().sources.push(Source {
            name,
            schema,
            columns,
        });
    }

    /// What the next item of FROM may name of the items before it: with LATERAL all, else none.
    pub(super) fn sees(&mut self, lateral: bool) {
        let scope = self.innermost();
        scope.from = if lateral { 0 } else { scope.sources.len() };
    }
}
