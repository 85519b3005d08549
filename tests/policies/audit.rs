//! What the audit log says, and what it keeps to itself.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;

use pgparley::config::ObjectPattern;
use pgparley::config::Policy;
use pgparley::config::Rules;
use tracing_subscriber::EnvFilter;

use crate::prepared_database;
use crate::support::client::TestClient;
use crate::under;

/// The lines that were written.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Those of one user.
    fn of(&self, user: &str) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().expect("nobody panicked").clone());
        let text = text.expect("lines are text");
        let lines = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        lines
            .filter(|line: &serde_json::Value| line["user"] == user)
            .collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("nobody panicked")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn refusals_and_cuts_are_told_without_values() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(EnvFilter::new("pgparley::audit=info"))
        .with_writer(move || writer.clone())
        .init();
    let policy = Policy {
        name: "watched".to_owned(),
        read_only: true,
        row_limit: Some(3),
        ..Policy::default()
    };
    let database = prepared_database();
    for (running, user) in under(&policy).iter().zip(["auditor_a", "auditor_b"]) {
        let mut owner = TestClient::login(crate::cluster().addr(), &database);
        owner.rows(&format!(
            "DROP ROLE IF EXISTS {user}; CREATE ROLE {user} SUPERUSER LOGIN"
        ));
        let parameters = [
            ("user", user),
            ("database", &*database),
            ("application_name", "app"),
        ];
        let mut client =
            TestClient::login_with(running.addr(), &parameters).expect("the session begins");
        client.error("DELETE FROM t WHERE id = 4711");
        client.error("DELETE FROM t WHERE id = 4712");
        client.rows("SELECT id FROM t WHERE id <> 4711");
        let mut unreadable = parameters.to_vec();
        unreadable.push(("client_encoding", "SJIS"));
        assert!(TestClient::login_with(running.addr(), &unreadable).is_err());
        let events = lines.of(user);
        assert_eq!(events.len(), 4, "{events:?}");
        assert_eq!(events[3]["rule"], "unreadable");
        for event in &events {
            assert_eq!(event["target"], "pgparley::audit");
            assert_eq!(event["database"], &*database);
            assert_eq!(event["application"], "app");
            assert_eq!(event["policy"], "watched");
            assert!(!event.to_string().contains("471"), "{event}");
        }
        assert_eq!(events[0]["rule"], "read_only");
        assert_eq!(events[0]["verdict"], "refused");
        assert_eq!(events[0]["sqlstate"], "25006");
        assert_eq!(events[0]["statement"], events[1]["statement"]);
        assert_eq!(events[2]["rule"], "row_limit");
        assert_eq!(events[2]["verdict"], "truncated");
        assert_ne!(events[2]["statement"], "-");
        assert_ne!(events[2]["statement"], events[0]["statement"]);
    }
    let hiding = Policy {
        name: "hiding".to_owned(),
        tables: Rules {
            allow: None,
            deny: ObjectPattern::parse("public.kept").into_iter().collect(),
        },
        ..Policy::default()
    };
    let mut owner = TestClient::login(crate::cluster().addr(), &database);
    owner.rows("CREATE SCHEMA other; CREATE TABLE other.kept (a int)");
    for (running, user) in under(&hiding).iter().zip(["auditor_a", "auditor_b"]) {
        let parameters = [("user", user), ("database", &*database)];
        let mut client =
            TestClient::login_with(running.addr(), &parameters).expect("the session begins");
        // Which of two that is depends on where the session looks, which is not asked in a
        // transaction that has failed.
        client.rows("BEGIN");
        client.error("SELECT 1 / 0");
        client.error("SELECT * FROM kept");
        let events = lines.of(user);
        let last = events.last().expect("a refusal");
        assert_eq!(last["rule"], "deny_tables");
        assert_ne!(last["statement"], "-");
    }
}
