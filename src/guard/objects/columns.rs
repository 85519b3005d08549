//! Which columns may not be read, or not as they are.

use std::collections::HashMap;
use std::sync::Arc;

use super::Origin;
use super::unnamed_calls::Types;
use crate::config::Policy;
use crate::guard::refusal::Refusal;
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
}

/// The columns that are treated, by the position of their relation and their `attnum`.
#[derive(Debug, Default)]
pub(super) struct Columns {
    treated: HashMap<usize, HashMap<i16, Treatment>>,
}

impl Columns {
    pub(super) fn judge(policy: &Policy, objects: &Objects, types: &Types) -> Self {
        let mut columns = Self::default();
        for (position, relation) in objects.relations.iter().enumerate() {
            for column in &relation.columns {
                let told = types.oids.get(&column.type_oid).cloned();
                let treatment =
                    written(policy, relation, &column.name).or_else(|| told.map(Treatment::Denied));
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
    pub(super) fn of(&self, relation: usize) -> Option<&HashMap<i16, Treatment>> {
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

fn written(policy: &Policy, relation: &Relation, column: &str) -> Option<Treatment> {
    let Relation { schema, name, .. } = relation;
    let message = format!("permission denied for column {column} of relation {schema}.{name}");
    let denied = policy
        .deny_columns
        .iter()
        .find(|pattern| pattern.table.matches(schema, name) && pattern.column.matches(column));
    if let Some(pattern) = denied {
        let rule = format!(
            "Policy \"{}\" has deny_columns = \"{pattern}\".",
            policy.name
        );
        let refusal = Refusal::new("deny_columns", "42501", message).hint(rule);
        return Some(Treatment::Denied(Arc::new(refusal)));
    }
    let (pattern, mask) = policy.mask_columns.iter().find(|(pattern, _)| {
        pattern.table.matches(schema, name) && pattern.column.matches(column)
    })?;
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
