//! What policies would do to the statements of a file.

use std::fs;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;

use crate::catalog;
use crate::catalog::Catalog;
use crate::catalog::Service;
use crate::config::Policy;
use crate::config::UpstreamUrl;
use crate::config::UrlError;
use crate::guard;
use crate::guard::ObjectRules;
use crate::guard::Verdict;
use crate::sql::objects::Objects;
use crate::sql::psql::without_psql;
use crate::sql::question;
use crate::sql::question::Placement;
use crate::sql::schema::Facts;
use crate::sql::script;
use crate::sql::script::Script;

/// Statements, and what is known of whoever sends them.
#[derive(Debug)]
pub(super) struct Sent {
    /// Where they stand; `-` is standard input.
    pub file: PathBuf,
    /// Who sends them.
    pub who: Who,
    /// Their `application_name`.
    pub application: String,
    /// The database, when it may be asked.
    pub url: Option<String>,
}

/// A user and a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    user: String,
    database: String,
}

impl FromStr for Who {
    type Err = &'static str;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        match written.rsplit_once('@') {
            Some((user, database)) if !user.is_empty() && !database.is_empty() => Ok(Self {
                user: user.to_owned(),
                database: database.to_owned(),
            }),
            _ => Err("expected USER@DATABASE"),
        }
    }
}

/// Why nothing could be judged.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum JudgeError {
    /// The statements are not to be had.
    #[error("cannot read the statements")]
    Read(#[source] io::Error),
    /// The URL is none.
    #[error("cannot understand the URL")]
    Url(#[from] UrlError),
    /// The database does not say what it is like.
    #[error("cannot read the database's catalog")]
    Catalog(#[from] catalog::Error),
    /// Standard output or the runtime failed.
    #[error("input or output failed")]
    Io(#[from] io::Error),
}

/// What was judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// The name of the policy that holds; none lets everything through.
    pub policy: Option<String>,
    /// Each statement, in order.
    pub statements: Vec<Statement>,
}

/// A statement and what becomes of it.
#[derive(Debug)]
pub(super) struct Statement {
    /// The line that it begins on, from 1.
    pub line: usize,
    /// Its text.
    pub text: Vec<u8>,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a statement.
#[derive(Debug)]
pub(super) enum Fate {
    /// The policy says it.
    Judged(Verdict),
    /// It holds a question, and its SQL is judged once there is some.
    Question,
}

impl Judged {
    /// Some statement does not run.
    pub(super) fn is_refused(&self) -> bool {
        let mut fates = self.statements.iter().map(|statement| &statement.fate);
        fates.any(|fate| matches!(fate, Fate::Judged(Verdict::Refuse(_))))
    }
}

/// Judges each statement by the first policy that holds for who sends it.
pub(super) fn judge(policies: &[Policy], sent: &Sent) -> Result<Judged, JudgeError> {
    let text = read(&sent.file).map_err(JudgeError::Read)?;
    let text = without_psql(&text);
    let Who { user, database } = &sent.who;
    let policy = policies.iter().find(|policy| {
        let application = sent.application.as_bytes();
        policy
            .matches
            .holds(user.as_bytes(), database.as_bytes(), application)
    });
    let no_policy = Policy::default();
    let rules = policy.unwrap_or(&no_policy);
    let known = match &sent.url {
        Some(url) => known(url, &sent.who, rules)?,
        None => Known::default(),
    };
    let objects = known.objects.as_ref();
    let objects = objects.map(|objects| ObjectRules::new(rules, objects));
    let statements = pieces(&text).into_iter().map(|(line, piece)| Statement {
        line,
        text: piece.to_vec(),
        fate: if is_question(piece) {
            Fate::Question
        } else {
            let facts = known.facts.as_ref();
            Fate::Judged(guard::review_objects(piece, rules, facts, objects.as_ref()))
        },
    });
    Ok(Judged {
        policy: policy.map(|policy| policy.name.clone()),
        statements: statements.collect(),
    })
}

fn is_question(text: &[u8]) -> bool {
    question::may_hold_question(text)
        && matches!(
            question::place(text),
            Placement::Whole(_) | Placement::Inside(_)
        )
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return fs::read(file);
    }
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    Ok(text)
}

/// The statements of a text with the lines that they begin on; all of it when it cannot be cut.
fn pieces(text: &[u8]) -> Vec<(usize, &[u8])> {
    let Ok(script) = Script::lex(text) else {
        return vec![(1, text)];
    };
    let piece = |statement: &script::Statement| {
        let tokens = script.tokens(statement);
        let all = text[statement.bytes.clone()].trim_ascii_start();
        // A comment may ask something, or lift a limit.
        let with_comments = is_question(all) || !tokens.is_empty() && all.starts_with(b"/*");
        let (start, end) = if with_comments {
            (statement.bytes.end - all.len(), statement.bytes.end)
        } else {
            (tokens.get(0)?.start as usize, tokens.last()?.end as usize)
        };
        let line = 1 + memchr::memchr_iter(b'\n', &text[..start]).count();
        Some((line, text[start..end].trim_ascii_end()))
    };
    script.statements().iter().filter_map(piece).collect()
}

/// What is known of the database.
#[derive(Default)]
struct Known {
    facts: Option<Facts>,
    /// Read where the policy has rules about them.
    objects: Option<Arc<Objects>>,
}

/// What the database is like, as the user of the URL sees it.
fn known(url: &str, who: &Who, policy: &Policy) -> Result<Known, JudgeError> {
    let url = UpstreamUrl::from_str(url)?;
    let service = Service {
        host: url.host,
        port: url.port,
        user: url.user.unwrap_or_else(|| who.user.clone()),
        password: url.password,
        connect_timeout: PATIENCE,
    };
    let database = url.dbname.unwrap_or_else(|| who.database.clone());
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let catalog = Catalog::new(runtime.handle().clone());
    runtime.block_on(async {
        let facts = catalog.facts_now(&service, &database).await?;
        let objects = if policy.asks_for_objects() {
            Some(catalog.read_objects(&service, &database).await?)
        } else {
            None
        };
        Ok(Known {
            facts: Some(facts),
            objects,
        })
    })
}

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_with_their_lines() {
        let text = b"-- first\nSELECT 1;\n\n  SELECT\n2 -- end\n;;";
        assert_eq!(pieces(text), [(2, &b"SELECT 1"[..]), (4, b"SELECT\n2")]);
        assert_eq!(pieces(b"SELECT 'a"), [(1, &b"SELECT 'a"[..])]);
        let text = b"-- a\n;\n/* nl: how many */;/* pgparley: nolimit */ SELECT 1";
        let expected = [
            (3, &b"/* nl: how many */"[..]),
            (3, b"/* pgparley: nolimit */ SELECT 1"),
        ];
        assert_eq!(pieces(text), expected);
    }

    #[test]
    fn a_user_is_named_with_its_database() {
        let who: Who = "me@example.com@shop".parse().unwrap();
        assert_eq!((&*who.user, &*who.database), ("me@example.com", "shop"));
        assert!("me".parse::<Who>().is_err());
        assert!("@shop".parse::<Who>().is_err());
    }
}
