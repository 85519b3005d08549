//! Questions in plain language are held to the policy as well.

use pgparley::config::Policy;
use pgparley::config::Rules;

use crate::commands;
use crate::prepared_database;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::under;

const QUESTION: &str = "/* nl: how many orders */";

fn database_with_orders() -> String {
    let database = prepared_database();
    let mut owner = TestClient::login(cluster().addr(), &database);
    owner.rows("CREATE TABLE orders AS SELECT id FROM t; ANALYZE orders");
    database
}

#[test]
fn a_question_is_a_select() {
    let database = database_with_orders();
    for (allowed, refused) in [("insert", true), ("select", false)] {
        let policy = Policy {
            statements: Rules {
                allow: Some(commands(&[allowed])),
                deny: Vec::new(),
            },
            ..Policy::default()
        };
        for running in under(&policy) {
            let mut client = TestClient::login(running.addr(), &database);
            if refused {
                let error = client.error(QUESTION);
                assert_eq!(error.field('D'), "Rule \"allow_statements\".", "{error:?}");
            } else {
                assert_eq!(client.row(QUESTION), "1000");
            }
        }
    }
}

#[test]
fn a_question_may_cost_no_more_than_sql() {
    let database = database_with_orders();
    for (max_cost, refused) in [(1.0, true), (1000.0, false)] {
        let policy = Policy {
            max_cost: Some(max_cost),
            ..Policy::default()
        };
        for running in under(&policy) {
            let mut client = TestClient::login(running.addr(), &database);
            if refused {
                let error = client.error(QUESTION);
                assert!(error.field('M').contains("max_cost"), "{error:?}");
            } else {
                assert_eq!(client.row(QUESTION), "1000");
            }
        }
    }
}
