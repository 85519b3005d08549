//! A table that stands for a family of others is read alone only where it is meant alone.

use crate::nl::Cannot;
use crate::nl::builtin::index::Closeness;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::refusal;

use super::Binder;

impl Binder<'_, '_> {
    /// Refuses what only one table of many would answer, unless it is called by its whole name;
    /// then it says that there are others.
    pub(super) fn check_families(&mut self) -> Result<(), Cannot> {
        let mut read: Vec<usize> = self.entities.iter().chain(&self.main).copied().collect();
        read.push(self.subject);
        read.sort_unstable();
        read.dedup();
        for position in read {
            let table = self.index().table(position);
            let Some(family) = &table.family else {
                continue;
            };
            let said = format!("one of {} tables {}", family.members, family.pattern);
            if !self.is_called_in_full(position) {
                return Err(refusal::unsupported(
                    &format!("{} is only {said}", table.name),
                    "Name one of them in full, or ask all of them in SQL.",
                ));
            }
            let reading = format!("\"{}\" = {said}", table.name);
            self.readings.push(reading);
        }
        Ok(())
    }

    fn is_called_in_full(&self, table: usize) -> bool {
        let hits = self
            .draft
            .entities
            .iter()
            .flat_map(|entity| &entity.mention.hits);
        hits.filter(|hit| hit.target == Target::Table(table))
            .any(|hit| hit.closeness >= Closeness::Alias)
    }
}
