"""The shared checks by psqlODBC, through pyodbc. Where to: the PG… variables."""

import contextlib
import os
import threading

import pyodbc
import shared
from state import State

# Unicode, as every program of today uses it; the rest are the driver's defaults but for the
# length from which on a text is a long one, which some values here would be cut at.
DRIVER = "PostgreSQL Unicode"
MORE = {"BoolsAsChar": "0", "MaxLongVarcharSize": "-4", "UseServerSidePrepare": "1"}


def connect(autocommit=True, **more):
    place = {
        "Driver": f"{{{DRIVER}}}",
        "Server": os.environ["PGHOST"],
        "Port": os.environ["PGPORT"],
        "Uid": os.environ["PGUSER"],
        "Database": os.environ["PGDATABASE"],
        "SSLmode": "disable",
        **MORE,
        **more,
    }
    text = ";".join(f"{name}={value}" for name, value in place.items())
    return pyodbc.connect(text, autocommit=autocommit, timeout=60)


@contextlib.contextmanager
def sessions(count, **more):
    opened = []
    try:
        for _ in range(count):
            opened.append(connect(**more))
        yield opened
    finally:
        for connection in opened:
            connection.close()


@contextlib.contextmanager
def transaction(connection):
    connection.autocommit = False
    try:
        yield
        connection.commit()
    except Exception:
        connection.rollback()
        raise
    finally:
        connection.autocommit = True


def value(connection, query, *arguments):
    return connection.execute(query, *arguments).fetchval()


def state(connection, query):
    """The SQLSTATE and text that a query fails with."""
    try:
        connection.execute(query)
    except pyodbc.Error as error:
        return f"{error.args[0]} {error.args[1]}"
    raise AssertionError(f"{query} did not fail")


def types_text():
    seen = []
    # As parameters, and written into the text by the driver.
    for prepared in ("1", "0"):
        with sessions(1, UseServerSidePrepare=prepared) as (a,):
            for name, literal in shared.VALUES:
                cursor = a.execute(f"SELECT ?::text::{name} AS v", literal)
                seen.append(cursor.description[0][1].__name__)
                back = cursor.fetchval()
                seen.append(back)
                if back is not None:
                    seen.append(value(a, f"SELECT ?::{name} AS v", back))
    return map(repr, seen)


def prepared_reuse():
    seen = []
    with sessions(3) as opened:
        # A cursor that gets the same text again runs what it has prepared.
        cursors = [connection.cursor() for connection in opened]
        for run in range(20):
            with transaction(opened[run % 3]):
                opened[run % 3].execute("SELECT 1")
                for cursor in cursors:
                    cursor.execute("SELECT ?::int + 1, ?::text", run, "x" * run)
                    seen.append(tuple(cursor.fetchone()))
    return shared.digest(repr(seen))


def transactions():
    seen = []
    with sessions(2) as (a, b):
        a.execute("CREATE TABLE kept (n integer PRIMARY KEY)")
        with transaction(a):
            a.execute("INSERT INTO kept VALUES (?)", 1)
        a.autocommit = False
        a.execute("INSERT INTO kept VALUES (?)", 2)
        a.rollback()
        seen.append(value(a, "SELECT array_agg(n)::text FROM kept"))
        a.rollback()
        a.autocommit = True
        a.execute("BEGIN READ ONLY")
        seen.append(state(a, "INSERT INTO kept VALUES (3)"))
        a.execute("ROLLBACK")
        count = "SELECT count(*) FROM kept"
        b.set_attr(pyodbc.SQL_ATTR_TXN_ISOLATION, pyodbc.SQL_TXN_REPEATABLE_READ)
        with transaction(b):
            seen.append(value(b, count))
            a.execute("INSERT INTO kept VALUES (4)")
            seen.append(value(b, count))
        return [*seen, value(b, count)]


def errors():
    with sessions(1) as (a,):
        a.execute("CREATE TABLE wrong (n integer CONSTRAINT positive CHECK (n > 0))")
        queries = ("SELECT 1 / 0", "SELEC 1", "SELECT * FROM nowhere", "SELECT 'x'::int",
                   "INSERT INTO wrong VALUES (-1)")
        seen = [state(a, query) for query in queries]
        seen.append(value(a, "SELECT ?::int", 1))
        a.execute("BEGIN")
        # The driver rolls back by itself what a statement has failed in.
        seen += [state(a, "SELECT nothing"), value(a, "SELECT 1")]
        return [*seen, value(a, "SELECT ?::int", 2)]


