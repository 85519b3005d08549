//! Which columns may not be read, or not as they are.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use super::Origin;
use super::access::vouches;
use crate::config::ColumnPattern;
use crate::config::Policy;
use crate::guard::refusal::Refusal;
use crate::sql::objects::Column;
use crate::sql::objects::Objects;
use crate::sql::objects::Relation;

/// What becomes of a column's values.
#[derive(Debug, Clone)]
pub(super) enum Treatment {
    /// They may not be read.
    Denied(Arc<Refusal>),
    /// They are replaced in results, and may not be used otherwise.
    Masked(Arc<Refusal>, Origin),
}

impl Treatment {
    /// What a statement is told that reads it where it may not.
    pub(super) fn refusal(&self) -> &Arc<Refusal> {
        match self {
            Self::Denied(refusal) | Self::Masked(refusal, _) => refusal,
        }
    }

    /// Whose column it is depends on where the session looks for names.
    pub(super) fn depends_on_path(&mut self) {
        let (Self::Denied(refusal) | Self::Masked(refusal, _)) = self;
        Arc::make_mut(refusal).depends_on_path = true;
    }

    /// The same where not even a masked column may stand by itself.
    pub(super) fn unusable(self) -> Self {
        match self {
            Self::Denied(refusal) | Self::Masked(refusal, _) => Self::Denied(refusal),
        }
    }
}

/// The columns that are treated, by the position of their relation and their `attnum`.
#[derive(Debug, Default)]
pub(super) struct Columns {
    treated: HashMap<usize, BTreeMap<i16, Treatment>>,
}

impl Columns {
    /// The columns that `policy` names, and those of a type in `types` or, where nobody vouches for
    /// their relation, in `rows`.
    pub(super) fn judge(
        policy: &Policy,
        objects: &Objects,
        types: &HashMap<u32, Arc<Refusal>>,
        rows: &HashMap<u32, Arc<Refusal>>,
    ) -> Self {
        let mut columns = Self::default();
        for (position, relation) in objects.relations.iter().enumerate() {
            for column in &relation.columns {
                let told = || types.get(&column.type_oid).cloned().map(Treatment::Denied);
                let held = || {
                    let cause = rows.get(&column.type_oid)?;
                    let is_vouched = vouches(policy, relation);
                    (!is_vouched).then(|| held(relation, column, cause))
                };
                let treatment = written(policy, relation, column);
                let treatment = treatment.or_else(told).or_else(held);
                if let Some(treatment) = treatment {
                    columns.put(position, column.attnum, treatment);
                }
            }
        }
        if !columns.treated.is_empty() {
            columns.down(objects);
            columns.up(objects);
        }
        columns
    }

    /// The treated columns of a relation.
    pub(super) fn of(&self, relation: usize) -> Option<&BTreeMap<i16, Treatment>> {
        self.treated.get(&relation)
    }

    /// What becomes of results, by where they come from.
    pub(super) fn origins(&self, objects: &Objects) -> HashMap<(u32, i16), Origin> {
        let mut origins = HashMap::new();
        for (&relation, columns) in &self.treated {
            for (&attnum, treatment) in columns {
                let origin = match treatment {
                    Treatment::Denied(_) => Origin::Denied,
                    Treatment::Masked(_, origin) => origin.clone(),
                };
                origins.insert((objects.relations[relation].oid, attnum), origin);
            }
        }
        origins
    }

    /// A treated column has a name beyond ASCII.
    pub(super) fn have_foreign_names(&self, objects: &Objects) -> bool {
        self.treated.iter().any(|(&relation, treated)| {
            let mut columns = objects.relations[relation].columns.iter();
            columns.any(|column| treated.contains_key(&column.attnum) && !column.name.is_ascii())
        })
    }

    /// What inherits a column holds values of it, and so does what is generated from it.
    fn down(&mut self, objects: &Objects) {
        let mut grew = true;
        while grew {
            grew = false;
            for (position, relation) in objects.relations.iter().enumerate() {
                for &parent in &relation.parents {
                    grew |= self.copy(objects, parent, position);
                }
                for &(from, to) in &relation.generated {
                    let treatment = self.of(position).and_then(|columns| columns.get(&from));
                    if let Some(treatment) = treatment.cloned() {
                        grew |= self.put(position, to, treatment);
                    }
                }
            }
        }
    }

    /// A parent shows the values of its children.
    fn up(&mut self, objects: &Objects) {
        let mut grew = true;
        while grew {
            grew = false;
            for (position, relation) in objects.relations.iter().enumerate() {
                for &parent in &relation.parents {
                    grew |= self.copy(objects, position, parent);
                }
            }
        }
    }

    /// Treats the columns of one relation as those of the same name of another.
    fn copy(&mut self, objects: &Objects, from: usize, to: usize) -> bool {
        let Some(treated) = self.of(from).cloned() else {
            return false;
        };
        let mut grew = false;
        for column in &objects.relations[from].columns {
            let Some(treatment) = treated.get(&column.attnum) else {
                continue;
            };
            let mut others = objects.relations[to].columns.iter();
            if let Some(other) = others.find(|other| other.name == column.name) {
                grew |= self.put(to, other.attnum, treatment.clone());
            }
        }
        grew
    }

    /// The stricter treatment stays.
    fn put(&mut self, relation: usize, attnum: i16, treatment: Treatment) -> bool {
        let columns = self.treated.entry(relation).or_default();
        match (columns.get(&attnum), &treatment) {
            (None, _) | (Some(Treatment::Masked(..)), Treatment::Denied(_)) => {
                columns.insert(attnum, treatment);
                true
            }
            _ => false,
        }
    }
}

/// A column with rows in it of what `cause` refuses.
fn held(relation: &Relation, column: &Column, cause: &Refusal) -> Treatment {
    let Relation { schema, name, .. } = relation;
    let column = &column.name;
    let message = format!("permission denied for column {column} of relation {schema}.{name}");
    let reached = cause.message.trim_start_matches("permission denied for ");
    let rule = cause.hint.as_deref().unwrap_or_default();
    let hint = format!("It reaches {reached}. {rule}");
    let refusal = Refusal::new(cause.rule, "42501", message).hint(hint);
    Treatment::Denied(Arc::new(refusal))
}

fn written(policy: &Policy, relation: &Relation, column: &Column) -> Option<Treatment> {
    let Relation { schema, name, .. } = relation;
    let matches = |pattern: &ColumnPattern| {
        let mut names = relation.names();
        let mut columns = relation.names_of(column);
        names.any(|(schema, name)| pattern.table.matches(schema, name))
            && columns.any(|column| pattern.column.matches(column))
    };
    let column = &column.name;
    let message = format!("permission denied for column {column} of relation {schema}.{name}");
    let denied = policy.deny_columns.iter().find(|pattern| matches(pattern));
    if let Some(pattern) = denied {
        let rule = format!(
            "Policy \"{}\" has deny_columns = \"{pattern}\".",
            policy.name
        );
        let refusal = Refusal::new("deny_columns", "42501", message).hint(rule);
        return Some(Treatment::Denied(Arc::new(refusal)));
    }
    let (pattern, mask) = policy
        .mask_columns
        .iter()
        .find(|(pattern, _)| matches(pattern))?;
    let hint = format!(
        "Policy \"{}\" masks \"{pattern}\": it can be selected by itself, but not be computed \
         with, filtered, sorted, joined or stored by.",
        policy.name
    );
    let refusal = Refusal::new("mask_columns", "42501", message).hint(hint);
    Some(Treatment::Masked(
        Arc::new(refusal),
        Origin::Masked(mask.clone()),
    ))
}
