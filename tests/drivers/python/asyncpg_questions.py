"""asyncpg through pgparley: every query is Parse, Describe, Flush. Argument: a URL."""

import asyncio
import sys

import asyncpg

STATUS = "/* nl: how many orders per status */"
STATUS_SQL = "SELECT status, count(*) FROM orders GROUP BY status"
MANY = "/* nl: names of corporate customers in Hamburg */"
MANY_SQL = "SELECT name FROM customers WHERE segment = 'corporate' AND city = 'Hamburg'"


def same(answer, gold):
    """Gold's columns are the last ones of the answer, which may have a key before them."""
    width = len(gold[0])
    answer = sorted(tuple(row)[-width:] for row in answer)
    assert answer == sorted(map(tuple, gold)), (answer, gold)


async def questions(connection):
    same(await connection.fetch(STATUS), await connection.fetch(STATUS_SQL))
    assert await connection.fetchval(f"SELECT count(*) FROM ({STATUS}) t") == 5


async def prepared_statements(connection):
    statement = await connection.prepare(STATUS)
    assert [attribute.type.name for attribute in statement.get_attributes()][-1] == "int8"
    gold = await connection.fetch(STATUS_SQL)
    for _ in range(3):
        same(await statement.fetch(), gold)


async def portals(connection):
    gold = await connection.fetch(MANY_SQL)
    async with connection.transaction():
        # 10 rows an Execute: the portal is suspended in between.
        answer = [row async for row in connection.cursor(MANY, prefetch=10)]
    same(answer, gold)


async def transactions(connection):
    await connection.execute("CREATE TEMPORARY TABLE kept (n integer)")
    async with connection.transaction():
        await connection.execute("INSERT INTO kept VALUES ($1)", 1)
        await connection.fetch(STATUS)
        await connection.executemany("INSERT INTO kept VALUES ($1)", [(2,), (3,)])
    assert await connection.fetchval("SELECT count(*) FROM kept") == 3


async def refusals(connection):
    try:
        await connection.fetch("/* nl: wibble the wobble */")
    except asyncpg.PostgresError as error:
        assert error.sqlstate == "PGN02", error.sqlstate
    else:
        raise AssertionError("nonsense was answered")
    assert await connection.fetchval("SELECT 1") == 1


async def main():
    connection = await asyncpg.connect(sys.argv[1])
    try:
        for case in (questions, prepared_statements, portals, transactions, refusals):
            await case(connection)
            print("ok", case.__name__)
    finally:
        await connection.close()


asyncio.run(main())
