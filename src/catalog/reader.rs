//! One read-only transaction on the server, with settings that no role or database can bend.

use deadpool_postgres::Object;
use deadpool_postgres::Pool;
use tokio_postgres::Row;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;

use super::Error;

/// A parameter and its type.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A connection of the pool. Goes back only through [`Reader::finish`]: one that was dropped in
/// the middle of a transaction is closed instead.
pub(super) struct Reader {
    connection: Option<Object>,
}

impl Reader {
    /// Takes a connection; nothing is begun yet.
    pub(super) async fn checkout(pool: &Pool) -> Result<Self, Error> {
        Ok(Self {
            connection: Some(pool.get().await?),
        })
    }

    /// Begins the transaction in which everything that follows sees one state of the catalog.
    pub(super) async fn begin(&self) -> Result<(), Error> {
        Ok(self.connection().batch_execute(BEGIN).await?)
    }

    /// The rows of one query.
    pub(super) async fn query(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        Ok(self.connection().query_typed(sql, parameters).await?)
    }

    /// The first column of the first row of a query without parameters, in one round trip.
    pub(super) async fn text(&self, sql: &str) -> Result<Option<String>, Error> {
        let messages = self.connection().simple_query(sql).await?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(row.and_then(|row| row.get(0)).map(str::to_owned))
    }

    /// The rows of a query that may fail: `None` when the server refuses it or it takes too long.
    /// Its locks are released either way; the transaction goes on.
    pub(super) async fn try_query(&self, sql: &str) -> Result<Option<Vec<Row>>, Error> {
        self.connection().batch_execute("SAVEPOINT attempt").await?;
        let rows = match self.connection().query_typed(sql, &[]).await {
            Ok(rows) => Some(rows),
            Err(error) if error.as_db_error().is_some() => None,
            Err(error) => return Err(error.into()),
        };
        let undo = "ROLLBACK TO attempt; RELEASE attempt";
        self.connection().batch_execute(undo).await?;
        Ok(rows)
    }

    /// Runs commands in the transaction; `false` when the server refuses one of them.
    pub(super) async fn try_command(&self, sql: &str) -> Result<bool, Error> {
        match self.connection().batch_execute(sql).await {
            Ok(()) => Ok(true),
            Err(error) if error.as_db_error().is_some() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the transaction, if there is one.
    pub(super) async fn undo(&self) -> Result<(), Error> {
        Ok(self.connection().batch_execute("ROLLBACK").await?)
    }

    /// Ends the transaction, if there is one, and gives the connection back.
    pub(super) async fn finish(mut self) -> Result<(), Error> {
        self.undo().await?;
        self.connection = None;
        Ok(())
    }

    /// Gives the connection back without having begun.
    pub(super) fn release(mut self) {
        self.connection = None;
    }

    fn connection(&self) -> &Object {
        self.connection
            .as_ref()
            .expect("only `finish` and `release`, which consume, empty it")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

/// `search_path` keeps objects of others out of our queries and makes `format_type` qualify what
/// is not built in.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL search_path = pg_catalog; \
     SET LOCAL statement_timeout = '10s'; \
     SET LOCAL lock_timeout = '5s'; \
     SET LOCAL jit = off";
