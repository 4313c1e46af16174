//! Ingress: which service answers for which host and path. Stored, not acted on.

use super::describe::{Text, View};
use super::pod::Fields;
use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};
mod describe;
mod validation;

/// The kind.
pub struct Ingress;

static NAMES: Names = Names {
    group: "networking.k8s.io",
    api_version: "networking.k8s.io/v1",
    resource: "ingresses.networking.k8s.io",
    ..Names::core("Ingress", "ingresses", "ingress", &["ing"])
};
static COLUMNS: [Column; 6] =
    [column("Name"), column("Class"), column("Hosts"), column("Address"), column("Ports"), column("Age")];

/// The annotation that named a class before the field did.
const CLASS: &str = "kubernetes.io/ingress.class";
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

impl Kind for Ingress {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let hosts: Vec<&str> =
            object.list_at("/spec/rules").iter().map(|r| r.text("host")).filter(|h| !h.is_empty()).collect();
        let class = object.at("/spec/ingressClassName").and_then(Value::as_str);
        let addresses = object.list_at("/status/loadBalancer/ingress").iter().map(|i| match i.text("ip") {
            "" => i.text("hostname"),
            ip => ip,
        });
        let ports = if object.list_at("/spec/tls").is_empty() { "80" } else { "80, 443" };
        vec![
            object.name().to_owned(),
            class.unwrap_or("<none>").to_owned(),
            shown_hosts(&hosts),
            addresses.filter(|a| !a.is_empty()).collect::<Vec<_>>().join(","),
            ports.to_owned(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({"loadBalancer": {}}));
    }

    fn admit(&self, object: &mut Object, cluster: &Cluster) -> Result<(), Status> {
        // The DefaultIngressClass admission plugin; the old annotation counts as a class.
        if object.at("/spec/ingressClassName").is_none() && object.annotation(CLASS).is_none() {
            let classes = cluster.list("ingressclasses.networking.k8s.io", None)?;
            let default = classes.iter().filter(|c| c.annotation(DEFAULT_CLASS) == Some("true"));
            let newest = default.min_by_key(|c| (std::cmp::Reverse(c.creation_timestamp()), c.name().to_owned()));
            if let Some(class) = newest {
                object.set("/spec/ingressClassName", class.name().into());
            }
        }
        Ok(())
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = validation::validate(object);
        let class = object.at("/spec/ingressClassName").and_then(Value::as_str);
        if let (Some(old), Some(new)) = (object.annotation(CLASS), class)
            && old != new
        {
            let path = Path::new("annotations").child(CLASS);
            errors.invalid(&path, old, "must match `ingressClassName` when both are specified");
        }
        errors
    }

    fn validate_update(&self, new: &Object, _old: &Object) -> Errors {
        validation::validate(new)
    }

    /// Of a new Ingress only, and of one that has no class of its own.
    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let is_told = old.is_none() && new.at("/spec/ingressClassName").is_none() && new.annotation(CLASS).is_some();
        let why = format!("annotation {CLASS:?} is deprecated, please use 'spec.ingressClassName' instead");
        is_told.then_some(why).into_iter().collect()
    }

    fn has_generation(&self) -> bool {
        true
    }
}

/// At most three hosts, `*` for none.
fn shown_hosts(hosts: &[&str]) -> String {
    match hosts {
        [] => "*".to_owned(),
        [a, b, c, rest @ ..] if !rest.is_empty() => format!("{a},{b},{c} + {} more...", rest.len()),
        all => all.join(","),
    }
}
