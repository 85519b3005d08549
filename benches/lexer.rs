//! What cutting a text into tokens and statements costs, and telling that it holds no question.

use std::hint::black_box;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use pgparley::sql::lexer::StandardStrings;
use pgparley::sql::lexer::lex;
use pgparley::sql::question::may_hold_question;
use pgparley::sql::script::Script;

const TINY: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = 1";

const REPORT: &str = "SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue \
    FROM customer, orders, lineitem, supplier, nation, region \
    WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey \
    AND c_nationkey = s_nationkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey \
    AND r_name = 'ASIA' AND o_orderdate >= date '1994-01-01' \
    AND o_orderdate < date '1994-01-01' + interval '1' year GROUP BY n_name ORDER BY revenue DESC";

fn texts() -> Vec<(&'static str, String)> {
    let list = (0..4_000)
        .map(|number| number.to_string())
        .collect::<Vec<_>>()
        .join(",");
    vec![
        ("tiny", TINY.to_owned()),
        ("report", REPORT.to_owned()),
        ("long", format!("SELECT * FROM t WHERE id IN ({list})")),
    ]
}

fn lexing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lexer");
    for (name, text) in texts() {
        let text = text.as_bytes();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("lex", name), text, |bencher, text| {
            bencher.iter(|| lex(black_box(text), StandardStrings::On));
        });
        group.bench_with_input(BenchmarkId::new("script", name), text, |bencher, text| {
            bencher.iter(|| Script::lex(black_box(text)).map(|script| script.statements().len()));
        });
        group.bench_with_input(
            BenchmarkId::new("may_hold_question", name),
            text,
            |bencher, text| {
                bencher.iter(|| may_hold_question(black_box(text)));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, lexing);
criterion_main!(benches);
