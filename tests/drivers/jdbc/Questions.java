import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** pgjdbc through pgparley: the extended protocol, named statements and binary after five runs. */
public final class Questions {
    private static final String STATUS = "/* nl: how many orders per status */";
    private static final String STATUS_SQL = "SELECT status, count(*) FROM orders GROUP BY status";
    private static final String MANY = "/* nl: names of corporate customers in Hamburg */";
    private static final String MANY_SQL =
            "SELECT name FROM customers WHERE segment = 'corporate' AND city = 'Hamburg'";

    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection(args[0])) {
            questions(connection);
            preparedStatements(connection);
            metaData(connection);
            fetchSize(connection);
            maxRows(connection);
            refusals(connection);
        }
    }

    private static void questions(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            List<String> gold = rows(statement.executeQuery(STATUS_SQL), 2);
            equal(rows(statement.executeQuery(STATUS), 2), gold);
            ResultSet count = statement.executeQuery("SELECT count(*) FROM (" + STATUS + ") t");
            equal(rows(count, 1), List.of("5"));
        }
        System.out.println("ok questions");
    }

    private static void preparedStatements(Connection connection) throws SQLException {
        try (PreparedStatement gold = connection.prepareStatement(STATUS_SQL);
                PreparedStatement question = connection.prepareStatement(STATUS)) {
            for (int run = 0; run < 8; run++) {
                equal(rows(question.executeQuery(), 2), rows(gold.executeQuery(), 2));
            }
        }
        System.out.println("ok preparedStatements");
    }

    private static void metaData(Connection connection) throws SQLException {
        try (PreparedStatement question = connection.prepareStatement(STATUS)) {
            int columns = question.getMetaData().getColumnCount();
            equal(question.getMetaData().getColumnTypeName(columns), "int8");
            equal(question.executeQuery().getMetaData().getColumnCount(), columns);
        }
        System.out.println("ok metaData");
    }

    private static void fetchSize(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            List<String> gold = rows(statement.executeQuery(MANY_SQL), 1);
            statement.setFetchSize(10);
            equal(rows(statement.executeQuery(MANY), 1), gold);
        }
        connection.commit();
        connection.setAutoCommit(true);
        System.out.println("ok fetchSize");
    }

    private static void maxRows(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setMaxRows(7);
            equal(rows(statement.executeQuery(MANY), 1).size(), 7);
            equal(rows(statement.executeQuery("SELECT 1"), 1), List.of("1"));
        }
        System.out.println("ok maxRows");
    }

    private static void refusals(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            try {
                statement.executeQuery("/* nl: wibble the wobble */");
                throw new AssertionError("nonsense was answered");
            } catch (SQLException error) {
                equal(error.getSQLState(), "PGN02");
            }
            equal(rows(statement.executeQuery("SELECT 1"), 1), List.of("1"));
        }
        System.out.println("ok refusals");
    }

    /** The last columns of every row, sorted: an answer may have a key before them. */
    private static List<String> rows(ResultSet result, int columns) throws SQLException {
        int width = result.getMetaData().getColumnCount();
        List<String> rows = new ArrayList<>();
        while (result.next()) {
            List<String> row = new ArrayList<>();
            for (int column = width - columns + 1; column <= width; column++) {
                row.add(result.getString(column));
            }
            rows.add(String.join("|", row));
        }
        Collections.sort(rows);
        return rows;
    }

    private static void equal(Object answer, Object expected) {
        if (!answer.equals(expected)) {
            throw new AssertionError(answer + " is not " + expected);
        }
    }
}
