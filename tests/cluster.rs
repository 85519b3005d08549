//! The throwaway cluster itself: authentication, restart, several at once, nothing left behind.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use pgparley::cli::demo::cluster::Auth;
use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::ClusterError;
use pgparley::cli::demo::cluster::Options;
use pgparley::cli::demo::cluster::Shutdown;

fn start(options: Options) -> Cluster {
    Cluster::start(options).expect("a throwaway PostgreSQL starts")
}

/// Logs in over TCP with tokio-postgres.
fn login(cluster: &Cluster, password: &str) -> Result<(), tokio_postgres::Error> {
    let url = cluster.url(cluster.superuser(), "postgres");
    let mut config: tokio_postgres::Config = url.parse().expect("the URL is well formed");
    config.password(password);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime
        .block_on(config.connect(tokio_postgres::NoTls))
        .map(drop)
}

#[test]
fn two_clusters_run_side_by_side_and_leave_no_directory() {
    let (first, second) = (start(Options::default()), start(Options::default()));
    assert_ne!(first.port(), second.port());
    assert_eq!(
        first
            .run_sql("postgres", "SELECT 1 + 1")
            .expect("it runs")
            .trim(),
        "2"
    );
    assert_eq!(
        second
            .run_sql("postgres", "SHOW server_encoding")
            .expect("runs")
            .trim(),
        "UTF8"
    );

    let (addr, dir) = (first.addr(), first.socket_dir().to_owned());
    drop(first);
    assert!(TcpStream::connect(addr).is_err());
    assert!(!dir.exists());
    assert_eq!(
        second
            .run_sql("postgres", "SELECT 2")
            .expect("the other still runs")
            .trim(),
        "2"
    );
}

#[test]
fn each_method_lets_the_right_password_in_and_no_other() {
    for auth in [Auth::Password, Auth::Md5, Auth::ScramSha256] {
        let cluster = start(Options::default().auth(auth, "it's \"secret\""));
        login(&cluster, "it's \"secret\"").expect("the right password");
        let error = login(&cluster, "wrong").expect_err("the wrong password");
        assert_eq!(
            error.code().map(tokio_postgres::error::SqlState::code),
            Some("28P01"),
            "{auth:?}"
        );
    }
}

#[test]
fn restart_keeps_port_and_data() {
    let cluster = start(Options::default());
    let port = cluster.port();
    cluster
        .run_sql("postgres", "CREATE TABLE kept (n int)")
        .expect("it runs");
    for how in [Shutdown::Fast, Shutdown::Immediate] {
        cluster
            .run_sql("postgres", "INSERT INTO kept VALUES (1)")
            .expect("it runs");
        cluster.restart(how).expect("it restarts");
    }
    // The last row may be lost: synchronous_commit is off and the crash came at once.
    cluster
        .run_sql("postgres", "SELECT n FROM kept")
        .expect("the table is there");
    assert_eq!(cluster.port(), port);
    cluster.stop(Shutdown::Fast).expect("it stops");
    assert!(TcpStream::connect(cluster.addr()).is_err());
}

#[test]
fn settings_and_hba_lines_are_obeyed_and_errors_are_told() {
    let mut options = Options::default().set("work_mem", "123MB");
    options
        .hba_lines
        .push("host all nobody_at_all 127.0.0.1/32 reject".to_owned());
    let cluster = start(options);
    assert_eq!(
        cluster
            .run_sql("postgres", "SHOW work_mem")
            .expect("it runs")
            .trim(),
        "123MB"
    );
    let rules = "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'reject'";
    assert_eq!(
        cluster.run_sql("postgres", rules).expect("it runs").trim(),
        "1"
    );

    let error = cluster
        .run_sql("postgres", "SELECT nothing")
        .expect_err("no such column");
    assert!(matches!(&error, ClusterError::Program { output, .. } if output.contains("nothing")));
    let error =
        Cluster::start(Options::default().set("no_such_setting", "1")).expect_err("refused");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn a_killed_owner_leaves_neither_server_nor_directory() {
    let mut owner = Command::new(std::env::current_exe().expect("we run"))
        .args(["--exact", "--ignored", "--nocapture", "owner_of_a_cluster"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("our own program starts");
    let mut lines = BufReader::new(owner.stdout.take().expect("stdout is piped")).lines();
    let told = lines
        .find_map(|line| {
            line.ok()?
                .split_once("cluster: ")
                .map(|(_, told)| told.to_owned())
        })
        .expect("it tells where its cluster is");
    let (addr, dir) = told.split_once(' ').expect("address and directory");
    assert!(TcpStream::connect(addr).is_ok());

    owner.kill().expect("it can be killed");
    owner.wait().expect("it can be waited for");
    let deadline = Instant::now() + Duration::from_secs(30);
    while Path::new(dir).exists() {
        assert!(Instant::now() < deadline, "{dir} is still there");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert!(TcpStream::connect(addr).is_err());
}

#[test]
#[ignore = "the victim of a_killed_owner_leaves_neither_server_nor_directory"]
fn owner_of_a_cluster() {
    let cluster = start(Options::default());
    println!(
        "cluster: {} {}",
        cluster.addr(),
        cluster.socket_dir().display()
    );
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .expect("stdin stays open until we are killed");
}
