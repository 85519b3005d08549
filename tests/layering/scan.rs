//! Reads Rust text just far enough to see which modules and crates it names.

/// A path that a file names, by its first two steps: `crate::nl::…` is `("crate", "nl")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Where the path begins: `crate`, a foreign crate or a local name.
    pub(crate) root: String,
    /// The step after it, empty if there is none.
    pub(crate) next: String,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// Every path in `code`; `depth` is how deep its module lies below the crate (`src/nl.rs` is 1).
///
/// A `super::` path that climbs to the crate is given as a `crate::` path.
pub(crate) fn paths(code: &str, depth: usize) -> Vec<Named> {
    let plain = without_text(code);
    let mut found = Vec::new();
    for (place, line) in plain.lines().enumerate() {
        let mut rest = line;
        let mut before = ' ';
        while let Some(start) = rest.find(is_word) {
            let joined = rest[..start].trim_end().ends_with("::");
            before = rest[..start].chars().next_back().unwrap_or(before);
            let path = &rest[start..];
            let end = path
                .find(|c: char| !is_word(c) && c != ':')
                .unwrap_or(path.len());
            let opens = path[end..].starts_with('{');
            if !joined && before != '\'' {
                found.extend(named(&path[..end], opens, depth, line, place + 1));
            }
            rest = &path[end..];
        }
    }
    found
}

/// A path's first steps, if the word is one: followed by `::`, or what `use` takes whole.
fn named(path: &str, opens: bool, depth: usize, line: &str, number: usize) -> Option<Named> {
    let mut steps: Vec<&str> = path.split("::").collect();
    let used = line
        .trim_start()
        .trim_start_matches("pub ")
        .starts_with("use ");
    if steps.len() < 2 && !used {
        return None;
    }
    let climbs = steps.iter().take_while(|step| **step == "super").count();
    if climbs >= depth && climbs > 0 {
        steps.drain(..climbs);
        steps.insert(0, "crate");
    }
    let next = steps.get(1).map_or("", |step| step.trim_end_matches(':'));
    let next = if next.is_empty() && opens { "{" } else { next };
    let root = steps[0].trim_end_matches(':').to_owned();
    Some(Named {
        root,
        next: next.to_owned(),
        line: number,
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `code` with comments, strings and characters blanked and its lines kept.
pub(crate) fn without_text(code: &str) -> String {
    let mut plain = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = text_length(rest, plain.chars().next_back());
        if length == 0 {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        plain.extend(
            rest[..length]
                .chars()
                .map(|c| if c == '\n' { '\n' } else { ' ' }),
        );
        rest = &rest[length..];
    }
    plain
}

/// The bytes of the comment, string or character that `rest` begins with; 0 if with none.
fn text_length(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if let Some(body) = rest.strip_prefix('"') {
        return 1 + quoted_length(body, '"');
    }
    if let Some(body) = rest.strip_prefix('\'') {
        // A lifetime is a quote and a word without a quote behind it.
        let mut after = body.chars();
        let (one, two) = (after.next(), after.next());
        let character = one == Some('\\') || two == Some('\'');
        return if character {
            1 + quoted_length(body, '\'')
        } else {
            0
        };
    }
    let raw = rest
        .strip_prefix('r')
        .filter(|_| !before.is_some_and(is_word_or_b));
    let Some(raw) = raw else {
        return 0;
    };
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    if !raw[hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = &raw[hashes + 1..];
    let length = body
        .find(&end)
        .map_or(body.len(), |place| place + end.len());
    1 + hashes + 1 + length
}

/// `br"…"` is raw too: a `b` before the `r` does not make it a word.
fn is_word_or_b(c: char) -> bool {
    is_word(c) && c != 'b'
}

/// The bytes up to and with the closing quote.
fn quoted_length(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (place, c) in body.char_indices() {
        if !escaped && c == quote {
            return place + 1;
        }
        escaped = !escaped && c == '\\';
    }
    body.len()
}
