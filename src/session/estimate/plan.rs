//! What EXPLAIN says.

use crate::guard::Estimate;

/// What a plan in JSON comes to; of several the most. `None` for one that nests too deep to be read.
pub(super) fn estimates(plan: &str) -> Option<Estimate> {
    let mut most = Estimate {
        cost: 0.0,
        rows: 0.0,
    };
    let plan: serde_json::Value = serde_json::from_str(plan).ok()?;
    for top in plan.as_array().into_iter().flatten() {
        let Some(top) = top.get("Plan") else { continue };
        most.cost = most.cost.max(number(top, "Total Cost"));
        most.rows = most.rows.max(number(top, "Plan Rows"));
        most.rows = most.rows.max(written(top));
    }
    Some(most)
}

/// The most rows that a node of the plan writes.
fn written(node: &serde_json::Value) -> f64 {
    let inner = node.get("Plans").and_then(serde_json::Value::as_array);
    let inner = || inner.into_iter().flatten();
    let deeper = inner().map(written).fold(0.0, f64::max);
    if node
        .get("Node Type")
        .is_none_or(|name| name != "ModifyTable")
    {
        return deeper;
    }
    let feeds = |node: &&serde_json::Value| {
        node.get("Parent Relationship")
            .is_none_or(|place| place != "InitPlan" && place != "SubPlan")
    };
    let rows = inner().filter(feeds).map(|node| number(node, "Plan Rows"));
    deeper.max(rows.sum())
}

fn number(node: &serde_json::Value, key: &str) -> f64 {
    let number = node.get(key).and_then(serde_json::Value::as_f64);
    number.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_of_a_plan_counts() {
        let plan = r#"[{"Plan": {"Node Type": "ModifyTable", "Total Cost": 5.5, "Plan Rows": 0,
            "Plans": [
                {"Node Type": "Seq Scan", "Parent Relationship": "InitPlan", "Plan Rows": 500},
                {"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Plan Rows": 70}]}},
            {"Plan": {"Node Type": "Result", "Total Cost": 9, "Plan Rows": 1}}, "Utility Statement"]"#;
        let Some(Estimate { cost, rows }) = estimates(plan) else {
            panic!("not read")
        };
        assert!((cost - 9.0).abs() < f64::EPSILON && (rows - 70.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_a_cte_writes_counts() {
        let plan = r#"[{"Plan": {"Node Type": "CTE Scan", "Total Cost": 5, "Plan Rows": 1, "Plans": [
            {"Node Type": "ModifyTable", "Parent Relationship": "InitPlan", "Plan Rows": 0,
             "Plans": [{"Node Type": "Seq Scan", "Plan Rows": 70}]}]}}]"#;
        let rows = estimates(plan).map(|estimate| estimate.rows);
        assert!(rows.is_some_and(|rows| (rows - 70.0).abs() < f64::EPSILON));
    }

    #[test]
    fn a_plan_too_deep_to_be_read_is_none() {
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(estimates(&deep), None);
    }
}
