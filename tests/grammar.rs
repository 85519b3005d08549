//! Kinds and parts of statements against PostgreSQL's own grammar: whatever it accepts is told for
//! what it is.

use std::cell::Cell;

use pg_query::NodeEnum;
use pg_query::ParserOptions;
use pgparley::sql::kind::StatementKind;
use pgparley::sql::parts::Verb;
use pgparley::sql::parts::parts;
use pgparley::sql::script::Script;
use pgparley::sql::setting::NewValue;
use pgparley::sql::setting::changes;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;

/// Words that a name may be, and that are also words of the grammar.
const WORDS: &[&str] = &[
    "insert",
    "update",
    "delete",
    "merge",
    "transaction",
    "recursive",
    "prepare",
    "set",
    "into",
    "t",
    "a",
    "to",
    "from",
    "local",
    "session",
    "role",
    "time",
    "zone",
    "analyze",
    "verbose",
    "binary",
    "prepared",
    "materialized",
    "current",
    "of",
    "or",
    "replace",
    "function",
    "view",
    "rule",
    "schema",
    "do",
    "also",
    "names",
    "copy",
    "with",
    "as",
    "values",
    "table",
    "execute",
    "temp",
    "cursor",
    "hold",
    "atomic",
    "begin",
    "end",
    "release",
    "constraints",
    "authorization",
    "characteristics",
    "isolation",
    "no",
    "only",
    "conflict",
    "nothing",
];

/// Statements put together from pieces in which words may stand for anything.
fn statements() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(WORDS);
    let query = prop_oneof![
        (word(), word()).prop_map(|(a, b)| format!("SELECT {a} FROM {b}")),
        (word(), word()).prop_map(|(a, b)| format!("SELECT {a} INTO {b} FROM t")),
        (word(), word()).prop_map(|(a, b)| format!("SELECT 1 AS {a}, x.{b} FROM t x")),
        word().prop_map(|a| format!("TABLE {a}")),
        Just("VALUES (1)".to_owned()),
        Just("(SELECT 1) UNION (SELECT 2)".to_owned()),
    ];
    let write = prop_oneof![
        (word(), word()).prop_map(|(a, b)| format!("INSERT INTO {a} SELECT {b} FROM t")),
        word().prop_map(|a| format!(
            "INSERT INTO {a} VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1"
        )),
        word().prop_map(|a| format!("INSERT INTO {a} VALUES (1) ON CONFLICT DO NOTHING")),
        (word(), word()).prop_map(|(a, b)| format!("UPDATE {a} SET {b} = 1")),
        (word(), word()).prop_map(|(a, b)| format!("DELETE FROM {a} WHERE {b} RETURNING *")),
        word().prop_map(|a| format!("MERGE INTO {a} USING s ON true WHEN MATCHED THEN DELETE")),
    ];
    let body = prop_oneof![query, write].boxed();
    let with = (word(), body.clone(), word(), body.clone(), any::<bool>()).prop_map(
        |(name, inside, second, main, recursive)| {
            let recursive = if recursive { "RECURSIVE " } else { "" };
            format!("WITH {recursive}{name} AS ({inside}), {second} (a) AS MATERIALIZED (SELECT 1) {main}")
        },
    );
    let dml = prop_oneof![2 => body, 1 => with].boxed();
    let around = prop_oneof![
        Just("EXPLAIN "),
        Just("EXPLAIN ANALYZE VERBOSE "),
        Just("EXPLAIN (ANALYZE, COSTS off) "),
    ];
    prop_oneof![
        dml.clone(),
        (around, dml.clone()).prop_map(|(a, b)| format!("{a}{b}")),
        (word(), dml.clone()).prop_map(|(a, b)| format!("PREPARE {a} AS {b}")),
        (word(), dml.clone()).prop_map(|(a, b)| format!("PREPARE {a} (int) AS {b}")),
        (word(), dml.clone()).prop_map(|(a, b)| format!("DECLARE {a} CURSOR WITH HOLD FOR {b}")),
        dml.clone().prop_map(|a| format!("COPY ({a}) TO STDOUT")),
        (word(), word()).prop_map(|(a, b)| format!("COPY {a} ({b}) FROM STDIN")),
        (word(), word()).prop_map(|(a, b)| format!("COPY {a}.{b} TO '/x'")),
        (word(), dml.clone()).prop_map(|(a, b)| format!("CREATE TABLE {a} AS {b}")),
        (word(), dml.clone()).prop_map(|(a, b)| format!("CREATE OR REPLACE VIEW {a} AS {b}")),
        (word(), dml.clone())
            .prop_map(|(a, b)| format!("CREATE MATERIALIZED VIEW {a} AS {b} WITH NO DATA")),
        (word(), dml).prop_map(|(a, b)| format!("CREATE RULE {a} AS ON INSERT TO t DO ALSO {b}")),
        prop::collection::vec(word(), 1..7).prop_map(|words| words.join(" ")),
        (
            prop::sample::select(
                &[
                    "SET", "RESET", "BEGIN", "PREPARE", "ROLLBACK", "COMMIT", "EXECUTE", "COPY",
                    "DECLARE", "CREATE", "ALTER", "DROP", "LOCK", "DO", "START"
                ][..]
            ),
            prop::collection::vec(word(), 0..6)
        )
            .prop_map(|(first, words)| format!("{first} {}", words.join(" "))),
        (word(), word()).prop_map(|(a, b)| format!("SET {a} {b} = 1")),
        (word(), word()).prop_map(|(a, b)| format!("SET {a}.{b} TO 1")),
        word().prop_map(|a| format!("SET SESSION {a} TO DEFAULT")),
    ]
}

