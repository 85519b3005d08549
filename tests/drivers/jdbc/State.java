import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;

/** The shared checks by pgjdbc: what a session keeps from one transaction to the next. */
final class State {
    private State() {}

    private static List<Object> look(Connection a, Connection b, String query) throws Exception {
        return Shared.crossing(a, b, connection -> Shared.value(connection, query));
    }

    static Object settings() throws Exception {
        try (Connection a = Shared.connect();
                Connection b = Shared.connect()) {
            Shared.execute(a, "SET TimeZone = 'Asia/Tokyo'; SET search_path = pg_catalog, public");
            a.setClientInfo("ApplicationName", "first");
            Shared.execute(b, "SET TimeZone TO 'America/Lima'");
            Shared.execute(b, "SET SESSION application_name = 'second'");
            List<Object> seen = look(a, b, Shared.SETTINGS);
            a.setAutoCommit(false);
            Shared.execute(a, "SET LOCAL work_mem = '9MB'", "SET TimeZone = 'Europe/Berlin'");
            seen.add(Shared.value(a, Shared.SETTINGS));
            a.commit();
            a.setAutoCommit(true);
            seen.addAll(look(a, b, Shared.SETTINGS));
            a.setAutoCommit(false);
            Shared.execute(a, "SET TimeZone = 'UTC'");
            a.rollback();
            a.setAutoCommit(true);
            seen.addAll(look(a, b, Shared.SETTINGS));
            a.setAutoCommit(false);
            Shared.execute(a, "SAVEPOINT s", "SET application_name = 'undone'", "ROLLBACK TO s");
            Shared.execute(a, "SET work_mem = '11MB'");
            a.commit();
            a.setAutoCommit(true);
            seen.addAll(look(a, b, Shared.SETTINGS));
            a.setSchema("pg_catalog");
            seen.addAll(look(a, b, Shared.SETTINGS));
            return seen;
        }
    }

    static Object startup() throws Exception {
        try (Connection a =
                        Shared.connect("ApplicationName", "started", "options", Shared.OPTIONS);
                Connection b = Shared.connect("ApplicationName", "other")) {
            List<Object> seen = look(a, b, Shared.STARTED);
            for (Connection c : List.of(a, b)) {
                Shared.execute(c, "SET application_name = 'changed'");
                Shared.execute(c, "SET statement_timeout = 11111", "SET work_mem = '3MB'");
            }
            seen.addAll(look(a, b, Shared.STARTED));
            for (Connection c : List.of(a, b)) {
                Shared.execute(c, "RESET application_name", "SET statement_timeout TO DEFAULT");
            }
            seen.addAll(look(a, b, Shared.STARTED));
            Shared.execute(a, "RESET ALL");
            seen.addAll(look(a, b, Shared.STARTED));
            Shared.execute(b, "DISCARD ALL");
            seen.addAll(look(a, b, Shared.STARTED));
            return seen;
        }
    }

    static Object tempTable() throws Exception {
        try (Connection a = Shared.connect();
                Connection b = Shared.connect()) {
            for (Connection c : List.of(a, b)) {
                String name = c == a ? "a" : "b";
                Shared.execute(c, "CREATE TEMPORARY TABLE scratch (t text)");
                Shared.execute(c, "INSERT INTO scratch VALUES ('" + name + "')");
            }
            String again = "INSERT INTO scratch SELECT max(t) FROM scratch RETURNING t";
            List<Object> seen = new ArrayList<>();
            for (int run = 0; run < 5; run++) {
                seen.addAll(look(a, b, again));
            }
            seen.add(Shared.value(a, "SELECT string_agg(t, '') FROM scratch"));
            seen.add(Shared.value(b, "SELECT string_agg(t, '') FROM scratch"));
            return seen;
        }
    }

    static Object advisoryLock() throws Exception {
        String take = "SELECT pg_try_advisory_lock(42)";
        String give = "SELECT pg_advisory_unlock(42)";
        try (Connection a = Shared.connect();
                Connection b = Shared.connect()) {
            Shared.execute(a, "SELECT pg_advisory_lock(42)");
            List<Object> seen =
                    Shared.crossing(a, b, c -> Shared.value(c, c == b ? take : "SELECT 1"));
            seen.add(Shared.value(a, give));
            seen.add(Shared.value(b, take));
            seen.add(Shared.value(a, take));
            seen.add(Shared.value(b, give));
            return seen;
        }
    }

    static Object sqlPrepare() throws Exception {
        try (Connection a = Shared.connect();
                Connection b = Shared.connect()) {
            Shared.execute(a, "PREPARE p (int) AS SELECT 'a' || $1");
            Shared.execute(b, "PREPARE p (int) AS SELECT 'b' || $1 * 2");
            List<Object> seen = look(a, b, "EXECUTE p (1)");
            seen.add(Shared.state(a, "PREPARE p AS SELECT 1"));
            Shared.execute(a, "DEALLOCATE p");
            seen.add(Shared.state(a, "EXECUTE p (3)"));
            seen.add(Shared.value(b, "EXECUTE p (3)"));
            Shared.execute(a, "PREPARE p AS SELECT 'again'");
            seen.add(Shared.value(a, "EXECUTE p"));
            Shared.execute(b, "DEALLOCATE ALL");
            seen.add(Shared.state(b, "EXECUTE p (4)"));
            seen.add(Shared.value(a, "EXECUTE p"));
            return seen;
        }
    }
}
