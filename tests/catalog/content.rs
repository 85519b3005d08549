//! Types, keys, partitions, views and stored values.

use pgparley::guard::generated::check;
use pgparley::sql::schema::TableKind;
use pgparley::sql::schema::TypeKind;

use crate::subject::Subject;
use crate::subject::columns;
use crate::subject::names;

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
fn many_tables_of_one_shape_are_one_entry_and_each_can_still_be_named() {
    let subject = Subject::with(
        "DO $$ BEGIN
           FOR n IN 1..24 LOOP
             EXECUTE format('CREATE TABLE events_%s(id int, kind text)', 202300 + n);
           END LOOP;
         END $$;
         CREATE TABLE users(id int);",
    );
    let schema = subject.see("postgres");
    assert_eq!(names(&schema), ["public.events_202324", "public.users"]);
    let family = schema.tables[0].family.as_ref().unwrap();
    assert_eq!((family.pattern.as_str(), family.members), ("events_*", 24));
    let checked = check("SELECT count(*) FROM events_202307", &schema).unwrap();
    assert!(
        checked.sql.contains("public.events_202307"),
        "{}",
        checked.sql
    );

    let role = subject.role("reader");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT ON events_202301, events_202302 TO {role};"
    ));
    let few = subject.see(&role);
    assert_eq!(
        names(&few),
        ["public.events_202301", "public.events_202302"]
    );
    assert_eq!(few.tables[0].family, None);
}

#[test]
fn a_column_without_a_comment_has_that_of_its_enum_or_domain() {
    let subject = Subject::with(
        "CREATE TYPE stage AS ENUM ('new'); COMMENT ON TYPE stage IS 'where a deal stands';
         CREATE DOMAIN iban AS text; COMMENT ON DOMAIN iban IS 'a bank account';
         CREATE TABLE deals(s stage, i iban, own stage, plain int);
         COMMENT ON COLUMN deals.own IS 'its own';",
    );
    let schema = subject.see("postgres");
    let columns = schema.tables[0].columns.iter();
    let comments: Vec<_> = columns.map(|column| column.comment.as_deref()).collect();
    assert_eq!(
        comments,
        [
            Some("where a deal stands"),
            Some("a bank account"),
            Some("its own"),
            None
        ]
    );
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
