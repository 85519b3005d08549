//! What a policy asks of how a session begins: settings that no client may begin with, and those
//! that every connection is opened with, so that RESET returns to them.

use super::start::Asked;
use super::start::Parameters;
use super::start::settings_in;
use crate::config::Policy;
use crate::guard;
use crate::guard::Refusal;
use crate::guard::session_limit;
use crate::guard::session_state;
use crate::sql::setting::milliseconds;

/// The settings that `parameters` ask for may be what the session begins with.
pub(super) fn check(parameters: &Parameters, policy: &Policy) -> Result<(), Refusal> {
    if is_replication(parameters) {
        guard::check_replication(policy)?;
    }
    let restricts = guard::restricts_start(policy);
    let restricts_role = session_state::is_denied(policy);
    if !restricts && !restricts_role && session_limit::row_limit(policy).is_none() {
        return Ok(());
    }
    for (name, value) in parameters {
        if name != b"options" {
            check_setting(name, value, policy)?;
            continue;
        }
        let settings = match settings_in(value) {
            Some(settings) => settings,
            None if restricts_role && may_name_role(value) => {
                return Err(guard::unread_options(policy));
            }
            // Whatever limit stands there, the imposed one comes behind it.
            None if !restricts => continue,
            None => return Err(guard::unread_options(policy)),
        };
        for (name, value) in settings {
            check_setting(&name, &value, policy)?;
        }
    }
    Ok(())
}

fn check_setting(name: &[u8], value: &[u8], policy: &Policy) -> Result<(), Refusal> {
    session_state::check_role(&text(name), policy)?;
    guard::check_start(&text(name), &text(value), policy)
}

/// What cannot be read as settings may hold a role. A backslash there hides nothing but white space.
fn may_name_role(options: &[u8]) -> bool {
    let options = text(options).replace('\\', "").to_ascii_lowercase();
    ["role", "session"]
        .iter()
        .any(|word| options.contains(word))
}

/// The server would be asked for a walsender, by a value that it does not read as false.
///
/// <https://www.postgresql.org/docs/current/protocol-replication.html>
fn is_replication(parameters: &Parameters) -> bool {
    let mut parameters = parameters.iter();
    parameters.any(|(name, value)| {
        let value = value.to_ascii_lowercase();
        let is_false = value == b"0"
            || value != b"o"
                && [&b"false"[..], b"no", b"off"]
                    .iter()
                    .any(|word| !value.is_empty() && word.starts_with(&value));
        name.eq_ignore_ascii_case(b"replication") && !is_false
    })
}

/// What a connection is opened with that is the client's alone. The server applies `options` first
/// and then the other parameters, whose names do not mind case, in their order: the last one wins.
/// A client that asked for a lower timeout begins with that.
pub(super) fn own(mut parameters: Parameters, policy: &Policy) -> Parameters {
    let asked = asked(&parameters);
    let imposed = imposed(policy).into_iter().map(|(name, value)| {
        let asked = asked.iter().rev();
        let mut asked = asked.filter(|(asked, _)| asked.eq_ignore_ascii_case(&name));
        let is_timeout = name.ends_with(b"_timeout");
        if name == session_limit::SETTING.as_bytes() {
            let own = asked.next().map(|(_, value)| value.clone());
            return (name, own.unwrap_or(value));
        }
        let own = asked.find_map(|(_, value)| milliseconds(&text(value)));
        let own = own
            .filter(|_| is_timeout)
            .map(|own| own.to_string().into_bytes());
        (name, own.unwrap_or(value))
    });
    let imposed: Parameters = imposed.collect();
    without_imposed(&mut parameters, &imposed);
    parameters.extend(imposed);
    parameters
}

/// The row limit that a session begins with which asks for these.
pub(super) fn row_limit(parameters: &Parameters, policy: &Policy) -> Option<u64> {
    let own = session_limit::row_limit(policy)?;
    let asked = asked(parameters);
    let mut asked = asked.iter().rev();
    let name = session_limit::SETTING.as_bytes();
    let asked = asked.find(|(asked, _)| asked.eq_ignore_ascii_case(name));
    Some(asked.map_or(own, |(_, value)| {
        session_limit::allowed(&text(value), policy)
    }))
}

/// All settings that `parameters` ask for; the last of a name is the one that the server takes.
fn asked(parameters: &Parameters) -> Parameters {
    let options = parameters.iter().filter(|(name, _)| name == b"options");
    let options = options
        .filter_map(|(_, value)| settings_in(value))
        .flatten();
    options.chain(parameters.iter().cloned()).collect()
}

