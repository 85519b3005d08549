"""The shared checks by psql, several of which run side by side. Where to: the PG… variables."""

import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile

import shared

PSQL = [os.environ.get("PSQL", "psql"), "--no-psqlrc", "--no-align", "--tuples-only"]
PSQL += ["--pset=null=(null)"]
NEEDS_BIND = "psql sends no parameters before version 16"


class Session:
    """A psql that reads what it is told from a pipe."""

    DONE = "-- that was all --"

    def __init__(self, **environment):
        self.psql = subprocess.Popen(
            PSQL,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            text=True,
            encoding="utf-8",
        )

    def tell(self, script):
        self.psql.stdin.write(f"{script}\n\\echo {self.DONE}\n")
        self.psql.stdin.flush()

    def heard(self):
        """Everything printed until it had done what it was told."""
        lines = []
        while (line := self.psql.stdout.readline()) != f"{self.DONE}\n":
            if not line:
                raise AssertionError(f"psql ended: {lines}")
            lines.append(line)
        return shared.without_pid("".join(lines)).strip()

    def __call__(self, script):
        self.tell(script)
        return self.heard()

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()
        self.psql.stdout.close()


@contextlib.contextmanager
def sessions(count, **environment):
    opened = []
    try:
        for _ in range(count):
            opened.append(Session(**environment))
        yield opened
    finally:
        for session in opened:
            session.close()


def crossing(a, b, work):
    """Does `work` in both sessions while one of them stays in a transaction."""
    seen = []
    for held, other in ((a, b), (b, a)):
        held("BEGIN;")
        seen += [work(held), work(other), work(held)]
        held("COMMIT;")
    return seen


def types_text():
    with sessions(1) as (a,):
        seen = []
        for name, literal in shared.VALUES:
            quoted = "NULL" if literal is None else "'" + literal.replace("'", "''") + "'"
            seen.append(a(f"SELECT {quoted}::{name};"))
        return seen


def transactions():
    with sessions(2) as (a, b):
        seen = [a("CREATE TABLE kept (n integer PRIMARY KEY);"
                  "BEGIN; INSERT INTO kept VALUES (1); COMMIT;"
                  "BEGIN; INSERT INTO kept VALUES (2); ROLLBACK; TABLE kept;"
                  "BEGIN READ ONLY; INSERT INTO kept VALUES (3); ROLLBACK;")]
        seen.append(b("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM kept;"))
        seen.append(a("INSERT INTO kept VALUES (4);"))
        seen.append(b("SELECT count(*) FROM kept; COMMIT; SELECT count(*) FROM kept;"))
        # Without COMMIT and with AUTOCOMMIT off nothing stays.
        seen.append(b("\\set AUTOCOMMIT off\nINSERT INTO kept VALUES (5);\nTABLE kept;"))
        seen.append(b("ROLLBACK;\nTABLE kept;\nCOMMIT;"))
        return seen


def errors():
    with sessions(1) as (a,):
        return [
            a("\\set VERBOSITY verbose\n"
              "CREATE TABLE wrong (n integer CONSTRAINT positive CHECK (n > 0));"),
            *map(a, ("SELECT 1 / 0;", "SELEC 1;", "SELECT * FROM nowhere;", "SELECT 'x'::int;")),
            a("INSERT INTO wrong VALUES (-1);\n\\errverbose\nSELECT 1;"),
            a("BEGIN; SELECT nothing; SELECT 1; COMMIT; SELECT 2;"),
        ]


def savepoints():
    with sessions(1) as (a,):
        return a("CREATE TABLE saved (n integer PRIMARY KEY);"
                 "BEGIN; INSERT INTO saved VALUES (1); SAVEPOINT x; INSERT INTO saved VALUES (2);"
                 "SAVEPOINT y; INSERT INTO saved VALUES (3); RELEASE y;"
                 "INSERT INTO saved VALUES (1); SELECT 'skipped'; ROLLBACK TO x; SAVEPOINT z;\n"
                 "\\set ON_ERROR_ROLLBACK on\n"
                 "INSERT INTO saved VALUES (4);\nINSERT INTO saved VALUES (1);\nCOMMIT;\n"
                 "TABLE saved;")


