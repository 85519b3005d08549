//! The name that was probably meant.

/// The candidate that differs least from `name`, if it differs little.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .map(|candidate| {
            (
                distance(&name.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (place, to) in right.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[place + 1];
            row[place + 1] = change.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_named_and_a_far_one_is_not() {
        let names = ["customer_id", "status", "CreatedAt"];
        assert_eq!(
            nearest("custmer_id", names.into_iter()),
            Some("customer_id")
        );
        assert_eq!(nearest("createdat", names.into_iter()), Some("CreatedAt"));
        assert_eq!(nearest("price", names.into_iter()), None);
    }
}
