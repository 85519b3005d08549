//! PostgreSQL's text: tokens, statements, places where a question may stand, and schema types.
//!
//! Texts are bytes: a client may use another encoding than UTF-8, and the server's scanner takes
//! every byte from 0x80 on as a letter.

pub mod clause;
pub mod cursor;
pub mod custom_setting;
pub mod default_value;
pub mod fingerprint;
pub mod footprint;
pub mod identifier;
pub mod kind;
pub mod lexer;
pub mod objects;
pub mod parts;
pub mod prepared_name;
pub mod psql;
pub mod question;
pub mod references;
pub mod role;
pub mod routine;
pub mod schema;
pub mod script;
pub mod setting;
pub mod splice;
pub mod tokens;
pub mod words;
