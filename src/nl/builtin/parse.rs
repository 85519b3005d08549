//! Reads the items of a question from left to right into a draft; an item that no rule takes
//! makes the question not understood.

mod asking;
mod comparing;
mod counting;
mod entities;
mod following;
mod grouping;
mod literals;
mod measuring;
mod named;
mod ranking;
mod sorting;
mod timing;
mod values;

use crate::nl::Cannot;

use super::draft::Condition;
use super::draft::Draft;
use super::draft::Hint;
use super::draft::Limit;
use super::draft::Measure;
use super::draft::Mention;
use super::draft::Output;
use super::draft::Sort;
use super::draft::SortKey;
use super::draft::Test;
use super::index::Closeness;
use super::index::Hit;
use super::index::Index;
use super::index::Target;
use super::items::Item;
use super::items::Kind;
use super::lexicon::End;
use super::lexicon::Tag;
use super::refusal;

/// Understands a question.
pub(super) fn parse(items: &[Item], index: &Index) -> Result<Draft, Cannot> {
    let mut parser = Parser {
        items,
        index,
        at: 0,
        start: 0,
        draft: Draft::default(),
        mode: Mode::Select,
        focus: None,
        link: Link::None,
        waiting: Waiting::default(),
        direction: None,
        rank: None,
        by_date: None,
        counted: None,
        sentence: Sentence::default(),
        measured: Vec::new(),
        unsaid: false,
    };
    while parser.at < items.len() {
        parser.step()?;
    }
    parser.finish()
}

/// What a column means where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is asked for.
    Select,
    /// It limits what is asked for.
    Modify,
}

/// How the next name is linked to what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Not at all.
    None,
    /// It owns it: `of`, `in`.
    Owner,
    /// It stands beside it: `and`.
    And,
}

/// Words that wait for what they belong to.
#[derive(Debug, Default)]
struct Waiting {
    /// `not` waits for what it denies.
    negated: bool,
    /// `or` waits for the other condition.
    alternative: bool,
    /// `sort` waits for its key.
    sorting: bool,
}

/// What has happened in the sentence so far.
#[derive(Debug, Default)]
struct Sentence {
    /// A new one began and may ask anew.
    restart: bool,
    /// A verb of relation stands just before.
    verb: bool,
    /// One stands since the last thing asked for: `received the biggest bonus`.
    clause: bool,
}

struct Parser<'a> {
    items: &'a [Item],
    index: &'a Index,
    at: usize,
    /// Where the current step began.
    start: usize,
    draft: Draft,
    mode: Mode,
    /// The entity mentioned last.
    focus: Option<usize>,
    link: Link,
    waiting: Waiting,
    /// `descending` waits for its key.
    direction: Option<End>,
    /// `top 5` waits for what it is measured by.
    rank: Option<End>,
    /// The end of time that `first` or `last` means when nothing else is said.
    by_date: Option<End>,
    /// What was counted last, for `and the number`.
    counted: Option<Measure>,
    sentence: Sentence,
    /// What an earlier sentence measured.
    measured: Vec<Output>,
    /// How many rows are wanted was not said, but follows from a superlative.
    unsaid: bool,
}

