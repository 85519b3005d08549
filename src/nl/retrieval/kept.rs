//! Schemas that were indexed, for the questions to come.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::Retrieval;
use crate::sql::schema::Schema;

/// How many are kept: one for each role and database that asks.
const KEPT: usize = 16;

/// Indexes by the schemas they were made of, the newest last.
#[derive(Default)]
pub(in crate::nl) struct Kept {
    indexes: Mutex<Vec<(Arc<Schema>, Arc<Retrieval>)>>,
}

impl Kept {
    /// The index of `schema`, made if there is none. Takes a while then: not for a thread that
    /// drives I/O.
    pub(in crate::nl) fn of(&self, schema: &Arc<Schema>) -> Arc<Retrieval> {
        let lock = || self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = lock().iter().find(|(of, _)| Arc::ptr_eq(of, schema)) {
            return Arc::clone(known);
        }
        let made = Arc::new(Retrieval::new(schema));
        let mut kept = lock();
        // A newer version of the same view takes the older one's place.
        let view = |schema: &Schema| (schema.database.clone(), schema.role.clone());
        kept.retain(|(of, _)| view(of) != view(schema));
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((Arc::clone(schema), Arc::clone(&made)));
        made
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::KEPT;
    use super::Kept;
    use crate::sql::schema::Schema;

    fn view(role: &str) -> Arc<Schema> {
        Arc::new(Schema {
            role: role.to_owned(),
            ..Schema::default()
        })
    }

    #[test]
    fn an_index_is_made_once_and_given_up_for_newer_ones() {
        let kept = Kept::default();
        let first = view("first");
        let index = kept.of(&first);
        assert!(Arc::ptr_eq(&index, &kept.of(&first)));
        assert!(
            !Arc::ptr_eq(&index, &kept.of(&view("first"))),
            "another version"
        );
        for number in 0..2 * KEPT {
            kept.of(&view(&number.to_string()));
        }
        assert_eq!(kept.indexes.lock().expect("not poisoned").len(), KEPT);
    }
}
