//! The catalog against a real server: what a role sees, when it sees it, and what that costs.

#[path = "catalog/content.rs"]
mod content;
#[path = "catalog/facts.rs"]
mod facts;
#[path = "catalog/references.rs"]
mod references;
#[path = "catalog/roles.rs"]
mod roles;
#[path = "catalog/subject.rs"]
mod subject;
pub mod support;

use std::sync::Arc;
use std::time::Duration;

use pgparley::catalog::Catalog;
use pgparley::catalog::Service;

use subject::Subject;
use subject::columns;
use subject::control;
use subject::names;
use subject::service;
use subject::wait;
use support::cluster;

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
fn a_changed_catalog_is_read_again_before_anybody_asks() {
    let subject = Subject::with("CREATE TABLE t(id int);");
    let known = || {
        subject
            .catalog
            .remembered(&service(), &subject.database, "postgres")
    };
    let first = subject.see("postgres").version;
    assert_eq!(known(), Some(first));
    subject.run("ALTER TABLE t ADD more int");
    let refreshed = async {
        while known().is_none_or(|version| version == first) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let limit = Duration::from_secs(30);
    wait(async { tokio::time::timeout(limit, refreshed).await }).expect("it is read again");
}
