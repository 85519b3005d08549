//! Each of the shapes before each of the readers, on a stack as small as a worker's.

use std::sync::Arc;
use std::thread;

use pgparley::guard::ObjectRules;
use pgparley::guard::Verdict;
use pgparley::guard::review_objects;

use crate::readers::Reader;
use crate::readers::facts;
use crate::readers::objects;
use crate::readers::policies;
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

/// The SQLSTATE that a text is refused with under rules about objects.
fn refused(text: &str) -> Option<&'static str> {
    let mut policies = policies().into_iter();
    let (_, policy) = policies
        .find(|(name, _)| *name == "deny objects")
        .expect("there is a policy about objects");
    let rules = ObjectRules::new(&policy, &Arc::new(objects()));
    match review_objects(text.as_bytes(), &policy, Some(&facts()), Some(&rules)) {
        Verdict::Refuse(refusal) => Some(refusal.sqlstate),
        _ => None,
    }
}

#[test]
fn what_takes_too_long_to_be_resolved_is_refused_as_too_long() {
    let one = "SELECT a FROM t;";
    assert_eq!(refused(&one.repeat(1_000)), None);
    assert_eq!(refused(&one.repeat(10_000)), Some("54000"));
    let list = "1,".repeat(40_000);
    assert_eq!(
        refused(&format!("SELECT a FROM t WHERE a IN ({list}1)")),
        Some("54000")
    );
    assert_eq!(
        refused(&format!("SELECT a FROM u WHERE a IN ({list}1)")),
        None
    );
}
