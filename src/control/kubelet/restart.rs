//! Whether a container that ended is started again.

use serde_json::Value;

use super::life::text;
use crate::apimachinery::object::Object;

/// What kind of container it is, as far as its restarts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Has to succeed before the next one begins.
    Init,
    /// An init container that runs on beside the others: `restartPolicy: Always`.
    Sidecar,
    Main,
    /// Added to a pod that runs, to look into it: has no probes and runs once.
    Ephemeral,
}

/// The role of a container of `spec.initContainers` or `spec.containers`.
pub fn role(spec: &Value, is_init: bool) -> Role {
    match (is_init, text(spec, "restartPolicy")) {
        (true, "Always") => Role::Sidecar,
        (true, _) => Role::Init,
        (false, _) => Role::Main,
    }
}

/// Whether a container is started again after it ended with an exit status.
pub fn restarts(pod: &Object, spec: &Value, role: Role, code: i64) -> bool {
    if role == Role::Ephemeral {
        return false;
    }
    if has_matching_rule(spec, code) {
        return true;
    }
    let policy = match (text(spec, "restartPolicy"), pod.str_at("/spec/restartPolicy")) {
        ("", "") => "Always",
        ("", of_pod) => of_pod,
        (own, _) => own,
    };
    match (policy, role) {
        ("Never", _) => false,
        ("Always", Role::Sidecar | Role::Main) => true,
        _ => code != 0,
    }
}

/// Whether one of the container's `restartPolicyRules` speaks of an exit status; all of them ask for a restart.
fn has_matching_rule(spec: &Value, code: i64) -> bool {
    let rules = spec.get("restartPolicyRules").and_then(Value::as_array);
    rules.into_iter().flatten().any(|rule| {
        let codes = rule.pointer("/exitCodes/values").and_then(Value::as_array);
        let is_named = codes.is_some_and(|codes| codes.iter().any(|c| c.as_i64() == Some(code)));
        match rule.pointer("/exitCodes/operator").and_then(Value::as_str) {
            Some("In") => is_named,
            Some("NotIn") => !is_named,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn policies() {
        let rule = json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]);
        for (pod, own, role, code, want) in [
            ("Always", "", Role::Main, 0, true),
            ("Always", "", Role::Init, 0, false),
            ("Always", "", Role::Init, 1, true),
            ("OnFailure", "", Role::Main, 0, false),
            ("OnFailure", "", Role::Main, 1, true),
            ("Never", "", Role::Main, 1, false),
            ("Never", "", Role::Init, 1, false),
            ("Never", "Always", Role::Sidecar, 0, true),
            ("Never", "OnFailure", Role::Main, 1, true),
            ("Always", "Never", Role::Main, 1, false),
            ("Never", "", Role::Main, 42, true),
        ] {
            let mut object = Object::new("v1", "Pod", "default", "p");
            object.set("/spec/restartPolicy", pod.into());
            let spec = json!({"name": "c", "restartPolicy": own, "restartPolicyRules": rule});
            assert_eq!(restarts(&object, &spec, role, code), want, "{pod} {own} {role:?} {code}");
        }
    }
}
