//! The catalog against a real server: what a role sees, when it sees it, and what that costs.

pub mod support;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

use pgparley::catalog::Catalog;
use pgparley::catalog::Error;
use pgparley::catalog::Service;
use pgparley::sql::schema::Facts;
use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;
use pgparley::sql::schema::TableKind;
use pgparley::sql::schema::TypeKind;
use tokio::runtime::Builder;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;

use support::cluster;
use support::database;

/// The runtime that does the catalog's work; the tests themselves wait on others.
fn control() -> Handle {
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

fn wait<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
        .block_on(future)
}

fn service() -> Service {
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
struct Subject {
    database: String,
    catalog: Catalog,
}

impl Subject {
    fn with(sql: &str) -> Self {
        let subject = Self {
            database: database(),
            catalog: Catalog::new(control()),
        };
        subject.run(sql);
        subject
    }

    fn run(&self, sql: &str) {
        cluster()
            .run_sql(&self.database, sql)
            .expect("the script runs");
    }

    /// A role with a name of its own on the shared cluster.
    fn role(&self, name: &str) -> String {
        format!("{name}_{}", self.database)
    }

    fn try_see(&self, role: &str) -> Result<Arc<Schema>, Error> {
        wait(self.catalog.schema(&service(), &self.database, role))
    }

    fn see(&self, role: &str) -> Arc<Schema> {
        self.try_see(role).expect("the catalog can be read")
    }

    /// The facts as they are after everything that was run before the call.
    fn facts(&self) -> Arc<Facts> {
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

fn names(schema: &Schema) -> Vec<String> {
    schema
        .tables
        .iter()
        .map(|table| format!("{}.{}", table.schema, table.name))
        .collect()
}

fn columns(table: &Table) -> Vec<&str> {
    table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect()
}

#[test]
fn two_roles_see_what_was_granted_to_each() {
    let subject = Subject::with("CREATE TABLE open(id int); CREATE TABLE closed(id int);");
    let (reader, other) = (subject.role("reader"), subject.role("other"));
    subject.run(&format!(
        "CREATE ROLE {reader}; CREATE ROLE {other};
         GRANT SELECT ON open TO {reader}; GRANT SELECT ON closed TO {other};"
    ));
    assert_eq!(names(&subject.see(&reader)), ["public.open"]);
    assert_eq!(names(&subject.see(&other)), ["public.closed"]);
    assert_eq!(
        names(&subject.see("postgres")),
        ["public.closed", "public.open"]
    );
}

#[test]
fn a_column_grant_shows_that_column_alone_and_no_key_that_needs_more() {
    let subject = Subject::with(
        "CREATE TABLE customers(id int PRIMARY KEY, name text);
         CREATE TABLE orders(
           id int PRIMARY KEY, secret text, customer_id int REFERENCES customers, code text UNIQUE);",
    );
    let role = subject.role("clerk");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT (customer_id, code) ON orders TO {role};
         GRANT SELECT (id) ON customers TO {role};"
    ));
    let schema = subject.see(&role);
    let orders = schema.table("public", "orders").unwrap();
    assert_eq!(columns(orders), ["customer_id", "code"]);
    assert!(orders.primary_key.is_empty());
    assert_eq!(orders.unique_keys, [vec![1]]);
    assert_eq!(orders.foreign_keys.len(), 1);
    assert_eq!(orders.foreign_keys[0].columns, [0]);
    assert_eq!(orders.foreign_keys[0].referenced_columns, [0]);

    subject.run(&format!("REVOKE SELECT (id) ON customers FROM {role};"));
    let schema = subject.see(&role);
    assert_eq!(names(&schema), ["public.orders"]);
    assert!(schema.tables[0].foreign_keys.is_empty());
}

#[test]
fn a_schema_without_usage_hides_its_tables() {
    let subject = Subject::with("CREATE SCHEMA hr; CREATE TABLE hr.staff(id int);");
    let role = subject.role("guest");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT ON hr.staff TO {role};"
    ));
    assert!(subject.see(&role).tables.is_empty());
    subject.run(&format!("GRANT USAGE ON SCHEMA hr TO {role};"));
    assert_eq!(names(&subject.see(&role)), ["hr.staff"]);
}

