//! What the topologies of a storage class may be, in the words of core's ValidateTopologySelectorTerm.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::kinds::pod::Fields;

/// Checks where the volumes of a class may be made.
pub(super) fn validate(terms: &[Value], errors: &mut Errors) {
    let path = Path::new("allowedTopologies");
    for (i, term) in terms.iter().enumerate() {
        validate_term(term, &path.child("matchLabelExpressions"), errors);
        if terms[..i].contains(term) {
            errors.duplicate(&path.index(i).child("matchLabelExpressions"), "");
        }
    }
}

fn validate_term(term: &Value, path: &Path, errors: &mut Errors) {
    let expressions = term.items("matchLabelExpressions");
    for (i, expression) in expressions.iter().enumerate() {
        let path = path.index(i);
        let (key, values) = (expression.text("key"), expression.items("values"));
        if values.is_empty() {
            errors.required(&path.child("values"), "");
        }
        for (n, value) in values.iter().enumerate().filter(|(n, value)| values[..*n].contains(value)) {
            errors.duplicate(&path.child("values").index(n), value.clone());
        }
        for problem in names::is_qualified_name(key) {
            errors.invalid(&path.child("key"), key, &problem);
        }
        if expressions[..i].iter().any(|e| e.text("key") == key) {
            errors.duplicate(&path.child("key"), key);
        }
    }
}
