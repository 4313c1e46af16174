//! Names, namespaces, labels, annotations, images and replicas of all resources. Knows fields, not files.

use std::collections::BTreeMap;

use anyhow::bail;
use regex::Regex;
use serde_json::{Map, Value};

use super::kustomization::{FieldSpec, Image, Kustomization, Replica};
use super::resource::{Resource, object};
use super::shared;

/// Does to a value at a path what `change` does; `/` parts, lists are gone through. Makes what is missing where told to.
pub fn at_path(value: &mut Value, path: &str, create: bool, change: &mut dyn FnMut(&mut Value)) {
    if let Value::Array(items) = value {
        items.iter_mut().for_each(|item| at_path(item, path, create, change));
        return;
    }
    if path.is_empty() {
        return change(value);
    }
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let Value::Object(map) = value else { return };
    if create && map.get(first).is_none_or(Value::is_null) {
        map.insert(first.to_owned(), Value::Object(Map::new()));
    }
    if let Some(inner) = map.get_mut(first) {
        if rest.is_empty() { change(inner) } else { at_path(inner, rest, create, change) }
    }
}

/// Kinds whose names stay as they are.
const KEEP_NAMES: &[&str] = &["CustomResourceDefinition", "APIService", "Namespace"];

/// `namePrefix` and `nameSuffix`.
pub fn names(of: &Kustomization, resources: &mut [Resource]) {
    if of.name_prefix.is_empty() && of.name_suffix.is_empty() {
        return;
    }
    for resource in resources.iter_mut().filter(|r| !KEEP_NAMES.contains(&r.kind())) {
        resource.rename(format!("{}{}{}", of.name_prefix, resource.name(), of.name_suffix));
        resource.affixes.push((of.name_prefix.clone(), of.name_suffix.clone()));
    }
}

/// `namespace`.
pub fn namespace(of: &Kustomization, resources: &mut [Resource]) {
    if of.namespace.is_empty() {
        return;
    }
    let namespace = of.namespace.as_str();
    for resource in resources {
        match resource.kind() {
            "Namespace" => resource.rename(namespace.to_owned()),
            _ if resource.is_namespaced() => resource.move_to(namespace),
            "APIService" => set_text(&mut resource.body, "spec/service/namespace", namespace),
            "CustomResourceDefinition" => {
                set_text(&mut resource.body, "spec/conversion/webhook/clientConfig/service/namespace", namespace);
            }
            _ => {}
        }
        if matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding") {
            at_path(&mut resource.body, "subjects", false, &mut |subjects| default_subjects(subjects, namespace));
        }
    }
}

fn set_text(value: &mut Value, path: &str, text: &str) {
    at_path(value, path, false, &mut |v| *v = text.into());
}

/// The service account `default` of every namespace is there under that name.
fn default_subjects(subjects: &mut Value, namespace: &str) {
    for subject in subjects.as_array_mut().into_iter().flatten() {
        if subject["kind"] == "ServiceAccount" && subject["name"] == "default" {
            subject["namespace"] = namespace.into();
        }
    }
}

/// Where labels also are: kinds (empty for all), the path, and whether it is made.
type Place = (&'static [&'static str], &'static str, bool);