#[test]
fn a_role_sees_what_a_group_or_everyone_was_granted() {
    let subject = Subject::with("CREATE TABLE a(id int); CREATE TABLE b(id int);");
    let (group, member) = (subject.role("readers"), subject.role("member"));
    subject.run(&format!(
        "CREATE ROLE {group}; CREATE ROLE {member}; GRANT SELECT ON a TO {group};"
    ));
    assert!(subject.see(&member).tables.is_empty());
    subject.run(&format!(
        "GRANT {group} TO {member}; GRANT SELECT ON b TO PUBLIC;"
    ));
    assert_eq!(names(&subject.see(&member)), ["public.a", "public.b"]);
    subject.run(&format!("REVOKE {group} FROM {member};"));
    assert_eq!(names(&subject.see(&member)), ["public.b"]);
    subject.run(&format!("ALTER ROLE {member} SUPERUSER;"));
    assert_eq!(names(&subject.see(&member)), ["public.a", "public.b"]);
}

#[test]
fn a_role_that_may_read_nothing_gets_an_empty_schema_and_an_unknown_one_an_error() {
    let subject = Subject::with("CREATE TABLE a(id int);");
    let role = subject.role("nobody");
    subject.run(&format!("CREATE ROLE {role};"));
    assert!(subject.see(&role).tables.is_empty());

    let error = subject.try_see("no such role").unwrap_err();
    assert_eq!(
        error,
        Error::UnknownRole {
            role: "no such role".to_owned()
        }
    );
    assert_eq!(error.to_string(), "role \"no such role\" does not exist");
    assert_eq!(error.sqlstate(), "42704");
}

#[test]
fn every_change_is_seen_by_the_next_question() {
    let subject = Subject::with("CREATE TABLE orders(id int, total int);");
    let mut versions = vec![subject.see("postgres").version];
    let changes = [
        "ALTER TABLE orders RENAME TO bestellungen",
        "ALTER TABLE bestellungen RENAME COLUMN total TO summe",
        "ALTER TABLE bestellungen DROP COLUMN id",
        "ALTER TABLE bestellungen ALTER summe TYPE numeric",
        "ALTER TABLE bestellungen ADD PRIMARY KEY (summe)",
        "COMMENT ON TABLE bestellungen IS 'alle'",
        "COMMENT ON COLUMN bestellungen.summe IS 'brutto'",
        "CREATE TYPE stand AS ENUM ('offen')",
        "ALTER TABLE bestellungen ADD s stand",
        "ALTER TYPE stand ADD VALUE 'bezahlt'",
        "ALTER TYPE stand RENAME TO lage",
        "CREATE TABLE neu(id int)",
        "DROP TABLE neu",
    ];
    for change in changes {
        subject.run(change);
        let version = subject.see("postgres").version;
        if change.starts_with("CREATE TYPE") {
            assert_eq!(
                version,
                *versions.last().unwrap(),
                "nothing to see after {change}"
            );
            continue;
        }
        assert_ne!(version, *versions.last().unwrap(), "not seen: {change}");
        versions.push(version);
    }
    let schema = subject.see("postgres");
    let table = schema.table("public", "bestellungen").unwrap();
    assert_eq!(columns(table), ["summe", "s"]);
    assert_eq!(table.comment.as_deref(), Some("alle"));
    assert_eq!(table.columns[0].comment.as_deref(), Some("brutto"));
    assert_eq!(table.columns[1].type_name, "public.lage");
    assert_eq!(*table.columns[1].enum_labels, ["offen", "bezahlt"]);
}

#[test]
fn the_version_stays_when_only_others_changed_and_is_the_same_for_another_process() {
    let subject = Subject::with("CREATE TABLE mine(id int);");
    let role = subject.role("reader");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT ON mine TO {role};"
    ));
    let before = subject.see(&role);
    subject.run("CREATE TABLE theirs(id int); INSERT INTO mine VALUES (1);");
    assert_eq!(subject.see(&role).version, before.version);
    let elsewhere = Catalog::new(control());
    let again = wait(elsewhere.schema(&service(), &subject.database, &role)).unwrap();
    assert_eq!(again.version, before.version);
}

