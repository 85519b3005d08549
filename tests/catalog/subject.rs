//! A database of its own for each test, and the catalog that looks at it.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;

use pgparley::catalog::Catalog;
use pgparley::catalog::Error;
use pgparley::catalog::Service;
use pgparley::sql::schema::Facts;
use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;

use crate::support::cluster;
use crate::support::database;

/// The runtime that does the catalog's work; the tests themselves wait on others.
pub(crate) fn control() -> Handle {
    static CONTROL: OnceLock<Runtime> = OnceLock::new();
    let build = || {
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be built")
    };
    CONTROL.get_or_init(build).handle().clone()
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
        .block_on(future)
}

pub(crate) fn service() -> Service {
    Service {
        host: cluster()
            .socket_dir()
            .to_str()
            .expect("a path of our own is UTF-8")
            .to_owned(),
        port: cluster().port(),
        user: "postgres".to_owned(),
        password: None,
        connect_timeout: Duration::from_secs(10),
    }
}

/// One database, filled, and a catalog that has not looked at it yet.
pub(crate) struct Subject {
    pub(crate) database: String,
    pub(crate) catalog: Catalog,
}

impl Subject {
    pub(crate) fn with(sql: &str) -> Self {
        let subject = Self {
            database: database(),
            catalog: Catalog::new(control()),
        };
        subject.run(sql);
        subject
    }

    pub(crate) fn run(&self, sql: &str) {
        cluster()
            .run_sql(&self.database, sql)
            .expect("the script runs");
    }

    /// A role with a name of its own on the shared cluster.
    pub(crate) fn role(&self, name: &str) -> String {
        format!("{name}_{}", self.database)
    }

    pub(crate) fn try_see(&self, role: &str) -> Result<Arc<Schema>, Error> {
        wait(self.catalog.schema(&service(), &self.database, role))
    }

    /// What `role` sees when its look at stored values is over.
    pub(crate) fn see_values(&self, role: &str) -> Arc<Schema> {
        let patience = Duration::from_secs(30);
        let service = service();
        let seen = self
            .catalog
            .schema_with_values(&service, &self.database, role, patience);
        wait(seen).expect("the catalog can be read")
    }

    pub(crate) fn see(&self, role: &str) -> Arc<Schema> {
        self.try_see(role).expect("the catalog can be read")
    }

    /// The facts as they are after everything that was run before the call.
    pub(crate) fn facts(&self) -> Arc<Facts> {
        let fresh = Catalog::new(control());
        let read = async {
            loop {
                if let Some(facts) = fresh.facts(&service(), &self.database) {
                    return facts;
                }
                tokio::task::yield_now().await;
            }
        };
        let limit = Duration::from_secs(30);
        wait(async {
            tokio::time::timeout(limit, read)
                .await
                .expect("facts are read")
        })
    }
}

pub(crate) fn names(schema: &Schema) -> Vec<String> {
    schema
        .tables
        .iter()
        .map(|table| format!("{}.{}", table.schema, table.name))
        .collect()
}

pub(crate) fn columns(table: &Table) -> Vec<&str> {
    table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect()
}
