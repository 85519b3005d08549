//! Whatever passes delivers nothing of what is kept back: statements made up at random.

use std::net::SocketAddr;

use pgparley::config::Mask;
use pgparley::config::Policy;
use pgparley::config::PoolMode;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::subject::Judge;
use crate::subject::SECRET;
use crate::subject::columns;
use crate::subject::filled;
use crate::subject::masks;
use crate::subject::named;
use crate::subject::names;
use crate::subject::twin;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::message::Message;
use crate::support::proxy::proxy_with;

/// Statements of each test.
const STATEMENTS: usize = 4000;

/// What can stand in FROM, and its columns.
const RELATIONS: &[(&str, &[&str])] = &[
    (
        "customers",
        &["id", "tenant", "name", "email", "ssn", "city", "balance"],
    ),
    (
        "public.customers",
        &["id", "tenant", "name", "email", "ssn", "city", "balance"],
    ),
    (
        "ONLY \"customers\"",
        &["id", "tenant", "name", "email", "ssn", "city", "balance"],
    ),
    ("contacts", &["id", "email", "secrets"]),
    ("secrets", &["id", "token"]),
    ("orders", &["id", "customer_id", "amount", "status", "note"]),
    ("parent", &["id", "secret"]),
    ("child", &["id", "secret", "extra"]),
    ("v_names", &["id", "name"]),
    ("v_email", &["id", "email"]),
    ("v_far", &["t"]),
    ("events_2025", &["id", "day", "body"]),
];

/// Makes statements up, most of which PostgreSQL runs.
struct Author {
    random: StdRng,
    /// The items that can be named, with their columns.
    scope: Vec<(String, Vec<String>)>,
    /// The names that WITH has given.
    with: Vec<(String, Vec<String>)>,
    made: usize,
}

