//! What kstate stores and does not act on, or acts on in another way than a cluster: one row a kind or field.
//!
//! `kstate explain --support` and the README print it. A kind without a row does what a cluster does; so do the fields
//! that no row names. Knows no output.

use super::{KINDS, Kind};

/// A kind, or a field of one, that does less here than on a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The group resource: `networkpolicies.networking.k8s.io`.
    pub resource: &'static str,
    /// The field's path as `explain` takes it, `spec.affinity`; empty for the whole kind.
    pub field: &'static str,
    /// What becomes of it.
    pub what: &'static str,
}

/// The gaps of one kind, or of all in the order of [`KINDS`].
pub fn gaps(of: Option<&dyn Kind>) -> impl Iterator<Item = (&'static dyn Kind, &'static Gap)> {
    let only = of.map(|kind| kind.names().resource.to_owned());
    let kinds = KINDS.iter().filter(move |k| only.as_ref().is_none_or(|only| k.names().resource == only));
    kinds.flat_map(|k| GAPS.iter().filter(|g| g.resource == k.names().resource).map(|g| (*k, g)))
}

const fn kind(resource: &'static str, what: &'static str) -> Gap {
    Gap { resource, field: "", what }
}

const fn field(resource: &'static str, field: &'static str, what: &'static str) -> Gap {
    Gap { resource, field, what }
}

const STORED: &str = "stored";
const NO_DEVICES: &str = "stored; there are no devices";
const NOT_ASKED: &str = "stored; never asked about a request";
const ALL_ALLOWED: &str = "stored; everything is allowed";
const NODES_ONE_NETWORK: &str = "stored; there is one network, and no route leads around a node";

