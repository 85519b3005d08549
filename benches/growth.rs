//! How the work of reading a text grows with its length: each worst case before each reader, at one
//! length and at twice that.
//!
//! `cargo bench --bench growth -- 1000000 AND read_only`: bytes, part of a shape's name, part of a
//! reader's.

use std::fs;
use std::hint::black_box;
use std::time::Duration;

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
const LONG: Duration = Duration::from_millis(100);
/// The scheduler counts by its ticks: who takes less is run more than once.
const SHORT: Duration = Duration::from_millis(8);

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
    let memory = most_memory(|| reader(black_box(&texts[1])));
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    let length = texts[1].len() as f64;
    println!(
        "{name:25} {:36} {short:>12?} {long:>12?} x{ratio:<5.1} {:8.1} ns and {:5.1} B a byte",
        shape.name,
        long.as_nanos() as f64 / length,
        memory as f64 / length,
    );
}

/// The least CPU time of a few runs.
fn fastest(run: impl Fn()) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..5 {
        let mut runs = 0;
        let began = spent();
        let mut took = Duration::ZERO;
        while took < SHORT {
            run();
            runs += 1;
            took = spent().saturating_sub(began);
        }
        least = least.min(took / runs);
        if least > LONG {
            break;
        }
    }
    least
}

/// What the thread has spent of the CPU, as the scheduler counts it: other programs do not matter.
fn spent() -> Duration {
    let counted = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    let nanos = counted.split(' ').next().and_then(|it| it.parse().ok());
    Duration::from_nanos(nanos.expect("the first number is the time"))
}

/// How many bytes of memory come on top while it runs.
fn most_memory(run: impl Fn()) -> u64 {
    fs::write("/proc/self/clear_refs", "5").expect("the peak can be forgotten");
    let before = status("VmRSS:");
    run();
    status("VmHWM:").saturating_sub(before)
}

fn status(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.expect("a number of kilobytes") * 1024
}
