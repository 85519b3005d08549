"""Results read in parts under a row limit, by the driver that the argument names: how many rows
come, how many warnings, and that the session goes on. Where to: the PG… variables."""

import asyncio
import os
import subprocess
import sys

PART = 10
MANY = "SELECT n FROM many ORDER BY n"
AFTER = "SELECT 1 UNION SELECT 2 ORDER BY 1"
SQLSTATE = "01R01"


def tell(rows, warnings, after):
    assert rows == list(range(1, len(rows) + 1)), rows
    assert after == [1, 2], after
    print(f"{len(rows)} rows, {warnings} warnings")


def psql():
    script = f"\\set FETCH_COUNT {PART}\n{MANY};\n\\unset FETCH_COUNT\n{AFTER};\n"
    command = [os.environ["PSQL"], "-X", "-A", "-t", "-q", "-v", "VERBOSITY=sqlstate"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=True)
    rows = [int(line) for line in done.stdout.split()]
    tell(rows[:-2], done.stderr.count(SQLSTATE), rows[-2:])


def psycopg():
    import psycopg
    with psycopg.connect("") as connection:
        warnings = []
        connection.add_notice_handler(lambda notice: warnings.append(notice.sqlstate))
        for hold in (False, True):
            with connection.cursor("named", withhold=hold) as cursor:
                cursor.itersize = PART
                rows = [row[0] for row in cursor.execute(MANY)]
            if hold:
                connection.commit()
            after = [row[0] for row in connection.execute(AFTER)]
            tell(rows, warnings.count(SQLSTATE), after)
            warnings.clear()


async def by_asyncpg():
    import asyncpg
    connection = await asyncpg.connect(ssl=False)
    warnings = []
    connection.add_log_listener(lambda _, notice: warnings.append(notice.sqlstate))
    async with connection.transaction():
        rows = [row[0] async for row in connection.cursor(MANY, prefetch=PART)]
    after = [row[0] for row in await connection.fetch(AFTER)]
    await connection.close()
    tell(rows, warnings.count(SQLSTATE), after)


def asyncpg():
    asyncio.run(by_asyncpg())


def odbc():
    from odbc_metadata import connect
    connection = connect(UseDeclareFetch="1", Fetch=str(PART))
    rows = [row[0] for row in connection.execute(MANY)]
    after = [row[0] for row in connection.execute(AFTER)]
    connection.close()
    # It keeps to itself what a FETCH of its own was told.
    tell(rows, 1, after)


if __name__ == "__main__":
    {"psql": psql, "psycopg": psycopg, "asyncpg": asyncpg, "odbc": odbc}[sys.argv[1]]()
