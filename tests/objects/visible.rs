//! What a question can speak of under rules about objects.

use pgparley::config::Mask;
use pgparley::sql::schema::ForeignKey;
use pgparley::sql::schema::InferredKey;
use pgparley::sql::schema::Schema;

use crate::subject::Judge;
use crate::subject::columns;
use crate::subject::filled;
use crate::subject::masks;
use crate::subject::named;
use crate::subject::names;
use crate::subject::schema;

fn judge() -> Judge {
    let mut policy = named();
    policy.tables.deny = names(&["secrets", "hr.*"]);
    policy.deny_columns = columns(&["customers.ssn"]);
    policy.mask_columns = masks(&[("orders.status", Mask::Null), ("customers.id", Mask::Null)]);
    Judge::new(policy)
}

#[test]
fn neither_names_nor_values_of_what_is_out_of_bounds_are_known() {
    let whole = schema(filled());
    let known = |schema: &Schema| format!("{schema:?}");
    let part = judge().rules.visible(&whole);
    for hidden in [
        "v_secrets",
        "m_secrets",
        "salaries",
        "\"wage\"",
        "\"ssn\"",
        "\"open\"",
        "v_ssn",
    ] {
        assert!(known(&whole).contains(hidden), "{hidden}");
        assert!(!known(&part).contains(hidden), "{hidden}");
    }
    assert!(part.table("public", "secrets").is_none());
    assert!(part.table("public", "contacts").is_some());
    assert_ne!(part.version, whole.version);
}

#[test]
fn keys_speak_of_the_columns_that_are_left() {
    let whole = schema(filled());
    let part = judge().rules.visible(&whole);
    let customers = part.table("public", "customers").expect("some is left");
    assert_eq!(customers.columns[0].name, "tenant");
    assert!(customers.primary_key.is_empty());
    assert!(customers.unique_keys.is_empty());
    let orders = part.table("public", "orders").expect("some is left");
    assert_eq!(orders.primary_key, [0]);
    assert!(orders.foreign_keys.is_empty());
    assert_eq!(orders.column("note"), Some(3));
}

#[test]
fn guessed_references_and_members_of_families_are_cut_too() {
    let mut whole = Schema::clone(&schema(filled()));
    let place = |name: &str| {
        let mut tables = whole.tables.iter();
        let place = tables.position(|table| table.schema == "public" && table.name == name);
        place.expect("it is there")
    };
    let (customers, orders, secrets) = (place("customers"), place("orders"), place("secrets"));
    let to = |column: &str| InferredKey {
        key: ForeignKey {
            columns: vec![whole.tables[orders].column("note").expect("it is there")],
            references: whole.tables[customers].oid,
            referenced_columns: vec![whole.tables[customers].column(column).expect("so is it")],
        },
        confidence: 0.9,
    };
    let guessed = vec![to("id"), to("tenant")];
    whole.tables[orders].inferred_keys = guessed;
    let member = whole.tables.remove(secrets);
    whole.folded.push(member);

    let part = judge().rules.visible(&whole);
    let orders = part.table("public", "orders").expect("some is left");
    assert_eq!(orders.inferred_keys.len(), 1, "the masked id is no target");
    assert_eq!(orders.inferred_keys[0].key.columns, [3]);
    assert_eq!(orders.inferred_keys[0].key.referenced_columns, [0]);
    assert!(part.table("public", "secrets").is_none());
}

#[test]
fn without_rules_about_data_all_is_left() {
    let whole = schema(filled());
    let mut policy = named();
    policy.functions.deny = names(&["pg_sleep"]);
    let part = Judge::new(policy).rules.visible(&whole);
    assert_eq!(part.tables.len(), whole.tables.len());
    let customers = part.table("public", "customers").expect("it is there");
    assert_eq!(customers.primary_key, [0]);
    assert_eq!(customers.unique_keys, [[4]]);
}
