//! What must hold of any text that the guard's rules look at.

use std::sync::Arc;
use std::sync::LazyLock;

use pgparley::config::Policy;
use pgparley::guard::ObjectRules;
use pgparley::guard::Verdict;
use pgparley::guard::cache::CacheKey;
use pgparley::guard::cache::DecisionCache;
use pgparley::guard::decide_objects;
use pgparley::guard::review_objects;
use pgparley::sql::kind::StatementKind;
use pgparley::sql::lexer::StandardStrings;
use pgparley::sql::lexer::TokenKind;
use pgparley::sql::lexer::lex;
use pgparley::sql::parts::Verb;
use pgparley::sql::psql::without_psql;
use pgparley::sql::routine::left;
use pgparley::sql::routine::left_by_do;
use pgparley::sql::schema::Facts;
use pgparley::sql::script::Script;
use pgparley::sql::tokens::Tokens;

use super::readers;

/// What the rules are asked with.
struct Asked {
    facts: Facts,
    policies: Vec<(Policy, Option<ObjectRules>)>,
}

static ASKED: LazyLock<Asked> = LazyLock::new(|| {
    let objects = Arc::new(readers::objects());
    let policies = readers::policies().into_iter().map(|(_, policy)| {
        let rules = policy
            .guards_objects()
            .then(|| ObjectRules::new(&policy, &objects));
        (policy, rules)
    });
    Asked {
        facts: readers::facts(),
        policies: policies.collect(),
    }
});

/// The verdict on a text's shape is that on the text, and no text passes that reads or writes the
/// table that is denied.
pub fn objects(text: &[u8]) {
    let Asked { facts, policies } = &*ASKED;
    for (policy, rules) in policies {
        let verdict = review_objects(text, policy, Some(facts), rules.as_ref());
        let decide = |shape: &[u8]| decide_objects(shape, policy, Some(facts), rules.as_ref());
        let by_shape = DecisionCache::new(0, 0).verdict(CacheKey::default(), text, decide);
        assert_eq!(by_shape, verdict, "a shape has another verdict");
        let is_refused = matches!(verdict, Verdict::Refuse(_));
        assert!(
            is_refused || !policy.guards_objects() || !names_denied(text),
            "a denied table is reached"
        );
    }
}

/// Some statement of `text` has the table `secrets` where only a table can stand.
fn names_denied(text: &[u8]) -> bool {
    let Ok(script) = Script::lex(text) else {
        return false;
    };
    script.runnable().any(|statement| {
        use StatementKind as Kind;
        let tokens = script.tokens(statement);
        let is_read = matches!(
            statement.kind,
            Kind::Select | Kind::SelectInto | Kind::Insert | Kind::Update | Kind::Delete
        );
        // A WITH may give its name to something else.
        is_read && !has_word(tokens, "with") && is_table(tokens)
    })
}

fn has_word(tokens: Tokens<'_>, word: &str) -> bool {
    (0..tokens.len()).any(|index| tokens.is_word(index, word))
}

fn is_table(tokens: Tokens<'_>) -> bool {
    // Of each parenthesis that is open: whether a query begins in it.
    let mut queries = vec![true];
    for index in 0..tokens.len() {
        if tokens.is_symbol(index, b'(') {
            let begins = ["select", "table"].map(|word| tokens.is_word(index + 1, word));
            queries.push(begins.contains(&true));
        } else if tokens.is_symbol(index, b')') {
            queries.pop();
        }
        let is_clause = ["from", "join", "into"].map(|word| tokens.is_word(index, word));
        let is_label = tokens.is_label(index) || tokens.is_symbol(index + 1, b'.');
        // Behind these it compares, or the text is none that PostgreSQL accepts.
        let before = ["distinct", "from", "join", "into"];
        let follows = index > 0 && before.iter().any(|word| tokens.is_word(index - 1, word));
        let stands = is_clause.contains(&true) && !is_label && !follows;
        if stands && queries.last() == Some(&true) && is_denied(tokens.from(index + 1)) {
            return true;
        }
    }
    false
}

