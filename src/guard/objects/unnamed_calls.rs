//! What runs a function without its name: operators, casts, checks of domains.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use super::calls::Callable;
use crate::guard::refusal::Refusal;
use crate::sql::objects::FIRST_NORMAL_OID;
use crate::sql::objects::Objects;

/// Operators and types by which a function out of bounds would be called.
#[derive(Debug, Default)]
pub(super) struct Types {
    /// By operator.
    pub symbols: HashMap<Arc<str>, Arc<Refusal>>,
    /// By the name of a type, wherever it stands.
    pub words: HashMap<Arc<str>, Arc<Refusal>>,
    /// By the oid of a type: its values may not be touched.
    pub oids: HashMap<u32, Arc<Refusal>>,
    /// By nothing that is written.
    pub everywhere: Option<Arc<Refusal>>,
}

impl Types {
    pub(super) fn judge(objects: &Objects, callable: &Callable) -> Self {
        let mut types = Self::default();
        types.operators(objects, callable);
        types.casts(objects, callable);
        types.checks(objects, callable);
        types.spread(objects);
        types
    }

    /// An operator of a type that is not PostgreSQL's own, under a symbol that is, is told by its
    /// type: nothing could be compared otherwise.
    fn operators(&mut self, objects: &Objects, callable: &Callable) {
        let own = |function: usize| &*objects.functions[function].schema == "pg_catalog";
        let common: HashSet<&str> = objects
            .operators
            .iter()
            .filter(|operator| own(operator.function))
            .map(|operator| &*operator.symbol)
            .collect();
        for operator in &objects.operators {
            let Some(refusal) = &callable.otherwise[operator.function] else {
                continue;
            };
            let foreign = operator.operands.iter().find(|&&oid| !is_built_in(oid));
            match foreign {
                Some(&oid) if common.contains(&*operator.symbol) => {
                    self.oids.insert(oid, Arc::clone(refusal));
                }
                _ => {
                    let symbol = Arc::clone(&operator.symbol);
                    self.symbols.insert(symbol, Arc::clone(refusal));
                }
            }
        }
    }

    fn casts(&mut self, objects: &Objects, callable: &Callable) {
        for cast in &objects.casts {
            let Some(refusal) = &callable.otherwise[cast.function] else {
                continue;
            };
            let foreign = [cast.source, cast.target]
                .into_iter()
                .find(|&oid| !is_built_in(oid));
            if let Some(oid) = foreign {
                self.oids.insert(oid, Arc::clone(refusal));
            } else if cast.implicit {
                self.everywhere = Some(Arc::clone(refusal));
            } else {
                let target = objects.types.iter().find(|named| named.oid == cast.target);
                let name = target.map(|named| Arc::clone(&named.name));
                if let Some(name) = &name {
                    self.word(name, refusal);
                    for &spelling in spellings(name) {
                        self.word(&Arc::from(spelling), refusal);
                    }
                }
            }
        }
    }

    /// A value of a domain is checked where it is made, on its own or in another value.
    fn checks(&mut self, objects: &Objects, callable: &Callable) {
        let checked = objects.types.iter().filter_map(|named| {
            let mut checks = named.checks.iter();
            let refusal = checks.find_map(|&check| callable.otherwise[check].as_ref())?;
            Some((named.oid, Arc::clone(refusal)))
        });
        let checked = holding(objects, checked.collect());
        for named in &objects.types {
            if let Some(refusal) = checked.get(&named.oid) {
                self.word(&named.name, refusal);
            }
        }
    }

    /// A type is also told by its name, and by types that hold it.
    fn spread(&mut self, objects: &Objects) {
        self.oids = holding(objects, std::mem::take(&mut self.oids));
        for named in &objects.types {
            if let Some(refusal) = self.oids.get(&named.oid).cloned() {
                self.word(&named.name, &refusal);
            }
        }
    }

    fn word(&mut self, name: &Arc<str>, refusal: &Arc<Refusal>) {
        self.words.insert(Arc::clone(name), Arc::clone(refusal));
    }
}

/// These types, and those whose values hold any of them: arrays, domains, ranges, composite types.
pub(super) fn holding(
    objects: &Objects,
    mut types: HashMap<u32, Arc<Refusal>>,
) -> HashMap<u32, Arc<Refusal>> {
    let mut grew = !types.is_empty();
    while grew {
        grew = false;
        for named in &objects.types {
            let mut holds = named.holds.iter();
            if !types.contains_key(&named.oid)
                && let Some(refusal) = holds.find_map(|held| types.get(held)).cloned()
            {
                types.insert(named.oid, refusal);
                grew = true;
            }
        }
    }
    types
}

fn is_built_in(oid: u32) -> bool {
    oid < FIRST_NORMAL_OID
}

/// What else SQL calls a type of PostgreSQL's own.
///
/// <https://www.postgresql.org/docs/current/datatype.html>
fn spellings(name: &str) -> &'static [&'static str] {
    match name {
        "int2" => &["smallint"],
        "int4" => &["int", "integer"],
        "int8" => &["bigint"],
        "float4" => &["real", "float"],
        "float8" => &["double", "float"],
        "bool" => &["boolean"],
        "numeric" => &["decimal", "dec"],
        "bpchar" => &["char", "character", "nchar"],
        "varchar" => &["char", "character"],
        "varbit" => &["bit"],
        "timestamptz" => &["timestamp"],
        "timetz" => &["time"],
        _ => &[],
    }
}
