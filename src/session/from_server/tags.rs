//! What a server's messages and tags tell by themselves.

use crate::wire::frame::server;

/// Messages that are looked into, so all of them must be here.
pub(super) fn is_control(tag: u8) -> bool {
    matches!(
        tag,
        server::READY_FOR_QUERY
            | server::COMMAND_COMPLETE
            | server::ERROR
            | server::NOTICE
            | server::PARAMETER_STATUS
    )
}

/// SQL with this CommandComplete has begun a transaction block.
pub(super) fn begins_a_block(tag: &[u8]) -> bool {
    tag.starts_with(b"BEGIN") || tag.starts_with(b"START TRANSACTION")
}

/// Messages that a server sends behind its first ReadyForQuery. What belongs to a login must not
/// come up later: a client could be made to send its password.
pub(super) fn is_of_a_session(tag: u8) -> bool {
    matches!(
        tag,
        server::BIND_COMPLETE
            | server::CLOSE_COMPLETE
            | server::COMMAND_COMPLETE
            | server::COPY_BOTH
            | server::COPY_DATA
            | server::COPY_DONE
            | server::COPY_IN
            | server::COPY_OUT
            | server::DATA_ROW
            | server::EMPTY_QUERY
            | server::ERROR
            | server::FUNCTION_CALL
            | server::NO_DATA
            | server::NOTICE
            | server::NOTIFICATION
            | server::PARAMETER_DESCRIPTION
            | server::PARAMETER_STATUS
            | server::PARSE_COMPLETE
            | server::PORTAL_SUSPENDED
            | server::READY_FOR_QUERY
            | server::ROW_DESCRIPTION
    )
}

/// Messages that come whatever the client has sent.
pub(super) fn is_unasked(tag: u8) -> bool {
    matches!(
        tag,
        server::NOTICE | server::NOTIFICATION | server::PARAMETER_STATUS
    )
}

/// SQL with this CommandComplete has destroyed every prepared statement.
pub(super) fn deallocates_all(tag: &[u8]) -> bool {
    tag.starts_with(b"DEALLOCATE ALL") || tag.starts_with(b"DISCARD ALL")
}

/// SQL with this CommandComplete may have changed what relations look like that were there.
pub(super) fn reshapes(tag: &[u8]) -> bool {
    [&b"ALTER "[..], b"DROP ", b"CREATE VIEW"]
        .iter()
        .any(|command| tag.starts_with(command))
}

/// SQL with this CommandComplete may have given names of statements or portals another meaning.
pub(super) fn gives_names_another_meaning(tag: &[u8]) -> bool {
    [
        &b"PREPARE"[..],
        b"DEALLOCATE",
        b"DISCARD",
        b"DECLARE",
        b"DO",
        b"CALL",
    ]
    .iter()
    .any(|command| tag.starts_with(command))
}
