//! The checks that need no more than what every driver can do.

use futures::future::try_join_all;
use tokio::sync::Barrier;

use super::Seen;
use super::session::Session;
use super::session::Startup;
use super::session::crossing;
use crate::target::Target;

/// What `settings` looks at.
const SETTINGS: &str = "SELECT concat_ws('|', current_setting('TimeZone'), \
     current_setting('search_path'), current_setting('application_name'), \
     current_setting('work_mem'))";

/// What `startup` looks at.
const STARTED: &str = "SELECT concat_ws('|', current_setting('application_name'), \
     current_setting('TimeZone'), current_setting('statement_timeout'), \
     current_setting('search_path'), current_setting('work_mem'))";

/// What a session of `startup` brings along.
const OWN: Startup = Startup {
    application: Some("started"),
    options: &[
        ("statement_timeout", "54321"),
        ("search_path", "pg_catalog,public"),
        ("work_mem", "7MB"),
    ],
};

/// Runs one of these checks; `None` when it is not one of them.
pub(crate) async fn check<S: Session>(name: &str, target: &Target) -> Option<Seen> {
    if name == "fifty_at_once" {
        return Some(fifty_at_once::<S>(target).await);
    }
    if name == "startup" {
        return Some(startup::<S>(target).await);
    }
    let mut a = match S::plain(target).await {
        Ok(a) => a,
        Err(error) => return Some(Err(error)),
    };
    let mut b = match S::plain(target).await {
        Ok(b) => b,
        Err(error) => return Some(Err(error)),
    };
    let seen = match name {
        "transactions" => transactions(&mut a, &mut b).await,
        "errors" => errors(&mut a).await,
        "savepoints" => savepoints(&mut a).await,
        "settings" => settings(&mut a, &mut b).await,
        "temp_table" => temp_table(&mut a, &mut b).await,
        "advisory_lock" => advisory_lock(&mut a, &mut b).await,
        "sql_prepare" => sql_prepare(&mut a, &mut b).await,
        _ => return None,
    };
    for session in [a, b] {
        if let Err(error) = session.close().await {
            return Some(Err(error));
        }
    }
    Some(seen)
}

