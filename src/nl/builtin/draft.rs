//! A question as it was understood, before its names are bound to one table or column each.

use super::dates::Period;
use super::dates::Unit;
use super::index::Hit;
use super::index::ValueHit;
use super::lexicon::Comparison;
use super::lexicon::End;

/// A name in the question with everything that it may stand for.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    /// What it may stand for.
    pub(super) hits: Vec<Hit>,
    /// As it was written.
    pub(super) text: String,
    /// The item it stands at; the nearest table decides which column is meant.
    pub(super) at: usize,
}

/// What an aggregate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Counts rows, or values that are there.
    Count,
    /// Counts different values.
    CountDistinct,
    /// Adds up.
    Sum,
    /// The mean.
    Average,
    /// The smallest.
    Min,
    /// The greatest.
    Max,
    /// How many of a hundred rows meet the conditions.
    Share,
    /// The same of one.
    Fraction,
}

/// An aggregate over a name.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    /// What it does.
    pub(super) function: Function,
    /// What it is taken of; `None` counts the rows of the subject.
    pub(super) of: Option<Mention>,
}

/// Something to show.
#[derive(Debug, Clone)]
pub(super) enum Output {
    /// A column, or the name of an entity.
    Name(Mention),
    /// An aggregate.
    Measure(Measure),
}

/// Something to group by.
#[derive(Debug, Clone)]
pub(super) enum Key {
    /// A column or an entity.
    Name(Mention),
    /// A unit of time, of the date that belongs to what is measured.
    Time(Unit),
    /// Whatever is shown.
    Outputs,
}

/// Something to sort by.
#[derive(Debug, Clone)]
pub(super) enum SortKey {
    /// A column.
    Name(Mention),
    /// The first of these columns that a table has, with the end that then is meant.
    Hinted(Hint),
    /// A column, added up where one has many.
    Most(Mention),
    /// An aggregate.
    Measure(Measure),
    /// The first column shown.
    FirstOutput,
}

/// A word that speaks of columns without naming them: `the oldest`.
#[derive(Debug, Clone)]
pub(super) struct Hint {
    /// What it may mean, best first.
    pub(super) readings: Vec<(End, Vec<String>)>,
    /// The word.
    pub(super) text: String,
    /// The item of the table that it is said of; `None` when that is the subject.
    pub(super) of: Option<usize>,
}

/// One sort key with its direction.
#[derive(Debug, Clone)]
pub(super) struct Sort {
    /// What is compared.
    pub(super) key: SortKey,
    /// What comes first.
    pub(super) end: End,
    /// The table mentioned last before it.
    pub(super) focus: Option<usize>,
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    /// A figure as SQL writes it.
    Number(String),
    /// A text, with the stored values that it spells.
    Text(String, Vec<ValueHit>),
    /// `$1`.
    Parameter(String),
}

/// The left side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Left {
    /// A named column.
    Name(Mention),
    /// The first of these columns that the entity in focus has.
    Hinted(Vec<String>, String),
    /// The column that the values are stored in.
    OfValue,
    /// The only figure that the entity in focus has.
    OnlyFigure,
    /// The columns that name the entity in focus.
    Naming,
    /// The only column of the key of the entity in focus.
    Key,
}

/// Where in a text another is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Anywhere.
    Anywhere,
    /// At its start.
    Start,
    /// At its end.
    End,
}

/// What a condition tests.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// `column > 5`.
    Compare(Left, Comparison, Literal),
    /// `column BETWEEN 1 AND 2`.
    Between(Left, Literal, Literal),
    /// `column IN (…)`, or not.
    OneOf {
        left: Left,
        values: Vec<Literal>,
        negated: bool,
    },
    /// A text within a text, or not.
    Like {
        left: Left,
        part: Part,
        text: String,
        negated: bool,
    },
    /// `column IS NULL`, or not.
    Null { left: Left, negated: bool },
    /// A boolean column.
    Truth { left: Left, value: bool },
    /// A span of time.
    Within {
        left: Option<Left>,
        period: Period,
        text: String,
    },
    /// Compared with the average of the same column.
    Average(Left, Comparison),
    /// Rows of another entity that there are, are not, or are so many.
    Has {
        entity: usize,
        negated: bool,
        count: Option<(Comparison, Literal)>,
    },
    /// An aggregate over rows that belong to the subject.
    Measured(Measure, Comparison, Literal),
    /// What is shown comes so often.
    Often(Comparison, Literal),
    /// One of these holds.
    Any(Vec<Condition>),
}

/// A test with the entity it was said about.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// What is tested.
    pub(super) test: Test,
    /// The table mentioned last before it.
    pub(super) focus: Option<usize>,
    /// The item that it begins with.
    pub(super) at: usize,
}

/// What a table is mentioned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is asked for.
    Head,
    /// Something of it is asked for.
    Owner,
    /// It is counted.
    Counted,
    /// It is grouped by.
    Grouped,
    /// It limits another by its rows.
    Related,
}

/// A table mentioned.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    /// The words.
    pub(super) mention: Mention,
    /// What for.
    pub(super) role: Role,
}

/// The number of rows wanted.
pub(super) type Limit = Literal;

/// Which rows of an order are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kept {
    /// As many as the limit says.
    #[default]
    First,
    /// All, although a superlative orders them: `the longest, from longest to shortest`.
    All,
}

/// A question as it was understood.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// What to show, in the order asked.
    pub(super) outputs: Vec<Output>,
    /// Rows are wanted as they are: all columns.
    pub(super) rows: bool,
    /// Each answer once.
    pub(super) distinct: bool,
    /// `both` stands before two kinds of rows that must be there.
    pub(super) both: bool,
    /// What to group by.
    pub(super) group: Vec<Key>,
    /// What must hold.
    pub(super) conditions: Vec<Condition>,
    /// What to sort by.
    pub(super) order: Vec<Sort>,
    /// How many rows.
    pub(super) limit: Option<Limit>,
    /// Which rows a superlative keeps.
    pub(super) kept: Kept,
    /// The tables mentioned, in order.
    pub(super) entities: Vec<Entity>,
    /// How some words were read.
    pub(super) readings: Vec<String>,
}

impl Draft {
    /// `orders per day` asks for their number, when nothing of them is asked for.
    pub(super) fn count_per_group(&mut self) {
        let grouped = self
            .group
            .iter()
            .any(|key| matches!(key, Key::Name(_) | Key::Time(_)));
        let [Output::Name(mention)] = self.outputs.as_slice() else {
            return;
        };
        let at = mention.at;
        let head = self
            .entities
            .iter_mut()
            .find(|entity| entity.role == Role::Head && entity.mention.at == at);
        let Some(head) = head.filter(|_| grouped && self.order.is_empty()) else {
            return;
        };
        head.role = Role::Counted;
        let of = Some(head.mention.clone());
        self.readings.push(format!(
            "\"{}\" = their number in each group",
            head.mention.text
        ));
        self.outputs = vec![Output::Measure(Measure {
            function: Function::Count,
            of,
        })];
        self.rows = false;
    }
}
