//! What drivers ask of the catalog passes under an analyst's policy, and is answered as directly.

use pgparley::config::Policy;

use crate::programs;
use crate::support::client::TestClient;
use crate::target;
use crate::target::Target;

fn analyst() -> Policy {
    Policy {
        name: "analysts".to_owned(),
        read_only: true,
        row_limit: Some(10_000),
        ..Policy::default()
    }
}

/// Makes some of everything that is listed.
fn furnish(target: &Target) {
    let mut owner = TestClient::login(target::cluster().addr(), &target.database);
    owner.rows(
        "CREATE TABLE parent (id int PRIMARY KEY, at date DEFAULT now()); \
         CREATE TABLE child (id int REFERENCES parent, note text); \
         CREATE INDEX by_note ON child (note); \
         CREATE VIEW looking AS SELECT * FROM parent; \
         CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1'; \
         GRANT SELECT ON parent TO PUBLIC",
    );
}

#[track_caller]
fn same_as_direct(run: fn(&Target) -> String) {
    let direct = Target::direct();
    furnish(&direct);
    let expected = run(&direct);
    assert!(expected.contains("looking"), "{expected}");
    for mode in [target::SESSION, target::TRANSACTION] {
        let told = run(&direct.under(mode, analyst()));
        assert_eq!(told, expected, "in {} mode", mode.name);
    }
}

#[test]
fn jdbc_describes_a_database() {
    same_as_direct(programs::jdbc_metadata);
}

#[test]
fn odbc_describes_a_database() {
    same_as_direct(programs::odbc_metadata);
}
