//! With the parser's verdict switched off, so that whatever a model writes is run as it is: the
//! server's own planning, the read-only transaction that is always rolled back, one statement a
//! message and an ordinary role still leave nothing of an attack behind.

use pgparley::guard::Refusal;
use pgparley::guard::generated::Checked;
use pgparley::sql::schema::Schema;

use crate::blocks;
use crate::blocks::Block;
use crate::blocks::Fate;
use crate::blocks::ids;
use crate::generated::Told;
use crate::remains::AT_ONCE;
use crate::remains::Observer;
use crate::remains::difference;
use crate::stage::READER;
use crate::stage::Stage;
use crate::ways::Way;

/// What a session would show if an attack had left something in it.
const SESSION: &str = "SELECT string_agg(name || '=' || setting, ',' ORDER BY name) \
    FILTER (WHERE source = 'session'), current_user, session_user, \
    (SELECT string_agg(it, ',') FROM pg_listening_channels() it), \
    (SELECT count(*) FROM pg_cursors), \
    (SELECT count(*) FROM pg_prepared_statements WHERE from_sql), \
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) \
    FROM pg_settings";

/// What no transaction takes back and no ordinary role is kept from: messages to the log that are
/// not transactional. Only the guard, or a REVOKE, keeps a model from it.
const NOT_TAKEN_BACK: &[&str] = &["O120", "O121", "O146"];

/// Locks of the session, which in a client's block cannot be told from the client's own.
const LOCKS: &[&str] = &["O142"];

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands for the guard's own check"
)]
fn anything(sql: &str, _: &Schema) -> Result<Checked, Refusal> {
    Ok(Checked {
        sql: sql.to_owned(),
        relations: Vec::new(),
    })
}

fn nothing_remains_of(mut blocks: Vec<Block>) {
    let stage = Stage::new();
    let told = Told::new(&stage, anything);
    let mut observer = Observer::new(&stage);
    let mut before = observer.look(&stage);
    let inherited = stage.login(told.addr(), READER).row(SESSION);
    let mut wrong = Vec::new();
    blocks.retain(|block| !NOT_TAKEN_BACK.contains(&&*block.id));
    for group in blocks.chunks(AT_ONCE) {
        for block in group {
            let text = stage.filled(&block.text);
            let mut client = stage.login(told.addr(), READER);
            let locks = LOCKS.contains(&&*block.id);
            for way in [Way::Query, Way::Parse, Way::Block] {
                if locks && way == Way::Block {
                    continue;
                }
                if told.ask(&mut client, way, &text).is_none() {
                    client = stage.login(told.addr(), READER);
                }
            }
            drop(client);
            let left = stage.login(told.addr(), READER).row(SESSION);
            if left != inherited {
                wrong.push(format!("{} leaves in the session {left}: {text}", block.id));
            }
        }
        let after = observer.look(&stage);
        if after != before {
            let left = difference(&before, &after);
            wrong.push(format!("{:?} leave {left:?}", ids(group)));
            before = after;
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn nothing_of_the_corpus_remains_though_nobody_has_read_it() {
    nothing_remains_of(blocks::shared(Fate::Reject));
}

#[test]
fn nothing_of_our_own_remains_though_nobody_has_read_it() {
    nothing_remains_of(blocks::own(Fate::Reject));
}
