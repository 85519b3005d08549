//! What each role sees.

use pgparley::catalog::Error;

use crate::subject::Subject;
use crate::subject::columns;
use crate::subject::names;

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
