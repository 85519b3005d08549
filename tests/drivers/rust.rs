//! What the drivers written in Rust share: a session's few verbs, and the values of the checks.

#[path = "rust/session.rs"]
pub(crate) mod session;
#[path = "rust/sqlx.rs"]
pub(crate) mod sqlx;
#[path = "rust/state.rs"]
mod state;
#[path = "rust/tokio_postgres.rs"]
pub(crate) mod tokio_postgres;

use std::fmt::Display;
use std::fmt::Write as _;
use std::hash::DefaultHasher;
use std::hash::Hasher as _;

/// What a check saw, or the SQLSTATE and words of the error that it did not expect.
pub(crate) type Seen = Result<Vec<String>, String>;

/// Rows of a cursor and of COPY.
pub(crate) const ROWS: usize = 100_000;

/// Rows for a cursor: number and text.
pub(crate) const MANY: &str =
    "SELECT n::text || ' row ' || n AS t FROM generate_series(1, 100000) n";

/// How many sessions of this database sleep.
pub(crate) const SLEEPERS: &str = "SELECT count(*)::text FROM pg_stat_activity \
     WHERE wait_event = 'PgSleep' AND datname = current_database()";

/// What a table `stored` of 10 MB is filled with.
pub(crate) const STORED: &str = "CREATE TABLE stored AS SELECT n, repeat('payload ', 12) || n AS t \
     FROM generate_series(1, 100000) n";

/// What arrived in the table `loaded`.
pub(crate) const LOADED: &str = "SELECT concat_ws(' ', count(*), sum(n), \
     md5(string_agg(t, ',' ORDER BY n))) FROM loaded";

/// Type and literal of what every driver asks for.
pub(crate) const VALUES: [(&str, Option<&str>); 16] = [
    ("int4", Some("2147483647")),
    ("int8", Some("-9223372036854775808")),
    ("numeric", Some("12345678901234567890.123456789")),
    ("numeric", Some("NaN")),
    ("float8", Some("0.1")),
    ("float8", Some("NaN")),
    ("float8", Some("-Infinity")),
    ("bool", Some("true")),
    ("text", Some("grüße, 世界 'quoted' \"too\" \\ and\ttab")),
    ("text", Some("")),
    ("timestamptz", Some("2026-02-28 23:59:59.999999+00")),
    ("jsonb", Some(r#"{"a": [1, null, "x"]}"#)),
    ("uuid", Some("80000000-0000-0000-0000-000000000001")),
    ("int4[]", Some("{1,NULL,3}")),
    ("text[]", Some(r#"{a,NULL,"b\"c"}"#)),
    ("text", None),
];

/// A bytea of every byte, as SQL.
pub(crate) const EVERY_BYTE: &str =
    "SELECT string_agg(set_byte('\\x00', 0, n), '' ORDER BY n) FROM generate_series(0, 255) n";

/// A literal of SQL.
pub(crate) fn quoted(text: Option<&str>) -> String {
    text.map_or_else(
        || "NULL".to_owned(),
        |text| format!("'{}'", text.replace('\'', "''")),
    )
}

/// 10 MB as COPY wants it.
pub(crate) fn lines() -> String {
    let payload = "payload ".repeat(12);
    (0..ROWS).fold(String::new(), |mut lines, n| {
        writeln!(lines, "{n}\t{payload}{n}").expect("a string takes it");
        lines
    })
}

/// 20 MB of text that no compression makes small.
pub(crate) fn big() -> String {
    let mut text = String::with_capacity(20_000_000);
    let mut hasher = DefaultHasher::new();
    while text.len() < 20_000_000 {
        hasher.write_usize(text.len());
        write!(text, "{:016x}", hasher.finish()).expect("a string takes it");
    }
    text
}

/// Length and hash, for what is too long to show.
pub(crate) fn digest(data: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(data);
    format!("{} bytes {:016x}", data.len(), hasher.finish())
}

/// Bytes as a value is shown in binary.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes it");
        hex
    })
}

/// One line of the output.
pub(crate) fn line(check: &str, seen: Seen) -> String {
    let told = match seen {
        Ok(seen) => seen.join("; "),
        Err(error) => format!("{} {error}", crate::checks::FAILED),
    };
    let told = told.replace('\\', "\\\\").replace('\n', "\\n");
    format!("{check}\t{}\n", told.replace('\t', "\\t"))
}

/// The line of a check that this driver has no means for.
pub(crate) fn not_here(check: &str, why: impl Display) -> String {
    format!("{check}\t{}: {why}\n", crate::checks::NOT_HERE)
}
