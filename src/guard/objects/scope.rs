//! What the names in a query can stand for.

use std::sync::Arc;

use super::ObjectRules;
use super::access::Access;
use super::columns::Treatment;

/// The items of one FROM clause.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub items: Vec<Item>,
}

/// One item of a FROM clause, or the target of a statement that writes.
#[derive(Debug)]
pub(super) struct Item {
    /// What it is called there; `None` when it cannot be.
    pub name: Option<String>,
    pub shape: Shape,
}

/// The columns of an item.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Not known, but none is treated.
    Unknown,
    /// Those of this relation.
    Relation(usize),
    /// Those of a subquery, or renamed ones.
    Outputs(Outputs),
}

/// The columns that a query has for whoever reads it.
#[derive(Debug, Clone, Default)]
pub(super) struct Outputs {
    pub columns: Vec<Output>,
    /// There are columns whose names or places are not known.
    pub open: bool,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// `None` when it is not known.
    pub name: Option<Arc<str>>,
    pub treatment: Option<Treatment>,
}

/// What an item has under a name.
#[derive(Debug)]
pub(super) enum Found {
    /// A column that is treated.
    Treated(Treatment),
    /// A column that is not.
    Clean,
    /// Nothing that is known.
    Nothing,
}

impl Outputs {
    /// Columns of which nothing is known but that none is treated.
    pub(super) fn unknown() -> Self {
        Self {
            columns: Vec::new(),
            open: true,
        }
    }

    /// A column that is treated.
    pub(super) fn treated(&self) -> Option<&Treatment> {
        self.columns.iter().find_map(|it| it.treatment.as_ref())
    }

    fn find(&self, name: &str) -> Found {
        // A treated column whose name is not known may be the one.
        let is_named = |it: &&Output| match &it.name {
            Some(own) => **own == *name,
            None => it.treatment.is_some(),
        };
        let mut named = self.columns.iter().filter(is_named).peekable();
        if named.peek().is_none() {
            return Found::Nothing;
        }
        let treated = named.find_map(|it| Some((it.name.is_some(), it.treatment.clone()?)));
        match treated {
            None => Found::Clean,
            Some((true, treatment)) => Found::Treated(treatment),
            // It may as well be something else that shows the column.
            Some((false, treatment)) => Found::Treated(treatment.unusable()),
        }
    }

    /// The same with other names, as far as there are such.
    pub(super) fn renamed(mut self, names: impl Iterator<Item = String>) -> Self {
        let mut count = 0;
        for (column, name) in self.columns.iter_mut().zip(names) {
            column.name = Some(name.into());
            count += 1;
        }
        // Where places are not known, any column may have got any of the names.
        if self.open && count > 0 {
            for column in &mut self.columns {
                column.name = None;
            }
        }
        self
    }
}

impl Shape {
    /// What is there under `name`.
    pub(super) fn find(&self, rules: &ObjectRules, name: &str) -> Found {
        match self {
            Self::Unknown => Found::Nothing,
            Self::Outputs(outputs) => outputs.find(name),
            Self::Relation(position) => {
                let columns = &rules.objects.relations[*position].columns;
                let Some(column) = columns.iter().find(|column| &*column.name == name) else {
                    return Found::Nothing;
                };
                match &rules.access[*position] {
                    Access::Columns(treated) => treated
                        .get(&column.attnum)
                        .cloned()
                        .map_or(Found::Clean, Found::Treated),
                    _ => Found::Clean,
                }
            }
        }
    }

    /// There is a column of this name.
    pub(super) fn has(&self, rules: &ObjectRules, name: &str) -> bool {
        !matches!(self.find(rules, name), Found::Nothing)
    }

    /// A column that is treated.
    pub(super) fn treated<'a>(&'a self, rules: &'a ObjectRules) -> Option<&'a Treatment> {
        match self {
            Self::Unknown => None,
            Self::Outputs(outputs) => outputs.treated(),
            Self::Relation(position) => match &rules.access[*position] {
                Access::Columns(treated) => treated.values().next(),
                _ => None,
            },
        }
    }

    /// All columns, as `*` shows them.
    pub(super) fn outputs(&self, rules: &ObjectRules) -> Outputs {
        match self {
            Self::Unknown => Outputs::unknown(),
            Self::Outputs(outputs) => outputs.clone(),
            Self::Relation(position) => {
                let treated = match &rules.access[*position] {
                    Access::Columns(treated) => Some(treated),
                    _ => None,
                };
                let columns = &rules.objects.relations[*position].columns;
                let output = columns.iter().map(|column| Output {
                    name: Some(Arc::clone(&column.name)),
                    treatment: treated.and_then(|it| it.get(&column.attnum)).cloned(),
                });
                Outputs {
                    columns: output.collect(),
                    open: false,
                }
            }
        }
    }
}
