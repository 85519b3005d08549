import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;

/** The shared checks by pgjdbc: much at once, and what comes without being asked for. */
final class Flows {
    private static final int PATIENCE = 30_000;

    private Flows() {}

    static Object copyIn() throws Exception {
        List<Object> seen = new ArrayList<>();
        try (Connection a = Shared.connect()) {
            Shared.execute(a, "CREATE TABLE loaded (n integer, t text)");
            CopyManager copies = a.unwrap(PGConnection.class).getCopyAPI();
            String copy = "COPY loaded FROM STDIN";
            seen.add(copies.copyIn(copy, new StringReader(Shared.lines())));
            String sum = "SELECT count(*), sum(n), md5(string_agg(t, ',' ORDER BY n)) FROM loaded";
            seen.add(Shared.row(a, sum));
            try {
                copies.copyIn(copy, new StringReader("no number\tx\n"));
            } catch (SQLException error) {
                seen.add(error.getSQLState());
            }
            try {
                copies.copyIn(copy, new GivenUp());
            } catch (IOException error) {
                seen.add(error.getMessage());
            }
            seen.add(Shared.row(a, "SELECT count(*) FROM loaded"));
        }
        return seen;
    }

    /** A line, and then no more. */
    private static final class GivenUp extends InputStream {
        private final byte[] line = "1\tx\n".getBytes(StandardCharsets.UTF_8);
        private int read;

        @Override
        public int read() throws IOException {
            if (read == line.length) {
                throw new IOException("given up");
            }
            return line[read++];
        }
    }

    static Object copyOut() throws Exception {
        List<Object> seen = new ArrayList<>();
        try (Connection a = Shared.connect()) {
            Shared.execute(a, "CREATE TABLE stored AS SELECT n, repeat('payload ', 12) || n AS t"
                    + " FROM generate_series(1, " + Shared.ROWS + ") n");
            CopyManager copies = a.unwrap(PGConnection.class).getCopyAPI();
            for (String options : List.of("", " (FORMAT binary)")) {
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                seen.add(copies.copyOut("COPY stored TO STDOUT" + options, out));
                seen.add(Shared.digest(out.toByteArray()));
            }
            seen.add(Shared.row(a, "SELECT 1"));
        }
        return seen;
    }

    /** A batch goes out as one pipeline: one Sync in a transaction, by chunks without. */
    static Object pipelineError() throws Exception {
        List<Object> seen = new ArrayList<>();
        for (String rewrite : List.of("false", "true")) {
            seen.addAll(batches("reWriteBatchedInserts", rewrite));
        }
        return seen;
    }

    private static List<Object> batches(String... properties) throws Exception {
        List<Object> seen = new ArrayList<>();
        try (Connection a = Shared.connect(properties)) {
            Shared.execute(a, "DROP TABLE IF EXISTS piped");
            Shared.execute(a, "CREATE TABLE piped (n integer PRIMARY KEY, t text)");
            for (boolean autocommit : new boolean[] {true, false}) {
                a.setAutoCommit(autocommit);
                try (PreparedStatement insert =
                        a.prepareStatement("INSERT INTO piped VALUES (?, ?)")) {
                    for (int n = 0; n < 2000; n++) {
                        insert.setInt(1, n == 1500 ? 3 : n);
                        insert.setString(2, "x".repeat(200));
                        insert.addBatch();
                    }
                    insert.executeBatch();
                } catch (BatchUpdateException error) {
                    int[] counts = error.getUpdateCounts();
                    seen.add(error.getSQLState());
                    seen.add(counts.length);
                    seen.add(Arrays.stream(counts).filter(count -> count == 1).count());
                }
                if (!autocommit) {
                    seen.add(Shared.state(a, "SELECT 1"));
                    a.rollback();
                }
                seen.add(Shared.row(a, "SELECT count(*), sum(n) FROM piped"));
                Shared.execute(a, "TRUNCATE piped");
            }
            a.commit();
            a.setAutoCommit(true);
            // Several statements in one text, which the driver takes apart.
            try (Statement several = a.createStatement()) {
                several.execute("INSERT INTO piped VALUES (1); SELECT 2; SELECT 1 / 0; SELECT 3");
            } catch (SQLException error) {
                seen.add(error.getSQLState());
            }
            seen.add(Shared.row(a, "SELECT count(*) FROM piped"));
        }
        return seen;
    }

