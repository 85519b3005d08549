//! Which column a name means where several tables have one of that name.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::index::Closeness;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::index::Hit;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::refusal;

use super::Binder;

/// The closest column of one table that a mention names; `None` when there is none.
pub(super) fn closest_in(mention: &Mention, table: usize) -> Option<Hit> {
    in_table(mention, table).max_by_key(|hit| hit.closeness)
}

fn in_table(mention: &Mention, table: usize) -> impl Iterator<Item = Hit> {
    mention
        .hits
        .iter()
        .copied()
        .filter(move |hit| matches!(hit.target, Target::Column(id) if id.table == table))
}

impl Binder<'_, '_> {
    /// The column of something asked for: of the table named beside it, of the group, of the
    /// subject, or of the nearest table that has one.
    pub(super) fn asked_column(&self, mention: &Mention) -> Result<ColumnId, Cannot> {
        self.column(mention, &self.asked_tables(mention.at))
    }

    /// The first of those tables that has the column.
    pub(super) fn asked_table(&self, mention: &Mention) -> Option<usize> {
        self.asked_tables(mention.at)
            .into_iter()
            .find(|table| closest_in(mention, *table).is_some())
    }

    fn asked_tables(&self, at: usize) -> Vec<usize> {
        let mut tables = Vec::new();
        tables.extend(self.owner_after(at));
        for role in [
            Role::Grouped,
            Role::Head,
            Role::Owner,
            Role::Counted,
            Role::Related,
        ] {
            let of_role = self.draft.entities.iter().zip(&self.entities);
            tables.extend(
                of_role
                    .filter(|(e, _)| e.role == role)
                    .map(|(_, table)| *table),
            );
        }
        if !tables.contains(&self.subject) {
            tables.push(self.subject);
        }
        tables
    }

    /// The column of a condition: of the table said last, of the subject, or of the nearest.
    pub(super) fn tested_column(
        &self,
        mention: &Mention,
        focus: Option<usize>,
    ) -> Result<ColumnId, Cannot> {
        let mut tables = Vec::new();
        tables.extend(self.owner_after(mention.at));
        tables.extend(focus.map(|entity| self.entities[entity]));
        tables.push(self.subject);
        tables.extend(self.entities.iter().copied());
        tables.extend(self.main.iter().copied());
        self.column(mention, &tables)
    }

    /// The table of `name of customers`, which comes after the column.
    fn owner_after(&self, at: usize) -> Option<usize> {
        let items = self.around.items;
        let mut next = at + 1;
        let mut linked = false;
        while let Some(Kind::Tag(tag @ (Tag::Filler | Tag::Of | Tag::In))) =
            items.get(next).map(|item| &item.kind)
        {
            linked |= *tag != Tag::Filler;
            next += 1;
        }
        let entity = self
            .draft
            .entities
            .iter()
            .position(|entity| entity.mention.at == next)?;
        linked.then(|| self.entities[entity])
    }

    fn column(&self, mention: &Mention, tables: &[usize]) -> Result<ColumnId, Cannot> {
        for (position, table) in tables.iter().enumerate() {
            if let Some(id) = self.only_column(mention, *table)? {
                let said = self.owner_after(mention.at) == Some(*table);
                if !said && self.index().facts[*table].naming != [id.column] {
                    self.weigh(mention, id, &tables[position + 1..]);
                }
                return Ok(id);
            }
        }
        self.nearest_column(mention)
    }

    /// The closest column of a table, unless two are equally close.
    fn only_column(&self, mention: &Mention, table: usize) -> Result<Option<ColumnId>, Cannot> {
        let Some(best) = closest_in(mention, table) else {
            return Ok(None);
        };
        let close: Vec<ColumnId> = in_table(mention, table)
            .filter(|hit| hit.closeness == best.closeness)
            .filter_map(|hit| match hit.target {
                Target::Column(id) => Some(id),
                Target::Table(_) => None,
            })
            .collect();
        match close.as_slice() {
            [one] => Ok(Some(*one)),
            // A synonym lists what it may mean, best first.
            [first, ..] if best.closeness == Closeness::Synonym => Ok(Some(*first)),
            several => Err(refusal::ambiguous(
                &mention.text,
                &self.column_names(several),
            )),
        }
    }

    /// The column of the table that is fewest joins away from the subject.
    fn nearest_column(&self, mention: &Mention) -> Result<ColumnId, Cannot> {
        let mut near: Vec<(usize, std::cmp::Reverse<Closeness>, ColumnId)> = mention
            .hits
            .iter()
            .filter_map(|hit| match hit.target {
                Target::Column(id) => {
                    let distance = self.around.graph.distance(self.subject, id.table)?;
                    Some((distance, std::cmp::Reverse(hit.closeness), id))
                }
                Target::Table(_) => None,
            })
            .collect();
        near.sort();
        let Some((distance, closeness, id)) = near.first().copied() else {
            let subject = &self.index().table(self.subject).name;
            return Err(refusal::unsupported(
                &format!(
                    "\"{}\" belongs to nothing linked with {subject}",
                    mention.text
                ),
                "Ask about one table and those that foreign keys link with it.",
            ));
        };
        let ties: Vec<ColumnId> = near
            .iter()
            .filter(|(d, c, _)| (*d, *c) == (distance, closeness))
            .map(|(_, _, id)| *id)
            .collect();
        if ties.len() > 1 {
            return Err(refusal::ambiguous(&mention.text, &self.column_names(&ties)));
        }
        Ok(id)
    }

    /// Names the columns of other tables of the question that could as well be meant.
    fn weigh(&self, mention: &Mention, taken: ColumnId, tables: &[usize]) {
        let closeness = |table| closest_in(mention, table).map(|hit| hit.closeness);
        let own = closeness(taken.table);
        let others = tables
            .iter()
            .filter(|table| **table != taken.table && closeness(**table) == own);
        for table in others {
            if let Some(Target::Column(id)) = closest_in(mention, *table).map(|hit| hit.target)
                && self.index().target(id).is_none()
                && self.index().target(taken).is_none()
            {
                self.could_be(&mention.text, id);
            }
        }
    }

    /// Remembers another reading of some words.
    pub(super) fn could_be(&self, text: &str, id: ColumnId) {
        let line = format!("alternative: {}", self.reading(text, id));
        let mut alternatives = self.alternatives.borrow_mut();
        if !alternatives.contains(&line) {
            alternatives.push(line);
        }
    }

    /// Columns as a person would say them.
    pub(super) fn column_names(&self, ids: &[ColumnId]) -> Vec<String> {
        ids.iter()
            .take(6)
            .map(|id| {
                let table = self.index().table(id.table);
                format!("{} of {}", table.columns[id.column].name, table.name)
            })
            .collect()
    }
}
