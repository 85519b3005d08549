//! What an attack could leave behind, digested so that two moments can be compared.

use crate::stage::Stage;
use crate::support::client::TestClient;
use crate::support::message::Kind;

/// The slot that sees every change and every message in the write-ahead log.
const SLOT: &str = "SELECT pg_create_logical_replication_slot";

/// Attacks between two looks: a look costs more than an attack.
pub(crate) const AT_ONCE: usize = 12;

/// System catalogs that tell what there is; their rows as they are, with transaction ids left out.
const CATALOGS: &[&str] = &[
    "pg_aggregate",
    "pg_attrdef",
    "pg_attribute",
    "pg_auth_members",
    "pg_authid",
    "pg_cast",
    "pg_class",
    "pg_collation",
    "pg_constraint",
    "pg_conversion",
    "pg_db_role_setting",
    "pg_default_acl",
    "pg_description",
    "pg_event_trigger",
    "pg_extension",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_foreign_table",
    "pg_index",
    "pg_language",
    "pg_largeobject",
    "pg_largeobject_metadata",
    "pg_namespace",
    "pg_operator",
    "pg_policy",
    "pg_proc",
    "pg_publication",
    "pg_replication_origin",
    "pg_rewrite",
    "pg_seclabel",
    "pg_shdescription",
    "pg_shseclabel",
    "pg_statistic",
    "pg_statistic_ext",
    "pg_subscription",
    "pg_tablespace",
    "pg_trigger",
    "pg_type",
    "pg_user_mapping",
];

/// Looks at the database from outside.
pub(crate) struct Observer {
    client: TestClient,
    sql: String,
    slot: String,
}

impl Observer {
    /// Begins to watch.
    pub(crate) fn new(stage: &Stage) -> Self {
        let mut client = stage.login(stage.cluster.addr(), "postgres");
        let slot = format!("watch_{}", stage.database);
        client.rows(&format!("{SLOT}('{slot}', 'test_decoding')"));
        client.rows("LISTEN chan; LISTEN other");
        Self {
            client,
            sql: digests(),
            slot,
        }
    }

    /// Everything there is, an entry each.
    pub(crate) fn look(&mut self, stage: &Stage) -> Vec<String> {
        let mut replies = self.client.run(&self.sql);
        let peek = format!(
            "SELECT 'logged', data FROM pg_logical_slot_peek_changes('{}', NULL, NULL) \
             WHERE data !~ '^(BEGIN|COMMIT)'",
            self.slot
        );
        replies.extend(self.client.run(&peek));
        let mut seen = Vec::new();
        for message in &replies {
            match message.kind() {
                Kind::DataRow => seen.push(message.text()),
                Kind::NotificationResponse => seen.push(format!("notified|{}", message.text())),
                Kind::ErrorResponse => panic!("{message:?}"),
                _ => {}
            }
        }
        seen.push(format!("files|{}", stage.files()));
        seen
    }
}

/// What is in one and not in the other.
pub(crate) fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|it| !after.contains(it));
    let new = after.iter().filter(|it| !before.contains(it));
    gone.map(|it| format!("- {it}"))
        .chain(new.map(|it| format!("+ {it}")))
        .collect()
}

/// The query behind [`Observer::look`].
fn digests() -> String {
    let digest = "count(*), sum(hashtextextended(it::text, 0)::numeric)";
    let mut parts: Vec<String> = CATALOGS
        .iter()
        .map(|catalog| format!("SELECT '{catalog}', {digest} FROM {catalog} it"))
        .collect();
    // Whoever has written a row is its xmin.
    let rows = "(xpath('//d/text()', query_to_xml(format( \
        'SELECT coalesce(sum(xmin::text::numeric), 0) * 1000000 + count(*) AS d FROM %s', \
        oid::regclass), true, true, '')))[1]::text::numeric";
    parts.push(format!(
        "SELECT 'table ' || oid::regclass::text, 0, {rows} FROM pg_class \
         WHERE relkind IN ('r', 'm', 'p') AND relpersistence <> 't' \
           AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, \
                                    'pg_toast'::regnamespace)"
    ));
    let counted = [
        ("sequences", "pg_sequences"),
        (
            "databases",
            "(SELECT datname, datacl FROM pg_database WHERE datname !~ '^(attacked|gold)')",
        ),
        ("prepared transactions", "pg_prepared_xacts"),
        (
            "slots",
            "(SELECT slot_name FROM pg_replication_slots WHERE slot_name NOT LIKE 'watch%')",
        ),
        (
            "settings of files",
            "(SELECT name, setting FROM pg_file_settings)",
        ),
        (
            "advisory locks",
            "(SELECT objid FROM pg_locks WHERE locktype = 'advisory' \
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        ),
        (
            "statistics were reset",
            "(SELECT stats_reset FROM pg_stat_database WHERE datname = current_database() \
              UNION ALL SELECT stats_reset FROM pg_stat_bgwriter)",
        ),
        ("log file", "(SELECT pg_current_logfile())"),
    ];
    for (name, from) in counted {
        parts.push(format!("SELECT '{name}', {digest} FROM {from} it"));
    }
    parts.join(" UNION ALL ")
}
