//! Prepared statements that several server connections share: each is prepared where it is used.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::Settings;

/// What a prepared statement is, whatever each client calls it.
#[derive(Debug)]
pub struct Statement {
    id: u64,
    /// What stands behind the name in its Parse: the text, and the parameters' types. Of one that
    /// SQL prepares, what stands behind the name there.
    definition: Box<[u8]>,
    /// A PREPARE in SQL makes it.
    by_sql: bool,
    /// Counts how often a server has said that a plan of it is out of date.
    generation: AtomicU64,
}

/// Statements by what they are. The settings count too: the same text can mean another thing under
/// another `TimeZone` or `DateStyle`.
#[derive(Debug, Default)]
pub struct Interner {
    known: Mutex<HashMap<Key, Weak<Statement>>>,
    next_id: AtomicU64,
    /// Counts how often relations may have changed their shape.
    shapes: AtomicU64,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    definition: Box<[u8]>,
    by_sql: bool,
    /// Under which it is read.
    settings: Arc<Settings>,
    /// The shapes that relations had when it was first prepared.
    shapes: u64,
}

/// Entries that may be out of use before the interner looks for them.
const SLACK: usize = 1024;

impl Interner {
    /// The statement with this definition, prepared under these settings.
    pub fn intern(
        &self,
        definition: &[u8],
        by_sql: bool,
        settings: &Arc<Settings>,
    ) -> Arc<Statement> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Key {
            definition: definition.into(),
            by_sql,
            settings: Arc::clone(settings),
            shapes: self.shapes.load(Ordering::Relaxed),
        };
        if let Some(statement) = known.get(&key).and_then(Weak::upgrade) {
            return statement;
        }
        if known.len() >= SLACK && known.len() == known.capacity() {
            known.retain(|_, statement| statement.strong_count() > 0);
        }
        let statement = self.private(definition, by_sql);
        known.insert(key, Arc::downgrade(&statement));
        statement
    }

    /// Relations have another shape from now on: who prepares a statement then shares it with
    /// nobody for whom it has the old one, and who has it hears of that from the server.
    pub fn reshaped(&self) {
        self.shapes.fetch_add(1, Ordering::Relaxed);
    }

    /// A statement that is shared with nobody, for settings that are not known.
    pub fn private(&self, definition: &[u8], by_sql: bool) -> Arc<Statement> {
        Arc::new(Statement {
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            definition: definition.into(),
            by_sql,
            generation: AtomicU64::new(0),
        })
    }
}

impl Statement {
    /// What servers call it.
    pub fn name(&self) -> Vec<u8> {
        self.name_text().into_bytes()
    }

    /// What servers call it, in SQL without quotes too.
    pub fn name_text(&self) -> String {
        name(self.id)
    }

    /// The number in its name.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What stands behind the name where it is prepared.
    pub fn definition(&self) -> &[u8] {
        &self.definition
    }

    /// The SQL of its definition.
    pub fn text(&self) -> &[u8] {
        let end = self.definition.iter().position(|&byte| byte == 0);
        &self.definition[..end.unwrap_or(self.definition.len())]
    }

    /// A PREPARE in SQL makes it.
    pub fn is_sql(&self) -> bool {
        self.by_sql
    }

    /// Plans that servers have made so far are out of date.
    pub fn outdate(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }
}

/// Where names of statements begin that pgparley gives.
pub const PREFIX: &str = "_pgparley_s";

fn name(id: u64) -> String {
    format!("{PREFIX}{id}")
}

/// The statements that one server connection holds.
#[derive(Debug, Default)]
pub struct Statements {
    held: HashMap<u64, Held>,
    /// To be closed at the next opportunity.
    surplus: Vec<u64>,
    clock: u64,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    generation: u64,
    used: u64,
}

impl Statements {
    /// Whether the server has it, up to date.
    pub fn has(&mut self, statement: &Statement) -> bool {
        self.clock += 1;
        let Some(held) = self.held.get_mut(&statement.id) else {
            return false;
        };
        held.used = self.clock;
        held.generation == statement.generation.load(Ordering::Relaxed)
    }

    /// Whether its name may be taken on the server, be it by a plan that is out of date.
    pub fn may_hold(&self, statement: &Statement) -> bool {
        self.held.contains_key(&statement.id) || self.surplus.contains(&statement.id)
    }

    /// It is being prepared. Beyond `most` the one that was used longest ago has to go.
    pub fn added(&mut self, statement: &Statement, most: usize) {
        self.clock += 1;
        let held = Held {
            generation: statement.generation.load(Ordering::Relaxed),
            used: self.clock,
        };
        self.held.insert(statement.id, held);
        // A name that is in use again must not be closed.
        self.surplus.retain(|&id| id != statement.id);
        if self.held.len() > most {
            let oldest = self.held.iter().min_by_key(|(_, held)| held.used);
            if let Some(id) = oldest.map(|(&id, _)| id) {
                self.held.remove(&id);
                self.surplus.push(id);
            }
        }
    }

    /// It may not have been prepared after all.
    pub fn lost(&mut self, statement: &Statement) {
        self.held.remove(&statement.id);
        // To close what is not there does no harm.
        self.still_surplus(statement.id);
    }

    /// All of them may be gone.
    pub fn all_lost(&mut self) {
        let held: Vec<_> = self.held.drain().map(|(id, _)| id).collect();
        for id in held {
            self.still_surplus(id);
        }
    }

    /// One that is to be closed now: its number, and what the server calls it.
    pub fn take_surplus(&mut self) -> Option<(u64, Vec<u8>)> {
        self.surplus.pop().map(|id| (id, name(id).into_bytes()))
    }

    /// It was not closed after all.
    pub fn still_surplus(&mut self, id: u64) {
        if !self.surplus.contains(&id) {
            self.surplus.push(id);
        }
    }

    /// The server has forgotten all of them.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_statements_are_one_under_equal_settings() {
        let interner = Interner::default();
        let plain = Arc::new(Settings::default());
        let paris = Arc::new(Settings::new([(
            b"TimeZone".into(),
            b"Europe/Paris".into(),
        )]));
        let statement = interner.intern(b"SELECT 1\0\0\0", false, &plain);
        let same = interner.intern(b"SELECT 1\0\0\0", false, &plain);
        assert!(Arc::ptr_eq(&statement, &same));
        let other = interner.intern(b"SELECT 1\0\0\0", false, &paris);
        assert_ne!(statement.name(), other.name());
        interner.reshaped();
        let younger = interner.intern(b"SELECT 1\0\0\0", false, &plain);
        assert_ne!(statement.name(), younger.name());
    }

    #[test]
    fn the_one_used_longest_ago_goes_first() {
        let interner = Interner::default();
        let [a, b, c] = [b"a", b"b", b"c"].map(|text| interner.private(text, false));
        let mut statements = Statements::default();
        statements.added(&a, 2);
        statements.added(&b, 2);
        assert!(statements.has(&a));
        statements.added(&c, 2);
        assert!(statements.has(&a) && !statements.has(&b) && statements.has(&c));
        assert_eq!(
            statements.take_surplus().map(|(_, name)| name),
            Some(b.name())
        );
        assert_eq!(statements.take_surplus(), None);
    }

    #[test]
    fn an_outdated_plan_is_made_anew_under_the_same_name() {
        let interner = Interner::default();
        let statement = interner.private(b"a", false);
        let mut statements = Statements::default();
        statements.added(&statement, 2);
        statement.outdate();
        assert!(!statements.has(&statement) && statements.may_hold(&statement));
        statements.added(&statement, 2);
        assert!(statements.has(&statement));
    }
}
