"""The checks of what a session keeps from one transaction to the next, for every driver alike.

A driver is an object with `connect(**startup)`, which takes `application` and `options`, and with
`close`, `execute`, `value`, `state` and `transaction`, each of which takes a connection first.
"""

import contextlib

import shared


class State:
    def __init__(self, driver):
        self.driver = driver
        self.execute, self.value, self.state = driver.execute, driver.value, driver.state

    def checks(self):
        names = ("settings", "startup", "temp_table", "advisory_lock", "sql_prepare")
        return {name: getattr(self, name) for name in names}

    @contextlib.contextmanager
    def two(self, first=None, second=None):
        with contextlib.ExitStack() as stack:
            opened = []
            for startup in (first, second):
                opened.append(self.driver.connect(**(startup or {})))
                stack.callback(self.driver.close, opened[-1])
            yield opened

    def crossing(self, a, b, query):
        """Asks both the same while one of them, and then the other, stays in a transaction."""
        seen = []
        for held, other in ((a, b), (b, a)):
            with self.driver.transaction(held):
                seen += [self.value(connection, query) for connection in (held, other, held)]
        return seen

    def settings(self):
        seen = []

        def look():
            seen.extend(self.crossing(a, b, shared.SETTINGS))
            seen.extend(map(self.driver.reported, (a, b)))

        with self.two() as (a, b):
            self.execute(a, "SET TimeZone = 'Asia/Tokyo'; SET search_path = pg_catalog, public")
            self.execute(a, "SELECT set_config('application_name', 'first', false)")
            self.execute(b, "SET TimeZone TO 'America/Lima'")
            self.execute(b, "SET SESSION application_name = 'second'")
            look()
            with self.driver.transaction(a):
                self.execute(a, "SET LOCAL work_mem = '9MB'")
                self.execute(a, "SET TimeZone = 'Europe/Berlin'")
                seen.append(self.value(a, shared.SETTINGS))
            look()
            self.execute(a, "BEGIN")
            self.execute(a, "SET TimeZone = 'UTC'")
            self.execute(a, "ROLLBACK")
            look()
            with self.driver.transaction(a):
                self.execute(a, "SAVEPOINT s")
                self.execute(a, "SET application_name = 'undone'")
                self.execute(a, "ROLLBACK TO s")
                self.execute(a, "SET work_mem = '11MB'")
            look()
        return seen

    def startup(self):
        seen = []
        own = {"application": "started", "options": shared.OPTIONS}
        with self.two(own, {"application": "other"}) as (a, b):

            def look():
                seen.extend(self.crossing(a, b, shared.STARTED))

            look()
            for c in (a, b):
                self.execute(c, "SET application_name = 'changed'")
                self.execute(c, "SET statement_timeout = 11111")
                self.execute(c, "SET work_mem = '3MB'")
            look()
            for c in (a, b):
                self.execute(c, "RESET application_name")
                self.execute(c, "SET statement_timeout TO DEFAULT")
            look()
            self.execute(a, "RESET ALL")
            look()
            self.execute(b, "DISCARD ALL")
            look()
        return seen

    def temp_table(self):
        with self.two() as (a, b):
            for c, name in ((a, "a"), (b, "b")):
                self.execute(c, "CREATE TEMPORARY TABLE scratch (t text)")
                self.execute(c, f"INSERT INTO scratch VALUES ('{name}')")
            again = "INSERT INTO scratch SELECT max(t) FROM scratch RETURNING t"
            for run in range(5):
                self.crossing(a, b, again)
            return [self.value(c, "SELECT string_agg(t, '') FROM scratch") for c in (a, b)]

    def advisory_lock(self):
        take, give = "SELECT pg_try_advisory_lock(42)", "SELECT pg_advisory_unlock(42)"
        with self.two() as (a, b):
            self.execute(a, "SELECT pg_advisory_lock(42)")
            seen = []
            for held, other in ((a, b), (b, a)):
                with self.driver.transaction(held):
                    self.execute(held, "SELECT 1")
                    seen.append(self.value(b, take))
                    self.execute(other, "SELECT 1")
            for connection, query in ((a, give), (b, take), (a, take), (b, give)):
                seen.append(self.value(connection, query))
            return seen

    def sql_prepare(self):
        with self.two() as (a, b):
            self.execute(a, "PREPARE p (int) AS SELECT 'a' || $1")
            self.execute(b, "PREPARE p (int) AS SELECT 'b' || $1 * 2")
            seen = self.crossing(a, b, "EXECUTE p (1)")
            seen.append(self.state(a, "PREPARE p AS SELECT 1"))
            self.execute(a, "DEALLOCATE p")
            seen += [self.state(a, "EXECUTE p (3)"), self.value(b, "EXECUTE p (3)")]
            self.execute(a, "PREPARE p AS SELECT 'again'")
            seen.append(self.value(a, "EXECUTE p"))
            self.execute(b, "DEALLOCATE ALL")
            return [*seen, self.state(b, "EXECUTE p (4)"), self.value(a, "EXECUTE p")]
