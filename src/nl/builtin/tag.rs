//! What phrases do in a question, by the sections of the lexicon.

/// What a phrase does in a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tag {
    /// Carries nothing.
    Filler,
    /// Asks for something: `which`, `find`.
    Ask,
    /// Asks for rows: `list`, `show`.
    List,
    /// Every column.
    Everything,
    /// A verb that links two things.
    Relation,
    /// `how many`, `number of`.
    Count,
    /// `the number`, of what was counted before.
    CountAgain,
    /// `total`.
    Sum,
    /// `average`.
    Average,
    /// `different`.
    Distinct,
    /// `per`, `each`.
    Each,
    /// `by`.
    By,
    /// `of`.
    Of,
    /// `in`, `from`, `at`.
    In,
    /// `with`, `whose`, `that`.
    With,
    /// `named`.
    Named,
    /// `and`.
    And,
    /// `both`.
    Both,
    /// `or`.
    Or,
    /// `not`, `without`.
    Not,
    /// `missing`.
    Null,
    /// `known`.
    NotNull,
    /// A comparison.
    Compare(Comparison),
    /// `between`.
    Between,
    /// `or more` after a figure.
    OrMore,
    /// `or less` after a figure.
    OrLess,
    /// `contains`.
    Contains,
    /// `starts with`.
    Starts,
    /// `ends with`.
    Ends,
    /// `after` a day or a figure.
    After,
    /// `since`.
    Since,
    /// `before`.
    Before,
    /// `until`.
    Until,
    /// `once`.
    Once,
    /// `twice`.
    Twice,
    /// `times` after a figure.
    Times,
    /// `ordered by`.
    Order,
    /// `ascending`.
    Ascending,
    /// `descending`.
    Descending,
    /// `alphabetically`.
    Alphabetical,
    /// `top`.
    Top,
    /// `bottom`.
    Bottom,
    /// `the most`.
    Most,
    /// `the fewest`.
    Fewest,
    /// `the most common`.
    MostCommon,
    /// `the least common`.
    LeastCommon,
    /// A unit after a figure: `dollars`.
    Measure,
    /// `percentage of`.
    Percent,
    /// `proportion of`.
    Fraction,
}

/// The comparisons of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl Comparison {
    /// As SQL writes it.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }

    /// What holds when this does not.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
        }
    }
}

/// What the phrases of a section of the lexicon do; `None` when they are listed otherwise.
pub(super) fn tag(section: &str) -> Option<Tag> {
    Some(match section {
        "filler" => Tag::Filler,
        "ask" => Tag::Ask,
        "list" => Tag::List,
        "everything" => Tag::Everything,
        "relation" => Tag::Relation,
        "count" => Tag::Count,
        "count-again" => Tag::CountAgain,
        "sum" => Tag::Sum,
        "average" => Tag::Average,
        "distinct" => Tag::Distinct,
        "each" => Tag::Each,
        "by" => Tag::By,
        "of" => Tag::Of,
        "in" => Tag::In,
        "with" => Tag::With,
        "named" => Tag::Named,
        "and" => Tag::And,
        "both" => Tag::Both,
        "or" => Tag::Or,
        "not" => Tag::Not,
        "null" => Tag::Null,
        "not-null" => Tag::NotNull,
        "gt" => Tag::Compare(Comparison::Greater),
        "ge" => Tag::Compare(Comparison::GreaterOrEqual),
        "lt" => Tag::Compare(Comparison::Less),
        "le" => Tag::Compare(Comparison::LessOrEqual),
        "eq" => Tag::Compare(Comparison::Equal),
        "ne" => Tag::Compare(Comparison::NotEqual),
        "between" => Tag::Between,
        "or-more" => Tag::OrMore,
        "or-less" => Tag::OrLess,
        "contains" => Tag::Contains,
        "starts" => Tag::Starts,
        "ends" => Tag::Ends,
        "after" => Tag::After,
        "since" => Tag::Since,
        "before" => Tag::Before,
        "until" => Tag::Until,
        "once" => Tag::Once,
        "twice" => Tag::Twice,
        "times" => Tag::Times,
        "order" => Tag::Order,
        "ascending" => Tag::Ascending,
        "descending" => Tag::Descending,
        "alphabetical" => Tag::Alphabetical,
        "top" => Tag::Top,
        "bottom" => Tag::Bottom,
        "most" => Tag::Most,
        "fewest" => Tag::Fewest,
        "most-common" => Tag::MostCommon,
        "least-common" => Tag::LeastCommon,
        "measure" => Tag::Measure,
        "percent" => Tag::Percent,
        "fraction" => Tag::Fraction,
        _ => return None,
    })
}
