//! Texts of any length, each the worst of its kind: deep, long, or in need of much remembering.

/// A text that grows by a piece that is said again and again.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// What it is, for people.
    pub name: &'static str,
    head: &'static str,
    /// Said again and again; `#` is another number each time.
    piece: &'static str,
    middle: &'static str,
    /// Said as often as the piece.
    close: &'static str,
    tail: &'static str,
}

impl Shape {
    /// One of about so many bytes.
    pub fn text(&self, bytes: usize) -> String {
        let each = self.piece.len() + self.close.len();
        let count = bytes.saturating_sub(self.head.len() + self.tail.len()) / each.max(1);
        let mut text = String::with_capacity(bytes + bytes / 2);
        text.push_str(self.head);
        match self.piece.split_once('#') {
            None => text.push_str(&self.piece.repeat(count)),
            Some((before, behind)) => {
                for number in 0..count {
                    text.extend([before, &number.to_string(), behind]);
                }
            }
        }
        text.push_str(self.middle);
        text.push_str(&self.close.repeat(count));
        text.push_str(self.tail);
        text
    }
}

const fn shape(name: &'static str, [head, piece, middle, close, tail]: [&'static str; 5]) -> Shape {
    Shape {
        name,
        head,
        piece,
        middle,
        close,
        tail,
    }
}

