//! Checks SQL that we or a model wrote, taking it for hostile, and writes it anew.
//!
//! What runs is never the text that came: every node of its tree must be on a list of what is
//! allowed, and only those nodes are written out, with each relation qualified by its schema.
//! The new text is lexed as PostgreSQL does and read back; unless it comes out the same once
//! more, it is refused.

mod admit;
mod cast;
mod comparison;
mod expression;
mod function;
mod functions;
mod item;
mod literal;
mod name;
mod nearest;
mod operator;
mod output;
mod query;
mod relation;
mod scope;
mod select;
mod special;
mod spelling;
mod table_function;
mod type_names;
mod visible;
mod writer;

use sqlparser::ast::Query;

use crate::sql::schema::NameIndex;
use crate::sql::schema::Schema;

use super::Refusal;
pub use spelling::Unstored;

use functions::Calls;
use name::Quoting;
use writer::Sight;
use writer::Style;
use writer::Writer;

/// A generated statement that may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The statement anew: one query, no semicolon, no comment, relations qualified.
    ///
    /// Functions, operators and types are checked as those of `pg_catalog` and written without that
    /// (but see [`check_embedded`]): run it with an empty `search_path`, in a read-only transaction
    /// that is rolled back.
    pub sql: String,
    /// `pg_class.oid` of each relation that it reads, without repetition.
    pub relations: Vec<u32>,
}

/// Decides whether SQL that a model wrote may run, and as what: [`check`], but for tests that look
/// at the walls behind it.
pub type Judge = fn(sql: &str, schema: &Schema) -> Result<Checked, Refusal>;

/// Takes `sql` if it is one query that reads what `schema` shows and calls what is harmless.
///
/// ```
/// use pgparley::guard::generated::check;
/// use pgparley::sql::schema::Schema;
///
/// let checked = check("select 1+1 /* two */;", &Schema::default()).unwrap();
/// assert_eq!(checked.sql, "SELECT 1 + 1");
/// assert!(check("DROP TABLE orders", &Schema::default()).is_err());
/// ```
pub fn check(sql: &str, schema: &Schema) -> Result<Checked, Refusal> {
    on_a_large_stack(sql, schema, Calls::Bare)
}

/// The same for a query that becomes a part of a client's own statement, and so runs under the
/// client's `search_path`: functions are written with their schema, so that no overload of
/// somebody else's is called. Operators cannot be written so without changing what binds tighter;
/// those of `pg_catalog` are preferred wherever they fit the operands.
pub fn check_embedded(sql: &str, schema: &Schema) -> Result<Checked, Refusal> {
    on_a_large_stack(sql, schema, Calls::Qualified)
}

/// The texts in a checked query that the columns they are compared with hold in other spellings
/// only, as far as is known; nothing of a query that cannot be read.
pub fn unstored(sql: &str, schema: &Schema) -> Vec<Unstored> {
    let Ok(tokens) = admit::text(sql) else {
        return Vec::new();
    };
    let stack = STACK_BASE + tokens * STACK_PER_TOKEN;
    stacker::grow(stack, || {
        let query = admit::query(sql);
        query.map_or_else(|_| Vec::new(), |query| spelling::unstored(&query, schema))
    })
}

/// Trees lean left without bound, and the parser, the writer and the drop all recurse.
fn on_a_large_stack(sql: &str, schema: &Schema, calls: Calls) -> Result<Checked, Refusal> {
    let tokens = admit::text(sql)?;
    let stack = STACK_BASE + tokens * STACK_PER_TOKEN;
    stacker::grow(stack, || checked(sql, schema, calls))
}

/// Stack for a statement of no length.
const STACK_BASE: usize = 4 << 20;

/// Stack for each further token: a few frames without optimisation.
const STACK_PER_TOKEN: usize = 16 << 10;

fn checked(sql: &str, schema: &Schema, calls: Calls) -> Result<Checked, Refusal> {
    let query = admit::query(sql)?;
    let tables = NameIndex::new(schema);
    let sight = Sight {
        schema,
        tables: &tables,
    };
    for quoting in [Quoting::WhereNeeded, Quoting::Always] {
        let style = Style { quoting, calls };
        let written = Writer::write(&query, sight, style)?;
        if reads_back(&written, sight, style) {
            return Ok(written);
        }
    }
    Err(Refusal::new(
        "reprint",
        "0A000",
        "the generated query does not read back the same",
    ))
}

/// Whether the text stands for one tree only, the one that was checked.
fn reads_back(written: &Checked, sight: Sight<'_>, style: Style) -> bool {
    let again = |query: Query| Writer::write(&query, sight, style);
    admit::text(&written.sql).is_ok()
        && admit::is_plain(&written.sql)
        && admit::query(&written.sql)
            .and_then(again)
            .is_ok_and(|again| again == *written)
}
