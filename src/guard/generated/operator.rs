//! Operators that `pg_catalog` defines without side effects.

use sqlparser::ast::BinaryOperator;
use sqlparser::ast::UnaryOperator;

use crate::guard::Refusal;

/// An operator between two operands, as it is written.
pub(super) fn binary(operator: &BinaryOperator) -> Result<&'static str, Refusal> {
    use BinaryOperator as Op;
    Ok(match operator {
        Op::Plus => "+",
        Op::Minus => "-",
        Op::Multiply => "*",
        Op::Divide => "/",
        Op::Modulo => "%",
        Op::PGExp => "^",
        Op::StringConcat => "||",
        Op::Gt => ">",
        Op::Lt => "<",
        Op::GtEq => ">=",
        Op::LtEq => "<=",
        Op::Eq => "=",
        Op::NotEq => "<>",
        Op::And => "AND",
        Op::Or => "OR",
        Op::BitwiseOr => "|",
        Op::BitwiseAnd => "&",
        Op::PGBitwiseXor => "#",
        Op::PGBitwiseShiftLeft => "<<",
        Op::PGBitwiseShiftRight => ">>",
        Op::PGOverlap => "&&",
        Op::PGRegexMatch => "~",
        Op::PGRegexIMatch => "~*",
        Op::PGRegexNotMatch => "!~",
        Op::PGRegexNotIMatch => "!~*",
        Op::PGLikeMatch => "~~",
        Op::PGILikeMatch => "~~*",
        Op::PGNotLikeMatch => "!~~",
        Op::PGNotILikeMatch => "!~~*",
        Op::PGStartsWith => "^@",
        Op::Arrow => "->",
        Op::LongArrow => "->>",
        Op::HashArrow => "#>",
        Op::HashLongArrow => "#>>",
        Op::HashMinus => "#-",
        Op::AtAt => "@@",
        Op::AtArrow => "@>",
        Op::ArrowAt => "<@",
        Op::AtQuestion => "@?",
        Op::Question => "?",
        Op::QuestionAnd => "?&",
        Op::QuestionPipe => "?|",
        Op::Overlaps => "OVERLAPS",
        other => return Err(refused(&other.to_string())),
    })
}

/// An operator before its operand, as it is written.
pub(super) fn unary(operator: UnaryOperator) -> Result<&'static str, Refusal> {
    use UnaryOperator as Op;
    Ok(match operator {
        Op::Plus => "+",
        Op::Minus => "-",
        Op::Not => "NOT",
        Op::BitwiseNot => "~",
        Op::PGAbs => "@",
        Op::PGSquareRoot => "|/",
        Op::PGCubeRoot => "||/",
        other => return Err(refused(&other.to_string())),
    })
}

fn refused(operator: &str) -> Refusal {
    let message = format!("operator {operator} is not allowed in a generated query");
    Refusal::new("operator", "42501", message)
}
