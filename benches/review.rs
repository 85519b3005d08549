//! What a verdict costs, by policy, new and remembered.

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use pgparley::config::ObjectPattern;
use pgparley::config::Policy;
use pgparley::guard::ObjectRules;
use pgparley::guard::cache::CacheKey;
use pgparley::guard::cache::DecisionCache;
use pgparley::guard::decide;
use pgparley::guard::review;
use pgparley::guard::review_objects;
use pgparley::sql::objects::Column;
use pgparley::sql::objects::Objects;
use pgparley::sql::objects::Relation;
use pgparley::sql::schema::Facts;

const TINY: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = 1";

const REPORT: &str = "SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue \
    FROM customer JOIN orders ON c_custkey = o_custkey JOIN lineitem ON l_orderkey = o_orderkey \
    WHERE r_name = 'ASIA' AND o_orderdate >= date '1994-01-01' GROUP BY n_name ORDER BY revenue";

fn facts() -> Facts {
    let relations = ["pgbench_accounts", "customer", "orders", "lineitem"];
    Facts {
        version: 1,
        plain_relations: relations.map(str::to_owned).into(),
        quiet_functions: ["sum"].map(str::to_owned).into(),
        quiet_operators: true,
    }
}

fn reviewing(criterion: &mut Criterion) {
    let facts = facts();
    let limited = Policy {
        row_limit: Some(1000),
        ..Policy::default()
    };
    let read_only = Policy {
        read_only: true,
        ..limited.clone()
    };
    let mut group = criterion.benchmark_group("review");
    for (name, text) in [("tiny", TINY), ("report", REPORT)] {
        for (rule, policy) in [("row_limit", &limited), ("read_only", &read_only)] {
            group.bench_function(format!("{rule}/{name}"), |bencher| {
                bencher.iter(|| review(black_box(text.as_bytes()), policy, Some(&facts)));
            });
        }
        let mut cache = DecisionCache::new(10_000, 16 << 20);
        group.bench_function(format!("remembered/{name}"), |bencher| {
            bencher.iter(|| {
                let text = black_box(text.as_bytes());
                cache.verdict(
                    CacheKey {
                        policy: 1,
                        facts: 1,
                        objects: 1,
                        rows: None,
                    },
                    text,
                    |shape| decide(shape, &read_only, Some(&facts)),
                )
            });
        });
    }
    group.bench_function("remembered/tiny with other values", |bencher| {
        let texts = [1, 22_222, 333_333_333].map(|aid| TINY.replace('1', &aid.to_string()));
        let mut cache = DecisionCache::new(10_000, 16 << 20);
        let mut turn = 0;
        bencher.iter(|| {
            turn = (turn + 1) % texts.len();
            let text = black_box(texts[turn].as_bytes());
            cache.verdict(CacheKey::default(), text, |shape| {
                decide(shape, &read_only, Some(&facts))
            })
        });
    });
    group.finish();
}

/// 500 tables of 100 columns, one of which is denied.
fn objects() -> Objects {
    let column = |number: i16| Column {
        name: Arc::from(format!("column_{number}")),
        attnum: number,
        type_oid: 23,
    };
    let names = [
        "pgbench_accounts",
        "customer",
        "orders",
        "lineitem",
        "secrets",
    ]
    .map(str::to_owned);
    let names = names
        .into_iter()
        .chain((0..495).map(|number| format!("table_{number}")));
    let relations = names.zip(20_000..).map(|(name, oid)| Relation {
        oid,
        schema: Arc::from("public"),
        name: Arc::from(name),
        columns: (1..=100).map(column).collect(),
        ..Relation::default()
    });
    Objects::of(1, relations.collect())
}

fn reviewing_objects(criterion: &mut Criterion) {
    let names = |names: &[&str]| -> Vec<ObjectPattern> {
        names
            .iter()
            .filter_map(|name| ObjectPattern::parse(name))
            .collect()
    };
    let mut denies = Policy::default();
    denies.tables.deny = names(&["secrets"]);
    let mut lists = Policy::default();
    lists.tables.allow = Some(names(&[
        "pgbench_accounts",
        "customer",
        "orders",
        "lineitem",
    ]));
    let objects = Arc::new(objects());
    let mut group = criterion.benchmark_group("objects");
    for (rule, policy) in [("deny_tables", &denies), ("allow_tables", &lists)] {
        let rules = ObjectRules::new(policy, &objects);
        for (name, text) in [("tiny", TINY), ("report", REPORT)] {
            group.bench_function(format!("{rule}/{name}"), |bencher| {
                bencher.iter(|| {
                    review_objects(black_box(text.as_bytes()), policy, None, Some(&rules))
                });
            });
        }
        group.bench_function(format!("{rule}/made ready"), |bencher| {
            bencher.iter(|| ObjectRules::new(black_box(policy), &objects));
        });
    }
    group.finish();
}

criterion_group!(benches, reviewing, reviewing_objects);
criterion_main!(benches);
