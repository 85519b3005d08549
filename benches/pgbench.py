#!/usr/bin/env python3
"""CPU per transaction of pgparley beside pgbouncer and a direct connection.

Starts a throwaway PostgreSQL, pgbouncer and pgparley (transaction pooling on both, a row limit on
pgparley), runs pgbench -S through each in interleaved rounds, prints every round, then median and
spread. Client, proxy and server share the machine's cores: trust the ratio, not the tps.
"""

import argparse
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TARGETS = ("direct", "pgbouncer", "pgparley")
AIM = 1.05
ROOT = pathlib.Path(__file__).resolve().parent.parent


class BenchError(Exception):
    """Says why there is nothing to report."""


class Machine:
    """Processes and files that are gone when the bench ends, whatever ends it."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pgparley-bench-"))
        self.processes = []
        # PostgreSQL and pgbouncer refuse to run as root.
        self.user = None
        if os.geteuid() == 0:
            account = next(a for a in pwd.getpwall() if a.pw_name in ("postgres", "nobody"))
            self.user = account.pw_name
            os.chown(self.directory, account.pw_uid, account.pw_gid)
            self.directory.chmod(0o755)

    def start(self, command, port, log, **options):
        """A server on `port`, with its output in the file `log`; its process when it listens."""
        setpriv = shutil.which("setpriv")
        if setpriv:
            # A bench that is killed outright leaves nothing running either.
            command = [setpriv, "--pdeathsig", "KILL", "--", *command]
        path = self.directory / log
        with path.open("wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, **options)
        self.processes.append(process)
        deadline = time.monotonic() + 30
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{log} did not start:\n{path.read_text()[-2000:]}")
            time.sleep(0.05)
        return process

    def stop(self):
        """Ends everything, last started first."""
        for process in reversed(self.processes):
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def listens(port):
    """True if something accepts connections on `port`."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name, *more):
    """The path of a program, also looked for in `more` directories."""
    path = shutil.which(name, path=os.pathsep.join([*more, os.environ.get("PATH", ""), "/usr/sbin"]))
    if not path:
        raise BenchError(f"{name} is not installed: scripts/install.sh bench")
    return path


def postgres_directory():
    """The newest PostgreSQL's programs on Debian; elsewhere PATH has them."""
    found = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
    return str(max(found, key=lambda path: float(path.parent.name), default=""))


def start_postgres(machine, options):
    """A PostgreSQL with pgbench's tables; its port."""
    home, port = postgres_directory(), free_port()
    data = machine.directory / "data"
    initdb = [program("initdb", home), "-D", data, "-A", "trust", "-U", "bench", "-N"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=machine.user,
                   cwd=machine.directory)
    settings = {"fsync": "off", "synchronous_commit": "off", "jit": "off", "shared_buffers": "256MB",
                "max_connections": 3 * max(options.clients) + 50, "listen_addresses": "127.0.0.1",
                "unix_socket_directories": machine.directory, "port": port}
    command = [program("postgres", home), "-D", data]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    postgres = machine.start(command, port, "postgres.log", user=machine.user, cwd=machine.directory)
    wait_until_ready(postgres, [program("pg_isready", home), "-q", "-h", "127.0.0.1", "-p", str(port)])
    url = f"host=127.0.0.1 port={port} user=bench dbname=postgres"
    fill = [program("pgbench", home), "-i", "-q", "-s", str(options.scale), url]
    done = subprocess.run(fill, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"pgbench -i failed:\n{done.stderr[-2000:]}")
    return port


def wait_until_ready(postgres, probe):
    """Returns when PostgreSQL takes queries, which is later than when its port listens."""
    deadline = time.monotonic() + 60
    while subprocess.run(probe).returncode:
        if postgres.poll() is not None or time.monotonic() > deadline:
            raise BenchError("PostgreSQL does not become ready")
        time.sleep(0.05)


def start_pgbouncer(machine, upstream, options):
    """Debian's pgbouncer in transaction mode; its process."""
    port = free_port()
    users = machine.directory / "users.txt"
    users.write_text('"bench" ""\n')
    config = machine.directory / "pgbouncer.ini"
    config.write_text(f"""[databases]
* = host=127.0.0.1 port={upstream}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = {options.pool_size}
max_client_conn = 1000
ignore_startup_parameters = extra_float_digits
""")
    command = [program("pgbouncer"), str(config)]
    return port, machine.start(command, port, "pgbouncer.log", user=machine.user)


def start_pgparley(machine, upstream, options):
    """pgparley with a row limit over everything; its port and process."""
    if not options.pgparley.exists():
        raise BenchError(f"{options.pgparley} is not there: cargo build --release")
    port = free_port()
    command = [options.pgparley, "serve", "--listen", f"127.0.0.1:{port}",
               "--upstream", f"postgres://127.0.0.1:{upstream}"]
    settings = {"server.http_listen": "off", "server.log": "warn", "policy.0.row_limit": 1000,
                "database.0.pool_size": options.pool_size}
    for name, value in settings.items():
        command += ["--set", f"{name}={value}"]
    return port, machine.start(command, port, "pgparley.log")