/// Head, piece, middle, what closes the piece, tail.
pub const SHAPES: &[Shape] = &[
    // Deep.
    shape("parentheses", ["SELECT ", "(", "a", ")", " FROM t"]),
    shape(
        "parentheses in WHERE",
        ["SELECT a FROM t WHERE ", "(a = 1 OR ", "true", ")", ""],
    ),
    shape(
        "parentheses around a query",
        ["", "(", "SELECT a FROM t", ")", ""],
    ),
    shape(
        "open parentheses",
        ["SELECT a FROM t WHERE ", "(", "", "", ""],
    ),
    shape("closed parentheses", ["SELECT a FROM t ", ")", "", "", ""]),
    shape(
        "CASE",
        ["SELECT ", "CASE WHEN a = 1 THEN ", "a", " END", " FROM t"],
    ),
    shape(
        "open CASE",
        ["DELETE FROM t WHERE ", "case when ", "", "", ""],
    ),
    shape("NOT", ["SELECT a FROM t WHERE ", "NOT ", "true", "", ""]),
    shape("minus", ["SELECT ", "- ", "1", "", " FROM t"]),
    shape("minus side by side", ["SELECT +", "-+", "1", "", " FROM t"]),
    shape("sub-selects", ["SELECT ", "(SELECT ", "a", ")", " FROM t"]),
    shape(
        "sub-selects in FROM",
        ["SELECT a FROM ", "(SELECT a FROM ", "t", ") x", ""],
    ),
    shape(
        "sub-selects in WHERE",
        [
            "SELECT a FROM t WHERE ",
            "a IN (SELECT a FROM t WHERE ",
            "true",
            ")",
            "",
        ],
    ),
    shape(
        "EXISTS",
        [
            "SELECT a FROM t WHERE ",
            "EXISTS (SELECT * FROM t WHERE ",
            "true",
            ")",
            "",
        ],
    ),
    shape("arrays", ["SELECT ", "ARRAY[", "a", "]", " FROM t"]),
    shape("brackets", ["SELECT a", "[", "1", "]", " FROM t"]),
    shape("subscripts", ["SELECT (a)", "[1]", "", "", " FROM t"]),
    shape("calls in calls", ["SELECT ", "lower(", "a", ")", " FROM t"]),
    shape(
        "casts in casts",
        ["SELECT ", "CAST(", "a", " AS text)", " FROM t"],
    ),
    shape("rows in rows", ["SELECT ", "ROW(", "a", ")", " FROM t"]),
    shape(
        "joins in parentheses",
        ["SELECT 1 FROM ", "(t JOIN ", "t", " ON true)", ""],
    ),
    shape(
        "WITH in WITH",
        [
            "",
            "WITH x AS (",
            "SELECT a FROM t",
            ") SELECT * FROM x",
            "",
        ],
    ),
    shape("open WITH", ["", "WITH x AS (", "", "", ""]),
    shape("EXPLAIN", ["", "EXPLAIN ", "SELECT a FROM t", "", ""]),
    shape(
        "EXPLAIN ANALYZE",
        ["", "EXPLAIN ANALYZE ", "SELECT a FROM t", "", ""],
    ),
    shape(
        "EXPLAIN of a denied table",
        ["", "EXPLAIN (COSTS) ", "SELECT a FROM secrets", "", ""],
    ),
    shape(
        "DECLARE",
        ["", "DECLARE c CURSOR FOR ", "SELECT a FROM t", "", ""],
    ),
    shape(
        "COPY of COPY",
        ["", "COPY (", "SELECT a FROM t", ") TO STDOUT", ""],
    ),
    shape(
        "PREPARE of a denied table",
        ["", "PREPARE p AS ", "SELECT a FROM secrets", "", ""],
    ),
    shape(
        "writes in writes",
        [
            "",
            "WITH x AS (DELETE FROM t WHERE a = 1 AND a IN (SELECT 1) OR ",
            "true",
            ")",
            "",
        ],
    ),
    shape("PREPARE", ["", "PREPARE p AS ", "SELECT a FROM t", "", ""]),
    shape(
        "comments in comments",
        ["SELECT a ", "/*", "", "*/", " FROM t"],
    ),
    shape(
        "dollar quotes in dollar quotes",
        ["SELECT ", "$a#$ ", "x", "", ""],
    ),
    shape(
        "CREATE TABLE AS",
        ["CREATE TABLE x AS ", "AS SELECT ", "1", "", ""],
    ),
    shape(
        "rules",
        [
            "",
            "CREATE RULE r AS ON INSERT TO t DO ",
            "SELECT 1",
            "",
            "",
        ],
    ),
    shape(
        "schema elements",
        ["CREATE SCHEMA s ", "CREATE TABLE t# (a int) ", "", "", ""],
    ),
    shape(
        "routine bodies",
        [
            "CREATE FUNCTION f() RETURNS int ",
            "BEGIN ATOMIC ",
            "SELECT 1;",
            " END",
            "",
        ],
    ),
    // Long.
    shape(
        "AND",
        ["SELECT a FROM t WHERE true", " AND a = 1", "", "", ""],
    ),
    shape(
        "AND of columns of a CTE",
        [
            "WITH x AS (SELECT a FROM t) SELECT a FROM x WHERE true",
            " AND x.a = 1",
            "",
            "",
            "",
        ],
    ),
    shape("OR", ["DELETE FROM t WHERE a = 1", " OR a = 1", "", "", ""]),
    shape("sum", ["SELECT 1", " + 1", "", "", " FROM t"]),
    shape("sum side by side", ["SELECT 1", "+1", "", "", " FROM t"]),
    shape(
        "concatenation",
        ["SELECT 'x'", " || 'x'", "", "", " FROM t"],
    ),
    shape(
        "UNION",
        ["SELECT a FROM t", " UNION ALL SELECT a FROM t", "", "", ""],
    ),
    shape("JSON arrows", ["SELECT j", "->'a'", "", "", " FROM t"]),
    shape("casts", ["SELECT a", "::text", "", "", " FROM t"]),
    shape("fields", ["SELECT a", ".b", "", "", " FROM t"]),
    shape(
        "relations of many parts",
        ["SELECT a FROM t", ".t", "", "", ""],
    ),
    shape("fields of a value", ["SELECT (a)", ".b", "", "", " FROM t"]),
    shape("COLLATE", ["SELECT a", " COLLATE \"C\"", "", "", " FROM t"]),
    shape(
        "AT TIME ZONE",
        ["SELECT a", " AT TIME ZONE 'UTC'", "", "", " FROM t"],
    ),
    shape("IS NULL", ["SELECT a", " IS NULL", "", "", " FROM t"]),
    shape(
        "joins",
        ["SELECT 1 FROM t", " JOIN t t# ON true", "", "", ""],
    ),
    shape(
        "natural joins",
        ["SELECT * FROM t", " NATURAL JOIN t", "", "", ""],
    ),
    shape(
        "joins with conditions at the end",
        ["SELECT 1 FROM t", " JOIN t", "", " ON true", ""],
    ),
    shape("relations", ["SELECT 1 FROM t", ", t t#", "", "", ""]),
    shape("whole rows", ["SELECT *", ", t.*", "", "", " FROM t"]),
    shape(
        "many whole rows of many relations",
        [
            "WITH x AS (SELECT * FROM t, t u, t v) SELECT *",
            ", x.*",
            "",
            "",
            " FROM x",
        ],
    ),
    shape(
        "CTEs",
        [
            "WITH x AS (SELECT 1)",
            ", x# AS (SELECT a FROM t)",
            " SELECT * FROM x",
            "",
            "",
        ],
    ),
    shape(
        "CTEs that read the last one",
        [
            "WITH x0 AS (SELECT * FROM t)",
            ", x1 AS (SELECT * FROM x0)",
            " SELECT * FROM x1",
            "",
            "",
        ],
    ),
    shape(
        "CTEs without a body",
        ["WITH x AS (SELECT 1)", ", x", " SELECT 1", "", ""],
    ),
    shape(
        "CTEs that write",
        [
            "WITH x AS (SELECT 1)",
            ", y AS (DELETE FROM t)",
            " SELECT * FROM x",
            "",
            "",
        ],
    ),
    shape(
        "list of numbers",
        ["SELECT a FROM t WHERE a IN (0", ",1", "", "", ")"],
    ),
    shape(
        "list of strings",
        ["SELECT a FROM t WHERE b IN (''", ",'x'", "", "", ")"],
    ),
    shape(
        "list of parameters",
        ["SELECT a FROM t WHERE b IN ($1", ",$#", "", "", ")"],
    ),
    shape(
        "list of one parameter",
        [
            "SELECT a FROM t WHERE b IN ($1",
            ",$1",
            "",
            "",
            ") LIMIT $1",
        ],
    ),
    shape("target list", ["SELECT a", ", a", "", "", " FROM t"]),
    shape("labels", ["SELECT 1 ", "as ", "", "", "INTO x"]),
    shape("aliases", ["SELECT a AS a", ", b AS b#", "", "", " FROM t"]),
    shape("VALUES", ["VALUES (1)", ", (1)", "", "", ""]),
    shape(
        "INSERT of rows",
        [
            "INSERT INTO t (a, b) VALUES (1, 'x')",
            ", (1, 'x')",
            "",
            "",
            "",
        ],
    ),
    shape(
        "INSERT of strings",
        [
            "INSERT INTO t (b) VALUES ('Leave it')",
            ", ('Leave it at the door')",
            "",
            "",
            "",
        ],
    ),
    shape(
        "SET of columns",
        ["UPDATE t SET a = 1", ", a = a + 1", "", "", " WHERE a = 1"],
    ),
    shape(
        "ORDER BY",
        ["SELECT a FROM t ORDER BY a", ", a DESC", "", "", ""],
    ),
    shape(
        "GROUP BY",
        ["SELECT 1 FROM t GROUP BY a", ", a", "", "", ""],
    ),
    shape(
        "GROUPING SETS",
        [
            "SELECT 1 FROM t GROUP BY GROUPING SETS (a",
            ", (a)",
            "",
            "",
            ")",
        ],
    ),
    shape(
        "WINDOW",
        [
            "SELECT 1 FROM t WINDOW w AS ()",
            ", w# AS (PARTITION BY a)",
            "",
            "",
            "",
        ],
    ),
    shape(
        "OVER",
        ["SELECT 1", ", sum(a) OVER (ORDER BY a)", "", "", " FROM t"],
    ),
    shape("FOR UPDATE", ["SELECT a FROM t", " FOR UPDATE", "", "", ""]),
    shape("LIMIT", ["SELECT a FROM t", " LIMIT 5", "", "", ""]),
    shape(
        "FETCH FIRST",
        [
            "SELECT a FROM t",
            " FETCH FIRST 5 ROWS WITH TIES",
            "",
            "",
            "",
        ],
    ),
    shape("calls", ["SELECT 1", ", lower(a)", "", "", " FROM t"]),
    shape(
        "calls of functions of one's own",
        ["SELECT 1", ", f#(a)", "", "", " FROM t"],
    ),
    shape("calls without an end", ["SELECT ", "cast(", "", "", ""]),
    shape(
        "names with columns",
        ["SELECT 1 FROM t ", "AS x(a, b) ", "", "", ""],
    ),
    shape(
        "set_config",
        ["SELECT 1", ", set_config('ab', '1', false)", "", "", ""],
    ),
    shape(
        "set_config of others",
        ["SELECT 1", ", set_config('ab.c#', '1', false)", "", "", ""],
    ),
    shape(
        "set_config of a parameter",
        ["SELECT 1", ", set_config($1, '1', false)", "", "", ""],
    ),
    shape(
        "set_config in set_config",
        ["SELECT ", "set_config('a', ", "'1'", ", false)", ""],
    ),
    shape("open set_config", ["SELECT ", "set_config(", "", "", ""]),
    shape("denied names", ["SELECT 1", ", secrets", "", "", " FROM t"]),
    shape(
        "denied names as aliases",
        ["SELECT 1", ", a AS secrets", "", "", " FROM t"],
    ),
    shape(
        "masked columns",
        ["SELECT masked", ", masked", "", "", " FROM t"],
    ),
    shape("ONLY", ["SELECT 1 FROM ONLY t", ", ONLY t", "", "", ""]),
    shape(
        "sub-selects side by side",
        ["SELECT 1", ", (SELECT a FROM t)", "", "", " FROM t"],
    ),
    shape(
        "questions side by side",
        ["SELECT 1 FROM t", ", (/* nl: how many */) x#", "", "", ""],
    ),
    shape(
        "question in parentheses",
        ["SELECT * FROM ", "(", "/* nl: how many */", ")", " x"],
    ),
    shape(
        "functions that ask",
        ["SELECT 1 FROM t", ", nl('how many')", "", "", ""],
    ),
    shape(
        "comments that ask",
        ["SELECT 1", " /* nl: how many */", "", "", " FROM t"],
    ),
    shape(
        "long question",
        ["/* nl: ", "how many ", "orders", "", " */"],
    ),
    // Several statements.
    shape("statements", ["", "SELECT 1;", "", "", ""]),
    shape(
        "statements of all kinds",
        [
            "",
            "BEGIN; SET a = 1; INSERT INTO t VALUES (1); FETCH 1 FROM c; EXECUTE p; ",
            "COMMIT",
            "",
            "",
        ],
    ),
    shape("semicolons", ["SELECT 1", ";", "", "", ""]),
    shape(
        "empty statements with comments",
        ["", "/**/;", "SELECT 1", "", ""],
    ),
    shape("open blocks", ["", "BEGIN;", "", "", ""]),
    shape(
        "prepared statements",
        ["", "PREPARE p# AS SELECT 1; EXECUTE p#;", "", "", ""],
    ),
    shape("executed statements", ["", "EXECUTE p#;", "", "", ""]),
    shape("one executed statement", ["", "EXECUTE p;", "", "", ""]),
    shape("DEALLOCATE", ["", "DEALLOCATE p#;", "", "", ""]),
    shape(
        "cursors",
        ["", "DECLARE c# CURSOR FOR SELECT 1;", "", "", ""],
    ),
    shape("settings", ["", "SET ab.c# = 1;", "", "", ""]),
    shape(
        "settings to the default",
        ["", "SET timezone TO DEFAULT;", "", "", ""],
    ),
    shape(
        "settings to the default in one",
        [
            "ALTER ROLE x SET a = 1 ",
            "SET timezone TO DEFAULT ",
            "",
            "",
            "",
        ],
    ),
    shape(
        "transaction modes in one",
        [
            "ALTER ROLE x SET a = 1 ",
            "SET TRANSACTION READ ONLY ",
            "",
            "",
            "",
        ],
    ),
    shape("names of settings", ["SET a", ".b", "", "", " = 1"]),
    shape(
        "SEARCH without an end",
        [
            "WITH RECURSIVE x AS (SELECT 1)",
            " SEARCH a, y AS (SELECT 1)",
            "",
            "",
            "",
        ],
    ),
    shape(
        "rules of several",
        [
            "CREATE RULE r AS ON INSERT TO t DO (",
            "SELECT 1; ",
            "SELECT 1",
            "",
            ")",
        ],
    ),
    shape(
        "rules in rules",
        [
            "",
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; ",
            "SELECT 1",
            ")",
            "",
        ],
    ),
    shape(
        "values of a setting",
        ["SET search_path = a", ", b", "", "", ""],
    ),
    shape("DO", ["", "DO $$ BEGIN PERFORM f#(); END $$;", "", "", ""]),
    shape(
        "long DO",
        [
            "DO $$ BEGIN ",
            "PERFORM f#(); EXECUTE 'x'; SET ab.c = 1; ",
            "",
            "",
            "END $$",
        ],
    ),
    shape(
        "dynamic SQL",
        [
            "DO $$ BEGIN ",
            "EXECUTE 'SET ab.c# = 1'; ",
            "",
            "",
            "END $$",
        ],
    ),
    shape("SET without an end", ["", "BEGIN SET ", "", "", ""]),
    shape("privileges", ["GRANT SELECT ON t TO a", ", b", "", "", ""]),
    shape("DROP", ["DROP TABLE t", ", t", "", "", ""]),
    shape(
        "columns of a new table",
        ["CREATE TABLE x (a int", ", a# int", "", "", ")"],
    ),
    // One long token, or none.
    shape("identifier", ["SELECT ", "a", "", "", " FROM t"]),
    shape("quoted identifier", ["SELECT \"", "a", "", "", "\" FROM t"]),
    shape(
        "quotes in an identifier",
        ["SELECT \"", "\"\"", "", "", "\" FROM t"],
    ),
    shape("string", ["SELECT '", "x", "", "", "'"]),
    shape("quotes in a string", ["SELECT '", "''", "", "", "'"]),
    shape("backslashes in a string", ["SELECT '", "\\ ", "", "", "'"]),
    shape(
        "strings with backslashes",
        ["SELECT 'x'", ", '\\'", "", "", ""],
    ),
    shape("escapes", ["SELECT E'", "\\'", "", "", "'"]),
    shape("string that goes on", ["SELECT 'x'", "\n'x'", "", "", ""]),
    shape(
        "string that nearly goes on",
        ["SELECT 'x'", " 'x'", "", "", ""],
    ),
    shape("dollar string", ["SELECT $a$", "$b$ ", "", "", "$a$"]),
    shape("dollar tags without an end", ["SELECT ", "$a", "", "", "$"]),
    shape("Unicode string", ["SELECT U&'", "\\0041", "", "", "'"]),
    shape("digits", ["SELECT ", "1", "", "", ""]),
    shape("points", ["SELECT 1", ".", "", "", ""]),
    shape("hexadecimal digits", ["SELECT 0x", "f_0", "", "", ""]),
    shape("operators", ["SELECT 1 ", "+", "", "", " 1"]),
    shape(
        "operators of other letters",
        ["SELECT 1 ", "@-", "", "", " 1"],
    ),
    shape(
        "operators that may be comments",
        ["SELECT 1 ", "+-*", "", "", " 1"],
    ),
    shape("comment", ["SELECT 1 /*", "x", "", "", "*/"]),
    shape("comment of stars", ["SELECT 1 /*", "*", "", "", "*/"]),
    shape("comments", ["SELECT 1", "/* x */", "", "", ""]),
    shape("lines of comments", ["SELECT 1", "-- x\n", "", "", ""]),
    shape("white space", ["SELECT", " ", "1", "", ""]),
    shape("lines", ["SELECT", "\n", "1", "", ""]),
    shape(
        "names in lines",
        ["SELECT a", ",\n  t.a", "", "", "\nFROM t"],
    ),
    shape("letters beyond ASCII", ["SELECT '", "é", "", "", "'"]),
    shape("names beyond ASCII", ["SELECT a", ", é", "", "", " FROM t"]),
    shape("different names", ["SELECT a", ", n#", "", "", " FROM t"]),
    shape("stray bytes", ["SELECT ", "\u{1}", "", "", ""]),
    shape("words", ["", "select ", "", "", ""]),
    shape("commas", ["SELECT ", ",", "", "", ""]),
    shape(
        "EXECUTE in a body",
        [
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'x' ",
            "execute ",
            "",
            "",
            "",
        ],
    ),
    shape("COPY columns", ["COPY t (a", ", a", "", "", ") TO STDOUT"]),
    shape(
        "COPY options",
        [
            "COPY t TO STDOUT WITH (FORMAT csv",
            ", NULL 'x'",
            "",
            "",
            ")",
        ],
    ),
    shape(
        "MERGE",
        [
            "MERGE INTO t USING t u ON true",
            " WHEN MATCHED THEN DO NOTHING",
            "",
            "",
            "",
        ],
    ),
    shape(
        "RETURNING",
        ["DELETE FROM t WHERE a = 1 RETURNING a", ", a", "", "", ""],
    ),
    shape(
        "LOCK",
        ["LOCK TABLE t", ", t", "", "", " IN ACCESS SHARE MODE"],
    ),
    shape(
        "transaction modes",
        ["BEGIN READ WRITE", ", READ ONLY", "", "", ""],
    ),
    shape(
        "options of EXPLAIN",
        ["EXPLAIN (ANALYZE", ", COSTS", "", "", ") SELECT a FROM t"],
    ),
];
