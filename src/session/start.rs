//! How a session begins where server connections are shared: what its start-up packet sets is set
//! on each connection that it gets.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::link::Start;
use crate::upstream::Pool;

/// A start-up packet's parameters, byte for byte, in order.
pub(super) type Parameters = Vec<(Vec<u8>, Vec<u8>)>;

/// Beginnings that are remembered.
const MOST: usize = 4096;

/// Parameters that only the start of a connection can set.
///
/// <https://www.postgresql.org/docs/current/view-pg-settings.html>, contexts `backend` and
/// `superuser-backend`, and those that have an effect at the start only.
const AT_START_ONLY: &[&str] = &[
    // A policy's wall: RESET must not take it down.
    "default_transaction_read_only",
    "ignore_system_indexes",
    "jit_debugging_support",
    "jit_profiling_support",
    "local_preload_libraries",
    "log_connections",
    "log_disconnections",
    "post_auth_delay",
    "replication",
    "session_preload_libraries",
];

/// What a client's start-up packet asks for, by how a connection gets it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// The connection must be opened with these.
    pub opened_with: Parameters,
    /// Any connection can be given these.
    pub settings: Parameters,
}

impl Asked {
    /// Sorts the parameters; `options` comes first with the server, whatever its place.
    pub(super) fn sort(parameters: Parameters) -> Self {
        let mut asked = Self::default();
        let (options, others): (Parameters, Parameters) = parameters
            .into_iter()
            .partition(|(name, _)| name == b"options");
        for (name, value) in options {
            match settings_in(&value) {
                Some(settings) if !settings.iter().any(is_for_the_start) => {
                    asked.settings.extend(settings);
                }
                _ => asked.opened_with.push((name, value)),
            }
        }
        let (opened_with, settings): (Parameters, Parameters) =
            others.into_iter().partition(is_for_the_start);
        asked.opened_with.extend(opened_with);
        asked.settings.extend(settings);
        asked
    }
}

/// No connection can be given it later. Bytes that are no text the server takes only then.
fn is_for_the_start((name, value): &(Vec<u8>, Vec<u8>)) -> bool {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    let is_text = |bytes| std::str::from_utf8(bytes).is_ok();
    AT_START_ONLY.iter().any(|known| is(known)) || !is_text(name) || !is_text(value)
}

/// The settings in `options`, when it holds nothing else: `-c name=value` and `--name=value`,
/// words apart by white space that a backslash escapes.
///
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS>
pub(super) fn settings_in(options: &[u8]) -> Option<Parameters> {
    let words = words(options);
    let mut words = words.iter();
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix(b"-c") {
            Some(b"") => words.next()?,
            Some(setting) => setting,
            None => word.strip_prefix(b"--")?,
        };
        let equals = setting.iter().position(|&byte| byte == b'=')?;
        let name = setting[..equals].iter();
        // As the server does: a minus in a name stands for an underscore.
        let name = name.map(|&byte| if byte == b'-' { b'_' } else { byte });
        settings.push((name.collect(), setting[equals + 1..].to_vec()));
    }
    Some(settings)
}

fn words(options: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word = None;
    let mut bytes = options.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => words.extend(word.take()),
            b'\\' => {
                let word: &mut Vec<u8> = word.get_or_insert_default();
                word.extend(bytes.next());
            }
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    words
}

/// How sessions have begun, so that the next one that begins alike needs no server for it.
#[derive(Debug, Default)]
pub(super) struct Starts {
    known: Mutex<HashMap<Key, Start>>,
}

/// A pool, which lives as long as the process, and what a packet asked for.
type Key = (usize, Parameters, Parameters);

impl Starts {
    /// How such a session began before.
    pub(super) fn get(&self, pool: &Arc<Pool>, asked: &Asked) -> Option<Start> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key(pool, asked)).cloned()
    }

    /// Remembers how such a session began.
    pub(super) fn put(&self, pool: &Arc<Pool>, asked: &Asked, start: &Start) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key(pool, asked), start.clone());
    }
}

fn key(pool: &Arc<Pool>, asked: &Asked) -> Key {
    let pool = Arc::as_ptr(pool) as usize;
    (pool, asked.opened_with.clone(), asked.settings.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
        (name.into(), value.into())
    }

    #[test]
    fn options_are_read_as_the_server_reads_them() {
        let options = br"-c search_path=a,\ b  --work-mem=1MB -cgeqo=off";
        let expected = [
            pair("search_path", "a, b"),
            pair("work_mem", "1MB"),
            pair("geqo", "off"),
        ];
        assert_eq!(settings_in(options).unwrap(), expected);
        assert_eq!(settings_in(b"-c"), None);
        assert_eq!(settings_in(b"-e -c a=b"), None);
    }

    #[test]
    fn other_parameters_outrank_options() {
        let asked = Asked::sort(vec![
            pair("TimeZone", "UTC"),
            pair("options", "-c timezone=Asia/Tokyo"),
            pair("log_connections", "on"),
        ]);
        assert_eq!(asked.opened_with, [pair("log_connections", "on")]);
        assert_eq!(
            asked.settings,
            [pair("timezone", "Asia/Tokyo"), pair("TimeZone", "UTC")]
        );
    }
}
