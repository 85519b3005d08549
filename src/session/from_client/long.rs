//! Texts too long to be read: refused where a policy holds, else passed on as they come.

use super::Fate;
use super::Frame;
use super::LONGEST_TEXT;
use crate::session::dialogue::Dialogue;
use crate::session::link::Link;
use crate::session::names::Name;
use crate::session::names::Prepared;
use crate::session::ruling::Rules;
use crate::sql::footprint::Footprint;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame::HEADER;
use crate::wire::frame::client;
use crate::wire::frontend;

impl Dialogue {
    /// A text too long to be looked into.
    pub(super) fn long_text(&mut self, frame: &Frame<'_>, rules: &Rules, link: &mut Link) -> Fate {
        let is_query = frame.tag == client::QUERY;
        // What it is cannot be remembered for the next connection.
        let names_a_statement = !is_query && frame.bytes.get(HEADER) != Some(&0);
        if rules.must_examine() || link.is_shared() && names_a_statement {
            return self.refuse_long(frame, rules);
        }
        if let Err(fate) = self.reach(frame.tag, link) {
            return fate;
        }
        if link.is_shared() {
            self.footprint = Footprint::DOUBT;
            link.holds_unnamed = true;
        }
        if is_query {
            self.query_sent(rules.unlimited(), None, None);
        } else {
            let prepared = Prepared {
                footprint: Footprint::DOUBT,
                ..Prepared::default()
            };
            let prepared = (Name::default(), Some(prepared));
            self.parse_sent(link.is_shared().then_some(prepared), None);
        }
        Fate::Pass
    }

    /// It is thrown away as it comes.
    pub(super) fn refuse_too_long(&mut self, frame: &Frame<'_>, rules: &Rules) -> Fate {
        let Err(info) = rules.check_length(least_text(frame)) else {
            return Fate::Wait;
        };
        if frame.tag == client::QUERY {
            return self.refuse_query(info, rules);
        }
        self.refuse_parse(&NO_PARSE, info)
    }

    fn refuse_long(&mut self, frame: &Frame<'_>, rules: &Rules) -> Fate {
        let mut info = error::error(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            format!(
                "statement of {} bytes is too long to be examined",
                frame.size - HEADER
            ),
        );
        info.hint = Some(format!("The limit is {LONGEST_TEXT} bytes."));
        if frame.tag == client::QUERY {
            return self.refuse_query(Box::new(info), rules);
        }
        self.refuse_parse(&NO_PARSE, Box::new(info))
    }
}

/// All that the message can hold besides its text leaves too long a text for the policy.
pub(super) fn is_too_long(frame: &Frame<'_>, rules: &Rules) -> bool {
    let most = rules.policy().and_then(|policy| policy.max_statement_bytes);
    most.is_some_and(|most| least_text(frame) > most)
}

/// Bytes that the text of a Query or Parse has at least; a Parse also has a name and types.
fn least_text(frame: &Frame<'_>) -> usize {
    let around = if frame.tag == client::QUERY {
        HEADER + 1
    } else {
        HEADER + LONGEST_NAME + 2 + 2 + 4 * usize::from(u16::MAX)
    };
    frame.size.saturating_sub(around)
}

/// No statement of a client's has a longer name.
const LONGEST_NAME: usize = 1024;

/// A Parse of which nothing was read.
const NO_PARSE: frontend::Parse<'static> = frontend::Parse {
    statement: b"",
    query: b"",
    types: &[0, 0],
};
