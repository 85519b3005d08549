//! Passwords, keys and the addresses they are sent to: read here and nowhere else, never shown.

use std::fs::File;
use std::io;
use std::io::Read;

use super::document::Node;
use super::document::quoted;
use super::read::Environment;
use super::secret::Secret;
use super::value::word;

/// More than any key; a file beyond this is not one.
const LONGEST_FILE: u64 = 64 * 1024;

/// The secret in the environment variable that `node` names.
pub(super) fn from_variable(node: &Node, environment: &Environment) -> Result<Secret, String> {
    let name = word(node)?;
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    // Whoever puts the secret itself here must not find it in a log.
    let shown = if name.bytes().all(upper) {
        format!(" {name}")
    } else {
        String::new()
    };
    match environment.get(&name) {
        None => Err(format!("the environment variable{shown} is not set")),
        Some(value) => {
            secret(value).map_err(|why| format!("the environment variable{shown} {why}"))
        }
    }
}

/// The secret in the file that `node` names; spaces and line ends around it do not count.
pub(super) fn from_file(node: &Node) -> Result<Secret, String> {
    let path = word(node)?;
    let value =
        read_file(&path).map_err(|error| format!("could not read {}: {error}", quoted(&path)))?;
    secret(&value).map_err(|why| format!("the file {} {why}", quoted(&path)))
}

fn read_file(path: &str) -> io::Result<String> {
    let mut value = String::new();
    File::open(path)?
        .take(LONGEST_FILE)
        .read_to_string(&mut value)?;
    Ok(value)
}

fn secret(value: &str) -> Result<Secret, &'static str> {
    let value = value.trim();
    if value.is_empty() {
        return Err("is empty");
    }
    if value.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        return Err("holds more than one line of text");
    }
    Ok(Secret::new(value))
}

/// The address of a model provider, without the slash at its end.
pub(super) fn http_url(node: &Node) -> Result<String, String> {
    let refused = || "expected a URL such as \"https://api.example.com/v1\"".to_owned();
    let url = word(node)?;
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or_else(refused)?;
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Err("expected no user name or password; a key is \"api_key_env\"".to_owned());
    }
    let has_host = !authority.is_empty() && !authority.starts_with(':');
    if !has_host
        || rest.contains(|c: char| c.is_whitespace() || c.is_control() || "?#\\".contains(c))
    {
        return Err(refused());
    }
    Ok(url.trim_end_matches('/').to_owned())
}
