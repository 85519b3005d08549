//! What a transaction pays for its server connection when one is idle on its worker.

use std::sync::Arc;

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
        connect_timeout: std::time::Duration::from_secs(5),
    }
}

fn pool(login: &Login) -> Arc<Pool> {
    let url = UpstreamUrl {
        host: login.host.clone(),
        port: login.port,
        user: None,
        password: None,
        dbname: None,
    };
    Pools::new(2).pool(login, &Database::new("*", url))
}

fn taking(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    let login = login(directory.path().to_str().expect("ASCII"));
    let pool = pool(&login);
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
    runtime.block_on(async {
        let lease = pool.checkout(0, &login).await.expect("one is idle");
        let other = pool.checkout(0, &login).await.expect("one is idle");
        lease.release();
        other.release();
    });
}

criterion_group!(benches, taking);
criterion_main!(benches);
