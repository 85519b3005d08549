"""Servers of the benches: started on free ports, gone when the bench ends, whatever ends it."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

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


def start_postgres(machine, settings, superuser="bench"):
    """An empty PostgreSQL with these settings, in which `superuser` may do everything; its port."""
    home, port = postgres_directory(), free_port()
    data = machine.directory / "data"
    initdb = [program("initdb", home), "-D", data, "-A", "trust", "-U", superuser, "-N"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=machine.user,
                   cwd=machine.directory)
    settings = {"fsync": "off", "synchronous_commit": "off", "jit": "off", "shared_buffers": "256MB",
                "listen_addresses": "127.0.0.1", "unix_socket_directories": machine.directory,
                "port": port, **settings}
    command = [program("postgres", home), "-D", data]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    postgres = machine.start(command, port, "postgres.log", user=machine.user, cwd=machine.directory)
    wait_until_ready(postgres, [program("pg_isready", home), "-q", "-h", "127.0.0.1", "-p", str(port)])
    return port


def wait_until_ready(postgres, probe):
    """Returns when PostgreSQL takes queries, which is later than when its port listens."""
    deadline = time.monotonic() + 60
    while subprocess.run(probe).returncode:
        if postgres.poll() is not None or time.monotonic() > deadline:
            raise BenchError("PostgreSQL does not become ready")
        time.sleep(0.05)
