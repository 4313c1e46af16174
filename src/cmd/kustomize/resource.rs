//! One object on its way through a kustomization. Knows identities, not what is done to the object.

use serde_json::{Map, Value};

use super::shared::Shared;

/// An object, and what it was called before.
#[derive(Clone, Debug)]
pub struct Resource {
    pub body: Value,
    /// Earlier names and namespaces, the first first.
    pub earlier: Vec<(String, String)>,
    /// The prefixes and suffixes that its name got, level by level: they tell variants of one base apart.
    pub affixes: Vec<(String, String)>,
    /// Its name gets the hash of its data.
    pub wants_hash: bool,
    /// Labels and annotations of one value in several places.
    pub shared: Vec<Shared>,
}

impl Resource {
    pub fn new(body: Value) -> Resource {
        Resource { body, earlier: Vec::new(), affixes: Vec::new(), wants_hash: false, shared: Vec::new() }
    }

    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    pub fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// The group and the version.
    pub fn group_version(&self) -> (&str, &str) {
        let version = self.text("/apiVersion");
        version.split_once('/').unwrap_or(("", version))
    }

    pub fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it has a name, or had it.
    pub fn is_called(&self, name: &str) -> bool {
        self.name() == name || self.earlier.iter().any(|(n, _)| n == name)
    }

    /// Whether it is in a namespace, or was; `default` is also none.
    pub fn is_in(&self, namespace: &str) -> bool {
        let same = |a: &str| effective(a) == effective(namespace);
        same(self.namespace()) || self.earlier.iter().any(|(_, n)| same(n))
    }

    /// Gives it another name.
    pub fn rename(&mut self, name: String) {
        self.remember();
        object(&mut self.body, "metadata").insert("name".to_owned(), name.into());
    }

    /// Puts it into another namespace.
    pub fn move_to(&mut self, namespace: &str) {
        self.remember();
        object(&mut self.body, "metadata").insert("namespace".to_owned(), namespace.into());
    }

    fn remember(&mut self) {
        let now = (self.name().to_owned(), self.namespace().to_owned());
        if !self.earlier.contains(&now) {
            self.earlier.push(now);
        }
    }

    /// The identity as Go's `%#v` prints it.
    pub fn go_syntax(&self) -> String {
        let (group, version) = self.group_version();
        format!(
            "resid.ResId{{Gvk:resid.Gvk{{Group:{group:?}, Version:{version:?}, Kind:{:?}, isClusterScoped:{}}}, Name:{:?}, \
             Namespace:{:?}}}",
            self.kind(),
            !self.is_namespaced(),
            self.name(),
            self.namespace()
        )
    }

    /// `Pod.v1.[noGrp]/web.[noNs]`, as kustomize names a resource in messages.
    pub fn id(&self) -> String {
        let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
        let (group, version) = self.group_version();
        format!(
            "{}.{}.{}/{}.{}",
            or(self.kind(), "[noKind]"),
            or(version, "[noVer]"),
            or(group, "[noGrp]"),
            or(self.name(), "[noName]"),
            or(self.namespace(), "[noNs]")
        )
    }

    /// The type and metadata as Go's `%v` prints them: `{{v1 ConfigMap} {name  map[] map[]}}`.
    pub fn go_format(&self) -> String {
        let map = |pointer: &str| {
            let entries = self.body.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
            entries.map(|(k, v)| format!("{k}:{}", v.as_str().unwrap_or_default())).collect::<Vec<_>>().join(" ")
        };
        format!(
            "{{{{{} {}}} {{{{{} {}}} map[{}] map[{}]}}}}",
            self.text("/apiVersion"),
            self.kind(),
            self.name(),
            self.namespace(),
            map("/metadata/labels"),
            map("/metadata/annotations")
        )
    }

    /// Whether a group of the API keeps this kind in namespaces.
    pub fn is_namespaced(&self) -> bool {
        !CLUSTER_SCOPED.contains(&self.kind())
    }
}

/// A namespace; none is `default`.
pub fn effective(namespace: &str) -> &str {
    if namespace.is_empty() { "default" } else { namespace }
}

/// Kubernetes' kinds that are in no namespace; kustomize has them from its own copy of the API's document.
const CLUSTER_SCOPED: &[&str] = &[
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTrustBundle",
    "ComponentStatus",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "IPAddress",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceSlice",
    "RuntimeClass",
    "SelfSubjectAccessReview",
    "SelfSubjectReview",
    "SelfSubjectRulesReview",
    "ServiceCIDR",
    "StorageClass",
    "SubjectAccessReview",
    "TokenReview",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "VolumeAttributesClass",
];

/// The object in a field; made when there is none.
pub fn object<'v>(value: &'v mut Value, field: &str) -> &'v mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let inner = &mut value[field];
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    inner.as_object_mut().expect("was just made an object")
}
