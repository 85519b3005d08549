//! Resolves every name of a statement's tree that may stand for something out of bounds.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;

use sqlparser::ast::Ident;
use sqlparser::ast::ObjectName;
use sqlparser::ast::Statement;

use super::ObjectRules;
use super::access::Access;
use super::columns::Treatment;
use super::scope::Outputs;
use super::scope::Scope;
use super::scope::Shape;
use super::tokens::clipped;
use super::tree::Tree;
use crate::guard::refusal::Refusal;

/// Columns copied and items looked at for one statement; sensible ones need some hundreds.
const MOST_WORK: usize = 500_000;

/// Why a statement does not pass.
pub(super) type Refused = Arc<Refusal>;

/// What becomes of a query's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// The client gets them, with where they come from.
    Result,
    /// They are read by the query around it, under names.
    Derived,
    /// Their values are used or stored.
    Value,
    /// Only whether there are any counts.
    Exists,
}

/// A walk through one tree.
pub(super) struct Walk<'a> {
    pub rules: &'a ObjectRules,
    tree: &'a Tree,
    /// Offsets of the names that were resolved.
    seen: HashSet<u32>,
    /// What can be named, the innermost last.
    pub scopes: Vec<Scope>,
    /// What the walk has cost so far.
    work: Cell<usize>,
    /// The names that WITH has given so far, the innermost last.
    pub with: Vec<(String, Outputs)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(rules: &'a ObjectRules, tree: &'a Tree) -> Self {
        Self {
            rules,
            tree,
            seen: HashSet::new(),
            scopes: Vec::new(),
            work: Cell::new(0),
            with: Vec::new(),
        }
    }

    /// Walks the whole tree, whose rows become what `position` says. Each name at one of the offsets
    /// `candidates` must have been resolved in the end.
    pub(super) fn all(mut self, position: Position, candidates: &[u32]) -> Result<(), Refused> {
        let tree = self.tree;
        self.statement(&tree.statement, position)?;
        if candidates.iter().all(|offset| self.seen.contains(offset)) {
            Ok(())
        } else {
            Err(self.unresolved())
        }
    }

    pub(super) fn statement(
        &mut self,
        statement: &Statement,
        position: Position,
    ) -> Result<Outputs, Refused> {
        match statement {
            Statement::Query(query) => self.query(query, position),
            Statement::Insert(insert) => self.insert(insert, position),
            Statement::Update(update) => self.update(update, position),
            Statement::Delete(delete) => self.delete(delete, position),
            Statement::Merge(merge) => self.merge(merge),
            _ => Err(self.unresolved()),
        }
    }

    /// The columns of the relation that a name stands for, where it may be touched at all; of all
    /// those that it may stand for, each with what would become of it in any of them.
    pub(super) fn relation(&mut self, name: &ObjectName) -> Result<Shape, Refused> {
        let mut parts = self.parts(name)?;
        let name = parts.pop().unwrap_or_default();
        let found = self.rules.resolve(parts.pop().as_deref(), &name)?;
        if let [] | [_] = found[..] {
            let relation = found.first().copied();
            return Ok(relation.map_or(Shape::Unknown, Shape::Relation));
        }
        let mut all = Outputs::unknown();
        for position in found {
            let outputs = Shape::Relation(position).outputs(self.rules);
            self.spend(outputs.columns.len())?;
            all.columns.extend(outputs.columns);
        }
        for treatment in all
            .columns
            .iter_mut()
            .filter_map(|it| it.treatment.as_mut())
        {
            treatment.depends_on_path();
        }
        Ok(Shape::Outputs(all))
    }

    /// The parts of a name as PostgreSQL stores them.
    pub(super) fn parts(&mut self, name: &ObjectName) -> Result<Vec<String>, Refused> {
        let mut parts = Vec::with_capacity(name.0.len());
        for part in &name.0 {
            let Some(ident) = part.as_ident() else {
                return Err(self.unresolved());
            };
            parts.push(self.name(ident));
        }
        Ok(parts)
    }

    /// A name as PostgreSQL stores it, which counts as resolved.
    pub(super) fn name(&mut self, ident: &Ident) -> String {
        self.seen.extend(self.tree.offset(ident));
        let name = match ident.quote_style {
            Some(_) => ident.value.clone(),
            None => ident.value.to_ascii_lowercase(),
        };
        clipped(name.into()).into_owned()
    }

    /// Counts columns that are copied: each `*` over each other could double them.
    pub(super) fn spend(&self, work: usize) -> Result<(), Refused> {
        self.work.set(self.work.get() + work);
        if self.work.get() > MOST_WORK {
            return Err(self.unresolved());
        }
        Ok(())
    }

    /// Counts a look at everything in sight.
    pub(super) fn look(&self) -> Result<(), Refused> {
        let items = self.scopes.iter().map(|scope| scope.items.len());
        self.spend(items.sum())
    }

    /// Something here cannot be resolved.
    pub(super) fn unresolved(&self) -> Refused {
        Arc::new(self.rules.unresolved())
    }
}