/// What a connection that clients share is opened with, and what is set on it for this one.
pub(super) fn shared(mut parameters: Parameters, policy: &Policy) -> Asked {
    let imposed = imposed(policy);
    if policy.read_only {
        parameters.retain(|(name, _)| !is_read_only(name));
    }
    let mut asked = Asked::sort(parameters);
    without_imposed(&mut asked.opened_with, &imposed);
    asked.opened_with.extend(imposed);
    asked
}

fn imposed(policy: &Policy) -> Parameters {
    let imposed = guard::imposed(policy).into_iter();
    imposed
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn without_imposed(parameters: &mut Parameters, imposed: &Parameters) {
    let is_imposed = |name: &[u8]| {
        let mut imposed = imposed.iter();
        imposed.any(|(imposed, _)| {
            imposed.eq_ignore_ascii_case(name) || is_read_only(imposed) && is_read_only(name)
        })
    };
    parameters.retain(|(name, _)| !is_imposed(name));
}

fn is_read_only(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"default_transaction_read_only")
        || name.eq_ignore_ascii_case(b"transaction_read_only")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pair(name: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
        (name.into(), value.into())
    }

    fn walled() -> Policy {
        Policy {
            read_only: true,
            statement_timeout: Some(Duration::from_secs(5)),
            ..Policy::default()
        }
    }

    #[test]
    fn walls_are_the_last_word_at_start_up() {
        let parameters = vec![
            pair("Default_Transaction_Read_Only", "0"),
            pair("transaction_read_only", "off"),
            pair("options", "-c geqo=off"),
        ];
        let expected = [
            pair("options", "-c geqo=off"),
            pair("statement_timeout", "5000"),
            pair("default_transaction_read_only", "on"),
        ];
        assert_eq!(own(parameters, &walled()), expected);
    }

    #[test]
    fn a_lower_timeout_is_what_the_session_begins_with() {
        for asked in [
            pair("options", "-c statement_timeout=1s"),
            pair("Statement_Timeout", "1s"),
        ] {
            let begun = own(vec![asked], &walled());
            assert!(
                begun.contains(&pair("statement_timeout", "1000")),
                "{begun:?}"
            );
        }
    }

    #[test]
    fn shared_connections_are_opened_with_the_walls_alone() {
        let asked = shared(
            vec![
                pair("statement_timeout", "1s"),
                pair("default_transaction_read_only", "off"),
            ],
            &walled(),
        );
        assert_eq!(
            asked.opened_with,
            [
                pair("statement_timeout", "5000"),
                pair("default_transaction_read_only", "on")
            ]
        );
        assert_eq!(asked.settings, [pair("statement_timeout", "1s")]);
    }

    #[test]
    fn no_replication_goes_past_a_policy() {
        let open = Policy::default();
        let limited = Policy {
            row_limit: Some(5),
            ..Policy::default()
        };
        for (value, is_refused) in [
            ("database", true),
            ("true", true),
            ("on", true),
            ("1", true),
            ("o", true),
            ("", true),
            ("FALSE", false),
            ("of", false),
            ("n", false),
            ("0", false),
        ] {
            let parameters = vec![pair("replication", value)];
            for policy in [&walled(), &limited] {
                let refused = check(&parameters, policy).err().map(|refusal| refusal.rule);
                assert_eq!(refused == Some("replication"), is_refused, "{value}");
            }
            assert!(check(&parameters, &open).is_ok(), "{value}");
        }
    }

    #[test]
    fn a_session_that_reads_only_begins_as_itself() {
        let reader = Policy {
            read_only: true,
            ..Policy::default()
        };
        for (refused, value) in [
            ("role", "owner"),
            ("Session_Authorization", "owner"),
            ("options", "-c role=owner"),
            ("options", "-c ro\\le=owner"),
            ("options", "-c\\ role=owner"),
            ("options", "-e -c role=owner"),
            ("options", "--session-authorization=owner -e"),
        ] {
            let refusal = check(&vec![pair(refused, value)], &reader);
            assert!(refusal.is_err(), "{refused}={value}");
        }
        for (passes, value) in [
            ("options", "-e"),
            ("options", "-c geqo=off"),
            ("search_path", "role"),
        ] {
            assert!(
                check(&vec![pair(passes, value)], &reader).is_ok(),
                "{passes}={value}"
            );
        }
    }

    #[test]
    fn a_session_does_not_begin_beyond_its_timeouts() {
        for refused in [
            pair("statement_timeout", "0"),
            pair("STATEMENT_TIMEOUT", "1h"),
            pair("options", "-c statement_timeout=6s"),
            pair("options", "--statement-timeout=6s"),
            pair("options", "-S 1"),
        ] {
            assert!(
                check(&vec![refused.clone()], &walled()).is_err(),
                "{refused:?}"
            );
        }
        let allowed = vec![
            pair("options", "-c statement_timeout=4s"),
            pair("TimeZone", "UTC"),
        ];
        assert!(check(&allowed, &walled()).is_ok());
    }
}
