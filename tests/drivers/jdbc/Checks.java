import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** The shared checks by pgjdbc: what one session does. Where to: PG… variables; the list: the argument. */
public final class Checks {
    /** What a check returns is shown, a list item by item. */
    interface Check {
        Object run() throws Exception;
    }

    private static final Map<String, Check> CHECKS =
            Map.ofEntries(
                    Map.entry("types_text", Checks::typesText),
                    Map.entry("types_binary", () -> types("prepareThreshold", "-1")),
                    Map.entry("prepared_reuse", Checks::preparedReuse),
                    Map.entry("transactions", Checks::transactions),
                    Map.entry("errors", Checks::errors),
                    Map.entry("savepoints", Checks::savepoints),
                    Map.entry("cursor", Checks::cursor),
                    Map.entry("copy_in", Flows::copyIn),
                    Map.entry("copy_out", Flows::copyOut),
                    Map.entry("pipeline_error", Flows::pipelineError),
                    Map.entry("cancel", Flows::cancel),
                    Map.entry("listen_notify", Flows::listenNotify),
                    Map.entry("notices", Checks::notices),
                    Map.entry("big_value", Flows::bigValue),
                    Map.entry("many_parameters", Checks::manyParameters),
                    Map.entry("fifty_at_once", Flows::fiftyAtOnce),
                    Map.entry("settings", State::settings),
                    Map.entry("startup", State::startup),
                    Map.entry("temp_table", State::tempTable),
                    Map.entry("advisory_lock", State::advisoryLock),
                    Map.entry("sql_prepare", State::sqlPrepare));

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            if (!line.isEmpty() && !line.startsWith("#")) {
                String name = line.split("\\s")[0];
                out.println(name + "\t" + told(CHECKS.get(name)));
            }
        }
    }

    private static String told(Check check) {
        String result;
        try {
            Object seen = check.run();
            List<String> shown = new ArrayList<>();
            for (Object item : seen instanceof List<?> list ? list : List.of(seen)) {
                shown.add(String.valueOf(item));
            }
            result = String.join("; ", shown);
        } catch (Exception | AssertionError error) {
            StackTraceElement[] trace = error.getStackTrace();
            result = "FAILED " + error + " " + Arrays.asList(trace);
        }
        return result.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t");
    }

    /** By the extended protocol, and as Query with the values written into the text. */
    private static Object typesText() throws Exception {
        List<Object> seen = types("prepareThreshold", "0", "binaryTransfer", "false");
        seen.addAll(types("preferQueryMode", "simple"));
        return seen;
    }

    private static List<Object> types(String... properties) throws Exception {
        List<Object> seen = new ArrayList<>();
        try (Connection a = Shared.connect(properties)) {
            for (String[] entry : Shared.VALUES) {
                String query = "SELECT ?::text::" + entry[0] + ", NULL::" + entry[0];
                try (PreparedStatement statement = a.prepareStatement(query)) {
                    statement.setString(1, entry[1]);
                    ResultSet rows = statement.executeQuery();
                    rows.next();
                    seen.add(rows.getMetaData().getColumnTypeName(1));
                    seen.add(rows.getString(1));
                    seen.add(rows.getObject(2));
                    Object back = rows.getObject(1);
                    seen.add(back == null ? "NULL" : back.getClass().getName());
                    seen.add(back == null ? "NULL" : again(a, entry[0], back));
                }
            }
            // A numeric that is no number: getObject makes a Double of it, so as text alone.
            seen.add(Shared.value(a, "SELECT ?::text::numeric", "NaN"));
        }
        return seen;
    }

    /** A value that came from the server sent there once more, in the driver's own format. */
    private static String again(Connection connection, String type, Object value) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement("SELECT ?::" + type)) {
            statement.setObject(1, value);
            ResultSet rows = statement.executeQuery();
            rows.next();
            Object back = rows.getObject(1);
            if (back instanceof Array array) {
                return Arrays.asList((Object[]) array.getArray()).toString();
            }
            return back instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : back.toString();
        } catch (SQLException error) {
            // The driver cannot write every value into a text.
            return error.getSQLState();
        }
    }

    private static Object preparedReuse() throws Exception {
        List<String> seen = new ArrayList<>();
        try (Connection a = Shared.connect();
                Connection b = Shared.connect();
                Connection c = Shared.connect("prepareThreshold", "1")) {
            List<Connection> opened = List.of(a, b, c);
            List<PreparedStatement> statements = new ArrayList<>();
            for (Connection connection : opened) {
                statements.add(connection.prepareStatement("SELECT ?::int4 + 1, ?::text"));
            }
            for (int run = 0; run < 20; run++) {
                Connection held = opened.get(run % 3);
                held.setAutoCommit(false);
                Shared.execute(held, "SELECT 1");
                for (PreparedStatement statement : statements) {
                    statement.setInt(1, run);
                    statement.setString(2, "x".repeat(run));
                    ResultSet rows = statement.executeQuery();
                    rows.next();
                    seen.add(rows.getInt(1) + rows.getString(2));
                }
                for (Connection connection : opened) {
                    connection.setAutoCommit(true);
                }
            }
            PreparedStatement first = statements.get(0);
            seen.add(first.getMetaData().getColumnTypeName(1));
            seen.add(first.getParameterMetaData().getParameterTypeName(2));
            // More texts than the driver keeps, so that it closes the oldest.
            for (int text = 0; text < 300; text++) {
                seen.add(Shared.value(c, "SELECT " + text + " + ?::int4", 1));
            }
            try (ResultSet columns = a.getMetaData().getColumns(null, "pg_catalog", "pg_am", "am%")) {
                while (columns.next()) {
                    seen.add(columns.getString("COLUMN_NAME"));
                }
            }
        }
        return Shared.digest(String.join(",", seen));
    }

    private static Object transactions() throws Exception {
        List<Object> seen = new ArrayList<>();
        try (Connection a = Shared.connect();
                Connection b = Shared.connect()) {
            Shared.execute(a, "CREATE TABLE kept (n integer PRIMARY KEY)");
            a.setAutoCommit(false);
            Shared.execute(a, "INSERT INTO kept VALUES (1)");
            a.commit();
            Shared.execute(a, "INSERT INTO kept VALUES (2)");
            a.rollback();
            seen.add(Shared.value(a, "SELECT array_agg(n) FROM kept"));
            a.commit();
            a.setReadOnly(true);
            seen.add(Shared.state(a, "INSERT INTO kept VALUES (3)"));
            a.rollback();
            a.setReadOnly(false);
            a.setAutoCommit(true);
            b.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            b.setAutoCommit(false);
            String count = "SELECT count(*) FROM kept";
            seen.add(Shared.value(b, count));
            Shared.execute(a, "INSERT INTO kept VALUES (4)");
            seen.add(Shared.value(b, count));
            b.commit();
            seen.add(Shared.value(b, count));
            seen.add(b.getTransactionIsolation());
        }
        return seen;
    }

    private static Object errors() throws Exception {
        List<Object> seen = new ArrayList<>();
        try (Connection a = Shared.connect()) {
            Shared.execute(a, "CREATE TABLE wrong (n integer CONSTRAINT positive CHECK (n > 0))");
            for (String query :
                    List.of("SELECT 1 / 0", "SELEC 1", "SELECT * FROM nowhere", "SELECT 'x'::int")) {
                seen.add(Shared.state(a, query));
            }
            try {
                Shared.value(a, "INSERT INTO wrong VALUES (?)", -1);
            } catch (PSQLException error) {
                ServerErrorMessage told = error.getServerErrorMessage();
                seen.addAll(List.of(told.getSeverity(), told.getMessage(), told.getDetail()));
                seen.addAll(List.of(told.getSchema(), told.getTable(), told.getConstraint()));
                seen.addAll(List.of(told.getFile(), told.getLine(), told.getRoutine()));
            }
            seen.add(Shared.value(a, "SELECT ?::int", 1));
            a.setAutoCommit(false);
            seen.add(Shared.state(a, "SELECT nothing"));
            seen.add(Shared.state(a, "SELECT 1"));
            a.rollback();
            seen.add(Shared.value(a, "SELECT ?::int", 2));
            a.rollback();
        }
        return seen;
    }

    private static Object savepoints() throws Exception {
        List<Object> seen = new ArrayList<>();
        // autosave: the driver itself sets a savepoint before each statement.
        for (String autosave : List.of("never", "always")) {
            try (Connection a = Shared.connect("autosave", autosave)) {
                Shared.execute(a, "DROP TABLE IF EXISTS saved");
                Shared.execute(a, "CREATE TABLE saved (n integer PRIMARY KEY)");
                a.setAutoCommit(false);
                Shared.execute(a, "INSERT INTO saved VALUES (1)");
                Savepoint outer = a.setSavepoint("outer");
                Shared.execute(a, "INSERT INTO saved VALUES (2)");
                Savepoint inner = a.setSavepoint();
                Shared.execute(a, "INSERT INTO saved VALUES (3)");
                a.releaseSavepoint(inner);
                seen.add(Shared.state(a, "INSERT INTO saved VALUES (1)"));
                a.rollback(outer);
                Shared.execute(a, "INSERT INTO saved VALUES (4)");
                a.commit();
                seen.add(Shared.value(a, "SELECT array_agg(n ORDER BY n) FROM saved"));
                a.commit();
            }
        }
        return seen;
    }

    private static Object cursor() throws Exception {
        List<Object> seen = new ArrayList<>();
        StringBuilder all = new StringBuilder();
        try (Connection a = Shared.connect()) {
            a.setAutoCommit(false);
            try (Statement many = a.createStatement()) {
                // A named portal that is executed for 5,000 rows at a time.
                many.setFetchSize(5000);
                ResultSet rows = many.executeQuery(Shared.MANY);
                while (rows.next()) {
                    all.append(rows.getInt(1)).append(rows.getString(2)).append(',');
                    if (rows.getRow() % 20_000 == 0) {
                        seen.add(Shared.value(a, "SELECT ?::int", rows.getRow()));
                    }
                }
            }
            try (Statement few = a.createStatement()) {
                few.setMaxRows(7);
                ResultSet rows = few.executeQuery(Shared.MANY);
                int count = 0;
                while (rows.next()) {
                    count++;
                }
                seen.add(count);
            }
            a.commit();
        }
        seen.add(Shared.digest(all.toString()));
        return seen;
    }

    private static Object notices() throws Exception {
        List<Object> seen = new ArrayList<>();
        try (Connection a = Shared.connect()) {
            for (String level : List.of("notice", "warning")) {
                Shared.execute(a, "SET client_min_messages = " + level);
                try (Statement statement = a.createStatement()) {
                    statement.execute(Shared.NOTICES);
                    for (SQLWarning warning = statement.getWarnings();
                            warning != null;
                            warning = warning.getNextWarning()) {
                        seen.add(warning.getSQLState() + " " + warning.getMessage());
                    }
                }
            }
        }
        return seen;
    }

    private static Object manyParameters() throws Exception {
        List<Object> seen = new ArrayList<>();
        String places = String.join(",", java.util.Collections.nCopies(1000, "?::int"));
        String query = "SELECT sum(n) || ' ' || count(n) FROM unnest(ARRAY[" + places + "]) n";
        Object[] numbers = new Object[1000];
        Arrays.setAll(numbers, n -> n);
        try (Connection a = Shared.connect("prepareThreshold", "2")) {
            for (int run = 0; run < 4; run++) {
                seen.add(Shared.value(a, query, numbers));
            }
        }
        return seen;
    }
}
