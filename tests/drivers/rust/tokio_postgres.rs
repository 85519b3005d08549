//! tokio-postgres: pipelines of its own accord, binary results, named statements and portals.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use futures::SinkExt as _;
use futures::TryStreamExt as _;
use futures::future::join_all;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::AsyncMessage;
use tokio_postgres::Client;
use tokio_postgres::Error;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::FromSql;
use tokio_postgres::types::IsNull;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;

use super::Seen;
use super::session::Session;
use super::session::Startup;
use super::state;
use crate::checks::names;
use crate::programs::runtime;
use crate::target::Target;

/// Longer than a notification takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs every check.
pub(crate) fn run(target: &Target) -> String {
    runtime().block_on(async {
        let mut lines = String::new();
        for name in names() {
            let seen = match state::check::<Own>(name, target).await {
                Some(seen) => seen,
                None => own(name, target).await,
            };
            lines.push_str(&super::line(name, seen));
        }
        lines
    })
}

async fn own(name: &str, target: &Target) -> Seen {
    let mut a = Own::plain(target).await?;
    let seen = match name {
        "types_text" => types_text(&a.client).await,
        "types_binary" => types_binary(&a.client).await,
        "prepared_reuse" => prepared_reuse(target).await,
        "cursor" => cursor(&mut a.client).await,
        "copy_in" => copy_in(&a.client).await,
        "copy_out" => copy_out(&a.client).await,
        "pipeline_error" => pipeline_error(&a.client).await,
        "cancel" => cancel(&a, target).await,
        "listen_notify" => listen_notify(&mut a, target).await,
        "notices" => notices(&mut a).await,
        "big_value" => big_value(&a.client).await,
        "many_parameters" => many_parameters(&a.client).await,
        _ => Err("no such check".to_owned()),
    };
    a.close().await?;
    seen
}

/// A client, what its connection hears besides, and the connection.
struct Own {
    client: Client,
    heard: UnboundedReceiver<String>,
    connection: JoinHandle<Result<(), Error>>,
}

impl Session for Own {
    async fn connect(target: &Target, startup: Startup) -> Result<Self, String> {
        let mut config = tokio_postgres::Config::new();
        config
            .host(target.addr.ip().to_string())
            .port(target.addr.port())
            .user("postgres")
            .dbname(&target.database);
        if let Some(name) = startup.application {
            config.application_name(name);
        }
        if !startup.options.is_empty() {
            let options = startup.options.iter();
            let options = options.map(|(name, value)| format!("-c {name}={value}"));
            config.options(options.collect::<Vec<_>>().join(" "));
        }
        let (client, mut connection) = config.connect(NoTls).await.map_err(|e| told(&e))?;
        let (tell, heard) = unbounded_channel();
        let connection = tokio::spawn(async move {
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                pass_on(&tell, message?);
            }
            Ok(())
        });
        Ok(Self {
            client,
            heard,
            connection,
        })
    }

    async fn run(&mut self, script: &str) -> Result<(), String> {
        self.client
            .batch_execute(script)
            .await
            .map_err(|e| told(&e))
    }

    async fn text(&mut self, query: &str) -> Result<String, String> {
        text(&self.client, query, &[]).await
    }

    async fn close(self) -> Result<(), String> {
        drop(self.client);
        let ended = self.connection.await.map_err(|e| e.to_string())?;
        ended.map_err(|e| told(&e))
    }
}

/// Nobody may listen any more when the last message comes.
fn pass_on(tell: &UnboundedSender<String>, message: AsyncMessage) {
    let told = match message {
        AsyncMessage::Notice(notice) => format!(
            "{} {} {} {}",
            notice.severity(),
            notice.message(),
            notice.detail().unwrap_or("-"),
            notice.hint().unwrap_or("-")
        ),
        AsyncMessage::Notification(news) => format!("{} {}", news.channel(), news.payload()),
        _ => return,
    };
    let _ = tell.send(told);
}

/// The SQLSTATE of the server's error, or the driver's words.
fn told(error: &Error) -> String {
    error
        .code()
        .map_or_else(|| error.to_string(), |state| state.code().to_owned())
}

