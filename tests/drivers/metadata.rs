//! What drivers ask of the catalog passes under the policies for people and tools that read, and is answered as directly.

use pgparley::config::Match;

use crate::programs;
use crate::support::client::TestClient;
use crate::support::recipe::recipe;
use crate::target;
use crate::target::Target;

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
    for title in ["Analysts", "BI service accounts"] {
        for mode in [target::SESSION, target::TRANSACTION] {
            let mut policy = recipe(title);
            policy.matches = Match::default();
            let told = run(&direct.under(mode, policy));
            assert_eq!(told, expected, "{title} in {} mode", mode.name);
        }
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
