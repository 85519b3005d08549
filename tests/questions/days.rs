//! What "today" means to a statement that was prepared on another day.

use crate::client;
use crate::expect;
use crate::rows;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;

/// Two zones that never have the same date.
const EAST: &str = "SET TimeZone = 'Pacific/Kiritimati'";
const WEST: &str = "SET TimeZone = 'Etc/GMT+12'";

#[test]
fn prepared_question_means_the_day_of_its_execution() {
    let mut client = client();
    client.rows(
        "CREATE TABLE visits (id int PRIMARY KEY, seen_on date NOT NULL);
         SET TimeZone = 'Pacific/Kiritimati'; INSERT INTO visits VALUES (1, CURRENT_DATE);
         SET TimeZone = 'Etc/GMT+12';
         INSERT INTO visits VALUES (2, CURRENT_DATE), (3, CURRENT_DATE)",
    );
    for (name, other) in [("", ""), ("named", "other")] {
        client.rows(EAST);
        let question = "/* nl: how many visits today */";
        client.send(&[parse(name, question), sync()].concat());
        client.replies();
        for (zone, count) in [(EAST, "1"), (WEST, "2"), (WEST, "2"), (EAST, "1")] {
            // A Query would destroy the unnamed statement.
            client.send(
                &[
                    parse("zone", zone),
                    bind("", "zone", &[]),
                    execute("", 0),
                    sync(),
                ]
                .concat(),
            );
            expect!(client, ParseComplete);
            client.replies();
            client.send(&[bind(other, name, &[]), execute(other, 0), sync()].concat());
            assert_eq!(rows(&client.replies()), [count], "{zone}");
            client.send(&[crate::support::message::close_statement("zone"), sync()].concat());
            assert_eq!(
                client.replies().last().map(Message::kind),
                Some(Kind::ReadyForQuery)
            );
        }
    }
}
