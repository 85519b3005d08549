//! Names of settings: they do not mind case, and some have had others before.

/// The name that the server knows a setting by, in lower case.
///
/// <https://github.com/postgres/postgres/blob/master/src/backend/utils/misc/guc.c>, `map_old_guc_names`.
pub(super) fn canonical(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "sort_mem" => "work_mem".to_owned(),
        "vacuum_mem" => "maintenance_work_mem".to_owned(),
        _ => name,
    }
}
