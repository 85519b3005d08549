//! A row limit before a pooler that takes no start-up parameter but those it knows.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::Shutdown;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::thread;

use pgparley::config::Policy;
use pgparley::config::PoolMode;

use crate::prepared_database;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::message::frame;
use crate::support::proxy::proxy_with;

/// Lets logins pass to the cluster whose start-up packet holds no setting with a dot, as pgbouncer
/// does.
fn picky() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || admit(client));
        }
    });
    addr
}

fn admit(mut client: TcpStream) -> io::Result<()> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut packet = vec![0; u32::from_be_bytes(length) as usize - length.len()];
    client.read_exact(&mut packet)?;
    let name = b"pgparley.row_limit";
    if packet.windows(name.len()).any(|bytes| bytes == name) {
        let fields = "SFATAL\0C08P01\0Munsupported startup parameter: pgparley.row_limit\0\0";
        return client.write_all(&frame(b'E', fields.as_bytes()));
    }
    let mut server = TcpStream::connect(cluster().addr())?;
    server.write_all(&[&length[..], &packet].concat())?;
    let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || io::copy(&mut from, &mut to).map(|_| to.shutdown(Shutdown::Both)));
    io::copy(&mut client, &mut server)?;
    server.shutdown(Shutdown::Both)
}

#[test]
fn limit_holds_although_the_server_does_not_take_it_as_a_setting() {
    let database = prepared_database();
    let addr = picky();
    for mode in [PoolMode::Session, PoolMode::Transaction] {
        let running = proxy_with(|config| {
            let upstream = format!("postgres://postgres@{addr}");
            config.databases[0].upstream = upstream.parse().expect("an address");
            config.databases[0].pool_mode = mode;
            config.policies.push(Policy {
                row_limit: Some(10),
                ..Policy::default()
            });
        });
        let mut client = TestClient::login(running.addr(), &database);
        for limit in [10, 4] {
            assert_eq!(client.rows("SELECT id FROM t").len(), limit);
            client.run("SET pgparley.row_limit = 4");
        }
        client.run("RESET pgparley.row_limit");
        assert_eq!(client.rows("SELECT id FROM t").len(), 10);
    }
}
