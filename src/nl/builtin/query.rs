//! A question bound to the schema: what the SQL will say, without its joins and its spelling.

use super::dates::Unit;
use super::draft::Function;
use super::draft::Part;
use super::index::ColumnId;
use super::lexicon::Comparison;
use super::lexicon::End;

/// Something that can be shown, grouped or sorted by.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// A column.
    Column(ColumnId),
    /// The start of the unit of time that a date is in.
    Start(Unit, ColumnId),
    /// The rows of a table.
    Rows(usize),
    /// How many of so many of a table's rows meet the conditions of the share.
    Share(usize, Whole),
    /// A function of a column.
    Aggregate(Function, ColumnId),
}

/// What a share is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    /// Of a hundred.
    Hundred,
    /// Of one.
    One,
}

impl Expr {
    /// Whether it is one value for many rows.
    pub(super) fn is_aggregate(&self) -> bool {
        matches!(self, Self::Rows(_) | Self::Share(..) | Self::Aggregate(..))
    }

    /// The table it is read from.
    pub(super) fn table(&self) -> usize {
        match self {
            Self::Column(id) | Self::Start(_, id) | Self::Aggregate(_, id) => id.table,
            Self::Rows(table) | Self::Share(table, _) => *table,
        }
    }
}

/// A test of one column, with values as SQL writes them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    /// `column > 5`.
    Compare(ColumnId, Comparison, String),
    /// `column BETWEEN 1 AND 2`.
    Between(ColumnId, String, String),
    /// `column IN (…)`.
    OneOf {
        column: ColumnId,
        values: Vec<String>,
        negated: bool,
    },
    /// `column ILIKE …`.
    Like {
        column: ColumnId,
        part: Part,
        text: String,
        negated: bool,
    },
    /// `column IS NULL`.
    Null { column: ColumnId, negated: bool },
    /// A boolean column.
    Truth { column: ColumnId, value: bool },
    /// `column >= a AND column < b`.
    Range {
        column: ColumnId,
        from: Option<String>,
        to: Option<String>,
    },
    /// One of the first rows of its table.
    First {
        /// What they are the first by.
        by: ColumnId,
        /// Which end is first.
        end: End,
        /// How many.
        limit: String,
        /// Among which rows of the table.
        among: Vec<Filter>,
    },
    /// The greatest or smallest of its group.
    Extreme {
        /// What is compared.
        by: ColumnId,
        /// Which end is wanted.
        end: End,
        /// What rows of one group share.
        within: usize,
        /// Which rows of the table are compared.
        among: Vec<Filter>,
    },
    /// Compared with its own average.
    Average(ColumnId, Comparison),
    /// One of these.
    Any(Vec<Filter>),
}

impl Filter {
    /// The columns it tests.
    pub(super) fn columns(&self) -> Vec<ColumnId> {
        match self {
            Self::Compare(column, ..)
            | Self::Between(column, ..)
            | Self::OneOf { column, .. }
            | Self::Like { column, .. }
            | Self::Null { column, .. }
            | Self::Truth { column, .. }
            | Self::Range { column, .. }
            | Self::Average(column, _)
            | Self::First { by: column, .. }
            | Self::Extreme { by: column, .. } => vec![*column],
            Self::Any(filters) => filters.iter().flat_map(Self::columns).collect(),
        }
    }

    /// The table it tests.
    pub(super) fn table(&self) -> usize {
        self.columns().first().map_or(0, |column| column.table)
    }
}

/// Rows of another table that there must be, must not be, or must be so many.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Related {
    /// The table.
    pub(super) table: usize,
    /// The column that refers to it; `None` when the way is looked for.
    pub(super) via: Option<usize>,
    /// The mention it comes from; `None` when only its values are said.
    pub(super) entity: Option<usize>,
    /// What each of its rows must have in turn.
    pub(super) nested: Vec<Related>,
    /// Which of its rows count.
    pub(super) filters: Vec<Filter>,
    /// There must be none.
    pub(super) negated: bool,
    /// So many, or so much of the measure.
    pub(super) count: Option<(Comparison, String)>,
    /// What is compared instead of their number.
    pub(super) measure: Option<(Function, ColumnId)>,
}

impl Related {
    /// Whether these are the relatives of a mention, or lead to them.
    pub(super) fn mentions(&self, entity: usize) -> bool {
        self.entity == Some(entity) || self.nested.iter().any(|nested| nested.mentions(entity))
    }

    /// The relatives of a mention, here or further down.
    pub(super) fn find(&mut self, entity: usize) -> Option<&mut Self> {
        if self.entity == Some(entity) {
            return Some(self);
        }
        self.nested
            .iter_mut()
            .find_map(|nested| nested.find(entity))
    }
}

/// The whole query.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// The table whose rows are listed, counted or added up.
    pub(super) base: usize,
    /// The table that related rows belong to.
    pub(super) subject: usize,
    /// What is shown.
    pub(super) outputs: Vec<Expr>,
    /// Each row once.
    pub(super) distinct: bool,
    /// What must hold for a row.
    pub(super) filters: Vec<Filter>,
    /// What must hold for its relatives.
    pub(super) related: Vec<Related>,
    /// What must hold for a row to be in the share.
    pub(super) share: Vec<Filter>,
    /// What some row of each group must meet, each in its own row.
    pub(super) shared: Vec<Filter>,
    /// What is grouped by.
    pub(super) group: Vec<Expr>,
    /// How many rows a group must have.
    pub(super) size: Option<(Comparison, String)>,
    /// What is sorted by.
    pub(super) order: Vec<(Expr, End)>,
    /// How many rows.
    pub(super) limit: Option<String>,
}

impl Query {
    /// Leaves out relatives that there must be, where others of the same table must be and meet
    /// something as well.
    pub(super) fn drop_implied(&mut self) {
        let bare = |related: &Related| {
            related.filters.is_empty()
                && related.nested.is_empty()
                && !related.negated
                && related.count.is_none()
        };
        let mut kept: Vec<Related> = Vec::new();
        let (plain, rich): (Vec<Related>, Vec<Related>) = std::mem::take(&mut self.related)
            .into_iter()
            .partition(bare);
        for related in rich.into_iter().chain(plain) {
            let implied = bare(&related)
                && kept.iter().any(|other| {
                    other.table == related.table && other.via == related.via && !other.negated
                });
            if !implied {
                kept.push(related);
            }
        }
        self.related = kept;
    }

    /// Whether a percentage is shown or sorted by.
    pub(super) fn has_share(&self) -> bool {
        let sorted = self.order.iter().map(|(expr, _)| expr);
        self.outputs
            .iter()
            .chain(sorted)
            .any(|expr| matches!(expr, Expr::Share(..)))
    }
}
