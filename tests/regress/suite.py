#!/usr/bin/env python3
"""PostgreSQL's regression suite, run through pgparley and directly: every line must be the same.

psql sends each file as pg_regress does, twice directly and once through a pgparley of each mode.
Where the two direct runs differ (object ids, times), any difference is allowed; elsewhere none is.
With `--limit 3` it is held to a row limit instead: what is written, said and counted is the same,
and every result is the first three rows of the direct one, or any three where nothing orders them.
What the server ought to answer is of no interest, so files of other major versions serve as well.
"""

import argparse
import concurrent.futures
import contextlib
import difflib
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time

import limited
from data import write_data

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# The source package of pglast carries the suite's SQL, without its data files.
PACKAGE = "pglast==8.7"
# What later files build upon; run once, directly, in the database that all others are copies of.
FOUNDATION = ("test_setup", "create_index", "create_misc")
POOLED = ("database.0.pool_mode=transaction", "database.0.pool_size=5")
MODES = {
    "session": ("database.0.pool_mode=session",),
    "transaction": POOLED,
    "neighbours": POOLED,
    "unreached": (*POOLED, "policy.0.row_limit=1000000"),
    "counting": (*POOLED, "policy.0.row_limit=3", "policy.0.mechanism=count"),
    "read-only": (*POOLED, "policy.0.read_only=true"),
}
# With `--limit`.
LIMITED = {"limited": (*POOLED, "policy.0.mechanism=auto"),
           "limited-count": (*POOLED, "policy.0.mechanism=count"),
           "limited-session": ("database.0.pool_mode=session", "policy.0.mechanism=auto")}
# Needs the psql of its own version: an earlier one never ends it.
LEFT_OUT = ("psql_pipeline",)
# Modes that change answers on purpose: all that is asked is that nothing breaks.
CHANGING = ("counting", "read-only")
# What docs/pooling.md says of shared connections, and where it shows; told, but no failure.
KNOWN = {
    "guc": "pg_prepared_statements shows the server's names",
    "plancache": "pg_prepared_statements shows the server's names",
    "partition_prune": "EXECUTE within a function speaks of names that the server does not have",
    "stats": "sessions and backends that are counted are the server's",
    "hash_part": "a statement that crashes the server ends psql directly, and not through pgparley",
    "largeobject": "object ids are others where psql has gone on behind the crash in hash_part",
    "temp": "temp_buffers of a connection that has had temporary tables is fixed",
}
# How a server that crashed is told of where the server itself says nothing.
CRASHED = "FATAL:  server closed the connection unexpectedly"
# A client that shares the connections and leaves on them whatever may be left.
NEIGHBOUR = """
SET search_path = pg_catalog; SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Tokyo';
SET work_mem = '77MB'; SET extra_float_digits = -15; SET bytea_output = 'escape';
SET enable_seqscan = off; SET regress.neighbour = 'left'; SET intervalstyle = 'iso_8601';
PREPARE q1 AS SELECT 'neighbour'; PREPARE test AS SELECT 'neighbour';
EXECUTE q1;
BEGIN; SET LOCAL role = pg_monitor; SAVEPOINT a; SELECT 1/0; ROLLBACK;
DEALLOCATE ALL; RESET ALL;
"""
BROKEN = re.compile(r"server closed the connection|connection to server|lost synchronization"
                    r"|08P01|XX000|message contents do not agree|panicked")


class SuiteError(Exception):
    """Says why nothing could be compared."""


