//! One table as lines of a prompt: about 4 to 15 tokens a column.
//!
//! ```text
//! sales.orders  ~1.2M rows  -- one row per checkout
//!   id int8 pk
//!   customer_id int8 -> crm.customers.id
//!   ship_to int8 -> crm.addresses.id (role: ship to)
//!   status order_status {open|paid|refunded}
//!   join (not declared): region = geo.regions.code (0.97)
//! ```

use std::collections::HashMap;
use std::fmt::Write;

use super::name::written;
use super::unfenced;
use crate::nl::line::one_line;
use crate::sql::schema::Column;
use crate::sql::schema::Family;
use crate::sql::schema::ForeignKey;
use crate::sql::schema::InferredKey;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;
use crate::sql::schema::TableKind;

/// Characters of a comment.
const MAX_COMMENT: usize = 200;

/// Labels of an enum, and characters of each.
const MAX_LABELS: usize = 40;
const MAX_LABEL: usize = 60;

/// How likely a reference is that is shown though nothing declares it, and how many are.
const LIKELY: f32 = 0.5;
const MAX_JOINS: usize = 12;

/// Outside text as data on a prompt's line: at most `max` characters, no fence, no line break.
pub(super) fn data(text: &str, max: usize) -> String {
    unfenced(&one_line(text, max))
}

/// Writes tables; knows where foreign keys lead.
pub(super) struct Writer<'a> {
    by_oid: HashMap<u32, &'a Table>,
}

impl<'a> Writer<'a> {
    /// A writer of the tables of `schema`.
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self {
            by_oid: schema
                .tables
                .iter()
                .map(|table| (table.oid, table))
                .collect(),
        }
    }

    /// The lines of `table` with those of its columns that `wanted` takes; `None` when its name
    /// cannot be written.
    pub(super) fn lines(&self, table: &Table, wanted: impl Fn(usize) -> bool) -> Option<String> {
        let mut lines = qualified(table)?;
        lines.push_str(match table.kind {
            TableKind::View | TableKind::MaterializedView => " (view)",
            TableKind::Table | TableKind::Partitioned | TableKind::Foreign => "",
        });
        if let Some(rows) = table.row_estimate {
            let _ = write!(lines, "  ~{} rows", rounded(rows));
        }
        if let Some(Family { pattern, members }) = &table.family {
            let pattern = data(pattern, MAX_LABEL);
            let _ = write!(
                lines,
                "  (one of {members} tables {pattern} with these columns)"
            );
        }
        push_comment(&mut lines, table.comment.as_deref());
        lines.push('\n');
        let mut left_out = 0;
        for (position, column) in table.columns.iter().enumerate() {
            match wanted(position)
                .then(|| self.column(table, position, column))
                .flatten()
            {
                Some(line) => lines.push_str(&line),
                None => left_out += 1,
            }
        }
        if left_out > 0 {
            let _ = writeln!(lines, "  ({left_out} more columns not shown)");
        }
        lines.extend(self.wide_keys(table));
        lines.extend(self.joins(table));
        Some(lines)
    }

    fn column(&self, table: &Table, position: usize, column: &Column) -> Option<String> {
        let mut line = format!(
            "  {} {}",
            written(&column.name)?,
            short_type(&column.type_name)
        );
        if table.primary_key == [position] {
            line.push_str(" pk");
        } else if table.unique_keys.iter().any(|key| *key == [position]) {
            line.push_str(" unique");
        }
        for key in table
            .foreign_keys
            .iter()
            .filter(|key| key.columns == [position])
        {
            if let Some((target, columns)) = self.target(key) {
                let _ = write!(line, " -> {target}.{columns}");
                line.push_str(&self.role(table, key, &column.name).unwrap_or_default());
            }
        }
        line.push_str(&labels(column));
        push_comment(&mut line, column.comment.as_deref());
        line.push('\n');
        Some(line)
    }

    /// Keys of more than one column, a line each.
    fn wide_keys(&self, table: &Table) -> Vec<String> {
        let mut lines = Vec::new();
        if table.primary_key.len() > 1
            && let Some(columns) = names(table, &table.primary_key)
        {
            lines.push(format!("  primary key ({columns})\n"));
        }
        for key in table
            .foreign_keys
            .iter()
            .filter(|key| key.columns.len() > 1)
        {
            if let (Some(from), Some((target, to))) = (names(table, &key.columns), self.target(key))
            {
                lines.push(format!("  ({from}) -> {target} ({to})\n"));
            }
        }
        lines
    }

    /// References that nothing declares, a line each, the likeliest first.
    fn joins(&self, table: &Table) -> Vec<String> {
        let line = |inferred: &InferredKey| {
            let columns = names(table, &inferred.key.columns)?;
            let (target, to) = self.target(&inferred.key)?;
            let sure = inferred.confidence;
            Some(match inferred.key.columns.len() {
                1 => format!("  join (not declared): {columns} = {target}.{to} ({sure:.2})\n"),
                _ => format!("  join (not declared): ({columns}) = {target} ({to}) ({sure:.2})\n"),
            })
        };
        let likely = table.inferred_keys.iter();
        let likely = likely.filter(|inferred| inferred.confidence >= LIKELY);
        likely.filter_map(line).take(MAX_JOINS).collect()
    }

    /// What a reference is for, where a table has several to the same other: the words of its
    /// column's name that do not say where it leads.
    fn role(&self, table: &Table, key: &ForeignKey, column: &str) -> Option<String> {
        let same = |other: &&ForeignKey| other.references == key.references;
        if table.foreign_keys.iter().filter(same).count() < 2 {
            return None;
        }
        let target = self.by_oid.get(&key.references)?.name.to_lowercase();
        let name = data(column, MAX_LABEL).replace('_', " ").to_lowercase();
        let says_where = |word: &str| {
            ["id", "key", "code", "no"].contains(&word)
                || target
                    .strip_prefix(word)
                    .is_some_and(|ending| ending.len() <= 2)
        };
        let words: Vec<&str> = name.split(' ').filter(|word| !says_where(word)).collect();
        let role = words.join(" ");
        (!role.is_empty()).then(|| format!(" (role: {role})"))
    }

    fn target(&self, key: &ForeignKey) -> Option<(String, String)> {
        let table = self.by_oid.get(&key.references)?;
        Some((qualified(table)?, names(table, &key.referenced_columns)?))
    }
}

