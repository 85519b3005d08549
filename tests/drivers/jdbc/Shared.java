import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;

/** What the checks by JDBC share: how to connect, what to ask, how to show it. */
final class Shared {
    static final int ROWS = 100_000;
    static final String MANY =
            "SELECT n, 'row ' || n AS t FROM generate_series(1, " + ROWS + ") n";
    static final String SLEEPERS =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                    + " AND datname = current_database()";
    static final String NOTICES =
            "DO $$ BEGIN RAISE NOTICE 'first' USING DETAIL = 'a detail', HINT = 'a hint';"
                    + " RAISE WARNING 'second'; RAISE NOTICE 'third'; END $$";
    static final String OPTIONS =
            "-c statement_timeout=54321 -c search_path=pg_catalog,public -c work_mem=7MB";
    static final String STARTED =
            "SELECT concat_ws('|', current_setting('application_name'),"
                    + " current_setting('TimeZone'), current_setting('statement_timeout'),"
                    + " current_setting('search_path'), current_setting('work_mem'))";
    static final String SETTINGS =
            "SELECT concat_ws('|', current_setting('TimeZone'), current_setting('search_path'),"
                    + " current_setting('application_name'), current_setting('work_mem'))";

    /** Type and literal; a NULL is asked for besides. */
    static final String[][] VALUES = {
        {"int4", "2147483647"},
        {"int8", "-9223372036854775808"},
        {"numeric", "12345678901234567890.123456789"},
        {"float8", "0.1"},
        {"float8", "NaN"},
        {"float8", "-Infinity"},
        {"bool", "true"},
        {"text", "grüße, 世界 'quoted' \"too\" \\ and\ttab"},
        {"text", ""},
        {"bytea", "\\x" + HexFormat.of().formatHex(allBytes())},
        {"timestamptz", "2026-02-28 23:59:59.999999+00"},
        {"jsonb", "{\"a\": [1, null, \"x\"]}"},
        {"uuid", "80000000-0000-0000-0000-000000000001"},
        {"int4[]", "{1,NULL,3}"},
        {"text[]", "{a,NULL,\"b\\\"c\"}"},
        {"text", null},
    };

    /** What is done in a session. */
    interface Work {
        Object in(Connection connection) throws Exception;
    }

    private Shared() {}

    static byte[] allBytes() {
        byte[] bytes = new byte[256];
        for (int n = 0; n < bytes.length; n++) {
            bytes[n] = (byte) n;
        }
        return bytes;
    }

    /** Connects with these properties, name and value in turn. */
    static Connection connect(String... more) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        for (int n = 0; n < more.length; n += 2) {
            properties.setProperty(more[n], more[n + 1]);
        }
        String place = System.getenv("PGHOST") + ":" + System.getenv("PGPORT");
        String url = "jdbc:postgresql://" + place + "/" + System.getenv("PGDATABASE");
        return DriverManager.getConnection(url, properties);
    }

    static void execute(Connection connection, String... queries) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String query : queries) {
                statement.execute(query);
            }
        }
    }

    /** The first column of the first row. */
    static String value(Connection connection, String query, Object... arguments)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            for (int n = 0; n < arguments.length; n++) {
                statement.setObject(n + 1, arguments[n]);
            }
            ResultSet rows = statement.executeQuery();
            rows.next();
            return rows.getString(1);
        }
    }

    /** The columns of the first row. */
    static String row(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            ResultSet rows = statement.executeQuery(query);
            rows.next();
            List<String> columns = new ArrayList<>();
            for (int column = 1; column <= rows.getMetaData().getColumnCount(); column++) {
                columns.add(rows.getString(column));
            }
            return String.join("|", columns);
        }
    }

    /** The SQLSTATE that a query fails with. */
    static String state(Connection connection, String query) {
        try {
            execute(connection, query);
        } catch (SQLException error) {
            return error.getSQLState();
        }
        throw new AssertionError(query + " did not fail");
    }

    /** Does the work in both sessions while one of them stays in a transaction. */
    static List<Object> crossing(Connection a, Connection b, Work work) throws Exception {
        List<Object> seen = new ArrayList<>();
        for (Connection held : List.of(a, b)) {
            held.setAutoCommit(false);
            seen.add(work.in(held));
            seen.add(work.in(held == a ? b : a));
            seen.add(work.in(held));
            held.commit();
            held.setAutoCommit(true);
        }
        return seen;
    }

    /** 10 MB as COPY wants it. */
    static String lines() {
        StringBuilder lines = new StringBuilder();
        for (int n = 0; n < ROWS; n++) {
            lines.append(n).append('\t').append("payload ".repeat(12)).append(n).append('\n');
        }
        return lines.toString();
    }

    /** 20 MB of text that no compression makes small. */
    static String big() throws Exception {
        MessageDigest sha = MessageDigest.getInstance("SHA-512");
        StringBuilder blocks = new StringBuilder();
        for (int n = 0; n < 20_000_000 / 128; n++) {
            byte[] block = sha.digest(String.valueOf(n).getBytes(StandardCharsets.UTF_8));
            blocks.append(HexFormat.of().formatHex(block));
        }
        return blocks.toString();
    }

    static String digest(String text) throws Exception {
        return digest(text.getBytes(StandardCharsets.UTF_8));
    }

    static String digest(byte[] bytes) throws Exception {
        byte[] sum = MessageDigest.getInstance("MD5").digest(bytes);
        return bytes.length + " bytes " + HexFormat.of().formatHex(sum);
    }
}
