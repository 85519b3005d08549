//! Relations by the name that a query gives them.

use crate::guard::Refusal;
use crate::sql::schema::NameIndex;
use crate::sql::schema::Table;

use super::name;
use super::name::Quoting;
use super::nearest::nearest;

/// The relation that a name stands for. Without a schema it must be the only one of its name, or
/// the one in `public`.
pub(super) fn resolve<'a>(tables: &NameIndex<'a>, parts: &[String]) -> Result<&'a Table, Refusal> {
    let (schema, own) = match parts {
        [own] => (None, own),
        [schema, own] => (Some(schema), own),
        _ => {
            let message = format!(
                "cross-database references are not allowed: {}",
                dotted(parts)
            );
            return Err(Refusal::new("relation", "0A000", message));
        }
    };
    let named = tables.named(own);
    let in_schema = |wanted: &str| named.iter().copied().find(|table| table.schema == wanted);
    let found = match (schema, named) {
        (Some(schema), _) => in_schema(schema),
        (None, [only]) => Some(*only),
        (None, _) => in_schema("public"),
    };
    found.ok_or_else(|| missing(tables, parts, named))
}

fn missing(tables: &NameIndex<'_>, parts: &[String], named: &[&Table]) -> Refusal {
    let shown = |name: &str| name::quoted(name, Quoting::WhereNeeded);
    let full = |table: &Table| format!("{}.{}", shown(&table.schema), shown(&table.name));
    if parts.len() == 1 && !named.is_empty() {
        let homes: Vec<String> = named.iter().map(|table| full(table)).collect();
        let message = format!("table name \"{}\" is ambiguous", dotted(parts));
        let hint = format!("qualify it: {}", homes.join(", "));
        return Refusal::new("relation", "42P09", message).hint(hint);
    }
    let own = parts.last().map_or("", String::as_str);
    let hint = nearest(own, tables.names())
        .and_then(|name| tables.named(name).first().copied())
        .map(|table| format!("perhaps {} is meant", full(table)));
    let message = format!(
        "relation \"{}\" is not visible to you or does not exist",
        dotted(parts)
    );
    Refusal::new("relation", "PGN03", message).hint(hint)
}

fn dotted(parts: &[String]) -> String {
    parts.join(".")
}
