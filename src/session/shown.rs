//! What is shown of a question without an answer: its tables, and what a model would be told.

use super::Session;
use super::asking::Failure;
use super::errors;
use super::generated::literal;
use crate::nl;
use crate::nl::llm::Role;
use crate::sql::question::Asked;
use crate::sql::question::Verb;

impl Session {
    /// The statement for a verb that asks no translator; `None` for one that does.
    pub(super) async fn shown(
        &self,
        asked: &Asked,
        types: &[u32],
        context: &nl::Context,
    ) -> Result<Option<String>, Failure> {
        let translator = &self.services.translator;
        match asked.verb {
            Verb::Tables => {
                let ranked = translator.tables(&question(asked, types)?, context).await;
                Ok(Some(tables(&ranked, context)))
            }
            Verb::Prompt => {
                let messages = translator.prompt(&question(asked, types)?, context).await;
                let messages = messages.map_err(|why| errors::cannot(&why))?;
                Ok(Some(prompt(&messages)))
            }
            Verb::Answer
            | Verb::Sql
            | Verb::Explain
            | Verb::Run(_)
            | Verb::Save(_)
            | Verb::Refine => Ok(None),
        }
    }
}

fn question(asked: &Asked, types: &[u32]) -> Result<nl::Question, Failure> {
    nl::Question::new(&asked.text, types).map_err(|why| errors::cannot(&why).into())
}

/// The tables that have something to do with the question, the nearest first.
fn tables(ranked: &[nl::retrieval::Ranked], context: &nl::Context) -> String {
    let rows = ranked.iter().filter(|ranked| ranked.score > 0.0);
    let rows = rows.zip(1..).map(|(ranked, rank)| {
        let table = &context.schema.tables[ranked.table];
        format!(
            "({rank}, {}, {}, {:.4}::float8, {})",
            literal(&table.schema),
            literal(&table.name),
            ranked.score,
            literal(&ranked.why.to_string()),
        )
    });
    values(
        "rank, table_schema, table_name, score, why",
        "NULL::int, NULL::text, NULL::text, NULL::float8, NULL::text",
        &rows.collect::<Vec<_>>(),
    )
}

/// The messages, in order, and how many tokens they are thought to have.
fn prompt(messages: &[nl::llm::Message]) -> String {
    let rows = messages.iter().map(|message| {
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let tokens = nl::prompt::estimate(&message.content);
        format!(
            "({}, {tokens}, {})",
            literal(role),
            literal(&message.content)
        )
    });
    values(
        "role, tokens, content",
        "NULL::text, NULL::int, NULL::text",
        &rows.collect::<Vec<_>>(),
    )
}

/// A query for `rows`; one for no rows, where there are none, with columns of the types of `none`.
fn values(columns: &str, none: &str, rows: &[String]) -> String {
    if rows.is_empty() {
        return format!("SELECT {columns} FROM (VALUES ({none})) AS shown ({columns}) LIMIT 0");
    }
    let rows = rows.join(", ");
    format!("SELECT {columns} FROM (VALUES {rows}) AS shown ({columns})")
}
