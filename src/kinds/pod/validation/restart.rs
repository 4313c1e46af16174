//! The restart policy and rules of one container, which every container may have since Kubernetes 1.35.

use serde_json::Value;

use super::super::fields::Fields;
use super::choice;
use crate::apimachinery::field::{Errors, Path};

pub(super) fn validate(container: &Value, path: &Path, errors: &mut Errors) {
    let rules = container.items("restartPolicyRules");
    let policy_path = path.child("restartPolicy");
    if container.field("restartPolicy").is_some() {
        let policies = ["Always", "Never", "OnFailure"];
        choice(errors, &policy_path, container.text("restartPolicy"), &policies, None);
    } else if !rules.is_empty() {
        errors.required(&policy_path, "must specify restartPolicy when restart rules are used");
    }
    let path = path.child("restartPolicyRules");
    if rules.len() > 20 {
        errors.too_many(&path, rules.len(), 20);
    }
    for (i, rule) in rules.iter().enumerate() {
        validate_rule(rule, &path.index(i), errors);
    }
}

fn validate_rule(rule: &Value, path: &Path, errors: &mut Errors) {
    choice(errors, &path.child("action"), rule.text("action"), &["Restart"], None);
    let Some(codes) = rule.field("exitCodes") else {
        errors.required(&path.child("exitCodes"), "must be specified");
        return;
    };
    let path = path.child("exitCodes");
    choice(errors, &path.child("operator"), codes.text("operator"), &["In", "NotIn"], None);
    let values = codes.items("values").len();
    if values > 255 {
        errors.too_many(&path.child("values"), values, 255);
    }
}
