//! Names of columns, resolved before they are written.
//!
//! `t.f` where `t` has no column `f` is not an error to PostgreSQL but a call of the function `f`
//! with the row: <https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-USAGE>. So a
//! qualified name is written only if the column is known to be there.

use sqlparser::ast::Ident;

use crate::guard::Refusal;

use super::name;
use super::name::Quoting;
use super::nearest::nearest;
use super::output::Output;
use super::scope::Scope;
use super::scope::Source;
use super::writer::Writer;

impl Writer<'_> {
    /// Writes the name of a column, or of a whole row; whether its type is opaque.
    pub(super) fn column(&mut self, parts: &[Ident]) -> Result<bool, Refusal> {
        let parts = parts
            .iter()
            .map(name::folded)
            .collect::<Result<Vec<_>, _>>()?;
        let opaque = match &parts[..] {
            [column] => self.unqualified(column)?,
            [source, column] => {
                let source = self.source_named(source)?;
                qualified(source, column)?
            }
            [schema, source, column] => {
                let source = self.source_in(schema, source)?;
                qualified(source, column)?
            }
            _ => {
                let message = format!("{} is too long a name for a column", parts.join("."));
                return Err(Refusal::new("column", "42601", message));
            }
        };
        self.dotted(&parts);
        Ok(opaque)
    }

    /// Writes `source.*`; the columns that it stands for.
    pub(super) fn wildcard(&mut self, parts: &[String]) -> Result<Vec<Output>, Refusal> {
        let source = match parts {
            [source] => self.source_named(source)?,
            [schema, source] => self.source_in(schema, source)?,
            _ => return Err(missing_source(&parts.join("."))),
        };
        let columns = source.columns.clone();
        self.dotted(parts);
        self.put(".*");
        Ok(columns)
    }

    fn dotted(&mut self, parts: &[String]) {
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                self.put(".");
            }
            self.name(part);
        }
    }

    /// A column of any open SELECT, the innermost first, or else a whole row of one.
    fn unqualified(&self, column: &str) -> Result<bool, Refusal> {
        let inside_out = || self.scopes.iter().rev();
        for scope in inside_out() {
            if let Some(found) = scope.columns().find(|output| output.name == column) {
                return Ok(found.opaque);
            }
        }
        match inside_out().find_map(|scope| scope.source(column)) {
            Some(row) => Ok(row.columns.iter().any(|column| column.opaque)),
            None => Err(self.no_column(column)),
        }
    }

    fn source_named(&self, name: &str) -> Result<&Source, Refusal> {
        let found = self
            .scopes
            .iter()
            .rev()
            .find_map(|scope| scope.source(name));
        found.ok_or_else(|| missing_source(name))
    }

    fn source_in(&self, schema: &str, name: &str) -> Result<&Source, Refusal> {
        let is_it = |source: &&Source| {
            source.schema.as_deref() == Some(schema) && source.name.as_deref() == Some(name)
        };
        let found = self
            .scopes
            .iter()
            .rev()
            .find_map(|scope| scope.visible().iter().find(is_it));
        found.ok_or_else(|| missing_source(&format!("{schema}.{name}")))
    }

    /// Refuses a column that is nowhere, naming one that is.
    pub(super) fn no_column(&self, column: &str) -> Refusal {
        let names = self.scopes.iter().flat_map(Scope::columns);
        let hint = nearest(column, names.map(|output| output.name.as_str()))
            .map(|near| format!("perhaps {} is meant", shown(near)));
        let message = format!("column \"{column}\" does not exist");
        Refusal::new("column", "42703", message).hint(hint)
    }
}

fn qualified(source: &Source, column: &str) -> Result<bool, Refusal> {
    let Some(found) = source.column(column) else {
        let own = source.name.as_deref().unwrap_or_default();
        let names = source.columns.iter().map(|column| column.name.as_str());
        let hint =
            nearest(column, names).map(|near| format!("perhaps {own}.{} is meant", shown(near)));
        let message = format!("column {own}.{column} does not exist");
        return Err(Refusal::new("column", "42703", message).hint(hint));
    };
    Ok(found.opaque)
}

/// A name as it must be written.
fn shown(name: &str) -> String {
    name::quoted(name, Quoting::WhereNeeded)
}

fn missing_source(name: &str) -> Refusal {
    let message = format!("missing FROM-clause entry for table \"{name}\"");
    Refusal::new("column", "42P01", message)
}
