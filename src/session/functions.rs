//! What the functions of a database leave behind in the session of who calls them: their bodies
//! tell, which its catalog shows, and what was read is remembered for a while.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::sql::routine;
use crate::sql::routine::Left;
use crate::upstream::Interner;
use crate::upstream::Login;
use crate::upstream::put_literal;

/// How long a body that was read is taken for the function's own. One that is replaced by a client
/// of pgparley is read again at once.
const FRESH: Duration = Duration::from_secs(30);

/// Functions of one database that are remembered.
const MOST: usize = 16 * 1024;

/// Rows of a catalog that say what these functions do: name, language, body.
const QUESTION: &str = "\
    SELECT p.proname, l.lanname, \
        CASE WHEN p.prosrc OPERATOR(pg_catalog.=) '' \
                AND l.lanname OPERATOR(pg_catalog.=) 'sql'::pg_catalog.name \
            THEN pg_catalog.pg_get_functiondef(p.oid) ELSE p.prosrc END \
    FROM pg_catalog.pg_proc p \
        JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang \
    WHERE p.proname OPERATOR(pg_catalog.=) ANY (ARRAY[";

/// A function's name, without its schema: all functions of that name count.
pub(super) type Name = Box<[u8]>;

/// What is known of every database, by where it is.
#[derive(Debug, Default)]
pub(super) struct Databases {
    known: Mutex<HashMap<Place, Common>>,
}

/// What all sessions of one database share, whoever has logged in.
#[derive(Debug, Default, Clone)]
pub(super) struct Common {
    /// What its functions leave behind.
    pub functions: Arc<Functions>,
    /// What clients prepare there.
    pub interner: Arc<Interner>,
}

/// Host, port and database.
type Place = (String, u16, Vec<u8>);

impl Databases {
    /// The one that is logged in to.
    pub(super) fn of(&self, login: &Login) -> Common {
        let place = (login.host.clone(), login.port, login.database.clone());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(place).or_default().clone()
    }
}

/// The functions of one database.
#[derive(Debug, Default)]
pub(super) struct Functions {
    known: Mutex<HashMap<Name, Known>>,
}

/// What was read of the functions with one name.
#[derive(Debug)]
struct Known {
    left: Arc<Left>,
    since: Instant,
}

impl Functions {
    /// What calls of these leave behind; those of which it is not known, when there are any.
    pub(super) fn left(&self, names: &[Name]) -> Result<Left, Vec<Name>> {
        let known = self.known();
        let mut seen: Vec<Name> = names.to_vec();
        let mut known_names: HashSet<Name> = names.iter().cloned().collect();
        let mut left = Left::default();
        let mut missing = Vec::new();
        let mut at = 0;
        while let Some(name) = seen.get(at) {
            at += 1;
            match known.get(name) {
                Some(found) if found.since.elapsed() < FRESH => {
                    let found = Arc::clone(&found.left);
                    for name in &found.calls {
                        if known_names.insert(name.clone()) {
                            seen.push(name.clone());
                        }
                    }
                    if found.footprint.matters() {
                        left.footprint = left.footprint | found.footprint;
                        left.custom.join(found.custom.clone());
                    }
                }
                _ => missing.push(name.clone()),
            }
        }
        if missing.is_empty() {
            Ok(left)
        } else {
            Err(missing)
        }
    }

    /// Remembers what the server has answered to the [`question`] about these.
    pub(super) fn learn<'r>(
        &self,
        names: &[Name],
        rows: impl Iterator<Item = Vec<Option<&'r [u8]>>>,
    ) {
        let mut found: HashMap<&[u8], Left> = HashMap::new();
        for name in names {
            found.insert(name, Left::default());
        }
        for row in rows {
            let [Some(name), Some(language), body] = row.as_slice() else {
                continue;
            };
            if let Some(left) = found.get_mut(name) {
                left.join(routine::left(language, body.unwrap_or_default()));
            }
        }
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        for (name, left) in found {
            let left = Known {
                left: Arc::new(left),
                since: Instant::now(),
            };
            known.insert(name.into(), left);
        }
    }

    /// Functions were made or changed.
    pub(super) fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Name, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks what functions with these names do.
pub(super) fn question(names: &[Name]) -> Vec<u8> {
    let mut question = QUESTION.as_bytes().to_vec();
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            question.extend_from_slice(b", ");
        }
        put_literal(&mut question, name);
    }
    question.extend_from_slice(b"]::pg_catalog.name[])");
    question
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Name> {
        names.iter().map(|name| name.as_bytes().into()).collect()
    }

    fn row<'r>(name: &'r str, body: &'r str) -> Vec<Option<&'r [u8]>> {
        vec![
            Some(name.as_bytes()),
            Some(b"plpgsql"),
            Some(body.as_bytes()),
        ]
    }

    #[test]
    fn what_a_function_leaves_is_what_the_functions_leave_that_it_calls() {
        let functions = Functions::default();
        let [f, g] = [names(&["f"]), names(&["g"])];
        assert_eq!(functions.left(&f), Err(f.clone()));
        functions.learn(&f, [row("f", "BEGIN PERFORM g(); END")].into_iter());
        assert_eq!(functions.left(&f), Err(g.clone()));
        let body = "BEGIN SET app.a = 1; PERFORM f(); END";
        functions.learn(&g, [row("g", body)].into_iter());
        let left = functions.left(&f).expect("both are known");
        assert!(left.footprint.asks);
        assert_eq!(left.custom.names, ["app.a"]);
        functions.forget();
        assert_eq!(functions.left(&f), Err(f));
    }

    #[test]
    fn every_overload_counts_and_what_is_no_function_leaves_nothing() {
        let functions = Functions::default();
        let both = names(&["f", "orders"]);
        let rows = [row("f", "BEGIN END"), row("f", "BEGIN RESET ALL; END")];
        functions.learn(&both, rows.into_iter());
        assert!(functions.left(&both[..1]).expect("known").footprint.resets);
        assert_eq!(functions.left(&both[1..]), Ok(Left::default()));
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        let question = question(&names(&["it's"]));
        assert!(question.ends_with(b"ANY (ARRAY['it''s']::pg_catalog.name[])"));
    }
}
