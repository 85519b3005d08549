//! What telling costs that a text leaves nothing behind, or what it leaves.

use std::fmt::Write;
use std::hint::black_box;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use pgparley::sql::footprint::footprint;
use pgparley::sql::prepared_name::named;

/// Told by a glance.
const ORDINARY: [(&str, &str); 6] = [
    ("begin", "BEGIN"),
    (
        "select",
        "SELECT abalance FROM pgbench_accounts WHERE aid = 10000",
    ),
    (
        "update",
        "UPDATE pgbench_accounts SET abalance = 1 WHERE aid = 10000;",
    ),
    (
        "insert",
        "INSERT INTO pgbench_history (tid, bid) VALUES (1, 2)",
    ),
    (
        "comment",
        "/* app:shop, action:list */ SELECT id, name FROM products",
    ),
    (
        "report",
        "SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue \
         FROM customer, orders, lineitem, supplier, nation, region \
         WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey \
         AND c_nationkey = s_nationkey AND s_nationkey = n_nationkey \
         AND n_regionkey = r_regionkey AND r_name = 'ASIA' AND o_orderdate >= date '1994-01-01' \
         AND o_orderdate < date '1994-01-01' + interval '1' year \
         GROUP BY n_name ORDER BY revenue DESC",
    ),
];

/// Looked at.
const TELLING: [(&str, &str); 4] = [
    ("set", "SET search_path TO app, public"),
    ("set local", "SET LOCAL statement_timeout = '5s'"),
    (
        "set_config",
        "SELECT set_config('request.jwt.claims', $1, true), set_config('role', $2, true)",
    ),
    ("discard", "DISCARD ALL"),
];

fn telling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("footprint");
    let short = ORDINARY.iter().chain(&TELLING);
    let short = short.map(|&(name, text)| (name, text.to_owned()));
    for (name, text) in short.chain(long()) {
        let text = text.as_bytes();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), text, |bencher, text| {
            bencher.iter(|| footprint(black_box(text)));
        });
    }
    group.finish();
}

/// A list of numbers, and an INSERT of many rows of words.
fn long() -> [(&'static str, String); 2] {
    let mut list = "SELECT * FROM t WHERE id IN (0".to_owned();
    let mut rows = "INSERT INTO orders (id, note) VALUES (0, '')".to_owned();
    for number in 1..4_000 {
        write!(list, ",{number}").expect("a string takes everything");
        write!(rows, ", ({number}, 'Leave it at the door, over there')")
            .expect("a string takes everything");
    }
    list.push(')');
    [("long list", list), ("long rows", rows)]
}

fn naming(criterion: &mut Criterion) {
    let text = b"EXECUTE find_order (10000, 'open')";
    criterion.bench_function("named/execute", |bencher| {
        bencher.iter(|| named(black_box(text)));
    });
}

criterion_group!(benches, telling, naming);
criterion_main!(benches);
