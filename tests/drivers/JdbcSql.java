import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** pgjdbc through pgparley with plain SQL: everything is as directly. Argument: a URL. */
public final class JdbcSql {
    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection(args[0])) {
            types(connection);
            preparedStatements(connection);
            batches(connection);
            transactions(connection);
            fetchSize(connection);
            maxRows(connection);
            metaData(connection);
            copies(connection);
            notices(connection);
            cancels(connection);
        }
        twentyAtOnce(args[0]);
    }

    private static void types(Connection connection) throws SQLException {
        String sql = "SELECT ?::int4, ?::int8, ?::numeric, ?::float8, ?::bool, ?::text, ?::bytea,"
                + " ?::date, ?::timestamptz, ?::uuid, ?::int4[], NULL";
        byte[] bytes = new byte[256];
        for (int n = 0; n < bytes.length; n++) {
            bytes[n] = (byte) n;
        }
        BigDecimal number = new BigDecimal("12345678901234567890.123456789");
        LocalDate date = LocalDate.of(1999, 12, 31);
        OffsetDateTime time = OffsetDateTime.of(2026, 2, 28, 23, 59, 59, 0, ZoneOffset.UTC);
        UUID uuid = new UUID(1, 2);
        String text = "grüße, 世界 'quoted' \"too\"";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            // From the fifth run on it is a named statement with binary results.
            for (int run = 0; run < 8; run++) {
                statement.setInt(1, Integer.MAX_VALUE);
                statement.setLong(2, Long.MIN_VALUE);
                statement.setBigDecimal(3, number);
                statement.setDouble(4, 0.1);
                statement.setBoolean(5, true);
                statement.setString(6, text);
                statement.setBytes(7, bytes);
                statement.setObject(8, date);
                statement.setObject(9, time);
                statement.setObject(10, uuid);
                Array array = connection.createArrayOf("int4", new Integer[] {1, null, 3});
                statement.setArray(11, array);
                ResultSet row = statement.executeQuery();
                row.next();
                equal(row.getInt(1), Integer.MAX_VALUE);
                equal(row.getLong(2), Long.MIN_VALUE);
                equal(row.getBigDecimal(3), number);
                equal(row.getDouble(4), 0.1);
                equal(row.getBoolean(5), true);
                equal(row.getString(6), text);
                equal(Arrays.equals(row.getBytes(7), bytes), true);
                equal(row.getObject(8, LocalDate.class), date);
                equal(row.getObject(9, OffsetDateTime.class).toInstant(), time.toInstant());
                equal(row.getObject(10), uuid);
                equal(Arrays.asList((Object[]) row.getArray(11).getArray()), Arrays.asList(1, null, 3));
                equal(row.getObject(12) == null, true);
            }
        }
        System.out.println("ok types");
    }

    private static void preparedStatements(Connection connection) throws SQLException {
        // More texts than the driver keeps, so that it closes the oldest.
        for (int text = 0; text < 300; text++) {
            try (PreparedStatement statement = connection.prepareStatement("SELECT " + text + " + ?")) {
                for (int run = 0; run < 6; run++) {
                    statement.setInt(1, run);
                    equal(single(statement.executeQuery()), String.valueOf(text + run));
                }
            }
        }
        System.out.println("ok preparedStatements");
    }

    private static void batches(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE batched (n integer PRIMARY KEY, t text)");
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO batched VALUES (?, ?)")) {
            for (int n = 0; n < 5000; n++) {
                insert.setInt(1, n);
                insert.setString(2, "x".repeat(100));
                insert.addBatch();
            }
            equal(insert.executeBatch().length, 5000);
            insert.setInt(1, 1);
            insert.setString(2, "twice");
            insert.addBatch();
            try {
                insert.executeBatch();
                throw new AssertionError("a second 1 was taken");
            } catch (SQLException error) {
                equal(error.getSQLState(), "23505");
            }
        }
        try (Statement statement = connection.createStatement()) {
            equal(single(statement.executeQuery("SELECT count(*) FROM batched")), "5000");
        }
        System.out.println("ok batches");
    }

    private static void transactions(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE kept (n integer PRIMARY KEY)");
            statement.execute("INSERT INTO kept VALUES (1)");
            Savepoint savepoint = connection.setSavepoint("a");
            try {
                statement.execute("INSERT INTO kept VALUES (1)");
                throw new AssertionError("a second 1 was taken");
            } catch (SQLException error) {
                equal(error.getSQLState(), "23505");
            }
            connection.rollback(savepoint);
            statement.execute("INSERT INTO kept VALUES (2)");
            connection.commit();
            statement.execute("INSERT INTO kept VALUES (3)");
            connection.rollback();
            equal(single(statement.executeQuery("SELECT sum(n) FROM kept")), "3");
            connection.commit();
        }
        connection.setAutoCommit(true);
        System.out.println("ok transactions");
    }

    private static void fetchSize(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement();
                Statement other = connection.createStatement()) {
            statement.setFetchSize(100);
            ResultSet rows = statement.executeQuery("SELECT n FROM generate_series(1, 10000) n");
            long sum = 0;
            while (rows.next()) {
                sum += rows.getLong(1);
                if (rows.getRow() % 1000 == 0) {
                    // The portal stays open while others come and go.
                    equal(single(other.executeQuery("SELECT 7")), "7");
                }
            }
            equal(sum, 50005000L);
        }
        connection.commit();
        connection.setAutoCommit(true);
        System.out.println("ok fetchSize");
    }

    private static void maxRows(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setMaxRows(7);
            ResultSet rows = statement.executeQuery("SELECT n FROM generate_series(1, 100) n");
            int count = 0;
            while (rows.next()) {
                count++;
            }
            equal(count, 7);
        }
        System.out.println("ok maxRows");
    }

    private static void metaData(Connection connection) throws SQLException {
        DatabaseMetaData metaData = connection.getMetaData();
        List<String> columns = new ArrayList<>();
        try (ResultSet rows = metaData.getColumns(null, "pg_catalog", "pg_am", "am%")) {
            while (rows.next()) {
                columns.add(rows.getString("COLUMN_NAME"));
            }
        }
        equal(columns, List.of("amname", "amhandler", "amtype"));
        try (PreparedStatement statement = connection.prepareStatement("SELECT ?::int4 AS n, now()")) {
            equal(statement.getMetaData().getColumnName(1), "n");
            equal(statement.getMetaData().getColumnTypeName(2), "timestamptz");
            equal(statement.getParameterMetaData().getParameterTypeName(1), "int4");
        }
        System.out.println("ok metaData");
    }

    private static void copies(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE loaded (n integer, t text)");
        }
        CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
        StringBuilder lines = new StringBuilder();
        for (int n = 0; n < 20000; n++) {
            lines.append(n).append("\tline ").append(n).append('\n');
        }
        equal(copies.copyIn("COPY loaded FROM STDIN", new StringReader(lines.toString())), 20000L);
        StringWriter out = new StringWriter();
        equal(copies.copyOut("COPY (SELECT * FROM loaded ORDER BY n) TO STDOUT", out), 20000L);
        equal(out.toString().equals(lines.toString()), true);
        try {
            copies.copyIn("COPY loaded FROM STDIN", new StringReader("no number\tx\n"));
            throw new AssertionError("a line that does not fit was taken");
        } catch (SQLException error) {
            equal(error.getSQLState(), "22P02");
        }
        System.out.println("ok copies");
    }

    private static void notices(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DO $$ BEGIN RAISE NOTICE 'said'; END $$");
            equal(statement.getWarnings().getMessage(), "said");
            statement.execute("LISTEN news");
            statement.execute("NOTIFY news, 'extra'");
            PGConnection own = connection.unwrap(PGConnection.class);
            equal(own.getNotifications(60000)[0].getParameter(), "extra");
        }
        System.out.println("ok notices");
    }

    private static void cancels(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // The driver sends a CancelRequest when the time is up.
            statement.setQueryTimeout(1);
            statement.execute("SELECT pg_sleep(600)");
            throw new AssertionError("it slept for ten minutes");
        } catch (SQLException error) {
            equal(error.getSQLState(), "57014");
        }
        try (Statement statement = connection.createStatement()) {
            equal(single(statement.executeQuery("SELECT 1")), "1");
        }
        System.out.println("ok cancels");
    }

    private static void twentyAtOnce(String url) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(20);
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int task = 0; task < 20; task++) {
            int number = task;
            tasks.add(() -> {
                try (Connection own = DriverManager.getConnection(url);
                        PreparedStatement statement = own.prepareStatement("SELECT ?::int4 * 1000 + ?")) {
                    for (int n = 0; n < 50; n++) {
                        statement.setInt(1, number);
                        statement.setInt(2, n);
                        equal(single(statement.executeQuery()), String.valueOf(number * 1000 + n));
                    }
                }
                return null;
            });
        }
        for (Future<Void> done : threads.invokeAll(tasks)) {
            done.get();
        }
        threads.shutdown();
        System.out.println("ok twentyAtOnce");
    }

    private static String single(ResultSet result) throws SQLException {
        result.next();
        return result.getString(1);
    }

    private static void equal(Object answer, Object expected) {
        if (!answer.equals(expected)) {
            throw new AssertionError(answer + " is not " + expected);
        }
    }
}
