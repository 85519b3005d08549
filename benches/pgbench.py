#!/usr/bin/env python3
"""CPU per transaction of pgparley beside pgbouncer and a direct connection.

Starts a throwaway PostgreSQL, pgbouncer and pgparley (transaction pooling on both, one pgparley for
each policy and number of workers asked for), runs pgbench -S through each in interleaved rounds,
prints every round, then median and spread. Client, proxy and server share the machine's cores: trust
the ratio, not the tps.

Debian's pgbouncer takes no prepared statements in transaction mode: beside the protocol "prepared" it
runs "simple".
"""

import argparse
import contextlib
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys

from throwaway import ROOT, BenchError, Machine, free_port, postgres_directory, program, start_postgres

TARGETS = ("direct", "pgbouncer", "pgparley")
POLICIES = {"none": {}, "limit": {"policy.0.row_limit": 1000},
            "both": {"policy.0.row_limit": 1000, "policy.0.read_only": "true"}}
# pgparley / pgbouncer, by clients; and of one connection for each transaction.
AIMS = {2: 1.15, 32: 1.05, 200: 1.05}
CONNECT_AIM = 1.1


def fill_postgres(machine, options):
    """A PostgreSQL with pgbench's tables; its port."""
    port = start_postgres(machine, {"max_connections": 3 * max(options.clients) + 50})
    url = f"host=127.0.0.1 port={port} user=bench dbname=postgres"
    fill = [program("pgbench", postgres_directory()), "-i", "-q", "-s", str(options.scale), url]
    done = subprocess.run(fill, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"pgbench -i failed:\n{done.stderr[-2000:]}")
    return port


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


def start_pgparley(machine, upstream, options, policy, workers):
    """pgparley with a policy over everything; its port and process."""
    if not options.pgparley.exists():
        raise BenchError(f"{options.pgparley} is not there: cargo build --release")
    port = free_port()
    command = [options.pgparley, "serve", "--listen", f"127.0.0.1:{port}",
               "--upstream", f"postgres://127.0.0.1:{upstream}"]
    settings = {"server.http_listen": "off", "server.log": "warn", "server.workers": workers,
                "database.0.pool_size": options.pool_size, **POLICIES[policy]}
    for name, value in settings.items():
        command += ["--set", f"{name}={value}"]
    return port, machine.start(command, port, f"pgparley-{policy}-{workers}.log")


def cpu_us(process):
    """CPU time of each thread of `process` so far, in µs, by its number and name."""
    times = {}
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            name = (task / "comm").read_text().strip()
            times[task.name, name] = int((task / "schedstat").read_text().split()[0]) / 1000
    return times


def spent(before, after):
    """CPU time between two readings: of all threads, and the busiest worker's share of the workers'."""
    each = {thread: time - before.get(thread, 0) for thread, time in after.items()}
    workers = [time for (_, name), time in each.items() if name.startswith("worker")]
    share = max(workers) / sum(workers) if sum(workers) else None
    return sum(each.values()), share


