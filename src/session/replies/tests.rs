//! What is owed is struck off as PostgreSQL answers.

use super::*;
use crate::config::Policy;
use crate::guard::Verdict;
use crate::guard::review;

fn execute() -> Owed {
    Owed::Execute {
        places: Box::default(),
        portal: None,
        effect: None,
    }
}

fn parse() -> Owed {
    let prepared = Some(Box::new((b"s"[..].into(), Some(Prepared::default()))));
    Owed::Parse {
        places: Box::default(),
        prepared,
        instead: None,
    }
}

fn bind() -> Owed {
    Owed::Bind { bound: None }
}

#[test]
fn an_error_skips_to_the_sync_without_effect() {
    let mut replies = Replies::default();
    for owed in [execute(), parse(), bind(), Owed::Sync, bind()] {
        replies.push(owed);
    }
    let failed = replies.settle(server::ERROR);
    assert!(matches!(failed, Settled::Failed { skips: false, .. }));
    assert!(matches!(
        replies.settle(server::PARSE_COMPLETE),
        Settled::Nothing
    ));
    replies.settle(server::READY_FOR_QUERY);
    assert!(matches!(replies.queue.front(), Some(Owed::Bind { .. })));
}

#[test]
fn a_query_behind_a_failed_message_is_skipped_too() {
    let mut replies = Replies::default();
    for owed in [parse(), Owed::FunctionCall] {
        replies.push(owed);
    }
    let failed = replies.settle(server::ERROR);
    assert!(matches!(failed, Settled::Failed { skips: true, .. }));
    assert!(replies.is_empty());
}

#[test]
fn each_result_of_a_query_has_its_own_limit() {
    let mut replies = Replies::default();
    let policy = Policy {
        row_limit: Some(1),
        ..Policy::default()
    };
    let Verdict::Forward(plan) = review(b"TABLE t; SHOW x", &policy, None) else {
        panic!("it goes on");
    };
    replies.push(Owed::Query {
        places: Box::default(),
        sent: None,
        plan,
        result: 0,
        effects: VecDeque::new(),
        instead: None,
    });
    let names = Names::default();
    assert_eq!(replies.rows(&names, Rows::default()).limit, Some(1));
    assert!(matches!(
        replies.settle(server::COMMAND_COMPLETE),
        Settled::Result { portal: None, .. }
    ));
    assert_eq!(replies.rows(&names, Rows::default()).limit, None);
}

#[test]
fn a_sync_behind_an_execute_that_copies_in_is_not_answered() {
    let mut replies = Replies::default();
    replies.push(execute());
    replies.push(Owed::Sync);
    let copy = replies.begin_copy_in();
    assert_eq!(copy.map(|copy| copy.doubtful_syncs), Some(1));
    replies.push(Owed::Sync);
    replies.settle(server::COMMAND_COMPLETE);
    replies.settle(server::READY_FOR_QUERY);
    assert!(replies.is_empty());
}

#[test]
fn an_error_skips_queries_and_function_calls_too() {
    let mut replies = Replies::default();
    replies.push(parse());
    replies.push(Owed::FunctionCall);
    replies.push(Owed::Sync);
    replies.push(Owed::FunctionCall);
    replies.settle(server::ERROR);
    replies.settle(server::READY_FOR_QUERY);
    assert!(matches!(replies.queue.front(), Some(Owed::FunctionCall)));
    // Behind an error of its own, the server goes on.
    replies.settle(server::ERROR);
    replies.settle(server::READY_FOR_QUERY);
    assert!(replies.is_empty());
}

#[test]
fn what_stands_behind_the_last_sync_needs_a_flush() {
    let mut replies = Replies::default();
    assert!(!replies.needs_flush());
    replies.push(bind());
    assert!(replies.needs_flush());
    replies.push(Owed::Sync);
    replies.push(Owed::Local(Vec::new()));
    assert!(!replies.needs_flush());
    replies.push(bind());
    assert!(replies.needs_flush());
}

#[test]
fn a_copy_begins_with_syncs_behind_it_or_nothing() {
    let mut replies = Replies::default();
    replies.push(execute());
    replies.push(Owed::Sync);
    let copy = replies.begin_copy_in().unwrap();
    assert_eq!((copy.is_over, copy.doubtful_syncs), (false, 1));
    replies.push(bind());
    assert_eq!(replies.begin_copy_in(), None);
}

#[test]
fn a_name_defined_before_a_sync_is_in_doubt_behind_it() {
    let mut replies = Replies::default();
    replies.push(parse());
    assert!(matches!(replies.pending(b"s"), Pending::Defined(Some(_))));
    assert!(matches!(replies.pending(b"t"), Pending::Nothing));
    replies.push(Owed::Sync);
    assert!(matches!(replies.pending(b"s"), Pending::InDoubt));
    replies.push(Owed::Forget(b"s"[..].into()));
    assert!(matches!(replies.pending(b"s"), Pending::Defined(None)));
}