class Server:
    """A throwaway PostgreSQL on a free port; its data is a copy of `origin`'s, if given."""

    def __init__(self, binaries, directory, origin=None):
        self.binaries, self.directory, self.port = binaries, directory, free_port()
        self.account = {}
        directory.parent.mkdir()
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            entry = pwd.getpwnam("postgres")
            self.account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(directory.parent, entry.pw_uid, entry.pw_gid)
        if origin is None:
            self.run("initdb", "-D", directory, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                     "--locale=C", "--no-sync", "--no-instructions")
        else:
            subprocess.run(["cp", "-a", origin, directory], check=True)
        self.control("start", "-o", " ".join((
            f"-p {self.port} -k {directory}", "-c listen_addresses=127.0.0.1", "-c fsync=off",
            "-c full_page_writes=off", "-c autovacuum=off", "-c max_prepared_transactions=2",
            "-c max_connections=60")))

    def run(self, program, *arguments):
        """A program of PostgreSQL's own."""
        command = [self.binaries / program, *map(str, arguments)]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                cwd="/", check=False, **self.account)
        if result.returncode:
            raise SuiteError(f"{program}: {result.stderr}")

    def control(self, *arguments):
        self.run("pg_ctl", "-D", self.directory, "-l", self.directory.with_suffix(".log"), "-w",
                 "-s", *arguments)

    def sql(self, *statements):
        """Runs statements in the database `postgres`."""
        commands = [part for statement in statements for part in ("-c", statement)]
        self.run("psql", "-X", "-q", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres",
                 "-v", "ON_ERROR_STOP=1", *commands, "postgres")

    def stop(self):
        with contextlib.suppress(SuiteError):
            self.control("-m", "immediate", "stop")


