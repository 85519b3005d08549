//! What a transaction pays for its server connection: when one is idle on its worker, and when it
//! waits for another transaction's end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use pgparley::config::Database;
use pgparley::config::UpstreamUrl;
use pgparley::upstream::Login;
use pgparley::upstream::Pool;
use pgparley::upstream::Pools;
use pgparley::wire::TransactionStatus;
use pgparley::wire::backend;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;
use tokio::runtime::Builder;

/// Logs in whoever comes, and says nothing more.
async fn serve(listener: UnixListener) {
    let mut connections = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.expect("a client");
        stream.read_buf(&mut Vec::new()).await.expect("a login");
        let mut greeting = Vec::new();
        backend::put_authentication_ok(&mut greeting);
        backend::put_ready_for_query(&mut greeting, TransactionStatus::Idle);
        stream.write_all(&greeting).await.expect("it is there");
        connections.push(stream);
    }
}

fn login(directory: &str) -> Login {
    let parameter = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    Login {
        host: directory.to_owned(),
        port: 5432,
        user: b"somebody".to_vec(),
        password: None,
        database: b"something".to_vec(),
        parameters: vec![
            parameter("client_encoding", "UTF8"),
            parameter("application_name", "psql"),
        ],
        connect_timeout: Duration::from_secs(5),
    }
}

fn pool(login: &Login, size: usize) -> Arc<Pool> {
    let url = UpstreamUrl {
        host: login.host.clone(),
        port: login.port,
        user: None,
        password: None,
        dbname: None,
    };
    let mut settings = Database::new("*", url);
    settings.pool_size = size;
    Pools::new(2).pool(login, &settings)
}

fn taking(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    let login = login(directory.path().to_str().expect("ASCII"));
    let (pool, scarce) = (pool(&login, 2), pool(&login, 1));
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let path = directory.path().join(".s.PGSQL.5432");
        tokio::spawn(serve(UnixListener::bind(path).expect("a socket")));
        let leases = [pool.checkout(0, &login), pool.checkout(0, &login)];
        for lease in futures::future::join_all(leases).await {
            lease.expect("a connection").release();
        }
    });
    criterion.bench_function("pool/take and release", |bencher| {
        bencher.iter(|| {
            let lease = pool.try_checkout(0, &login).expect("one is idle");
            lease.release();
        });
    });
    criterion.bench_function("pool/wait, release and take", |bencher| {
        bencher.iter_custom(|rounds| runtime.block_on(in_turn(&scarce, &login, rounds)));
    });
}

/// One client waits while the other releases, so many times.
async fn in_turn(pool: &Arc<Pool>, login: &Login, rounds: u64) -> Duration {
    let mut lease = pool.checkout(0, login).await.expect("a connection");
    let since = Instant::now();
    for _ in 0..rounds {
        let mut waiting = pin!(pool.checkout(0, login));
        assert!(futures::poll!(&mut waiting).is_pending());
        lease.release();
        lease = waiting.await.expect("its turn");
    }
    let taken = since.elapsed();
    lease.release();
    taken
}

criterion_group!(benches, taking);
criterion_main!(benches);
