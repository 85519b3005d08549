//! Binds each name of a draft to one table or column, or says between which it cannot choose.

mod columns;
mod conditions;
mod contradictions;
mod families;
mod groups;
mod ordering;
mod outputs;
mod references;
mod related;
mod times;
mod values;

use std::cell::RefCell;
use std::collections::HashSet;

use jiff::tz::TimeZone;

use crate::nl::Cannot;

use super::draft::Draft;
use super::draft::Function;
use super::draft::Key;
use super::draft::Mention;
use super::draft::Output;
use super::draft::Role;
use super::draft::Test;
use super::index::ColumnId;
use super::index::Index;
use super::index::Target;
use super::items::Item;
use super::items::Kind;
use super::joins::Cues;
use super::joins::Graph;
use super::lexicon::Tag;
use super::query::Expr;
use super::query::Query;
use super::refusal;
use super::sides::Side;
use super::words::stem;

/// What binding reads besides the draft.
#[derive(Debug)]
pub(super) struct Surroundings<'q, 'a> {
    /// The schema.
    pub(super) index: &'a Index,
    /// Its joins.
    pub(super) graph: &'a Graph,
    /// The question.
    pub(super) items: &'q [Item],
    /// The client's time zone.
    pub(super) zone: &'a TimeZone,
}

/// A bound question.
#[derive(Debug)]
pub(super) struct Bound<'a> {
    /// The query.
    pub(super) query: Query,
    /// How some words were read.
    pub(super) readings: Vec<String>,
    /// What speaks for one join rather than another.
    pub(super) cues: Cues<'a>,
}

/// Binds every name of a draft.
pub(super) fn bind<'a>(draft: &Draft, around: &Surroundings<'_, 'a>) -> Result<Bound<'a>, Cannot> {
    let mut binder = Binder {
        around,
        draft,
        entities: Vec::new(),
        subject: 0,
        query: Query::default(),
        main: Vec::new(),
        readings: draft.readings.clone(),
        cues: cues(around),
        limited: false,
        alternatives: RefCell::default(),
    };
    binder.bind_entities()?;
    binder.choose_subject()?;
    binder.bind_outputs()?;
    binder.bind_order()?;
    binder.bind_group()?;
    binder.bind_conditions()?;
    binder.finish()
}

/// The tables and stems of the question, for choosing between joins.
fn cues<'a>(around: &Surroundings<'_, 'a>) -> Cues<'a> {
    let words = around.items.iter().flat_map(|item| item.text.split(' '));
    Cues {
        index: around.index,
        side: side(around.items),
        mentioned: HashSet::new(),
        stems: words.map(|word| stem(&word.to_lowercase())).collect(),
    }
}

/// The only side that verbs, or words before a group, speak of.
fn side(items: &[Item]) -> Option<Side> {
    let speaks = |item: &&Item| match item.kind {
        Kind::Tag(Tag::Relation) => true,
        Kind::Tag(Tag::Each) => item.text.contains(' '),
        _ => false,
    };
    let mut sides = items
        .iter()
        .filter(speaks)
        .filter_map(|item| Side::said(&item.text));
    let first = sides.next()?;
    sides.all(|side| side == first).then_some(first)
}

struct Binder<'d, 'a> {
    around: &'d Surroundings<'d, 'a>,
    draft: &'d Draft,
    /// The table of each entity.
    entities: Vec<usize>,
    /// The table asked about.
    subject: usize,
    query: Query,
    /// The tables that the main query reads.
    main: Vec<usize>,
    readings: Vec<String>,
    cues: Cues<'a>,
    /// The number of rows wanted is that of another table's.
    limited: bool,
    /// Readings that are nearly as good as those taken.
    alternatives: RefCell<Vec<String>>,
}