const WORKLOADS: &[&str] = &["ReplicationController", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job"];

const TEMPLATES: &[Place] = &[
    (WORKLOADS, "spec/template/metadata/labels", true),
    (&["StatefulSet"], "spec/volumeClaimTemplates/metadata/labels", true),
    (&["CronJob"], "spec/jobTemplate/metadata/labels", true),
    (&["CronJob"], "spec/jobTemplate/spec/template/metadata/labels", true),
];

const SELECTORS: &[Place] = &[
    (&["Service", "ReplicationController"], "spec/selector", true),
    (&["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"], "spec/selector/matchLabels", true),
    (&["Job", "PodDisruptionBudget"], "spec/selector/matchLabels", false),
    (&["CronJob"], "spec/jobTemplate/spec/selector/matchLabels", false),
    (&["NetworkPolicy"], "spec/podSelector/matchLabels", false),
    (&["NetworkPolicy"], "spec/ingress/from/podSelector/matchLabels", false),
    (&["NetworkPolicy"], "spec/egress/to/podSelector/matchLabels", false),
    (
        AFFINE,
        "spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
        false,
    ),
    (
        AFFINE,
        "spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
        false,
    ),
    (
        AFFINE,
        "spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
        false,
    ),
    (
        AFFINE,
        "spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
        false,
    ),
    (AFFINE, "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", false),
];

const AFFINE: &[&str] = &["Deployment", "StatefulSet"];

const ANNOTATED: &[Place] = &[
    (WORKLOADS, "spec/template/metadata/annotations", true),
    (&["CronJob"], "spec/jobTemplate/metadata/annotations", true),
    (&["CronJob"], "spec/jobTemplate/spec/template/metadata/annotations", true),
];

/// `labels`, `commonLabels`.
pub fn labels(of: &Kustomization, resources: &mut [Resource]) {
    for entry in &of.labels {
        let templates = entry.include_templates || entry.include_selectors;
        let places = [(templates, TEMPLATES), (entry.include_selectors, SELECTORS)];
        add_pairs(&entry.pairs, "labels", &places, resources);
        entry.fields.iter().for_each(|field| add_pairs_at(&entry.pairs, field, resources));
    }
    add_pairs(&of.common_labels, "labels", &[(true, TEMPLATES), (true, SELECTORS)], resources);
}

/// Adds pairs at a place that a kustomization names.
fn add_pairs_at(pairs: &BTreeMap<String, String>, field: &FieldSpec, resources: &mut [Resource]) {
    let fits = |own: &str, text: &str| own.is_empty() || own == text;
    for resource in resources {
        let (group, version) = resource.group_version();
        if fits(&field.group, group) && fits(&field.version, version) && fits(&field.kind, resource.kind()) {
            at_path(&mut resource.body, &field.path, field.create, &mut |value| {
                if value.is_null() {
                    *value = Value::Object(Map::new());
                }
                if let Value::Object(map) = value {
                    map.extend(pairs.iter().map(|(k, v)| (k.clone(), v.as_str().into())));
                }
            });
        }
    }
}

/// `commonAnnotations`.
pub fn annotations(of: &Kustomization, resources: &mut [Resource]) {
    add_pairs(&of.common_annotations, "annotations", &[(true, ANNOTATED)], resources);
}

fn add_pairs(pairs: &BTreeMap<String, String>, field: &str, places: &[(bool, &[Place])], resources: &mut [Resource]) {
    if pairs.is_empty() {
        return;
    }
    for resource in resources {
        object(&mut resource.body, "metadata");
        let kind = resource.kind().to_owned();
        let mut at = vec![(format!("metadata/{field}"), true)];
        let its =
            places.iter().filter(|(on, _)| *on).flat_map(|(_, p)| *p).filter(|(k, ..)| k.contains(&kind.as_str()));
        at.extend(its.map(|(_, path, create)| ((*path).to_owned(), *create)));
        pairs.iter().for_each(|(key, value)| shared::set(resource, key, value, &at));
    }
}

/// Kinds that `replicas` is for, as kustomize lists them.
const SCALED: [&str; 4] = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];

/// `replicas`.
///
/// # Errors
/// A name that no resource has.
pub fn replicas(of: &Kustomization, resources: &mut [Resource]) -> anyhow::Result<()> {
    for Replica { name, count } in &of.replicas {
        let mut found = false;
        for resource in resources.iter_mut().filter(|r| r.is_called(name) && SCALED.contains(&r.kind())) {
            object(&mut resource.body, "spec").insert("replicas".to_owned(), (*count).into());
            found = true;
        }
        if !found {
            let kinds: Vec<String> = SCALED.iter().map(|k| format!("{k}.[noVer].[noGrp]")).collect();
            bail!("resource with name {name} does not match a config with the following GVK [{}]", kinds.join(" "));
        }
    }
    Ok(())
}

