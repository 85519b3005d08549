"""Everything that psqlODBC's catalog functions ask. Where to: the PG… variables."""

import os

import pyodbc


def connect(**more):
    place = {
        "Driver": "{PostgreSQL Unicode}",
        "Server": os.environ["PGHOST"],
        "Port": os.environ["PGPORT"],
        "Uid": os.environ["PGUSER"],
        "Database": os.environ["PGDATABASE"],
        "SSLmode": "disable",
        **more,
    }
    text = ";".join(f"{name}={value}" for name, value in place.items())
    return pyodbc.connect(text, autocommit=True, timeout=60)


def show(what, rows):
    print("--", what)
    for row in rows:
        print("|".join(str(value) for value in row))


def main():
    connection = connect()
    cursor = connection.cursor()
    show("tables", cursor.tables(schema="public"))
    show("columns", cursor.columns(schema="public"))
    show("primary keys", cursor.primaryKeys("parent", schema="public"))
    show("foreign keys", cursor.foreignKeys(table="parent", schema="public"))
    show("statistics", cursor.statistics("child", schema="public"))
    show("row identifier", cursor.rowIdColumns("parent", schema="public"))
    show("row version", cursor.rowVerColumns("parent", schema="public"))
    show("procedures", cursor.procedures(schema="public"))
    show("procedure columns", cursor.procedureColumns(schema="public"))
    show("types", cursor.getTypeInfo())
    connection.close()


if __name__ == "__main__":
    main()