def savepoints():
    # Protocol=7.4-2: the driver itself sets a savepoint before each statement.
    with sessions(1) as (a,), sessions(1, Protocol="7.4-2") as (b,):
        a.execute("CREATE TABLE saved (n integer PRIMARY KEY)")
        with transaction(a):
            for step in ("INSERT INTO saved VALUES (1)", "SAVEPOINT x",
                         "INSERT INTO saved VALUES (2)", "SAVEPOINT y",
                         "INSERT INTO saved VALUES (3)", "RELEASE y"):
                a.execute(step)
            a.execute("ROLLBACK TO x")
            a.execute("INSERT INTO saved VALUES (4)")
        with transaction(b):
            b.execute("INSERT INTO saved VALUES (5)")
            seen = [state(b, "INSERT INTO saved VALUES (1)")]
            b.execute("INSERT INTO saved VALUES (6)")
        return [*seen, value(a, "SELECT array_agg(n ORDER BY n)::text FROM saved")]


def cursor():
    rows, seen = [], []
    # The driver declares a cursor WITH HOLD and fetches from it.
    with sessions(1, UseDeclareFetch="1", Fetch="5000") as (a,):
        for autocommit in (True, False):
            a.autocommit = autocommit
            many = a.execute(shared.CURSOR)
            while batch := many.fetchmany(5000):
                rows += map(tuple, batch)
                if len(rows) % 20_000 == 0:
                    seen.append(value(a, "SELECT ?::int", len(batch)))
            many.close()
        a.rollback()
    return [shared.digest(repr(rows)), len(rows), *seen]


def cancel():
    with sessions(2) as (a, b):
        cursor = a.cursor()

        def stop():
            while value(b, shared.SLEEPERS) != 1:
                pass
            cursor.cancel()

        stopper = threading.Thread(target=stop)
        stopper.start()
        try:
            cursor.execute("SELECT pg_sleep(600)")
        except pyodbc.Error as error:
            seen = list(error.args)
        stopper.join()
        return [*seen, value(a, "SELECT 1")]


def notices():
    with sessions(1) as (a,):
        cursor = a.cursor()
        seen = [*cursor.execute(shared.NOTICES).messages]
        cursor.execute("SET client_min_messages = warning")
        return [*seen, *cursor.execute(shared.NOTICES).messages]


def big_value():
    text = shared.big()
    with sessions(1) as (a,):
        back, length = a.execute("SELECT ?::text, length(?::text)", text, text).fetchone()
        data = value(a, "SELECT ?::bytea", text.encode())
    return [shared.digest(back), back == text, length, data == text.encode()]


def many_parameters():
    query = "SELECT sum(n), count(n) FROM unnest(ARRAY[%s]) n" % ", ".join(["?::int"] * 1000)
    with sessions(1) as (a,):
        cursor = a.cursor()
        return [tuple(cursor.execute(query, list(range(1000))).fetchone()) for _ in range(3)]


def fifty_at_once():
    ready = threading.Barrier(50)
    answers = {}

    def work(number):
        with sessions(1) as (own,):
            ready.wait(60)
            seen = []
            for n in range(20):
                with transaction(own):
                    seen.append(value(own, "SELECT ?::int * 1000 + ?", number, n))
                    own.execute("INSERT INTO written VALUES (?, ?)", number, n)
            answers[number] = seen == [number * 1000 + n for n in range(20)]

    with sessions(1) as (a,):
        a.execute("CREATE TABLE written (who integer, n integer)")
        threads = [threading.Thread(target=work, args=[number]) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        written = "SELECT count(*), count(DISTINCT (who, n)), sum(n) FROM written"
        return [sum(answers.values()), tuple(a.execute(written).fetchone())]


class Driver:
    """psqlODBC as the shared module on state wants it."""

    def connect(self, application=None, options=None):
        # libpq below the driver reads its variables.
        own = {"PGAPPNAME": application, "PGOPTIONS": options}
        own = {name: value for name, value in own.items() if value}
        os.environ.update(own)
        try:
            return connect()
        finally:
            for name in own:
                del os.environ[name]

    def close(self, connection):
        connection.close()

    def execute(self, connection, query):
        connection.execute(query)

    def value(self, connection, query):
        return value(connection, query)

    def state(self, connection, query):
        return state(connection, query)

    def transaction(self, connection):
        return transaction(connection)

    def reported(self, connection):
        return "not told"


shared.run(
    {
        **{name: check for name, check in globals().items() if name in shared.names()},
        **State(Driver()).checks(),
    },
    absent={
        "types_binary": "psqlODBC asks for text alone",
        "copy_in": "ODBC knows no COPY",
        "copy_out": "ODBC knows no COPY",
        "pipeline_error": "psqlODBC waits for every answer",
        "listen_notify": "ODBC knows no notifications",
    },
)
