//! Which ends of a table's name stand for the table.
//!
//! `items` may stand for `order_items`, whose rows belong to orders. `suppliers` never stands for
//! `product_suppliers`, whose rows only refer to suppliers: where no table of suppliers is visible,
//! they cannot be counted.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::sql::schema::Schema;
use crate::sql::schema::Table;
use crate::sql::schema::TypeKind;

use super::lexicon::LEXICON;
use super::lexicon::Tag;
use super::naming;
use super::words::stem;

/// Words that end the name of a column that refers to something: `supplier_id`.
const KEYS: [&str; 5] = ["id", "key", "code", "fk", "ref"];

/// The same, unless it is a text: a `phone_number` is all that there is of a phone.
const NUMBERS: [&str; 3] = ["no", "nr", "number"];

/// So many tables with the same first word share a prefix.
const SHARED: usize = 3;

/// What becomes of the rest of a name of which only the end is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// It need not be said.
    Implied,
    /// The question must have it elsewhere.
    Wanted,
}

/// What the names of a schema's tables have in common.
#[derive(Debug)]
pub(super) struct Shorter {
    /// Stems of first words that say where a table belongs and not what its rows are: `app_`.
    prefixes: HashSet<String>,
}

impl Shorter {
    /// Looks at the first word of every table's name.
    pub(super) fn new(schema: &Schema) -> Self {
        let names: Vec<Vec<String>> = schema.tables.iter().map(name).collect();
        let mut shared: HashMap<&str, usize> = HashMap::new();
        for name in names.iter().filter(|name| name.len() > 1) {
            *shared.entry(&name[0]).or_default() += 1;
        }
        // `product_` before several tables is no prefix where there are products.
        let is_table = |word: &str| names.iter().any(|name| *name == [word]);
        let all = |count: usize| count > 1 && count == names.len();
        let prefixes = shared
            .into_iter()
            .filter(|(word, count)| (*count >= SHARED || all(*count)) && !is_table(word))
            .map(|(word, _)| word.to_owned());
        Self {
            prefixes: prefixes.collect(),
        }
    }

    /// The ends of a table's name that may stand for it, the longest first.
    pub(super) fn ends<'w>(&self, table: &Table, words: &'w [String]) -> Vec<(&'w [String], Rest)> {
        let own = stems(words);
        let references = references(table);
        let prefixed = own.first().is_some_and(|word| {
            self.prefixes.contains(word) || *word == stem(&table.schema.to_lowercase())
        });
        let rest = |start: usize| {
            let owner = &own[usize::from(prefixed)..start];
            if owner.is_empty() || belongs(&references, owner) || is_called(table, &own[start..]) {
                Rest::Implied
            } else {
                Rest::Wanted
            }
        };
        (1..words.len())
            .filter(|start| !hangs(&words[..=*start]) && !refer(&references, &own[*start..]))
            .map(|start| (&words[start..], rest(start)))
            .collect()
    }
}

/// The stems of a table's name, without what says only that it is a table.
pub(super) fn name(table: &Table) -> Vec<String> {
    let words = naming::segments(&table.name);
    stems(&naming::expanded(
        &naming::bare_table(&words).unwrap_or(words),
    ))
}

/// Whether the rows of a table refer to what these words name, and so are something else.
pub(super) fn refers(table: &Table, to: &[String]) -> bool {
    refer(&references(table), &stems(&naming::expanded(to)))
}

fn refer(references: &[Vec<String>], to: &[String]) -> bool {
    // A `host_city` is a city.
    references
        .iter()
        .any(|reference| reference.ends_with(to) || is_initial(reference, to))
}

fn belongs(references: &[Vec<String>], owner: &[String]) -> bool {
    // A `shop_order` may be referred to as an order.
    refer(references, owner)
        || references
            .iter()
            .any(|reference| owner.ends_with(reference))
}

/// `aid` refers to an author.
fn is_initial(reference: &[String], to: &[String]) -> bool {
    let ([letter], [word]) = (reference, to) else {
        return false;
    };
    letter.chars().count() == 1 && word.starts_with(letter)
}

/// Whether what follows some of these words says more about what stands before: in
/// `locations_of_things` things are no rows.
fn hangs(words: &[String]) -> bool {
    words
        .iter()
        .any(|word| matches!(LEXICON.tags.get(word), Some(Tag::Of | Tag::In | Tag::With)))
}

/// Whether the text behind a table's key is called so: `car_makers.maker`.
fn is_called(table: &Table, end: &[String]) -> bool {
    let [key] = table.primary_key[..] else {
        return false;
    };
    let mut others = table.columns.iter().enumerate();
    others
        .find(|(position, _)| *position != key)
        .is_some_and(|(_, column)| {
            column.kind == TypeKind::Text && stems(&naming::segments(&column.name)) == end
        })
}

/// What a table refers to, as stems of its columns' names. Keys that are not declared count, as
/// those of tables that the role cannot see are not known; the table's own key does not.
fn references(table: &Table) -> Vec<Vec<String>> {
    let own = name(table);
    (0..table.columns.len())
        .filter_map(|column| reference(table, column))
        .filter(|reference| *reference != own)
        .collect()
}