class Suite:
    """The files, and how one of them is sent."""

    def __init__(self, arguments, directory):
        self.folder, self.binaries = arguments.sql, arguments.pgbin
        self.directory, self.timeout, self.limit = directory, arguments.timeout, arguments.limit
        self.data = directory / "data"
        write_data(self.data)

    def command(self, port):
        shown = limited.SHOWN if self.limit else ("-q",)
        return [self.binaries / "psql", "-X", "-a", *shown, "-h", "127.0.0.1", "-p", str(port),
                "-U", "postgres", "-d", "regression", "-v", "HIDE_TABLEAM=on",
                "-v", "HIDE_TOAST_COMPRESSION=on"]

    def environment(self, name):
        return {**os.environ, "PGTZ": "PST8PDT", "PGDATESTYLE": "Postgres, MDY", "LC_ALL": "C",
                "PGAPPNAME": f"pg_regress/{name}", "PGSSLMODE": "disable",
                "PGOPTIONS": "-c intervalstyle=postgres_verbose", "PG_LIBDIR": "/nowhere",
                "PG_DLSUFFIX": ".so", "PG_ABS_SRCDIR": str(self.directory),
                "PG_ABS_BUILDDIR": str(self.directory)}

    def send(self, name, port):
        """What psql writes while it sends a file."""
        source = (self.folder / f"{name}.sql").read_bytes()
        try:
            result = subprocess.run(
                self.command(port), input=limited.source(source) if self.limit else source,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment(name),
                timeout=self.timeout, cwd=self.directory, check=False)
            output = result.stdout
        except subprocess.TimeoutExpired as expired:
            output = (expired.stdout or b"") + b"\nHANGS\n"
        text = re.sub(rf"(?<![\d.]){port}(?!\d)", "PORT", output.decode("utf-8", "replace"))
        return re.sub(r"\bpg_(toast_)?temp_\d+", r"pg_\1temp_N", text).removesuffix("\n").split("\n")

    def neighbours(self, port):
        """Three clients that share the pool as long as the block lasts."""
        script = self.directory / "neighbour.sql"
        script.write_text(NEIGHBOUR)
        loop = f'while :; do {" ".join(map(str, self.command(port)))} -f {script}; done'
        return [subprocess.Popen(["sh", "-c", loop], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
                for _ in range(3)]


class Run:
    """One way to the server, with a cluster of its own."""

    def __init__(self, suite, arguments, way, origin):
        self.suite, self.way = suite, way
        self.server = Server(suite.binaries, suite.directory / way / "data", origin)
        self.pgparley, self.keep = arguments.pgparley, arguments.out / way

    def fresh_database(self):
        # What a file has left would hold its database.
        left = self.suite.directory / "left.sql"
        left.write_text("SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts"
                        " WHERE database = 'regression' \\gexec\n")
        subprocess.run([*self.suite.command(self.server.port), "-f", left], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.server.sql("DROP DATABASE IF EXISTS regression WITH (FORCE)")
        except SuiteError:
            # A subscription.
            self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            " WHERE datname = 'regression'",
                            f"ALTER DATABASE regression RENAME TO left_{time.monotonic_ns()}")
        self.server.sql("CREATE DATABASE regression TEMPLATE foundation",
                        *settings_of("regression"))

    def output(self, name):
        """The lines that psql writes, kept in a file of the output folder as well."""
        self.fresh_database()
        if self.way.startswith("direct"):
            lines = self.suite.send(name, self.server.port)
        else:
            with self.proxy() as port:
                lines = self.through(name, port)
        self.keep.mkdir(parents=True, exist_ok=True)
        (self.keep / f"{name}.out").write_text("\n".join(lines) + "\n")
        return lines

    def through(self, name, port):
        crowd = self.suite.neighbours(port) if self.way == "neighbours" else []
        try:
            return self.suite.send(name, port)
        finally:
            for neighbour in crowd:
                os.killpg(neighbour.pid, 9)
                neighbour.wait()

    def state(self):
        """What a file has left in its database."""
        result = subprocess.run([*self.suite.command(self.server.port), "-t"],
                                input=limited.STATE, capture_output=True, text=True, check=False)
        return result.stdout.split("\n")

    @contextlib.contextmanager
    def proxy(self):
        """A pgparley of this mode; it must end when told to."""
        port = free_port()
        settings = MODES.get(self.way) or (*LIMITED[self.way],
                                           f"policy.0.row_limit={self.suite.limit}")
        options = [part for setting in settings for part in ("--set", setting)]
        command = [self.pgparley, "serve", "--listen", f"127.0.0.1:{port}", "--upstream",
                   f"postgres://127.0.0.1:{self.server.port}", "--set", "server.http_listen=off",
                   *options]
        with self.server.directory.with_suffix(".proxy").open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until_listening(port, process)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def settings_of(database):
    """What pg_regress sets for its database."""
    values = {"lc_messages": "C", "lc_monetary": "C", "lc_numeric": "C", "lc_time": "C",
              "bytea_output": "hex", "timezone_abbreviations": "Default"}
    return [f"ALTER DATABASE {database} SET {name} TO '{value}'" for name, value in values.items()]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(port, process):
    deadline = time.monotonic() + 30
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise SuiteError("pgparley did not start")
        time.sleep(0.01)


def changes(first, second):
    """The places of `first` that `second` has otherwise, as (start, end, lines of second)."""
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    return [(start, end, second[there:there_end])
            for what, start, end, there, there_end in matcher.get_opcodes() if what != "equal"]


def differences(direct, again, through):
    """What is otherwise through pgparley and not merely another number in any run."""
    noise = [(start, end) for start, end, _ in changes(direct, again)]
    return [(start, end, lines) for start, end, lines in changes(direct, through)
            if lines != [CRASHED] and not any(start <= last and first <= end for first, last in noise)]


def breaks(direct, through):
    """What only broke through pgparley, in a mode that answers otherwise on purpose."""
    if any("HANGS" in line for line in through):
        return [(0, 0, ["HANGS"])]
    known = {CRASHED, *(line for line in direct if BROKEN.search(line))}
    return [(0, 0, [line]) for line in through if BROKEN.search(line) and line not in known]


def found_sql(folder):
    """Fetches the suite's files into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "pglast",
               "--no-build-isolation", "-d", str(folder), PACKAGE]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        raise SuiteError(f"{PACKAGE} cannot be fetched: {result.stderr[-500:]}")
    sql = folder / "sql"
    sql.mkdir()
    with tarfile.open(archives[0]) as archive:
        for member in archive.getmembers():
            path = pathlib.PurePosixPath(member.name)
            if path.suffix == ".sql" and path.parent.name == "postgres_regress":
                (sql / path.name).write_bytes(archive.extractfile(member).read())
    if not any(sql.iterdir()):
        raise SuiteError(f"{PACKAGE} holds no regression suite")
    return sql


def extended(arguments):
    """The same files over the extended protocol; how many of the two runs differ."""
    variables = {"PGPARLEY_REGRESS_SQL": str(arguments.sql.resolve()),
                 "PGPARLEY_REGRESS_FILES": " ".join(arguments.files)}
    command = ["cargo", "test", "--locked", "--test", "regress", "--", "--ignored", "--nocapture"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=False)
    return int(done.returncode != 0)


def foundation(suite, directory):
    """A stopped cluster's data with the database that the files start from."""
    server = Server(suite.binaries, directory / "origin" / "data")
    server.sql("CREATE DATABASE regression TEMPLATE template0", *settings_of("regression"))
    for name in FOUNDATION:
        suite.send(name, server.port)
    server.sql("ALTER DATABASE regression RENAME TO foundation")
    server.control("-m", "fast", "stop")
    return server.directory


def compare(arguments, directory):
    """Runs all; returns how many files differ."""
    names = [path.stem for path in arguments.sql.glob("*.sql") if path.stem not in LEFT_OUT]
    names = arguments.files or sorted(names)
    suite = Suite(arguments, directory)
    origin = foundation(suite, directory)
    runs = {}
    try:
        for way in ("direct", "direct-again", *(LIMITED if arguments.limit else arguments.modes)):
            runs[way] = Run(suite, arguments, way, origin)
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            compared = compare_limited if arguments.limit else compare_file
            return sum(compared(name, runs, pool) for name in names)
    finally:
        for run in runs.values():
            run.server.stop()


def compare_file(name, runs, pool):
    """One file in all modes; how many of them differ."""
    outputs = dict(zip(runs, pool.map(lambda run: run.output(name), runs.values())))
    direct, again = outputs["direct"], outputs["direct-again"]
    count = 0
    for way, through in outputs.items():
        if way.startswith("direct"):
            continue
        found = (breaks(direct, through) if way in CHANGING
                 else differences(direct, again, through))
        if found:
            count += name not in KNOWN
            print(f"== {name}, {way}: {len(found)} differences {KNOWN.get(name, '')}")
        for start, end, lines in found:
            print(f"@@ line {start + 1}, behind: {' / '.join(direct[max(0, start - 3):start])}")
            print("\n".join([f"-{line}" for line in direct[start:end]]
                            + [f"+{line}" for line in lines]), flush=True)
    told = "NOT the same" if count else "as known" if name in KNOWN else "the same"
    print(f"{name}: {len(direct)} lines, {told}", flush=True)
    return count


def compare_limited(name, runs, pool):
    """As [`compare_file`], with what may be missing from results; and what the tables hold."""
    def output(run):
        return run.output(name), run.state()

    outputs = dict(zip(runs, pool.map(output, runs.values())))
    (direct, state), (again, state_again) = outputs.pop("direct"), outputs.pop("direct-again")
    count, known = 0, {**KNOWN, **limited.KNOWN}
    for way, (through, left) in outputs.items():
        found = limited.differences((direct, again, through), runs[way].suite.limit)
        found += [f"left otherwise: {line}" for line in sorted(set(state) & set(state_again) - set(left))]
        count += bool(found) and name not in known
        for difference in found:
            print(f"== {name}, {way} {known.get(name, '')}: {difference}", flush=True)
    told = "NOT as it should be" if count else "as known" if name in known else "the first rows"
    print(f"{name}: {len(direct)} lines, {told}", flush=True)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sql", type=pathlib.Path, help="folder of the files; fetched otherwise")
    parser.add_argument("--pgbin", type=pathlib.Path, help="folder of psql, initdb and pg_ctl")
    parser.add_argument("--pgparley", type=pathlib.Path, default=ROOT / "target/debug/pgparley")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--out", type=pathlib.Path, help="folder to keep every output in")
    parser.add_argument("--limit", type=int, help="the row limit to hold all results to")
    parser.add_argument("--extended", action="store_true",
                        help="afterwards each statement by Parse, Bind and Execute, too")
    parser.add_argument("--timeout", type=float, default=300, help="seconds a file may take")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*", help="names without .sql; all otherwise")
    arguments = parser.parse_args()
    if arguments.pgbin is None:
        folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"),
                         key=lambda path: int(path.parent.name))
        arguments.pgbin = folders[-1] if folders else pathlib.Path(shutil.which("psql")).parent
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pgparley-regress-"))
    directory.chmod(0o755)
    arguments.out = arguments.out or directory / "out"
    try:
        arguments.sql = arguments.sql or found_sql(directory / "package")
        differing = compare(arguments, directory)
        if arguments.extended and not arguments.limit:
            differing += extended(arguments)
        sys.exit(1 if differing else 0)
    except SuiteError as error:
        sys.exit(f"suite.py: {error}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
