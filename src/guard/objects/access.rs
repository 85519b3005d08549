//! Which relations may be read, and which only in part.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use super::calls::Callable;
use super::columns::Columns;
use super::columns::Treatment;
use super::unnamed_calls::holding;
use crate::config::ObjectPattern;
use crate::config::Policy;
use crate::guard::refusal::Refusal;
use crate::sql::objects::FIRST_NORMAL_OID;
use crate::sql::objects::Objects;
use crate::sql::objects::Relation;

/// What may be done with a relation.
#[derive(Debug, Clone)]
pub(super) enum Access {
    /// Anything.
    Free,
    /// Anything but with these columns, by `attnum`.
    Columns(BTreeMap<i16, Treatment>),
    /// Nothing.
    Refused(Arc<Refusal>),
}

impl Access {
    /// It may be read whole.
    pub(super) fn is_free(&self) -> bool {
        matches!(self, Self::Free)
    }
}

/// The types whose values hold rows of what is denied, or denied columns.
pub(super) fn rows(objects: &Objects, access: &[Access]) -> HashMap<u32, Arc<Refusal>> {
    let relations = objects.relations.iter().zip(access);
    let rows = relations.filter_map(|(relation, access)| {
        let refusal = match access {
            Access::Free => return None,
            Access::Refused(refusal) => Some(refusal).filter(|_| is_denied(Some(refusal)))?,
            Access::Columns(treated) => treated.values().next()?.refusal(),
        };
        (relation.row_type != 0).then(|| (relation.row_type, Arc::clone(refusal)))
    });
    holding(objects, rows.collect())
}

/// Judges every relation of `objects`.
pub(super) fn judge(
    policy: &Policy,
    objects: &Objects,
    callable: &Callable,
    columns: &Columns,
) -> Vec<Access> {
    let mut judged: Vec<Option<Arc<Refusal>>> = objects
        .relations
        .iter()
        .map(|relation| by_name(policy, relation).map(Arc::new))
        .collect();
    let judge = Judge {
        policy,
        objects,
        callable,
        columns,
    };
    judge.descend(&mut judged);
    judge.reach(&mut judged);
    let access = |(position, refused): (usize, Option<Arc<Refusal>>)| match refused {
        Some(refusal) => Access::Refused(refusal),
        None => match columns.of(position) {
            Some(treated) => Access::Columns(treated.clone()),
            None => Access::Free,
        },
    };
    judged.into_iter().enumerate().map(access).collect()
}

struct Judge<'a> {
    policy: &'a Policy,
    objects: &'a Objects,
    callable: &'a Callable,
    columns: &'a Columns,
}

impl Judge<'_> {
    /// A child or partition of what is denied holds rows of it.
    fn descend(&self, judged: &mut [Option<Arc<Refusal>>]) {
        let mut grew = true;
        while grew {
            grew = false;
            for (position, relation) in self.objects.relations.iter().enumerate() {
                if judged[position].is_some() {
                    continue;
                }
                let mut parents = relation.parents.iter();
                let denied = |&&parent: &&usize| is_denied(judged[parent].as_ref());
                if let Some(&parent) = parents.find(denied) {
                    judged[position] = reaching(relation, parent, judged);
                    grew = true;
                }
            }
        }
    }

    /// What shows something out of bounds is so itself, unless it is vouched for.
    fn reach(&self, judged: &mut [Option<Arc<Refusal>>]) {
        let mut grew = true;
        while grew {
            grew = false;
            for (position, relation) in self.objects.relations.iter().enumerate() {
                for &parent in &relation.parents {
                    if judged[parent].is_none() && is_denied(judged[position].as_ref()) {
                        judged[parent] =
                            reaching(&self.objects.relations[parent], position, judged);
                        grew = true;
                    }
                }
                if judged[position].is_none() && !self.vouches(relation) {
                    judged[position] = self.reached(relation, judged);
                    grew |= judged[position].is_some();
                }
            }
        }
    }

    fn reached(&self, view: &Relation, judged: &[Option<Arc<Refusal>>]) -> Option<Arc<Refusal>> {
        if let Some(&read) = view.reads.iter().find(|&&read| judged[read].is_some()) {
            return reaching(view, read, judged);
        }
        let mut called = view.calls.iter();
        if let Some(cause) = called.find_map(|&called| self.callable.otherwise[called].as_ref()) {
            return Some(through(view, cause));
        }
        let mut read = view.reads.iter();
        read.find_map(|&read| Some(through(view, self.column(view, read)?.refusal())))
    }

    /// A treated column of relation `read` that `view` shows or uses. What PostgreSQL's own views
    /// use of its own tables is not recorded.
    fn column(&self, view: &Relation, read: usize) -> Option<&Treatment> {
        let treated = self.columns.of(read)?;
        let all = view.reads_rows || self.objects.relations[read].oid < FIRST_NORMAL_OID;
        let mut treated = treated.iter();
        let found =
            treated.find(|(attnum, _)| all || view.reads_columns.contains(&(read, **attnum)));
        found.map(|(_, treatment)| treatment)
    }

    /// It is named in full where tables are allowed.
    fn vouches(&self, relation: &Relation) -> bool {
        vouches(self.policy, relation)
    }
}

