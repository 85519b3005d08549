//! The demo: the shop is what its seed says, and its questions are answered under any names.

pub mod support;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::OnceLock;

use pgparley::cli::demo::check;
use pgparley::cli::demo::check::Sides;
use pgparley::cli::demo::front;
use pgparley::cli::demo::questions;
use pgparley::cli::demo::questions::Question;
use pgparley::cli::demo::shop;
use pgparley::server::Server;

/// A different word for everything that a question or its gold names.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("customers", "members"),
    ("customer", "member"),
    ("customer_id", "member_id"),
    ("orders", "bookings"),
    ("order", "booking"),
    ("order_id", "booking_id"),
    ("order_items", "booking_items"),
    ("products", "articles"),
    ("product", "article"),
    ("product_id", "article_id"),
    ("product_suppliers", "article_vendors"),
    ("suppliers", "vendors"),
    ("supplier_id", "vendor_id"),
    ("categories", "families"),
    ("category", "family"),
    ("category_id", "family_id"),
    ("employees", "workers"),
    ("manager", "boss"),
    ("manager_id", "boss_id"),
    ("regions", "zones"),
    ("region", "zone"),
    ("region_id", "zone_id"),
    ("payments", "settlements"),
    ("returns", "claims"),
    ("amount", "value"),
    ("name", "label"),
    ("names", "labels"),
    ("status", "stage"),
    ("price", "tariff"),
    ("method", "medium"),
    ("city", "town"),
    ("cities", "towns"),
    ("country", "nation"),
    ("discontinued", "retired"),
    ("segment", "class"),
    ("quantity", "pieces"),
    ("salary", "wage"),
    ("reason", "cause"),
    ("channel", "outlet"),
    ("ordered_at", "booked_at"),
    ("paid_at", "settled_at"),
];

/// `text` with every whole word replaced that has another.
fn reworded(text: &str) -> String {
    let words: HashMap<&str, &str> = OTHER_WORDS.iter().copied().collect();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut other = String::new();
    for piece in text.split_inclusive(|c| !is_word(c)) {
        let word = piece.trim_end_matches(|c| !is_word(c));
        other.push_str(words.get(word).copied().unwrap_or(word));
        other.push_str(&piece[word.len()..]);
    }
    other
}

/// The shop of `seed` in a database of its own; its name.
fn new_shop(seed: i64) -> String {
    let database = support::database();
    let cluster = support::cluster();
    shop::fill(cluster, cluster.superuser(), &database, seed).expect("the shop loads");
    database
}

/// The shop of seed 1, which no test may change.
fn shared_shop() -> &'static str {
    static SHOP: OnceLock<String> = OnceLock::new();
    SHOP.get_or_init(|| new_shop(1))
}

/// Renames every table and column of the shop that has another word.
fn rename_everything(database: &str) {
    let columns = "SELECT table_name, column_name FROM information_schema.columns
                   JOIN information_schema.tables USING (table_schema, table_name)
                   WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
    let columns = support::cluster()
        .run_sql(database, columns)
        .expect("the catalog can be read");
    let mut script = Vec::new();
    let mut tables: Vec<&str> = Vec::new();
    for line in columns.lines() {
        let (table, column) = line.split_once('|').expect("two columns");
        tables.push(table);
        let other = reworded(column);
        if other != column {
            script.push(format!("ALTER TABLE {table} RENAME {column} TO {other};"));
        }
    }
    tables.sort_unstable();
    tables.dedup();
    for table in tables.into_iter().filter(|table| reworded(table) != *table) {
        script.push(format!(
            "ALTER TABLE {table} RENAME TO {};",
            reworded(table)
        ));
    }
    support::cluster()
        .run_sql(database, &script.concat())
        .expect("everything can be renamed");
}

fn reworded_questions() -> Vec<Question> {
    let reworded = |question: Question| Question {
        text: reworded(&question.text),
        gold: reworded(&question.gold),
        order: question.order,
    };
    questions::all().into_iter().map(reworded).collect()
}

/// What `sql` returns, its rows sorted.
fn sorted(database: &str, sql: &str) -> Vec<String> {
    let rows = support::cluster().run_sql(database, sql).expect("it runs");
    let mut rows: Vec<String> = rows.lines().map(str::to_owned).collect();
    rows.sort_unstable();
    rows
}

/// A fingerprint of every table.
fn content(database: &str) -> Vec<String> {
    let fingerprints = "SELECT format(
            'SELECT %L, md5(string_agg(t::text, '''' ORDER BY t::text)) FROM %I t;',
            tablename, tablename)
        FROM pg_tables WHERE schemaname = 'public'";
    sorted(database, &sorted(database, fingerprints).concat())
}

/// Asks `questions` about `database` through a pgparley; every fault.
fn faults(database: &str, questions: &[Question]) -> Vec<String> {
    let cluster = support::cluster();
    let listen = "127.0.0.1:0".parse().expect("an address");
    let running = Server::start(front::config(cluster, listen)).expect("pgparley starts");
    let client = |address: SocketAddr| {
        let mut config = front::client(address);
        config.user(cluster.superuser()).dbname(database);
        config
    };
    let sides = Sides {
        asked: client(running.addr()),
        direct: client(cluster.addr()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let outcomes = runtime
        .block_on(check::check(&sides, questions))
        .expect("gold runs");
    let fault = |outcome: &check::Outcome| {
        outcome
            .fault
            .as_ref()
            .map(|fault| format!("{}\n    {fault}", outcome.statement))
    };
    outcomes.iter().filter_map(fault).collect()
}

#[test]
fn questions_are_answered() {
    let faults = faults(shared_shop(), &questions::all());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn questions_are_answered_under_other_names_and_another_seed() {
    let renamed = new_shop(2);
    rename_everything(&renamed);
    let faults = faults(&renamed, &reworded_questions());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_seed_decides_the_data() {
    let expected = content(shared_shop());
    assert_eq!(content(&new_shop(1)), expected);
    assert_ne!(content(&new_shop(2)), expected);
}

#[test]
fn the_shop_has_a_realistic_size_and_ends_today() {
    let facts = "SELECT count(*) >= 100000, max(ordered_at)::date = current_date,
                        bool_or(coupon_code IS NULL), bool_or(shipped_at IS NULL) FROM orders";
    let facts = support::cluster()
        .run_sql(shared_shop(), facts)
        .expect("it runs");
    assert_eq!(facts.trim(), "t|t|t|t");
    let unanalyzed = "SELECT count(*) FROM pg_class WHERE relkind = 'r'
                      AND relnamespace = 'public'::regnamespace AND reltuples < 0";
    let unanalyzed = support::cluster()
        .run_sql(shared_shop(), unanalyzed)
        .expect("it runs");
    assert_eq!(unanalyzed.trim(), "0");
}

#[test]
fn gold_means_the_same_after_renaming() {
    let renamed = new_shop(1);
    rename_everything(&renamed);
    for (question, other) in questions::all().iter().zip(reworded_questions()) {
        assert_ne!(question.text, other.text);
        let expected = sorted(shared_shop(), &question.gold);
        assert_eq!(sorted(&renamed, &other.gold), expected, "{}", question.text);
        assert!(
            !expected.is_empty(),
            "nothing to compare for {}",
            question.text
        );
    }
}
