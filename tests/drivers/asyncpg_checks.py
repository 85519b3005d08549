"""The shared checks by asyncpg: binary, Parse with Flush, named portals. Where to: PG… variables."""

import asyncio
import contextlib
import io

import asyncpg
import shared

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
        return [shared.digest(repr(seen)), statements[0].get_parameters()[1].name]


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


async def settings():
    seen = []
    async with sessions(2) as (a, b):

        async def look():
            for held, other in ((a, b), (b, a)):
                async with held.transaction():
                    for connection in (held, other, held):
                        seen.append(await connection.fetchval(shared.SETTINGS))
            seen.extend(c.get_settings().TimeZone for c in (a, b))

        await a.execute("SET TimeZone = 'Asia/Tokyo'; SET search_path = pg_catalog, public")
        await a.execute("SELECT set_config('application_name', 'first', false)")
        await b.execute("SET TimeZone TO 'America/Lima'")
        await b.execute("SET SESSION application_name = 'second'")
        await look()
        async with a.transaction():
            await a.execute("SET LOCAL work_mem = '9MB'")
            await a.execute("SET TimeZone = 'Europe/Berlin'")
            seen.append(await a.fetchval(shared.SETTINGS))
        await look()
        await a.execute("BEGIN; SET TimeZone = 'UTC'")
        await a.execute("ROLLBACK")
        await look()
        await a.execute("BEGIN; SAVEPOINT s; SET application_name = 'undone'; ROLLBACK TO s")
        await a.execute("SET work_mem = '11MB'; COMMIT")
        await look()
        # What the driver does when a pool takes a connection back.
        await a.reset()
        await look()
    return seen


async def startup():
    seen = []
    own = {"application_name": "started", "statement_timeout": "54321", "work_mem": "7MB"}
    own["search_path"] = "pg_catalog,public"
    other = {"application_name": "other"}
    # DISCARD ALL takes away what the driver would keep.
    first = sessions(1, server_settings=own, statement_cache_size=0)
    second = sessions(1, server_settings=other, statement_cache_size=0)
    async with first as (a,), second as (b,):

        async def look():
            for held, other in ((a, b), (b, a)):
                async with held.transaction():
                    seen.extend([await c.fetchval(shared.STARTED) for c in (held, other)])

        await look()
        for c in (a, b):
            await c.execute("SET application_name = 'changed'; SET statement_timeout = 11111")
            await c.execute("SET work_mem = '3MB'")
        await look()
        for c in (a, b):
            await c.execute("RESET application_name")
            await c.execute("SET statement_timeout TO DEFAULT")
        await look()
        await a.execute("RESET ALL")
        await look()
        await b.execute("DISCARD ALL")
        await look()
    return seen


async def temp_table():
    async with sessions(2) as (a, b):
        for c, name in ((a, "a"), (b, "b")):
            await c.execute("CREATE TEMPORARY TABLE scratch (t text)")
            await c.execute("INSERT INTO scratch VALUES ($1)", name)
        again = "INSERT INTO scratch SELECT max(t) FROM scratch"
        for run in range(5):
            for held, other in ((a, b), (b, a)):
                async with held.transaction():
                    await held.execute(again)
                    await other.execute(again)
        return [await c.fetchval("SELECT string_agg(t, '') FROM scratch") for c in (a, b)]


async def advisory_lock():
    take, give = "SELECT pg_try_advisory_lock(42)", "SELECT pg_advisory_unlock(42)"
    seen = []
    async with sessions(2) as (a, b):
        await a.fetchval("SELECT pg_advisory_lock(42)")
        for held, other in ((a, b), (b, a)):
            async with held.transaction():
                await held.execute("SELECT 1")
                seen.append(await b.fetchval(take))
                await other.execute("SELECT 1")
        for connection, query in ((a, give), (b, take), (a, take), (b, give)):
            seen.append(await connection.fetchval(query))
    return seen


async def sql_prepare():
    seen = []
    async with sessions(2) as (a, b):
        await a.execute("PREPARE p (int) AS SELECT 'a' || $1")
        await b.execute("PREPARE p (int) AS SELECT 'b' || $1 * 2")
        for held, other in ((a, b), (b, a)):
            async with held.transaction():
                seen.append(await held.fetchval("EXECUTE p (1)"))
                seen.append(await other.fetchval("EXECUTE p (2)"))
        count = "SELECT count(*) FROM pg_prepared_statements WHERE from_sql"
        seen += [await c.fetchval(count) for c in (a, b)]
        seen.append(await state(a, "PREPARE p AS SELECT 1"))
        await a.execute("DEALLOCATE p")
        seen += [await state(a, "EXECUTE p (3)"), await b.fetchval("EXECUTE p (3)")]
        await a.execute("PREPARE p AS SELECT 'again'")
        seen.append(await a.fetchval("EXECUTE p"))
        await b.execute("DEALLOCATE p")
        return [*seen, await state(b, "EXECUTE p (4)"), await a.fetchval("EXECUTE p")]


shared.run({name: check for name, check in globals().items() if name in shared.names()})