/// The refusal of a relation for another one that it reaches.
fn reaching(
    relation: &Relation,
    reached: usize,
    judged: &[Option<Arc<Refusal>>],
) -> Option<Arc<Refusal>> {
    judged[reached]
        .as_ref()
        .map(|cause| through(relation, cause))
}

/// The policy names `relation` in full where tables are allowed.
pub(super) fn vouches(policy: &Policy, relation: &Relation) -> bool {
    let allowed = policy.tables.allow.as_deref().unwrap_or_default();
    let exactly = |pattern: &&ObjectPattern| pattern.name.is_exact();
    let mut exact = allowed.iter().filter(exactly);
    exact.any(|pattern| pattern.matches(&relation.schema, &relation.name))
}

/// Not merely missing from the list of what is allowed.
fn is_denied(refused: Option<&Arc<Refusal>>) -> bool {
    refused.is_some_and(|refusal| refusal.rule != "allow_tables")
}

fn by_name(policy: &Policy, relation: &Relation) -> Option<Refusal> {
    let Relation { schema, name, .. } = relation;
    let matches = |pattern: &&ObjectPattern| pattern.matches(schema, name);
    let shows = |pattern: &&ObjectPattern| {
        let mut names = relation.names();
        names.any(|(schema, name)| pattern.matches(schema, name))
    };
    if let Some(pattern) = policy.tables.deny.iter().find(shows) {
        let hint = format!(
            "Policy \"{}\" has deny_tables = \"{pattern}\".",
            policy.name
        );
        return Some(refused("deny_tables", relation).hint(hint));
    }
    if holds_samples(relation) && policy.guards_data() && !vouches(policy, relation) {
        let hint = format!(
            "It holds values of tables that policy \"{}\" keeps back.",
            policy.name
        );
        return Some(refused("deny_tables", relation).hint(hint));
    }
    let allowed = policy.tables.allow.as_ref()?;
    if allowed.iter().any(|pattern| matches(&pattern)) {
        return None;
    }
    let hint = format!(
        "The allow_tables of policy \"{}\" do not name it.",
        policy.name
    );
    Some(refused("allow_tables", relation).hint(hint))
}

/// Statistics hold values of every column.
fn holds_samples(relation: &Relation) -> bool {
    relation.schema.as_ref() == "pg_catalog"
        && matches!(
            relation.name.as_ref(),
            "pg_stats"
                | "pg_statistic"
                | "pg_stats_ext"
                | "pg_stats_ext_exprs"
                | "pg_statistic_ext_data"
        )
}

fn refused(rule: &'static str, relation: &Relation) -> Refusal {
    let Relation { schema, name, .. } = relation;
    let message = format!("permission denied for relation {schema}.{name}");
    Refusal::new(rule, "42501", message)
}

/// The refusal of something that reaches what `cause` refuses.
fn through(relation: &Relation, cause: &Refusal) -> Arc<Refusal> {
    if cause.rule == "read_only" {
        let Relation { schema, name, .. } = relation;
        let message = format!("cannot read {schema}.{name} in a read-only session");
        let hint = cause.hint.clone().unwrap_or_default();
        let writes = "A function that it calls may write.";
        let hint = if hint.starts_with(writes) {
            hint
        } else {
            format!("{writes} {hint}")
        };
        return Arc::new(Refusal::new("read_only", "25006", message).hint(hint));
    }
    let reached = cause.message.trim_start_matches("permission denied for ");
    let hint = cause.hint.clone().unwrap_or_default();
    let hint = if hint.starts_with("It reaches ") {
        hint
    } else {
        format!("It reaches {reached}. {hint}")
    };
    Arc::new(refused(cause.rule, relation).hint(hint))
}
