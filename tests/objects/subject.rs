//! One database with much to keep back, and what the guard says about texts that go for it.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use pgparley::catalog::Catalog;
use pgparley::catalog::Service;
use pgparley::config::ColumnPattern;
use pgparley::config::Mask;
use pgparley::config::ObjectPattern;
use pgparley::config::Policy;
use pgparley::guard::ObjectRules;
use pgparley::guard::Refusal;
use pgparley::guard::Verdict;
use pgparley::guard::review_objects;
use pgparley::sql::objects::Objects;
use pgparley::sql::schema::Schema;
use tokio::runtime::Builder;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;

/// What must never be delivered.
pub(crate) const SECRET: &str = "sk-live-THIS-IS-SECRET";

/// The database, filled once for all tests that only read.
pub(crate) fn filled() -> &'static str {
    static FILLED: OnceLock<String> = OnceLock::new();
    FILLED.get_or_init(|| {
        let name = database();
        cluster().run_sql(&name, FIXTURE).expect("the script runs");
        name
    })
}

/// A database that differs in nothing but what must never be delivered.
pub(crate) fn twin() -> &'static str {
    static TWIN: OnceLock<String> = OnceLock::new();
    TWIN.get_or_init(|| {
        let name = database();
        let script = FIXTURE
            .replace(
                "'sk-live-THIS-IS-SECRET' || g",
                "'xx-live-ANOTHER-SECRET' || (9 - g)",
            )
            .replace(SECRET, "aa-live-ANOTHER-SECRET");
        cluster().run_sql(&name, &script).expect("the script runs");
        name
    })
}

/// What the catalog says of a database at this moment.
pub(crate) fn objects(database: &str) -> Arc<Objects> {
    read(async |catalog, service| catalog.read_objects(service, database).await)
}

/// All that its owner may ask about.
pub(crate) fn schema(database: &str) -> Arc<Schema> {
    read(async |catalog, service| catalog.schema(service, database, "postgres").await)
}

fn read<T, E: std::fmt::Debug>(ask: impl AsyncFnOnce(&Catalog, &Service) -> Result<T, E>) -> T {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let catalog = Catalog::new(runtime.handle().clone());
    let service = Service {
        host: cluster().socket_dir().to_str().expect("UTF-8").to_owned(),
        port: cluster().port(),
        user: "postgres".to_owned(),
        password: None,
        connect_timeout: Duration::from_secs(10),
    };
    runtime
        .block_on(ask(&catalog, &service))
        .expect("the catalog can be read")
}

/// Verdicts under one policy.
pub(crate) struct Judge {
    policy: Policy,
    pub(crate) rules: ObjectRules,
}

impl Judge {
    pub(crate) fn new(policy: Policy) -> Self {
        Self::of(policy, &objects(filled()))
    }

    pub(crate) fn of(policy: Policy, objects: &Arc<Objects>) -> Self {
        let rules = ObjectRules::new(&policy, objects);
        Self { policy, rules }
    }

    pub(crate) fn refusal(&self, text: &str) -> Option<Refusal> {
        match review_objects(text.as_bytes(), &self.policy, None, Some(&self.rules)) {
            Verdict::Refuse(refusal) => Some(refusal),
            Verdict::Forward(_) | Verdict::Rewrite { .. } => None,
        }
    }

