"""asyncpg through pgparley with plain SQL: everything is as directly. Argument: a URL."""

import asyncio
import datetime
import decimal
import io
import sys
import uuid

import asyncpg

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
    ("jsonb", '{"a": [1, null, "x"]}'),
    ("int4[]", [1, None, 3]),
    ("text[]", ["a", None, 'b"c']),
]


async def types(connection):
    for name, value in VALUES:
        row = await connection.fetchrow(f"SELECT $1::{name} AS value, NULL AS nothing", value)
        assert (row["value"], row["nothing"]) == (value, None), (name, value, row)
    # A type that the driver must look up, by a query of its own in between.
    await connection.execute("CREATE TYPE mood AS ENUM ('good', 'bad')")
    assert await connection.fetchval("SELECT $1::mood", "bad") == "bad"
    await connection.execute("DROP TYPE mood")


async def prepared_statements(connection):
    statement = await connection.prepare("SELECT $1::int + 1")
    for n in range(50):
        assert await statement.fetchval(n) == n + 1
    # More than the driver keeps, so that it closes the oldest.
    for n in range(150):
        assert await connection.fetchval(f"SELECT {n} + $1::int", 1) == n + 1


async def transactions(connection):
    await connection.execute("CREATE TEMPORARY TABLE kept (n integer PRIMARY KEY)")
    async with connection.transaction(isolation="serializable"):
        await connection.execute("INSERT INTO kept VALUES (1)")
        try:
            async with connection.transaction():
                await connection.execute("INSERT INTO kept VALUES (2)")
                await connection.execute("INSERT INTO kept VALUES (1)")
        except asyncpg.UniqueViolationError as error:
            assert error.constraint_name == "kept_pkey"
        else:
            raise AssertionError("a second 1 was taken")
        await connection.execute("INSERT INTO kept VALUES (3)")
    assert [row["n"] for row in await connection.fetch("SELECT n FROM kept ORDER BY n")] == [1, 3]


async def portals(connection):
    total = 0
    async with connection.transaction():
        query = "SELECT n FROM generate_series(1, 10000) n"
        async for row in connection.cursor(query, prefetch=300):
            total += row["n"]
        cursor = await connection.cursor(query)
        await cursor.forward(5000)
        assert (await cursor.fetchrow())["n"] == 5001
    assert total == 50005000


async def many(connection):
    await connection.execute("CREATE TEMPORARY TABLE many (n integer PRIMARY KEY, t text)")
    rows = [(n, "x" * 100) for n in range(10000)]
    await connection.executemany("INSERT INTO many VALUES ($1, $2)", rows)
    assert await connection.fetchval("SELECT count(*) FROM many") == len(rows)
    # The server fails early while the driver is still writing.
    try:
        await connection.executemany("INSERT INTO many VALUES ($1, $2)", rows * 5)
    except asyncpg.UniqueViolationError:
        pass
    else:
        raise AssertionError("every row was taken twice")
    assert await connection.fetchval("SELECT count(*) FROM many") == len(rows)


async def copies(connection):
    await connection.execute("CREATE TEMPORARY TABLE loaded (n integer, t text)")
    rows = [(n, f"line {n}\t\n\\") for n in range(20000)]
    assert await connection.copy_records_to_table("loaded", records=rows) == "COPY 20000"
    out = io.BytesIO()
    told = await connection.copy_from_query("SELECT n FROM loaded ORDER BY n", output=out)
    assert told == "COPY 20000"
    assert out.getvalue() == b"".join(b"%d\n" % n for n, _ in rows)
    try:
        await connection.copy_to_table("loaded", source=io.BytesIO(b"no number\tx\n"))
    except asyncpg.InvalidTextRepresentationError:
        pass
    else:
        raise AssertionError("a line that does not fit was taken")
    assert await connection.fetchval("SELECT count(*) FROM loaded") == len(rows)


async def notices(connection):
    heard = asyncio.Queue()
    connection.add_log_listener(lambda _, message: heard.put_nowait(message.message))
    await connection.execute("DO $$ BEGIN RAISE NOTICE 'one'; END $$")
    assert await asyncio.wait_for(heard.get(), 60) == "one"
    await connection.add_listener("news", lambda *what: heard.put_nowait(what[2:]))
    await connection.execute("NOTIFY news, 'extra'")
    assert await asyncio.wait_for(heard.get(), 60) == ("news", "extra")
    await connection.reset()


async def cancels(connection):
    # The driver sends a CancelRequest when the time is up.
    try:
        await connection.fetchval("SELECT pg_sleep(600)", timeout=0.5)
    except asyncio.TimeoutError:
        pass
    else:
        raise AssertionError("it slept for ten minutes")
    assert await connection.fetchval("SELECT 1") == 1


async def twenty_at_once(_):
    async def work(number):
        own = await asyncpg.connect(sys.argv[1])
        try:
            for n in range(50):
                row = await own.fetchrow("SELECT $1::int, $2::int", number, n)
                assert tuple(row) == (number, n), row
        finally:
            await own.close()

    await asyncio.gather(*(work(number) for number in range(20)))


async def main():
    connection = await asyncpg.connect(sys.argv[1])
    try:
        for case in (
            types,
            prepared_statements,
            transactions,
            portals,
            many,
            copies,
            notices,
            cancels,
            twenty_at_once,
        ):
            await case(connection)
            print("ok", case.__name__)
    finally:
        await connection.close()


asyncio.run(main())
