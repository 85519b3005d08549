"""The shared checks by pgbench, what it saw kept in a table. Where to: the PG… variables."""

import os
import pathlib
import subprocess
import tempfile

import shared

# Run once by every client, before its first transaction.
ONCE = "\\if :first\n\\set first 0\n{}\n\\endif\n"


def psql(query):
    command = [os.environ.get("PSQL", "psql"), "--no-psqlrc", "--no-align", "--tuples-only"]
    run = subprocess.run([*command, f"--command={query}"], capture_output=True, text=True)
    if run.returncode:
        raise AssertionError(run.stderr)
    return run.stdout.strip()


def bench(script, *options, **environment):
    """How many transactions it reports to have done, and what else it told."""
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "script")
        file.write_text(script)
        command = [os.environ.get("PGBENCH", "pgbench"), "--no-vacuum", "--define=first=1"]
        command += [f"--file={file}", *(options or ("--transactions=1",))]
        run = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **environment}
        )
    wanted = ("number of transactions actually", "number of failed")
    summary = [line for line in run.stdout.splitlines() if line.startswith(wanted)]
    told = [line for line in run.stderr.splitlines() if not line.startswith("pgbench (")]
    # Clients fail in any order.
    return [run.returncode, *summary, *sorted(told)]


def seen():
    """What clients have written down, each thing once."""
    return psql("SELECT DISTINCT who, what FROM seen ORDER BY 1, 2")


def note(expression):
    """A script's line that writes down what an expression is for this client."""
    return f"INSERT INTO seen SELECT :client_id, {expression};\n"


def table():
    psql("DROP TABLE IF EXISTS seen; CREATE TABLE seen (who integer, what text)")


def types_text():
    table()
    script = ""
    for place, (name, literal) in enumerate(shared.VALUES):
        # A NULL is no text for pgbench, and its own syntax knows no line break.
        quoted = "NULL" if literal is None else "'" + literal.replace("'", "''") + "'"
        script += f"SELECT coalesce(({quoted}::{name})::text, '(null)') AS v{place} \\gset\n"
        script += note(f":v{place}")
    return [*bench(script, "--protocol=extended", "--transactions=1"), seen()]


def prepared_reuse():
    table()
    script = (
        "\\set n random(1, 1000)\nBEGIN;\nSELECT :n * 2 AS twice \\gset\nEND;\n"
        + note("(:twice::int = :n::int * 2)::text")
    )
    told = bench(script, "--protocol=prepared", "--client=3", "--transactions=20")
    return [*told, seen(), psql("SELECT who, count(*) FROM seen GROUP BY 1 ORDER BY 1")]


def transactions():
    psql("CREATE TABLE kept (n integer)")
    script = (
        "BEGIN;\nINSERT INTO kept VALUES (1);\nCOMMIT;\n"
        "BEGIN;\nINSERT INTO kept VALUES (2);\nROLLBACK;\n"
        "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM kept;\nCOMMIT;\n"
    )
    told = [bench(script, f"--protocol={how}", "--transactions=10", "--client=2")
            for how in ("simple", "extended", "prepared")]
    return [*told, psql("SELECT n, count(*) FROM kept GROUP BY 1")]


def errors():
    queries = ("SELECT 1 / 0;", "SELEC 1;", "BEGIN;\nSELECT nothing;\nCOMMIT;")
    return [bench(query, f"--protocol={how}", "--client=2", "--transactions=3")
            for query in queries for how in ("simple", "extended", "prepared")]


def savepoints():
    psql("CREATE TABLE saved (n integer)")
    script = (
        "BEGIN;\nINSERT INTO saved VALUES (1);\nSAVEPOINT x;\nINSERT INTO saved VALUES (2);\n"
        "SAVEPOINT y;\nINSERT INTO saved VALUES (3);\nRELEASE y;\nROLLBACK TO x;\n"
        "INSERT INTO saved VALUES (4);\nCOMMIT;\n"
    )
    told = bench(script, "--protocol=prepared", "--transactions=5")
    return [*told, psql("SELECT n, count(*) FROM saved GROUP BY 1 ORDER BY 1")]


def cursor():
    table()
    script = f"BEGIN;\nDECLARE many CURSOR FOR {shared.CURSOR};\n"
    script += "FETCH 4999 FROM many;\nFETCH 1 FROM many \\gset\n" + note(":n::text")
    script = script + "FETCH 4999 FROM many;\nFETCH 1 FROM many \\gset\n" * 19
    return [*bench(script + note(":n::text") + "COMMIT;\n"), seen()]


def copy_in():
    # It fills its own tables by COPY: 100,000 rows, 10 MB.
    run = subprocess.run(
        [os.environ.get("PGBENCH", "pgbench"), "--initialize", "--init-steps=dtgp", "--quiet"],
        capture_output=True,
        text=True,
    )
    rows = "SELECT count(*), sum(aid), sum(length(filler)) FROM pgbench_accounts"
    return [run.returncode, psql(rows)]


