//! Everything that reads a client's text, or one from a catalog or a model.

use std::sync::Arc;
use std::time::Duration;

use pgparley::config::ColumnPattern;
use pgparley::config::Command;
use pgparley::config::Glob;
use pgparley::config::Mask;
use pgparley::config::MultipleStatements;
use pgparley::config::ObjectPattern;
use pgparley::config::Policy;
use pgparley::config::Rules;
use pgparley::guard::ObjectRules;
use pgparley::guard::Verdict;
use pgparley::guard::generated;
use pgparley::guard::questions;
use pgparley::guard::review_objects;
use pgparley::sql::custom_setting::custom_settings;
use pgparley::sql::default_value::defaults;
use pgparley::sql::fingerprint::fingerprint;
use pgparley::sql::footprint::called;
use pgparley::sql::footprint::footprint;
use pgparley::sql::objects::Column;
use pgparley::sql::objects::Function;
use pgparley::sql::objects::Objects;
use pgparley::sql::objects::Relation;
use pgparley::sql::prepared_name::Name;
use pgparley::sql::prepared_name::named;
use pgparley::sql::prepared_name::renamed;
use pgparley::sql::question::Asked;
use pgparley::sql::question::Placement;
use pgparley::sql::question::place;
use pgparley::sql::question::splice_answers;
use pgparley::sql::role::gives_up;
use pgparley::sql::routine;
use pgparley::sql::schema::Facts;
use pgparley::sql::schema::Schema;
use pgparley::sql::script::Script;

/// Reads a text and forgets what it says.
pub type Reader = Box<dyn Fn(&str)>;

/// All readers, by their names.
pub fn readers() -> Vec<(&'static str, Reader)> {
    let mut readers = reviews();
    let mut add = |name, reader: fn(&str)| readers.push((name, Box::new(reader)));
    add("question", |text| {
        if let Placement::Inside(asked) = place(text.as_bytes()) {
            let answers: Vec<(&Asked, &str)> = asked.iter().map(|one| (one, "SELECT 1")).collect();
            splice_answers(text.as_bytes(), &answers);
        }
    });
    add("fingerprint", |text| {
        fingerprint(text.as_bytes());
    });
    add("footprint", |text| {
        footprint(text.as_bytes());
    });
    add("called", |text| drop(called(text.as_bytes())));
    add("custom settings", |text| {
        custom_settings(text.as_bytes());
    });
    add("defaults", |text| drop(defaults(text.as_bytes())));
    add("role", |text| drop(gives_up(text.as_bytes())));
    add("prepared names", |text| {
        let Ok(found) = named(text.as_bytes()) else {
            return;
        };
        let names = found.mentions.iter().filter_map(|one| one.verb.name());
        let names: Vec<(&Name, &str)> = names.map(|name| (name, "a")).collect();
        renamed(text.as_bytes(), &names);
    });
    add("routine", |text| {
        routine::left(b"plpgsql", text.as_bytes());
    });
    add("DO", |text| {
        if let Ok(script) = Script::lex(text.as_bytes()) {
            routine::left_by_do(script.all_tokens());
        }
    });
    add("generated", |text| {
        let _ = generated::check(text, &Schema::default());
    });
    readers
}

/// A review under each set of rules.
pub fn reviews() -> Vec<(&'static str, Reader)> {
    let objects = Arc::new(objects());
    let facts = Arc::new(facts());
    let reviews = policies().into_iter().map(|(name, policy)| {
        let rules = policy
            .guards_objects()
            .then(|| ObjectRules::new(&policy, &objects));
        let facts = Arc::clone(&facts);
        let reader: Reader = Box::new(move |text| {
            let verdict = review_objects(text.as_bytes(), &policy, Some(&facts), rules.as_ref());
            if !matches!(verdict, Verdict::Refuse(_)) {
                let _ = questions(text.as_bytes(), &policy);
            }
        });
        (name, reader)
    });
    reviews.collect()
}

/// Sets of rules, by their names.
pub fn policies() -> Vec<(&'static str, Policy)> {
    let commands = |names: &[&str]| {
        names
            .iter()
            .filter_map(|name| Command::named(name))
            .collect()
    };
    let objects = |names: &[&str]| {
        names
            .iter()
            .filter_map(|name| ObjectPattern::parse(name))
            .collect()
    };
    let columns = |names: &[&str]| {
        names
            .iter()
            .filter_map(|name| ColumnPattern::parse(name))
            .collect::<Vec<_>>()
    };
    let row_limit = Policy {
        row_limit: Some(1000),
        ..Policy::default()
    };
    let read_only = Policy {
        read_only: true,
        ..row_limit.clone()
    };
    let statements = Policy {
        require_where: true,
        statements: Rules {
            allow: None,
            deny: commands(&["drop", "copy to"]),
        },
        settings: Rules {
            allow: Some(vec![Glob::new("a*"), Glob::new("timezone")]),
            deny: vec![Glob::new("abc")],
        },
        statement_timeout: Some(Duration::from_secs(5)),
        max_cost: Some(1e9),
        ..row_limit.clone()
    };
    let mut denies = row_limit.clone();
    denies.tables.deny = objects(&["secrets"]);
    denies.functions.deny = objects(&["pg_sleep"]);
    denies.deny_columns = columns(&["t.denied"]);
    denies.mask_columns = columns(&["t.masked"])
        .into_iter()
        .map(|it| (it, Mask::Hash))
        .collect();
    let mut allows = row_limit.clone();
    allows.tables.allow = Some(objects(&["t"]));
    let all = Policy {
        read_only: true,
        multiple_statements: MultipleStatements::Deny,
        ..statements.clone()
    };
    vec![
        ("row_limit", row_limit),
        ("read_only", read_only),
        ("statements", statements),
        ("read_only and statements", all),
        ("deny objects", denies),
        ("allow_tables", allows),
    ]
}

/// What is known of the relations and functions below.
pub fn facts() -> Facts {
    Facts {
        version: 1,
        plain_relations: ["t"].map(str::to_owned).into(),
        quiet_functions: ["sum", "lower"].map(str::to_owned).into(),
        quiet_operators: true,
    }
}

/// A table with a column that is denied and one that is masked, a table that is denied.
pub fn objects() -> Objects {
    let relation = |oid, name: &str, columns: &[&str]| Relation {
        oid,
        schema: Arc::from("public"),
        name: Arc::from(name),
        columns: columns
            .iter()
            .zip(1..)
            .map(|(name, attnum)| Column {
                name: Arc::from(*name),
                attnum,
                type_oid: 25,
            })
            .collect(),
        ..Relation::default()
    };
    let mut objects = Objects::of(
        1,
        vec![
            relation(20_000, "t", &["a", "b", "denied", "masked"]),
            relation(20_001, "secrets", &["a", "value"]),
        ],
    );
    objects.functions = ["pg_sleep", "lower", "sum"]
        .map(|name| Function {
            schema: Arc::from("pg_catalog"),
            name: Arc::from(name),
            transparent: true,
            ..Function::default()
        })
        .into();
    objects
}
