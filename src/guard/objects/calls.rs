//! Which functions may not be called, and why.

use std::collections::HashMap;
use std::sync::Arc;

use super::bodies;
use crate::config::ObjectPattern;
use crate::config::Policy;
use crate::guard::functions;
use crate::guard::refusal::Refusal;
use crate::sql::objects::Function;
use crate::sql::objects::Objects;

/// For each function of the database why it may not be called, if it may not.
#[derive(Debug)]
pub(super) struct Callable {
    /// By its name.
    pub by_name: Vec<Option<Arc<Refusal>>>,
    /// By what reaches it: an operator, a cast, a view. What PostgreSQL itself is made of needs no
    /// place on a list of allowed functions for that.
    pub otherwise: Vec<Option<Arc<Refusal>>>,
}

impl Callable {
    /// Judges every function of `objects`; the bodies of those in `found` are known to reach
    /// something out of bounds.
    pub(super) fn judge(
        policy: &Policy,
        objects: &Objects,
        found: &HashMap<usize, Arc<Refusal>>,
    ) -> Self {
        let by_name = objects.functions.iter().map(|function| {
            let refused = denied(policy, function).or_else(|| unlisted(policy, function));
            let refused = refused.or_else(|| opaque(policy, function));
            refused.or_else(|| writing(policy, function, Reached::ByName))
        });
        let otherwise = objects.functions.iter().map(|function| {
            let listed = function.schema.as_ref() == "pg_catalog";
            let refused =
                denied(policy, function).or_else(|| unlisted(policy, function).filter(|_| !listed));
            let refused = refused.or_else(|| opaque(policy, function));
            refused.or_else(|| writing(policy, function, Reached::Otherwise))
        });
        let mut callable = Self {
            by_name: by_name.map(|refused| refused.map(Arc::new)).collect(),
            otherwise: otherwise.map(|refused| refused.map(Arc::new)).collect(),
        };
        for (&position, refused) in found {
            for judged in [&mut callable.by_name, &mut callable.otherwise] {
                judged[position].get_or_insert_with(|| Arc::clone(refused));
            }
        }
        callable.reach(objects);
        callable
    }

    /// An aggregate runs its parts, and some function of PostgreSQL's own another one.
    fn reach(&mut self, objects: &Objects) {
        for (position, function) in objects.functions.iter().enumerate() {
            let mut parts = function.calls.iter();
            let refused = parts.find_map(|&part| self.otherwise[part].clone());
            if let Some(refused) = refused {
                for judged in [&mut self.by_name, &mut self.otherwise] {
                    judged[position].get_or_insert_with(|| Arc::clone(&refused));
                }
            }
        }
    }
}

fn denied(policy: &Policy, function: &Function) -> Option<Refusal> {
    let pattern = find(&policy.functions.deny, function)?;
    let hint = format!(
        "Policy \"{}\" has deny_functions = \"{pattern}\".",
        policy.name
    );
    Some(refused("deny_functions", function).hint(hint))
}

fn unlisted(policy: &Policy, function: &Function) -> Option<Refusal> {
    let allowed = policy.functions.allow.as_ref()?;
    if find(allowed, function).is_some() {
        return None;
    }
    let hint = format!(
        "The allow_functions of policy \"{}\" do not name it.",
        policy.name
    );
    Some(refused("allow_functions", function).hint(hint))
}

/// A function that may do what the text does not show, unless it is vouched for.
fn opaque(policy: &Policy, function: &Function) -> Option<Refusal> {
    if !policy.guards_objects() {
        return None;
    }
    let may_do_anything = policy.guards_data() || function.volatile;
    let hides = !function.transparent && may_do_anything && bodies::hides(function);
    if !hides && !runs_text(function) || is_vouched(policy, function) {
        return None;
    }
    let hint = format!(
        "It may do what policy \"{}\" keeps back; allow_functions can name it.",
        policy.name
    );
    Some(refused("allow_functions", function).hint(hint))
}

/// How a function comes to be called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    ByName,
    Otherwise,
}

/// A function by which a read-only session would write. Of PostgreSQL's own and those in C only the
/// names tell; in views and operators these do what their authors meant them to.
fn writing(policy: &Policy, function: &Function, reached: Reached) -> Option<Refusal> {
    if !policy.read_only || is_vouched(policy, function) {
        return None;
    }
    let writes = if function.transparent {
        reached == Reached::ByName && functions::is_denied_to_bodies(&function.name)
    } else {
        function.volatile && bodies::writes(function)
    };
    writes.then(|| cannot_execute(policy, function))
}

/// The refusal of a function that writes.
fn cannot_execute(policy: &Policy, function: &Function) -> Refusal {
    let message = format!("cannot execute {}() in a read-only session", function.name);
    let hint = format!("Policy \"{}\" has read_only = true.", policy.name);
    Refusal::new("read_only", "25006", message).hint(hint)
}

/// `allow_functions` say of this very function that it may be called.
pub(super) fn is_vouched(policy: &Policy, function: &Function) -> bool {
    let runs_text = runs_text(function);
    let allowed = policy.functions.allow.as_deref().unwrap_or_default();
    let vouches = |pattern: &ObjectPattern| {
        let says_which = if runs_text {
            pattern.name.is_exact()
        } else {
            !(pattern.name.is_any() && pattern.schema.is_any())
        };
        says_which && pattern.matches(&function.schema, &function.name)
    };
    allowed.iter().any(vouches)
}

/// It reads what its arguments say in words.
fn runs_text(function: &Function) -> bool {
    functions::reads_by_text(&function.name) || functions::is_denied_schema(&function.schema)
}

fn refused(rule: &'static str, function: &Function) -> Refusal {
    let Function { schema, name, .. } = function;
    let message = format!("permission denied for function {schema}.{name}");
    Refusal::new(rule, "42501", message)
}

fn find<'a>(patterns: &'a [ObjectPattern], function: &Function) -> Option<&'a ObjectPattern> {
    patterns
        .iter()
        .find(|pattern| pattern.matches(&function.schema, &function.name))
}
