//! PostgreSQL's own programs through pgparley: psql, pgbench, `pg_dump`.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::proxy::proxy;
use crate::support::proxy::wait_for;

/// A program of the cluster's installation, told to connect to `addr`.
fn program(name: &str, addr: SocketAddr, database: &str) -> Command {
    let mut command = Command::new(cluster().program(name));
    command
        .env("PGHOST", addr.ip().to_string())
        .env("PGPORT", addr.port().to_string())
        .env("PGUSER", "postgres")
        .env("PGDATABASE", database)
        .env("PGCONNECT_TIMEOUT", "60")
        .env("PSQLRC", "/dev/null")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

fn told(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// What a program that must succeed printed.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{}", told(&output));
    told(&output)
}

/// What psql prints for `arguments`, directly and through pgparley.
fn psql_both(database: &str, arguments: &[&str]) -> (String, String) {
    let print = |addr| run(program("psql", addr, database).args(arguments));
    (print(proxy()), print(cluster().addr()))
}

/// What psql prints for the lines of a script, directly and through pgparley; the file's name is
/// `FILE` there, and the port `PORT`.
fn script_both(database: &str, script: &str) -> (String, String) {
    let print = |addr: SocketAddr| {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), script).expect("it can be written");
        let mut command = program("psql", addr, database);
        let printed = run(command.arg("--file").arg(file.path()).arg("--echo-errors"));
        let name = file.path().display().to_string();
        printed
            .replace(&addr.port().to_string(), "PORT")
            .replace(&name, "FILE")
    };
    (print(proxy()), print(cluster().addr()))
}

const SCHEMA: &str = "CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x', mood mood);
    CREATE INDEX by_name ON people (name) WHERE mood = 'good';
    CREATE VIEW happy AS SELECT * FROM people WHERE mood = 'good';
    COMMENT ON TABLE people IS 'who is there';
    INSERT INTO people SELECT n, 'name ' || n, 'good' FROM generate_series(1, 1000) n";

#[test]
fn psql_meta_commands_print_what_they_print_directly() {
    let database = database();
    cluster().run_sql(&database, SCHEMA).expect("it runs");
    for command in [
        r"\d",
        r"\d+ people",
        r"\dt+",
        r"\dT+ mood",
        r"\di",
        r"\dv+ happy",
        r"\l",
        r"\du",
        r"\dn+",
        r"\df pg_catalog.lower",
        r"\sf pg_catalog.lower(text)",
        r"\d+ pg_catalog.pg_class",
        r"\encoding",
        r"\dconfig work_mem",
        r"\z people",
    ] {
        let (through, direct) = psql_both(&database, &["-c", command]);
        assert_eq!(through, direct, "{command}");
    }
}

#[test]
fn psql_scripts_print_what_they_print_directly() {
    let database = database();
    cluster().run_sql(&database, SCHEMA).expect("it runs");
    let script = r"\set ON_ERROR_STOP 0
        SELECT count(*) FROM people \gset count_
        \echo :count_count
        SELECT 1 AS a \; SELECT 2 AS b;
        SELECT 1 / 0;
        \errverbose
        BEGIN; SELECT nothing; SELECT 1; ROLLBACK;
        SELECT id, name FROM people ORDER BY id LIMIT 3 \gx
        \set FETCH_COUNT 100
        SELECT id FROM people ORDER BY id;
        \unset FETCH_COUNT
        SELECT 1 AS one, 'x'::text AS two \gdesc
        SELECT 'SELECT ' || n FROM generate_series(1, 3) n \gexec
        SELECT mood, left(name, 5), count(*) FROM people GROUP BY 1, 2 \crosstabview
        \copy (SELECT id FROM people ORDER BY id LIMIT 5) TO STDOUT
        COPY people (id, name) FROM STDIN;
2000	two thousand
\.
        SELECT name FROM people WHERE id = 2000;
        DELETE FROM people WHERE id = 2000;
        \conninfo
        ";
    // What is printed differs in \conninfo alone, which tells the port.
    let (through, direct) = script_both(&database, script);
    assert_eq!(through, direct);
    assert!(through.contains("PORT"), "{through}");
}

#[test]
fn psql_watches_a_query_as_it_does_directly() {
    // Its title would be the time of day. The fourth round fails, which ends every psql's \watch.
    let script = r"\pset tuples_only on
        \pset format unaligned
        CREATE TEMP SEQUENCE rounds;
        SELECT 12 / (4 - nextval('rounds')) \watch 0.1
        SELECT 'behind';
        ";
    let (through, direct) = script_both(&database(), script);
    assert_eq!(through, direct);
    let rounds: Vec<&str> = through
        .lines()
        .filter(|line| line.parse::<u32>().is_ok() || *line == "behind")
        .collect();
    assert_eq!(rounds, ["4", "6", "12", "behind"], "{through}");
    assert!(through.contains("division by zero"), "{through}");
}

