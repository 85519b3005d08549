import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;

/** Everything that pgjdbc's DatabaseMetaData asks of the catalog. */
public final class Metadata {
    private interface Question {
        ResultSet ask() throws SQLException;
    }

    public static void main(String[] args) throws Exception {
        String url = String.format(
                "jdbc:postgresql://%s:%s/%s",
                System.getenv("PGHOST"), System.getenv("PGPORT"), System.getenv("PGDATABASE"));
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("sslmode", "disable");
        try (Connection connection = DriverManager.getConnection(url, properties)) {
            connection.setReadOnly(true);
            DatabaseMetaData data = connection.getMetaData();
            String all = "%";
            show("catalogs", data::getCatalogs);
            show("schemas", data::getSchemas);
            show("tables", () -> data.getTables(null, "public", all, null));
            show("columns", () -> data.getColumns(null, "public", all, all));
            show("primary keys", () -> data.getPrimaryKeys(null, "public", "parent"));
            show("imported keys", () -> data.getImportedKeys(null, "public", "child"));
            show("exported keys", () -> data.getExportedKeys(null, "public", "parent"));
            show("cross reference",
                    () -> data.getCrossReference(null, "public", "parent", null, "public", "child"));
            show("indexes", () -> data.getIndexInfo(null, "public", "child", false, true));
            show("procedures", () -> data.getProcedures(null, "public", all));
            show("procedure columns", () -> data.getProcedureColumns(null, "public", all, all));
            show("functions", () -> data.getFunctions(null, "public", all));
            show("function columns", () -> data.getFunctionColumns(null, "public", all, all));
            show("table privileges", () -> data.getTablePrivileges(null, "public", all));
            show("column privileges", () -> data.getColumnPrivileges(null, "public", "parent", all));
            show("best row identifier",
                    () -> data.getBestRowIdentifier(null, "public", "parent", 0, true));
            show("version columns", () -> data.getVersionColumns(null, "public", "parent"));
            show("types", () -> data.getUDTs(null, "public", all, null));
            show("table types", data::getTableTypes);
            show("type info", data::getTypeInfo);
            show("client info", data::getClientInfoProperties);
            System.out.println(data.getSQLKeywords());
        }
    }

    private static void show(String what, Question question) throws SQLException {
        System.out.println("-- " + what);
        try (ResultSet rows = question.ask()) {
            int columns = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                StringBuilder line = new StringBuilder();
                for (int column = 1; column <= columns; column++) {
                    line.append(rows.getString(column)).append('|');
                }
                System.out.println(line);
            }
        }
    }
}