def cursor():
    with sessions(1) as (a,):
        seen = [shared.digest(a(f"\\set FETCH_COUNT 5000\n{shared.CURSOR};\n\\unset FETCH_COUNT"))]
        rows = [a(f"BEGIN; DECLARE many CURSOR FOR {shared.CURSOR};")]
        for batch in range(20):
            rows.append(a("FETCH 5000 FROM many;"))
            seen.append(a(f"SELECT {batch};"))
        return [*seen, a("FETCH 5000 FROM many; COMMIT;"), shared.digest("\n".join(rows))]


def copy_in():
    with sessions(1) as (a,), tempfile.NamedTemporaryFile() as file:
        pathlib.Path(file.name).write_bytes(shared.lines())
        return [
            a("CREATE TABLE loaded (n integer, t text);"),
            a(f"\\copy loaded FROM '{file.name}'\n{shared.LOADED};"),
            a("COPY loaded FROM STDIN;\nno number\tx\n1\tx\n\\.\n"),
            # The program is given up on when it fails.
            a("\\copy loaded FROM PROGRAM 'printf \"1\\tx\\n\"; exit 1'\n"),
            a("COPY loaded (n) FROM STDIN;\n-1\n\\.\nSELECT count(*), min(n) FROM loaded;"),
        ]


def copy_out():
    with sessions(1) as (a,), tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory, "out")
        seen = [a("CREATE TABLE stored AS SELECT n, repeat('payload ', 12) || n AS t"
                  f" FROM generate_series(1, {shared.ROWS}) n;")]
        for options in ("", " (FORMAT csv, HEADER)", " (FORMAT binary)"):
            seen.append(a(f"\\copy stored TO '{out}'{options}"))
            seen.append(shared.digest(out.read_bytes()))
        seen.append(shared.digest(a("COPY stored TO STDOUT;")))
        return [*seen, a("SELECT 1;")]


def pipeline_error():
    with sessions(1) as (a,):
        # One Query of several statements: all of it or nothing, until a COMMIT within.
        return a("CREATE TABLE piped (n integer);\n"
                 "SELECT 'a'\\; INSERT INTO piped VALUES (1)\\; SELECT 1 / 0\\; SELECT 'b';\n"
                 "INSERT INTO piped VALUES (2)\\; COMMIT\\; INSERT INTO piped VALUES (3)\\; SELEC;\n"
                 "BEGIN\\; INSERT INTO piped VALUES (4)\\; COMMIT\\;"
                 " INSERT INTO piped VALUES (5)\\; SELECT 1 / 0;\n"
                 "TABLE piped;")


def cancel():
    with sessions(1) as (b,):
        command = [*PSQL, "--command=SELECT pg_sleep(600)", "--command=SELECT 'goes on'"]
        psql = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while b(f"{shared.SLEEPERS};") != "1":
            pass
        psql.send_signal(signal.SIGINT)
        printed = psql.communicate()[0].decode()
        return [printed, psql.returncode, b(f"{shared.SLEEPERS};")]


def listen_notify():
    with sessions(2) as (a, b):
        seen = [a("LISTEN news; NOTIFY news, 'own';")]
        seen.append(b("BEGIN; SELECT pg_notify('news', 'from another');"))
        seen.append(a("BEGIN; SELECT 1; COMMIT;"))
        seen.append(b("COMMIT;"))
        # It has arrived by the time that this is answered, whatever else is.
        seen.append(a("SELECT 2;"))
        a("UNLISTEN news;")
        b("NOTIFY news, 'not heard';")
        return [*seen, a("LISTEN other; NOTIFY other, 'last';")]


def notices():
    with sessions(1) as (a,):
        quieter = f"SET client_min_messages = warning;\n{shared.NOTICES};"
        return a(f"{shared.NOTICES};\n\\set VERBOSITY verbose\n{quieter}")


def big_value():
    text = shared.big()
    with sessions(1) as (a,), tempfile.NamedTemporaryFile() as file:
        pathlib.Path(file.name).write_text(text)
        back = a(f"\\set big `cat {file.name}`\nSELECT :'big';")
        return [shared.digest(back), back == text, a("SELECT length(:'big');")]