#[test]
fn statements_are_what_the_grammar_says() {
    let config = Config {
        cases: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let accepted = Cell::new(0_u32);
    let outcome = TestRunner::new(config).run(&statements(), |text| {
        let Ok(tree) = pg_query::parse(&text, ParserOptions::DEFAULT) else {
            return Ok(());
        };
        let [statement] = &tree.protobuf.stmts[..] else {
            return Ok(());
        };
        let Some(node) = statement.stmt.as_ref().and_then(|node| node.node.as_ref()) else {
            return Ok(());
        };
        accepted.set(accepted.get() + 1);
        let script = Script::lex(text.as_bytes()).expect("what the grammar accepts lexes");
        let ours = script.runnable().next().expect("a statement");
        let verbs = parts(script.tokens(ours)).into_iter().map(|part| part.verb);
        let mut verbs: Vec<_> = verbs.collect();
        verbs.sort_by_key(|verb| format!("{verb:?}"));
        let mut expected = Vec::new();
        add(node, &mut expected);
        if expected.contains(&Verb::Unknown) {
            return Ok(());
        }
        expected.sort_by_key(|verb| format!("{verb:?}"));
        prop_assert_eq!(&verbs, &expected, "{}", text);
        let reads = ours.kind == StatementKind::Select;
        prop_assert_eq!(reads, expected == [Verb::Named("select")], "{}", text);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let accepted = accepted.get();
    assert!(accepted > 2_000, "only {accepted} statements were accepted");
}

/// What a tree consists of.
fn add(node: &NodeEnum, verbs: &mut Vec<Verb>) {
    let mut named = |name| verbs.push(Verb::Named(name));
    match node {
        NodeEnum::SelectStmt(select) => {
            named("select");
            if makes_table(select) {
                verbs.push(Verb::Named("create"));
            }
            add_ctes(node, verbs);
        }
        NodeEnum::InsertStmt(insert) => {
            named("insert");
            let conflict = insert.on_conflict_clause.as_ref();
            // ONCONFLICT_UPDATE
            if conflict.is_some_and(|clause| clause.action == 3) {
                named("on conflict do update");
            }
            add_ctes(node, verbs);
        }
        NodeEnum::UpdateStmt(_) => {
            named("update");
            add_ctes(node, verbs);
        }
        NodeEnum::DeleteStmt(_) => {
            named("delete");
            add_ctes(node, verbs);
        }
        NodeEnum::MergeStmt(_) => {
            named("merge");
            named("merge delete");
            add_ctes(node, verbs);
        }
        NodeEnum::ExplainStmt(explain) => {
            named("explain");
            add_inner(explain.query.as_deref(), verbs);
        }
        NodeEnum::PrepareStmt(prepare) => {
            named("prepare");
            add_inner(prepare.query.as_deref(), verbs);
        }
        NodeEnum::DeclareCursorStmt(declare) => {
            named("declare");
            add_inner(declare.query.as_deref(), verbs);
        }
        NodeEnum::CopyStmt(copy) => {
            named(if copy.is_from { "copy from" } else { "copy to" });
            add_inner(copy.query.as_deref(), verbs);
        }
        NodeEnum::CreateTableAsStmt(create) => {
            named("create");
            add_inner(create.query.as_deref(), verbs);
        }
        NodeEnum::ViewStmt(view) => {
            named("create");
            add_inner(view.query.as_deref(), verbs);
        }
        NodeEnum::RuleStmt(rule) => {
            named("create");
            for action in &rule.actions {
                add_inner(Some(action), verbs);
            }
        }
        node => verbs.push(simple(node)),
    }
}

/// What a statement without others inside is.
fn simple(node: &NodeEnum) -> Verb {
    let name = match node {
        NodeEnum::TransactionStmt(_)
        | NodeEnum::ExecuteStmt(_)
        | NodeEnum::FetchStmt(_)
        | NodeEnum::ClosePortalStmt(_)
        | NodeEnum::ConstraintsSetStmt(_) => return Verb::Control,
        NodeEnum::VariableSetStmt(set) if set.name == "TRANSACTION" => return Verb::Control,
        NodeEnum::VariableSetStmt(set) if set.name == "TRANSACTION SNAPSHOT" => {
            return Verb::Control;
        }
        // VAR_RESET and VAR_RESET_ALL
        NodeEnum::VariableSetStmt(set) if matches!(set.kind, 5 | 6) => "reset",
        NodeEnum::VariableSetStmt(_) => "set",
        NodeEnum::VariableShowStmt(_) => "show",
        NodeEnum::DropStmt(_) | NodeEnum::DropRoleStmt(_) | NodeEnum::DropdbStmt(_) => "drop",
        NodeEnum::LockStmt(_) => "lock",
        NodeEnum::DoStmt(_) => "do",
        NodeEnum::VacuumStmt(vacuum) if vacuum.is_vacuumcmd => "vacuum",
        NodeEnum::VacuumStmt(_) => "analyze",
        NodeEnum::DeallocateStmt(_) => "deallocate",
        NodeEnum::CreateSchemaStmt(_)
        | NodeEnum::CreateRoleStmt(_)
        | NodeEnum::CreateStmt(_)
        | NodeEnum::DefineStmt(_)
        | NodeEnum::CreatedbStmt(_) => "create",
        other => {
            let node = format!("{other:?}").to_lowercase();
            let mut verbs = [
                "alter",
                "create",
                "drop",
                "checkpoint",
                "comment",
                "reindex",
                "refresh",
            ]
            .into_iter();
            let verb = verbs.find(|verb| node.starts_with(verb));
            verb.unwrap_or_else(|| panic!("no name for {node}"))
        }
    };
    Verb::Named(name)
}

fn add_inner(node: Option<&pg_query::Node>, verbs: &mut Vec<Verb>) {
    if let Some(node) = node.and_then(|node| node.node.as_ref()) {
        add(node, verbs);
    }
}

/// What the CTEs of a statement write; a WITH inside of a query is looked into as well.
fn add_ctes(node: &NodeEnum, verbs: &mut Vec<Verb>) {
    let with = match node {
        NodeEnum::SelectStmt(it) => it.with_clause.as_ref(),
        NodeEnum::InsertStmt(it) => it.with_clause.as_ref(),
        NodeEnum::UpdateStmt(it) => it.with_clause.as_ref(),
        NodeEnum::DeleteStmt(it) => it.with_clause.as_ref(),
        NodeEnum::MergeStmt(it) => it.with_clause.as_ref(),
        _ => None,
    };
    for cte in with.iter().flat_map(|with| &with.ctes) {
        let Some(NodeEnum::CommonTableExpr(cte)) = &cte.node else {
            continue;
        };
        let inside = cte.ctequery.as_ref().and_then(|node| node.node.as_ref());
        match inside.expect("a CTE has a query") {
            // The grammar takes it, and the server does not.
            NodeEnum::SelectStmt(select) if makes_table(select) => verbs.push(Verb::Unknown),
            NodeEnum::SelectStmt(_) => {}
            write => add(write, verbs),
        }
    }
}

/// It, or a branch of it, has INTO.
fn makes_table(select: &pg_query::protobuf::SelectStmt) -> bool {
    let branches = [&select.larg, &select.rarg];
    select.into_clause.is_some()
        || branches
            .iter()
            .any(|branch| branch.as_ref().is_some_and(|select| makes_table(select)))
}

/// Forms of SET and RESET, words in the places of names.
fn settings() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(WORDS);
    let name = prop_oneof![
        word().prop_map(str::to_owned),
        (word(), word()).prop_map(|(a, b)| format!("{a}.{b}")),
        word().prop_map(|a| format!("\"{a}\"")),
        Just("TIME ZONE".to_owned()),
        Just("NAMES".to_owned()),
        Just("ROLE".to_owned()),
        Just("SESSION AUTHORIZATION".to_owned()),
        Just("XML OPTION".to_owned()),
        Just("SCHEMA".to_owned()),
        Just("TRANSACTION ISOLATION LEVEL".to_owned()),
        Just("ALL".to_owned()),
    ];
    let value = prop_oneof![
        Just("= 1"),
        Just("TO 'x'"),
        Just("TO DEFAULT"),
        Just("'x'"),
        Just("x"),
        Just("DOCUMENT"),
        Just("LOCAL"),
        Just("FROM CURRENT"),
        Just("= -5"),
        Just("TO a, b"),
        Just(""),
        Just("SERIALIZABLE"),
        Just("DEFAULT"),
    ];
    let head = prop_oneof![
        Just("SET"),
        Just("SET SESSION"),
        Just("SET LOCAL"),
        Just("RESET"),
        Just("ALTER ROLE bob SET"),
        Just("ALTER ROLE bob IN DATABASE d RESET"),
        Just("ALTER DATABASE d SET"),
        Just("ALTER SYSTEM SET"),
        Just("ALTER USER ALL RESET"),
        Just("ALTER FUNCTION f() SET"),
        Just("ALTER SYSTEM RESET"),
    ];
    (head, name, value).prop_map(|(head, name, value)| format!("{head} {name} {value}"))
}

/// Something in it is called `set` or `reset`, as the clause is.
fn is_named_as_a_clause(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_clause = |word: &&str| {
        ["set", "reset"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(word))
    };
    words.filter(is_clause).count() > 1
}

#[test]
fn settings_are_named_as_the_grammar_names_them() {
    let config = Config {
        cases: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let accepted = Cell::new(0_u32);
    let outcome = TestRunner::new(config).run(&settings(), |text| {
        let Ok(tree) = pg_query::parse(&text, ParserOptions::DEFAULT) else {
            return Ok(());
        };
        let node = tree
            .protobuf
            .stmts
            .first()
            .and_then(|statement| statement.stmt.as_ref());
        let node = node
            .and_then(|node| node.node.as_ref())
            .expect("a statement");
        let Some(set) = variable_set(node) else {
            return Ok(());
        };
        accepted.set(accepted.get() + 1);
        let script = Script::lex(text.as_bytes()).expect("what the grammar accepts lexes");
        let ours = script.runnable().next().expect("a statement");
        let ours = changes(script.tokens(ours));
        let names: Vec<_> = ours.iter().map(|change| change.name.clone()).collect();
        let expected = match set.name.as_str() {
            "" => Vec::new(),
            "TRANSACTION" => vec![Some("transaction_isolation".to_owned())],
            name => vec![Some(name.to_ascii_lowercase())],
        };
        if is_named_as_a_clause(&text) {
            // Where the clause begins is in doubt: it must be among what is found.
            prop_assert!(
                expected.iter().all(|name| names.contains(name)),
                "{}: {:?}",
                text,
                names
            );
            return Ok(());
        }
        prop_assert_eq!(names, expected, "{}", text);
        // VAR_SET_DEFAULT, VAR_RESET
        if matches!(set.kind, 2 | 5) {
            prop_assert_eq!(&ours[0].to, &NewValue::Default, "{}", text);
        } else if let [change] = &ours[..] {
            prop_assert_ne!(&change.to, &NewValue::Default, "{}", text);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(
        accepted.get() > 2_000,
        "only {} were accepted",
        accepted.get()
    );
}

/// The SET or RESET that a statement is or has.
fn variable_set(node: &NodeEnum) -> Option<&pg_query::protobuf::VariableSetStmt> {
    match node {
        NodeEnum::VariableSetStmt(set) => Some(set),
        NodeEnum::AlterRoleSetStmt(alter) => alter.setstmt.as_ref(),
        NodeEnum::AlterDatabaseSetStmt(alter) => alter.setstmt.as_ref(),
        NodeEnum::AlterSystemStmt(alter) => alter.setstmt.as_ref(),
        NodeEnum::AlterFunctionStmt(alter) => {
            let action = alter.actions.first()?.node.as_ref()?;
            let NodeEnum::DefElem(element) = action else {
                return None;
            };
            match element.arg.as_ref()?.node.as_ref()? {
                NodeEnum::VariableSetStmt(set) => Some(set),
                _ => None,
            }
        }
        _ => None,
    }
}