impl Parser<'_> {
    /// Takes what stands at the current position, by the first rule that knows it.
    fn step(&mut self) -> Result<(), Cannot> {
        self.start = self.at;
        let taken = self.punctuation()
            || self.sort()
            || self.group()?
            || self.rank()
            || self.measure()?
            || self.compare()?
            || self.time()?
            || self.count_rows()?
            || self.name_before()?
            || self.state_value()?
            || self.name()?
            || self.word()?;
        if taken {
            Ok(())
        } else {
            Err(refusal::not_understood(self.items, self.at, self.index))
        }
    }

    fn finish(mut self) -> Result<Draft, Cannot> {
        self.draft.distinct |= self.asks_which();
        self.sort_by_shown();
        let mut draft = self.draft;
        if self.waiting.negated || self.waiting.alternative {
            return Err(refusal::dangling(if self.waiting.negated {
                "not"
            } else {
                "or"
            }));
        }
        if self.direction.is_some() || self.waiting.sorting {
            return Err(refusal::dangling("order"));
        }
        if let (Some(end), true, true) = (self.by_date, self.rank.is_some(), draft.order.is_empty())
        {
            let dates = vec![(end, vec!["*date".to_owned()])];
            let word = if end == End::Max { "last" } else { "first" };
            let key = SortKey::Hinted(Hint {
                readings: dates,
                text: word.to_owned(),
                of: None,
            });
            draft.order.push(Sort {
                key,
                end,
                focus: None,
            });
        }
        if self.rank.is_some() && draft.order.is_empty() {
            return Err(refusal::unranked());
        }
        draft.count_per_group();
        if draft.outputs.is_empty() && draft.entities.is_empty() {
            return Err(refusal::nothing_asked(self.index));
        }
        // `How many … each …? List their names.` asks for both.
        if !draft
            .outputs
            .iter()
            .any(|output| matches!(output, Output::Measure(_)))
        {
            draft.outputs.extend(self.measured);
        }
        draft.readings.dedup();
        Ok(draft)
    }

    /// `highest first` without a key is by the measure shown, or by the first column.
    fn sort_by_shown(&mut self) {
        let Some(end) = self.direction.filter(|_| self.draft.order.is_empty()) else {
            return;
        };
        let measure = self.draft.outputs.iter().find_map(|output| match output {
            Output::Measure(measure) => Some(SortKey::Measure(measure.clone())),
            Output::Name(_) => None,
        });
        let key = match (measure, self.draft.outputs.len()) {
            (Some(measure), _) => measure,
            (None, 1) => SortKey::FirstOutput,
            (None, _) => return,
        };
        self.draft.order.push(Sort {
            key,
            end,
            focus: None,
        });
        self.direction = None;
        self.waiting.sorting = false;
    }

    /// `in which years` asks for each year once.
    fn asks_which(&self) -> bool {
        let [Output::Name(mention)] = self.draft.outputs.as_slice() else {
            return false;
        };
        let before = mention.at.checked_sub(1).and_then(|at| self.items.get(at));
        let which = match before {
            Some(item) => {
                let word = item.text.to_lowercase();
                word.ends_with("which") || word.ends_with("what") || self.draft.entities.is_empty()
            }
            None => self.draft.entities.is_empty(),
        };
        let column = mention.hits.iter().all(|hit| match hit.target {
            Target::Column(id) => !self.index.facts[id.table].naming.contains(&id.column),
            Target::Table(_) => false,
        });
        let plain = self.draft.group.is_empty() && self.draft.order.is_empty();
        which && column && plain && mention.text.ends_with('s')
    }

    /// The item at a position.
    fn kind(&self, at: usize) -> Option<&Kind> {
        self.items.get(at).map(|item| &item.kind)
    }

    fn tag(&self, at: usize) -> Option<Tag> {
        match self.kind(at) {
            Some(Kind::Tag(tag)) => Some(*tag),
            _ => None,
        }
    }

    /// The first position from `at` on that is not filler.
    fn skip(&self, mut at: usize) -> usize {
        while self.tag(at) == Some(Tag::Filler) {
            at += 1;
        }
        at
    }

    /// The same, also over `of`, `in` and `than`-like glue.
    fn skip_glue(&self, mut at: usize) -> usize {
        while matches!(self.tag(at), Some(Tag::Filler | Tag::Of)) {
            at += 1;
        }
        at
    }

    fn hits(&self, at: usize) -> &[Hit] {
        match self.kind(at) {
            Some(Kind::Name(hits)) => hits,
            _ => &[],
        }
    }

    /// The name at `at` as a mention of tables only, or columns only, as `keep` says.
    fn mention(&self, at: usize, keep: fn(&Target) -> bool) -> Option<Mention> {
        let hits: Vec<Hit> = self
            .hits(at)
            .iter()
            .filter(|hit| keep(&hit.target))
            .copied()
            .collect();
        let text = self.items.get(at)?.text.clone();
        (!hits.is_empty()).then_some(Mention { hits, text, at })
    }

    /// The name at `at` as columns.
    fn columns_at(&self, at: usize) -> Option<Mention> {
        let columns = self.mention(at, |target| matches!(target, Target::Column(_)))?;
        // `orders` are orders, although `ordered_at` is near in sound.
        let faint = columns
            .hits
            .iter()
            .all(|hit| hit.closeness <= Closeness::Tail);
        let is_table =
            |hit: &Hit| matches!(hit.target, Target::Table(_)) && hit.closeness >= Closeness::Alias;
        (!faint || !self.hits(at).iter().any(is_table)).then_some(columns)
    }

    /// The name at `at` when it is rather a table than a column.
    fn table_at(&self, at: usize) -> Option<Mention> {
        let tables = self.mention(at, |target| matches!(target, Target::Table(_)))?;
        let closest = |mention: &Mention| mention.hits.iter().map(|hit| hit.closeness).max();
        let columns = self.columns_at(at).and_then(|mention| closest(&mention));
        // A table called just so wins over a column of another that is called so too.
        let clear = closest(&tables) >= Some(Closeness::Alias);
        (clear || closest(&tables) >= columns).then_some(tables)
    }

    /// Adds a condition, or joins it to the one before when `or` stands between.
    fn add(&mut self, test: Test) -> Result<(), Cannot> {
        let condition = Condition {
            test,
            focus: self.focus,
            at: self.start,
        };
        self.waiting.negated = false;
        self.link = Link::None;
        if !std::mem::take(&mut self.waiting.alternative) {
            self.draft.conditions.push(condition);
            return Ok(());
        }
        let Some(before) = self.draft.conditions.pop() else {
            return Err(refusal::dangling("or"));
        };
        let any = match before.test {
            Test::Any(mut tests) => {
                tests.push(condition);
                tests
            }
            // `a and b or c` can be read in two ways.
            _ if !self.draft.conditions.is_empty() => return Err(refusal::and_or()),
            _ => vec![before, condition],
        };
        self.draft.conditions.push(Condition {
            test: Test::Any(any),
            focus: self.focus,
            at: self.start,
        });
        Ok(())
    }

    fn limit(&mut self, limit: Limit) {
        self.draft.limit.get_or_insert(limit);
    }
}