    /// Each of `texts` is refused, though PostgreSQL would run it.
    #[track_caller]
    pub(crate) fn refuses(&self, texts: &[&str]) {
        let mut client = TestClient::login(cluster().addr(), filled());
        let mut wrong = Vec::new();
        for text in texts {
            match self.refusal(text) {
                Some(refusal) => assert!(refusal.hint.is_some(), "{text}: no hint"),
                None => wrong.push(format!("not refused: {text}")),
            }
            let replies = client.run(&format!("BEGIN; {text}; ROLLBACK"));
            let error = replies.iter().find(|message| message.tag == b'E');
            if let Some(error) = error
                && !text.contains("COPY")
            {
                wrong.push(format!("fails by itself: {text}: {}", error.text()));
            }
            client.run("ROLLBACK");
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    /// Each of `texts` passes, runs, and delivers no secret.
    #[track_caller]
    pub(crate) fn passes(&self, texts: &[&str]) {
        let mut client = TestClient::login(cluster().addr(), filled());
        let mut wrong = Vec::new();
        for text in texts {
            if let Some(refusal) = self.refusal(text) {
                wrong.push(format!("refused: {text}: {refusal:?}"));
            }
            let replies = client.run(&format!("BEGIN; {text}; ROLLBACK"));
            for message in &replies {
                if message.tag == b'E' {
                    wrong.push(format!("fails: {text}: {}", message.text()));
                }
                if String::from_utf8_lossy(&message.body).contains(SECRET) {
                    wrong.push(format!("delivers the secret: {text}"));
                }
            }
            client.run("ROLLBACK");
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

pub(crate) fn names(written: &[&str]) -> Vec<ObjectPattern> {
    let parse = |name: &&str| ObjectPattern::parse(name).expect("a name");
    written.iter().map(parse).collect()
}

pub(crate) fn columns(written: &[&str]) -> Vec<ColumnPattern> {
    let parse = |name: &&str| ColumnPattern::parse(name).expect("a column");
    written.iter().map(parse).collect()
}

pub(crate) fn masks(written: &[(&str, Mask)]) -> Vec<(ColumnPattern, Mask)> {
    let parse = |(name, mask): &(&str, Mask)| {
        let column = ColumnPattern::parse(name).expect("a column");
        (column, mask.clone())
    };
    written.iter().map(parse).collect()
}

pub(crate) fn deny_tables(denied: &[&str]) -> Judge {
    let mut policy = named();
    policy.tables.deny = names(denied);
    Judge::new(policy)
}

pub(crate) fn named() -> Policy {
    Policy {
        name: "test".to_owned(),
        ..Policy::default()
    }
}

pub(crate) const FIXTURE: &str = r#"
CREATE SCHEMA hr; CREATE SCHEMA "Odd Schema"; CREATE SCHEMA reporting;
CREATE TABLE secrets(id int PRIMARY KEY, token text);
INSERT INTO secrets VALUES (1, 'sk-live-THIS-IS-SECRET');
CREATE TABLE customers(id int PRIMARY KEY, tenant text, name text, email text, ssn text UNIQUE,
                       city text, balance numeric, tags text[]);
INSERT INTO customers SELECT g, 'a', 'Customer ' || g, 'sk-live-THIS-IS-SECRET' || g,
       'sk-live-THIS-IS-SECRET' || g, 'Oslo', g, '{new}' FROM generate_series(1, 5) g;
CREATE TABLE archive(id int, was customers, all_of customers[]);
INSERT INTO archive SELECT 1, c, ARRAY[c] FROM customers c LIMIT 1;
CREATE FOREIGN DATA WRAPPER bare;
CREATE SERVER there FOREIGN DATA WRAPPER bare;
CREATE FOREIGN TABLE far(id int, t text OPTIONS (column_name 'ssn'), secrets text)
    SERVER there OPTIONS (schema_name 'public', table_name 'customers');
CREATE TABLE orders(id int PRIMARY KEY, customer_id int REFERENCES customers, amount numeric,
                    status text, note text);
INSERT INTO orders SELECT g, 1 + g % 5, g, 'open', NULL FROM generate_series(1, 20) g;
CREATE TABLE contacts(id int, email text, secrets text);
INSERT INTO contacts VALUES (1, 'public@example.com', 'none');
CREATE TABLE hr.salaries(emp text, salary numeric);
CREATE TABLE hr.orders(id int, wage text);
INSERT INTO hr.orders VALUES (1, 'sk-live-THIS-IS-SECRET');
CREATE TABLE "Odd Schema"."Secret Table"("The Key" text, plain int);
INSERT INTO "Odd Schema"."Secret Table" VALUES ('sk-live-THIS-IS-SECRET', 1);
CREATE VIEW v_secrets AS SELECT token FROM secrets;
CREATE VIEW v_far AS SELECT upper(token) AS t FROM v_secrets;
CREATE VIEW v_names AS SELECT id, name FROM customers;
CREATE VIEW v_rows AS SELECT c AS whole FROM customers c;
CREATE VIEW v_ssn AS SELECT id FROM customers WHERE ssn IS NOT NULL;
CREATE VIEW v_email AS SELECT id, email FROM customers;
CREATE MATERIALIZED VIEW m_secrets AS SELECT * FROM secrets;
CREATE VIEW reporting.tokens AS SELECT count(*) AS n FROM secrets;
CREATE TABLE events(id int, day date, body text) PARTITION BY RANGE (day);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO events VALUES (1, '2024-05-05', 'sk-live-THIS-IS-SECRET'), (2, '2025-05-05', 'fine');
CREATE TABLE parent(id int, secret text);
CREATE TABLE child(extra int) INHERITS (parent);
INSERT INTO child VALUES (1, 'sk-live-THIS-IS-SECRET', 1);
CREATE TABLE people(id int, born text, shadow text GENERATED ALWAYS AS (upper(born)) STORED);
CREATE TABLE logged(id int);
CREATE RULE to_secrets AS ON UPDATE TO logged DO ALSO SELECT * FROM secrets;
CREATE FUNCTION leak() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT token FROM secrets $$;
CREATE FUNCTION lies(int) RETURNS text LANGUAGE plpgsql IMMUTABLE
    AS $$ BEGIN RETURN (SELECT token FROM secrets); END $$;
CREATE FUNCTION of_row(orders) RETURNS text LANGUAGE sql STABLE AS $$ SELECT token FROM secrets $$;
CREATE FUNCTION hr.lower_it(int) RETURNS text LANGUAGE sql AS $$ SELECT token FROM secrets $$;
CREATE FUNCTION plus(int, int) RETURNS text LANGUAGE sql AS $$ SELECT token FROM secrets $$;
CREATE OPERATOR <+> (LEFTARG = int, RIGHTARG = int, FUNCTION = plus);
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION pair_eq(pair, pair) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
CREATE OPERATOR === (LEFTARG = pair, RIGHTARG = pair, FUNCTION = pair_eq);
CREATE FUNCTION pair_text(pair) RETURNS text LANGUAGE sql AS $$ SELECT token FROM secrets $$;
CREATE CAST (pair AS text) WITH FUNCTION pair_text(pair);
CREATE TABLE pairs(id int, p pair);
INSERT INTO pairs VALUES (1, (1, 2));
CREATE FUNCTION checks(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
CREATE DOMAIN checked AS text CHECK (checks(VALUE));
CREATE DOMAIN checked_again AS checked;
CREATE TYPE with_checked AS (c checked_again);
CREATE FUNCTION step(text, int) RETURNS text LANGUAGE sql AS $$ SELECT token FROM secrets $$;
CREATE AGGREGATE gather(int) (SFUNC = step, STYPE = text);
CREATE VIEW v_calls AS SELECT leak() AS l;
CREATE FUNCTION calm(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 + 1 $$;
CREATE FUNCTION tidy(text) RETURNS text LANGUAGE plpgsql
    AS $$ DECLARE n int := 1; BEGIN /* secrets */ RETURN lower($1) || n; END $$;
CREATE FUNCTION calls_leak() RETURNS text LANGUAGE sql AS $$ SELECT leak() $$;
CREATE FUNCTION calls_calls() RETURNS text LANGUAGE plpgsql
    AS $$ BEGIN RETURN "calls_leak"(); END $$;
CREATE FUNCTION dynamic(text) RETURNS text LANGUAGE plpgsql
    AS $$ DECLARE r text; BEGIN EXECUTE $1 INTO r; RETURN r; END $$;
CREATE FUNCTION "in"(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION "values"(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION sleeps() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0); END $$;
CREATE FUNCTION by_default(text DEFAULT leak()) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION standard() RETURNS bigint LANGUAGE sql
    BEGIN ATOMIC SELECT count(*) FROM secrets; END;
CREATE FUNCTION by_operator() RETURNS text LANGUAGE sql AS $$ SELECT 1 <+> 2 $$;
CREATE PROCEDURE proceed() LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$;
ANALYZE;
"#;
