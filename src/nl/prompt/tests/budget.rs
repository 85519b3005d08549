//! No prompt costs more than it may, whatever the schema.

use proptest::collection::vec;
use proptest::prelude::*;

use super::column;
use super::context;
use super::question;
use super::sent;
use super::table;
use crate::nl::prompt::estimate;
use crate::sql::schema::Column;
use crate::sql::schema::ForeignKey;
use crate::sql::schema::InferredKey;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

prop_compose! {
    fn any_table(oid: u32)(
        name in "\\PC{0,30}|[a-z_]{1,60}",
        columns in vec(("[a-z_ ]{1,40}|\\PC{0,20}", ".{0,30}", ".{0,400}"), 0..40),
        comment in ".{0,400}",
        references in 0_u32..30,
    ) -> Table {
        let columns = columns.into_iter().map(|(name, type_name, comment)| Column {
            comment: Some(comment.clone()),
            enum_labels: vec![comment; usize::from(name.len() % 5 == 0)].into(),
            ..column(&name, &type_name)
        });
        let mut table = table(oid, &name, columns.collect());
        table.comment = Some(comment);
        // May point nowhere, and to columns that are not there.
        let key = ForeignKey { columns: vec![0], references, referenced_columns: vec![3] };
        let confidence = references as f32 / 30.0;
        table.inferred_keys = vec![InferredKey { key: key.clone(), confidence }];
        table.foreign_keys = vec![key.clone(), key];
        table.primary_key = vec![1];
        table
    }
}

fn any_schema() -> impl Strategy<Value = Schema> {
    vec(any_table(0), 0..30).prop_map(|mut tables| {
        for (oid, table) in (0..).zip(&mut tables) {
            table.oid = oid;
        }
        Schema {
            tables,
            ..Schema::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_prompt_keeps_its_budget_and_its_fence(
        schema in any_schema(),
        text in "\\PC{0,200}[a-z]",
        budget in 1_500_usize..6_000,
    ) {
        let Ok(sent) = sent(&question(&text, &[]), &context(schema), budget) else {
            return Ok(());
        };
        let cost: usize = sent.iter().map(|message| estimate(&message.content)).sum();
        prop_assert!(cost <= budget, "{} > {}", cost, budget);
        let asked = &sent[1].content;
        prop_assert_eq!((asked.matches("<<<").count(), asked.matches(">>>").count()), (1, 1));
        let rules = &sent[0].content;
        prop_assert_eq!((rules.matches("<<<").count(), rules.matches(">>>").count()), (1, 1));
    }
}

/// Numbers that look random and are the same every time.
/// <https://www.jstatsoft.org/article/view/v008i14>
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn name(&mut self) -> String {
        const PARTS: [&str; 10] = [
            "order", "cust", "Total", "_id", " ", "date", "_", "Åpen", "ref", "x",
        ];
        let parts = 1 + self.below(5);
        (0..parts).map(|_| PARTS[self.below(PARTS.len())]).collect()
    }

    fn table(&mut self, oid: u32) -> Table {
        let columns = (0..self.below(15)).map(|_| column(&self.name(), "numeric(12,2)"));
        let mut table = table(oid, "", columns.collect());
        table.name = self.name();
        table.comment = Some(self.name().repeat(self.below(8)));
        for _ in 0..self.below(4) {
            let key = ForeignKey {
                columns: vec![self.below(30)],
                references: self.below(30) as u32,
                referenced_columns: vec![self.below(30)],
            };
            let confidence = self.below(100) as f32 / 100.0;
            table.inferred_keys.push(InferredKey {
                key: key.clone(),
                confidence,
            });
            table.foreign_keys.push(key);
        }
        table
    }
}

#[test]
fn two_thousand_schemas_keep_their_budgets() {
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    let mut cut = 0;
    for round in 0..2_000 {
        let tables = 1 + random.below(12);
        let schema = Schema {
            tables: (0..tables as u32).map(|oid| random.table(oid)).collect(),
            ..Schema::default()
        };
        let budget = 900 + random.below(1_200);
        let asked = question(&format!("total of {} in 2025", random.name()), &[]);
        let Ok(sent) = sent(&asked, &context(schema), budget) else {
            continue;
        };
        let cost: usize = sent.iter().map(|message| estimate(&message.content)).sum();
        assert!(cost <= budget, "round {round}: {cost} > {budget}");
        cut += usize::from(sent[0].content.contains("those nearest to the question"));
    }
    assert!(cut > 500, "{cut} of them had to be cut");
}
