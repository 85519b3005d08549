"""The shared checks by asyncpg: binary, Parse with Flush, named portals. Where to: PG… variables."""

import asyncio
import contextlib
import io

import asyncpg
import shared
from state import State

# The types that a codec of one's own makes travel as text.
AS_TEXT = ("int4", "int8", "numeric", "float8", "bool", "text", "bytea", "timestamptz", "uuid")


@contextlib.asynccontextmanager
async def sessions(count, **parameters):
    opened = [await asyncpg.connect(**parameters) for _ in range(count)]
    try:
        yield opened
    finally:
        for connection in opened:
            await connection.close(timeout=10)


async def state(connection, query):
    """The SQLSTATE that a query fails with, and whether a transaction is open afterwards."""
    try:
        await connection.execute(query)
    except asyncpg.PostgresError as error:
        return f"{error.sqlstate} {connection.is_in_transaction()}"
    raise AssertionError(f"{query} did not fail")


async def types(connection):
    seen = []
    for name, literal in shared.VALUES:
        back = await connection.fetchval(f"SELECT $1::text::{name}", literal)
        seen.append(back)
        row = await connection.fetchrow(f"SELECT $1::{name}, NULL::{name}", back)
        seen.append(tuple(row))
    return map(repr, seen)


async def types_text():
    async with sessions(1) as (a,):
        for name in AS_TEXT:
            await a.set_type_codec(
                name, schema="pg_catalog", encoder=str, decoder=str, format="text"
            )
        return await types(a)


async def types_binary():
    async with sessions(1) as (a,):
        return await types(a)


async def prepared_reuse():
    seen = []
    async with sessions(3) as opened:
        query = "SELECT $1::int + 1, $2::text"
        statements = [await connection.prepare(query) for connection in opened]
        for run in range(20):
            async with opened[run % 3].transaction():
                await opened[run % 3].execute("SELECT 1")
                for statement in statements:
                    seen.append(tuple(await statement.fetchrow(run, "x" * run)))
        # Not prepared by hand: the driver keeps what it has seen.
        for run in range(20):
            for connection in opened:
                seen.append(await connection.fetchval("SELECT $1::int * 2", run))
        # More than the driver keeps, so that it closes the oldest.
        for n in range(150):
            seen.append(await opened[0].fetchval(f"SELECT {n} + $1::int", 1))
        # What a pool does with a connection that it takes back.
        await opened[0].reset()
        seen.append(await opened[0].fetchval("SELECT $1::int * 2", 1))
        # A type that the driver must look up, by a query of its own in between.
        await opened[1].execute("CREATE TYPE mood AS ENUM ('good', 'bad')")
        seen.append(await opened[1].fetchval("SELECT $1::mood", "bad"))
        return [shared.digest(repr(seen)), statements[1].get_parameters()[1].name]


async def transactions():
    seen = []
    async with sessions(2) as (a, b):
        await a.execute("CREATE TABLE kept (n integer PRIMARY KEY)")
        async with a.transaction():
            await a.execute("INSERT INTO kept VALUES ($1)", 1)
            seen.append(a.is_in_transaction())
        seen.append(a.is_in_transaction())
        transaction = a.transaction()
        await transaction.start()
        await a.execute("INSERT INTO kept VALUES ($1)", 2)
        await transaction.rollback()
        seen.append(await a.fetchval("SELECT array_agg(n) FROM kept"))
        transaction = a.transaction(readonly=True)
        await transaction.start()
        seen.append(await state(a, "INSERT INTO kept VALUES (3)"))
        await transaction.rollback()
        count = "SELECT count(*) FROM kept"
        async with b.transaction(isolation="repeatable_read"):
            seen.append(await b.fetchval(count))
            await a.execute("INSERT INTO kept VALUES (4)")
            seen.append(await b.fetchval(count))
        return [*seen, await b.fetchval(count)]


