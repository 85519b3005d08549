//! How the work of reading a text grows with its length: each worst case before each reader, at one
//! length and at twice that.
//!
//! `cargo bench --bench growth -- 1000000 AND read_only`: bytes, part of a shape's name, part of a
//! reader's.

use std::hint::black_box;
use std::time::Duration;
use std::time::Instant;

#[path = "../tests/endurance/readers.rs"]
pub mod readers;
#[path = "../tests/endurance/shapes.rs"]
pub mod shapes;

use readers::Reader;
use readers::readers;
use shapes::SHAPES;
use shapes::Shape;

/// The length of the shorter text when none is given.
const BYTES: usize = 100_000;

/// Who takes longer is measured once.
const LONG: Duration = Duration::from_millis(500);

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|it| !it.starts_with("--"));
    let bytes = arguments.next().and_then(|it| it.parse().ok());
    let shape_part = arguments.next().unwrap_or_default();
    let reader_part = arguments.next().unwrap_or_default();
    let all = readers();
    for (name, reader) in all.iter().filter(|(name, _)| name.contains(&reader_part)) {
        for shape in SHAPES.iter().filter(|it| it.name.contains(&shape_part)) {
            measure(name, reader, (shape, bytes.unwrap_or(BYTES)));
        }
    }
}

#[expect(clippy::print_stdout, reason = "it is what the bench is for")]
fn measure(name: &str, reader: &Reader, (shape, bytes): (&Shape, usize)) {
    let texts = [shape.text(bytes), shape.text(2 * bytes)];
    let [short, long] = texts
        .each_ref()
        .map(|text| fastest(|| reader(black_box(text))));
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    let per_byte = long.as_nanos() as f64 / texts[1].len() as f64;
    println!(
        "{name:25} {:36} {short:>12?} {long:>12?} x{ratio:<5.1} {per_byte:8.1} ns a byte",
        shape.name
    );
}

fn fastest(run: impl Fn()) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        run();
        least = least.min(began.elapsed());
        if least > LONG {
            break;
        }
    }
    least
}