def pipeline_error():
    psql("CREATE TABLE piped (n integer)")
    good = "\\startpipeline\nINSERT INTO piped VALUES (1);\nSELECT 1;\n\\endpipeline\n"
    broken = (
        "\\startpipeline\nBEGIN;\nINSERT INTO piped VALUES (2);\nSELECT 1 / 0;\n"
        "INSERT INTO piped VALUES (3);\nCOMMIT;\n\\endpipeline\n"
    )
    told = []
    for protocol in ("extended", "prepared"):
        for script in (good, broken):
            told += bench(script, f"--protocol={protocol}", "--transactions=10")
    return [*told, psql("SELECT n, count(*) FROM piped GROUP BY 1 ORDER BY 1")]


def notices():
    # pgbench takes a dollar sign for nothing special, but a semicolon ends its statement.
    psql("CREATE FUNCTION talks() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
         " RAISE NOTICE 'first' USING DETAIL = 'a detail', HINT = 'a hint';"
         " RAISE WARNING 'second'; RETURN 1; END $$")
    return bench("SELECT talks();\n")


def big_value():
    table()
    blocks = "string_agg(encode(sha512(n::text::bytea), 'hex'), '' ORDER BY n)"
    script = f"SELECT {blocks} AS big FROM generate_series(1, 20000000 / 128) n \\gset\n"
    script += note("length(:big) || ' ' || md5(:big)")
    told = bench(script, "--protocol=extended", "--transactions=1")
    return [*told, seen(), psql(f"SELECT md5({blocks}) FROM generate_series(1, 20000000 / 128) n")]


def fifty_at_once():
    psql("CREATE TABLE written (who integer, n integer)")
    script = (
        "\\set n random(1, 1000000)\nBEGIN;\nSELECT :client_id * 1000000 + :n AS own \\gset\n"
        "INSERT INTO written SELECT :client_id, :own::int - :client_id * 1000000 - :n;\nEND;\n"
    )
    told = []
    for protocol in ("simple", "extended", "prepared"):
        # A thread each: pgbench waits in PQprepare, and a client of the same thread may be in
        # the middle of the transaction that keeps a shared server connection from it.
        options = ("--client=50", "--jobs=50", "--transactions=20")
        told += bench(script, f"--protocol={protocol}", *options)
    written = "SELECT count(*), count(DISTINCT who), min(n), max(n) FROM written"
    return [*told, psql(written)]


def settings():
    table()
    own = "\\if :client_id = 0\nSET TimeZone = 'Asia/Tokyo';\nSET application_name = 'first';\n"
    own += "\\else\nSET TimeZone = 'America/Lima';\nSET search_path = pg_catalog, public;\n\\endif"
    script = ONCE.format(own) + "BEGIN;\nSET LOCAL work_mem = '9MB';\nCOMMIT;\n"
    script += "BEGIN;\nSET TimeZone = 'UTC';\nROLLBACK;\n" + note(f"({shared.SETTINGS})")
    told = [bench(script, f"--protocol={how}", "--client=4", "--transactions=20")
            for how in ("simple", "prepared")]
    return [*told, seen()]


def startup():
    table()
    own = {"PGAPPNAME": "started", "PGOPTIONS": shared.OPTIONS, "PGTZ": "Asia/Tokyo"}
    script = (
        note(f"({shared.STARTED})")
        + "SET work_mem = '3MB';\nSET TimeZone = 'UTC';\nSET application_name = 'changed';\n"
        + note(f"({shared.STARTED})") + "RESET work_mem;\nSET TimeZone TO DEFAULT;\n"
        + note(f"({shared.STARTED})") + "RESET ALL;\n"
    )
    told = bench(script, "--client=3", "--transactions=10", **own)
    return [*told, *bench(script, "--client=3", "--transactions=10"), seen()]


def temp_table():
    table()
    fill = "CREATE TEMPORARY TABLE scratch (t integer);\nINSERT INTO scratch VALUES (:client_id);"
    script = ONCE.format(fill) + "BEGIN;\nINSERT INTO scratch SELECT max(t) FROM scratch;\nEND;\n"
    script += note("min(t) || ' ' || max(t) || ' ' || count(*) FROM scratch")
    return [*bench(script, "--client=4", "--transactions=10"), seen()]


def advisory_lock():
    table()
    script = ONCE.format("SELECT pg_advisory_lock(:client_id);")
    script += "BEGIN;\nSELECT 1;\nEND;\n"
    held = "locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
    script += note(f"string_agg(objid::text, ' ') FROM pg_locks WHERE {held}")
    return [*bench(script, "--client=4", "--transactions=10"), seen()]


def sql_prepare():
    table()
    script = ONCE.format("PREPARE p (int) AS SELECT :client_id * 10 + $1 AS n;")
    script += "BEGIN;\nSELECT 1;\nEND;\nEXECUTE p (1) \\gset\n" + note(":n::text")
    script += "PREPARE q AS SELECT 1;\nEXECUTE q;\nDEALLOCATE q;\n"
    return [*bench(script, "--client=4", "--transactions=10"), seen()]


shared.run(
    {name: check for name, check in globals().items() if name in shared.names()},
    absent={
        "types_binary": "pgbench asks for text alone",
        "copy_out": "pgbench does not read COPY",
        "cancel": "pgbench cancels nothing",
        "listen_notify": "pgbench does not look at notifications",
        "many_parameters": "pgbench sends at most 255",
    },
)
