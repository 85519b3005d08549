//! PostgreSQL's text: tokens, statements, places where a question may stand, and schema types.

pub mod schema;