/// `images`: in every list of containers, wherever an object has one.
///
/// # Errors
/// A name that is no regular expression.
pub fn images(of: &Kustomization, resources: &mut [Resource]) -> anyhow::Result<()> {
    for image in of.images.iter().chain(&of.image_tags) {
        let image = &NewImage::of(image)?;
        for resource in resources.iter_mut().filter(|r| r.kind() != "CustomResourceDefinition") {
            change_images(&mut resource.body, image);
            // kustomize has two transformers for images, and both know these places: a suffix is added twice.
            for place in ["/spec", "/spec/template/spec"] {
                for list in ["containers", "initContainers"] {
                    if let Some(containers) = resource.body.pointer_mut(&format!("{place}/{list}")) {
                        change_images_of(containers, image);
                    }
                }
            }
        }
    }
    Ok(())
}

/// What becomes of images whose name an expression matches, whatever their tag and digest.
struct NewImage<'i> {
    named: Regex,
    image: &'i Image,
}

impl<'i> NewImage<'i> {
    fn of(image: &'i Image) -> anyhow::Result<NewImage<'i>> {
        let tag_and_digest = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?";
        Ok(NewImage { named: Regex::new(&format!("^{}{tag_and_digest}$", image.name))?, image })
    }
}

fn change_images(value: &mut Value, image: &NewImage) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if matches!(key.as_str(), "containers" | "initContainers") {
                    change_images_of(inner, image);
                }
                change_images(inner, image);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| change_images(item, image)),
        _ => {}
    }
}

fn change_images_of(containers: &mut Value, image: &NewImage) {
    for container in containers.as_array_mut().into_iter().flatten() {
        if let Some(Value::String(text)) = container.get_mut("image") {
            *text = changed_image(text, image);
        }
    }
}

fn changed_image(text: &str, new: &NewImage) -> String {
    if !new.named.is_match(text) {
        return text.to_owned();
    }
    let image = new.image;
    let (rest, digest) = text.split_once('@').map_or((text, ""), |(r, d)| (r, d));
    // A colon before the last slash is a port's.
    let start = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[start..].find(':') {
        Some(at) => (&rest[..start + at], &rest[start + at + 1..]),
        None => (rest, ""),
    };
    let name = if image.new_name.is_empty() { name } else { &image.new_name };
    let (mut tag, mut digest) = (tag.to_owned(), digest);
    if !image.new_tag.is_empty() {
        (tag, digest) = (image.new_tag.clone(), "");
    }
    if !image.digest.is_empty() {
        (tag, digest) = (image.new_tag.clone(), &image.digest);
    }
    if !image.tag_suffix.is_empty() && image.new_tag.is_empty() && image.digest.is_empty() {
        (tag, digest) = (tag + &image.tag_suffix, "");
    }
    let tag = if tag.is_empty() { tag } else { format!(":{tag}") };
    let digest = if digest.is_empty() { String::new() } else { format!("@{digest}") };
    format!("{name}{tag}{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_changed_by_their_name() {
        let image = |new_name: &str, new_tag: &str, digest: &str| Image {
            name: "nginx".to_owned(),
            new_name: new_name.to_owned(),
            new_tag: new_tag.to_owned(),
            digest: digest.to_owned(),
            ..Image::default()
        };
        let cases = [
            ("nginx", image("", "1", ""), "nginx:1"),
            ("nginx:0@sha256:a", image("", "1", ""), "nginx:1"),
            ("nginx:0", image("h:5000/x", "", ""), "h:5000/x:0"),
            ("nginx:0", image("", "", "sha256:b"), "nginx@sha256:b"),
            ("h:5000/nginx", image("", "1", ""), "h:5000/nginx"),
            ("nginxes:1", image("", "2", ""), "nginxes:1"),
        ];
        let any = Image { name: "ngin.*".to_owned(), new_tag: "2".to_owned(), ..Image::default() };
        assert_eq!(changed_image("nginxes:1", &NewImage::of(&any).unwrap()), "nginxes:2");
        for (text, image, want) in cases {
            assert_eq!(changed_image(text, &NewImage::of(&image).unwrap()), want, "{text}");
        }
    }
}
