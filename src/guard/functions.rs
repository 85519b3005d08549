//! Functions by name: those that read-only sessions may not call, and those that do nothing but
//! compute.
//!
//! Names without schema, in lower case. A session's search path is unknown, so a name counts
//! wherever its function lives.

mod denied;

pub(super) use denied::is_denied;
pub(super) use denied::is_denied_schema;
pub(super) use denied::is_denied_to_bodies;
pub(super) use denied::reads_by_text;

use crate::sql::schema::Facts;

/// `name` computes from its arguments, the clock or chance, and does nothing else, as far as the
/// functions of `pg_catalog` go.
pub(super) fn is_harmless(name: &str) -> bool {
    HARMLESS.binary_search(&name).is_ok()
}

/// The volatile functions whose calls nobody can count.
pub(super) fn is_harmless_volatile(name: &str) -> bool {
    matches!(
        name,
        "random"
            | "random_normal"
            | "clock_timestamp"
            | "timeofday"
            | "gen_random_uuid"
            | "uuidv4"
            | "uuidv7"
            | "uuid_generate_v1"
            | "uuid_generate_v1mc"
            | "uuid_generate_v4"
    )
}

/// A volatile function of PostgreSQL itself; those that do more than look are denied by name.
pub(super) fn is_system_volatile(name: &str) -> bool {
    is_harmless_volatile(name)
        || name.starts_with("pg_")
        || matches!(
            name,
            "setseed"
                | "set_config"
                | "currval"
                | "lastval"
                | "txid_status"
                | "currtid"
                | "currtid2"
        )
}

/// A function of this name is not volatile by `facts`, or one of PostgreSQL's that is harmless all the
/// same. Without facts every one is.
pub(super) fn is_quiet(name: &str, facts: Option<&Facts>) -> bool {
    is_grammar(name) || is_quiet_in_full(name, facts)
}

/// As [`is_quiet`], of a name in quotes or with a schema, which is never part of the grammar.
pub(super) fn is_quiet_in_full(name: &str, facts: Option<&Facts>) -> bool {
    facts.is_none_or(|facts| facts.quiet_functions.contains(name) || is_system_volatile(name))
}

/// `name` is part of the grammar, not in `pg_proc`, though it is written as a function.
pub(super) fn is_grammar(name: &str) -> bool {
    GRAMMAR.contains(&name)
}

const GRAMMAR: &[&str] = &[
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "grouping",
    "row",
    "array",
    "collation",
    "cast",
    "treat",
    "extract",
    "position",
    "substring",
    "overlay",
    "trim",
    "normalize",
    "exists",
    "any",
    "all",
    "some",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "current_user",
    "session_user",
    "user",
    "current_role",
    "current_catalog",
    "current_schema",
    "system_user",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "json_object",
    "json_array",
    "json_objectagg",
    "json_arrayagg",
    "json_scalar",
    "json_serialize",
    "json",
    "json_exists",
    "json_value",
    "json_query",
    "json_table",
    "xmltable",
    "rows",
];

/// In order, for a binary search.
const HARMLESS: &[&str] = &[
    "abs",
    "age",
    "any_value",
    "array_agg",
    "array_append",
    "array_cat",
    "array_length",
    "array_lower",
    "array_position",
    "array_positions",
    "array_prepend",
    "array_remove",
    "array_replace",
    "array_to_json",
    "array_to_string",
    "array_upper",
    "ascii",
    "avg",
    "bit_and",
    "bit_length",
    "bit_or",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "cbrt",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "chr",
    "clock_timestamp",
    "concat",
    "concat_ws",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "cume_dist",
    "current_database",
    "current_schema",
    "current_schemas",
    "date_bin",
    "date_part",
    "date_trunc",
    "decode",
    "degrees",
    "dense_rank",
    "div",
    "encode",
    "every",
    "exp",
    "extract",
    "factorial",
    "first_value",
    "floor",
    "format",
    "format_type",
    "gcd",
    "gen_random_uuid",
    "generate_series",
    "generate_subscripts",
    "grouping",
    "initcap",
    "isfinite",
    "json_agg",
    "json_array_elements",
    "json_array_elements_text",
    "json_array_length",
    "json_build_array",
    "json_build_object",
    "json_each",
    "json_each_text",
    "json_extract_path",
    "json_extract_path_text",
    "json_object",
    "json_object_agg",
    "json_object_keys",
    "json_typeof",
    "jsonb_agg",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_array_length",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_each",
    "jsonb_each_text",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_object",
    "jsonb_object_agg",
    "jsonb_object_keys",
    "jsonb_path_exists",
    "jsonb_path_query",
    "jsonb_pretty",
    "jsonb_set",
    "jsonb_strip_nulls",
    "jsonb_typeof",
    "justify_days",
    "justify_hours",
    "justify_interval",
    "lag",
    "last_value",
    "lcm",
    "lead",
    "left",
    "length",
    "ln",
    "log",
    "lower",
    "lower_inc",
    "lower_inf",
    "lpad",
    "ltrim",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "max",
    "md5",
    "min",
    "mod",
    "mode",
    "now",
    "nth_value",
    "ntile",
    "num_nonnulls",
    "num_nulls",
    "octet_length",
    "overlay",
    "percent_rank",
    "percentile_cont",
    "percentile_disc",
    "pg_backend_pid",
    "pg_get_constraintdef",
    "pg_get_expr",
    "pg_get_indexdef",
    "pg_get_userbyid",
    "pg_get_viewdef",
    "pg_table_is_visible",
    "pg_type_is_visible",
    "pg_typeof",
    "pi",
    "position",
    "power",
    "quote_ident",
    "quote_literal",
    "quote_nullable",
    "radians",
    "random",
    "rank",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "regexp_matches",
    "regexp_replace",
    "regexp_split_to_array",
    "regexp_split_to_table",
    "regexp_substr",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_number",
    "row_to_json",
    "rpad",
    "rtrim",
    "sha256",
    "sign",
    "split_part",
    "sqrt",
    "starts_with",
    "statement_timestamp",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "sum",
    "timeofday",
    "timezone",
    "to_char",
    "to_date",
    "to_hex",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "transaction_timestamp",
    "translate",
    "trim",
    "trim_array",
    "trunc",
    "unnest",
    "upper",
    "upper_inc",
    "upper_inf",
    "var_pop",
    "var_samp",
    "variance",
    "version",
    "width_bucket",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harmless_are_in_order_and_none_is_denied() {
        assert!(HARMLESS.is_sorted());
        for name in HARMLESS {
            assert!(!is_denied(name), "{name}");
        }
    }
}
