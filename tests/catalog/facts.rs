//! What holds for a database whoever asks.

use pgparley::catalog::Catalog;
use pgparley::catalog::Service;

use crate::subject::Subject;
use crate::subject::control;
use crate::subject::service;

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
