//! First packets that no client should send, and names that nobody has.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Message;
use crate::support::message::packet;
use crate::support::message::startup;
use crate::support::proxy::proxy;
use crate::support::proxy::proxy_with;

const PROTOCOL_3_0: u32 = 0x0003_0000;

/// The error that these first bytes are answered with; the connection must be closed behind it.
#[track_caller]
fn refused(addr: SocketAddr, bytes: &[u8]) -> Message {
    let mut client = TestClient::connect(addr);
    client.send(bytes);
    let error = client.greeting().expect_err("an error");
    client.expect_closed();
    assert_eq!(error.field('S'), "FATAL", "{error:?}");
    error
}

/// A start-up packet with these bytes where its parameters stand.
fn raw(parameters: &[u8]) -> Vec<u8> {
    packet(PROTOCOL_3_0, parameters)
}

#[test]
fn database_that_does_not_exist_is_the_servers_own_error() {
    let bytes = startup(&[("user", "postgres"), ("database", "no such database")]);
    let error = refused(proxy(), &bytes);
    assert_eq!(error, refused(cluster().addr(), &bytes));
    assert_eq!(error.text(), "3D000");
}

#[test]
fn names_are_passed_on_whatever_bytes_they_have() {
    for parameters in [
        b"user\0nobody \"of this\" name\0database\0postgres\0\0".as_slice(),
        b"user\0\xff\xfe\0database\0postgres\0\0",
        b"user\0postgres\0database\0\xe4\xf6'; DROP TABLE x\0\0",
        b"user\0postgres\0database\0postgres\0options\0-c no_such=\xff\0\0",
    ] {
        let error = refused(proxy(), &raw(parameters));
        assert_eq!(error, refused(cluster().addr(), &raw(parameters)));
    }
}

#[test]
fn start_up_packet_without_a_user_is_refused_as_the_server_does() {
    for parameters in [b"database\0postgres\0\0".as_slice(), b"user\0\0\0", b"\0"] {
        let error = refused(proxy(), &raw(parameters));
        let direct = refused(cluster().addr(), &raw(parameters));
        assert_eq!(error.text(), direct.text());
        assert_eq!(error.field('M'), direct.field('M'));
    }
}

#[test]
fn start_up_packet_that_does_not_end_is_refused_as_the_server_does() {
    for parameters in [b"user\0postgres\0".as_slice(), b"user\0postgres", b"user\0"] {
        let error = refused(proxy(), &raw(parameters));
        let direct = refused(cluster().addr(), &raw(parameters));
        assert_eq!(error.text(), direct.text());
        assert_eq!(error.field('M'), direct.field('M'));
    }
}

#[test]
fn protocols_of_another_major_version_are_refused_by_name() {
    for (version, name) in [(0x0002_0000, "2.0"), (0x0004_0001, "4.1"), (0, "0.0")] {
        let error = refused(proxy(), &packet(version, b"user\0postgres\0\0"));
        assert_eq!(error.text(), "0A000");
        let text = format!("unsupported frontend protocol {name}");
        assert!(error.field('M').starts_with(&text), "{error:?}");
    }
}

#[test]
fn lengths_that_no_packet_can_have_are_refused() {
    let hello_of_tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for bytes in [
        b"\0\0\0\0".as_slice(),
        b"\0\0\0\x07",
        b"\x7f\xff\xff\xff",
        b"\xff\xff\xff\xff",
        b"\0\0\x27\x15",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        hello_of_tls,
        &[0xff; 5000],
    ] {
        let error = refused(proxy(), bytes);
        assert_eq!(error.text(), "08P01", "{bytes:x?}");
    }
}

#[test]
fn longest_start_up_packet_logs_in() {
    let database = database();
    let mut value = "v".to_owned();
    let bytes = |value: &str| {
        let options = format!("-c custom.long={value}");
        startup(&[
            ("user", "postgres"),
            ("database", &database),
            ("options", &options),
        ])
    };
    while bytes(&value).len() < 10_000 {
        value.push('v');
    }
    let mut client = TestClient::connect(proxy());
    client.send(&bytes(&value));
    client.greeting().expect("a login");
    assert_eq!(client.row("SHOW custom.long"), value);
}

#[test]
fn client_that_closes_in_the_middle_of_its_first_packet_is_forgotten() {
    let running = proxy_with(|config| config.server.max_client_conn = 1);
    let bytes = startup(&[("user", "postgres"), ("database", "postgres")]);
    for cut in [0, 1, 4, 9, bytes.len() - 1] {
        let mut client = TestClient::connect(running.addr());
        client.send(&bytes[..cut]);
    }
    let mut client = TestClient::login(running.addr(), "postgres");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn client_that_does_not_log_in_is_shut_out_in_time() {
    let running = proxy_with(|config| {
        config.server.client_login_timeout = Duration::from_millis(50);
    });
    let bytes = startup(&[("user", "postgres"), ("database", "postgres")]);
    for cut in [0, 3, bytes.len() - 1] {
        let error = refused(running.addr(), &bytes[..cut]);
        assert!(error.field('M').contains("login"), "{error:?}");
    }
    let mut client = TestClient::login(running.addr(), "postgres");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn cancel_requests_of_odd_lengths_are_closed_without_an_answer() {
    for secret in [b"".as_slice(), b"\0", b"\0\0\0\0", &[7; 256], &[7; 9000]] {
        let mut client = TestClient::connect(proxy());
        client.send(&packet(0x04d2_162e, &[b"\0\0\0\x01", secret].concat()));
        client.expect_closed();
    }
}
