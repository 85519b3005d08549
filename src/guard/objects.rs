//! The rules about tables, columns and functions, made ready for one state of one database.
//!
//! Nothing can touch an object without a word or an operator that names it, or names something
//! that reaches it. So most texts pass by their tokens alone; the others are resolved by their
//! syntax tree, and what cannot be resolved for sure is refused.

mod access;
mod bodies;
mod calls;
mod columns;
mod copy;
mod expressions;
mod from;
mod keys;
mod query;
mod scope;
mod statement;
mod tokens;
mod tree;
mod unnamed_calls;
mod utility;
mod visible;
mod walk;
mod words;
mod writes;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use self::access::Access;
use self::words::Word;
use super::refusal::Refusal;
use crate::config::Mask;
use crate::config::Policy;
use crate::sql::objects::Objects;

/// The object rules of one policy over one state of a database.
#[derive(Debug, Clone)]
pub struct ObjectRules {
    made: Arc<Made>,
    /// The schemas in which the session looks for what is written without one, in order, where that
    /// is known.
    path: Option<Vec<Box<str>>>,
}

/// What is the same for every session.
#[derive(Debug)]
pub struct Made {
    policy: String,
    objects: Arc<Objects>,
    /// What may be done with each relation of `objects`.
    access: Vec<Access>,
    /// Words that may name something out of bounds.
    words: HashMap<Arc<str>, Word>,
    /// One of these words has letters beyond ASCII, which other encodings write otherwise.
    foreign_words: bool,
    /// Operators that call something out of bounds.
    symbols: HashMap<Arc<str>, Arc<Refusal>>,
    /// Something out of bounds is called where no text shows it.
    everywhere: Option<Arc<Refusal>>,
    /// There is a list of tables, and nothing else may be named.
    lists_tables: bool,
    /// Some relation or column is out of bounds.
    guards_data: bool,
    /// What is out of bounds.
    about: About,
    /// By relation oid and attribute number.
    origins: HashMap<(u32, i16), Origin>,
}

/// What rules are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// Objects that the policy names.
    Names,
    /// Functions that write, as the session may not.
    Writes,
    /// Both.
    Both,
}

impl About {
    fn of(policy: &Policy) -> Self {
        match (policy.guards_objects(), policy.read_only) {
            (true, true) => Self::Both,
            (false, true) => Self::Writes,
            (_, false) => Self::Names,
        }
    }
}

impl Deref for ObjectRules {
    type Target = Made;

    fn deref(&self) -> &Made {
        &self.made
    }
}

/// What becomes of a result's column that comes from a certain column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is not delivered.
    Denied,
    /// This stands in its place.
    Masked(Mask),
}

impl ObjectRules {
    /// The rules of `policy` over `objects`.
    pub fn new(policy: &Policy, objects: &Arc<Objects>) -> Self {
        let mut found = HashMap::new();
        loop {
            let rules = Self::knowing(policy, Arc::clone(objects), &found);
            let refused = rules.bodies(|function| calls::is_vouched(policy, function));
            let known = found.len();
            found.extend(refused);
            // Whoever calls one of these may not be called either.
            if found.len() == known {
                return rules;
            }
        }
    }

    /// The rules when these functions are known to reach something out of bounds.
    fn knowing(
        policy: &Policy,
        objects: Arc<Objects>,
        found: &HashMap<usize, Arc<Refusal>>,
    ) -> Self {
        let callable = calls::Callable::judge(policy, &objects, found);
        let types = unnamed_calls::Types::judge(&objects, &callable);
        let mut rows = HashMap::new();
        let (columns, access) = loop {
            let columns = columns::Columns::judge(policy, &objects, &types.oids, &rows);
            let access = access::judge(policy, &objects, &callable, &columns);
            let found = access::rows(&objects, &access);
            // Whatever holds a row of one of these may not be read either.
            if found.len() == rows.len() {
                break (columns, access);
            }
            rows = found;
        };
        let mut rules = Made {
            policy: policy.name.clone(),
            origins: columns.origins(&objects),
            access,
            words: HashMap::new(),
            foreign_words: false,
            symbols: types.symbols,
            everywhere: types.everywhere,
            lists_tables: policy.tables.allow.is_some(),
            guards_data: policy.guards_data(),
            about: About::of(policy),
            objects,
        };
        rules.words = words::collect(&rules.objects, &rules.access, &callable, types.words);
        words::imply(&mut rules.words, &rules.symbols);
        rules.foreign_words = rules.words.keys().any(|word| !word.is_ascii())
            || columns.have_foreign_names(&rules.objects);
        Self {
            made: Arc::new(rules),
            path: None,
        }
    }

    /// The rules for a statement that runs at once, in a session that looks in these schemas.
    #[must_use]
    pub fn seen_from(&self, path: Vec<Box<str>>) -> Self {
        Self {
            made: Arc::clone(&self.made),
            path: Some(path),
        }
    }

    /// [`Objects::version`] of the state that they are made for.
    pub fn version(&self) -> u64 {
        self.objects.version
    }

    /// What becomes of a result's column that comes from attribute `attnum` of relation `oid`.
    pub fn origin(&self, oid: u32, attnum: i16) -> Option<&Origin> {
        self.origins.get(&(oid, attnum))
    }

    /// Values of this type are delivered as their text, in the binary format too.
    pub fn is_string(&self, type_oid: u32) -> bool {
        // text, varchar, bpchar, name.
        const STRINGS: [u32; 4] = [25, 1043, 1042, 19];
        let is_citext = || {
            let mut types = self.objects.types.iter();
            types.any(|named| named.oid == type_oid && &*named.name == "citext")
        };
        STRINGS.contains(&type_oid) || is_citext()
    }
}