async def errors():
    seen = []
    async with sessions(1) as (a,):
        await a.execute("CREATE TABLE wrong (n integer CONSTRAINT positive CHECK (n > 0))")
        for query in ("SELECT 1 / 0", "SELEC 1", "SELECT * FROM nowhere", "SELECT 'x'::int"):
            seen.append(await state(a, query))
        try:
            await a.fetchval("INSERT INTO wrong VALUES ($1)", -1)
        except asyncpg.PostgresError as error:
            seen += sorted(error.as_dict().items())
        seen.append(await a.fetchval("SELECT $1::int", 1))
        await a.execute("BEGIN")
        seen.append(await state(a, "SELECT nothing"))
        seen.append(await state(a, "SELECT 1"))
        seen.append(await a.execute("COMMIT"))
        return [*seen, a.is_in_transaction(), await a.fetchval("SELECT $1::int", 2)]


async def savepoints():
    seen = []
    async with sessions(1) as (a,):
        insert = "INSERT INTO saved VALUES ($1)"
        await a.execute("CREATE TABLE saved (n integer PRIMARY KEY)")
        async with a.transaction():
            await a.execute(insert, 1)
            try:
                async with a.transaction():
                    await a.execute(insert, 2)
                    async with a.transaction():
                        await a.execute(insert, 3)
                    await a.execute(insert, 1)
            except asyncpg.UniqueViolationError as error:
                seen += [error.sqlstate, error.constraint_name, a.is_in_transaction()]
            async with a.transaction():
                await a.execute(insert, 4)
        return [*seen, await a.fetchval("SELECT array_agg(n ORDER BY n) FROM saved")]


async def cursor():
    rows, seen = [], []
    async with sessions(1) as (a,), a.transaction():
        many = await a.cursor(shared.CURSOR)
        while batch := await many.fetch(5000):
            rows += map(tuple, batch)
            seen.append(await a.fetchval("SELECT $1::int", len(batch)))
    return [shared.digest(repr(rows)), seen]


async def copy_in():
    async with sessions(1) as (a,):
        await a.execute("CREATE TABLE loaded (n integer, t text)")
        told = await a.copy_to_table("loaded", source=io.BytesIO(shared.lines()))
        seen = [told, tuple(await a.fetchrow(shared.LOADED))]
        try:
            await a.copy_to_table("loaded", source=io.BytesIO(b"no number\tx\n"))
        except asyncpg.PostgresError as error:
            seen += [error.sqlstate, error.context]

        async def given_up():
            yield b"1\tx\n"
            raise KeyError("given up")

        try:
            await a.copy_to_table("loaded", source=given_up())
        except KeyError:
            seen.append(a.is_in_transaction())
        await a.copy_records_to_table("loaded", records=[(-1, "a\tb"), (None, None)])
        return [*seen, tuple(await a.fetchrow("SELECT count(*), min(n) FROM loaded"))]


async def copy_out():
    async with sessions(1) as (a,):
        await a.execute("CREATE TABLE stored AS SELECT n, repeat('payload ', 12) || n AS t"
                        f" FROM generate_series(1, {shared.ROWS}) n")
        seen = []
        for form in ("text", "binary"):
            out = io.BytesIO()
            seen.append(await a.copy_from_table("stored", output=out, format=form))
            seen.append(shared.digest(out.getvalue()))
        return [*seen, await a.fetchval("SELECT 1")]


async def pipeline_error():
    seen = []
    insert = "INSERT INTO piped VALUES ($1, $2)"
    async with sessions(1) as (a,):
        await a.execute("CREATE TABLE piped (n integer PRIMARY KEY, t text)")
        await a.executemany(insert, [(n, "x" * 100) for n in range(10_000)])
        # The server fails early while the driver is still writing.
        rows = [(n, "y" * 100) for n in range(10_100, 9_000, -1)] * 20
        try:
            await a.executemany(insert, rows)
        except asyncpg.PostgresError as error:
            seen += [error.sqlstate, error.detail, a.is_in_transaction()]
        async with a.transaction():
            await a.executemany(insert, [(-1, "z"), (-2, "z")])
        return [*seen, tuple(await a.fetchrow("SELECT count(*), sum(n), max(t) FROM piped"))]