static GAPS: &[Gap] = &[
    field(
        "nodes",
        "status",
        "a simulated kubelet keeps its conditions: ready, unless a rule of the pace says that the node is lost",
    ),
    field("persistentvolumeclaims", "spec.dataSource", "stored; the new volume is empty"),
    field("persistentvolumeclaims", "spec.dataSourceRef", "stored; the new volume is empty"),
    field(
        "persistentvolumeclaims",
        "spec.resources",
        "compared when a volume is chosen; a volume takes what fits on the disk",
    ),
    field("persistentvolumeclaims", "spec.volumeAttributesClassName", STORED),
    field("persistentvolumeclaims", "spec.volumeMode", "stored; a block volume is no device in a container"),
    field(
        "persistentvolumes",
        "spec",
        "hostPath and local are folders of the simulated node; any other source is a folder of the store",
    ),
    field("persistentvolumes", "spec.accessModes", "compared when a claim is bound; not enforced when pods mount it"),
    field("persistentvolumes", "spec.mountOptions", STORED),
    field("pods", "spec.containers.image", "never pulled; the programs are the host's"),
    field(
        "pods",
        "spec.containers.lifecycle",
        "hooks with a command run, in a simulated container too: there a failure is told and ends nothing, and a program that this machine lacks is taken to succeed; the request of an httpGet hook is made by this machine's curl, inside the pod",
    ),
    field(
        "pods",
        "spec.containers.livenessProbe",
        "on time; answered by the rules of the pace, else by what kstate saw of a real process, else it succeeds",
    ),
    field(
        "pods",
        "spec.containers.readinessProbe",
        "on time; answered by the rules of the pace, else by what kstate saw of a real process, else it succeeds",
    ),
    field(
        "pods",
        "spec.containers.resources",
        "counted by quotas, limit ranges and the scheduler; no process is held to them",
    ),
    field(
        "pods",
        "spec.containers.securityContext",
        "runAsUser and runAsGroup are the one user and the one group that a process has and sees, and a root that is to be read-only is; the rest is stored: without root no other can be mapped, so fsGroup and supplementalGroups do not show",
    ),
    field(
        "pods",
        "spec.containers.startupProbe",
        "on time; answered by the rules of the pace, else by what kstate saw of a real process, else it succeeds",
    ),
    field("pods", "spec.containers.volumeDevices", NO_DEVICES),
    field("pods", "spec.ephemeralContainers", "a target that is simulated shows its first process, and no files"),
    field("pods", "spec.hostIPC", "stored; a pod has namespaces of its own"),
    field("pods", "spec.hostNetwork", "the pod has its node's address, in a network of its own"),
    field("pods", "spec.hostPID", "stored; a pod has namespaces of its own"),
    field("pods", "spec.imagePullSecrets", "stored; images are never pulled"),
    field("pods", "spec.resourceClaims", NO_DEVICES),
    field("pods", "spec.runtimeClassName", "must exist; otherwise stored"),
    field(
        "pods",
        "spec.securityContext",
        "runAsUser and runAsGroup are the one user and the one group that a process has and sees, and a root that is to be read-only is; the rest is stored: without root no other can be mapped, so fsGroup and supplementalGroups do not show",
    ),
    field(
        "pods",
        "spec.shareProcessNamespace",
        "containers see each other's processes; what is simulated stands there under its name, and shows no files",
    ),
    field("pods", "spec.topologySpreadConstraints", "DoNotSchedule is kept to; ScheduleAnyway is stored"),
    field("pods", "spec.volumes", "network storage, csi and image volumes are folders of the pod's own"),
    field("services", "spec.externalTrafficPolicy", NODES_ONE_NETWORK),
    field("services", "spec.internalTrafficPolicy", NODES_ONE_NETWORK),
    field("services", "spec.trafficDistribution", NODES_ONE_NETWORK),
    field("services", "status.loadBalancer", "nobody gives a LoadBalancer its address: it stays pending"),
    field(
        "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "spec.mutations",
        "done on create and update of objects, not of their subresources; one that takes functions that are not here \
         (semver, authorizer) changes nothing",
    ),
    kind("mutatingwebhookconfigurations.admissionregistration.k8s.io", NOT_ASKED),
    field("validatingadmissionpolicies.admissionregistration.k8s.io", "spec.auditAnnotations", STORED),
    field(
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "spec.validations",
        "checked on create, update and delete of objects, not of their subresources; one that takes functions that are not \
         here (semver, authorizer) lets every request pass",
    ),
    field(
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "spec.validationActions",
        "Deny and Warn are taken; Audit is stored",
    ),
    kind("validatingwebhookconfigurations.admissionregistration.k8s.io", NOT_ASKED),
    field("customresourcedefinitions.apiextensions.k8s.io", "spec.conversion", "None alone: no webhook is asked"),
    field(
        "customresourcedefinitions.apiextensions.k8s.io",
        "spec.versions.schema.openAPIV3Schema.x-kubernetes-validations",
        "checked, but for functions of semver, authorizer and formats that are not here: such a rule lets every object pass",
    ),
    kind("apiservices.apiregistration.k8s.io", "stored; no other server is asked"),
    field(
        "statefulsets.apps",
        "spec.updateStrategy.rollingUpdate.maxUnavailable",
        "dropped, as by a server without the feature, unless the pace turns it on",
    ),
    kind("horizontalpodautoscalers.autoscaling", "its bounds are kept; nothing is measured, so nothing else is scaled"),
    field("jobs.batch", "spec.managedBy", "stored; kstate's controller manages every Job"),
    kind("certificatesigningrequests.certificates.k8s.io", "stored; nobody signs"),
    kind("leases.coordination.k8s.io", "stored; nobody renews one"),
    kind("flowschemas.flowcontrol.apiserver.k8s.io", "stored; no request waits"),
    kind("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", "stored; no request waits"),
    kind("ingressclasses.networking.k8s.io", "a default class is filled in; no controller"),
    kind("ingresses.networking.k8s.io", "stored; nothing listens for it"),
    kind("ipaddresses.networking.k8s.io", "stored; services' addresses are kept in the services"),
    kind("networkpolicies.networking.k8s.io", "stored; all traffic is allowed"),
    kind("servicecidrs.networking.k8s.io", "stored; addresses come from 10.247.0.0/16"),
    kind("runtimeclasses.node.k8s.io", "stored; every pod runs alike"),
    kind("clusterrolebindings.rbac.authorization.k8s.io", ALL_ALLOWED),
    kind("clusterroles.rbac.authorization.k8s.io", ALL_ALLOWED),
    kind("rolebindings.rbac.authorization.k8s.io", ALL_ALLOWED),
    kind("roles.rbac.authorization.k8s.io", ALL_ALLOWED),
    kind("deviceclasses.resource.k8s.io", NO_DEVICES),
    kind("resourceclaims.resource.k8s.io", NO_DEVICES),
    kind("resourceclaimtemplates.resource.k8s.io", NO_DEVICES),
    kind("resourceslices.resource.k8s.io", NO_DEVICES),
    kind("csidrivers.storage.k8s.io", "stored; no driver runs"),
    kind("csinodes.storage.k8s.io", "stored; no driver runs"),
    kind("csistoragecapacities.storage.k8s.io", "stored; no driver runs"),
    field("storageclasses.storage.k8s.io", "mountOptions", STORED),
    field("storageclasses.storage.k8s.io", "parameters", STORED),
    field(
        "storageclasses.storage.k8s.io",
        "provisioner",
        "any provisions a folder, except kubernetes.io/no-provisioner",
    ),
    kind("volumeattachments.storage.k8s.io", "stored; volumes need no attaching"),
    kind("volumeattributesclasses.storage.k8s.io", STORED),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::schema::{Definition, Shape};

    #[test]
    fn every_gap_is_of_a_kind_and_a_field_that_there_are() {
        for gap in GAPS {
            let kind = super::super::by_resource(gap.resource).unwrap_or_else(|| panic!("no kind {}", gap.resource));
            let names = kind.names();
            let mut here = Definition::of_kind(names.api_version, names.kind);
            for step in gap.field.split('.').filter(|s| !s.is_empty()) {
                let field = here.and_then(|d| d.field(step));
                let mut of = field.unwrap_or_else(|| panic!("{} has no {}", names.kind, gap.field)).type_of();
                here = loop {
                    match of.shape() {
                        Shape::List(next) | Shape::Map(next) => of = next,
                        Shape::Definition(definition) => break Some(definition),
                        _ => break None,
                    }
                };
            }
        }
    }

    #[test]
    fn gaps_stand_in_order_and_once() {
        let place = |g: &Gap| KINDS.iter().position(|k| k.names().resource == g.resource);
        assert!(GAPS.is_sorted_by_key(|g| (place(g), g.field)));
        assert!(GAPS.windows(2).all(|w| (w[0].resource, w[0].field) != (w[1].resource, w[1].field)));
        assert_eq!(gaps(None).count(), GAPS.len());
        let pods = super::super::by_resource("pods").unwrap();
        assert!(gaps(Some(pods)).all(|(kind, gap)| kind.names().kind == "Pod" && gap.resource == "pods"));
    }
}
