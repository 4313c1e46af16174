//! The API server's own types as its messages show them: Go's encoding/json of structs that have no JSON names.
//!
//! Fields stand in the order of the type under their Go names, and those that are not set have their zero. Knows no rule.

use serde_json::Value;

use crate::apimachinery::go_value;

/// One field of a type: its Go name, its name in JSON, and what it is.
pub struct Field(&'static str, &'static str, Of);

/// What a field is, which tells what is shown where it is not set.
pub enum Of {
    /// A pointer, list or map, or a type that has JSON names of its own.
    Pointer,
    Text,
    Int,
    Bool,
    /// A pointer to another such type.
    Struct(&'static [Field]),
    /// A list of another such type.
    Items(&'static [Field]),
}

use Of::{Bool, Int, Items, Pointer, Struct, Text};

/// A value of one of the types below: `{"Type":"Foo","RollingUpdate":null}`.
pub fn shown(value: &Value, fields: &[Field]) -> String {
    let parts: Vec<String> =
        fields.iter().map(|Field(name, json, of)| format!("\"{name}\":{}", part(&value[*json], of))).collect();
    format!("{{{}}}", parts.join(","))
}

/// A list of values of one of the types below.
pub fn shown_items(values: &[Value], fields: &[Field]) -> String {
    let items: Vec<String> = values.iter().map(|item| shown(item, fields)).collect();
    format!("[{}]", items.join(","))
}

fn part(value: &Value, of: &Of) -> String {
    match (of, value) {
        (Text, Value::Null) => "\"\"".to_owned(),
        (Int, Value::Null) => "0".to_owned(),
        (Bool, Value::Null) => "false".to_owned(),
        (_, Value::Null) => "null".to_owned(),
        (Struct(fields), value) => shown(value, fields),
        (Items(fields), Value::Array(items)) => shown_items(items, fields),
        (_, value) => go_value::json(value),
    }
}

/// core.Toleration.
pub static TOLERATION: &[Field] = &[
    Field("Key", "key", Text),
    Field("Operator", "operator", Text),
    Field("Value", "value", Text),
    Field("Effect", "effect", Text),
    Field("TolerationSeconds", "tolerationSeconds", Pointer),
];

/// apps.DeploymentStrategy.
pub static DEPLOYMENT_STRATEGY: &[Field] = &[
    Field("Type", "type", Text),
    Field(
        "RollingUpdate",
        "rollingUpdate",
        Struct(&[Field("MaxUnavailable", "maxUnavailable", Int), Field("MaxSurge", "maxSurge", Int)]),
    ),
];

/// apps.DaemonSetUpdateStrategy, which looks the same.
pub static DAEMON_SET_STRATEGY: &[Field] = DEPLOYMENT_STRATEGY;

/// apps.RollingUpdateStatefulSetStrategy.
pub static STATEFUL_SET_ROLLING: &[Field] =
    &[Field("Partition", "partition", Int), Field("MaxUnavailable", "maxUnavailable", Pointer)];

/// apps.StatefulSetUpdateStrategy.
pub static STATEFUL_SET_STRATEGY: &[Field] =
    &[Field("Type", "type", Text), Field("RollingUpdate", "rollingUpdate", Struct(STATEFUL_SET_ROLLING))];

/// policy.PodDisruptionBudgetSpec.
pub static BUDGET_SPEC: &[Field] = &[
    Field("MinAvailable", "minAvailable", Pointer),
    Field("Selector", "selector", Pointer),
    Field("MaxUnavailable", "maxUnavailable", Pointer),
    Field("UnhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy", Pointer),
];

/// apiextensions.CustomResourceDefinitionVersion.
pub static DEFINITION_VERSION: &[Field] = &[
    Field("Name", "name", Text),
    Field("Served", "served", Bool),
    Field("Storage", "storage", Bool),
    Field("Deprecated", "deprecated", Bool),
    Field("DeprecationWarning", "deprecationWarning", Pointer),
    Field("Schema", "schema", Pointer),
    Field("Subresources", "subresources", Pointer),
    Field(
        "AdditionalPrinterColumns",
        "additionalPrinterColumns",
        Items(&[
            Field("Name", "name", Text),
            Field("Type", "type", Text),
            Field("Format", "format", Text),
            Field("Description", "description", Text),
            Field("Priority", "priority", Int),
            Field("JSONPath", "jsonPath", Text),
        ]),
    ),
    Field("SelectableFields", "selectableFields", Items(&[Field("JSONPath", "jsonPath", Text)])),
];

/// batch.SuccessPolicy.
pub static SUCCESS_POLICY: &[Field] = &[Field(
    "Rules",
    "rules",
    Items(&[
        Field("SucceededIndexes", "succeededIndexes", Pointer),
        Field("SucceededCount", "succeededCount", Pointer),
    ]),
)];

/// core.Taint.
pub static TAINT: &[Field] = &[
    Field("Key", "key", Text),
    Field("Value", "value", Text),
    Field("Effect", "effect", Text),
    Field("TimeAdded", "timeAdded", Pointer),
];

/// core.ScopeSelector.
pub static SCOPE_SELECTOR: &[Field] = &[Field(
    "MatchExpressions",
    "matchExpressions",
    Items(&[
        Field("ScopeName", "scopeName", Text),
        Field("Operator", "operator", Text),
        Field("Values", "values", Pointer),
    ]),
)];

static NODE_REQUIREMENT: &[Field] =
    &[Field("Key", "key", Text), Field("Operator", "operator", Text), Field("Values", "values", Pointer)];

/// core.NodeSelectorTerm.
pub static NODE_SELECTOR_TERM: &[Field] = &[
    Field("MatchExpressions", "matchExpressions", Items(NODE_REQUIREMENT)),
    Field("MatchFields", "matchFields", Items(NODE_REQUIREMENT)),
];

/// core.PodResourceClaim.
pub static POD_RESOURCE_CLAIM: &[Field] = &[
    Field("Name", "name", Text),
    Field("ResourceClaimName", "resourceClaimName", Pointer),
    Field("ResourceClaimTemplateName", "resourceClaimTemplateName", Pointer),
];

/// core.SeccompProfile.
pub static SECCOMP_PROFILE: &[Field] =
    &[Field("Type", "type", Text), Field("LocalhostProfile", "localhostProfile", Pointer)];

/// core.SecurityContext.
pub static SECURITY_CONTEXT: &[Field] = &[
    Field("Capabilities", "capabilities", Struct(&[Field("Add", "add", Pointer), Field("Drop", "drop", Pointer)])),
    Field("Privileged", "privileged", Pointer),
    Field(
        "SELinuxOptions",
        "seLinuxOptions",
        Struct(&[
            Field("User", "user", Text),
            Field("Role", "role", Text),
            Field("Type", "type", Text),
            Field("Level", "level", Text),
        ]),
    ),
    Field(
        "WindowsOptions",
        "windowsOptions",
        Struct(&[
            Field("GMSACredentialSpecName", "gmsaCredentialSpecName", Pointer),
            Field("GMSACredentialSpec", "gmsaCredentialSpec", Pointer),
            Field("RunAsUserName", "runAsUserName", Pointer),
            Field("HostProcess", "hostProcess", Pointer),
        ]),
    ),
    Field("RunAsUser", "runAsUser", Pointer),
    Field("RunAsGroup", "runAsGroup", Pointer),
    Field("RunAsNonRoot", "runAsNonRoot", Pointer),
    Field("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", Pointer),
    Field("AllowPrivilegeEscalation", "allowPrivilegeEscalation", Pointer),
    Field("ProcMount", "procMount", Pointer),
    Field("SeccompProfile", "seccompProfile", Struct(SECCOMP_PROFILE)),
    Field(
        "AppArmorProfile",
        "appArmorProfile",
        Struct(&[Field("Type", "type", Text), Field("LocalhostProfile", "localhostProfile", Pointer)]),
    ),
];

/// core.ClusterTrustBundleProjection.
pub static TRUST_BUNDLE: &[Field] = &[
    Field("Name", "name", Pointer),
    Field("SignerName", "signerName", Pointer),
    Field("LabelSelector", "labelSelector", Pointer),
    Field("Optional", "optional", Pointer),
    Field("Path", "path", Text),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_set_has_its_zero() {
        let strategy = json!({"type": "Foo", "rollingUpdate": {"maxSurge": "25%"}});
        assert_eq!(
            shown(&strategy, DEPLOYMENT_STRATEGY),
            r#"{"Type":"Foo","RollingUpdate":{"MaxUnavailable":0,"MaxSurge":"25%"}}"#
        );
        assert_eq!(shown(&json!({}), STATEFUL_SET_STRATEGY), r#"{"Type":"","RollingUpdate":null}"#);
        let selector = json!({"matchExpressions": [{"scopeName": "a<b", "operator": "In"}]});
        assert_eq!(
            shown(&selector, SCOPE_SELECTOR),
            r#"{"MatchExpressions":[{"ScopeName":"a\u003cb","Operator":"In","Values":null}]}"#
        );
    }
}
