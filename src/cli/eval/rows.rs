//! Whether two results say the same: rows as a set with repetitions, columns in any order.

use tokio_postgres::SimpleQueryMessage;

/// More columns than this are compared in their own order only.
const MOST_PERMUTED: usize = 5;

/// A result, as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rows(Vec<Vec<Option<String>>>);

impl Rows {
    /// The rows among the messages of one query.
    pub(super) fn of(messages: &[SimpleQueryMessage]) -> Self {
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|column| row.get(column).map(plain))
                    .collect(),
            ),
            _ => None,
        });
        Self(rows.collect())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether `other` says the same; `ordered` if the order of rows counts.
    pub(super) fn equal(&self, other: &Self, ordered: bool) -> bool {
        if self.len() != other.len() {
            return false;
        }
        let width = |rows: &Self| rows.0.first().map_or(0, Vec::len);
        if width(self) != width(other) {
            return false;
        }
        let wanted = arranged(other.0.clone(), ordered);
        let mut order: Vec<usize> = (0..width(self)).collect();
        loop {
            let candidate = self.0.iter().map(|row| {
                order
                    .iter()
                    .map(|&column| row[column].clone())
                    .collect::<Vec<_>>()
            });
            if arranged(candidate.collect(), ordered) == wanted {
                return true;
            }
            if order.len() > MOST_PERMUTED || !next_permutation(&mut order) {
                return false;
            }
        }
    }
}

fn arranged(mut rows: Vec<Vec<Option<String>>>, ordered: bool) -> Vec<Vec<Option<String>>> {
    if !ordered {
        rows.sort_unstable();
    }
    rows
}

/// A value in the one spelling that its equals share: numbers to six digits, midnights as dates.
fn plain(value: &str) -> String {
    if let Ok(number) = value.parse::<f64>()
        && number.is_finite()
    {
        // Without the sign of a negative zero.
        let number = number + 0.0;
        if number.fract() == 0.0 && number.abs() < 1e15 {
            return format!("{number:.0}");
        }
        return format!("{number:.5e}");
    }
    for midnight in [" 00:00:00", " 00:00:00+00"] {
        if let Some(day) = value.strip_suffix(midnight) {
            return day.to_owned();
        }
    }
    value.to_owned()
}

/// The next arrangement in lexicographic order; `false` behind the last one.
fn next_permutation(order: &mut [usize]) -> bool {
    let Some(pivot) = (1..order.len()).rev().find(|&at| order[at - 1] < order[at]) else {
        return false;
    };
    let pivot = pivot - 1;
    let successor = (pivot + 1..order.len())
        .rev()
        .find(|&at| order[at] > order[pivot])
        .expect("the one behind the pivot is larger");
    order.swap(pivot, successor);
    order[pivot + 1..].reverse();
    true
}

#[cfg(test)]
mod tests {
    use super::Rows;
    use super::plain;

    fn rows(rows: &[&[&str]]) -> Rows {
        let row = |row: &&[&str]| row.iter().map(|value| Some(plain(value))).collect();
        Rows(rows.iter().map(row).collect())
    }

    #[test]
    fn order_of_rows_counts_where_it_is_said() {
        let (one, two) = (rows(&[&["a"], &["b"]]), rows(&[&["b"], &["a"]]));
        assert!(one.equal(&two, false));
        assert!(!one.equal(&two, true));
    }

    #[test]
    fn columns_may_change_places_for_all_rows_alike() {
        let pairs = rows(&[&["a", "1"], &["b", "2"]]);
        assert!(pairs.equal(&rows(&[&["1", "a"], &["2", "b"]]), true));
        assert!(!pairs.equal(&rows(&[&["1", "a"], &["b", "2"]]), true));
    }

    #[test]
    fn a_row_more_often_is_another_result() {
        let (once, twice) = (rows(&[&["a"], &["b"]]), rows(&[&["a"], &["a"]]));
        assert!(!once.equal(&twice, false));
        assert!(!once.equal(&rows(&[&["a"]]), false));
    }

    #[test]
    fn spellings_of_one_value_are_equal() {
        let spelt = rows(&[&["2.50", "0.333333333333", "2026-11-20 00:00:00"]]);
        assert!(spelt.equal(&rows(&[&["2.5", "0.33333334", "2026-11-20"]]), true));
        assert!(!spelt.equal(&rows(&[&["2.5", "0.3334", "2026-11-20"]]), true));
    }

    #[test]
    fn null_is_no_empty_text() {
        let null = Rows(vec![vec![None]]);
        assert!(!null.equal(&rows(&[&[""]]), false));
        assert!(null.equal(&null.clone(), false));
    }
}
