//! A file for psql cut into what a driver would send.

use pgparley::sql::script::Script;

/// One statement of a file.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Without the semicolon.
    pub(crate) sql: String,
    /// The lines behind a COPY FROM STDIN.
    pub(crate) data: Option<Vec<u8>>,
}

/// The statements of `text`. What psql does by itself is left out, `:variables` are left as they
/// are: the server need not like a statement, only be heard saying so.
pub(crate) fn statements(text: &[u8]) -> Vec<Statement> {
    let text = String::from_utf8_lossy(text);
    let mut all = Vec::new();
    let mut sql = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with('\\') {
            continue;
        }
        sql.push_str(&command_taken_off(line));
        sql.push('\n');
        if is_copy_in(line) {
            cut(&sql, &mut all);
            sql.clear();
            let mut data = Vec::new();
            for line in lines.by_ref().take_while(|line| *line != "\\.") {
                data.extend_from_slice(line.as_bytes());
                data.push(b'\n');
            }
            if let Some(last) = all.last_mut() {
                last.data = Some(data);
            }
        }
    }
    cut(&sql, &mut all);
    all
}

fn is_copy_in(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    line.contains("from stdin") && line.trim_end().ends_with(';') && !line.starts_with("--")
}

/// `\gset` and the like end a statement as a semicolon does.
fn command_taken_off(line: &str) -> String {
    for command in [" \\g", " \\crosstabview", " \\bind", " \\parse"] {
        if let Some((statement, _)) = line.split_once(command) {
            return format!("{statement};");
        }
    }
    line.to_owned()
}

fn cut(sql: &str, all: &mut Vec<Statement>) {
    let pieces: Vec<&str> = match Script::lex(sql.as_bytes()) {
        Ok(script) => script
            .runnable()
            .map(|statement| &sql[statement.bytes.clone()])
            .collect(),
        // A literal that does not end, on purpose.
        Err(_) => sql.split(";\n").collect(),
    };
    all.extend(pieces.into_iter().map(|piece| Statement {
        sql: piece.trim().to_owned(),
        data: None,
    }));
}
