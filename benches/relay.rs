//! What walking the frames of one read costs, and letting them pass unchanged or with a gap.

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use pgparley::wire::Passage;
use pgparley::wire::frame;
use pgparley::wire::frame::Next;
use pgparley::wire::frame::server;

/// What the relay reads at once.
const CHUNK: usize = 64 * 1024;

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(4 + body.len()).expect("a short message");
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

/// The reply to one SELECT of pgbench: a description, a row, the tag, ready.
fn pgbench_reply() -> Vec<u8> {
    [
        message(server::ROW_DESCRIPTION, &[0; 29]),
        message(server::DATA_ROW, &[0; 7]),
        message(server::COMMAND_COMPLETE, b"SELECT 1\0"),
        message(server::READY_FOR_QUERY, b"I"),
    ]
    .concat()
}

/// A chunk full of rows with so many bytes each.
fn rows(bytes: usize) -> Vec<u8> {
    let row = message(server::DATA_ROW, &vec![0; bytes]);
    row.repeat(CHUNK / row.len())
}

/// Walks all frames of `chunk`; the one at `gap` does not pass. Gives how many bytes do.
fn walk(chunk: &[u8], gap: Option<usize>) -> usize {
    let mut passage = Passage::new(chunk);
    let mut at = 0;
    let mut number = 0;
    while let Next::Message { size, .. } = frame::next(&chunk[at..]) {
        if Some(number) != gap {
            passage.pass(at..at + size);
        }
        at += size;
        number += 1;
    }
    passage.bytes().len()
}

fn relaying(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("relay");
    let chunks = [
        ("pgbench reply", pgbench_reply()),
        ("rows of 100 bytes", rows(100)),
        ("rows of 8000 bytes", rows(8000)),
    ];
    for (name, chunk) in chunks {
        group.throughput(Throughput::Bytes(chunk.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| walk(black_box(&chunk), None));
        });
        // As when the row after the limit is swallowed: what is behind it is copied.
        group.bench_function(format!("{name}, one dropped"), |bencher| {
            bencher.iter(|| walk(black_box(&chunk), Some(1)));
        });
    }
    group.finish();
}

criterion_group!(benches, relaying);
criterion_main!(benches);
