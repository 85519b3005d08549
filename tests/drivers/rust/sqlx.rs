//! sqlx: statements that it prepares and keeps by itself, a pool, and a listener on top.

use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::Column as _;
use sqlx::Connection as _;
use sqlx::Executor as _;
use sqlx::Row as _;
use sqlx::TypeInfo as _;
use sqlx::ValueRef as _;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::postgres::PgConnection;
use sqlx::postgres::PgListener;
use sqlx::postgres::PgPoolOptions;
use sqlx::postgres::PgRow;
use sqlx::postgres::PgSslMode;
use tokio::time::timeout;

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
            let line = match name {
                "cancel" => super::not_here(name, "sqlx sends no CancelRequest"),
                "notices" => super::not_here(name, "sqlx gives notices to the log alone"),
                "pipeline_error" => super::not_here(name, "sqlx waits for every answer"),
                _ => match state::check::<PgConnection>(name, target).await {
                    Some(seen) => super::line(name, seen),
                    None => super::line(name, own(name, target).await),
                },
            };
            lines.push_str(&line);
        }
        lines
    })
}

async fn own(name: &str, target: &Target) -> Seen {
    let mut a = PgConnection::plain(target).await?;
    let seen = match name {
        "types_text" => types_text(&mut a).await,
        "types_binary" => types_binary(&mut a).await,
        "prepared_reuse" => prepared_reuse(target).await,
        "cursor" => cursor(&mut a).await,
        "copy_in" => copy_in(&mut a).await,
        "copy_out" => copy_out(&mut a).await,
        "listen_notify" => listen_notify(&mut a, target).await,
        "big_value" => big_value(&mut a).await,
        "many_parameters" => many_parameters(&mut a).await,
        _ => Err("no such check".to_owned()),
    };
    let closed = Session::close(a).await;
    let seen = seen?;
    closed.map(|()| seen)
}

impl Session for PgConnection {
    async fn connect(target: &Target, startup: Startup) -> Result<Self, String> {
        let mut options = options(target).options(startup.options.iter().copied());
        if let Some(name) = startup.application {
            options = options.application_name(name);
        }
        Self::connect_with(&options).await.map_err(|e| told(&e))
    }

    async fn run(&mut self, script: &str) -> Result<(), String> {
        let done = sqlx::raw_sql(script).execute(self).await;
        done.map(drop).map_err(|e| told(&e))
    }

    async fn text(&mut self, query: &str) -> Result<String, String> {
        // Not kept: some checks throw away what a session has prepared.
        let row = sqlx::query(query).persistent(false).fetch_one(self).await;
        shown(&row.map_err(|e| told(&e))?, 0)
    }

    async fn close(self) -> Result<(), String> {
        sqlx::Connection::close(self).await.map_err(|e| told(&e))
    }
}

fn options(target: &Target) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&target.addr.ip().to_string())
        .port(target.addr.port())
        .username("postgres")
        .database(&target.database)
        .ssl_mode(PgSslMode::Disable)
}

/// The SQLSTATE of the server's error, or the driver's words.
fn told(error: &sqlx::Error) -> String {
    let state = error.as_database_error();
    let state = state.and_then(DatabaseError::code);
    state.map_or_else(|| error.to_string(), std::borrow::Cow::into_owned)
}

/// A column that travels as text, whatever the format.
fn shown(row: &PgRow, column: usize) -> Result<String, String> {
    let value = row.try_get_raw(column).map_err(|e| told(&e))?;
    if value.is_null() {
        return Ok("(null)".to_owned());
    }
    let text = value.as_str().map_err(|e| e.to_string())?;
    Ok(text.to_owned())
}

async fn types_text(a: &mut PgConnection) -> Seen {
    let mut seen = Vec::new();
    let values = super::VALUES.map(|(kind, literal)| {
        let literal = super::quoted(literal);
        format!("SELECT {literal}::{kind}")
    });
    for query in values.iter().map(String::as_str).chain([super::EVERY_BYTE]) {
        let row = sqlx::raw_sql(query).fetch_one(&mut *a).await;
        let row = row.map_err(|e| told(&e))?;
        seen.push(row.column(0).type_info().name().to_owned());
        seen.push(shown(&row, 0)?);
    }
    Ok(seen)
}

