//! The checks by tokio-postgres of what flows: portals, COPY, pipelines, and what comes unasked.

use std::pin::pin;

use bytes::Bytes;
use futures::SinkExt as _;
use futures::TryStreamExt as _;
use futures::future::join_all;
use tokio_postgres::Client;
use tokio_postgres::NoTls;

use super::Own;
use super::Session as _;
use super::text;
use super::told;
use crate::rust;
use crate::rust::Seen;
use crate::target::Target;

pub(super) async fn cursor(client: &mut Client) -> Seen {
    let transaction = client.transaction().await.map_err(|e| told(&e))?;
    let portal = transaction.bind(rust::MANY, &[]).await;
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
    seen.push(rust::digest(&all));
    Ok(seen)
}

pub(super) async fn copy_in(client: &Client) -> Seen {
    let create = client.batch_execute("CREATE TABLE loaded (n integer, t text)");
    create.await.map_err(|e| told(&e))?;
    let copy = "COPY loaded FROM STDIN";
    let lines = Bytes::from(rust::lines());
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
    let mut seen = vec![count.to_string(), text(client, rust::LOADED, &[]).await?];
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

pub(super) async fn copy_out(client: &Client) -> Seen {
    let create = client.batch_execute(rust::STORED);
    create.await.map_err(|e| told(&e))?;
    let mut seen = Vec::new();
    for options in ["", " (FORMAT binary)"] {
        let copy = format!("COPY stored TO STDOUT{options}");
        let stream = client.copy_out(&copy).await.map_err(|e| told(&e))?;
        let chunks = stream.try_collect::<Vec<_>>().await;
        let chunks = chunks.map_err(|e| told(&e))?;
        seen.push(rust::digest(&chunks.concat()));
    }
    seen.push(text(client, "SELECT 'usable'", &[]).await?);
    Ok(seen)
}

/// Every statement is sent before the first answer is read, each with a Sync of its own.
pub(super) async fn pipeline_error(client: &Client) -> Seen {
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

pub(super) async fn cancel(a: &Own, target: &Target) -> Seen {
    let mut b = Own::plain(target).await?;
    let token = a.client.cancel_token();
    let sleeping = a.client.batch_execute("SELECT pg_sleep(600)");
    let stopping = async {
        while b.text(rust::SLEEPERS).await? != "1" {}
        token.cancel_query(NoTls).await.map_err(|e| told(&e))
    };
    let (slept, stopped) = tokio::join!(sleeping, stopping);
    stopped?;
    let slept = slept.expect_err("nobody sleeps for ten minutes");
    let seen = vec![told(&slept), text(&a.client, "SELECT 'usable'", &[]).await?];
    b.close().await?;
    Ok(seen)
}

pub(super) async fn listen_notify(a: &mut Own, target: &Target) -> Seen {
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

pub(super) async fn notices(a: &mut Own) -> Seen {
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