def run_pgbench(port, clients, protocol, seconds, options):
    """Transactions done and per second; a failed one ends the bench."""
    command = [program("pgbench", postgres_directory()), "-n", "-S", "-M", protocol,
               "-c", str(clients), "-j", str(min(clients, os.cpu_count() or 1)), "-T", str(seconds),
               *(["-C"] if options.connect else []),
               f"host=127.0.0.1 port={port} user=bench dbname=postgres"]
    done = subprocess.run(command, capture_output=True, text=True)
    count = re.search(r"actually processed: (\d+)", done.stdout)
    tps = re.search(r"tps = ([\d.]+)", done.stdout)
    failed = re.search(r"failed transactions: (\d+)", done.stdout)
    if done.returncode or not count or not tps or (failed and int(failed[1])):
        raise BenchError(f"pgbench failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return int(count[1]), float(tps[1])


def measure(targets, options):
    """Interleaved rounds: {(clients, protocol): {target: [CPU µs per transaction, …]}}, and the share
    of its busiest worker for each target."""
    cases = [(clients, protocol) for clients in options.clients for protocol in options.protocols]
    cpu = {case: {name: [] for name in targets} for case in cases}
    shares = {name: [] for name in targets}
    names = list(targets)
    print(f"{'round':>5} {'clients':>7} {'protocol':<9} {'target':<16} {'tps':>8} {'CPU µs/tx':>9}")
    for clients, protocol in cases:
        speaks = {name: "simple" if (name, protocol) == ("pgbouncer", "prepared") else protocol
                  for name in names}
        for name, (port, _) in targets.items():
            run_pgbench(port, clients, speaks[name], 1, options)
        for number in range(options.rounds):
            # Who comes first rotates, so that a burst of noise falls on all alike.
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                port, process = targets[name]
                before = cpu_us(process) if process else {}
                done, tps = run_pgbench(port, clients, speaks[name], options.seconds, options)
                shown = "-"
                if process:
                    total, share = spent(before, cpu_us(process))
                    cpu[clients, protocol][name].append(total / done)
                    shown = f"{total / done:.2f}"
                    if share and share < 1:
                        shares[name].append(share)
                print(f"{number + 1:>5} {clients:>7} {speaks[name]:<9} {name:<16} {tps:>8.0f} {shown:>9}",
                      flush=True)
    return cpu, shares


def spread(values):
    """Median, then the lowest and the highest."""
    return f"{statistics.median(values):6.2f} ({min(values):.2f} to {max(values):.2f})"


def report(cpu, shares, options):
    """Prints medians, spreads, the ratios of each case and how workers share the work."""
    print("\nCPU µs per transaction: median (lowest to highest)")
    for (clients, protocol), of in cpu.items():
        for name, values in of.items():
            if values:
                print(f"{clients:>3} clients, {protocol:<9} {name:<16} {spread(values)}")
    print("\npgparley / pgbouncer, round by round: median (lowest to highest)")
    for (clients, protocol), of in cpu.items():
        theirs = of.get("pgbouncer")
        for name in of if theirs else []:
            if name == "pgbouncer" or not of[name]:
                continue
            ratios = [our / their for our, their in zip(of[name], theirs)]
            aim = CONNECT_AIM if options.connect else AIMS.get(clients)
            verdict = ""
            if aim:
                verdict = f"  aim {aim}: " + ("met" if statistics.median(ratios) <= aim else "missed")
            print(f"{clients:>3} clients, {protocol:<9} {name:<16} {spread(ratios)}{verdict}")
    if any(shares.values()):
        print("\nthe busiest worker's share of the workers' CPU: median (lowest to highest)")
    for name, values in shares.items():
        if values:
            print(f"{name:<16} {spread(values)}")


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
    parser.add_argument("--policies", type=names, default=["limit"],
                        help=f"of pgparley: of {', '.join(POLICIES)}")
    parser.add_argument("--workers", type=numbers, default=[0],
                        help="of pgparley; 0 is one for each core")
    parser.add_argument("--connect", action="store_true", help="a connection for each transaction")
    parser.add_argument("--pool-size", type=int, default=20, help="server connections of a proxy")
    parser.add_argument("--scale", type=int, default=10, help="of pgbench's tables")
    parser.add_argument("--pgparley", type=pathlib.Path, default=ROOT / "target/release/pgparley")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 2
    unknown = set(options.targets) - set(TARGETS) | set(options.policies) - set(POLICIES)
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    if min(options.rounds, options.seconds, *options.clients) < 1:
        parser.error("--rounds, --seconds and --clients are at least 1")
    return options


def main():
    options = parse_arguments()
    # A polite end runs the clean-up; an exception does it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine = Machine()
    try:
        upstream = fill_postgres(machine, options)
        targets = {}
        if "direct" in options.targets:
            targets["direct"] = upstream, None
        if "pgbouncer" in options.targets:
            targets["pgbouncer"] = start_pgbouncer(machine, upstream, options)
        variants = [(policy, workers) for policy in options.policies for workers in options.workers]
        for policy, workers in variants if "pgparley" in options.targets else []:
            # By what tells it from the others.
            name = "pgparley" + f" {policy}" * (len(options.policies) > 1)
            name += f" {workers}" * (len(options.workers) > 1)
            targets[name] = start_pgparley(machine, upstream, options, policy, workers)
        report(*measure(targets, options), options)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        machine.stop()


if __name__ == "__main__":
    main()
