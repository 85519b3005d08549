//! Fills the index: under which words each table, column and value is found.

use crate::sql::schema::Column;
use crate::sql::schema::Table;
use crate::sql::schema::TypeKind;

use super::Closeness;
use super::ColumnId;
use super::Hit;
use super::Index;
use super::Target;
use super::ValueHit;
use super::value_stem;
use crate::nl::builtin::lexicon::LEXICON;
use crate::nl::builtin::naming;
use crate::nl::builtin::shorter;
use crate::nl::builtin::shorter::Rest;
use crate::nl::builtin::shorter::Shorter;
use crate::nl::builtin::sides::Side;
use crate::nl::builtin::words;
use crate::nl::builtin::words::stem;

/// Words of generic tails: alone they say too little to mean a longer name.
const GENERIC: [&str; 11] = [
    "count", "id", "code", "number", "key", "no", "type", "date", "name", "time", "at",
];

impl Index {
    fn add(&mut self, words: &[String], target: Target, closeness: Closeness) {
        if words.is_empty() {
            return;
        }
        let [joined, stems] = naming::keys(words);
        let other = (stems != joined).then_some(stems);
        for key in std::iter::once(joined).chain(other) {
            let hits = self.names.entry(key).or_default();
            // All names of a target are added before those of the next.
            match hits.last_mut().filter(|known| known.target == target) {
                Some(known) => known.closeness = known.closeness.max(closeness),
                None => hits.push(Hit { target, closeness }),
            }
        }
    }

    pub(super) fn add_table(&mut self, position: usize, table: &Table, shorter: &Shorter) {
        let words = naming::segments(&table.name);
        let target = Target::Table(position);
        self.vocabulary.extend(words.iter().cloned());
        self.add(&words, target, Closeness::Whole);
        let mut qualified = naming::segments(&table.schema);
        qualified.extend_from_slice(&words);
        self.add(&qualified, target, Closeness::Whole);
        let bare = naming::bare_table(&words);
        if let Some(bare) = &bare {
            self.add(bare, target, Closeness::Alias);
        }
        let words = naming::expanded(&bare.unwrap_or(words));
        self.add(&words, target, Closeness::Alias);
        let ends = shorter.ends(table, &words);
        for (end, rest) in &ends {
            self.add(end, target, closeness(*rest));
        }
        let whole = (words.as_slice(), Rest::Implied);
        if let ([doer], rest) = *ends.last().unwrap_or(&whole) {
            for deed in naming::deeds(doer) {
                self.add(&[deed], target, closeness(rest));
            }
        }
        for (column, definition) in table.columns.iter().enumerate() {
            self.add_column(
                ColumnId {
                    table: position,
                    column,
                },
                definition,
                &words,
            );
        }
    }

    fn add_column(&mut self, id: ColumnId, column: &Column, table: &[String]) {
        let target = Target::Column(id);
        let plain = naming::segments(&column.name);
        self.vocabulary.extend(plain.iter().cloned());
        self.add(&plain, target, Closeness::Whole);
        let mut forms = vec![naming::expanded(&plain)];
        let shared = self.facts[id.table].shared;
        forms.extend((shared > 0).then(|| naming::expanded(&plain[shared..])));
        forms.extend(naming::without_table(&plain, table).map(|rest| naming::expanded(&rest)));
        forms.extend(naming::without_table(&forms[0], table));
        // `price_per_night` is a price.
        let per = forms[0].iter().position(|word| word == "per");
        if let Some(per) = per.filter(|per| *per > 0) {
            self.add(&forms[0][..per], target, Closeness::Tail);
        }
        forms.dedup();
        for form in forms {
            self.add_forms(&form, target);
        }
        self.add_roles(id, &plain);
        if let [base @ .., last] = naming::expanded(&plain).as_slice()
            && matches!(last.as_str(), "count" | "quantity" | "amount")
            && matches!(column.kind, TypeKind::Integer | TypeKind::Number)
            && !self.is_table_like(base)
        {
            self.add(base, target, Closeness::Tail);
        }
        if let [base @ .., last] = plain.as_slice()
            && matches!(last.as_str(), "name" | "type" | "code" | "yn" | "flag")
            && !(last == "type" && shorter::refers(self.table(id.table), base))
            && !base
                .first()
                .is_some_and(|word| LEXICON.tags.contains_key(word))
        {
            self.add(base, target, Closeness::Tail);
        }
        let is_date = matches!(
            column.kind,
            TypeKind::Date | TypeKind::Timestamp | TypeKind::TimestampTz
        );
        if let [deed, rest @ ..] = naming::expanded(&plain).as_slice()
            && (is_date || plain.contains(&"year".to_owned()))
            && rest
                .iter()
                .all(|word| GENERIC.contains(&word.as_str()) || word == "on" || word == "year")
        {
            self.add(std::slice::from_ref(deed), target, Closeness::Tail);
        }
        if let Some(rest) = naming::without_table(&plain, table) {
            // `flightno` of `flights` is the flight number.
            let mut whole = table.to_vec();
            whole.extend(naming::expanded(&rest));
            self.add(&whole, target, Closeness::Alias);
        }
        let facts = &self.facts[id.table];
        let is_key = facts.key == Some(id.column);
        if is_key && column.name.to_lowercase().ends_with("id") {
            self.add(&["id".to_owned()], target, Closeness::Alias);
        }
        if self.facts[id.table].naming.contains(&id.column) {
            self.add(&["name".to_owned()], target, Closeness::Alias);
        }
        for value in column.enum_labels.iter().chain(column.common_values.iter()) {
            self.add_value(id, value);
        }
    }

