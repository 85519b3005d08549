//! INSERT, UPDATE, DELETE and MERGE: a treated column may be written, but not read.

use sqlparser::ast::Assignment;
use sqlparser::ast::AssignmentTarget;
use sqlparser::ast::Delete;
use sqlparser::ast::FromTable;
use sqlparser::ast::Insert;
use sqlparser::ast::Merge;
use sqlparser::ast::OnConflictAction;
use sqlparser::ast::OnInsert;
use sqlparser::ast::SelectItem;
use sqlparser::ast::TableObject;
use sqlparser::ast::Update;
use sqlparser::ast::UpdateTableFromKind;

use super::scope::Item;
use super::scope::Outputs;
use super::scope::Scope;
use super::scope::Shape;
use super::walk::Position;
use super::walk::Refused;
use super::walk::Walk;

impl Walk<'_> {
    pub(super) fn insert(
        &mut self,
        insert: &Insert,
        position: Position,
    ) -> Result<Outputs, Refused> {
        let is_plain = insert.or.is_none()
            && !insert.overwrite
            && insert.assignments.is_empty()
            && insert.partitioned.is_none()
            && insert.after_columns.is_empty()
            && insert.output.is_none()
            && insert.insert_alias.is_none()
            && insert.settings.is_none()
            && insert.format_clause.is_none()
            && insert.multi_table_insert_type.is_none();
        let TableObject::TableName(table) = &insert.table else {
            return Err(self.unresolved());
        };
        if !is_plain {
            return Err(self.unresolved());
        }
        if let Some(source) = &insert.source {
            self.query(source, Position::Value)?;
        }
        for column in &insert.columns {
            self.parts(column)?;
        }
        let shape = self.relation(table)?;
        let alias = insert.table_alias.as_ref().map(|alias| &alias.alias);
        let own = table.0.last().and_then(|part| part.as_ident());
        let name = alias.or(own).map(|ident| self.name(ident));
        let target = Item { name, shape };
        self.scopes.push(Scope {
            items: vec![target],
        });
        self.on_conflict(insert.on.as_ref())?;
        self.returning(insert.returning.as_deref(), position)
    }

    /// What was to be inserted is the client's own.
    fn on_conflict(&mut self, on: Option<&OnInsert>) -> Result<(), Refused> {
        match on {
            None => Ok(()),
            Some(OnInsert::OnConflict(conflict)) => match &conflict.action {
                OnConflictAction::DoNothing => Ok(()),
                OnConflictAction::DoUpdate(update) => {
                    if let Some(scope) = self.scopes.last_mut() {
                        scope.items.push(Item {
                            name: Some("excluded".to_owned()),
                            shape: Shape::Unknown,
                        });
                    }
                    self.assignments(&update.assignments)?;
                    self.read(&update.selection)?;
                    if let Some(scope) = self.scopes.last_mut() {
                        scope.items.pop();
                    }
                    Ok(())
                }
            },
            Some(_) => Err(self.unresolved()),
        }
    }

    pub(super) fn update(
        &mut self,
        update: &Update,
        position: Position,
    ) -> Result<Outputs, Refused> {
        let is_plain = update.output.is_none()
            && update.or.is_none()
            && update.order_by.is_empty()
            && update.limit.is_none();
        if !is_plain {
            return Err(self.unresolved());
        }
        self.scopes.push(Scope::default());
        // The target is never a name of WITH.
        let with = std::mem::take(&mut self.with);
        let target = self.from(std::slice::from_ref(&update.table));
        self.with = with;
        target?;
        match &update.from {
            None => {}
            Some(UpdateTableFromKind::BeforeSet(items) | UpdateTableFromKind::AfterSet(items)) => {
                self.from(items)?;
            }
        }
        self.assignments(&update.assignments)?;
        self.read(&update.selection)?;
        self.returning(update.returning.as_deref(), position)
    }

    pub(super) fn delete(
        &mut self,
        delete: &Delete,
        position: Position,
    ) -> Result<Outputs, Refused> {
        let is_plain = delete.tables.is_empty()
            && delete.output.is_none()
            && delete.order_by.is_empty()
            && delete.limit.is_none();
        let FromTable::WithFromKeyword(target) = &delete.from else {
            return Err(self.unresolved());
        };
        if !is_plain {
            return Err(self.unresolved());
        }
        self.scopes.push(Scope::default());
        let with = std::mem::take(&mut self.with);
        let done = self.from(target);
        self.with = with;
        done?;
        if let Some(using) = &delete.using {
            self.from(using)?;
        }
        self.read(&delete.selection)?;
        self.returning(delete.returning.as_deref(), position)
    }

    pub(super) fn merge(&mut self, merge: &Merge) -> Result<Outputs, Refused> {
        if merge.output.is_some() {
            return Err(self.unresolved());
        }
        self.scopes.push(Scope::default());
        let with = std::mem::take(&mut self.with);
        let target = self.factor(&merge.table);
        self.with = with;
        target?;
        self.factor(&merge.source)?;
        self.read(&*merge.on)?;
        self.read(&merge.clauses)?;
        self.scopes.pop();
        Ok(Outputs::default())
    }

    fn assignments(&mut self, assignments: &[Assignment]) -> Result<(), Refused> {
        for Assignment { target, value } in assignments {
            let columns = match target {
                AssignmentTarget::ColumnName(column) => std::slice::from_ref(column),
                AssignmentTarget::Tuple(columns) => columns,
            };
            for column in columns {
                self.parts(column)?;
            }
            self.read(value)?;
        }
        Ok(())
    }

    /// RETURNING, after which the scope of the statement ends.
    fn returning(
        &mut self,
        items: Option<&[SelectItem]>,
        position: Position,
    ) -> Result<Outputs, Refused> {
        let outputs = match items {
            Some(items) => self.select_list(items, position)?,
            None => Outputs::default(),
        };
        self.scopes.pop();
        Ok(outputs)
    }
}
