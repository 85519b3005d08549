//! What a name in an expression can stand for.

use super::output::Output;

/// One thing of a FROM clause.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Its alias, or its own name.
    pub(super) name: Option<String>,
    /// The schema of a table without alias.
    pub(super) schema: Option<String>,
    /// What it gives.
    pub(super) columns: Vec<Output>,
}

/// The FROM clause of one SELECT, as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// What FROM names, in order.
    pub(super) sources: Vec<Source>,
    /// The first source that can be seen now: an ON clause sees its own join, a subquery in FROM
    /// nothing of it, a LATERAL one all that stands before.
    pub(super) from: usize,
    /// Output columns that GROUP BY and ORDER BY may name.
    pub(super) outputs: Vec<Output>,
    /// A join of it merges columns, so that the order of `*` is not known.
    pub(super) merges: bool,
}

impl Scope {
    /// The sources that can be seen now.
    pub(super) fn visible(&self) -> &[Source] {
        &self.sources[self.from.min(self.sources.len())..]
    }

    /// The source of this name.
    pub(super) fn source(&self, name: &str) -> Option<&Source> {
        self.visible()
            .iter()
            .find(|source| source.name.as_deref() == Some(name))
    }

    /// Columns that can be named without saying whose they are.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Output> {
        self.visible()
            .iter()
            .flat_map(|source| &source.columns)
            .chain(&self.outputs)
    }
}

impl Source {
    /// The column of this name.
    pub(super) fn column(&self, name: &str) -> Option<&Output> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A common table expression that can be named.
#[derive(Debug, Clone)]
pub(super) struct Cte {
    /// Its name.
    pub(super) name: String,
    /// What it gives.
    pub(super) columns: Vec<Output>,
}