impl Author {
    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.random.random_range(0..from.len())]
    }

    fn name(&mut self) -> String {
        self.made += 1;
        match self.random.random_range(0..8) {
            0 => "customers".to_owned(),
            1 => "secrets".to_owned(),
            2 => "contacts".to_owned(),
            3 => "ssn".to_owned(),
            _ => format!("n{}", self.made),
        }
    }

    /// A reference to a column in sight, or what looks like one.
    fn reference(&mut self) -> String {
        if self.scope.is_empty() {
            return "1".to_owned();
        }
        let scope = self.scope.clone();
        let (item, columns) = self.pick(&scope).clone();
        let column = if columns.is_empty() {
            "id".to_owned()
        } else {
            self.pick(&columns).clone()
        };
        match self.random.random_range(0..12) {
            0..6 => format!("{item}.{column}"),
            6..9 => column,
            9 => item,
            10 => format!("({item}).{column}"),
            _ => format!("{item}.row_to_json"),
        }
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return format!("{}::text", self.reference());
        }
        let depth = depth - 1;
        match self.random.random_range(0..12) {
            0..4 => format!("{}::text", self.reference()),
            4 => format!("upper({})", self.expression(depth)),
            5 => format!("({} || {})", self.expression(depth), self.expression(depth)),
            6 => format!("to_jsonb({})::text", self.reference()),
            7 => format!("COALESCE({}, 'x')", self.expression(depth)),
            8 => format!("(SELECT {} LIMIT 1)", self.expression(depth)),
            9 => {
                let query = self.query(depth, Some(1)).0;
                format!("(SELECT string_agg(q::text, '') FROM ({query}) AS q)")
            }
            10 => {
                let query = self.query(depth, None).0;
                format!("(EXISTS ({query}))::text")
            }
            _ => {
                let (one, two) = (self.expression(depth), self.expression(depth));
                format!("CASE WHEN {one} > 'a' THEN {two} ELSE 'n' END")
            }
        }
    }

    /// An item of FROM, which is then in sight.
    fn item(&mut self, depth: usize) -> String {
        let (text, mut columns, own) = if depth > 0 && self.chance(35) {
            let lateral = self.chance(30);
            let siblings = if lateral {
                None
            } else {
                Some(std::mem::take(&mut self.scope))
            };
            let (query, columns) = self.query(depth - 1, None);
            self.scope.extend(siblings.into_iter().flatten());
            let lateral = if lateral { "LATERAL " } else { "" };
            (format!("{lateral}({query})"), columns, None)
        } else if !self.with.is_empty() && self.chance(50) {
            let with = self.with.clone();
            let (name, columns) = self.pick(&with).clone();
            (name.clone(), columns, Some(name))
        } else {
            let (name, columns) = self.pick(RELATIONS);
            let own = name
                .trim_start_matches("ONLY ")
                .trim_start_matches("public.");
            let columns = columns.iter().map(|&it| it.to_owned()).collect();
            (
                (*name).to_owned(),
                columns,
                Some(own.trim_matches('"').to_owned()),
            )
        };
        let is_renamed = own.is_none() || self.chance(60);
        if !is_renamed {
            self.scope.push((own.unwrap_or_default(), columns));
            return text;
        }
        let alias = self.name();
        let mut names = String::new();
        if !columns.is_empty() && self.chance(25) {
            let renamed = self.random.random_range(1..=columns.len());
            for (index, column) in columns.iter_mut().take(renamed).enumerate() {
                *column = format!("r{index}");
            }
            names = format!("({})", columns[..renamed].join(", "));
        }
        self.scope.push((alias.clone(), columns));
        format!("{text} AS {alias}{names}")
    }

    /// A query and the names of its columns, as many as are wanted.
    fn query(&mut self, depth: usize, wanted: Option<usize>) -> (String, Vec<String>) {
        let (scope, with) = (self.scope.len(), self.with.len());
        let mut before = String::new();
        if depth > 0 && self.chance(25) {
            let name = self.name();
            let recursive = if self.chance(20) { "RECURSIVE " } else { "" };
            let (query, columns) = self.query(depth - 1, None);
            before = format!("WITH {recursive}{name} AS ({query}) ");
            self.with.push((name, columns));
        }
        let mut from = self.item(depth);
        if self.chance(40) {
            let join = *self.pick(&[" CROSS JOIN ", ", ", " NATURAL JOIN ", " JOIN "]);
            let on = if join == " JOIN " { " ON true" } else { "" };
            from = format!("{from}{join}{}{on}", self.item(depth));
        }
        let (list, columns) = self.select_list(depth, wanted, scope);
        let filter = if self.chance(30) {
            format!(" WHERE {} <> 'q'", self.expression(depth.min(1)))
        } else {
            String::new()
        };
        let tail = match self.random.random_range(0..8) {
            0 => " ORDER BY 1".to_owned(),
            1 => format!(" ORDER BY {}::text", self.reference()),
            2 => " LIMIT 3".to_owned(),
            _ => String::new(),
        };
        let distinct = if self.chance(8) { "DISTINCT " } else { "" };
        let mut text = format!("{before}SELECT {distinct}{list} FROM {from}{filter}{tail}");
        self.scope.truncate(scope);
        self.with.truncate(with);
        if depth > 0 && wanted == Some(1) && tail.is_empty() && self.chance(15) {
            let (other, _) = self.query(depth - 1, wanted);
            text = format!("({text}) UNION ALL ({other})");
        }
        (text, columns)
    }

    fn select_list(
        &mut self,
        depth: usize,
        wanted: Option<usize>,
        scope: usize,
    ) -> (String, Vec<String>) {
        if wanted.is_none() && self.chance(35) {
            let items = self.scope[scope..].to_vec();
            if self.chance(50) {
                let columns = items.iter().flat_map(|(_, columns)| columns.clone());
                return ("*".to_owned(), columns.collect());
            }
            let (item, columns) = self.pick(&items).clone();
            return (format!("{item}.*"), columns);
        }
        let count = wanted.unwrap_or_else(|| self.random.random_range(1..4));
        let mut list = Vec::new();
        let mut columns = Vec::new();
        for _ in 0..count {
            let name = self.name();
            let expression = if self.chance(50) {
                self.reference()
            } else {
                self.expression(depth.min(1))
            };
            list.push(format!("{expression} AS {name}"));
            columns.push(name);
        }
        (list.join(", "), columns)
    }

    fn statement(&mut self) -> String {
        self.scope.clear();
        self.with.clear();
        let target = || {
            (
                "customers".to_owned(),
                ["id", "ssn", "name"].map(str::to_owned).to_vec(),
            )
        };
        match self.random.random_range(0..14) {
            0 => format!("EXPLAIN (ANALYZE, VERBOSE) {}", self.query(2, None).0),
            1 => format!(
                "CREATE TEMP TABLE made AS {}; SELECT * FROM made",
                self.query(2, None).0
            ),
            2 => format!(
                "DECLARE cur CURSOR FOR {}; FETCH ALL FROM cur",
                self.query(2, None).0
            ),
            3 => format!("COPY ({}) TO STDOUT", self.query(2, None).0),
            4 => format!("PREPARE p AS {}; EXECUTE p", self.query(2, None).0),
            5 => {
                let source = self.query(2, Some(1)).0;
                format!("INSERT INTO contacts (email) SELECT q::text FROM ({source}) q RETURNING *")
            }
            6 => {
                self.scope.push(target());
                let (value, filter, shown) =
                    (self.expression(1), self.expression(1), self.reference());
                format!(
                    "UPDATE customers SET name = {value} WHERE {filter} <> '' RETURNING {shown}"
                )
            }
            7 => {
                self.scope.push(target());
                let from = self.item(1);
                let shown = self.reference();
                format!(
                    "DELETE FROM customers USING {from} WHERE false OR customers.id = 1 RETURNING {shown}"
                )
            }
            _ => self.query(3, None).0,
        }
    }
}

