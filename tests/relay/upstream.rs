//! Ways to reach the server and to log in to it.

use std::sync::OnceLock;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;
use pgparley::config::Database;
use pgparley::config::Secret;
use pgparley::config::UpstreamUrl;
use pgparley::server::Running;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::proxy::config;
use crate::support::proxy::start;

/// A password that needs care in every place it passes.
const PASSWORD: &str = "it's a \\ \"secret\" ü";

/// A cluster with one database for each method, named after it.
fn guarded() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let mut options = Options::default();
        for (database, method) in [
            ("by_trust", "trust"),
            ("by_password", "password"),
            ("by_md5", "md5"),
            ("by_scram", "scram-sha-256"),
            ("by_nobody", "reject"),
        ] {
            let line = format!("host {database} all 127.0.0.1/32 {method}");
            options.hba_lines.push(line);
        }
        let cluster = Cluster::start(options).expect("a throwaway PostgreSQL starts");
        let quoted = PASSWORD.replace('\'', "''");
        let roles = format!(
            "SET password_encryption = 'md5'; CREATE ROLE stored_as_md5 LOGIN PASSWORD '{quoted}';
             SET password_encryption = 'scram-sha-256';
             CREATE ROLE stored_as_scram LOGIN PASSWORD '{quoted}';"
        );
        cluster
            .run_sql("postgres", &roles)
            .expect("roles can be made");
        for database in ["by_trust", "by_password", "by_md5", "by_scram", "by_nobody"] {
            cluster.create_database(database).expect("a database");
        }
        cluster
    })
}

/// A pgparley that logs in to [`guarded`] as `user`.
fn logging_in(user: &str, password: Option<&str>) -> Running {
    let mut config = config(guarded());
    let upstream = &mut config.databases[0].upstream;
    upstream.user = Some(user.to_owned());
    upstream.password = password.map(Secret::new);
    start(config)
}

#[test]
fn every_method_of_authentication_lets_the_right_password_in() {
    for (user, databases) in [
        (
            "stored_as_scram",
            ["by_trust", "by_password", "by_md5", "by_scram"].as_slice(),
        ),
        (
            "stored_as_md5",
            ["by_trust", "by_password", "by_md5"].as_slice(),
        ),
    ] {
        let running = logging_in(user, Some(PASSWORD));
        for &database in databases {
            let parameters = [("user", "somebody"), ("database", database)];
            let client = TestClient::login_with(running.addr(), &parameters);
            let mut client = client.unwrap_or_else(|error| panic!("{user} {database}: {error:?}"));
            assert_eq!(
                client.row("SELECT current_user, current_database()"),
                format!("{user}|{database}")
            );
        }
    }
}

#[test]
fn wrong_password_is_the_servers_own_error() {
    let running = logging_in("stored_as_scram", Some("wrong"));
    for database in ["by_password", "by_md5", "by_scram"] {
        let parameters = [("user", "somebody"), ("database", database)];
        let refused = TestClient::login_with(running.addr(), &parameters).expect_err("refused");
        assert_eq!(refused.text(), "28P01", "{database}: {refused:?}");
        assert!(refused.field('M').contains("stored_as_scram"));
    }
}

#[test]
fn password_that_nobody_configured_is_asked_for_with_a_hint() {
    let running = logging_in("stored_as_scram", None);
    for database in ["by_password", "by_md5", "by_scram"] {
        let parameters = [("user", "somebody"), ("database", database)];
        let refused = TestClient::login_with(running.addr(), &parameters).expect_err("refused");
        assert_eq!(refused.text(), "28000", "{database}: {refused:?}");
        assert!(refused.field('M').contains("stored_as_scram"));
        assert!(!refused.field('H').is_empty());
    }
}

#[test]
fn rejection_by_the_server_is_passed_on() {
    let running = logging_in("stored_as_scram", Some(PASSWORD));
    let parameters = [("user", "somebody"), ("database", "by_nobody")];
    let refused = TestClient::login_with(running.addr(), &parameters).expect_err("refused");
    assert_eq!(refused.text(), "28000");
    assert!(refused.field('M').contains("pg_hba.conf"), "{refused:?}");
}

#[test]
fn server_is_reached_by_its_unix_socket() {
    let database = database();
    let mut config = config(cluster());
    let directory = cluster().socket_dir().display().to_string();
    config.databases[0].upstream.host = directory;
    let running = start(config);
    let mut client = TestClient::login(running.addr(), &database);
    let address =
        "SELECT client_addr, client_port FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    assert_eq!(client.row(address), "∅|-1");
    // A cancel takes the same way.
    let mut watcher = TestClient::login(cluster().addr(), &database);
    client.query("SELECT pg_sleep(600)");
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
                    AND datname = current_database()";
    crate::support::proxy::wait_for(&mut watcher, sleeping, "1");
    crate::support::client::cancel(running.addr(), client.key.0, &client.key.1);
    let last = client.replies();
    assert_eq!(last[last.len() - 2].text(), "57014");
}

#[test]
fn name_that_clients_use_may_be_another_than_the_servers() {
    let (real, other) = (database(), database());
    let mut config = config(cluster());
    let upstream = config.databases[0].upstream.clone();
    let shop = UpstreamUrl {
        dbname: Some(real.clone()),
        ..upstream
    };
    config.databases.insert(0, Database::new("shop", shop));
    let running = start(config);
    let current = "SELECT current_database()";
    assert_eq!(TestClient::login(running.addr(), "shop").row(current), real);
    assert_eq!(
        TestClient::login(running.addr(), &other).row(current),
        other
    );
}

#[test]
fn database_that_no_entry_serves_is_refused() {
    let mut config = config(cluster());
    config.databases[0].name = "only".to_owned();
    let running = start(config);
    let parameters = [("user", "postgres"), ("database", "postgres")];
    let refused = TestClient::login_with(running.addr(), &parameters).expect_err("refused");
    assert_eq!(
        (refused.text().as_str(), refused.field('S').as_str()),
        ("3D000", "FATAL")
    );
    assert_eq!(refused.field('M'), "database \"postgres\" does not exist");
}