    /// The words under which a column that refers to something is known as what it is there for.
    fn add_roles(&mut self, id: ColumnId, plain: &[String]) {
        let target = Target::Column(id);
        // `manager_id` that refers to an employee is the manager.
        if let [base @ .., last] = plain
            && let Some(to) = self.target(id)
            && matches!(last.as_str(), "id" | "fk" | "ref" | "no" | "code")
            && !base.is_empty()
            && !self.is_called(to, base)
            && self.is_only_reference(base)
        {
            self.add(base, target, Closeness::Alias);
        }
        if let Some(to) = self.target(id)
            && let Some(side) = Side::of_column(&self.column(id).name, self.table(to))
        {
            for noun in side.nouns() {
                self.add(&[noun.to_owned()], target, Closeness::Tail);
            }
        }
    }

    fn add_forms(&mut self, words: &[String], target: Target) {
        self.add(words, target, Closeness::Alias);
        let bare = naming::without_unit(words).unwrap_or(words);
        if bare.len() < words.len() {
            self.add(bare, target, Closeness::Alias);
        }
        let turned = naming::turned(bare).unwrap_or_else(|| {
            // `number_products` is asked for as `product number` too.
            let mut turned = bare.to_vec();
            if turned.first().is_some_and(|word| word == "number") {
                turned.rotate_left(1);
            }
            turned
        });
        let other = (turned != bare).then_some(turned.as_slice());
        if let Some(turned) = other {
            self.add(turned, target, Closeness::Alias);
        }
        for form in std::iter::once(bare).chain(other) {
            for start in 1..form.len() {
                let tail = &form[start..];
                if tail.len() > 1 || !GENERIC.contains(&tail[0].as_str()) {
                    self.add(tail, target, Closeness::Tail);
                }
            }
        }
    }

    fn add_value(&mut self, column: ColumnId, stored: &str) {
        let words: Vec<String> = words::split(stored)
            .into_iter()
            .flat_map(|word| word.lower.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .filter(|word| !word.is_empty())
            .collect();
        if words.is_empty() || words.len() > 8 {
            return;
        }
        let hit = ValueHit {
            column,
            stored: stored.to_owned(),
        };
        let mut keys = vec![words.join(" "), value_stem(&words)];
        keys.dedup();
        for key in keys {
            let hits = self.values.entry(key).or_default();
            if !hits.contains(&hit) {
                hits.push(hit.clone());
            }
        }
    }

    /// Whether no other column refers to something under the same name: a `student_id` in many
    /// tables says what their rows are about, an `advisor_id` in one says who advises.
    fn is_only_reference(&self, base: &[String]) -> bool {
        self.roles.get(&base.concat()) == Some(&1)
    }

    /// Whether some word of a table's name is among these.
    fn is_called(&self, table: usize, words: &[String]) -> bool {
        let own = shorter::name(self.table(table));
        let words = naming::expanded(words);
        words.iter().any(|word| own.contains(&stem(word)))
    }

    /// Whether a table's name begins with these words.
    fn is_table_like(&self, words: &[String]) -> bool {
        let begins = &naming::keys(words)[1];
        self.tables.iter().any(|name| name.starts_with(begins))
    }
}

fn closeness(rest: Rest) -> Closeness {
    match rest {
        Rest::Implied => Closeness::Tail,
        Rest::Wanted => Closeness::Part,
    }
}
