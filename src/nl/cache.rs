//! Translated questions kept in memory: only those whose SQL a session has accepted.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use moka::future::Cache;

use super::Answer;
use super::Context;
use super::Question;
use super::Spent;

/// Everything that a translation depends on.
///
/// The date is part of it because "last month" is; the time of day is not, so translators must
/// write times of day as expressions on `now()`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    question: Question,
    database: String,
    role: String,
    schema_version: u64,
    time_zone: String,
    today: Date,
    model: Arc<str>,
}

impl Key {
    /// The key of `question` for one who asks `model`.
    pub(super) fn new(question: &Question, context: &Context, model: &Arc<str>) -> Self {
        Self {
            question: question.clone(),
            database: context.schema.database.clone(),
            role: context.schema.role.clone(),
            schema_version: context.schema.version,
            time_zone: context.time_zone.clone(),
            today: context.today(),
            model: Arc::clone(model),
        }
    }

    /// Who was asked.
    pub(super) fn model(&self) -> &str {
        &self.model
    }

    /// The same question put to `model`.
    pub(super) fn put_to(&self, model: &Arc<str>) -> Self {
        Self {
            model: Arc::clone(model),
            ..self.clone()
        }
    }
}

/// Bytes of an answer and its key that take one place.
const PLACE: usize = 4096;

/// How many places an answer takes, so that long ones cannot fill memory.
fn places(key: &Key, answer: &Answer) -> u32 {
    let readings: usize = answer.readings.iter().map(String::len).sum();
    let bytes = key.question.text().len() + answer.sql.len() + readings;
    u32::try_from(1 + bytes / PLACE).unwrap_or(u32::MAX)
}

/// Answers by [`Key`], bounded in number, length and age.
pub(super) struct Answers(Cache<Key, Answer>);

impl Answers {
    /// Keeps `size` answers of ordinary length for `ttl` each; a size of 0 keeps none.
    pub(super) fn new(size: u64, ttl: Duration) -> Self {
        let cache = Cache::builder().max_capacity(size).time_to_live(ttl);
        Self(cache.weigher(places).build())
    }

    /// The answer kept under `key`, marked as cached. Cancel safe.
    pub(super) async fn find(&self, key: &Key) -> Option<Answer> {
        let answer = self.0.get(key).await?;
        Some(Answer {
            cached: true,
            spent: Spent::default(),
            ..answer
        })
    }

    /// Keeps `answer` under `key`. Cancel safe: dropped early it keeps or does not keep.
    pub(super) async fn keep(&self, key: Key, answer: Answer) {
        self.0.insert(key, answer).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::Answers;
    use super::Key;
    use crate::nl::Answer;
    use crate::nl::Context;
    use crate::nl::Question;
    use crate::nl::Spent;
    use crate::sql::schema::Schema;

    fn context() -> Context {
        let schema = Schema {
            version: 1,
            database: "shop".to_owned(),
            role: "ann".to_owned(),
            tables: Vec::new(),
            folded: Vec::new(),
        };
        Context {
            schema: Arc::new(schema),
            time_zone: "UTC".to_owned(),
            now: "2026-11-20T12:00:00Z".parse().expect("a timestamp"),
        }
    }

    fn key(context: &Context, model: &str) -> Key {
        let question = Question::new("count orders", &[]).expect("a question");
        Key::new(&question, context, &model.into())
    }

    fn answer() -> Answer {
        Answer {
            sql: "SELECT 1".into(),
            readings: Vec::new().into(),
            model: "builtin".into(),
            cached: false,
            spent: Spent::default(),
        }
    }

    fn with_schema(change: impl Fn(&mut Schema)) -> Context {
        let mut schema = Schema::clone(&context().schema);
        change(&mut schema);
        Context {
            schema: Arc::new(schema),
            ..context()
        }
    }

    #[test]
    fn whatever_a_translation_depends_on_tells_keys_apart() {
        let plain = key(&context(), "builtin");
        let at = |now: &str| Context {
            now: now.parse().expect("a timestamp"),
            ..context()
        };

        assert_eq!(plain, key(&at("2026-11-20T23:59:59Z"), "builtin"));
        assert_ne!(plain, key(&at("2026-11-21T00:00:00Z"), "builtin"));
        assert_ne!(plain, key(&context(), "gpt"));
        assert_ne!(
            plain,
            key(&with_schema(|schema| schema.version = 2), "builtin")
        );
        assert_ne!(
            plain,
            key(
                &with_schema(|schema| schema.role = "bob".to_owned()),
                "builtin"
            )
        );
        assert_ne!(
            plain,
            key(&with_schema(|schema| schema.database.push('2')), "builtin")
        );
        let oslo = Context {
            time_zone: "Europe/Oslo".to_owned(),
            ..context()
        };
        assert_ne!(plain, key(&oslo, "builtin"));
        assert_eq!(plain, key(&context(), "gpt").put_to(&"builtin".into()));
    }

    #[tokio::test]
    async fn a_kept_answer_is_found_and_says_that_it_was_kept() {
        let answers = Answers::new(10, Duration::from_mins(1));
        assert!(answers.find(&key(&context(), "builtin")).await.is_none());
        answers.keep(key(&context(), "builtin"), answer()).await;
        let found = answers
            .find(&key(&context(), "builtin"))
            .await
            .expect("kept");
        assert_eq!(&*found.sql, "SELECT 1");
        assert!(found.cached);
    }

    #[tokio::test]
    async fn an_answer_is_forgotten_after_its_time() {
        let answers = Answers::new(10, Duration::ZERO);
        answers.keep(key(&context(), "builtin"), answer()).await;
        assert!(answers.find(&key(&context(), "builtin")).await.is_none());
    }
    #[test]
    fn a_long_answer_takes_the_place_of_several() {
        let long = Answer {
            sql: "x".repeat(10 * super::PLACE).into(),
            ..answer()
        };
        assert_eq!(super::places(&key(&context(), "builtin"), &answer()), 1);
        assert_eq!(super::places(&key(&context(), "builtin"), &long), 11);
    }

    #[tokio::test]
    async fn a_cache_without_room_keeps_nothing() {
        let answers = Answers::new(0, Duration::from_mins(1));
        answers.keep(key(&context(), "builtin"), answer()).await;
        answers.0.run_pending_tasks().await;
        assert!(answers.find(&key(&context(), "builtin")).await.is_none());
    }
}
