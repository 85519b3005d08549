//! What a client's text may leave behind in the server's session, told from the text alone.
//!
//! Ordinary texts are told by a glance that allocates nothing; only a telling word has the text
//! cut into tokens. Where it cannot be told, the worse is said. What a function does inside is told
//! from its own body, by [`routine`](super::routine); what triggers, views and casts do is not seen,
//! nor SQL that a function gets in pieces.

mod called;
mod calls;
mod glance;
mod set;
mod statement;

use std::ops::BitOr;

use self::glance::Glance;
use super::lexer::StandardStrings;
use super::script::Script;

pub use self::called::MOST_CALLED;
pub use self::called::called;
pub(super) use self::called::called_in;
pub(super) use self::calls::footprint as functions_left;
pub(super) use self::calls::sets_for_the_session;
pub(super) use self::statement::besides_executed;
use self::statement::of_statement;

/// What a client's text may leave behind in the server's session when its transaction is over.
///
/// Of no account: the seed of `random()`; large objects opened by `lo_open`, which end with the
/// transaction; that a setting with a dot in its name, once SET LOCAL, is empty ever after
/// instead of missing.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and a text may have any of them"
)]
pub struct Footprint {
    /// Settings, the role, LISTEN, temporary tables, session advisory locks, cursors WITH HOLD
    /// may differ afterwards: the server is to be asked.
    pub asks: bool,
    /// Settings may go back to what the connection was opened with: RESET, SET … TO DEFAULT,
    /// DISCARD ALL, `set_config` with anything but a plain literal value.
    pub resets: bool,
    /// LOAD, or anything else that nothing can undo: the connection is the client's for good.
    pub loads: bool,
    /// Holds PREPARE, EXECUTE, DEALLOCATE or DISCARD: names of prepared statements are spoken of
    /// in SQL, and [`named`](super::prepared_name::named) finds them.
    pub names: bool,
    /// Holds BEGIN or START TRANSACTION.
    pub begins: bool,
    /// Asks for `currval` or `lastval`, which know only of the `nextval` of their own connection.
    /// Clients of a transaction pooler have them in one transaction with the INSERT; outside of
    /// one the answer is an error or another client's.
    pub sequence: bool,
    /// Calls functions that may be somebody's own, as [`called`] names them: what they leave is what
    /// their bodies say.
    pub calls: bool,
    /// Makes or changes functions.
    pub defines: bool,
    /// Settings may differ until the transaction ends, and what is prepared meanwhile is read under
    /// them: SET LOCAL, `set_config` for the transaction.
    pub local: bool,
    /// Holds a SET to the default, which may be another than what the session began with.
    pub defaults: bool,
}

impl Footprint {
    /// What is said of a text that the server may read in another way.
    pub const DOUBT: Self = Self {
        asks: true,
        resets: true,
        names: true,
        ..Self::NONE
    };

    /// Nothing stays.
    const NONE: Self = Self {
        asks: false,
        resets: false,
        loads: false,
        names: false,
        begins: false,
        sequence: false,
        calls: false,
        defines: false,
        local: false,
        defaults: false,
    };

    /// Settings differ until the transaction ends.
    const LOCAL: Self = Self {
        local: true,
        ..Self::NONE
    };

    /// The server is to be asked.
    const ASKS: Self = Self {
        asks: true,
        ..Self::NONE
    };

    /// The server is to be asked, and what it says may be what the connection was opened with.
    const RESETS: Self = Self {
        resets: true,
        ..Self::ASKS
    };

    /// Functions of somebody's own.
    const CALLS: Self = Self {
        calls: true,
        ..Self::NONE
    };

    /// Names of prepared statements only.
    const NAMES: Self = Self {
        names: true,
        ..Self::NONE
    };

    /// It is not known yet that nothing stays, in the session or of what is known of functions.
    pub fn is_open(self) -> bool {
        self.asks || self.calls || self.defines
    }

    /// Nobody knows which settings a text is read under that is prepared now.
    pub fn is_unsettled(self) -> bool {
        self.is_open() || self.local
    }

    /// It matters to the session that a text with this footprint runs.
    pub fn matters(self) -> bool {
        self.is_unsettled() || self.loads
    }
}

/// What either leaves behind.
impl BitOr for Footprint {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            asks: self.asks | other.asks,
            resets: self.resets | other.resets,
            loads: self.loads | other.loads,
            names: self.names | other.names,
            begins: self.begins | other.begins,
            sequence: self.sequence | other.sequence,
            calls: self.calls | other.calls,
            defines: self.defines | other.defines,
            local: self.local | other.local,
            defaults: self.defaults | other.defaults,
        }
    }
}

/// What `text`, one statement or several, may leave behind. Of an EXECUTE the worst is said;
/// [`named`](super::prepared_name::named) tells what it executes.
pub fn footprint(text: &[u8]) -> Footprint {
    match glance::at(text) {
        Glance::Ordinary => Footprint::NONE,
        Glance::Begins => Footprint {
            begins: true,
            ..Footprint::NONE
        },
        Glance::Telling => looked_at(text),
    }
}

/// As [`footprint`], of a text in which something tells that it is no ordinary one.
fn looked_at(text: &[u8]) -> Footprint {
    let standard = read(text, StandardStrings::On);
    if memchr::memchr(b'\\', text).is_none() {
        return standard;
    }
    // `standard_conforming_strings` may be off: whatever either reading leaves behind.
    let escaped = read(text, StandardStrings::Off);
    if has_wide_backslash(text) {
        return standard | escaped | Footprint::DOUBT;
    }
    standard | escaped
}

/// A backslash behind a byte that is not ASCII is a part of a character in some encodings of
/// clients (SJIS, GBK, Big5), and escapes nothing there.
pub(super) fn has_wide_backslash(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', text).any(|at| at > 0 && !text[at - 1].is_ascii())
}

fn read(text: &[u8], strings: StandardStrings) -> Footprint {
    let Ok(script) = Script::lex_as(text, strings) else {
        return Footprint {
            begins: glance::may_begin(text),
            ..Footprint::DOUBT
        };
    };
    script
        .runnable()
        .map(|statement| of_statement(script.tokens(statement)))
        .fold(Footprint::NONE, BitOr::bitor)
}

#[cfg(test)]
mod tests;