fn reference(table: &Table, column: usize) -> Option<Vec<String>> {
    let keys = &table.foreign_keys;
    let declared = keys.iter().any(|key| key.columns.contains(&column));
    if table.primary_key == [column] && !declared {
        return None;
    }
    let definition = &table.columns[column];
    let keyed = declared || matches!(definition.kind, TypeKind::Integer | TypeKind::Uuid);
    let mut words = naming::expanded(&naming::segments(&definition.name));
    let last = words.pop()?;
    let is_key = KEYS.contains(&last.as_str()) || (keyed && NUMBERS.contains(&last.as_str()));
    if words.is_empty() || !is_key {
        // `supplierid`, or only `supplier`.
        let base = last.strip_suffix("id").filter(|base| !base.is_empty());
        words.push(base.unwrap_or(&last).to_owned());
        return keyed.then(|| stems(&words));
    }
    Some(stems(&words))
}

fn stems(words: &[String]) -> Vec<String> {
    words.iter().map(|word| stem(word)).collect()
}

#[cfg(test)]
mod tests {
    use crate::nl::builtin::testing::SHOP;
    use crate::nl::builtin::testing::context;
    use crate::nl::builtin::translate;

    /// What a question reads from, in a schema; the message when it is refused.
    fn asked(schema: &str, question: &str) -> String {
        match translate(question, &context(schema)) {
            Ok(answer) => {
                let from = answer.sql.split(" FROM public.").nth(1).unwrap_or_default();
                from.split(' ').next().unwrap_or_default().to_owned()
            }
            Err(cannot) => cannot.message,
        }
    }

    /// What is said where a word names nothing.
    fn unknown(word: &str) -> String {
        format!("the question was not understood at \"{word}\"")
    }

    #[test]
    fn a_table_that_only_refers_to_rows_is_not_counted_for_them() {
        let schemas = [
            "product_suppliers: product_id int pk -> products, supplier_id int pk",
            "product_suppliers: id int pk, product_id int -> products, supplier_id int",
            "product_suppliers: productid int -> products, supplierid int",
            "product_suppliers: pid int -> products, sid int",
            "product_suppliers: product_id int -> products, main_supplier_id int",
        ];
        for bridge in schemas {
            let schema = format!("products: id int pk, name text\n{bridge}");
            for question in ["how many suppliers", "list the suppliers"] {
                assert_eq!(asked(&schema, question), unknown("suppliers"), "{bridge}");
            }
            assert_eq!(asked(&schema, "how many vendors"), unknown("vendors"));
            assert!(asked(&schema, "how many suppliers of products").contains("suppliers"));
            let whole = "how many product suppliers";
            assert_eq!(asked(&schema, whole), "product_suppliers");
        }
    }

    #[test]
    fn a_synonym_is_not_found_in_what_refers_to_the_word() {
        let hidden: Vec<&str> = SHOP
            .lines()
            .filter(|line| !line.contains(" products:"))
            .collect();
        let shop = hidden.join("\n").replace("int -> products", "int");
        assert_eq!(asked(SHOP, "how many products"), "products");
        assert_eq!(asked(&shop, "how many products"), unknown("products"));
        assert_eq!(asked(&shop, "how many items"), "order_items");
    }

    #[test]
    fn what_belongs_to_an_owner_needs_no_owner_said() {
        let orders = "
            orders: id int pk, placed date
            order_items: id int pk, order_id int -> orders, quantity int
        ";
        assert_eq!(asked(orders, "how many items"), "order_items");
        let alone = "order_items: order_item_id int pk, order_id int, quantity int";
        assert_eq!(asked(alone, "how many items"), "order_items");
        let reviews = "product_reviews: review_id int pk, product_id int, stars int";
        assert_eq!(asked(reviews, "how many reviews"), "product_reviews");
    }

    #[test]
    fn a_prefix_that_tables_share_need_not_be_said() {
        let all = "
            acme_suppliers: id int pk, name text
            acme_products: id int pk, name text, supplier_id int -> acme_suppliers
        ";
        assert_eq!(asked(all, "how many suppliers"), "acme_suppliers");
        let several = "
            auth_user: id int pk, name text
            auth_group: id int pk, name text
            auth_user_groups: id int pk, user_id int -> auth_user, group_id int -> auth_group
            invoices: id int pk, user_id int -> auth_user
        ";
        assert_eq!(asked(several, "how many users"), "auth_user");
        assert_eq!(asked(several, "how many groups"), "auth_group");
        let kind = "tbl_suppliers: id int pk, name text";
        assert_eq!(asked(kind, "how many suppliers"), "tbl_suppliers");
    }

    #[test]
    fn a_kind_of_rows_is_not_all_of_them() {
        let schema = "
            archived_orders: id int pk, amount number
            customers: id int pk, name text
        ";
        assert_eq!(asked(schema, "how many orders"), unknown("orders"));
        assert_eq!(asked(schema, "how many archived orders"), "archived_orders");
    }

    #[test]
    fn a_table_said_in_full_may_then_be_said_in_short() {
        let schema = "
            car_makers: id int pk, title text, country text
            models: id int pk, maker_id int -> car_makers, name text
        ";
        assert_eq!(asked(schema, "how many makers"), unknown("makers"));
        let question = "how many models does each car maker produce? List maker country";
        assert!(asked(schema, question).starts_with("models"));
    }

    #[test]
    fn rows_are_what_their_text_is_called() {
        let schema = "car_makers: id int pk, maker text, country text";
        assert_eq!(asked(schema, "how many makers"), "car_makers");
    }

    #[test]
    fn what_follows_a_preposition_is_no_row() {
        let schema = "locations_of_things: id int pk, place text";
        assert_eq!(asked(schema, "how many things"), unknown("things"));
    }
}
