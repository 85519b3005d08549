//! From the first packet to `ReadyForQuery`.

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::proxy::proxy;
use crate::support::proxy::proxy_with;
use crate::support::proxy::same;

const SSL_REQUEST: u32 = 0x04d2_162f;
const GSSENC_REQUEST: u32 = 0x04d2_1630;

#[test]
fn greeting_is_the_servers_but_for_the_key() {
    let database = database();
    let parameters = [
        ("user", "postgres"),
        ("database", database.as_str()),
        ("application_name", "relay test"),
        ("client_encoding", "LATIN1"),
        ("DateStyle", "German"),
    ];
    let greeting = |addr| {
        let mut client = TestClient::connect(addr);
        client.send(&message::startup(&parameters));
        client.greeting().expect("a login")
    };
    let (direct, through) = (greeting(cluster().addr()), greeting(proxy()));
    let place = |messages: &[Message]| {
        let mut kinds = messages.iter().map(Message::kind);
        kinds
            .position(|kind| kind == Kind::BackendKeyData)
            .expect("a key")
    };
    assert_eq!(place(&through), place(&direct));
    let (mut direct, mut through) = (direct, through);
    assert_ne!(
        direct.remove(place(&direct)),
        through.remove(place(&through))
    );
    assert_eq!(through, direct);
}

#[test]
fn encryption_is_declined_and_the_login_goes_on() {
    let database = database();
    let mut client = TestClient::connect(proxy());
    client.send(&message::packet(GSSENC_REQUEST, b""));
    assert_eq!(client.recv_byte(), b'N');
    client.send(&message::packet(SSL_REQUEST, b""));
    assert_eq!(client.recv_byte(), b'N');
    client.send(&message::startup(&[
        ("user", "postgres"),
        ("database", &database),
    ]));
    client.greeting().expect("a login");
    assert_eq!(client.row("SELECT current_database()"), database);
}

#[test]
fn start_up_packet_in_single_bytes_is_understood() {
    let database = database();
    let mut client = TestClient::connect(proxy());
    let packet = message::startup(&[("user", "postgres"), ("database", &database)]);
    for byte in packet.chunks(1) {
        client.send(byte);
    }
    client.greeting().expect("a login");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn query_sent_behind_the_start_up_packet_is_answered() {
    let database = database();
    let mut client = TestClient::connect(proxy());
    let startup = message::startup(&[("user", "postgres"), ("database", &database)]);
    client.send(&[startup, message::query("SELECT 7")].concat());
    client.greeting().expect("a login");
    expect!(client, RowDescription);
    expect!(client, DataRow, "7");
    expect!(client, CommandComplete, "SELECT 1");
    expect!(client, ReadyForQuery, "I");
}

#[test]
fn database_is_the_users_name_when_none_is_given() {
    let client = TestClient::login_with(proxy(), &[("user", "postgres")]);
    assert_eq!(
        client.expect("a login").row("SELECT current_database()"),
        "postgres"
    );
}

#[test]
fn start_up_settings_hold_and_reset_returns_to_them() {
    let database = database();
    let parameters = [
        ("user", "postgres"),
        ("database", database.as_str()),
        (
            "options",
            r"-c work_mem=7MB --lock-timeout=8s -c custom.words=a\ b",
        ),
        ("application_name", "first"),
        ("extra_float_digits", "2"),
    ];
    let settings = "SELECT current_setting('work_mem'), current_setting('lock_timeout'), \
                    current_setting('custom.words'), current_setting('application_name'), \
                    current_setting('extra_float_digits')";
    for addr in [cluster().addr(), proxy()] {
        let mut client = TestClient::login_with(addr, &parameters).expect("a login");
        assert_eq!(client.row(settings), "7MB|8s|a b|first|2");
        client.rows("SET work_mem = '9MB'; SET application_name = 'second'; SET lock_timeout = 1");
        client.rows("RESET ALL");
        assert_eq!(client.row(settings), "7MB|8s|a b|first|2");
    }
}

#[test]
fn start_up_settings_of_one_client_are_not_the_next_ones() {
    let database = database();
    let running = proxy_with(|config| config.databases[0].pool_size = 1);
    for digits in ["0", "3", "2"] {
        let parameters = [
            ("user", "postgres"),
            ("database", database.as_str()),
            ("extra_float_digits", digits),
        ];
        let client = TestClient::login_with(running.addr(), &parameters);
        let mut client = client.expect("a login");
        assert_eq!(client.row("SHOW extra_float_digits"), digits);
        client.send(&message::terminate());
        client.expect_closed();
    }
}

#[test]
fn wrong_start_up_setting_is_the_servers_own_error() {
    let database = database();
    let parameters = [
        ("user", "postgres"),
        ("database", database.as_str()),
        ("no_such_setting", "1"),
    ];
    let refused = |addr| TestClient::login_with(addr, &parameters).expect_err("refused");
    let through = refused(proxy());
    assert_eq!(through, refused(cluster().addr()));
    assert_eq!(through.text(), "42704");
}

#[test]
fn settings_reported_later_are_passed_on() {
    let replies = same(&database(), |client| {
        client.run("SET application_name = 'new'")
    });
    assert!(
        replies
            .iter()
            .any(|message| message.text() == "application_name=new")
    );
}

#[test]
fn newer_minor_protocol_is_negotiated_down_and_unknown_options_are_listed() {
    let database = database();
    for (version, option) in [(0x0003_0002, None), (0x0003_270f, Some("_pq_.test_grease"))] {
        let mut body = format!("user\0postgres\0database\0{database}\0").into_bytes();
        if let Some(option) = option {
            body.extend_from_slice(format!("{option}\x000\0").as_bytes());
        }
        body.push(0);
        let mut client = TestClient::connect(proxy());
        client.send(&message::packet(version, &body));
        let negotiate = expect!(client, NegotiateProtocolVersion);
        assert_eq!(negotiate.body[..4], 0x0003_0000_u32.to_be_bytes());
        let listed = String::from_utf8_lossy(&negotiate.body[8..]).into_owned();
        assert_eq!(listed.trim_end_matches('\0'), option.unwrap_or_default());
        expect!(client, Authentication);
        client.greeting().expect("a login");
        assert_eq!(client.row("SELECT 1"), "1");
    }
}

#[test]
fn one_client_more_than_max_client_conn_is_refused() {
    let database = database();
    let running = proxy_with(|config| config.server.max_client_conn = 2);
    let _first = TestClient::login(running.addr(), &database);
    let mut second = TestClient::login(running.addr(), &database);
    let parameters = [("user", "postgres"), ("database", database.as_str())];
    let refused = TestClient::login_with(running.addr(), &parameters).expect_err("full");
    assert_eq!(
        (refused.text().as_str(), refused.field('S').as_str()),
        ("53300", "FATAL")
    );

    second.send(&message::terminate());
    second.expect_closed();
    let mut third = TestClient::login(running.addr(), &database);
    assert_eq!(third.row("SELECT 3"), "3");
}
