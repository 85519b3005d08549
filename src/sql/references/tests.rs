//! References by classes of names, each in a small schema.

use super::*;
use crate::sql::schema::Column;

/// Reads a schema: `[namespace.]table: column type [pk], …`, one table a line.
fn schema(text: &str) -> Vec<Table> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let table = |(position, (name, columns)): (usize, (&str, &str))| {
        let name = name.trim();
        let (namespace, name) = name.split_once('.').unwrap_or(("public", name));
        let mut table = Table {
            oid: position as u32 + 1,
            schema: namespace.to_owned(),
            name: name.to_owned(),
            ..Table::default()
        };
        for (place, definition) in columns.split(',').enumerate() {
            let words: Vec<&str> = definition.split_whitespace().collect();
            if words.contains(&"pk") {
                table.primary_key.push(place);
            }
            table.columns.push(Column {
                name: words[0].to_owned(),
                kind: match words[1] {
                    "int" => TypeKind::Integer,
                    "uuid" => TypeKind::Uuid,
                    _ => TypeKind::Text,
                },
                ..Column::default()
            });
        }
        table
    };
    lines.enumerate().map(table).collect()
}

/// `orders.customer_id customers.id`, for each guess with at least this confidence.
fn guessed(text: &str, least: f32) -> Vec<String> {
    let mut tables = schema(text);
    infer(&mut tables);
    let mut found = Vec::new();
    for table in &tables {
        for inferred in &table.inferred_keys {
            let key = &inferred.key;
            let target = tables
                .iter()
                .find(|other| other.oid == key.references)
                .expect("a guess refers to a table of the schema");
            let names = |table: &Table, columns: &[usize]| {
                let names = columns.iter().map(|&c| table.columns[c].name.clone());
                names.collect::<Vec<_>>().join("+")
            };
            if inferred.confidence >= least {
                found.push(format!(
                    "{}.{} {}.{}",
                    table.name,
                    names(table, &key.columns),
                    target.name,
                    names(target, &key.referenced_columns)
                ));
            }
        }
    }
    found
}

fn sure(text: &str) -> Vec<String> {
    guessed(text, SURE)
}

#[test]
fn a_column_called_after_a_table_refers_to_its_key() {
    let shop = "customers: id int pk, name text
        orders: id int pk, customer_id int, total int";
    assert_eq!(sure(shop), ["orders.customer_id customers.id"]);
    let spelled = "customers: customer_id int pk, name text
        orders: order_id int pk, customer_id int";
    assert_eq!(sure(spelled), ["orders.customer_id customers.customer_id"]);
}

#[test]
fn plural_prefix_case_and_order_of_words_do_not_matter() {
    for (table, column) in [
        ("categories", "category_id"),
        ("Category", "CategoryId"),
        ("dim_category", "category_key"),
        ("category", "id_category"),
        ("categories", "fk_category"),
        ("categories", "categoryid"),
        ("tbl_categories", "category"),
    ] {
        let text = format!("{table}: id int pk, label text\n products: id int pk, {column} int");
        let wanted = format!("products.{column} {table}.id");
        assert_eq!(sure(&text), [wanted], "{table}, {column}");
    }
}

#[test]
fn a_role_in_front_is_understood() {
    let text = "addresses: id int pk, street text
        orders: id int pk, ship_to_address_id int, bill_to_address_id int";
    assert_eq!(
        sure(text),
        [
            "orders.ship_to_address_id addresses.id",
            "orders.bill_to_address_id addresses.id"
        ]
    );
}

#[test]
fn the_longest_name_wins() {
    let text = "items: id int pk, name text
        order_items: id int pk, note text
        returns: id int pk, order_item_id int";
    assert_eq!(sure(text), ["returns.order_item_id order_items.id"]);
}

#[test]
fn names_that_run_together_are_told_apart() {
    let text = "paper: paperid int, title text
        author: authorid int, authorname text
        cite: citingpaperid int, citedpaperid int
        writes: paperid int, authorid int";
    let found = sure(text);
    for wanted in [
        "cite.citingpaperid paper.paperid",
        "cite.citedpaperid paper.paperid",
        "writes.paperid paper.paperid",
        "writes.authorid author.authorid",
    ] {
        assert!(found.contains(&wanted.to_owned()), "{wanted}: {found:?}");
    }
}

#[test]
fn prefixes_of_all_columns_are_seen_through() {
    let text = "sbcustomer: sbcustid text, sbcustname text, sbcustemail text
        sbticker: sbtickerid text, sbtickersymbol text, sbtickername text
        sbtransaction: sbtxid text, sbtxcustid text, sbtxtickerid text, sbtxtype text";
    let found = sure(text);
    assert!(found.contains(&"sbtransaction.sbtxcustid sbcustomer.sbcustid".to_owned()));
    assert!(found.contains(&"sbtransaction.sbtxtickerid sbticker.sbtickerid".to_owned()));
}

#[test]
fn initials_and_other_names_of_a_key_are_found_by_the_table() {
    let text = "users: uid int, name text
        sessions: user_id int, started text
        merchants: mid int pk, name text
        coupons: cid int pk, merchant_id int";
    assert_eq!(
        sure(text),
        [
            "sessions.user_id users.uid",
            "coupons.merchant_id merchants.mid"
        ]
    );
}