async fn text(
    client: &Client,
    query: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<String, String> {
    let row = client.query_one(query, parameters).await;
    let row = row.map_err(|e| told(&e))?;
    let Raw(bytes) = row.try_get(0).map_err(|e| told(&e))?;
    String::from_utf8(bytes).map_err(|e| e.to_string())
}

/// A value of any type as it travels.
#[derive(Debug, Clone)]
struct Raw(Vec<u8>);

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

async fn types_text(client: &Client) -> Seen {
    let mut seen = Vec::new();
    let values = super::VALUES.map(|(kind, literal)| {
        let literal = super::quoted(literal);
        format!("SELECT {literal}::{kind}")
    });
    for query in values.iter().map(String::as_str).chain([super::EVERY_BYTE]) {
        let messages = client.simple_query(query).await.map_err(|e| told(&e))?;
        for message in messages {
            if let SimpleQueryMessage::Row(row) = message {
                seen.push(row.get(0).unwrap_or("(null)").to_owned());
            }
        }
    }
    Ok(seen)
}

async fn types_binary(client: &Client) -> Seen {
    let mut seen = Vec::new();
    let bytes = client.query_one(super::EVERY_BYTE, &[]).await;
    let bytes: Raw = bytes.map_err(|e| told(&e))?.get(0);
    seen.push(super::hex(&bytes.0));
    for (kind, literal) in super::VALUES {
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
            seen.push(value.map_or_else(|| "(null)".to_owned(), |value| super::hex(&value.0)));
        }
    }
    Ok(seen)
}

async fn prepared_reuse(target: &Target) -> Seen {
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

async fn cursor(client: &mut Client) -> Seen {
    let transaction = client.transaction().await.map_err(|e| told(&e))?;
    let portal = transaction.bind(super::MANY, &[]).await;
    let portal = portal.map_err(|e| told(&e))?;
    let (mut all, mut seen) = (Vec::new(), Vec::new());
    loop {
        let rows = transaction.query_portal(&portal, 5000).await;
        let rows = rows.map_err(|e| told(&e))?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            all.extend_from_slice(row.get::<_, &str>(0).as_bytes());
        }
        let count = rows.len() as i32;
        let other = transaction.query_one("SELECT $1::int4", &[&count]).await;
        let other: i32 = other.map_err(|e| told(&e))?.get(0);
        seen.push(other.to_string());
    }
    drop(portal);
    transaction.commit().await.map_err(|e| told(&e))?;
    seen.push(super::digest(&all));
    Ok(seen)
}

async fn copy_in(client: &Client) -> Seen {
    let create = client.batch_execute("CREATE TABLE loaded (n integer, t text)");
    create.await.map_err(|e| told(&e))?;
    let copy = "COPY loaded FROM STDIN";
    let lines = Bytes::from(super::lines());
    let mut sink = pin!(
        client
            .copy_in::<_, Bytes>(copy)
            .await
            .map_err(|e| told(&e))?
    );
    let mut at = 0;
    while at < lines.len() {
        let end = lines.len().min(at + 50_000);
        sink.send(lines.slice(at..end))
            .await
            .map_err(|e| told(&e))?;
        at = end;
    }
    let count = sink.finish().await.map_err(|e| told(&e))?;
    let mut seen = vec![count.to_string(), text(client, super::LOADED, &[]).await?];
    let mut sink = pin!(
        client
            .copy_in::<_, Bytes>(copy)
            .await
            .map_err(|e| told(&e))?
    );
    let wrong = Bytes::from_static(b"no number\tx\n");
    sink.send(wrong).await.map_err(|e| told(&e))?;
    let failed = sink.finish().await.expect_err("it does not fit");
    seen.push(told(&failed));
    {
        let mut sink = pin!(
            client
                .copy_in::<_, Bytes>(copy)
                .await
                .map_err(|e| told(&e))?
        );
        let half = Bytes::from_static(b"1\tx\n");
        sink.send(half).await.map_err(|e| told(&e))?;
    }
    seen.push(text(client, "SELECT count(*)::text FROM loaded", &[]).await?);
    Ok(seen)
}

async fn copy_out(client: &Client) -> Seen {
    let create = client.batch_execute(super::STORED);
    create.await.map_err(|e| told(&e))?;
    let mut seen = Vec::new();
    for options in ["", " (FORMAT binary)"] {
        let copy = format!("COPY stored TO STDOUT{options}");
        let stream = client.copy_out(&copy).await.map_err(|e| told(&e))?;
        let chunks = stream.try_collect::<Vec<_>>().await;
        let chunks = chunks.map_err(|e| told(&e))?;
        seen.push(super::digest(&chunks.concat()));
    }
    seen.push(text(client, "SELECT 'usable'", &[]).await?);
    Ok(seen)
}

