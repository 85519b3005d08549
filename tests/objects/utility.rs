//! Statements that are no queries, where a name stands for one thing in one schema and another in
//! the next.

use pgparley::config::Mask;

use crate::subject::Judge;
use crate::subject::deny_tables;
use crate::subject::masks;
use crate::subject::named;

#[test]
fn what_is_not_denied_can_be_managed_though_its_name_is_shared() {
    let judge = deny_tables(&["hr.orders"]);
    judge.passes(&[
        "LOCK TABLE public.orders IN ACCESS SHARE MODE",
        "LOCK TABLE ONLY public.orders, contacts, public.\"customers\" IN ACCESS SHARE MODE NOWAIT",
        "LOCK public.orders",
        "TRUNCATE public.orders",
        "ANALYZE public.orders",
        "COMMENT ON TABLE public.orders IS 'x'",
        "COMMENT ON COLUMN public.orders.id IS 'x'",
        "ALTER TABLE public.orders ADD COLUMN more text",
        "CREATE INDEX ON public.orders (note)",
        "CREATE TABLE noted (id int REFERENCES public.orders)",
        "GRANT SELECT ON public.orders TO PUBLIC",
        "DROP TABLE public.orders CASCADE",
        "TABLE public.orders",
        "CREATE TEMP TABLE x AS TABLE public.orders",
    ]);
    judge.refuses(&[
        "LOCK TABLE hr.orders IN ACCESS SHARE MODE",
        "LOCK TABLE public.orders, hr.orders",
        "LOCK TABLE orders",
        "TRUNCATE public.orders, hr.orders",
        "ANALYZE hr.orders",
        "COMMENT ON TABLE hr.orders IS 'x'",
        "ALTER TABLE hr.orders RENAME TO others",
        "ALTER TABLE hr.orders SET SCHEMA reporting",
        "ALTER SCHEMA hr RENAME TO hr2",
        "DROP SCHEMA hr CASCADE",
        "GRANT SELECT ON ALL TABLES IN SCHEMA hr TO PUBLIC",
        "CREATE INDEX ON hr.orders (wage)",
        "CREATE TABLE x (LIKE hr.orders)",
        "CREATE TABLE x () INHERITS (hr.orders)",
        "DROP TABLE hr.orders",
        "TABLE hr.orders",
        "TABLE orders",
        "CREATE TEMP TABLE x AS TABLE hr.orders",
        "CREATE SCHEMA zz CREATE VIEW v AS SELECT 1 CREATE VIEW w AS SELECT * FROM hr.orders",
    ]);
}

#[test]
fn a_table_with_masked_columns_can_be_kept_but_not_reshaped() {
    let mut policy = named();
    policy.mask_columns = masks(&[("customers.ssn", Mask::Null)]);
    let judge = Judge::new(policy);
    judge.passes(&[
        "LOCK TABLE customers IN ACCESS SHARE MODE",
        "ANALYZE customers",
        "COMMENT ON COLUMN customers.ssn IS 'x'",
        "TRUNCATE customers CASCADE",
        "REINDEX TABLE customers",
    ]);
    judge.refuses(&[
        "ALTER TABLE customers RENAME COLUMN ssn TO x",
        "ALTER TABLE customers ADD CHECK (ssn > 'a')",
        "ALTER TABLE customers RENAME COLUMN city TO ssn2",
        "CREATE INDEX ON customers (upper(ssn))",
        "CLUSTER customers USING customers_ssn_key",
        "CREATE TABLE x (LIKE customers)",
        "CREATE TABLE x (a text REFERENCES customers (ssn))",
    ]);
}