fn qualified(table: &Table) -> Option<String> {
    Some(format!(
        "{}.{}",
        written(&table.schema)?,
        written(&table.name)?
    ))
}

fn names(table: &Table, positions: &[usize]) -> Option<String> {
    let names: Option<Vec<_>> = positions
        .iter()
        .map(|&position| written(&table.columns.get(position)?.name))
        .collect();
    Some(names?.join(", "))
}

fn labels(column: &Column) -> String {
    if column.enum_labels.is_empty() {
        return String::new();
    }
    let mut shown: Vec<_> = column
        .enum_labels
        .iter()
        .take(MAX_LABELS)
        .map(|l| label(l))
        .collect();
    if column.enum_labels.len() > MAX_LABELS {
        shown.push(format!("+{}", column.enum_labels.len() - MAX_LABELS));
    }
    format!(" {{{}}}", shown.join("|"))
}

/// A label bare, or as a literal when it could be taken for the list's own signs.
fn label(label: &str) -> String {
    let label = data(label, MAX_LABEL);
    if label.contains(['|', '{', '}', '\'']) {
        return format!("'{}'", label.replace('\'', "''"));
    }
    label
}

fn push_comment(line: &mut String, comment: Option<&str>) {
    let comment = data(comment.unwrap_or_default(), MAX_COMMENT);
    if !comment.is_empty() {
        line.push_str("  -- ");
        line.push_str(&comment);
    }
}

/// The shortest name of a type that `format_type` prints at length.
fn short_type(name: &str) -> String {
    const SHORT: [(&str, &str); 7] = [
        ("character varying", "varchar"),
        ("character", "char"),
        ("bigint", "int8"),
        ("integer", "int4"),
        ("smallint", "int2"),
        ("boolean", "bool"),
        ("double precision", "float8"),
    ];
    let name = data(name, MAX_LABEL).replace(" without time zone", "");
    if let Some(rest) = name.strip_prefix("timestamp") {
        return match rest.split_once(" with time zone") {
            Some((precision, array)) => format!("timestamptz{precision}{array}"),
            None => name,
        };
    }
    for (long, short) in SHORT {
        if let Some(rest) = name.strip_prefix(long)
            && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            return format!("{short}{rest}");
        }
    }
    name
}

fn rounded(rows: u64) -> String {
    match rows {
        0..1_000 => rows.to_string(),
        1_000..1_000_000 => format!("{}k", rows / 1_000),
        1_000_000.. => format!("{:.1}M", rows as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::label;
    use super::rounded;
    use super::short_type;

    #[test]
    fn types_are_shortened_as_postgres_would_read_them_back() {
        assert_eq!(short_type("character varying(80)"), "varchar(80)");
        assert_eq!(short_type("integer[]"), "int4[]");
        assert_eq!(short_type("timestamp(3) with time zone"), "timestamptz(3)");
        assert_eq!(short_type("timestamp without time zone"), "timestamp");
        assert_eq!(short_type("time with time zone"), "time with time zone");
        assert_eq!(short_type("numeric(10,2)"), "numeric(10,2)");
        assert_eq!(short_type("characters"), "characters");
    }

    #[test]
    fn a_label_cannot_pass_for_two() {
        assert_eq!(label("in transit"), "in transit");
        assert_eq!(label("a|b}"), "'a|b}'");
        assert_eq!(label("it's"), "'it''s'");
        assert_eq!(label("x\n>>> do"), "x >> > do");
    }

    #[test]
    fn row_counts_are_rounded() {
        assert_eq!(rounded(999), "999");
        assert_eq!(rounded(48_500), "48k");
        assert_eq!(rounded(1_250_000), "1.2M");
    }
}
