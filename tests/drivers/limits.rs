//! Drivers that read a result in parts get as many rows of it as the policy allows, and one warning.

use pgparley::config::Policy;

use crate::programs;
use crate::support::client::TestClient;
use crate::target;
use crate::target::Target;

/// Two parts and a half.
const LIMIT: u64 = 25;

#[track_caller]
fn reads_the_first_rows(run: impl Fn(&Target) -> String) {
    let direct = Target::direct();
    let mut owner = TestClient::login(target::cluster().addr(), &direct.database);
    owner.rows("CREATE TABLE many AS SELECT n FROM generate_series(1, 1000) n");
    for mode in [target::SESSION, target::TRANSACTION] {
        let policy = Policy {
            row_limit: Some(LIMIT),
            ..Policy::default()
        };
        let told = run(&direct.under(mode, policy));
        let is_cut = |line: &str| line == "25 rows, 1 warnings";
        assert!(!told.is_empty(), "in {} mode", mode.name);
        assert!(told.lines().all(is_cut), "{told} in {} mode", mode.name);
    }
}

#[test]
fn psql_with_fetch_count() {
    reads_the_first_rows(|target| programs::limits("psql", target));
}

#[test]
fn psycopg_with_named_cursors() {
    reads_the_first_rows(|target| programs::limits("psycopg", target));
}

#[test]
fn asyncpg_with_a_cursor() {
    reads_the_first_rows(|target| programs::limits("asyncpg", target));
}

#[test]
fn odbc_with_declare_and_fetch() {
    reads_the_first_rows(|target| programs::limits("odbc", target));
}

#[test]
fn jdbc_with_a_fetch_size() {
    reads_the_first_rows(programs::jdbc_limits);
}