    static Object cancel() throws Exception {
        List<Object> seen = new ArrayList<>();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Connection a = Shared.connect();
                Connection b = Shared.connect();
                Statement sleep = a.createStatement()) {
            Future<String> sleeping =
                    thread.submit(
                            () -> {
                                try {
                                    sleep.execute("SELECT pg_sleep(600)");
                                    return "it slept";
                                } catch (SQLException error) {
                                    return error.getSQLState() + " " + error.getMessage();
                                }
                            });
            while (!Shared.row(b, Shared.SLEEPERS).equals("1")) {
                Thread.onSpinWait();
            }
            sleep.cancel();
            seen.add(sleeping.get());
            seen.add(Shared.row(a, "SELECT 1"));
        } finally {
            thread.shutdown();
        }
        return seen;
    }

    static Object listenNotify() throws Exception {
        List<Object> seen = new ArrayList<>();
        try (Connection a = Shared.connect();
                Connection b = Shared.connect()) {
            Shared.execute(a, "LISTEN news", "NOTIFY news, 'own'");
            seen.add(heard(a));
            b.setAutoCommit(false);
            Shared.row(b, "SELECT pg_notify('news', 'from another')");
            a.setAutoCommit(false);
            Shared.execute(a, "SELECT 1");
            a.commit();
            a.setAutoCommit(true);
            b.commit();
            b.setAutoCommit(true);
            seen.add(heard(a));
            Shared.execute(a, "UNLISTEN news");
            Shared.execute(b, "NOTIFY news, 'not heard'");
            Shared.execute(a, "LISTEN other", "NOTIFY other, 'last'");
            seen.add(heard(a));
        }
        return seen;
    }

    private static String heard(Connection connection) throws SQLException {
        PGNotification[] all =
                connection.unwrap(PGConnection.class).getNotifications(PATIENCE);
        List<String> shown = new ArrayList<>();
        for (PGNotification one : all == null ? new PGNotification[0] : all) {
            shown.add(one.getName() + " " + one.getParameter());
        }
        return shown.toString();
    }

    static Object bigValue() throws Exception {
        String text = Shared.big();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        String query = "SELECT ?::text, length(?::text), ?::bytea";
        try (Connection a = Shared.connect("prepareThreshold", "-1");
                PreparedStatement statement = a.prepareStatement(query)) {
            statement.setString(1, text);
            statement.setString(2, text);
            statement.setBytes(3, bytes);
            ResultSet rows = statement.executeQuery();
            rows.next();
            boolean same = rows.getString(1).equals(text) && Arrays.equals(rows.getBytes(3), bytes);
            return List.of(Shared.digest(rows.getString(1)), rows.getInt(2), same);
        }
    }

    static Object fiftyAtOnce() throws Exception {
        CountDownLatch ready = new CountDownLatch(50);
        ExecutorService threads = Executors.newFixedThreadPool(50);
        try (Connection first = Shared.connect()) {
            Shared.execute(first, "CREATE TABLE written (who integer, n integer)");
            List<Callable<Boolean>> tasks = new ArrayList<>();
            for (int task = 0; task < 50; task++) {
                int number = task;
                tasks.add(() -> oneOfFifty(number, ready));
            }
            int right = 0;
            for (Future<Boolean> done : threads.invokeAll(tasks)) {
                right += done.get() ? 1 : 0;
            }
            String written = "SELECT count(*), count(DISTINCT (who, n)), sum(n) FROM written";
            return List.of(right, Shared.row(first, written));
        } finally {
            threads.shutdown();
        }
    }

    private static boolean oneOfFifty(int number, CountDownLatch ready) throws Exception {
        boolean right = true;
        try (Connection own = Shared.connect();
                PreparedStatement select = own.prepareStatement("SELECT ?::int4 * 1000 + ?");
                PreparedStatement insert =
                        own.prepareStatement("INSERT INTO written VALUES (?, ?)")) {
            ready.countDown();
            ready.await();
            own.setAutoCommit(false);
            for (int n = 0; n < 20; n++) {
                select.setInt(1, number);
                select.setInt(2, n);
                ResultSet rows = select.executeQuery();
                rows.next();
                right &= rows.getInt(1) == number * 1000 + n;
                insert.setInt(1, number);
                insert.setInt(2, n);
                insert.executeUpdate();
                own.commit();
            }
        }
        return right;
    }
}