async fn types_binary(a: &mut PgConnection) -> Seen {
    let mut seen = Vec::new();
    for (kind, literal) in super::VALUES {
        let query = format!("SELECT $1::text::{kind}");
        let row = sqlx::query(&query).bind(literal).fetch_one(&mut *a).await;
        let row = row.map_err(|e| told(&e))?;
        let value = row.try_get_raw(0).map_err(|e| told(&e))?;
        seen.push(value.type_info().name().to_owned());
        seen.push(if value.is_null() {
            "(null)".to_owned()
        } else {
            super::hex(value.as_bytes().map_err(|e| e.to_string())?)
        });
    }
    // What the driver itself encodes.
    let bytes: Vec<u8> = (0..=255).collect();
    let row = sqlx::query("SELECT $1, $2, $3, $4, $5")
        .bind(&bytes)
        .bind(i64::MIN)
        .bind(f64::NAN)
        .bind(vec![Some(1), None, Some(3)])
        .bind(true)
        .fetch_one(a)
        .await;
    let row = row.map_err(|e| told(&e))?;
    seen.push((row.get::<Vec<u8>, _>(0) == bytes).to_string());
    seen.push(row.get::<i64, _>(1).to_string());
    seen.push(row.get::<f64, _>(2).to_string());
    seen.push(format!("{:?}", row.get::<Vec<Option<i32>>, _>(3)));
    seen.push(row.get::<bool, _>(4).to_string());
    Ok(seen)
}

async fn prepared_reuse(target: &Target) -> Seen {
    let mut opened = Vec::new();
    for _ in 0..3 {
        opened.push(PgConnection::plain(target).await?);
    }
    let mut seen = Vec::new();
    for run in 0..20_i32 {
        let held = run as usize % 3;
        opened[held].run("BEGIN").await?;
        for session in &mut opened {
            let query = sqlx::query("SELECT $1::int4 + 1, $2::text");
            let query = query.bind(run).bind("x".repeat(run as usize));
            let row = query.fetch_one(session).await.map_err(|e| told(&e))?;
            let (next, text): (i32, &str) = (row.get(0), row.get(1));
            seen.push(format!("{next}{text}"));
        }
        opened[held].run("COMMIT").await?;
    }
    let kept = opened[0].cached_statements_size().to_string();
    for session in opened {
        Session::close(session).await?;
    }
    seen.push(kept);
    Ok(seen)
}

async fn cursor(a: &mut PgConnection) -> Seen {
    let (mut all, mut seen) = (Vec::new(), Vec::new());
    let mut transaction = a.begin().await.map_err(|e| told(&e))?;
    let declare = format!("DECLARE many CURSOR FOR {}", super::MANY);
    transaction.run(&declare).await?;
    loop {
        let rows = sqlx::query("FETCH 5000 FROM many").fetch_all(&mut *transaction);
        let rows = rows.await.map_err(|e| told(&e))?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            all.extend_from_slice(shown(row, 0)?.as_bytes());
        }
        let other = sqlx::query("SELECT $1::text").bind(rows.len().to_string());
        let other = other.fetch_one(&mut *transaction).await;
        seen.push(shown(&other.map_err(|e| told(&e))?, 0)?);
    }
    transaction.commit().await.map_err(|e| told(&e))?;
    // The rest of a stream that is not read to its end is skipped by the next query.
    let mut stream = sqlx::query(super::MANY).fetch(&mut *a);
    let early = stream.try_next().await.map_err(|e| told(&e))?;
    drop(stream);
    seen.push(shown(&early.expect("it has rows"), 0)?);
    seen.push(a.text("SELECT 'usable'").await?);
    seen.push(super::digest(&all));
    Ok(seen)
}