/// `[public.] secrets` begins `tokens`.
fn is_denied(tokens: Tokens<'_>) -> bool {
    let schema = tokens.is_symbol(1, b'.');
    let at = 2 * usize::from(schema);
    let is_name = |index: usize, name: &str| {
        let kind = tokens.get(index).map(|token| token.kind);
        matches!(kind, Some(TokenKind::Word | TokenKind::QuotedName))
            && tokens.name(index).is_some_and(|it| it == name)
    };
    (!schema || is_name(0, "public"))
        && is_name(at, "secrets")
        && !tokens.is_symbol(at + 1, b'.')
        && !tokens.is_symbol(at + 1, b'(')
}

/// `SET name = …` changes a setting, and whoever changes what no text names is told so.
pub fn setting(text: &[u8]) {
    each_statement(text, |tokens| {
        let changes = pgparley::sql::setting::changes(tokens);
        let is_plain = tokens.is_word(0, "set") && tokens.is_symbol(2, b'=') && tokens.len() > 3;
        if let Some(name) = tokens.name(1).filter(|_| is_plain) {
            let first = changes.first().expect("SET changes something");
            let named = first.name.as_ref();
            assert!(
                named.is_none_or(|named| named.eq_ignore_ascii_case(&name) || is_alias(named)),
                "another setting is changed"
            );
        }
        for change in changes.iter().filter_map(|change| change.name.as_ref()) {
            assert_eq!(*change, change.to_ascii_lowercase(), "a name has one form");
        }
    });
}

/// PostgreSQL knows these by an older name too.
fn is_alias(name: &str) -> bool {
    ["timezone", "work_mem", "maintenance_work_mem"].contains(&name)
}

/// Every statement has parts, the first of which bears its own verb.
pub fn parts(text: &[u8]) {
    each_statement(text, |tokens| {
        let parts = pgparley::sql::parts::parts(tokens);
        let writes = [
            ("insert", 1, "into"),
            ("update", 2, "set"),
            ("delete", 1, "from"),
            ("merge", 1, "into"),
        ];
        for (word, place, follows) in writes {
            // Other texts that begin so are none that PostgreSQL accepts.
            if !tokens.is_word(0, word) || !tokens.is_word(place, follows) {
                continue;
            }
            let is_told = |verb| verb == Verb::Unknown || verb == Verb::Named(word);
            let told = parts.iter().any(|part| is_told(part.verb));
            assert!(told, "a write is missed");
        }
        assert!(!parts.is_empty(), "a statement does nothing");
    });
}

/// What a body leaves behind does not depend on who else is called, and a DO tells of its body.
pub fn routine(text: &[u8]) {
    for language in [&b"sql"[..], b"plpgsql", b"internal", b"plpython3u"] {
        let once = left(language, text);
        let mut twice = left(language, text);
        twice.join(once.clone());
        assert_eq!(twice.footprint, once.footprint, "running twice leaves more");
    }
    each_statement(text, |tokens| {
        left_by_do(tokens);
    });
}

/// Lines stay where they are, and nothing but spaces comes in.
pub fn psql(text: &[u8]) {
    let without = without_psql(text);
    assert_eq!(without.len(), text.len(), "a byte is lost");
    for (byte, now) in text.iter().zip(&without) {
        assert!(
            byte == now || *now == b' ' && *byte != b'\n',
            "a byte is changed"
        );
    }
    let Ok(tokens) = lex(text, StandardStrings::On) else {
        return;
    };
    let is_plain = tokens.iter().all(|token| token.kind != TokenKind::Stray) && has_no_copy(text);
    assert!(!is_plain || without == text, "plain SQL is left out");
}

fn has_no_copy(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    !lower.windows(4).any(|window| window == b"copy")
}

fn each_statement(text: &[u8], check: impl Fn(Tokens<'_>)) {
    let Ok(script) = Script::lex(text) else {
        return;
    };
    for statement in script.runnable() {
        check(script.tokens(statement));
    }
}
