//! The kinds: one file (or file and folder) per kind with everything about it, one row in [`KINDS`].
//!
//! Pure. Knows the cluster to read from, not who asks: no request, no transaction, no printing.

use crate::apimachinery::object::Object;
use crate::apimachinery::time;
use crate::apimachinery::zeros;

mod admission_policy;
mod api_service;
mod certificate_signing_request;
mod class;
mod cluster_role;
mod cluster_role_binding;
pub mod component_status;
mod config_map;
mod controller_revision;
mod cron_job;
mod csi_driver;
mod csi_node;
mod csi_storage_capacity;
mod custom_resource;
mod custom_resource_definition;
mod daemon_set;
mod data_keys;
mod deployment;
pub mod describe;
mod device_claim;
mod device_class;
#[cfg(test)]
pub(crate) mod empty_store;
pub mod endpoint_slice;
mod endpoints;
mod event;
pub mod exposure;
mod feature_gate;
mod flow_schema;
mod horizontal_pod_autoscaler;
mod ingress;
mod ingress_class;
mod int_or_percent;
mod internal;
mod ip;
mod ip_address;
mod job;
mod kind;
pub mod lease;
mod limit_range;
mod mutating_admission_policy;
mod mutating_admission_policy_binding;
mod mutating_webhook_configuration;
mod namespace;
mod naming;
mod network_policy;
mod node;
pub mod pace;
mod persistent_volume;
mod persistent_volume_claim;
pub mod plan;
pub mod pod;
mod pod_disruption_budget;
pub mod pod_security;
mod pod_template;
mod priority_class;
mod priority_level_configuration;
pub mod quota;
pub mod rbac;
mod reference;
mod registry;
mod replica_set;
mod replication_controller;
mod resource_claim;
mod resource_claim_template;
mod resource_list;
mod resource_quota;
mod resource_slice;
mod review;
mod role;
mod role_binding;
pub mod rollout;
mod runtime_class;
mod scale_paths;
mod secret;
mod service;
mod service_account;
mod service_cidr;
pub mod spec_part;
mod stateful_set;
mod storage_class;
pub mod support;
mod trigger;
mod validating_admission_policy;
mod validating_admission_policy_binding;
mod validating_webhook_configuration;
mod volume_attachment;
mod volume_attributes_class;
mod webhook;
pub mod why;
mod workload;
mod written;

pub use custom_resource::{versions as versions_of_definition, versions_to_be};
pub use custom_resource_definition::RESOURCE as DEFINITIONS;
pub use endpoint_slice::SERVICE_NAME_LABEL;
pub use kind::Kind;
pub use naming::{Names, OtherVersion};
pub use node::{evicts as node_evicts, has_evicted as node_has_evicted, labels as node_labels, status as node_status};
pub use persistent_volume::deletion_problem;
pub use persistent_volume_claim::validate_claim_spec;
pub use pod_disruption_budget::budgets_of_pod;
pub use priority_class::SYSTEM_CLASSES as SYSTEM_PRIORITY_CLASSES;
pub use registry::{Registry, by_api_version, by_resource, of_api_version, of_resource, serves};
pub use review::REVIEWS;
pub use scale_paths::ScalePaths;
pub use secret::key_pair_problem;
pub use service::service_made_at;
pub use service_account::{ROOT_CERTIFICATE, create_token};
pub use stateful_set::{OWNED_CLAIMS, PODS_BY_CONTROLLER};
pub use trigger::{ANY_CUSTOM, Trigger};

/// Every built-in kind. The order is that of `kubectl api-resources`: by group, then by plural.
pub static KINDS: &[KindRef] = &[
    &component_status::ComponentStatus,
    &config_map::ConfigMap,
    &endpoints::Endpoints,
    &event::Event,
    &limit_range::LimitRange,
    &namespace::Namespace,
    &node::Node,
    &persistent_volume_claim::PersistentVolumeClaim,
    &persistent_volume::PersistentVolume,
    &pod::Pod,
    &pod_template::PodTemplate,
    &replication_controller::ReplicationController,
    &resource_quota::ResourceQuota,
    &secret::Secret,
    &service_account::ServiceAccount,
    &service::Service,
    &mutating_admission_policy::MutatingAdmissionPolicy,
    &mutating_admission_policy_binding::MutatingAdmissionPolicyBinding,
    &mutating_webhook_configuration::MutatingWebhookConfiguration,
    &validating_admission_policy::ValidatingAdmissionPolicy,
    &validating_admission_policy_binding::ValidatingAdmissionPolicyBinding,
    &validating_webhook_configuration::ValidatingWebhookConfiguration,
    &custom_resource_definition::CustomResourceDefinition,
    &api_service::APIService,
    &controller_revision::ControllerRevision,
    &daemon_set::DaemonSet,
    &deployment::Deployment,
    &replica_set::ReplicaSet,
    &stateful_set::StatefulSet,
    &horizontal_pod_autoscaler::HorizontalPodAutoscaler,
    &cron_job::CronJob,
    &job::Job,
    &certificate_signing_request::CertificateSigningRequest,
    &lease::Lease,
    &endpoint_slice::EndpointSlice,
    &flow_schema::FlowSchema,
    &priority_level_configuration::PriorityLevelConfiguration,
    &ingress_class::IngressClass,
    &ingress::Ingress,
    &ip_address::IPAddress,
    &network_policy::NetworkPolicy,
    &service_cidr::ServiceCIDR,
    &runtime_class::RuntimeClass,
    &pod_disruption_budget::PodDisruptionBudget,
    &cluster_role_binding::ClusterRoleBinding,
    &cluster_role::ClusterRole,
    &role_binding::RoleBinding,
    &role::Role,
    &device_class::DeviceClass,
    &resource_claim::ResourceClaim,
    &resource_claim_template::ResourceClaimTemplate,
    &resource_slice::ResourceSlice,
    &priority_class::PriorityClass,
    &csi_driver::CSIDriver,
    &csi_node::CSINode,
    &csi_storage_capacity::CSIStorageCapacity,
    &storage_class::StorageClass,
    &volume_attachment::VolumeAttachment,
    &volume_attributes_class::VolumeAttributesClass,
];

/// One kind, as requests and controllers reach it. It lives as long as the process.
pub type KindRef = &'static dyn Kind;

/// The column `Created At` of kinds that have no table of their own.
fn created_at(object: &Object) -> String {
    object.creation_timestamp().map_or("<unknown>".to_owned(), time::to_rfc3339)
}

#[cfg(test)]
mod tests;
