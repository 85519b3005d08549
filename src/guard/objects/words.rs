//! The words by which a text may name something out of bounds.

use std::collections::HashMap;
use std::sync::Arc;

use super::access::Access;
use super::calls::Callable;
use crate::guard::refusal::Refusal;
use crate::sql::objects::Attribute;
use crate::sql::objects::Objects;

/// What a word may stand for.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// A relation that is not free.
    pub relation: bool,
    /// A schema with such a relation.
    pub schema: bool,
    /// Functions.
    pub functions: Vec<Called>,
    /// A type whose values may call something out of bounds.
    pub bare: Option<Arc<Refusal>>,
    /// Unquoted, grammar that calls something out of bounds.
    pub grammar: Option<Arc<Refusal>>,
}

/// A function that may not be called.
#[derive(Debug)]
pub(super) struct Called {
    /// Its schema.
    pub schema: Arc<str>,
    /// Whether it can be called like an attribute.
    pub attribute: Attribute,
    /// Why.
    pub refusal: Arc<Refusal>,
}

/// Every such word.
pub(super) fn collect(
    objects: &Objects,
    access: &[Access],
    callable: &Callable,
    types: HashMap<Arc<str>, Arc<Refusal>>,
) -> HashMap<Arc<str>, Word> {
    let mut words: HashMap<Arc<str>, Word> = HashMap::new();
    for (relation, access) in objects.relations.iter().zip(access) {
        if !access.is_free() {
            words
                .entry(Arc::clone(&relation.name))
                .or_default()
                .relation = true;
            words
                .entry(Arc::clone(&relation.schema))
                .or_default()
                .schema = true;
        }
    }
    for (function, refused) in objects.functions.iter().zip(&callable.by_name) {
        let Some(refusal) = refused else { continue };
        let word = words.entry(Arc::clone(&function.name)).or_default();
        word.functions.push(Called {
            schema: Arc::clone(&function.schema),
            attribute: function.attribute,
            refusal: Arc::clone(refusal),
        });
        if &*function.schema == "pg_catalog" {
            for &grammar in written_as(&function.name) {
                let word = words.entry(Arc::from(grammar)).or_default();
                word.grammar = Some(Arc::clone(refusal));
            }
        }
    }
    for (name, refusal) in types {
        words.entry(name).or_default().bare = Some(refusal);
    }
    words
}

/// Words that PostgreSQL's grammar turns into a call of the function `name`.
fn written_as(name: &str) -> &'static [&'static str] {
    match name {
        "btrim" | "ltrim" | "rtrim" => &["trim"],
        "date_part" => &["extract"],
        "timezone" => &["zone", "local"],
        "similar_to_escape" | "similar_escape" => &["similar"],
        "like_escape" => &["escape"],
        "is_normalized" => &["normalized"],
        "overlaps" => &["overlaps"],
        "pg_collation_for" => &["collation"],
        "current_schema" => &["current_schema"],
        "current_user" => &["current_user", "current_role", "user"],
        "session_user" => &["session_user"],
        "current_database" => &["current_catalog"],
        _ => &[],
    }
}

/// Adds the words that PostgreSQL's grammar turns into one of these operators.
pub(super) fn imply(
    words: &mut HashMap<Arc<str>, Word>,
    symbols: &HashMap<Arc<str>, Arc<Refusal>>,
) {
    for (symbol, refusal) in symbols {
        let written: &[&str] = match &**symbol {
            "=" | "<>" => &[
                "in",
                "nullif",
                "case",
                "using",
                "natural",
                "distinct",
                "union",
                "intersect",
                "except",
                "group",
                "partition",
            ],
            "<" | ">" => &["order", "greatest", "least", "distinct", "group", "union"],
            "<=" | ">=" => &["between"],
            "~~" | "!~~" => &["like"],
            "~~*" | "!~~*" => &["ilike"],
            "~" | "!~" => &["similar"],
            _ => &[],
        };
        for &word in written {
            let word = words.entry(Arc::from(word)).or_default();
            word.grammar = Some(Arc::clone(refusal));
        }
    }
}
