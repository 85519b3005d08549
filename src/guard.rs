//! Decides what may run. Pure: no clock, no network, no configuration lookup.
//!
//! Doubt about a row limit lets the rows be counted; doubt about safety refuses. A client's SQL
//! is never printed anew: a rewrite changes bytes at the places that the lexer found.

pub mod cache;
mod functions;
pub mod generated;
mod harmless;
mod objects;
mod read_only;
mod refusal;
mod review;
mod row_limit;
mod settings;
mod shape;
mod tree;
mod verdict;

pub use objects::ObjectRules;
pub use objects::Origin;
pub use refusal::Refusal;
pub use review::decide;
pub use review::decide_objects;
pub use review::review;
pub use review::review_objects;
pub use review::unknown_objects;
pub use settings::hides_quotes;
pub use verdict::Decision;
pub use verdict::Plan;
pub use verdict::ResultLimit;
pub use verdict::Verdict;
