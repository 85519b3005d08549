//! Decides what may run. Pure: no clock, no network, no configuration lookup.
//!
//! Doubt about a row limit lets the rows be counted; doubt about safety refuses. A client's SQL
//! is never printed anew: a rewrite changes bytes at the places that the lexer found.

pub mod cache;
mod changes;
mod code;
mod estimate;
mod functions;
pub mod generated;
mod harmless;
mod objects;
mod read_only;
mod refusal;
mod require_where;
mod review;
mod row_limit;
mod safety;
pub mod session_limit;
pub mod session_state;
mod settings;
mod shape;
mod size;
mod statements;
mod suspects;
mod tree;
mod verdict;

pub use changes::check_replication;
pub use changes::check_start;
pub use changes::imposed;
pub use changes::restricts_start;
pub use changes::unread_options;
pub use estimate::EXPLAIN;
pub use estimate::Estimate;
pub use estimate::check_estimate;
pub use estimate::estimates;
pub use estimate::not_estimated;
pub use estimate::questions;
pub use objects::ObjectRules;
pub use objects::Origin;
pub use refusal::Refusal;
pub use review::decide;
pub use review::decide_objects;
pub use review::review;
pub use review::review_objects;
pub use review::unknown_objects;
pub use safety::is_on;
pub use safety::refuses_function_calls;
pub use settings::hides_quotes;
pub use size::check_bytes;
pub use verdict::Bearing;
pub use verdict::Decision;
pub use verdict::Plan;
pub use verdict::ResultLimit;
pub use verdict::Verdict;