impl<'a> Binder<'_, 'a> {
    fn index(&self) -> &Index {
        self.around.index
    }

    fn bind_entities(&mut self) -> Result<(), Cannot> {
        for entity in &self.draft.entities {
            let table = self.table_of(&entity.mention)?;
            self.entities.push(table);
            self.cues.mentioned.insert(table);
        }
        Ok(())
    }

    /// The closest table that a mention names.
    fn table_of(&self, mention: &Mention) -> Result<usize, Cannot> {
        let closest = mention.hits.iter().map(|hit| hit.closeness).max();
        let mut tables: Vec<usize> = mention
            .hits
            .iter()
            .filter(|hit| Some(hit.closeness) == closest)
            .filter_map(|hit| match hit.target {
                Target::Table(table) => Some(table),
                Target::Column(_) => None,
            })
            .collect();
        if tables.len() > 1 {
            let near = |table: &usize| {
                self.entities.iter().any(|other| {
                    other == table || self.around.graph.distance(*other, *table) == Some(1)
                })
            };
            let nearer: Vec<usize> = tables.iter().copied().filter(near).collect();
            if nearer.len() == 1 {
                tables = nearer;
            }
        }
        match tables.as_slice() {
            [one] => Ok(*one),
            several => {
                let name = |table: &usize| {
                    let table = self.index().table(*table);
                    format!("{}.{}", table.schema, table.name)
                };
                let alternatives: Vec<String> = several.iter().map(name).collect();
                Err(refusal::ambiguous(&mention.text, &alternatives))
            }
        }
    }

    /// The table asked about: the one whose rows are wanted, else the first that is mentioned,
    /// else the one that holds every column asked for.
    fn choose_subject(&mut self) -> Result<(), Cannot> {
        let position = |wanted: &[Role]| {
            self.draft
                .entities
                .iter()
                .position(|entity| wanted.contains(&entity.role))
        };
        let asked = position(&[Role::Head, Role::Owner]).or_else(|| position(&[Role::Counted]));
        let beside = (0..self.entities.len())
            .filter(|entity| !self.is_denied(*entity))
            .map(|entity| self.entities[entity])
            .next();
        self.subject = match (asked, beside) {
            (Some(entity), _) => self.entities[entity],
            // `names of stadiums without a concert` asks for nothing that a concert has.
            (None, Some(table)) if self.may_hold(table) => table,
            _ => self.table_of_all()?,
        };
        Ok(())
    }

    /// Whether an entity is mentioned as what there must be none of.
    fn is_denied(&self, entity: usize) -> bool {
        self.draft.conditions.iter().any(|condition| {
            matches!(condition.test, Test::Has { entity: other, negated: true, .. } if other == entity)
        })
    }

    /// Whether a table has something of what is asked for.
    fn may_hold(&self, table: usize) -> bool {
        let mentions = self.mentions();
        let held = |mention: &&Mention| {
            columns::closest_in(mention, table).is_some() || self.table_of(mention).is_ok()
        };
        mentions.is_empty() || mentions.iter().all(held)
    }

    /// The subject's own columns decide between tables when none is named.
    fn table_of_all(&self) -> Result<usize, Cannot> {
        let mentions = self.mentions();
        let Some(first) = mentions.first() else {
            return self.table_of_values();
        };
        let mut tables: Vec<usize> = first
            .hits
            .iter()
            .filter_map(|hit| match hit.target {
                Target::Column(id) => Some(id.table),
                Target::Table(_) => None,
            })
            .collect();
        tables.dedup();
        let held = |table: usize| {
            let has = |mention: &&&Mention| {
                mention
                    .hits
                    .iter()
                    .any(|hit| matches!(hit.target, Target::Column(id) if id.table == table))
            };
            let closeness: usize = mentions
                .iter()
                .filter_map(|mention| columns::closest_in(mention, table))
                .map(|hit| hit.closeness as usize)
                .sum();
            (
                mentions.iter().filter(has).count(),
                self.values_in(table),
                closeness,
            )
        };
        let best = tables.iter().map(|table| held(*table)).max();
        tables.retain(|table| Some(held(*table)) == best);
        if tables.len() > 1 {
            // `unit price per category` is that of products, which have a category.
            let far = |table: &usize| -> usize {
                let graph = self.around.graph;
                let to = |other: &usize| graph.distance(*other, *table).unwrap_or(usize::MAX / 64);
                self.entities.iter().map(to).sum()
            };
            let nearest = tables.iter().map(far).min();
            tables.retain(|table| Some(far(table)) == nearest);
        }
        if tables.len() > 1 {
            // A view shows what is stored in a table.
            let stored = |table: &usize| self.index().is_stored(*table);
            let kept: Vec<usize> = tables.iter().copied().filter(stored).collect();
            if !kept.is_empty() {
                tables = kept;
            }
        }
        if tables.len() > 1 {
            // A key that refers to another table's column says the same as that column.
            let owns = |table: &usize| self.owns(first, *table);
            let owners: Vec<usize> = tables.iter().copied().filter(owns).collect();
            if owners.len() == 1 {
                tables = owners;
            }
        }
        match tables.as_slice() {
            [one] => Ok(*one),
            several => {
                let name = |table: &usize| {
                    format!("{} of {}", first.text, self.index().table(*table).name)
                };
                let alternatives: Vec<String> = several.iter().take(6).map(name).collect();
                Err(refusal::ambiguous(&first.text, &alternatives))
            }
        }
    }

    /// Whether the column that a mention means in a table is no reference to another.
    fn owns(&self, mention: &Mention, table: usize) -> bool {
        let Some(Target::Column(id)) = columns::closest_in(mention, table).map(|hit| hit.target)
        else {
            return false;
        };
        let keys = &self.index().table(table).foreign_keys;
        !keys.iter().any(|key| key.columns.contains(&id.column))
    }

    /// Every column that the draft asks for.
    fn mentions(&self) -> Vec<&Mention> {
        self.draft
            .outputs
            .iter()
            .filter_map(|output| match output {
                Output::Name(mention) => Some(mention),
                Output::Measure(measure) => measure.of.as_ref(),
            })
            .chain(self.draft.group.iter().filter_map(|key| match key {
                Key::Name(mention) => Some(mention),
                Key::Time(_) | Key::Outputs => None,
            }))
            .collect()
    }

    /// Makes a table part of the main query.
    fn join(&mut self, table: usize) {
        if !self.main.contains(&table) {
            self.main.push(table);
        }
    }

    /// What stands beside an aggregate must be the same for the whole group.
    fn check_groups(&self) -> Result<(), Cannot> {
        let query = &self.query;
        let shown = query
            .outputs
            .iter()
            .chain(query.order.iter().map(|(expr, _)| expr));
        let grouped = !query.group.is_empty() || query.size.is_some();
        let aggregated = shown.clone().any(Expr::is_aggregate);
        let loose = shown
            .clone()
            .any(|expr| !expr.is_aggregate() && !query.group.contains(expr));
        let counted = shown.clone().filter_map(|expr| match expr {
            Expr::Rows(table) | Expr::Share(table, _) => Some(*table),
            _ => None,
        });
        let alone = counted.into_iter().any(|table| self.is_keyed(table));
        if (grouped || aggregated) && (loose || alone) {
            return Err(refusal::unsupported(
                "the question mixes groups of rows with single rows",
                "Ask for the groups and for the rows in two questions.",
            ));
        }
        Ok(())
    }

    /// Whether each group is a single row of a table.
    fn is_keyed(&self, table: usize) -> bool {
        let keys = &self.index().table(table).primary_key;
        let grouped = |column: &usize| {
            let key = Expr::Column(ColumnId {
                table,
                column: *column,
            });
            self.query.group.contains(&key)
        };
        !keys.is_empty() && keys.iter().all(grouped)
    }

    fn finish(mut self) -> Result<Bound<'a>, Cannot> {
        self.query.subject = self.subject;
        self.query.limit = match &self.draft.limit {
            Some(limit) if !self.limited => Some(values::whole_number(limit)?),
            _ => None,
        };
        self.narrow_first();
        self.query.drop_implied();
        self.query.distinct = self.draft.distinct
            && self.query.group.is_empty()
            && !self.query.outputs.iter().any(Expr::is_aggregate);
        if self.query.outputs.is_empty() {
            return Err(refusal::nothing_asked(self.index()));
        }
        self.check_groups()?;
        self.check_families()?;
        self.readings.extend(self.alternatives.take());
        self.readings.dedup();
        Ok(Bound {
            query: self.query,
            readings: self.readings,
            cues: self.cues,
        })
    }
}

/// Whether a function adds up what it meets.
fn adds_up(function: Function) -> bool {
    matches!(function, Function::Sum | Function::Average)
}
