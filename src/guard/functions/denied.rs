//! What no read-only session may call.

/// A read-only session may not call `name`: it writes, runs SQL text, reads files, reaches out,
/// takes locks beyond the statement, or acts on other sessions or the server.
pub(in crate::guard) fn is_denied(name: &str) -> bool {
    DENIED.contains(&name)
        || !name.starts_with(UNLOCKS)
            && DENIED_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
}

/// A function that a read-only session may call may not call `name` either. What runs the text
/// that the author of a body has written there reads as the body does.
pub(in crate::guard) fn is_denied_to_bodies(name: &str) -> bool {
    let runs_text = ["crosstab", "connectby", "ts_stat", "query_to_xml"];
    is_denied(name) && !runs_text.iter().any(|prefix| name.starts_with(prefix))
}

/// `name` reads what its arguments say in words or numbers: SQL text, names of relations, files,
/// pages, the log of changes. Which relations those are cannot be seen in a statement.
pub(in crate::guard) fn reads_by_text(name: &str) -> bool {
    READS_BY_TEXT.contains(&name)
        || READS_BY_TEXT_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// Every function in schema `name` reaches out of the database or schedules work.
pub(in crate::guard) fn is_denied_schema(name: &str) -> bool {
    matches!(
        name,
        "aws_s3" | "aws_lambda" | "net" | "cron" | "pgagent" | "dblink" | "oracle_fdw"
    )
}

/// Pools of drivers give back locks that nobody took.
const UNLOCKS: &str = "pg_advisory_unlock";

const READS_BY_TEXT_PREFIXES: &[&str] = &[
    "query_to_xml",
    "table_to_xml",
    "schema_to_xml",
    "database_to_xml",
    "cursor_to_xml",
    "crosstab",
    "connectby",
    "dblink",
    "postgres_fdw_",
    "pg_background_",
    "pg_read_",
    "pg_file_",
    // The log of changes holds what was written to any table.
    "pg_logical_slot_",
    "pg_get_wal_",
    "pg_create_logical_replication_slot",
    "pg_copy_logical_replication_slot",
    // Extension pageinspect.
    "heap_page_",
    "heap_tuple_",
    "bt_page_",
    "gist_page_",
    "gin_leafpage_",
    "brin_page_",
    "hash_page_",
    "tuple_data_",
    "lo_import",
    "lo_export",
];

const READS_BY_TEXT: &[&str] = &[
    "ts_stat",
    "ts_rewrite",
    "xpath_table",
    "get_raw_page",
    "query_export_to_s3",
    "table_import_from_s3",
    "pg_dirtyread",
    "pg_stat_file",
];

const DENIED_PREFIXES: &[&str] = &[
    // Large objects: even READ ONLY transactions create them before PostgreSQL 16.
    "lo_",
    // SQL text, run with the caller's rights.
    "query_to_xml",
    "table_to_xml",
    "schema_to_xml",
    "database_to_xml",
    "cursor_to_xml",
    "crosstab",
    "connectby",
    // Other servers.
    "dblink",
    "http_",
    "postgres_fdw_",
    "pg_background_",
    // Files of the server.
    "pg_read_",
    "pg_ls_",
    "pg_file_",
    "pg_logdir_",
    "pg_current_logfile",
    // Locks that outlive the statement.
    "pg_advisory_",
    "pg_try_advisory_",
    // Server administration.
    "pg_create_",
    "pg_drop_",
    "pg_replication_",
    "pg_logical_",
    "pg_copy_",
    "pg_stat_reset",
    "pg_stat_statements_reset",
    "pg_stat_force_",
    "pg_clear_",
    "pg_restore_",
    "pg_wal_replay_",
    "pg_backup_",
    "pg_log_",
    "pg_sync_",
    "pg_prewarm",
    "pg_buffercache_evict",
    "pg_surgery",
    "autoprewarm_",
    "brin_",
    "gin_clean_",
    "heap_force_",
];

const DENIED: &[&str] = &[
    "nextval",
    "setval",
    "loread",
    "lowrite",
    "ts_stat",
    "ts_rewrite",
    "xpath_table",
    "http",
    "query_export_to_s3",
    "table_import_from_s3",
    "pg_stat_file",
    "pg_notify",
    "pg_cancel_backend",
    "pg_terminate_backend",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_switch_wal",
    "pg_switch_xlog",
    "pg_start_backup",
    "pg_stop_backup",
    "pg_promote",
    "pg_export_snapshot",
    "pg_current_xact_id",
    "txid_current",
    "pg_import_system_collations",
    "pg_extension_config_dump",
    "pg_truncate_visibility_map",
    "pg_nextoid",
    "pg_stop_making_pinned_objects",
    "pg_set_attribute_stats",
    "pg_set_relation_stats",
];
