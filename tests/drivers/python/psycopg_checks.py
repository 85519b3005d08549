"""The shared checks by psycopg 3, that is by libpq. Where to: the PG… variables."""

import threading

import psycopg
import shared
from psycopg import sql
from psycopg.pq import ExecStatus
from state import State


def connect(**parameters):
    return psycopg.connect("", autocommit=True, **parameters)


def value(connection, query, *arguments, **how):
    return connection.execute(query, arguments or None, **how).fetchone()[0]


def state(connection, query):
    """The SQLSTATE that a query fails with, and the transaction's status afterwards."""
    try:
        connection.execute(query)
    except psycopg.Error as error:
        return f"{error.sqlstate} {connection.info.transaction_status.name}"
    raise AssertionError(f"{query} did not fail")


def types(binary):
    seen = []
    with connect() as connection:
        for name, literal in shared.VALUES:
            query = sql.SQL("SELECT {}::text::{}").format(sql.Placeholder(), sql.SQL(name))
            cursor = connection.execute(query, [literal], binary=binary)
            seen.append(f"{cursor.description[0].type_code} {cursor.fetchone()[0]!r}")
            raw = cursor.pgresult.get_value(0, 0)
            seen.append("NULL" if raw is None else raw.hex())
            if literal is not None:
                # As a parameter too: the driver sends it in its own format.
                back = connection.execute(query, [literal], binary=True).fetchone()
                placeholder = sql.SQL("%b" if binary else "%t")
                query = sql.SQL("SELECT {}::{}").format(placeholder, sql.SQL(name))
                argument = psycopg.types.json.Jsonb(back[0]) if name == "jsonb" else back[0]
                row = connection.execute(query, [argument], binary=binary).fetchone()
                seen.append(repr(row[0]))
    return seen


def prepared_reuse():
    seen = []
    with connect() as a, connect() as b, connect() as c:
        for run in range(20):
            for connection in (a, b, c):
                with (a, b, c)[run % 3].transaction():
                    (a, b, c)[run % 3].execute("SELECT 1")
                    query = "SELECT %s::int + 1, %s::text"
                    row = connection.execute(query, [run, "x" * run], prepare=True).fetchone()
                    seen.append(f"{row[0]}{row[1]}")
        count = "SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql"
        used = [value(connection, count) > 0 for connection in (a, b, c)]
        # More of them than the driver keeps, so that it closes the oldest.
        for n in range(200):
            seen.append(value(a, f"SELECT {n}, %s::int", n, prepare=True))
    return [shared.digest(repr(seen)), used]


def transactions():
    seen = []
    with connect() as a:
        a.execute("CREATE TABLE kept (n integer PRIMARY KEY)")
        with a.transaction():
            a.execute("INSERT INTO kept VALUES (1)")
            seen.append(a.info.transaction_status.name)
        seen.append(a.info.transaction_status.name)
        with a.transaction():
            a.execute("INSERT INTO kept VALUES (2)")
            raise psycopg.Rollback()
        seen.append(value(a, "SELECT array_agg(n) FROM kept"))
        a.execute("BEGIN READ ONLY")
        seen.append(state(a, "INSERT INTO kept VALUES (3)"))
        a.execute("ROLLBACK")
        with connect() as b:
            b.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            seen.append(value(b, "SELECT count(*) FROM kept"))
            a.execute("INSERT INTO kept VALUES (4)")
            seen.append(value(b, "SELECT count(*) FROM kept"))
            b.execute("COMMIT")
            seen.append(value(b, "SELECT count(*) FROM kept"))
    return seen


def errors():
    seen = []
    with connect() as a:
        a.execute("CREATE TABLE wrong (n integer CONSTRAINT positive CHECK (n > 0))")
        for query in ("SELECT 1 / 0", "SELEC 1", "SELECT * FROM nowhere", "SELECT 'x'::int"):
            seen.append(state(a, query))
        try:
            a.execute("INSERT INTO wrong VALUES (-1)")
        except psycopg.Error as error:
            d = error.diag
            seen += [d.severity, d.sqlstate, d.message_primary, d.message_detail, d.schema_name]
            seen += [d.table_name, d.constraint_name, d.source_function]
        seen.append(value(a, "SELECT %s::int", 1))
        a.execute("BEGIN")
        seen.append(state(a, "SELECT nothing"))
        seen.append(state(a, "SELECT 1"))
        seen.append(a.execute("COMMIT").statusmessage)
        seen += [a.info.transaction_status.name, value(a, "SELECT %s::int", 2)]
    return seen


