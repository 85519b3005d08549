//! Token boundaries and errors, each as PostgreSQL's scanner has them.

use proptest::prelude::*;

use super::LexError;
use super::StandardStrings;
use super::TokenKind;
use super::is_space;
use super::lex;

fn pieces(text: &str) -> Vec<&str> {
    let tokens = lex(text.as_bytes(), StandardStrings::On).expect("the text lexes");
    tokens
        .iter()
        .map(|token| &text[token.start as usize..token.end as usize])
        .collect()
}

fn kinds(text: &str) -> Vec<TokenKind> {
    let tokens = lex(text.as_bytes(), StandardStrings::On).expect("the text lexes");
    tokens.iter().map(|token| token.kind).collect()
}

fn error(text: &str) -> LexError {
    lex(text.as_bytes(), StandardStrings::On).expect_err("the text does not lex")
}

#[test]
fn words_and_quoted_names_are_told_apart() {
    assert_eq!(
        kinds(r#"SELECT a$1, "b ""c", U&"\0061", é FROM t"#),
        [
            TokenKind::Word,
            TokenKind::Word,
            TokenKind::Symbol(b','),
            TokenKind::QuotedName,
            TokenKind::Symbol(b','),
            TokenKind::UnicodeName,
            TokenKind::Symbol(b','),
            TokenKind::Word,
            TokenKind::Word,
            TokenKind::Word,
        ]
    );
}

#[test]
fn every_prefix_makes_its_own_kind_of_string() {
    assert_eq!(
        kinds("'a' E'b' b'1' X'f' n'c' U&'d' $$e$$ $x$f$x$"),
        [
            TokenKind::String,
            TokenKind::EscapeString,
            TokenKind::BitString,
            TokenKind::BitString,
            TokenKind::String,
            TokenKind::UnicodeString,
            TokenKind::DollarString,
            TokenKind::DollarString,
        ]
    );
    assert_eq!(pieces("de'x'"), ["de", "'x'"]);
    assert_eq!(pieces("u&x"), ["u", "&", "x"]);
}

#[test]
fn a_string_goes_on_after_a_line_end_only() {
    assert_eq!(pieces("'a'\n'b'"), ["'a'\n'b'"]);
    assert_eq!(pieces("'a' -- c\n 'b'"), ["'a' -- c\n 'b'"]);
    assert_eq!(pieces("'a'\n-- c\r'b' x"), ["'a'\n-- c\r'b'", "x"]);
    assert_eq!(pieces("'a' 'b'"), ["'a'", "'b'"]);
    assert_eq!(pieces("'a'\n/* c */'b'"), ["'a'", "/* c */", "'b'"]);
    assert_eq!(pieces("'a'\n- 'b'"), ["'a'", "-", "'b'"]);
    assert_eq!(pieces("E'a'\n'\\'b'"), ["E'a'\n'\\'b'"]);
}

#[test]
fn quotes_are_escaped_as_each_kind_of_string_wants() {
    assert_eq!(pieces("'a''b'"), ["'a''b'"]);
    assert_eq!(pieces(r"E'a\'b' c"), [r"E'a\'b'", "c"]);
    assert_eq!(pieces(r"'a\' b"), [r"'a\'", "b"]);
    assert_eq!(pieces(r"x'\' b"), [r"x'\'", "b"]);
    assert_eq!(pieces("b'1''0'"), ["b'1'", "'0'"]);
    assert_eq!(pieces(r"E'\\' b"), [r"E'\\'", "b"]);
}

#[test]
fn without_standard_strings_a_backslash_escapes() {
    let lexed = |text: &str| lex(text.as_bytes(), StandardStrings::Off).map(|tokens| tokens.len());
    assert_eq!(lexed(r"'a\' ; b'"), Ok(1));
    assert_eq!(lexed(r"x'\' b"), Ok(2));
    let refused = lexed("U&'a'").expect_err("unsafe there");
    assert_eq!(
        refused.message,
        "unsafe use of string constant with Unicode escapes"
    );
}

#[test]
fn dollar_quotes_end_at_their_own_tag() {
    assert_eq!(pieces("$a$ $b$ $$ $a$ x"), ["$a$ $b$ $$ $a$", "x"]);
    assert_eq!(pieces("$a$ $ab$a$"), ["$a$ $ab$a$"]);
    assert_eq!(pieces("a$$b$$"), ["a$$b$$"]);
    assert_eq!(pieces("$1 $2"), ["$1", "$2"]);
    assert_eq!(pieces("$1$$a$$"), ["$1", "$$a$$"]);
    assert_eq!(pieces("$a + $"), ["$", "a", "+", "$"]);
}

#[test]
fn operators_stop_at_comments_and_trailing_signs() {
    assert_eq!(pieces("1 <=/*'*/ 2"), ["1", "<=", "/*'*/", "2"]);
    assert_eq!(pieces("a<>--'\nb"), ["a", "<>", "--'", "b"]);
    assert_eq!(pieces("a &>'x'"), ["a", "&>", "'x'"]);
    assert_eq!(pieces("a=-1"), ["a", "=", "-", "1"]);
    assert_eq!(pieces("a @-b"), ["a", "@-", "b"]);
    assert_eq!(pieces("a *+-+ b"), ["a", "*", "+", "-", "+", "b"]);
    assert_eq!(pieces("a->>'b'"), ["a", "->>", "'b'"]);
    assert_eq!(pieces("a#-- c"), ["a", "#", "-- c"]);
}

#[test]
fn a_long_run_of_signs_takes_no_longer_than_its_length() {
    let text = "+-".repeat(500_000);
    let tokens = lex(text.as_bytes(), StandardStrings::On).expect("operators lex");
    assert_eq!(tokens.len(), 1_000_000);
    assert_eq!(pieces("*+-@+-+/*c*/"), ["*+-@+-+", "/*c*/"]);
    assert_eq!(pieces("@ =+-"), ["@", "=", "+", "-"]);
}

#[test]
fn colons_and_dots_join_only_as_the_scanner_joins_them() {
    assert_eq!(pieces("a::b := c:d"), ["a", "::", "b", ":=", "c", ":", "d"]);
    assert_eq!(pieces("a[1..10]"), ["a", "[", "1", "..", "10", "]"]);
    assert_eq!(
        pieces("1. .5 1.5e-3 a.b"),
        ["1.", ".5", "1.5e-3", "a", ".", "b"]
    );
}

#[test]
fn numbers_of_every_base_are_one_token() {
    assert_eq!(
        pieces("0x1F 0o17 0b11 1_000 1.0_1"),
        ["0x1F", "0o17", "0b11", "1_000", "1.0_1"]
    );
}

#[test]
fn comments_nest_and_are_tokens() {
    assert_eq!(
        pieces("a /* b /* c */ d */ e"),
        ["a", "/* b /* c */ d */", "e"]
    );
    assert_eq!(pieces("/*/ */ a"), ["/*/ */", "a"]);
    assert_eq!(pieces("//*a*/"), ["/", "/*a*/"]);
    assert_eq!(pieces("-- a\r-- b\nc"), ["-- a", "-- b", "c"]);
}

#[test]
fn errors_are_worded_and_placed_as_the_servers() {
    let cases = [
        ("a 'b", "unterminated quoted string", 2),
        ("a E'b\\'", "unterminated quoted string", 2),
        ("b'1", "unterminated bit string literal", 0),
        ("x'1", "unterminated hexadecimal string literal", 0),
        ("a \"b", "unterminated quoted identifier", 2),
        ("a \"\"", "zero-length delimited identifier", 2),
        ("a $x$ $y$", "unterminated dollar-quoted string", 2),
        ("a /* /* */", "unterminated /* comment", 2),
        ("a 1b", "trailing junk after numeric literal", 2),
        ("a 0b12", "trailing junk after numeric literal", 2),
        ("a 1e+", "trailing junk after numeric literal", 2),
        ("a 0x", "trailing junk after numeric literal", 2),
        ("a $1a", "trailing junk after parameter", 2),
    ];
    for (text, message, position) in cases {
        assert_eq!(error(text), LexError { message, position }, "{text}");
    }
}

/// Texts dense in what has a meaning to the scanner.
pub(crate) fn sql_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "'",
        "\"",
        "$$",
        "$a$",
        "$1",
        "\\",
        "/*",
        "*/",
        "--",
        "\n",
        ";",
        "(",
        ")",
        "E'",
        "U&'",
        "x'",
        "b'",
        "1",
        ".",
        "e",
        "_",
        "+",
        "-",
        "<",
        "=",
        "@",
        "::",
        ":=",
        " ",
        "select",
        "nl",
        ":",
        "nl:",
        "from",
        "limit",
        "é",
        "begin atomic",
        "end",
        ",",
        "with",
        "as",
        "union",
        "values",
        "nl('",
        "explain",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn tokens_cover_every_byte_that_is_not_white(
        text in prop_oneof![sql_like(), prop::collection::vec(any::<u8>(), 0..60)],
        standard in any::<bool>(),
    ) {
        let strings = if standard { StandardStrings::On } else { StandardStrings::Off };
        let Ok(tokens) = lex(&text, strings) else { return Ok(()) };
        let mut at = 0;
        for token in tokens {
            prop_assert!(token.start < token.end);
            prop_assert!(text[at..token.start as usize].iter().all(|&byte| is_space(byte)));
            at = token.end as usize;
        }
        prop_assert!(text[at..].iter().all(|&byte| is_space(byte)));
    }
}
