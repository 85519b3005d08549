//! What an identifier says in words: `"unitPrice"` is `unit price`, `qty` is `quantity`.

pub(super) use crate::sql::words::segments;

use super::lexicon::LEXICON;
use super::words::stem;

/// The words with shortened ones written out.
pub(super) fn expanded(words: &[String]) -> Vec<String> {
    let mut long = Vec::with_capacity(words.len());
    for word in words {
        match LEXICON.abbreviations.get(word) {
            Some(meaning) => long.extend(meaning.iter().cloned()),
            None => long.push(word.clone()),
        }
    }
    long
}

/// The keys under which a phrase is found, whether it is run together, plural or inflected.
pub(super) fn keys(words: &[String]) -> [String; 2] {
    let words = || words.iter().filter(|word| *word != "of");
    let stems: String = words().map(|word| stem(word)).collect();
    if words().nth(1).is_none() {
        return [stems.clone(), stems];
    }
    let joined: String = words().map(String::as_str).collect();
    [stem(&joined), stems]
}

/// `year of birth` as `birth year`; `None` when there is no `of` inside.
pub(super) fn turned(words: &[String]) -> Option<Vec<String>> {
    let of = words.iter().position(|word| word == "of")?;
    let mut turned = words[of + 1..].to_vec();
    turned.extend_from_slice(&words[..of]);
    (of > 0 && of + 1 < words.len()).then_some(turned)
}

/// The words without trailing units of measure, when there are any.
pub(super) fn without_unit(words: &[String]) -> Option<&[String]> {
    let kept = words
        .iter()
        .rposition(|word| !LEXICON.units.contains(word))?
        + 1;
    (kept < words.len()).then(|| &words[..kept])
}

/// What remains of a column's name without its table's name in front.
pub(super) fn without_table(column: &[String], table: &[String]) -> Option<Vec<String>> {
    let same = |(a, b): (&String, &String)| stem(a) == stem(b);
    if column.len() > table.len() && column.iter().zip(table).all(same) {
        return Some(column[table.len()..].to_vec());
    }
    let [single] = column else { return None };
    let joined: String = table.concat();
    let rest = singulars(&joined)
        .into_iter()
        .find_map(|name| single.strip_prefix(&*name))?;
    (rest.len() >= 2).then(|| vec![rest.to_owned()])
}

/// How a plural may read in the singular, the likeliest first.
fn singulars(plural: &str) -> Vec<String> {
    let mut forms = Vec::new();
    forms.extend(plural.strip_suffix("ies").map(|base| format!("{base}y")));
    forms.extend(plural.strip_suffix('s').map(str::to_owned));
    forms.push(plural.to_owned());
    forms
}

/// The verbs that a noun may come from: a `conductor` conducts, a `prescription` is prescribed.
pub(super) fn deeds(noun: &str) -> Vec<String> {
    const FROM: [(&str, &[&str]); 12] = [
        ("iption", &["ibe"]),
        ("ation", &["e", "ate"]),
        ("tion", &["t", "te"]),
        ("ment", &[""]),
        ("ance", &[""]),
        ("ence", &[""]),
        ("ery", &["er"]),
        ("al", &["", "e"]),
        ("ing", &["", "e"]),
        ("ure", &[""]),
        ("or", &[""]),
        ("er", &[""]),
    ];
    let singular = match noun.strip_suffix("ies") {
        Some(base) => format!("{base}y"),
        None => noun.strip_suffix('s').unwrap_or(noun).to_owned(),
    };
    let found = FROM.iter().find_map(|(ending, verbs)| {
        let base = singular.strip_suffix(ending)?;
        let enough = if ending.len() == 2 { 5 } else { 3 };
        (base.len() >= enough).then(|| verbs.iter().map(|verb| [base, verb].concat()).collect())
    });
    found.unwrap_or_default()
}

/// A table's words without what says only that it is a table: `dim_`, `_list`.
pub(super) fn bare_table(words: &[String]) -> Option<Vec<String>> {
    let mut kept = words;
    while let [first, rest @ ..] = kept
        && !rest.is_empty()
        && LEXICON.table_prefixes.contains(first)
    {
        kept = rest;
    }
    while let [rest @ .., last] = kept
        && !rest.is_empty()
        && LEXICON.table_suffixes.contains(last)
    {
        kept = rest;
    }
    (kept.len() < words.len()).then(|| kept.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_cut_at_marks_and_humps() {
        assert_eq!(segments("unitPrice"), ["unit", "price"]);
        assert_eq!(segments("HTTPCode_total"), ["http", "code", "total"]);
        assert_eq!(
            segments("official_ratings_(millions)"),
            ["official", "ratings", "millions"]
        );
    }

    #[test]
    fn run_together_and_spaced_names_share_a_key() {
        let spaced = keys(&["high".to_owned(), "schoolers".to_owned()]);
        assert!(spaced.contains(&keys(&["highschooler".to_owned()])[0]));
    }

    #[test]
    fn a_table_in_front_of_its_column_is_dropped() {
        let rest = without_table(&segments("airportname"), &segments("airports"));
        assert_eq!(rest, Some(vec!["name".to_owned()]));
    }

    #[test]
    fn words_of_a_table_kind_are_dropped() {
        assert_eq!(
            bare_table(&segments("dim_car_list")),
            Some(vec!["car".to_owned()])
        );
        assert_eq!(bare_table(&segments("list")), None);
    }
}
