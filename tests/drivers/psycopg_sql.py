"""psycopg 3 through pgparley with plain SQL: everything is as directly. Argument: a conninfo."""

import datetime
import decimal
import sys
import threading
import uuid

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

VALUES = [
    ("int4", 2**31 - 1),
    ("int8", -(2**63)),
    ("numeric", decimal.Decimal("12345678901234567890.123456789")),
    ("float8", 0.1),
    ("bool", True),
    ("text", "grüße, 世界 'quoted' \"too\""),
    ("bytea", bytes(range(256))),
    ("date", datetime.date(1999, 12, 31)),
    ("timestamptz", datetime.datetime(2026, 2, 28, 23, 59, 59, 999999, datetime.timezone.utc)),
    ("interval", datetime.timedelta(days=3, seconds=4)),
    ("uuid", uuid.UUID(int=2**127 + 1)),
    ("jsonb", {"a": [1, None, "x"]}),
    ("int4[]", [1, None, 3]),
    ("text[]", ["a", None, 'b"c']),
]


def types(connection):
    for name, value in VALUES:
        argument = psycopg.types.json.Jsonb(value) if name == "jsonb" else value
        for binary in (False, True):
            for prepare in (False, True):
                query = sql.SQL("SELECT {}::{} AS value, NULL").format(
                    sql.Placeholder(), sql.SQL(name)
                )
                row = connection.execute(query, [argument], binary=binary, prepare=prepare)
                assert row.fetchone() == (value, None), (name, value, binary, prepare)


def prepared_statements(connection):
    for n in range(50):
        row = connection.execute("SELECT %s::int + 1", [n], prepare=True).fetchone()
        assert row == (n + 1,)
    names = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert names[0] >= 1
    # More of them than psycopg keeps, so that it closes the oldest.
    for n in range(200):
        query = f"SELECT {n}, %s::int"
        for _ in range(2):
            assert connection.execute(query, [n], prepare=True).fetchone() == (n, n)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE many (n integer, t text)")
        cursor.executemany("INSERT INTO many VALUES (%s, %s)", [(n, str(n)) for n in range(1000)])
        cursor.executemany("SELECT %s::int", [(n,) for n in range(3)], returning=True)
        results = [cursor.fetchone()]
        while cursor.nextset():
            results.append(cursor.fetchone())
        assert results == [(0,), (1,), (2,)], results
    assert connection.execute("SELECT count(*) FROM many").fetchone() == (1000,)


def transactions(connection):
    connection.execute("CREATE TEMPORARY TABLE kept (n integer PRIMARY KEY)")
    with connection.transaction():
        connection.execute("INSERT INTO kept VALUES (1)")
        try:
            with connection.transaction():
                connection.execute("INSERT INTO kept VALUES (2)")
                connection.execute("INSERT INTO kept VALUES (1)")
        except psycopg.errors.UniqueViolation as error:
            assert error.diag.constraint_name == "kept_pkey"
            assert error.diag.schema_name, "every field of the error is there"
        else:
            raise AssertionError("a second 1 was taken")
        connection.execute("INSERT INTO kept VALUES (3)")
    assert connection.execute("SELECT n FROM kept ORDER BY n").fetchall() == [(1,), (3,)]
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT nothing")
    except psycopg.errors.UndefinedColumn:
        pass
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
    connection.execute("ROLLBACK")


def cursors(connection):
    with connection.transaction(), connection.cursor("by_name") as cursor:
        cursor.itersize = 1000
        cursor.execute("SELECT n FROM generate_series(1, 10000) n")
        assert sum(row[0] for row in cursor) == 50005000
    with connection.transaction(), connection.cursor("scrolling", scrollable=True) as cursor:
        cursor.execute("SELECT generate_series(1, 100)")
        cursor.scroll(50)
        assert cursor.fetchone() == (51,)
        cursor.scroll(0, mode="absolute")
        assert cursor.fetchone() == (1,)
    # On a connection of its own: libpq stays in single-row mode for the pipelines below.
    own = psycopg.connect(sys.argv[1], autocommit=True)
    with own, own.cursor(row_factory=dict_row) as cursor:
        streamed = cursor.stream("SELECT n FROM generate_series(1, 10000) n")
        assert sum(row["n"] for row in streamed) == 50005000


def pipelines(connection):
    with connection.pipeline() as pipeline:
        cursors = [connection.execute("SELECT %s::int", [n]) for n in range(500)]
        pipeline.sync()
        assert [cursor.fetchone()[0] for cursor in cursors] == list(range(500))
    connection.execute("CREATE TEMPORARY TABLE piped (n integer)")
    try:
        with connection.pipeline() as pipeline:
            connection.execute("INSERT INTO piped VALUES (1)")
            pipeline.sync()
            connection.execute("INSERT INTO piped VALUES (2)")
            connection.execute("SELECT 1 / 0")
            connection.execute("INSERT INTO piped VALUES (3)")
            pipeline.sync()
    except psycopg.errors.DivisionByZero:
        pass
    else:
        raise AssertionError("the error was lost")
    assert connection.execute("SELECT n FROM piped").fetchall() == [(1,)]


def copies(connection):
    connection.execute("CREATE TEMPORARY TABLE loaded (n integer, t text, b bytea)")
    rows = [(n, f"line {n}\t\n\\", bytes([n % 256]) * 10) for n in range(20000)]
    with connection.cursor() as cursor:
        with cursor.copy("COPY loaded FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        assert cursor.rowcount == len(rows)
        with cursor.copy("COPY loaded TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text", "bytea"])
            assert list(copy.rows()) == rows
        try:
            with cursor.copy("COPY loaded FROM STDIN") as copy:
                copy.write_row((1, "x", b""))
                raise KeyError("changed my mind")
        except KeyError:
            pass
        try:
            with cursor.copy("COPY loaded FROM STDIN") as copy:
                copy.write("no number\tx\tx\n")
        except psycopg.errors.InvalidTextRepresentation:
            pass
        else:
            raise AssertionError("a line that does not fit was taken")
    assert connection.execute("SELECT count(*) FROM loaded").fetchone() == (len(rows),)


def notices(connection):
    heard = []
    connection.add_notice_handler(lambda notice: heard.append(notice.message_primary))
    connection.execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$")
    assert heard == ["one", "two"], heard
    connection.execute("LISTEN news")
    connection.execute("NOTIFY news, 'extra'")
    notification = next(connection.notifies(timeout=60, stop_after=1))
    assert (notification.channel, notification.payload) == ("news", "extra")


def cancels(connection):
    done = threading.Event()

    def stop():
        # Asked again until it is heard: a cancel that comes before the query is lost.
        while not done.wait(0.05):
            connection.cancel_safe()

    stopper = threading.Thread(target=stop)
    stopper.start()
    try:
        connection.execute("SELECT pg_sleep(600)")
    except psycopg.errors.QueryCanceled:
        pass
    else:
        raise AssertionError("it slept for ten minutes")
    finally:
        done.set()
        stopper.join()
    assert connection.execute("SELECT 1").fetchone() == (1,)


def twenty_at_once(connection):
    failures = []

    def work(number):
        try:
            with psycopg.connect(sys.argv[1], autocommit=True) as own:
                for n in range(50):
                    row = own.execute("SELECT %s::int, %s::int", [number, n]).fetchone()
                    assert row == (number, n), row
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def main():
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        for case in (
            types,
            prepared_statements,
            transactions,
            cursors,
            pipelines,
            copies,
            notices,
            cancels,
            twenty_at_once,
        ):
            case(connection)
            print("ok", case.__name__)


main()
