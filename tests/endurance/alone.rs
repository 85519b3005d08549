//! Each of the shapes before each of the readers, on a stack as small as a worker's.

use std::thread;

use crate::readers::Reader;
use crate::readers::readers;
use crate::shapes::SHAPES;

/// What threads are given that do not ask for more.
const STACK: usize = 2 * 1024 * 1024;

/// Runs `work` on a thread of its own.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK);
    let thread = thread.spawn(work).expect("there may be another thread");
    thread.join().expect("the reader panics at nothing");
}

/// Every text of about so many bytes is read to its end.
fn all_are_read(bytes: usize, is_meant: fn(&str) -> bool) {
    on_a_small_stack(move || {
        let readers: Vec<(&str, Reader)> = readers();
        for (_, reader) in readers.iter().filter(|(name, _)| is_meant(name)) {
            for shape in SHAPES {
                reader(&shape.text(bytes));
            }
        }
    });
}

#[test]
fn no_text_is_too_much_for_a_review() {
    all_are_read(40_000, |name| !is_about_objects(name));
}

fn is_about_objects(name: &str) -> bool {
    name == "deny objects" || name == "allow_tables"
}

#[test]
fn no_text_is_too_much_for_the_rules_about_objects() {
    all_are_read(40_000, is_about_objects);
}