/// Every statement is sent before the first answer is read, each with a Sync of its own.
async fn pipeline_error(client: &Client) -> Seen {
    let create = client.batch_execute("CREATE TABLE piped (n integer PRIMARY KEY)");
    create.await.map_err(|e| told(&e))?;
    let insert = client.prepare("INSERT INTO piped SELECT $1 / $2::int4 RETURNING n");
    let insert = insert.await.map_err(|e| told(&e))?;
    let parameters: Vec<[i32; 2]> = (0..500)
        .map(|n| [n % 450, i32::from(n % 100 != 50)])
        .collect();
    let inserts = parameters.iter().map(|[n, by]| {
        let insert = &insert;
        async move { client.query_one(insert, &[n, by]).await }
    });
    let told: Vec<String> = join_all(inserts)
        .await
        .into_iter()
        .map(|row| row.map_or_else(|e| told(&e), |row| row.get::<_, i32>(0).to_string()))
        .collect();
    let sum = "SELECT concat_ws(' ', count(*), sum(n)) FROM piped";
    let sum = text(client, sum, &[]).await?;
    Ok(vec![told.join(" "), sum])
}

async fn cancel(a: &Own, target: &Target) -> Seen {
    let mut b = Own::plain(target).await?;
    let token = a.client.cancel_token();
    let sleeping = a.client.batch_execute("SELECT pg_sleep(600)");
    let stopping = async {
        while b.text(super::SLEEPERS).await? != "1" {}
        token.cancel_query(NoTls).await.map_err(|e| told(&e))
    };
    let (slept, stopped) = tokio::join!(sleeping, stopping);
    stopped?;
    let slept = slept.expect_err("nobody sleeps for ten minutes");
    let seen = vec![told(&slept), text(&a.client, "SELECT 'usable'", &[]).await?];
    b.close().await?;
    Ok(seen)
}

async fn listen_notify(a: &mut Own, target: &Target) -> Seen {
    let mut b = Own::plain(target).await?;
    a.run("LISTEN news; NOTIFY news, 'own'").await?;
    let mut seen = vec![a.hear().await?];
    b.run("BEGIN; NOTIFY news, 'from another'").await?;
    a.run("BEGIN; SELECT 1").await?;
    a.run("COMMIT").await?;
    b.run("COMMIT").await?;
    seen.push(a.hear().await?);
    a.run("UNLISTEN news").await?;
    b.run("NOTIFY news, 'not heard'").await?;
    a.run("LISTEN other; NOTIFY other, 'last'").await?;
    seen.push(a.hear().await?);
    b.close().await?;
    Ok(seen)
}

impl Own {
    async fn hear(&mut self) -> Result<String, String> {
        let heard = timeout(PATIENCE, self.heard.recv()).await;
        let heard = heard.map_err(|_| "nothing was heard".to_owned())?;
        heard.ok_or_else(|| "the connection ended".to_owned())
    }
}

async fn notices(a: &mut Own) -> Seen {
    let talk = "DO $$ BEGIN RAISE NOTICE 'first' USING DETAIL = 'a detail', HINT = 'a hint'; \
                RAISE WARNING 'second'; RAISE NOTICE 'third'; END $$";
    a.run(talk).await?;
    a.run("SET client_min_messages = warning").await?;
    a.run(talk).await?;
    let mut seen = Vec::new();
    while let Ok(notice) = a.heard.try_recv() {
        seen.push(notice);
    }
    Ok(seen)
}

async fn big_value(client: &Client) -> Seen {
    let big = super::big();
    let query = "SELECT $1::text, length($2::text), $3::bytea";
    let row = client
        .query_one(query, &[&big, &big, &big.as_bytes()])
        .await;
    let row = row.map_err(|e| told(&e))?;
    let same = row.get::<_, &str>(0) == big && row.get::<_, &[u8]>(2) == big.as_bytes();
    let length: i32 = row.get(1);
    Ok(vec![same.to_string(), length.to_string()])
}

async fn many_parameters(client: &Client) -> Seen {
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