#[test]
fn types_are_told_apart_through_domains_and_enums_keep_their_order() {
    let subject = Subject::with(
        "CREATE TYPE status AS ENUM ('open', 'paid'); ALTER TYPE status ADD VALUE 'new' BEFORE 'open';
         CREATE DOMAIN state AS status NOT NULL; CREATE DOMAIN cents AS bigint;
         CREATE DOMAIN price AS cents;
         CREATE TABLE t(
           s status, d state, p price, b boolean, i smallint, n numeric(10,2), f real, m money,
           c varchar(3), h char(2), x text, da date, ts timestamp, tz timestamptz, ti time,
           iv interval, u uuid, j jsonb, a int[], by bytea, \"Mixed Case\" text NOT NULL,
           gone int);
         ALTER TABLE t DROP COLUMN gone;",
    );
    let schema = subject.see("postgres");
    let table = &schema.tables[0];
    let kinds: Vec<_> = table.columns.iter().map(|column| column.kind).collect();
    assert_eq!(
        kinds,
        [
            TypeKind::Enum,
            TypeKind::Enum,
            TypeKind::Integer,
            TypeKind::Boolean,
            TypeKind::Integer,
            TypeKind::Number,
            TypeKind::Number,
            TypeKind::Number,
            TypeKind::Text,
            TypeKind::Text,
            TypeKind::Text,
            TypeKind::Date,
            TypeKind::Timestamp,
            TypeKind::TimestampTz,
            TypeKind::Time,
            TypeKind::Interval,
            TypeKind::Uuid,
            TypeKind::Json,
            TypeKind::Other,
            TypeKind::Other,
            TypeKind::Text
        ]
    );
    for place in [0, 1] {
        assert_eq!(*table.columns[place].enum_labels, ["new", "open", "paid"]);
    }
    assert!(!table.columns[0].not_null && table.columns[1].not_null);
    assert_eq!(table.columns[5].type_name, "numeric(10,2)");
    let last = table.columns.last().unwrap();
    assert_eq!((last.name.as_str(), last.not_null), ("Mixed Case", true));
}

#[test]
fn keys_of_several_columns_keep_their_pairs() {
    let subject = Subject::with(
        "CREATE SCHEMA \"Sales\";
         CREATE TABLE \"Sales\".region(country text, code int, gone int, PRIMARY KEY (code, country));
         ALTER TABLE \"Sales\".region DROP COLUMN gone;
         CREATE TABLE shop(
           gone int, id int PRIMARY KEY, r_country text, r_code int, boss int REFERENCES shop,
           FOREIGN KEY (r_country, r_code) REFERENCES \"Sales\".region (country, code));
         ALTER TABLE shop DROP COLUMN gone;",
    );
    let schema = subject.see("postgres");
    assert_eq!(names(&schema), ["Sales.region", "public.shop"]);
    let (region, shop) = (&schema.tables[0], &schema.tables[1]);
    assert_eq!(region.primary_key, [1, 0]);
    assert_eq!(shop.primary_key, [0]);
    let to_itself = shop
        .foreign_keys
        .iter()
        .find(|key| key.references == shop.oid)
        .unwrap();
    assert_eq!(
        (&*to_itself.columns, &*to_itself.referenced_columns),
        (&[3][..], &[0][..])
    );
    let to_region = shop
        .foreign_keys
        .iter()
        .find(|key| key.references == region.oid)
        .unwrap();
    assert_eq!(
        (&*to_region.columns, &*to_region.referenced_columns),
        (&[1, 2][..], &[0, 1][..])
    );
}

#[test]
fn partitions_are_folded_into_their_parent() {
    let subject = Subject::with(
        "CREATE TABLE log(id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
         CREATE TABLE log_25 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
         CREATE TABLE log_26 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
         CREATE TABLE note(log_id int, log_at date, FOREIGN KEY (log_id, log_at) REFERENCES log);
         INSERT INTO log SELECT g, DATE '2025-12-01' + g FROM generate_series(1, 60) g;
         VACUUM ANALYZE log_25; VACUUM ANALYZE log_26;",
    );
    let schema = subject.see("postgres");
    assert_eq!(names(&schema), ["public.log", "public.note"]);
    let log = &schema.tables[0];
    assert_eq!(log.kind, TableKind::Partitioned);
    assert_eq!(log.row_estimate, Some(60));
    assert_eq!(log.primary_key, [0, 1]);
    assert_eq!(schema.tables[1].foreign_keys.len(), 1);
    assert_eq!(schema.tables[1].foreign_keys[0].references, log.oid);
}

#[test]
fn views_are_shown_and_what_belongs_to_the_server_is_not() {
    let subject = Subject::with(
        "CREATE TABLE t(id int); CREATE VIEW v AS SELECT id FROM t;
         CREATE MATERIALIZED VIEW m AS SELECT id FROM t; CREATE SEQUENCE s;
         CREATE INDEX i ON t(id); CREATE TYPE pair AS (a int, b int);
         CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
         CREATE FOREIGN TABLE f(id int) SERVER far;",
    );
    let schema = subject.see("postgres");
    let kinds: Vec<_> = schema
        .tables
        .iter()
        .map(|table| (table.name.as_str(), table.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("f", TableKind::Foreign),
            ("m", TableKind::MaterializedView),
            ("t", TableKind::Table),
            ("v", TableKind::View)
        ]
    );
    assert_eq!(schema.tables[3].row_estimate, None);
}

#[test]
fn stored_values_are_known_to_who_may_read_them_and_never_under_row_security() {
    let subject = Subject::with(
        "CREATE TABLE customers(id int, city text, secret text);
         INSERT INTO customers
           SELECT g, (ARRAY['Oslo','Paris'])[1 + g % 2], (ARRAY['x', repeat('y', 65)])[1 + g % 2]
             FROM generate_series(1, 200) g;
         CREATE TABLE guarded(city text);
         INSERT INTO guarded SELECT 'Rome' FROM generate_series(1, 200);
         ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
         ANALYZE;",
    );
    let role = subject.role("reader");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT (id, city) ON customers TO {role};
         GRANT SELECT ON guarded TO {role};"
    ));
    let all = subject.see("postgres");
    let table = all.table("public", "customers").unwrap();
    assert_eq!(table.row_estimate, Some(200));
    assert_eq!(*table.columns[2].common_values, ["x"]);

    let seen = subject.see(&role);
    let table = seen.table("public", "customers").unwrap();
    let mut cities = table.columns[1].common_values.to_vec();
    cities.sort();
    assert_eq!(cities, ["Oslo", "Paris"]);
    assert_eq!(columns(table), ["id", "city"]);
    assert!(
        seen.table("public", "guarded").unwrap().columns[0]
            .common_values
            .is_empty()
    );
}

