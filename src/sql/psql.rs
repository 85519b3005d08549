//! What in a file of statements is psql's own: its commands, and the data behind a COPY.

use super::lexer::StandardStrings;
use super::lexer::TokenKind;
use super::lexer::lex;

/// `text` with spaces in the place of what psql does not send as SQL, so that every line stays
/// where it is. Commands are found where a line begins with one, outside of strings.
pub fn without_psql(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    blank_copied(&mut text);
    let Ok(tokens) = lex(&text, StandardStrings::On) else {
        return text;
    };
    let strays = tokens.iter().filter(|token| token.kind == TokenKind::Stray);
    for start in strays.map(|token| token.start as usize) {
        let line = line_begin(&text, start);
        let is_first = text[line..start].iter().all(u8::is_ascii_whitespace);
        if text[start] == b'\\' && is_first {
            let end = line_end(&text, start);
            text[start..end].fill(b' ');
        }
    }
    text
}

/// The lines behind `COPY … FROM STDIN;` up to `\.`.
fn blank_copied(text: &mut [u8]) {
    let mut begin = 0;
    let mut is_data = false;
    while begin < text.len() {
        let end = line_end(text, begin);
        let line = text[begin..end].trim_ascii();
        let is_end = line == b"\\.";
        let copies = begins_copy(line);
        if is_data {
            text[begin..end].fill(b' ');
        }
        is_data = copies || is_data && !is_end;
        begin = end + 1;
    }
}

/// As `pg_dump` writes it: on a line of its own.
fn begins_copy(line: &[u8]) -> bool {
    let line = line.to_ascii_lowercase();
    line.starts_with(b"copy ")
        && line.ends_with(b";")
        && memchr::memmem::find(&line, b" from stdin").is_some()
}

fn line_begin(text: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &text[..at]).map_or(0, |before| before + 1)
}

fn line_end(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Vec<String> {
        let left = without_psql(text.as_bytes());
        assert_eq!(left.len(), text.len());
        let left = String::from_utf8(left).expect("text");
        let words = left
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        words.collect()
    }

    #[test]
    fn commands_of_psql_are_left_out() {
        let text = "\\set x 1\nSELECT 1;\n  \\d t\nSELECT '\n\\d' AS a;";
        assert_eq!(left(text), ["", "SELECT 1;", "", "SELECT '", "\\d' AS a;"]);
    }

    #[test]
    fn copied_data_are_left_out() {
        let text = "COPY t (a) FROM stdin;\nit's\n1\n\\.\nSELECT 2;";
        let expected = ["COPY t (a) FROM stdin;", "", "", "", "SELECT 2;"];
        assert_eq!(left(text), expected);
    }
}