def savepoints():
    with connect() as a:
        a.execute("CREATE TABLE saved (n integer PRIMARY KEY)")
        with a.transaction():
            a.execute("INSERT INTO saved VALUES (1)")
            try:
                with a.transaction():
                    a.execute("INSERT INTO saved VALUES (2)")
                    with a.transaction():
                        a.execute("INSERT INTO saved VALUES (3)")
                    a.execute("INSERT INTO saved VALUES (1)")
            except psycopg.errors.UniqueViolation as error:
                seen = [error.sqlstate, a.info.transaction_status.name]
            with a.transaction():
                a.execute("INSERT INTO saved VALUES (4)")
        return [*seen, value(a, "SELECT array_agg(n ORDER BY n) FROM saved")]


def cursor():
    rows, seen = [], []
    with connect() as a, a.transaction(), a.cursor("many") as many:
        many.execute(shared.CURSOR)
        while batch := many.fetchmany(5000):
            rows.append(repr(batch))
            seen.append(value(a, "SELECT %s::int", len(batch)))
    with connect() as a:
        with a.transaction(), a.cursor("scrolling", scrollable=True) as scrolling:
            scrolling.execute(shared.CURSOR)
            scrolling.scroll(50_000)
            seen.append(scrolling.fetchone())
            scrolling.scroll(0, mode="absolute")
            seen.append(scrolling.fetchone())
        with a.cursor("kept", withhold=True) as kept:
            kept.execute("SELECT generate_series(1, 100)")
            seen.append(kept.fetchmany(2))
            a.execute("SELECT 1")
            seen.append(sum(row[0] for row in kept))
        # Row by row from libpq, no cursor of the server's.
        streamed = a.cursor().stream(shared.CURSOR)
        seen.append(sum(row[0] for row in streamed))
    return [shared.digest("".join(rows)), *seen]


def copy_in():
    with connect() as a:
        a.execute("CREATE TABLE loaded (n integer, t text)")
        load = a.cursor()
        with load.copy("COPY loaded FROM STDIN") as copy:
            copy.write(shared.lines())
        seen = [load.statusmessage, a.execute(shared.LOADED).fetchone()]
        try:
            with load.copy("COPY loaded FROM STDIN") as copy:
                copy.write(b"no number\tx\n")
        except psycopg.Error as error:
            seen += [error.sqlstate, error.diag.context]
        try:
            with load.copy("COPY loaded FROM STDIN") as copy:
                copy.write(b"1\tx\n")
                raise KeyError("given up")
        except KeyError:
            seen.append(a.info.transaction_status.name)
        return [*seen, value(a, "SELECT count(*) FROM loaded")]


def copy_out():
    with connect() as a:
        a.execute("CREATE TABLE stored AS SELECT n, repeat('payload ', 12) || n AS t"
                  f" FROM generate_series(1, {shared.ROWS}) n")
        out = a.cursor()
        with out.copy("COPY stored TO STDOUT") as copy:
            seen = [shared.digest(b"".join(copy))]
        seen.append(out.statusmessage)
        with out.copy("COPY stored TO STDOUT (FORMAT binary)") as copy:
            seen.append(shared.digest(b"".join(copy)))
        return [*seen, value(a, "SELECT 1")]


def pipeline_error():
    seen = []
    with connect() as a:
        a.execute("CREATE TABLE piped (n integer)")
        with a.pipeline() as pipeline:
            many = [a.execute("SELECT %s::int", [n]) for n in range(500)]
            a.execute("INSERT INTO piped VALUES (1)")
            pipeline.sync()
            seen.append(sum(one.fetchone()[0] for one in many))
        try:
            with a.pipeline():
                a.execute("INSERT INTO piped VALUES (2)")
                a.execute("SELECT 1 / %s", [0], prepare=True)
                a.execute("INSERT INTO piped VALUES (3)")
        except psycopg.Error as error:
            seen.append(error.sqlstate)
        seen += [a.info.transaction_status.name, *pipeline_of_libpq(a.pgconn)]
        cursor = a.cursor()
        cursor.executemany("INSERT INTO piped VALUES (%s)", [(n,) for n in range(100, 1100)])
        try:
            cursor.executemany("SELECT 1 / %s", [(n,) for n in (3, 2, 1, 0, -1)], returning=True)
        except psycopg.Error as error:
            seen += [error.sqlstate, a.info.transaction_status.name]
        seen.append(value(a, "SELECT sum(n) FROM piped"))
        a.execute("DELETE FROM piped WHERE n >= 100")
        seen.append(value(a, "SELECT array_agg(n ORDER BY n) FROM piped"))
    return seen