#[test]
fn objects_in_the_way_of_our_own_queries_are_not_used() {
    let subject = Subject::with(
        "CREATE SCHEMA trap; CREATE VIEW trap.pg_class AS SELECT 1 AS oid;
         CREATE FUNCTION trap.count() RETURNS int LANGUAGE sql AS 'SELECT 1/0';
         CREATE TABLE t(id int);",
    );
    subject.run(&format!(
        "ALTER DATABASE {} SET search_path = trap, pg_catalog, public",
        subject.database
    ));
    assert_eq!(
        names(&subject.see("postgres")),
        ["public.t", "trap.pg_class"]
    );
}

#[test]
fn a_hundred_questions_at_once_share_one_read() {
    let subject = Subject::with("CREATE TABLE t(id int);");
    let schemas = wait(async {
        let (service, catalog) = (service(), &subject.catalog);
        let asked = (0..100).map(|_| catalog.schema(&service, &subject.database, "postgres"));
        futures::future::join_all(asked).await
    });
    let first = schemas[0].as_ref().unwrap();
    for schema in &schemas {
        assert!(Arc::ptr_eq(first, schema.as_ref().unwrap()));
    }
    let count = "SELECT count(*) FROM pg_stat_activity \
                 WHERE application_name = 'pgparley catalog' AND datname = current_database()";
    let connections = cluster().run_sql(&subject.database, count).unwrap();
    assert_eq!(connections.trim(), "1");
}

#[test]
fn a_question_that_was_given_up_leaves_the_catalog_usable() {
    let subject = Subject::with("CREATE TABLE t(id int);");
    wait(async {
        let service = service();
        let given_up = subject
            .catalog
            .schema(&service, &subject.database, "postgres");
        assert!(
            tokio::time::timeout(Duration::ZERO, given_up)
                .await
                .is_err()
        );
    });
    assert_eq!(names(&subject.see("postgres")), ["public.t"]);
}

