//! Functions that a generated query may call, by name.
//!
//! Each was looked at in `pg_proc`: every overload in `pg_catalog` is immutable or stable (or a
//! harmless volatile one: a clock, a random number), runs no SQL given as text, reads no file,
//! setting or catalog, takes no lock, and makes no value much larger than its arguments. Names
//! stand for those of `pg_catalog` only, because the search path is empty when the query runs.

use std::borrow::Cow;

use crate::guard::Refusal;

/// Functions called as any other.
const CALLED: &str = "
    abs acos age any_value array_agg array_append array_cat array_length array_lower
    array_ndims array_position array_positions array_prepend array_remove array_replace
    array_to_json array_to_string array_upper ascii asin atan atan2 avg bit_and bit_length
    bit_or bit_xor bool_and bool_or btrim cardinality cbrt ceil ceiling char_length
    character_length chr clock_timestamp coalesce concat concat_ws corr cos cot count
    covar_pop covar_samp cume_dist current_date current_time current_timestamp date date_bin
    date_part date_trunc daterange degrees dense_rank div every exp first_value float4
    float8 floor format gen_random_uuid generate_series generate_subscripts greatest
    grouping initcap int2 int4 int4range int8 int8range isempty isfinite json_agg
    json_array_elements json_array_elements_text json_array_length json_build_array
    json_build_object json_each json_each_text json_extract_path json_extract_path_text
    json_object_agg json_object_keys json_strip_nulls json_typeof jsonb_agg
    jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
    jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text
    jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_query
    jsonb_path_query_array jsonb_path_query_first jsonb_strip_nulls jsonb_typeof
    justify_days justify_hours justify_interval lag last_value lead least left length ln
    localtime localtimestamp log log10 lower lower_inc lower_inf lpad ltrim make_date
    make_interval make_time make_timestamp make_timestamptz max md5 min mod mode now
    nth_value ntile nullif num_nonnulls num_nulls numrange octet_length percent_rank
    percentile_cont percentile_disc phraseto_tsquery pi plainto_tsquery position pow power
    radians random range_merge rank regexp_count regexp_instr regexp_like regexp_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
    regr_syy replace reverse right round row_number row_to_json rpad rtrim scale sign sin
    split_part sqrt starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg
    string_to_array string_to_table strpos substr substring sum tan text timezone to_char
    to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector
    transaction_timestamp translate trim_scale trunc ts_headline ts_rank ts_rank_cd tsrange
    tstzrange unnest upper upper_inc upper_inf var_pop var_samp variance
    websearch_to_tsquery width_bucket
";

/// Functions written without parentheses.
const BARE: &[&str] = &[
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
];

/// Names that are words of the grammar: they take no schema, and no other function can be meant.
const GRAMMAR: &[&str] = &[
    "coalesce",
    "current_date",
    "current_time",
    "current_timestamp",
    "greatest",
    "grouping",
    "least",
    "localtime",
    "localtimestamp",
    "nullif",
];

/// Names that our parser reads as the grammar's own calls even behind a dot.
const TAKEN: &[&str] = &["ceil", "floor", "position", "substr", "substring"];

/// How functions are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calls {
    /// Without their schema: the search path will be empty.
    Bare,
    /// With it: the search path will be the client's, where others may have overloads.
    Qualified,
}

/// Functions that give rows, with the names of their columns where they declare any.
const IN_FROM: &[InFrom] = &[
    InFrom {
        name: "generate_series",
        columns: &[],
    },
    InFrom {
        name: "generate_subscripts",
        columns: &[],
    },
    InFrom {
        name: "json_array_elements",
        columns: &["value"],
    },
    InFrom {
        name: "json_array_elements_text",
        columns: &["value"],
    },
    InFrom {
        name: "json_each",
        columns: &["key", "value"],
    },
    InFrom {
        name: "json_each_text",
        columns: &["key", "value"],
    },
    InFrom {
        name: "json_object_keys",
        columns: &[],
    },
    InFrom {
        name: "jsonb_array_elements",
        columns: &["value"],
    },
    InFrom {
        name: "jsonb_array_elements_text",
        columns: &["value"],
    },
    InFrom {
        name: "jsonb_each",
        columns: &["key", "value"],
    },
    InFrom {
        name: "jsonb_each_text",
        columns: &["key", "value"],
    },
    InFrom {
        name: "jsonb_object_keys",
        columns: &[],
    },
    InFrom {
        name: "regexp_matches",
        columns: &[],
    },
    InFrom {
        name: "regexp_split_to_table",
        columns: &[],
    },
    InFrom {
        name: "string_to_table",
        columns: &[],
    },
    InFrom {
        name: "unnest",
        columns: &[],
    },
];

/// A function that may stand in FROM.
#[derive(Debug, Clone, Copy)]
pub(super) struct InFrom {
    /// Its name.
    pub(super) name: &'static str,
    /// Its columns, if they have names of their own.
    pub(super) columns: &'static [&'static str],
}

/// The function of this name, if it may be called.
pub(super) fn called(parts: &[String]) -> Option<&'static str> {
    let name = unqualified(parts)?;
    CALLED.split_ascii_whitespace().find(|known| *known == name)
}

/// Whether the name of a listed function is a word of the grammar.
pub(super) fn is_grammar(name: &str) -> bool {
    GRAMMAR.binary_search(&name).is_ok()
}

/// The name of a listed function as it is written behind its schema.
pub(super) fn behind_a_dot(name: &'static str) -> Cow<'static, str> {
    if TAKEN.contains(&name) {
        format!("\"{name}\"").into()
    } else {
        name.into()
    }
}

/// The function of this name, if it may be called without parentheses.
pub(super) fn bare(parts: &[String]) -> Option<&'static str> {
    let name = unqualified(parts)?;
    BARE.binary_search(&name).ok().map(|place| BARE[place])
}

/// The function of this name, if it may stand in FROM.
pub(super) fn in_from(parts: &[String]) -> Option<InFrom> {
    let name = unqualified(parts)?;
    IN_FROM
        .iter()
        .copied()
        .find(|function| function.name == name)
}

/// Refuses a function that is not on the list for where it stands.
pub(super) fn refused(parts: &[String]) -> Refusal {
    let message = format!(
        "function {} is not allowed in a generated query",
        parts.join(".")
    );
    Refusal::new("function", "42501", message)
}

fn unqualified(parts: &[String]) -> Option<&str> {
    match parts {
        [name] => Some(name),
        [schema, name] if schema == "pg_catalog" => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::guard::generated::check_embedded;
    use crate::sql::schema::Schema;

    use super::BARE;
    use super::CALLED;
    use super::GRAMMAR;
    use super::IN_FROM;

    #[test]
    fn lists_are_sorted_for_the_binary_search() {
        assert!(BARE.is_sorted() && GRAMMAR.is_sorted());
    }

    #[test]
    fn every_name_reads_back_with_its_schema() {
        for name in CALLED.split_ascii_whitespace() {
            let refusal = check_embedded(&format!("SELECT {name}(1)"), &Schema::default()).err();
            assert_ne!(
                refusal.map(|refusal| refusal.rule),
                Some("reprint"),
                "{name}"
            );
        }
    }

    #[test]
    fn what_gives_rows_may_also_be_called() {
        for function in IN_FROM {
            assert!(
                CALLED
                    .split_ascii_whitespace()
                    .any(|name| name == function.name)
            );
        }
    }
}
