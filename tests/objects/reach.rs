//! What reaches rows without naming where they are kept: types, foreign tables, storage.

use crate::subject::Judge;
use crate::subject::columns;
use crate::subject::deny_tables;
use crate::subject::masks;
use crate::subject::named;
use crate::subject::names;

use pgparley::config::Mask;

const ROWS_IN_COLUMNS: &[&str] = &[
    "SELECT was FROM archive",
    "SELECT (was).ssn FROM archive",
    "SELECT * FROM archive",
    "SELECT archive::text FROM archive",
    "SELECT (all_of[1]).ssn FROM archive",
    "SELECT u.ssn FROM archive, unnest(all_of) u",
    "SELECT to_jsonb(a.was) FROM archive a",
    "COPY archive TO STDOUT",
];

#[test]
fn a_column_with_rows_of_what_is_denied_is_denied() {
    let mut policy = named();
    policy.deny_columns = columns(&["customers.ssn"]);
    let judge = Judge::new(policy);
    judge.refuses(ROWS_IN_COLUMNS);
    judge.passes(&["SELECT id FROM archive", "COPY archive (id) TO STDOUT"]);

    let mut policy = named();
    policy.mask_columns = masks(&[("customers.email", Mask::Null)]);
    Judge::new(policy).refuses(ROWS_IN_COLUMNS);

    let judge = deny_tables(&["customers"]);
    judge.refuses(ROWS_IN_COLUMNS);
    judge.passes(&["SELECT id FROM archive"]);
}

#[test]
fn a_table_with_rows_of_what_is_denied_can_be_vouched_for() {
    let mut policy = named();
    policy.tables.allow = Some(names(&["*", "archive"]));
    policy.tables.deny = names(&["customers"]);
    let judge = Judge::new(policy);
    assert_eq!(judge.refusal("SELECT * FROM archive"), None);
}

#[test]
fn a_type_made_of_a_checked_domain_is_checked() {
    let mut policy = named();
    policy.functions.deny = names(&["checks"]);
    let judge = Judge::new(policy);
    judge.refuses(&[
        "SELECT 'x'::checked",
        "SELECT 'x'::checked_again",
        "SELECT '{x}'::checked[]",
        "SELECT '{x}'::_checked",
        "SELECT '{x}'::_checked_again",
        "SELECT '(x)'::with_checked",
        "SELECT ROW('x')::with_checked",
        "SELECT '{(x)}'::_with_checked",
        "SELECT jsonb_populate_record(NULL::with_checked, '{\"c\": \"x\"}')",
    ]);
    judge.passes(&["SELECT '(1,2)'::pair", "SELECT 'x'::text"]);
}

#[test]
fn a_foreign_table_is_what_it_shows() {
    let refused = |judge: Judge, text: &str| judge.refusal(text).map(|refusal| refusal.rule);
    assert_eq!(
        refused(deny_tables(&["customers"]), "SELECT id FROM far"),
        Some("deny_tables")
    );
    assert_eq!(
        refused(deny_tables(&["secrets"]), "SELECT secrets FROM far"),
        None
    );
    let mut policy = named();
    policy.deny_columns = columns(&["customers.ssn"]);
    let judge = || Judge::new(policy.clone());
    for text in [
        "SELECT t FROM far",
        "SELECT * FROM far",
        "SELECT far FROM far",
    ] {
        assert_eq!(refused(judge(), text), Some("deny_columns"), "{text}");
    }
    assert_eq!(refused(judge(), "SELECT id FROM far"), None);
    for text in [
        "ALTER FOREIGN TABLE far OPTIONS (SET table_name 'x')",
        "ALTER TABLE far OPTIONS (SET table_name 'x')",
        "ALTER TABLE IF EXISTS far ALTER COLUMN id OPTIONS (SET column_name 'ssn')",
    ] {
        assert_eq!(refused(judge(), text), Some("objects"), "{text}");
    }
}

#[test]
fn the_storage_of_long_values_is_denied_by_any_spelling() {
    for judge in [deny_tables(&["secrets"]), deny_tables(&["hr.*"])] {
        judge.refuses(&[
            "SELECT * FROM pg_toast.pg_toast_1262",
            "SELECT chunk_data FROM pg_toast.pg_toast_2619",
            "SELECT * FROM PG_TOAST.PG_TOAST_1262",
            "SELECT * FROM \"pg_toast\".\"pg_toast_1262\"",
        ]);
    }
}

#[test]
fn rows_before_and_after_a_write_are_rows_of_its_table() {
    let mut policy = named();
    policy.mask_columns = masks(&[("customers.ssn", Mask::Null)]);
    let judge = Judge::new(policy);
    // PostgreSQL 18 knows these.
    for text in [
        "UPDATE customers SET name = 'x' RETURNING upper(old.ssn)",
        "UPDATE customers SET name = 'x' RETURNING old.ssn || new.ssn",
        "UPDATE customers SET name = 'x' RETURNING old",
        "UPDATE customers SET name = 'x' RETURNING to_jsonb(new)",
        "UPDATE customers SET name = 'x' RETURNING (old).ssn",
        "DELETE FROM customers RETURNING old.*",
    ] {
        assert!(judge.refusal(text).is_some(), "{text}");
    }
    let text = "UPDATE customers SET name = 'x' RETURNING old.name, new.name";
    assert_eq!(judge.refusal(text), None);
}
