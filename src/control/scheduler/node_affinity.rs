//! Node selector terms: what pods and volumes say of the nodes they want.

use serde_json::Value;

use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::kinds::pod::Fields;
use serde_json::json;

/// Whether a pod's node selector and its required node affinity match a node.
pub fn matches(pod: &Object, node: &Object) -> bool {
    let selector = pod.map_at("/spec/nodeSelector");
    let is_selected = selector.is_none_or(|s| Selector::from_map(s).matches(node.labels()));
    is_selected && required(pod).is_none_or(|terms| any_term(terms, node))
}

/// The terms of a pod's required node affinity, if it has one.
pub fn required(pod: &Object) -> Option<&[Value]> {
    let terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    pod.at(terms).and_then(Value::as_array).map(Vec::as_slice)
}

/// Whether any term matches; a term without any requirement never does.
pub fn any_term(terms: &[Value], node: &Object) -> bool {
    terms.iter().any(|term| term_matches(term, node))
}

/// Whether one term matches.
pub fn term_matches(term: &Value, node: &Object) -> bool {
    let (expressions, fields) = (term.items("matchExpressions"), term.items("matchFields"));
    let is_empty = expressions.is_empty() && fields.is_empty();
    let by_name = |field: &Value| {
        let is_named = field.texts("values").contains(&node.name());
        if field.text("operator") == "NotIn" { !is_named } else { is_named }
    };
    !is_empty && expressions.iter().all(|e| label_matches(e, node)) && fields.iter().all(by_name)
}

/// One expression over a node's labels; `Gt` and `Lt` compare whole numbers.
fn label_matches(expression: &Value, node: &Object) -> bool {
    let number = || node.label(expression.text("key"))?.parse::<i64>().ok();
    let limit = || expression.texts("values").first()?.parse::<i64>().ok();
    match expression.text("operator") {
        "Gt" => matches!((number(), limit()), (Some(n), Some(l)) if n > l),
        "Lt" => matches!((number(), limit()), (Some(n), Some(l)) if n < l),
        _ => {
            let one = json!({"matchExpressions": [expression]});
            Selector::from_label_selector(&one).is_ok_and(|s| s.matches(node.labels()))
        }
    }
}

/// The names of the only nodes a pod may go to, when each of its terms names some: the scheduler looks at no others then.
pub fn named_nodes(pod: &Object) -> Option<Vec<&str>> {
    let terms = required(pod).filter(|terms| !terms.is_empty())?;
    let mut all = Vec::new();
    for term in terms {
        let mut of_term: Option<Vec<&str>> = None;
        for field in term.items("matchFields").iter().filter(|f| f.text("operator") == "In") {
            let names = field.texts("values");
            of_term = Some(match of_term {
                Some(known) => known.into_iter().filter(|n| names.contains(n)).collect(),
                None => names,
            });
        }
        all.extend(of_term?);
    }
    Some(all)
}