async def cancel():
    async with sessions(2) as (a, b):
        sleeping = asyncio.create_task(a.fetchval("SELECT pg_sleep(600)"))
        while await b.fetchval(shared.SLEEPERS) != 1:
            await asyncio.sleep(0)
        sleeping.cancel()
        try:
            await sleeping
        except asyncio.CancelledError:
            seen = ["cancelled"]
        seen.append(await a.fetchval("SELECT $1::int", 1))
        # The driver has waited until the server had let go.
        return [*seen, await b.fetchval(shared.SLEEPERS)]


async def listen_notify():
    news = asyncio.Queue()

    async def heard():
        return await asyncio.wait_for(news.get(), 30)

    def listener(connection, pid, channel, payload):
        news.put_nowait((channel, payload))

    async with sessions(2) as (a, b):
        await a.add_listener("news", listener)
        await a.execute("NOTIFY news, 'own'")
        seen = [await heard()]
        async with b.transaction():
            await b.execute("SELECT pg_notify('news', 'from another')")
            async with a.transaction():
                await a.execute("SELECT 1")
        seen.append(await heard())
        await a.remove_listener("news", listener)
        await b.execute("NOTIFY news, 'not heard'")
        await a.add_listener("other", listener)
        await a.execute("NOTIFY other, 'last'")
        seen.append(await heard())
        await a.remove_listener("other", listener)
        return seen


async def notices():
    seen = []

    def listener(connection, notice):
        seen.append((notice.severity, notice.message, notice.detail, notice.hint))

    async with sessions(1) as (a,):
        a.add_log_listener(listener)
        await a.execute(shared.NOTICES)
        await a.execute("SET client_min_messages = warning")
        await a.execute(shared.NOTICES)
        # Listeners are called in the loop's next turn.
        await asyncio.sleep(0)
        a.remove_log_listener(listener)
    return seen


async def big_value():
    text = shared.big()
    async with sessions(1) as (a,):
        back, length = await a.fetchrow("SELECT $1::text, length($2::text)", text, text)
        data = await a.fetchval("SELECT $1::bytea", text.encode())
    return [shared.digest(back), back == text, length, data == text.encode()]


async def many_parameters():
    places = ", ".join(f"${n}::int" for n in range(1, 1001))
    query = f"SELECT sum(n), count(n) FROM unnest(ARRAY[{places}]) n"
    async with sessions(1) as (a,):
        return [tuple(await a.fetchrow(query, *range(1000))) for _ in range(3)]


async def fifty_at_once():
    ready = asyncio.Barrier(50)

    async def work(number):
        async with sessions(1) as (own,):
            await asyncio.wait_for(ready.wait(), 60)
            seen = []
            for n in range(20):
                async with own.transaction():
                    seen.append(await own.fetchval("SELECT $1::int * 1000 + $2", number, n))
                    await own.execute("INSERT INTO written VALUES ($1, $2)", number, n)
            return seen == [number * 1000 + n for n in range(20)]

    async with sessions(1) as (a,):
        await a.execute("CREATE TABLE written (who integer, n integer)")
        right = await asyncio.gather(*(work(number) for number in range(50)))
        written = "SELECT count(*), count(DISTINCT (who, n)), sum(n) FROM written"
        return [sum(right), tuple(await a.fetchrow(written))]


class Driver:
    """asyncpg as the shared module on state wants it, each call run to its end."""

    def __init__(self):
        self.done = asyncio.new_event_loop().run_until_complete

    def connect(self, application=None, options=None):
        settings = {"application_name": application, "options": options}
        settings = {name: value for name, value in settings.items() if value}
        # Nothing kept: DISCARD ALL would take it away.
        return self.done(asyncpg.connect(server_settings=settings, statement_cache_size=0))

    def close(self, connection):
        self.done(connection.close(timeout=10))

    def execute(self, connection, query):
        self.done(connection.execute(query))

    def value(self, connection, query):
        return self.done(connection.fetchval(query))

    def state(self, connection, query):
        return self.done(state(connection, query))

    @contextlib.contextmanager
    def transaction(self, connection):
        transaction = connection.transaction()
        self.done(transaction.start())
        yield
        self.done(transaction.commit())

    def reported(self, connection):
        return connection.get_settings().TimeZone


shared.run({
    **{name: check for name, check in globals().items() if name in shared.names()},
    **State(Driver()).checks(),
})