def pipeline_of_libpq(libpq):
    """Two syncs sent in one go, the error before the first; what every result was."""
    libpq.enter_pipeline_mode()
    for query in (b"INSERT INTO piped VALUES (5)", b"SELECT 1 / 0", b"INSERT INTO piped VALUES (6)"):
        libpq.send_query_params(query, None)
    libpq.pipeline_sync()
    libpq.send_query_params(b"INSERT INTO piped VALUES (7) RETURNING n", None)
    libpq.send_flush_request()
    libpq.pipeline_sync()
    libpq.flush()
    seen = []
    while seen.count("PIPELINE_SYNC") < 2:
        if result := libpq.get_result():
            seen.append(ExecStatus(result.status).name)
    libpq.exit_pipeline_mode()
    return seen


def cancel():
    with connect() as a, connect() as b:

        def stop():
            while value(b, shared.SLEEPERS) != 1:
                pass
            a.cancel_safe()

        stopper = threading.Thread(target=stop)
        stopper.start()
        seen = [state(a, "SELECT pg_sleep(600)")]
        stopper.join()
        return [*seen, value(a, "SELECT 1")]


def listen_notify():
    def heard(connection, **until):
        return [(n.channel, n.payload) for n in connection.notifies(**until)]

    with connect() as a, connect() as b:
        a.execute("LISTEN news")
        a.execute("NOTIFY news, 'own'")
        seen = heard(a, timeout=30, stop_after=1)
        with b.transaction():
            b.execute("SELECT pg_notify('news', 'from another')")
            with a.transaction():
                a.execute("SELECT 1")
        seen += heard(a, timeout=30, stop_after=1)
        a.execute("UNLISTEN news")
        b.execute("NOTIFY news, 'not heard'")
        a.execute("LISTEN other")
        a.execute("NOTIFY other, 'last'")
        return seen + heard(a, timeout=30, stop_after=1)


def notices():
    seen = []
    with connect() as a:
        a.add_notice_handler(lambda d: seen.append((d.severity, d.message_primary,
                                                    d.message_detail, d.message_hint)))
        a.execute(shared.NOTICES)
        a.execute("SET client_min_messages = warning")
        a.execute(shared.NOTICES)
    return seen


def big_value():
    text = shared.big()
    with connect() as a:
        back, length = a.execute("SELECT %s::text, length(%s::text)", [text, text]).fetchone()
        data = text.encode()
        binary = a.execute("SELECT %b::bytea", [data], binary=True).fetchone()[0]
    return [shared.digest(back), back == text, length, binary == data]


def many_parameters():
    query = "SELECT sum(n), count(n) FROM unnest(ARRAY[%s]) n" % ", ".join(["%s::int"] * 1000)
    with connect() as a:
        return [a.execute(query, list(range(1000)), prepare=True).fetchone() for _ in range(3)]


def fifty_at_once():
    ready = threading.Barrier(50)
    answers = {}

    def work(number):
        with connect() as own:
            ready.wait(60)
            seen = []
            for n in range(20):
                with own.transaction():
                    seen.append(value(own, "SELECT %s::int * 1000 + %s", number, n))
                    own.execute("INSERT INTO written VALUES (%s, %s)", [number, n])
            answers[number] = seen == [number * 1000 + n for n in range(20)]

    with connect() as a:
        a.execute("CREATE TABLE written (who integer, n integer)")
        threads = [threading.Thread(target=work, args=[number]) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        written = "SELECT count(*), count(DISTINCT (who, n)), sum(n) FROM written"
        return [sum(answers.values()), a.execute(written).fetchone()]


class Driver:
    """psycopg as the shared module on state wants it."""

    def connect(self, application=None, options=None):
        return connect(application_name=application, options=options)

    def close(self, connection):
        connection.close()

    def execute(self, connection, query):
        connection.execute(query)

    def value(self, connection, query):
        return value(connection, query)

    def state(self, connection, query):
        return state(connection, query)

    def transaction(self, connection):
        return connection.transaction()

    def reported(self, connection):
        return connection.info.parameter_status("TimeZone")


shared.run({
    "types_text": lambda: types(False),
    "types_binary": lambda: types(True),
    **{name: check for name, check in globals().items() if name in shared.names()},
    **State(Driver()).checks(),
})
