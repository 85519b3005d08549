//! The network between pgparley and the server is cut.

use std::io;
use std::net::Ipv4Addr;
use std::net::Shutdown;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::proxy::config;
use crate::support::proxy::start;
use crate::support::proxy::wait_for;

/// A wire to the cluster that can be cut.
struct Wire {
    addr: SocketAddr,
    sockets: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let sockets = Arc::<Mutex<Vec<TcpStream>>>::default();
        let kept = Arc::clone(&sockets);
        // It ends with the process.
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(cluster().addr()).expect("the cluster listens");
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (mut from, mut to) = (share(from), share(to));
                    kept.lock().expect("nobody panics").push(share(&from));
                    thread::spawn(move || {
                        // However it ends, the other side hears of it.
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                }
            }
        });
        Self { addr, sockets }
    }

    /// Ends all connections over it, without a word of the server.
    fn cut(&self) {
        for socket in self.sockets.lock().expect("nobody panics").drain(..) {
            // Those that have ended already need no end.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn share(socket: &TcpStream) -> TcpStream {
    socket.try_clone().expect("a socket can be shared")
}

#[test]
fn cut_connection_is_an_error_to_its_query_and_to_no_idle_client() {
    let database = database();
    let wire = Wire::new();
    let mut config = config(cluster());
    config.databases[0].pool_size = 1;
    config.databases[0].upstream.port = wire.addr.port();
    let running = start(config);
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let mut idle = TestClient::login(running.addr(), &database);
    idle.rows("SET work_mem = '7MB'");
    for round in 0..3 {
        let mut busy = TestClient::login(running.addr(), &database);
        busy.query("SELECT pg_sleep(600)");
        let asleep = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event = 'PgSleep'";
        wait_for(&mut watcher, asleep, (round + 1).to_string().as_str());
        wire.cut();
        let error = expect!(busy, ErrorResponse, "08006");
        assert_eq!(error.field('S'), "ERROR");
        expect!(busy, ReadyForQuery, "I");
        assert_eq!(busy.row("SELECT 'served'"), "served");
        assert_eq!(idle.row("SHOW work_mem"), "7MB");
        // Cut while nobody uses it.
        wire.cut();
        assert_eq!(idle.row("SHOW work_mem"), "7MB");
    }
    watcher.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
         AND datname = current_database()",
    );
}