impl ObjectRules {
    /// The one relation that a name stands for; `None` as in [`resolve`](Self::resolve).
    pub(super) fn resolve_one(
        &self,
        schema: Option<&str>,
        name: &str,
    ) -> Result<Option<usize>, Refused> {
        match self.resolve(schema, name)?[..] {
            [] => Ok(None),
            [position] => Ok(Some(position)),
            _ => {
                let message = format!("relation name \"{name}\" stands for several relations");
                let hint = "Write it with its schema.".to_owned();
                let refusal = Refusal::new("objects", "42501", message).hint(hint);
                Err(on_path(&refusal))
            }
        }
    }

    /// The relations that `name` may stand for, in `schema` or wherever the session looks; none
    /// for one that is free and of which nothing else is known.
    pub(super) fn resolve(&self, schema: Option<&str>, name: &str) -> Result<Vec<usize>, Refused> {
        let named = self.objects.named(name).iter().copied();
        let is_there = |&position: &usize| {
            schema.is_none_or(|schema| *self.objects.relations[position].schema == *schema)
        };
        let mut found: Vec<usize> = named.filter(is_there).collect();
        if schema.is_none()
            && let Some(path) = &self.path
        {
            let mut schemas = path.iter();
            let first = schemas.find_map(|schema| {
                let mut found = found.iter().copied();
                found.find(|&position| *self.objects.relations[position].schema == **schema)
            });
            found = first.into_iter().collect();
        }
        for &position in &found {
            if let Access::Refused(refusal) = &self.access[position] {
                let depends = schema.is_none() && found.len() > 1;
                return Err(if depends {
                    on_path(refusal)
                } else {
                    Arc::clone(refusal)
                });
            }
        }
        if found.is_empty() {
            let may_be = self.words.get(name).is_some_and(|word| word.relation);
            if self.lists_tables || may_be {
                return Err(Arc::new(self.unknown(schema, name)));
            }
        }
        if found.len() > 1 && found.iter().all(|&it| self.access[it].is_free()) {
            found.clear();
        }
        Ok(found)
    }

    fn unknown(&self, schema: Option<&str>, name: &str) -> Refusal {
        let dot = if schema.is_some() { "." } else { "" };
        let schema = schema.unwrap_or_default();
        let message = format!("relation \"{schema}{dot}{name}\" is not known");
        let hint = format!(
            "Policy \"{}\" has rules about tables. What was just created is known a second later; \
             temporary tables are not.",
            self.policy
        );
        Refusal::new("allow_tables", "42501", message).hint(hint)
    }

    pub(super) fn unresolved(&self) -> Refusal {
        let hint = format!(
            "Policy \"{}\" has rules about objects, and this statement names some in a way that \
             cannot be followed. Write it more plainly.",
            self.policy
        );
        let message = "the objects of this statement cannot be resolved";
        Refusal::new("objects", "42501", message).hint(hint)
    }
}

/// The same refusal, which may be none where the session looks for names.
fn on_path(refusal: &Refusal) -> Refused {
    Arc::new(Refusal {
        depends_on_path: true,
        ..refusal.clone()
    })
}

/// The refusal of a use of `treatment` that it does not allow.
pub(super) fn refuse<T>(treatment: &Treatment) -> Result<T, Refused> {
    Err(Arc::clone(treatment.refusal()))
}
