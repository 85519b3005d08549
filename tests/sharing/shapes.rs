//! Relations that change their shape under prepared statements.

use crate::PID;
use crate::sharing;
use crate::statements::prepare;
use crate::statements::rows;
use crate::statements::run;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::bind;
use crate::support::message::close_statement;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;

/// Closes and prepares again, as drivers do that are told of an outdated plan.
fn healed(client: &mut TestClient, sql: &str) -> Vec<String> {
    client.send(&run("s", &[]));
    let replies = client.replies();
    let Some(error) = replies
        .iter()
        .find(|message| message.kind() == Kind::ErrorResponse)
    else {
        return rows(&replies);
    };
    assert_eq!(error.text(), "0A000", "{error:?}");
    client.send(
        &[
            close_statement("s"),
            parse("s", sql),
            bind("", "s", &[]),
            execute("", 0),
            sync(),
        ]
        .concat(),
    );
    rows(&client.replies())
}

#[test]
fn changed_result_type_is_healed_by_preparing_again_on_every_connection() {
    let database = database();
    let running = sharing(3);
    let sql = "SELECT * FROM shape";
    cluster()
        .run_sql(&database, "CREATE TABLE shape AS SELECT 1 AS a")
        .expect("a table");
    let mut clients = [(); 3].map(|()| TestClient::login(running.addr(), &database));
    // Each on a connection of its own, so that all three hold the statement.
    let mut pids = Vec::new();
    for client in &mut clients {
        client.rows("BEGIN");
        pids.push(client.row(PID));
        client.send(&prepare("s", sql));
        rows(&client.replies());
        client.send(&run("s", &[]));
        assert_eq!(rows(&client.replies()), ["1"]);
    }
    for client in &mut clients {
        client.rows("COMMIT");
    }
    pids.sort();
    pids.dedup();
    assert_eq!(pids.len(), 3);
    cluster()
        .run_sql(&database, "ALTER TABLE shape ADD b text DEFAULT 'b'")
        .expect("a column");
    assert_eq!(healed(&mut clients[0], sql), ["1|b"]);
    // Whatever connection they get: at most one error each, and never again.
    for _ in 0..2 {
        for client in &mut clients {
            client.rows("BEGIN");
        }
        for client in &mut clients {
            client.rows("COMMIT");
        }
        for client in &mut clients {
            assert_eq!(healed(client, sql), ["1|b"]);
        }
    }
    for client in &mut clients {
        client.rows("BEGIN");
        client.send(&run("s", &[]));
        assert_eq!(rows(&client.replies()), ["1|b"], "healed for good");
    }
}

/// So many clients, each in a block, so that each has a connection of its own.
fn in_blocks<const N: usize>(clients: &mut [TestClient; N]) {
    for client in &mut *clients {
        client.rows("BEGIN");
    }
}

fn commit<const N: usize>(clients: &mut [TestClient; N]) {
    for client in &mut *clients {
        client.rows("COMMIT");
    }
}

#[test]
fn who_prepares_after_a_change_never_hears_of_it() {
    let database = database();
    let running = sharing(3);
    let sql = "SELECT * FROM shape";
    let mut before = [(); 3].map(|()| TestClient::login(running.addr(), &database));
    before[0].rows("CREATE TABLE shape AS SELECT 1 AS a");
    in_blocks(&mut before);
    for client in &mut before {
        client.send(&prepare("s", sql));
        rows(&client.replies());
        client.send(&run("s", &[]));
        assert_eq!(rows(&client.replies()), ["1"]);
    }
    commit(&mut before);
    before[0].rows("BEGIN");
    before[0].rows("ALTER TABLE shape ADD b text DEFAULT 'b'");
    before[0].rows("COMMIT");
    let mut after = [(); 3].map(|()| TestClient::login(running.addr(), &database));
    after[0].send(&prepare("mine", sql));
    rows(&after[0].replies());
    // On each of the three connections in turn.
    for turn in 0..3 {
        let [first, second, third] = &mut after;
        let others = [second, third];
        for other in others.into_iter().take(turn) {
            other.rows("BEGIN");
        }
        first.send(&run("mine", &[]));
        assert_eq!(rows(&first.replies()), ["1|b"], "turn {turn}");
        let [_, second, third] = &mut after;
        for other in [second, third].into_iter().take(turn) {
            other.rows("COMMIT");
        }
    }
    // Who prepared before is told, as directly.
    assert_eq!(healed(&mut before[1], sql), ["1|b"]);
}

#[test]
fn statement_goes_although_what_it_reads_is_gone() {
    let database = database();
    let running = sharing(2);
    let mut client = TestClient::login(running.addr(), &database);
    client.rows("CREATE TABLE gone AS SELECT 1 AS a");
    client.rows("PREPARE p AS SELECT a FROM gone");
    let here = client.row(PID);
    client.rows("DROP TABLE gone");
    // Somebody else keeps the connection that has the statement, whoever gets it.
    let mut others = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    in_blocks(&mut others);
    for other in &mut others {
        if other.row(PID) != here {
            other.rows("COMMIT");
        }
    }
    assert_ne!(client.row(PID), here, "on the connection that lacks it");
    client.rows("DEALLOCATE p");
    assert_eq!(client.error("EXECUTE p").text(), "26000");
}
