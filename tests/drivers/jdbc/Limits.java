import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Properties;

/** A result that pgjdbc reads in parts under a row limit: how many rows and warnings come. */
public final class Limits {
    public static void main(String[] args) throws Exception {
        String url = String.format(
                "jdbc:postgresql://%s:%s/%s",
                System.getenv("PGHOST"), System.getenv("PGPORT"), System.getenv("PGDATABASE"));
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("sslmode", "disable");
        try (Connection connection = DriverManager.getConnection(url, properties);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.setFetchSize(10);
            int rows = 0;
            int warnings = 0;
            try (ResultSet result = statement.executeQuery("SELECT n FROM many ORDER BY n")) {
                while (result.next()) {
                    rows++;
                    if (result.getInt(1) != rows) {
                        throw new AssertionError("row " + rows + " is " + result.getInt(1));
                    }
                }
                warnings += count(result.getWarnings());
            }
            warnings += count(statement.getWarnings());
            try (ResultSet result = statement.executeQuery("SELECT 7")) {
                result.next();
                if (result.getInt(1) != 7 || result.next()) {
                    throw new AssertionError("another result than the next");
                }
            }
            connection.commit();
            System.out.println(rows + " rows, " + warnings + " warnings");
        }
    }

    private static int count(SQLWarning first) {
        int count = 0;
        for (SQLWarning warning = first; warning != null; warning = warning.getNextWarning()) {
            count += "01R01".equals(warning.getSQLState()) ? 1 : 0;
        }
        return count;
    }
}