async fn transactions<S: Session>(a: &mut S, b: &mut S) -> Seen {
    a.run("CREATE TABLE kept (n integer PRIMARY KEY)").await?;
    a.run("BEGIN; INSERT INTO kept VALUES (1)").await?;
    a.run("COMMIT").await?;
    a.run("BEGIN; INSERT INTO kept VALUES (2)").await?;
    a.run("ROLLBACK").await?;
    let count = "SELECT count(*)::text || ' ' || sum(n) FROM kept";
    let mut seen = vec![a.text(count).await?];
    a.run("BEGIN READ ONLY").await?;
    seen.push(a.state("INSERT INTO kept VALUES (3)").await?);
    a.run("ROLLBACK").await?;
    b.run("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    seen.push(b.text(count).await?);
    a.run("INSERT INTO kept VALUES (4)").await?;
    seen.push(b.text(count).await?);
    b.run("COMMIT").await?;
    seen.push(b.text(count).await?);
    Ok(seen)
}

async fn errors<S: Session>(a: &mut S) -> Seen {
    a.run("CREATE TABLE wrong (n integer CONSTRAINT positive CHECK (n > 0))")
        .await?;
    let mut seen = Vec::new();
    for query in [
        "SELECT 1 / 0",
        "SELEC 1",
        "SELECT * FROM nowhere",
        "INSERT INTO wrong VALUES (-1)",
    ] {
        seen.push(a.state(query).await?);
        seen.push(a.text(query).await.expect_err("it failed just before"));
    }
    seen.push(a.text("SELECT 'usable'").await?);
    a.run("BEGIN").await?;
    seen.push(a.state("SELECT nothing").await?);
    seen.push(a.state("SELECT 1").await?);
    a.run("COMMIT").await?;
    seen.push(a.text("SELECT 'usable again'").await?);
    Ok(seen)
}

async fn savepoints<S: Session>(a: &mut S) -> Seen {
    a.run("CREATE TABLE saved (n integer PRIMARY KEY)").await?;
    a.run("BEGIN; INSERT INTO saved VALUES (1); SAVEPOINT x")
        .await?;
    a.run("INSERT INTO saved VALUES (2)").await?;
    a.run("SAVEPOINT y; INSERT INTO saved VALUES (3); RELEASE y")
        .await?;
    let mut seen = vec![a.state("INSERT INTO saved VALUES (1)").await?];
    a.run("ROLLBACK TO x").await?;
    a.run("INSERT INTO saved VALUES (4)").await?;
    a.run("COMMIT").await?;
    seen.push(
        a.text("SELECT array_agg(n ORDER BY n)::text FROM saved")
            .await?,
    );
    Ok(seen)
}

async fn settings<S: Session>(a: &mut S, b: &mut S) -> Seen {
    a.run("SET TimeZone = 'Asia/Tokyo'; SET search_path = pg_catalog, public")
        .await?;
    a.text("SELECT set_config('application_name', 'first', false)")
        .await?;
    b.run("SET TimeZone TO 'America/Lima'").await?;
    b.run("SET SESSION application_name = 'second'").await?;
    let mut seen = crossing(a, b, SETTINGS).await?;
    a.run("BEGIN; SET LOCAL work_mem = '9MB'").await?;
    a.run("SET TimeZone = 'Europe/Berlin'").await?;
    seen.push(a.text(SETTINGS).await?);
    a.run("COMMIT").await?;
    seen.extend(crossing(a, b, SETTINGS).await?);
    a.run("BEGIN").await?;
    a.run("SET TimeZone = 'UTC'").await?;
    a.run("ROLLBACK").await?;
    seen.extend(crossing(a, b, SETTINGS).await?);
    a.run("BEGIN; SAVEPOINT s; SET application_name = 'undone'; ROLLBACK TO s")
        .await?;
    a.run("SET work_mem = '11MB'; COMMIT").await?;
    seen.extend(crossing(a, b, SETTINGS).await?);
    Ok(seen)
}

async fn startup<S: Session>(target: &Target) -> Seen {
    let mut a = S::connect(target, OWN).await?;
    let other = Startup {
        application: Some("other"),
        options: &[],
    };
    let mut b = S::connect(target, other).await?;
    let mut seen = crossing(&mut a, &mut b, STARTED).await?;
    for session in [&mut a, &mut b] {
        session.run("SET application_name = 'changed'").await?;
        session
            .run("SET statement_timeout = 11111; SET work_mem = '3MB'")
            .await?;
    }
    seen.extend(crossing(&mut a, &mut b, STARTED).await?);
    for session in [&mut a, &mut b] {
        session.run("RESET application_name").await?;
        session.run("SET statement_timeout TO DEFAULT").await?;
    }
    seen.extend(crossing(&mut a, &mut b, STARTED).await?);
    a.run("RESET ALL").await?;
    seen.extend(crossing(&mut a, &mut b, STARTED).await?);
    b.run("DISCARD ALL").await?;
    seen.extend(crossing(&mut a, &mut b, STARTED).await?);
    a.close().await?;
    b.close().await?;
    Ok(seen)
}

async fn temp_table<S: Session>(a: &mut S, b: &mut S) -> Seen {
    for (session, name) in [(&mut *a, "a"), (&mut *b, "b")] {
        session
            .run("CREATE TEMPORARY TABLE scratch (t text)")
            .await?;
        session
            .run(&format!("INSERT INTO scratch VALUES ('{name}')"))
            .await?;
    }
    for _ in 0..5 {
        crossing(
            a,
            b,
            "INSERT INTO scratch SELECT max(t) FROM scratch RETURNING t",
        )
        .await?;
    }
    let all = "SELECT string_agg(t, '') FROM scratch";
    Ok(vec![a.text(all).await?, b.text(all).await?])
}

async fn advisory_lock<S: Session>(a: &mut S, b: &mut S) -> Seen {
    let take = "SELECT pg_try_advisory_lock(42)::text";
    let give = "SELECT pg_advisory_unlock(42)::text";
    a.run("SELECT pg_advisory_lock(42)").await?;
    let mut seen = crossing(a, b, "SELECT 'held'").await?;
    a.run("BEGIN").await?;
    seen.push(b.text(take).await?);
    a.run("COMMIT").await?;
    b.run("BEGIN").await?;
    seen.push(b.text(take).await?);
    b.run("COMMIT").await?;
    seen.push(a.text(give).await?);
    seen.push(b.text(take).await?);
    seen.push(a.text(take).await?);
    seen.push(b.text(give).await?);
    Ok(seen)
}

async fn sql_prepare<S: Session>(a: &mut S, b: &mut S) -> Seen {
    a.run("PREPARE p (int) AS SELECT 'a' || $1").await?;
    b.run("PREPARE p (int) AS SELECT 'b' || $1 * 2").await?;
    let mut seen = crossing(a, b, "EXECUTE p (1)").await?;
    seen.push(a.state("PREPARE p AS SELECT 1").await?);
    a.run("DEALLOCATE p").await?;
    seen.push(a.state("EXECUTE p (3)").await?);
    seen.push(b.text("EXECUTE p (3)").await?);
    a.run("PREPARE p AS SELECT 'again'").await?;
    seen.push(a.text("EXECUTE p").await?);
    b.run("DEALLOCATE ALL").await?;
    seen.push(b.state("EXECUTE p (4)").await?);
    seen.push(a.text("EXECUTE p").await?);
    Ok(seen)
}

async fn fifty_at_once<S: Session>(target: &Target) -> Seen {
    let mut first = S::plain(target).await?;
    first
        .run("CREATE TABLE written (who integer, n integer)")
        .await?;
    let ready = Barrier::new(50);
    let right = try_join_all((0..50).map(|who| one_of_fifty::<S>(target, who, &ready))).await?;
    let written = "SELECT concat_ws(' ', count(*), count(DISTINCT (who, n)), sum(n)) FROM written";
    let seen = vec![
        right.iter().filter(|right| **right).count().to_string(),
        first.text(written).await?,
    ];
    first.close().await?;
    Ok(seen)
}

async fn one_of_fifty<S: Session>(
    target: &Target,
    who: usize,
    ready: &Barrier,
) -> Result<bool, String> {
    let mut own = S::plain(target).await?;
    ready.wait().await;
    let mut right = true;
    for n in 0..20 {
        own.run("BEGIN").await?;
        let query = format!("SELECT ({who} * 1000 + {n})::text");
        right &= own.text(&query).await? == (who * 1000 + n).to_string();
        own.run(&format!("INSERT INTO written VALUES ({who}, {n})"))
            .await?;
        own.run("COMMIT").await?;
    }
    own.close().await?;
    Ok(right)
}
