//! A text went on in other words than the client's: what the server says of it is put back into
//! the client's.

mod places;
mod respelled;

pub(super) use places::Places;
pub(super) use respelled::Respelled;
pub(super) use respelled::Sent;