/// Nothing that passes brings the secret, or differs between two databases that differ in nothing
/// but what is kept back.
fn tries(policy: &Policy, addr: SocketAddr, seed: u64) {
    let judge = Judge::new(policy.clone());
    let mut author = Author {
        random: StdRng::seed_from_u64(seed),
        scope: Vec::new(),
        with: Vec::new(),
        made: 0,
    };
    let mut clients = [filled(), twin()].map(|name| patient(addr, name));
    let mut direct = patient(cluster().addr(), filled());
    let (mut passed, mut refused) = (0, 0);
    for _ in 0..STATEMENTS {
        author.made = 0;
        let text = author.statement();
        if judge.refusal(&text).is_some() {
            let replies = run(&mut direct, &text);
            refused += usize::from(bring_secret(&replies));
            continue;
        }
        let [one, other] = clients.each_mut().map(|client| run(client, &text));
        assert!(!bring_secret(&one), "{text}");
        // The order of rows and what EXPLAIN ANALYZE says differ from run to run.
        let is_sure = !["EXPLAIN", "LIMIT", "string_agg"]
            .iter()
            .any(|word| text.contains(word));
        if is_sure && !is_late(&one) && !is_late(&other) {
            assert_eq!(shown(&one), shown(&other), "{text}");
        }
        passed += usize::from(!one.iter().any(|message| message.tag == b'E'));
    }
    assert!(
        passed > STATEMENTS / 40 && refused > STATEMENTS / 40,
        "{passed} passed and ran, {refused} refused would have brought it"
    );
}

fn patient(addr: SocketAddr, database: &str) -> TestClient {
    let mut client = TestClient::login(addr, database);
    client.run("SET statement_timeout = '2s'");
    client
}

fn run(client: &mut TestClient, text: &str) -> Vec<Message> {
    client.run("BEGIN");
    let replies = client.run(text);
    client.run("ROLLBACK");
    client.run("DEALLOCATE ALL");
    replies
}

fn bring_secret(replies: &[Message]) -> bool {
    replies.iter().any(|message| {
        let body = String::from_utf8_lossy(&message.body).to_lowercase();
        body.contains(&SECRET.to_lowercase())
    })
}

/// It took too long, which depends on more than the statement.
fn is_late(replies: &[Message]) -> bool {
    let mut errors = replies.iter().filter(|message| message.tag == b'E');
    errors.any(|message| message.field('C') == "57014")
}

/// What can be told from the replies; numbers of objects differ from database to database.
fn shown(replies: &[Message]) -> Vec<String> {
    let shown = replies.iter().filter(|message| message.tag != b'T');
    let mut shown: Vec<String> = shown.map(Message::text).collect();
    shown.sort_unstable();
    shown
}

#[test]
fn no_random_statement_reads_a_denied_table() {
    let mut policy = named();
    policy.tables.deny = names(&["secrets", "customers", "parent"]);
    tries(&policy, cluster().addr(), 11);
}

#[test]
fn no_random_statement_reads_a_denied_column() {
    let mut policy = named();
    policy.tables.deny = names(&["secrets"]);
    policy.deny_columns = columns(&["customers.ssn", "customers.email", "parent.secret"]);
    tries(&policy, cluster().addr(), 12);
}

#[test]
fn no_random_statement_unmasks_a_column() {
    let mut policy = named();
    policy.tables.deny = names(&["secrets"]);
    policy.mask_columns = masks(&[
        ("customers.ssn", Mask::Null),
        ("customers.email", Mask::Constant("x".to_owned())),
        ("parent.secret", Mask::Constant("x".to_owned())),
    ]);
    let shared = policy.clone();
    let proxy = proxy_with(|config| {
        config.databases[0].pool_mode = PoolMode::Session;
        config.policies.push(shared);
    });
    tries(&policy, proxy.addr(), 13);
}