async fn copy_in(a: &mut PgConnection) -> Seen {
    a.run("CREATE TABLE loaded (n integer, t text)").await?;
    let copy = "COPY loaded FROM STDIN";
    let lines = super::lines();
    let mut sink = a.copy_in_raw(copy).await.map_err(|e| told(&e))?;
    for chunk in lines.as_bytes().chunks(50_000) {
        sink.send(chunk).await.map_err(|e| told(&e))?;
    }
    let count = sink.finish().await.map_err(|e| told(&e))?;
    let mut seen = vec![count.to_string(), a.text(super::LOADED).await?];
    let mut sink = a.copy_in_raw(copy).await.map_err(|e| told(&e))?;
    let wrong: &[u8] = b"no number\tx\n";
    sink.send(wrong).await.map_err(|e| told(&e))?;
    let failed = sink.finish().await.expect_err("it does not fit");
    seen.push(told(&failed));
    let mut sink = a.copy_in_raw(copy).await.map_err(|e| told(&e))?;
    let half: &[u8] = b"1\tx\n";
    sink.send(half).await.map_err(|e| told(&e))?;
    sink.abort("given up").await.map_err(|e| told(&e))?;
    seen.push(a.text("SELECT count(*)::text FROM loaded").await?);
    Ok(seen)
}

async fn copy_out(a: &mut PgConnection) -> Seen {
    a.run(super::STORED).await?;
    let mut seen = Vec::new();
    for options in ["", " (FORMAT binary)"] {
        let copy = format!("COPY stored TO STDOUT{options}");
        let stream = a.copy_out_raw(&copy).await.map_err(|e| told(&e))?;
        let chunks: Vec<_> = stream.try_collect().await.map_err(|e| told(&e))?;
        seen.push(super::digest(&chunks.concat()));
    }
    seen.push(a.text("SELECT 'usable'").await?);
    Ok(seen)
}

async fn listen_notify(other: &mut PgConnection, target: &Target) -> Seen {
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.connect_with(options(target)).await;
    let pool = pool.map_err(|e| told(&e))?;
    let mut listener = PgListener::connect_with(&pool)
        .await
        .map_err(|e| told(&e))?;
    listener.listen("news").await.map_err(|e| told(&e))?;
    let own = listener.execute("NOTIFY news, 'own'").await;
    own.map_err(|e| told(&e))?;
    let mut seen = vec![heard(&mut listener).await?];
    other.run("BEGIN; NOTIFY news, 'from another'").await?;
    listener.execute("SELECT 1").await.map_err(|e| told(&e))?;
    other.run("COMMIT").await?;
    seen.push(heard(&mut listener).await?);
    listener.unlisten("news").await.map_err(|e| told(&e))?;
    other.run("NOTIFY news, 'not heard'").await?;
    listener.listen("other").await.map_err(|e| told(&e))?;
    other.run("NOTIFY other, 'last'").await?;
    seen.push(heard(&mut listener).await?);
    drop(listener);
    pool.close().await;
    Ok(seen)
}

async fn heard(listener: &mut PgListener) -> Result<String, String> {
    let news = timeout(PATIENCE, listener.recv()).await;
    let news = news.map_err(|_| "nothing was heard".to_owned())?;
    let news = news.map_err(|e| told(&e))?;
    Ok(format!("{} {}", news.channel(), news.payload()))
}

async fn big_value(a: &mut PgConnection) -> Seen {
    let big = super::big();
    let query = sqlx::query("SELECT $1::text, length($2::text), $3::bytea");
    let query = query.bind(&big).bind(&big).bind(big.as_bytes());
    let row = query.fetch_one(a).await.map_err(|e| told(&e))?;
    let same = row.get::<&str, _>(0) == big && row.get::<&[u8], _>(2) == big.as_bytes();
    let length: i32 = row.get(1);
    Ok(vec![same.to_string(), length.to_string()])
}

async fn many_parameters(a: &mut PgConnection) -> Seen {
    let places: Vec<String> = (1..=1000).map(|n| format!("${n}::int4")).collect();
    let query = format!(
        "SELECT sum(n) || ' ' || count(n) FROM unnest(ARRAY[{}]) n",
        places.join(",")
    );
    let mut seen = Vec::new();
    for _ in 0..3 {
        let bound = (0..1000).fold(sqlx::query(&query), |query, n: i32| query.bind(n));
        let row = bound.fetch_one(&mut *a).await.map_err(|e| told(&e))?;
        seen.push(shown(&row, 0)?);
    }
    Ok(seen)
}