#[test]
fn psql_watches_a_question_as_its_answer_changes() {
    let database = database();
    let sql = |text: &str| cluster().run_sql(&database, text).expect("it runs");
    sql("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)");
    let mut psql = program("psql", proxy(), &database);
    psql.args(["--tuples-only", "--no-align"])
        .stdin(Stdio::piped());
    let child = psql.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("psql starts");
    let script = "/* nl: how many orders are there */ \\watch 0.1\nSELECT 'behind';\n";
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(script.as_bytes()).expect("psql reads");
    drop(input);
    let printed = BufReader::new(child.stdout.take().expect("it is piped"));
    // Far more than the rounds of this test, and few enough for their notices to fit into a pipe.
    let lines = printed.lines().map_while(Result::ok).take(100);
    // psql ends a watch with an empty line.
    let mut lines = lines.filter(|line| !line.is_empty());
    let two: Vec<String> = lines.by_ref().take(3).collect();
    assert_eq!(two, ["2", "2", "2"]);
    sql("INSERT INTO orders VALUES (3)");
    assert_eq!(lines.find(|line| line != "2").as_deref(), Some("3"));
    let three: Vec<String> = lines.by_ref().take(2).collect();
    assert_eq!(three, ["3", "3"]);
    // psql gives up when a round fails.
    sql("DROP TABLE orders");
    assert_eq!(lines.find(|line| line != "3").as_deref(), Some("behind"));
    assert_eq!(lines.next(), None);
    let output = child.wait_with_output().expect("psql ends");
    let told = told(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.matches("NOTICE:").count() >= 6, "{told}");
    assert_eq!(told.matches("ERROR:").count(), 1, "{told}");
}

#[test]
fn psql_copies_files_in_and_out() {
    let database = database();
    cluster().run_sql(&database, SCHEMA).expect("it runs");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("people.csv");
    let copy = |how: &str| {
        let command = format!(r"\copy people {how} '{}' CSV HEADER", file.display());
        run(program("psql", proxy(), &database).args(["-c", &command]))
    };
    assert_eq!(copy("TO").trim(), "COPY 1000");
    cluster()
        .run_sql(&database, "TRUNCATE people")
        .expect("it runs");
    assert_eq!(copy("FROM").trim(), "COPY 1000");
    let sum = "SELECT sum(id), count(DISTINCT name) FROM people";
    assert_eq!(
        cluster().run_sql(&database, sum).expect("it runs").trim(),
        "500500|1000"
    );
}

#[test]
fn interrupt_in_psql_cancels_the_query() {
    let database = database();
    let mut psql = program("psql", proxy(), &database);
    psql.args(["-c", "SELECT pg_sleep(600)"]);
    let child = psql.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("psql starts");
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
                    AND datname = current_database()";
    wait_for(&mut watcher, sleeping, "1");
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).expect("it can be interrupted");
    let output = child.wait_with_output().expect("psql ends");
    let told = told(&output);
    assert!(
        told.contains("canceling statement due to user request"),
        "{told}"
    );
}

#[test]
fn pgbench_runs_clean_in_every_protocol() {
    let database = database();
    run(program("pgbench", proxy(), &database).args(["-i", "-s", "1", "-q"]));
    for protocol in ["simple", "extended", "prepared"] {
        for script in ["-S", "-N", "-bsimple-update"] {
            let mut command = program("pgbench", proxy(), &database);
            command.args([
                "-M", protocol, script, "-n", "-c", "8", "-j", "2", "-t", "100",
            ]);
            let printed = run(&mut command);
            let all = "number of transactions actually processed: 800/800";
            assert!(printed.contains(all), "{protocol} {script}: {printed}");
        }
    }
}

#[test]
fn pgbench_connecting_for_every_transaction_runs_clean() {
    let database = database();
    run(program("pgbench", cluster().addr(), &database).args(["-i", "-s", "1", "-q"]));
    let mut command = program("pgbench", proxy(), &database);
    let printed = run(command.args(["-S", "-C", "-n", "-c", "4", "-j", "2", "-t", "50"]));
    assert!(printed.contains("actually processed: 200/200"), "{printed}");
}

#[test]
fn dump_is_the_same_and_can_be_restored() {
    let (database, copy) = (database(), database());
    cluster().run_sql(&database, SCHEMA).expect("it runs");
    let dump = |addr, database: &str| {
        // A dump may begin and end with a key of its own, made at random.
        let printed = run(program("pg_dump", addr, database).arg("--no-comments"));
        let lines = printed.lines().filter(|line| !line.contains("restrict "));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    let through = dump(proxy(), &database);
    assert_eq!(through, dump(cluster().addr(), &database));
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), &through).expect("it can be written");
    let mut psql = program("psql", proxy(), &copy);
    run(psql
        .args(["-1", "-v", "ON_ERROR_STOP=1", "--file"])
        .arg(file.path()));
    assert_eq!(dump(cluster().addr(), &copy), through);
}
