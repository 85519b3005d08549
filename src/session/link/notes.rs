//! What a session must remember of the texts that go on, and what of it pins the client to its
//! connection.

use super::Lasts;
use super::Link;
use super::Pin;
use crate::sql::custom_setting::Custom;
use crate::sql::custom_setting::LONGEST_NAME;
use crate::sql::custom_setting::custom_settings;
use crate::sql::footprint::Footprint;
use crate::sql::footprint::MOST_CALLED;
use crate::sql::footprint::called;
use crate::sql::routine::Left;

/// Why a client is pinned that has set what nobody can ask for.
const UNKNOWN_SETTING: &str = "a setting whose name the text does not tell";

/// Why a client is pinned that has called what nobody has looked into.
const UNKNOWN_FUNCTIONS: &str = "more functions than are looked into";

/// Custom settings of a session that follow it. The server is asked for each, and given each.
const MOST_CUSTOM: usize = 256;

impl Link {
    /// Remembers what cannot be asked for of a text that goes on; what it leaves behind, as far as it
    /// is known what the functions leave that it calls. `value` gives the values of its parameters.
    pub(in crate::session) fn note(
        &mut self,
        text: &[u8],
        mut footprint: Footprint,
        value: impl Fn(usize) -> Option<String>,
    ) -> Footprint {
        if footprint.calls {
            let names = called(text);
            if self.suspects.len() + names.len() > MOST_CALLED {
                footprint = Footprint::DOUBT | footprint;
                footprint.calls = false;
                self.pin_until_reset(UNKNOWN_FUNCTIONS);
            } else if let Ok(left) = self.access.functions.left(&names) {
                footprint.calls = false;
                footprint = footprint | self.note_left(&left);
            } else {
                for name in names {
                    if !self.suspects.contains(&name) {
                        self.suspects.push(name);
                    }
                }
            }
        }
        if footprint.loads {
            self.pin_for_good("a library was loaded");
        }
        if footprint.asks {
            let custom = custom_settings(text);
            for &number in &custom.parameters {
                match value(number) {
                    Some(name) if name.contains('.') => self.note_custom(&name),
                    Some(_) => {}
                    None => self.pin_until_reset(UNKNOWN_SETTING),
                }
            }
            self.note_settings(&custom);
        }
        footprint
    }

    /// Remembers what cannot be asked for of functions that were called.
    pub(in crate::session) fn note_left(&mut self, left: &Left) -> Footprint {
        if left.footprint.loads {
            self.pin_for_good("a library was loaded");
        }
        if !left.custom.parameters.is_empty() {
            self.pin_until_reset(UNKNOWN_SETTING);
        }
        self.note_settings(&left.custom);
        left.footprint
    }

    fn note_settings(&mut self, custom: &Custom) {
        if custom.unknown {
            // The server lists custom settings nowhere: nobody else may find this one.
            self.pin_until_reset(UNKNOWN_SETTING);
        }
        for name in &custom.names {
            self.note_custom(name);
        }
    }

    /// Remembers the name of a custom setting.
    pub(in crate::session) fn note_custom(&mut self, name: &str) {
        let mut known = self.custom.iter();
        if known.any(|known| known.eq_ignore_ascii_case(name)) {
            return;
        }
        if name.len() > LONGEST_NAME {
            self.pin_until_reset(UNKNOWN_SETTING);
        } else if self.custom.len() < MOST_CUSTOM {
            self.custom.push(name.into());
        } else {
            self.pin_until_reset("more settings of its own than are carried over");
        }
    }

    /// Custom settings that the session has set.
    pub(in crate::session) fn custom(&self) -> &[Box<str>] {
        &self.custom
    }

    /// The client keeps the connection until it leaves; then it is closed.
    pub(in crate::session) fn pin_for_good(&mut self, why: &str) {
        self.pin_at_least(why, Lasts::ForGood);
    }

    /// The client keeps the connection until it leaves; then it is reset.
    pub(in crate::session) fn pin_until_reset(&mut self, why: &str) {
        self.pin_at_least(why, Lasts::UntilReset);
    }

    fn pin_at_least(&mut self, why: &str, lasts: Lasts) {
        if self.pin.as_ref().is_none_or(|pin| pin.lasts < lasts) {
            let why = why.to_owned();
            self.pin = Some(Pin { why, lasts });
        }
    }
}
