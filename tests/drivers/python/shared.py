"""What the Python programs of the drivers share: the list of checks, its values, its output."""

import asyncio
import hashlib
import inspect
import pathlib
import re
import traceback

CHECKS = pathlib.Path(__file__).parent.with_name("checks.txt")
NOT_HERE = "not in this driver"

# Type and literal; psql and the drivers write the literal, or its value, in their own way.
VALUES = [
    ("int4", "2147483647"),
    ("int8", "-9223372036854775808"),
    ("numeric", "12345678901234567890.123456789"),
    ("numeric", "NaN"),
    ("float8", "0.1"),
    ("float8", "NaN"),
    ("float8", "-Infinity"),
    ("bool", "true"),
    ("text", "grüße, 世界 'quoted' \"too\" \\ and\ttab"),
    ("text", ""),
    ("bytea", "\\x" + bytes(range(256)).hex()),
    ("timestamptz", "2026-02-28 23:59:59.999999+00"),
    ("jsonb", '{"a": [1, null, "x"]}'),
    ("uuid", "80000000-0000-0000-0000-000000000001"),
    ("int4[]", "{1,NULL,3}"),
    ("text[]", '{a,NULL,"b\\"c"}'),
    ("text", None),
]

ROWS = 100_000
CURSOR = f"SELECT n, 'row ' || n AS t FROM generate_series(1, {ROWS}) n"

SLEEPERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event = 'PgSleep' AND datname = current_database()"
)

NOTICES = (
    "DO $$ BEGIN RAISE NOTICE 'first' USING DETAIL = 'a detail', HINT = 'a hint';"
    " RAISE WARNING 'second'; RAISE NOTICE 'third'; END $$"
)

LOADED = "SELECT count(*), sum(n), sum(length(t)), md5(string_agg(t, ',' ORDER BY n)) FROM loaded"

OPTIONS = "-c statement_timeout=54321 -c search_path=pg_catalog,public -c work_mem=7MB"

# The settings that `startup` looks at; application_name has the reader's own value.
STARTED = (
    "SELECT concat_ws('|', current_setting('application_name'), current_setting('TimeZone'),"
    " current_setting('statement_timeout'), current_setting('search_path'),"
    " current_setting('work_mem'))"
)

SETTINGS = (
    "SELECT concat_ws('|', current_setting('TimeZone'), current_setting('search_path'),"
    " current_setting('application_name'), current_setting('work_mem'))"
)


def lines():
    """10 MB as COPY wants it."""
    return "".join(f"{n}\t{'payload ' * 12}{n}\n" for n in range(ROWS)).encode()


def big():
    """20 MB of text that no compression makes small."""
    blocks = (hashlib.sha512(b"%d" % n).hexdigest() for n in range(20_000_000 // 128))
    return "".join(blocks)


def digest(data):
    """Length and MD5, for what is too long to print."""
    data = data.encode() if isinstance(data, str) else data
    return f"{len(data)} bytes {hashlib.md5(data).hexdigest()}"


def names():
    """The shared list, in its order."""
    entries = CHECKS.read_text().splitlines()
    return [entry.split()[0] for entry in entries if entry and not entry.startswith("#")]


def told(result):
    """One line for whatever a check returned."""
    text = result if isinstance(result, str) else "; ".join(map(str, result))
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def run(program, absent=None):
    """Runs the function of each name in `program`; `absent` says why a driver has none."""
    absent = absent or {}
    for name in names():
        if name in absent:
            print(name, f"{NOT_HERE}: {absent[name]}", sep="\t", flush=True)
            continue
        try:
            result = program[name]()
            if inspect.iscoroutine(result):
                result = asyncio.run(result)
            print(name, told(result), sep="\t", flush=True)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)
            line = [frame.lineno for frame in where if "shared.py" not in frame.filename][:1]
            print(name, told(f"FAILED in line {line}: {error!r}"), sep="\t", flush=True)


def without_pid(text):
    """Process ids differ from run to run."""
    return re.sub(r"PID \d+", "PID n", text)
