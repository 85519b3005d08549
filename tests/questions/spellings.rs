//! What is said where nothing was found because a value is stored in another spelling.

use crate::client;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;

/// The messages of all notices about values that were not found.
fn told(replies: &[Message]) -> Vec<String> {
    let notices = replies
        .iter()
        .filter(|message| message.kind() == Kind::NoticeResponse);
    let texts = notices.map(|notice| notice.field('M'));
    texts.filter(|text| text.starts_with("no row")).collect()
}

#[test]
fn an_empty_answer_names_the_stored_spellings() {
    let mut client = client();
    let replies =
        client.run("/* nl: show the id of orders with status = 'Payd' and amount over 0 */");
    assert!(
        replies
            .iter()
            .all(|message| message.kind() != Kind::DataRow)
    );
    let said = told(&replies);
    assert_eq!(said.len(), 1, "{replies:?}");
    assert!(said[0].starts_with("no row was found with status 'Payd'; stored values: paid"));
    assert!(said[0].contains("shipped"));
}

#[test]
fn a_count_of_nothing_names_them_too_and_a_found_value_nothing() {
    let mut client = client();
    let asked = |value: &str| format!("/* nl: how many orders have status = '{value}' */");
    assert_eq!(told(&client.run(&asked("Paidd"))).len(), 1);
    assert!(told(&client.run(&asked("paid"))).is_empty());
}

#[test]
fn a_bound_question_says_so_before_its_rows() {
    let mut client = client();
    let question = "/* nl: show the id of orders with status = 'shiped' */";
    let messages = [
        parse("empty", question),
        bind("", "empty", &[]),
        execute("", 0),
        sync(),
    ];
    client.send(&messages.concat());
    let replies = client.replies();
    assert_eq!(told(&replies).len(), 1);
    let bound = replies
        .iter()
        .position(|message| message.kind() == Kind::BindComplete);
    let notice = replies.iter().position(|message| {
        message.kind() == Kind::NoticeResponse && message.field('M').starts_with("no row")
    });
    assert!(notice < bound);
}