#[test]
fn codes_and_names_can_be_keys() {
    let text = "airport: airport_code text pk, airport_name text
        flight: flight_id int pk, from_airport text, to_airport text
        airport_service: city text, airport_code text
        state: state_name text, capital text
        lake: lake_name text, state_name text";
    let found = guessed(text, 0.5);
    for wanted in [
        "flight.from_airport airport.airport_code",
        "flight.to_airport airport.airport_code",
        "airport_service.airport_code airport.airport_code",
        "lake.state_name state.state_name",
    ] {
        assert!(found.contains(&wanted.to_owned()), "{wanted}: {found:?}");
    }
}

#[test]
fn another_row_of_the_same_table_can_be_meant() {
    let text = "categories: id int pk, parent_id int, name text";
    assert_eq!(sure(text), ["categories.parent_id categories.id"]);
    let text = "employee: employee_id int pk, parent_employee_id int, name text";
    assert_eq!(
        sure(text),
        ["employee.parent_employee_id employee.employee_id"]
    );
}

#[test]
fn shortened_names_are_likely_only_where_one_table_fits() {
    let text = "departments: id int pk, name text
        employees: id int pk, dept_id int";
    assert_eq!(sure(text), ["employees.dept_id departments.id"]);
    let text = "contacts: id int pk, name text
        contracts: id int pk, name text
        calls: id int pk, cont_id int";
    assert!(sure(text).is_empty());
}

#[test]
fn a_key_that_several_tables_bear_is_that_of_the_table_it_is_named_after() {
    let text = "passports: person_id int pk, number text
        people: person_id int pk, name text
        visits: id int pk, person_id int";
    assert_eq!(
        sure(text),
        [
            "passports.person_id people.person_id",
            "visits.person_id people.person_id"
        ]
    );
}

#[test]
fn what_could_as_well_be_another_table_is_never_sure() {
    let text = "crm_account: account_no int pk, name text
        billing_account: account_no int pk, name text
        invoices: id int pk, account_no int";
    assert!(sure(text).is_empty());
    assert_eq!(guessed(text, 0.3).len(), 2);
}

#[test]
fn types_must_agree() {
    let text = "customers: id uuid pk, name text
        orders: id int pk, customer_id int";
    assert!(guessed(text, 0.0).is_empty());
}

#[test]
fn declared_references_are_not_guessed_again() {
    let mut tables = schema(
        "customers: id int pk, name text
         orders: id int pk, customer_id int",
    );
    tables[1].foreign_keys.push(ForeignKey {
        columns: vec![1],
        references: 1,
        referenced_columns: vec![0],
    });
    infer(&mut tables);
    assert!(tables.iter().all(|table| table.inferred_keys.is_empty()));
}

#[test]
fn plain_columns_of_the_same_name_are_no_references() {
    let text = "customers: id int pk, name text, email text, status text, year int
        products: id int pk, name text, status text, year int, total_orders int
        orders: id int pk, first_name text, order_count int
        people: id int pk, first_name text, email text";
    assert_eq!(guessed(text, 0.0), Vec::<String>::new());
}

#[test]
fn names_of_the_same_things_join_without_a_table_of_them() {
    let text = "river: river_name text, country_name text
        lake: lake_name text, country_name text";
    assert_eq!(guessed(text, 0.4), ["lake.country_name river.country_name"]);
    assert!(sure(text).is_empty());
}

#[test]
fn keys_of_several_columns_are_referred_to_as_a_whole() {
    let text = "orders: id int pk, day text
        order_lines: order_id int pk, line_no int pk, product text
        shipments: id int pk, order_id int, line_no int";
    let found = sure(text);
    assert!(found.contains(&"shipments.order_id+line_no order_lines.order_id+line_no".to_owned()));
    assert!(found.contains(&"shipments.order_id orders.id".to_owned()));
}

#[test]
fn inferring_twice_changes_nothing() {
    let mut tables = schema(
        "customers: id int pk, name text
         orders: id int pk, customer_id int",
    );
    infer(&mut tables);
    infer(&mut tables);
    assert_eq!(tables[1].inferred_keys.len(), 1);
}

#[test]
fn a_number_of_a_thing_is_not_its_id() {
    let text = "flight: flight_id int pk, carrier text
        carrier_pair: id int pk, low_flight_number int, flight_id int";
    assert_eq!(sure(text), ["carrier_pair.flight_id flight.flight_id"]);
}

#[test]
fn a_table_of_the_name_in_another_schema_is_meant_rather_than_one_keyed_by_it_here() {
    let text = "med.patient: patientid int pk, name text
        bill.policy_holder: patient_id int, insurer_code text
        bill.invoice: invoice_id int pk, patient_id int";
    let found = guessed(text, 0.3);
    for reference in [
        "invoice.patient_id patient.patientid",
        "policy_holder.patient_id patient.patientid",
    ] {
        assert!(
            found.iter().any(|found| found == reference),
            "{reference}: {found:?}"
        );
    }
    let wrong = "invoice.patient_id policy_holder.patient_id";
    assert!(!found.iter().any(|found| found == wrong), "{found:?}");
}
