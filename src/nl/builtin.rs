//! The translator that needs no model: an English grammar over the words of a schema.
//!
//! It answers only when every word with content is accounted for, and says which are not. It is
//! pure and deterministic: the same question, schema and moment give the same SQL.

mod bind;
mod dates;
mod draft;
mod examples;
mod facts;
mod flags;
mod index;
mod items;
mod joins;
mod lexicon;
mod naming;
mod numbers;
mod parse;
mod print;
mod query;
mod ratio;
mod refusal;
mod shorter;
mod sides;
mod tag;
mod words;

#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::sql::schema::Schema;

use super::Cannot;
use super::Context;
use super::Reason;

use bind::Bound;
use index::Index;
use joins::Graph;

/// A question's SQL and how its words were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// One SELECT: tables with their schema, columns with their alias, no semicolon.
    pub sql: String,
    /// How words were read, a line each.
    pub readings: Vec<String>,
}

/// The longest question that is read, in characters.
const LONGEST: usize = 2_000;

/// How many prepared schemas are kept: one for each role and database that asks.
const KEPT: usize = 16;

/// The translator, with the schemas it has prepared.
#[derive(Debug, Default)]
pub struct Builtin {
    prepared: Mutex<Vec<Arc<Prepared>>>,
}

#[derive(Debug)]
struct Prepared {
    index: Index,
    graph: Graph,
}

/// What questions are read with.
#[derive(Debug)]
struct Asker<'a> {
    prepared: &'a Prepared,
    zone: &'a TimeZone,
    today: Date,
}

impl<'a> Asker<'a> {
    /// A question with its names bound to tables and columns.
    fn bind(&self, question: &str) -> Result<Bound<'a>, Cannot> {
        let items = items::match_words(question, &self.prepared.index, self.today);
        let draft = parse::parse(&items, &self.prepared.index)?;
        let around = bind::Surroundings {
            index: &self.prepared.index,
            graph: &self.prepared.graph,
            items: &items,
            zone: self.zone,
        };
        bind::bind(&draft, &around)
    }

    /// A refusal with questions that would be answered.
    fn with_examples(&self, mut cannot: Cannot, question: &str) -> Cannot {
        if cannot.reason == Reason::NotAnswerable && cannot.detail.is_none() {
            let examples = examples::near(question, self);
            if !examples.is_empty() {
                cannot.detail = Some(format!("Answered would be: {}.", examples.join("; ")));
            }
        }
        cannot
    }

    /// The SELECT that answers it.
    fn print(&self, bound: &Bound<'_>) -> Result<String, Cannot> {
        print::print(&bound.query, &self.prepared.graph, &bound.cues)
    }
}

impl Builtin {
    /// A translator that has prepared nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The SQL of a question, or why there is none.
    pub fn translate(&self, question: &str, context: &Context) -> Result<Translated, Cannot> {
        if question.chars().count() > LONGEST {
            return Err(Cannot {
                reason: Reason::TooLong,
                message: format!("the question is longer than {LONGEST} characters"),
                detail: None,
                hint: Some("Ask in fewer words.".to_owned()),
            });
        }
        let prepared = self.prepare(&context.schema);
        // PostgreSQL also takes POSIX zones: `<+02>-02`.
        let zone = TimeZone::get(&context.time_zone)
            .or_else(|_| TimeZone::posix(&context.time_zone))
            .unwrap_or(TimeZone::UTC);
        let today = context.now.to_zoned(zone.clone()).date();
        let asker = Asker {
            prepared: &prepared,
            zone: &zone,
            today,
        };
        if let Some(quotient) = ratio::translate(question, &asker) {
            return quotient;
        }
        let answered = asker.bind(question).and_then(|bound| {
            let sql = asker.print(&bound)?;
            Ok(Translated {
                sql,
                readings: bound.readings,
            })
        });
        answered.map_err(|cannot| asker.with_examples(cannot, question))
    }

    /// The schema ready for look-ups, prepared once for as long as it is in use.
    fn prepare(&self, schema: &Arc<Schema>) -> Arc<Prepared> {
        let known = |prepared: &&Arc<Prepared>| Arc::ptr_eq(&prepared.index.schema, schema);
        let lock = || self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = lock().iter().find(known) {
            return Arc::clone(prepared);
        }
        let prepared = Arc::new(Prepared {
            index: Index::new(schema),
            graph: Graph::new(schema),
        });
        let mut kept = lock();
        // A newer version of the same view takes the older one's place.
        kept.retain(|known| {
            let known = &known.index.schema;
            (&known.database, &known.role) != (&schema.database, &schema.role)
        });
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(Arc::clone(&prepared));
        prepared
    }
}

/// The same without keeping anything: for one question.
pub fn translate(question: &str, context: &Context) -> Result<Translated, Cannot> {
    Builtin::new().translate(question, context)
}

#[cfg(test)]
mod tests;