def cpu_us(process):
    """CPU time of all threads of `process` so far, in µs."""
    total = 0
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1000


def run_pgbench(port, clients, protocol, seconds):
    """Transactions done and per second; a failed one ends the bench."""
    command = [program("pgbench", postgres_directory()), "-n", "-S", "-M", protocol,
               "-c", str(clients), "-j", str(min(clients, os.cpu_count() or 1)), "-T", str(seconds),
               f"host=127.0.0.1 port={port} user=bench dbname=postgres"]
    done = subprocess.run(command, capture_output=True, text=True)
    count = re.search(r"actually processed: (\d+)", done.stdout)
    tps = re.search(r"tps = ([\d.]+)", done.stdout)
    failed = re.search(r"failed transactions: (\d+)", done.stdout)
    if done.returncode or not count or not tps or (failed and int(failed[1])):
        raise BenchError(f"pgbench failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return int(count[1]), float(tps[1])


def measure(targets, options):
    """Interleaved rounds: {(clients, protocol): {target: [CPU µs per transaction, …]}}."""
    cases = [(clients, protocol) for clients in options.clients for protocol in options.protocols]
    cpu = {case: {name: [] for name in targets} for case in cases}
    names = list(targets)
    print(f"{'round':>5} {'clients':>7} {'protocol':<9} {'target':<10} {'tps':>8} {'CPU µs/tx':>9}")
    for clients, protocol in cases:
        for port, _ in targets.values():
            run_pgbench(port, clients, protocol, 1)
        for number in range(options.rounds):
            # Who comes first rotates, so that a burst of noise falls on all alike.
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                port, process = targets[name]
                before = cpu_us(process) if process else 0
                done, tps = run_pgbench(port, clients, protocol, options.seconds)
                shown = "-"
                if process:
                    each = (cpu_us(process) - before) / done
                    cpu[clients, protocol][name].append(each)
                    shown = f"{each:.2f}"
                print(f"{number + 1:>5} {clients:>7} {protocol:<9} {name:<10} {tps:>8.0f} {shown:>9}",
                      flush=True)
    return cpu


def spread(values):
    """Median, then the lowest and the highest."""
    return f"{statistics.median(values):6.2f} ({min(values):.2f} to {max(values):.2f})"


def report(cpu):
    """Prints medians, spreads and the ratio of each case."""
    print("\nCPU µs per transaction: median (lowest to highest)")
    for (clients, protocol), of in cpu.items():
        for name, values in of.items():
            if values:
                print(f"{clients:>3} clients, {protocol:<9} {name:<10} {spread(values)}")
    both = [case for case in cpu if cpu[case].get("pgbouncer") and cpu[case].get("pgparley")]
    if both:
        print("\npgparley / pgbouncer, round by round: median (lowest to highest)")
    for case in both:
        of = cpu[case]
        ratios = [ours / theirs for ours, theirs in zip(of["pgparley"], of["pgbouncer"])]
        verdict = ""
        if case[0] == 32:
            verdict = f"  aim {AIM}: " + ("met" if statistics.median(ratios) <= AIM else "missed")
        print(f"{case[0]:>3} clients, {case[1]:<9} {spread(ratios)}{verdict}")


def parse_arguments():
    """The options, with --quick applied."""
    names = lambda text: text.split(",")
    numbers = lambda text: [int(part) for part in text.split(",")]
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each pgbench run")
    parser.add_argument("--quick", action="store_true", help="one round of 2 seconds")
    parser.add_argument("--clients", type=numbers, default=[2, 32, 200])
    parser.add_argument("--protocols", type=names, default=["simple", "extended"],
                        help="of simple, extended, prepared")
    parser.add_argument("--targets", type=names, default=list(TARGETS),
                        help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--pool-size", type=int, default=20, help="server connections of a proxy")
    parser.add_argument("--scale", type=int, default=10, help="of pgbench's tables")
    parser.add_argument("--pgparley", type=pathlib.Path, default=ROOT / "target/release/pgparley")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 2
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"unknown target {', '.join(unknown)}")
    if min(options.rounds, options.seconds, *options.clients) < 1:
        parser.error("--rounds, --seconds and --clients are at least 1")
    return options


def main():
    options = parse_arguments()
    # A polite end runs the clean-up; an exception does it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine = Machine()
    try:
        upstream = start_postgres(machine, options)
        start = {"direct": lambda: (upstream, None),
                 "pgbouncer": lambda: start_pgbouncer(machine, upstream, options),
                 "pgparley": lambda: start_pgparley(machine, upstream, options)}
        targets = {name: start[name]() for name in options.targets}
        report(measure(targets, options))
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        machine.stop()


if __name__ == "__main__":
    main()
