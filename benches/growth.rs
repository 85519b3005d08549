//! How the work of reading a text grows with its length: each worst case by each reader, once at one
//! length and once at twice that.

use std::hint::black_box;
use std::time::Duration;
use std::time::Instant;

#[path = "../tests/endurance/readers.rs"]
pub mod readers;
#[path = "../tests/endurance/shapes.rs"]
pub mod shapes;

use readers::readers;
use shapes::SHAPES;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'));
    let bytes = arguments
        .next()
        .and_then(|it| it.parse().ok())
        .unwrap_or(100_000);
    let only_shape = arguments.next().unwrap_or_default();
    let only_reader = arguments.next().unwrap_or_default();
    for (reader_name, reader) in readers() {
        if !reader_name.contains(&only_reader) {
            continue;
        }
        for shape in SHAPES {
            if !shape.name.contains(&only_shape) {
                continue;
            }
            let (short, long) = (shape.text(bytes), shape.text(2 * bytes));
            let short = fastest(|| reader(black_box(&short)));
            let long_time = fastest(|| reader(black_box(&long)));
            let ratio = long_time.as_secs_f64() / short.as_secs_f64();
            let per_byte = long_time.as_nanos() as f64 / long.len() as f64;
            println!(
                "{reader_name:26} {:34} {short:>12?} {long_time:>12?} x{ratio:<5.1} {per_byte:7.1} ns/B",
                shape.name
            );
        }
    }
}

fn fastest(run: impl Fn()) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..3 {
        let began = Instant::now();
        run();
        least = least.min(began.elapsed());
        if least > Duration::from_millis(500) {
            break;
        }
    }
    least
}
