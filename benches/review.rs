//! What a verdict costs, by policy, new and remembered.

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use pgparley::config::ObjectPattern;
use pgparley::config::Policy;
use pgparley::guard::Decision;
use pgparley::guard::ObjectRules;
use pgparley::guard::Plan;
use pgparley::guard::cache::CacheKey;
use pgparley::guard::cache::DecisionCache;
use pgparley::guard::decide_objects;
use pgparley::guard::review_objects;
use pgparley::sql::objects::Column;
use pgparley::sql::objects::Objects;
use pgparley::sql::objects::Relation;

#[path = "../tests/endurance/readers.rs"]
pub mod readers;

const TINY: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = 1";

const REPORT: &str = "SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue \
    FROM customer JOIN orders ON c_custkey = o_custkey JOIN lineitem ON l_orderkey = o_orderkey \
    WHERE r_name = 'ASIA' AND o_orderdate >= date '1994-01-01' GROUP BY n_name ORDER BY revenue";

/// A short text about the table that [`readers::objects`] knows, of 51 bytes.
const SHORT: &str = "SELECT a, lower(b) FROM t WHERE a = 'x' AND b = 'y'";

/// As a reporting tool writes it: columns made of conditions, and a join for each of them.
fn long() -> String {
    let mut columns = Vec::new();
    let mut joins = Vec::new();
    for number in 0..130 {
        columns.push(format!(
            "CASE WHEN x{number}.a >= 'low' AND x{number}.b <> 'none' THEN lower(x{number}.b) \
             ELSE x{number}.a END AS column_{number}"
        ));
        joins.push(format!(
            "LEFT JOIN t x{number} ON x{number}.a = t.a AND x{number}.b = 'y'"
        ));
    }
    let (columns, joins) = (columns.join(", "), joins.join(" "));
    format!("SELECT {columns} FROM t {joins} WHERE t.a = 'x'")
}

/// Under each set of rules: a text that came before, a new short one and a new one of 20 KB.
fn reviewing(criterion: &mut Criterion) {
    let objects = Arc::new(readers::objects());
    let facts = readers::facts();
    let long = long();
    let mut group = criterion.benchmark_group("review");
    for (name, policy) in readers::policies() {
        let rules = policy
            .guards_objects()
            .then(|| ObjectRules::new(&policy, &objects));
        let decide = |text: &[u8]| decide_objects(text, &policy, Some(&facts), rules.as_ref());
        for (length, text) in [("51 bytes", SHORT), ("20 KB", &long)] {
            let verdict = decide(text.as_bytes());
            assert!(
                !matches!(verdict, Decision::Refuse(_)),
                "{name}: {verdict:?}"
            );
            group.bench_function(format!("{name}/{length}"), |bencher| {
                bencher.iter(|| decide(black_box(text.as_bytes())));
            });
        }
        let mut cache = DecisionCache::new(ENTRIES, BYTES);
        group.bench_function(format!("{name}/remembered"), |bencher| {
            bencher.iter(|| {
                let text = black_box(SHORT.as_bytes());
                cache.verdict(CacheKey::default(), text, decide)
            });
        });
    }
    group.finish();
}

/// What a worker's cache holds at most.
const ENTRIES: usize = 10_000;
const BYTES: usize = 16 << 20;

fn remembering_values(criterion: &mut Criterion) {
    let (_, policy) = readers::policies().swap_remove(1);
    let facts = readers::facts();
    let texts = ["x", "other", "yet another"].map(|value| SHORT.replace('x', value));
    let mut cache = DecisionCache::new(ENTRIES, BYTES);
    let mut turn = 0;
    criterion.bench_function("review/other values", |bencher| {
        bencher.iter(|| {
            turn = (turn + 1) % texts.len();
            let text = black_box(texts[turn].as_bytes());
            cache.verdict(CacheKey::default(), text, |shape| {
                decide_objects(shape, &policy, Some(&facts), None)
            })
        });
    });
}

/// How many of an honest client's texts need no review while another sends ever new ones, each of
/// them twice so that it is worth an entry.
#[expect(clippy::print_stdout, reason = "it is what the bench is for")]
fn flooding(_: &mut Criterion) {
    let forward = |_: &[u8]| Decision::Forward(Plan::unlimited());
    for between in [10, 100, 1_000, 4_000, 10_000] {
        let mut cache = DecisionCache::new(ENTRIES, BYTES);
        let (mut honest, mut reviews) = (0, 0);
        for number in 0..200_000 {
            let text = format!("SELECT column_{number} FROM t");
            for _ in 0..2 {
                cache.verdict(CacheKey::default(), text.as_bytes(), forward);
            }
            if number % between == 0 {
                honest += 1;
                cache.verdict(CacheKey::default(), SHORT.as_bytes(), |shape| {
                    reviews += 1;
                    forward(shape)
                });
            }
        }
        let hits = 100.0 * (1.0 - f64::from(reviews) / f64::from(honest));
        let bytes = cache.bytes();
        println!("flood/{between} new texts to one honest: {hits:.1} % hits, {bytes} bytes");
    }
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

criterion_group!(
    benches,
    reviewing,
    remembering_values,
    flooding,
    reviewing_objects
);
criterion_main!(benches);
