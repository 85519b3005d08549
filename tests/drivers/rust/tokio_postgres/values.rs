//! The checks by tokio-postgres of what travels: values of every type, many, and large.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::Client;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::FromSql;
use tokio_postgres::types::IsNull;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;

use super::Own;
use super::Session as _;
use super::text;
use super::told;
use crate::rust;
use crate::rust::Seen;
use crate::target::Target;

/// A value of any type as it travels.
#[derive(Debug, Clone)]
pub(super) struct Raw(pub(super) Vec<u8>);

impl FromSql<'_> for Raw {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Raw {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

pub(super) async fn types_text(client: &Client) -> Seen {
    let mut seen = Vec::new();
    let values = rust::VALUES.map(|(kind, literal)| {
        let literal = rust::quoted(literal);
        format!("SELECT {literal}::{kind}")
    });
    for query in values.iter().map(String::as_str).chain([rust::EVERY_BYTE]) {
        let messages = client.simple_query(query).await.map_err(|e| told(&e))?;
        for message in messages {
            if let SimpleQueryMessage::Row(row) = message {
                seen.push(row.get(0).unwrap_or("(null)").to_owned());
            }
        }
    }
    Ok(seen)
}

pub(super) async fn types_binary(client: &Client) -> Seen {
    let mut seen = Vec::new();
    let bytes = client.query_one(rust::EVERY_BYTE, &[]).await;
    let bytes: Raw = bytes.map_err(|e| told(&e))?.get(0);
    seen.push(rust::hex(&bytes.0));
    for (kind, literal) in rust::VALUES {
        let query = format!("SELECT $1::text::{kind}, $2::{kind}");
        let none: Option<Raw> = None;
        let row = client.query_one(&query, &[&literal, &none]).await;
        let row = row.map_err(|e| told(&e))?;
        let value: Option<Raw> = row.get(0);
        let nothing: Option<Raw> = row.get(1);
        // Sent back as it came.
        let row = client.query_one(&query, &[&literal, &value]).await;
        let again: Option<Raw> = row.map_err(|e| told(&e))?.get(1);
        for value in [value, nothing, again] {
            seen.push(value.map_or_else(|| "(null)".to_owned(), |value| rust::hex(&value.0)));
        }
    }
    Ok(seen)
}

pub(super) async fn prepared_reuse(target: &Target) -> Seen {
    let mut opened = Vec::new();
    let mut statements = Vec::new();
    for _ in 0..3 {
        let session = Own::plain(target).await?;
        let statement = session.client.prepare("SELECT $1::int4 + 1, $2::text");
        statements.push(statement.await.map_err(|e| told(&e))?);
        opened.push(session);
    }
    let mut seen = Vec::new();
    for run in 0..20_i32 {
        let held = run as usize % 3;
        opened[held].run("BEGIN").await?;
        for (session, statement) in opened.iter().zip(&statements) {
            let text = "x".repeat(run as usize);
            let row = session.client.query_one(statement, &[&run, &text]).await;
            let row = row.map_err(|e| told(&e))?;
            let (next, text): (i32, &str) = (row.get(0), row.get(1));
            seen.push(format!("{next}{text}"));
        }
        opened[held].run("COMMIT").await?;
    }
    drop(statements);
    for session in opened {
        session.close().await?;
    }
    Ok(seen)
}

pub(super) async fn big_value(client: &Client) -> Seen {
    let big = rust::big();
    let query = "SELECT $1::text, length($2::text), $3::bytea";
    let row = client
        .query_one(query, &[&big, &big, &big.as_bytes()])
        .await;
    let row = row.map_err(|e| told(&e))?;
    let same = row.get::<_, &str>(0) == big && row.get::<_, &[u8]>(2) == big.as_bytes();
    let length: i32 = row.get(1);
    Ok(vec![same.to_string(), length.to_string()])
}

pub(super) async fn many_parameters(client: &Client) -> Seen {
    let places: Vec<String> = (1..=1000).map(|n| format!("${n}::int4")).collect();
    let query = format!(
        "SELECT sum(n) || ' ' || count(n) FROM unnest(ARRAY[{}]) n",
        places.join(",")
    );
    let numbers: Vec<i32> = (0..1000).collect();
    let parameters: Vec<&(dyn ToSql + Sync)> = numbers.iter().map(|n| n as _).collect();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(text(client, &query, &parameters).await?);
    }
    Ok(seen)
}