#[test]
fn a_connection_that_the_server_closed_is_replaced() {
    let subject = Subject::with("CREATE TABLE t(id int);");
    subject.see("postgres");
    subject.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
          WHERE application_name = 'pgparley catalog' AND datname = current_database()",
    );
    assert_eq!(names(&subject.see("postgres")), ["public.t"]);
}

#[test]
fn errors_keep_what_the_server_said() {
    let catalog = Catalog::new(control());
    let error = wait(catalog.schema(&service(), "no such database", "postgres")).unwrap_err();
    assert_eq!(error.sqlstate(), "3D000");
    assert_eq!(
        error.to_string(),
        "database \"no such database\" does not exist"
    );

    let nowhere = Service {
        host: "/nonexistent".to_owned(),
        ..service()
    };
    let error = wait(catalog.schema(&nowhere, "postgres", "postgres")).unwrap_err();
    assert_eq!(error.sqlstate(), "08006");
    assert!(
        error
            .to_string()
            .starts_with("could not read the catalog: "),
        "{error}"
    );
}

#[test]
fn facts_name_only_what_runs_no_code_in_any_schema() {
    let subject = Subject::with(
        "CREATE TABLE plain(id int); CREATE TABLE twice(id int); CREATE TABLE guarded(id int);
         ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
         CREATE SCHEMA other; CREATE VIEW other.twice AS SELECT random();
         CREATE FUNCTION calm(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
         CREATE FUNCTION loud(int) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1';
         CREATE FUNCTION loud(text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
         CREATE FUNCTION step(int, int) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT $1';
         CREATE AGGREGATE total(int) (SFUNC = step, STYPE = int);",
    );
    let facts = subject.facts();
    assert!(facts.plain_relations.contains("plain"));
    for name in ["twice", "guarded", "pg_locks"] {
        assert!(!facts.plain_relations.contains(name), "{name}");
    }
    for name in ["calm", "lower", "sum", "now"] {
        assert!(facts.quiet_functions.contains(name), "{name}");
    }
    for name in ["loud", "step", "total", "nextval", "random", "set_config"] {
        assert!(!facts.quiet_functions.contains(name), "{name}");
    }
    assert!(facts.quiet_operators);

    subject.run("CREATE OPERATOR <+> (LEFTARG = int, RIGHTARG = int, FUNCTION = step);");
    let louder = subject.facts();
    assert!(!louder.quiet_operators);
    assert_ne!(louder.version, facts.version);
}

#[test]
fn facts_of_an_unreachable_server_are_unknown_and_nobody_waits() {
    let catalog = Catalog::new(control());
    let nowhere = Service {
        host: "/nonexistent".to_owned(),
        ..service()
    };
    assert!(catalog.facts(&nowhere, "postgres").is_none());
    assert!(catalog.facts(&nowhere, "postgres").is_none());
}

/// 500 tables of 100 columns: how long it takes is printed, that it is whole is checked.
#[test]
fn a_wide_catalog_is_read_whole() {
    let mut sql = String::from("BEGIN;");
    for table in 0..500 {
        write!(sql, "CREATE TABLE t_{table}(id int PRIMARY KEY").unwrap();
        for column in 1..100 {
            let kind = ["text", "int", "numeric(10,2)", "timestamptz", "date"][column % 5];
            write!(sql, ", column_{column} {kind}").unwrap();
        }
        write!(sql, "); COMMENT ON TABLE t_{table} IS 'table {table}';").unwrap();
    }
    sql.push_str("COMMIT;");
    let subject = Subject::with(&sql);

    let started = Instant::now();
    let schema = subject.see("postgres");
    println!("500 x 100, first question: {:?}", started.elapsed());
    assert_eq!(schema.tables.len(), 500);
    assert!(schema.tables.iter().all(|table| table.columns.len() == 100));

    let role = subject.role("reader");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
    ));
    let started = Instant::now();
    assert_eq!(subject.see(&role).tables.len(), 500);
    println!("after a GRANT on all of them: {:?}", started.elapsed());

    let started = Instant::now();
    assert_eq!(subject.see(&role).tables.len(), 500);
    println!("nothing changed: {:?}", started.elapsed());
    subject.run("CREATE TABLE written(id int); DROP TABLE written;");
    let started = Instant::now();
    assert_eq!(subject.see(&role).tables.len(), 500);
    println!("after a write elsewhere: {:?}", started.elapsed());
}
