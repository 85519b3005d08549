//! What a verdict costs, by policy, new and remembered.

use std::hint::black_box;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use pgparley::config::Policy;
use pgparley::guard::cache::CacheKey;
use pgparley::guard::cache::DecisionCache;
use pgparley::guard::decide;
use pgparley::guard::review;
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

criterion_group!(benches, reviewing);
criterion_main!(benches);