def fifty_at_once():
    with sessions(51) as (first, *opened):
        seen = [first("CREATE TABLE written (who integer, n integer);")]
        for session in opened:
            session.tell("SELECT 'ready';")
        seen.append({session.heard() for session in opened})
        for number, session in enumerate(opened):
            session.tell("".join(
                f"BEGIN; SELECT {number} * 1000 + {n}; INSERT INTO written VALUES ({number}, {n});"
                " COMMIT;\n" for n in range(20)
            ))
        right = 0
        for number, session in enumerate(opened):
            answers = [line for line in session.heard().splitlines() if line.isdecimal()]
            right += answers == [str(number * 1000 + n) for n in range(20)]
        written = "SELECT count(*), count(DISTINCT (who, n)), sum(n) FROM written;"
        return [*seen, right, first(written)]


def settings():
    def look():
        return crossing(a, b, lambda session: session(f"{shared.SETTINGS};"))

    with sessions(2) as (a, b):
        a("SET TimeZone = 'Asia/Tokyo'; SET search_path = pg_catalog, public;"
          "SELECT set_config('application_name', 'first', false);")
        b("SET TimeZone TO 'America/Lima'; SET SESSION application_name = 'second';")
        seen = look()
        a("BEGIN; SET LOCAL work_mem = '9MB'; SET TimeZone = 'Europe/Berlin';")
        seen.append(a(f"{shared.SETTINGS}; COMMIT;"))
        seen += look()
        a("BEGIN; SET TimeZone = 'UTC'; ROLLBACK;")
        seen += look()
        a("BEGIN; SAVEPOINT s; SET application_name = 'undone'; ROLLBACK TO s;"
          "SET work_mem = '11MB'; COMMIT;")
        # In one Query, the second time with an error after it.
        b("SET TimeZone = 'Asia/Kolkata'\\; SELECT 1;\n"
          "SET TimeZone = 'Asia/Kabul'\\; SELECT 1 / 0;")
        return seen + look() + [a("\\encoding"), a("SET client_encoding = latin1;\n\\encoding")]


def startup():
    own = {"PGAPPNAME": "started", "PGOPTIONS": shared.OPTIONS, "PGTZ": "Asia/Tokyo"}

    def look():
        return crossing(a, b, lambda session: session(f"{shared.STARTED};"))

    with sessions(1, **own) as (a,), sessions(1, PGAPPNAME="other") as (b,):
        seen = look()
        for c in (a, b):
            c("SET application_name = 'changed'; SET statement_timeout = 11111;")
            c("SET work_mem = '3MB'; SET TimeZone = 'UTC';")
        seen += look()
        for c in (a, b):
            c("RESET application_name; SET statement_timeout TO DEFAULT; RESET TimeZone;")
        seen += look()
        a("RESET ALL;")
        seen += look()
        b("DISCARD ALL;")
        return seen + look()


def temp_table():
    with sessions(2) as (a, b):
        for c, name in ((a, "a"), (b, "b")):
            c(f"CREATE TEMPORARY TABLE scratch (t text); INSERT INTO scratch VALUES ('{name}');")
        again = "INSERT INTO scratch SELECT max(t) FROM scratch;"
        for run in range(5):
            crossing(a, b, lambda session: session(again))
        return [c("SELECT string_agg(t, '') FROM scratch;") for c in (a, b)]


def advisory_lock():
    take, give = "SELECT pg_try_advisory_lock(42);", "SELECT pg_advisory_unlock(42);"
    with sessions(2) as (a, b):
        seen = [a("SELECT pg_advisory_lock(42);")]
        seen += crossing(a, b, lambda session: session("SELECT 1;" if session is a else take))
        return [*seen, a(give), b(take), a(take), b(give)]


def sql_prepare():
    with sessions(2) as (a, b):
        a("PREPARE p (int) AS SELECT 'a' || $1;")
        b("PREPARE p (int) AS SELECT 'b' || $1 * 2;")
        seen = crossing(a, b, lambda session: session("EXECUTE p (1);"))
        seen += [a("PREPARE p AS SELECT 1;"), a("DEALLOCATE p;")]
        seen += [a("EXECUTE p (3);"), b("EXECUTE p (3);")]
        seen += [a("PREPARE p AS SELECT 'again';"), a("EXECUTE p;"), b("DEALLOCATE ALL;")]
        return [*seen, b("EXECUTE p (4);"), a("EXECUTE p;")]


shared.run(
    {name: check for name, check in globals().items() if name in shared.names()},
    absent={
        "types_binary": "psql asks for text alone",
        "prepared_reuse": NEEDS_BIND,
        "many_parameters": NEEDS_BIND,
    },
)
