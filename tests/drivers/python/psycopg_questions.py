"""psycopg 3 through pgparley: questions beside SQL, in both protocols. Argument: a conninfo."""

import sys

import psycopg

TOP = "/* nl: top 5 customers by total order amount */"
TOP_SQL = """SELECT c.name, sum(o.amount) FROM customers c JOIN orders o ON o.customer_id = c.id
             GROUP BY c.id ORDER BY 2 DESC LIMIT 5"""
STATUS = "/* nl: how many orders per status */"
STATUS_SQL = "SELECT status, count(*) FROM orders GROUP BY status"


def same(answer, gold):
    """Gold's columns are the last ones of the answer, which may have a key before them."""
    assert len(answer) == len(gold), (answer, gold)
    if gold:
        answer = [row[-len(gold[0]):] for row in answer]
    assert sorted(map(repr, answer)) == sorted(map(repr, gold)), (answer, gold)


def fetch(connection, query, **options):
    return connection.execute(query, **options).fetchall()


def questions(connection):
    top, status = fetch(connection, TOP_SQL), fetch(connection, STATUS_SQL)
    same(fetch(connection, TOP), top)
    # The third run of a prepared statement is as right as the first.
    for _ in range(3):
        same(fetch(connection, TOP, prepare=True), top)
        same(fetch(connection, STATUS, prepare=True), status)
    same(fetch(connection, TOP, binary=True), top)
    assert fetch(connection, f"SELECT count(*) FROM ({TOP}) t") == [(5,)]
    with connection.cursor() as cursor:
        cursor.execute(STATUS)
        assert cursor.description[-1].name, cursor.description
        assert cursor.rowcount == len(status)


def transactions(connection):
    connection.execute("CREATE TEMPORARY TABLE kept (n integer)")
    with connection.transaction():
        connection.execute("INSERT INTO kept VALUES (1)")
        same(fetch(connection, STATUS, prepare=True), fetch(connection, STATUS_SQL))
        connection.execute("INSERT INTO kept VALUES (2)")
    assert fetch(connection, "SELECT count(*) FROM kept") == [(2,)]


def refusals(connection):
    for prepare in (False, True):
        try:
            connection.execute("/* nl: wibble the wobble */", prepare=prepare)
        except psycopg.Error as error:
            assert error.sqlstate == "PGN02", error.sqlstate
            assert error.diag.message_hint, "a hint helps"
        else:
            raise AssertionError("nonsense was answered")
        assert fetch(connection, "SELECT 1") == [(1,)]


def pipelines(connection):
    with connection.pipeline():
        first = connection.execute("SELECT 1")
        second = connection.execute(STATUS, prepare=True)
        third = connection.execute("SELECT %s::text", ["three"])
        assert first.fetchall() == [(1,)]
        assert third.fetchall() == [("three",)]
        answer = second.fetchall()
    same(answer, fetch(connection, STATUS_SQL))


def copies(connection):
    with connection.cursor() as cursor:
        with cursor.copy("COPY (SELECT generate_series(1, 5000)) TO STDOUT") as copy:
            assert sum(1 for _ in copy.rows()) == 5000
        cursor.execute("CREATE TEMPORARY TABLE loaded (n integer)")
        with cursor.copy("COPY loaded FROM STDIN") as copy:
            for n in range(5000):
                copy.write_row((n,))
        assert cursor.execute("SELECT count(*) FROM loaded").fetchone() == (5000,)


def main():
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        for case in (copies, questions, transactions, refusals, pipelines):
            case(connection)
            print("ok", case.__name__)


main()
