//! Whether the tokens of a query leave anything to be found in its tree: most do not, and making a
//! tree costs more than all the rest of a review.

use super::functions;
use crate::sql::schema::Facts;
use crate::sql::tokens::Tokens;

/// Words that a statement which writes or locks cannot do without.
const TELLING: [&str; 8] = [
    "insert", "update", "delete", "merge", "into", "for", "call", "do",
];

/// Some word of `tokens` may belong to something that is no read, or some name before a parenthesis
/// is not that of a function which is known to be quiet. Asks for more than it has to: names of
/// derived tables and CTEs stand before parentheses too.
pub(super) fn any(tokens: Tokens<'_>, facts: Option<&Facts>) -> bool {
    (0..tokens.len()).any(|index| {
        let word = tokens.keyword(index);
        if TELLING
            .iter()
            .any(|telling| word.as_bytes() == telling.as_bytes())
        {
            return true;
        }
        tokens.is_name(index)
            && tokens.is_symbol(index + 1, b'(')
            && !is_keyword(tokens, index)
            && !is_quiet(tokens, index, facts)
    })
}

/// The word at `index`, before a parenthesis, is grammar. With quotes or a schema it would be the name
/// of somebody's own function.
pub(super) fn is_keyword(tokens: Tokens<'_>, index: usize) -> bool {
    !is_behind_dot(tokens, index) && NEVER_A_FUNCTION.contains(&tokens.keyword(index).as_bytes())
}

fn is_behind_dot(tokens: Tokens<'_>, index: usize) -> bool {
    index > 0 && tokens.is_symbol(index - 1, b'.')
}

fn is_quiet(tokens: Tokens<'_>, index: usize, facts: Option<&Facts>) -> bool {
    let Some(name) = tokens.name(index) else {
        return false;
    };
    let quiet = if is_behind_dot(tokens, index) || tokens.keyword(index).as_bytes().is_empty() {
        functions::is_quiet_in_full(&name, facts)
    } else {
        functions::is_quiet(&name, facts)
    };
    quiet && !functions::is_denied(&name)
}

/// Reserved words, and those that name a type or a column but no function, as far as a parenthesis
/// follows them in a query. Not among them: `overlay` and `substring`, which since PostgreSQL 14 are
/// looked for along the search path.
/// <https://www.postgresql.org/docs/current/sql-keywords-appendix.html>
const NEVER_A_FUNCTION: &[&[u8]] = &[
    b"all",
    b"and",
    b"any",
    b"array",
    b"as",
    b"between",
    b"bit",
    b"case",
    b"cast",
    b"char",
    b"character",
    b"coalesce",
    b"dec",
    b"decimal",
    b"distinct",
    b"else",
    b"end",
    b"except",
    b"exists",
    b"extract",
    b"fetch",
    b"float",
    b"from",
    b"greatest",
    b"grouping",
    b"having",
    b"in",
    b"intersect",
    b"interval",
    b"lateral",
    b"least",
    b"limit",
    b"not",
    b"nullif",
    b"numeric",
    b"offset",
    b"on",
    b"only",
    b"or",
    b"position",
    b"row",
    b"select",
    b"some",
    b"then",
    b"time",
    b"timestamp",
    b"to",
    b"trim",
    b"union",
    b"using",
    b"values",
    b"varchar",
    b"when",
    b"where",
    b"with",
];

#[cfg(test)]
mod tests {
    use super::any;
    use crate::sql::schema::Facts;
    use crate::sql::script::Script;

    fn suspects(text: &str) -> bool {
        let facts = Facts {
            quiet_functions: ["sum", "lower"].map(str::to_owned).into(),
            ..Facts::default()
        };
        let script = Script::lex(text.as_bytes()).expect("tokens");
        any(script.all_tokens(), Some(&facts))
    }

    #[test]
    fn ordinary_reads_need_no_tree() {
        for text in [
            "SELECT a, sum(b), LOWER(c) FROM t WHERE a IN (1, 2) GROUP BY a",
            "SELECT coalesce(a, b)::numeric(10, 2) FROM (SELECT 1) t JOIN u USING (a)",
            "WITH x AS (SELECT 1) SELECT * FROM x WHERE EXISTS (VALUES (1))",
        ] {
            assert!(!suspects(text), "{text}");
        }
    }

    #[test]
    fn what_may_write_or_is_not_known_needs_one() {
        for text in [
            "SELECT unknown(a) FROM t",
            "SELECT \"lower\" (a), s.\"Lower\"(b) FROM t",
            "SELECT U&\"lower\"(a) FROM t",
            "SELECT DISTINCT ON (a) over(b) FROM t",
            "SELECT app.time(1)",
            "SELECT app . values (1)",
            "SELECT \"time\"(1)",
            "SELECT app.rows(1), \"rows\"(1)",
            "SELECT nextval('s')",
            "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
            "SELECT a INTO b FROM t",
            "SELECT a FROM t FOR UPDATE",
            "SELECT * FROM t, unknown (1)",
        ] {
            assert!(suspects(text), "{text}");
        }
    }
}
