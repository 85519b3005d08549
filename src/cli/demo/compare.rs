//! Whether two results hold the same rows.

use super::questions::Order;

/// Columns of one row; `None` is NULL.
pub type Row = Vec<Option<Vec<u8>>>;

/// Says how `answer` differs from `gold`; `None` when it is right.
///
/// An answer may carry more columns than gold, such as a key beside a name: it is right when
/// gold's columns are among its own, in the same order.
pub fn difference(answer: &[Row], gold: &[Row], order: Order) -> Option<String> {
    if answer.len() != gold.len() {
        return Some(format!("{} rows, expected {}", answer.len(), gold.len()));
    }
    let wide = answer.first().map(Vec::len)?;
    let narrow = gold[0].len();
    if wide < narrow {
        return Some(format!("{wide} columns, expected {narrow}"));
    }
    let gold = arranged(gold, order);
    let same = choices(wide, narrow).any(|columns| {
        let chosen: Vec<Row> = answer.iter().map(|row| project(row, &columns)).collect();
        arranged(&chosen, order) == gold
    });
    (!same).then(|| format!("other rows; the first is {}", shown(&answer[0])))
}

/// A row for people, as psql prints it unaligned.
fn shown(row: &Row) -> String {
    let fields = row.iter().map(|field| match field {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => "NULL".to_owned(),
    });
    fields.collect::<Vec<_>>().join(" | ")
}

fn arranged(rows: &[Row], order: Order) -> Vec<Row> {
    let mut rows = rows.to_vec();
    if order == Order::Any {
        rows.sort();
    }
    rows
}

fn project(row: &Row, columns: &[usize]) -> Row {
    columns
        .iter()
        .filter_map(|column| row.get(*column).cloned())
        .collect()
}

/// Every way to take `narrow` of `wide` columns without changing their order.
fn choices(wide: usize, narrow: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut next = (narrow <= wide).then(|| (0..narrow).collect::<Vec<usize>>());
    std::iter::from_fn(move || {
        let current = next.take()?;
        let movable = (0..narrow)
            .rev()
            .find(|place| current[*place] < wide - narrow + place);
        next = movable.map(|place| {
            let start = current[place] + 1;
            current[..place]
                .iter()
                .copied()
                .chain(start..start + narrow - place)
                .collect()
        });
        Some(current)
    })
}

#[cfg(test)]
mod tests {
    use super::Order;
    use super::Row;
    use super::choices;
    use super::difference;

    fn rows(text: &str) -> Vec<Row> {
        let field = |field: &str| (field != "-").then(|| field.as_bytes().to_vec());
        text.lines()
            .map(|line| line.split(' ').map(field).collect())
            .collect()
    }

    #[test]
    fn order_counts_only_where_it_is_given() {
        let (answer, gold) = (rows("a 1\nb 2"), rows("b 2\na 1"));
        assert_eq!(difference(&answer, &gold, Order::Any), None);
        assert!(difference(&answer, &gold, Order::Given).is_some());
    }

    #[test]
    fn an_answer_may_carry_a_key_beside_the_name() {
        assert_eq!(
            difference(&rows("7 a 1\n8 b -"), &rows("a 1\nb -"), Order::Given),
            None
        );
        assert_eq!(difference(&rows("a 7 1"), &rows("a 1"), Order::Any), None);
        assert!(difference(&rows("1 a"), &rows("a 1"), Order::Any).is_some());
    }

    #[test]
    fn a_missing_row_a_missing_column_and_another_value_are_told() {
        let told = |answer: &str, gold: &str| difference(&rows(answer), &rows(gold), Order::Any);
        assert_eq!(told("a", "a\na").as_deref(), Some("1 rows, expected 2"));
        assert_eq!(told("a", "a 1").as_deref(), Some("1 columns, expected 2"));
        assert_eq!(
            told("a 2", "a 1").as_deref(),
            Some("other rows; the first is a | 2")
        );
        assert_eq!(
            told("-", "x").as_deref(),
            Some("other rows; the first is NULL")
        );
        assert_eq!(difference(&[], &[], Order::Any), None);
    }

    #[test]
    fn choices_are_all_the_ordered_selections() {
        let all: Vec<_> = choices(4, 2).collect();
        assert_eq!(all, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        assert_eq!(choices(2, 2).count(), 1);
        assert_eq!(choices(1, 2).count(), 0);
    }
}
