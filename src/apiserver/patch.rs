//! Patching an object: the patch is applied to the stored object, and the result is an update like any other.

use std::sync::Arc;

use serde_json::Value;

use super::WriteOptions;
use crate::apimachinery::decode::decode_body;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::{self, PatchType};
use crate::apimachinery::schema::Definition;
use crate::apimachinery::status::{Reason, Status};
use crate::cluster::Cluster;
use crate::kinds::Kind;

/// Which part of an object a patch is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    #[default]
    Main,
    Status,
    /// A part of the spec that has a subresource of its own: a pod's `resize`.
    Spec(&'static str),
    /// The Scale of the object; what is returned is the Scale too.
    Scale,
}

impl Part {
    /// The part of a kind's objects that a subresource is; `None` where the kind has no such subresource.
    pub fn of(kind: &dyn Kind, subresource: &str) -> Option<Part> {
        match subresource {
            "" => Some(Part::Main),
            "status" => kind.has_status().then_some(Part::Status),
            "scale" => kind.scale().map(|_| Part::Scale),
            _ => kind.spec_part(subresource).map(|part| Part::Spec(part.name())),
        }
    }

    /// As requests name it; empty for the object itself.
    pub fn name(self) -> &'static str {
        match self {
            Part::Main => "",
            Part::Status => "status",
            Part::Scale => "scale",
            Part::Spec(name) => name,
        }
    }
}

/// Patches an object and returns what is stored then; a patch that changes nothing stores nothing.
///
/// # Errors
/// NotFound, BadRequest and Invalid for the patch itself, and those of [`super::update`] for what comes of it.
pub fn patch(
    cluster: &mut Cluster,
    kind: &dyn Kind,
    (namespace, name): (&str, &str),
    (form, patch): (PatchType, &Value),
    part: Part,
    options: &WriteOptions,
) -> Result<Arc<Object>, Status> {
    let names = kind.names();
    kind.check_served(cluster, "patch", name)?;
    let old = match part {
        Part::Spec(name) if kind.spec_part(name).is_none() => return Err(no_such_part()),
        Part::Main | Part::Status | Part::Spec(_) => super::get(cluster, kind, namespace, name)?,
        Part::Scale => Arc::new(super::get_scale(cluster, kind, namespace, name)?),
    };
    let (api_version, kind_name) = match part {
        Part::Main | Part::Status | Part::Spec(_) => (names.api_version, names.kind),
        Part::Scale => ("autoscaling/v1", "Scale"),
    };
    let definition = Definition::of_kind(api_version, kind_name);
    let patched = patch::apply(form, old.to_value(), patch, definition)?;
    let Some(mut new) = Object::from_value(patched.clone()) else {
        return Err(unfit(go_value::json(&patched), &no_object(&patched)));
    };
    let fitting = match kind.structural().filter(|_| part != Part::Scale) {
        Some(_) => super::decode::decode(kind, new.clone(), options.strict).map(drop),
        None => decode_body(api_version, kind_name, patched, options.strict).map(drop),
    };
    fitting.map_err(|status| match form {
        PatchType::Strategic => unfit(go_format(patch), &conversion_error(&status.message)),
        PatchType::Json | PatchType::Merge => unfit(go_value::json(&new.to_value()), decoding_error(&status.message)),
    })?;
    check_name(&new, namespace, name)?;
    new.internal = old.internal.clone();
    match part {
        Part::Main => super::update(cluster, kind, namespace, new, options),
        Part::Spec(subresource) => {
            super::update(cluster, kind, namespace, new, &WriteOptions { subresource, ..options.clone() })
        }
        Part::Status => super::update_status(cluster, kind, namespace, new, options),
        Part::Scale => super::update_scale(cluster, kind, (namespace, name), &new, options).map(Arc::new),
    }
}

fn no_such_part() -> Status {
    Status::new(Reason::NotFound, "the server could not find the requested resource")
}

/// The fields that a patch would add and the kind does not have: what the server warns of unless it is asked to refuse them.
pub fn unknown_in_patch(kind: &dyn Kind, old: &Object, (form, patch): (PatchType, &Value)) -> Vec<String> {
    let names = kind.names();
    let definition = Definition::of_kind(names.api_version, names.kind);
    let patched = patch::apply(form, old.to_value(), patch, definition).ok().and_then(Object::from_value);
    patched.map(|object| super::unknown_fields(kind, &object)).unwrap_or_default()
}

/// A patch does not rename an object.
fn check_name(new: &Object, namespace: &str, name: &str) -> Result<(), Status> {
    if new.name() != name {
        let why = format!("the name of the object ({}) does not match the name on the URL ({name})", new.name());
        return Err(Status::bad_request(why));
    }
    if !namespace.is_empty() && !new.namespace().is_empty() && new.namespace() != namespace {
        let (is, asked) = (new.namespace(), namespace);
        let why = format!("the namespace of the object ({is}) does not match the namespace on the request ({asked})");
        return Err(Status::bad_request(why));
    }
    Ok(())
}

/// The document a patch makes does not fit its kind: reported about the patch, not about the object.
fn unfit(shown: String, why: &str) -> Status {
    let mut errors = Errors::default();
    errors.invalid(&Path::new("patch"), shown, why);
    Status::invalid("", "", errors)
}

/// What the decoder says of a document that has no fields.
fn no_object(document: &Value) -> String {
    format!(
        "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of type struct {{ \
         APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
        go_value::json_kind(document)
    )
}

/// What the decoder itself says, without what a request's body is told by.
fn decoding_error(message: &str) -> &str {
    let after = message.split_once(" cannot be handled as a ").and_then(|(_, rest)| rest.split_once(": "));
    after.map_or(message, |(_, why)| why)
}

/// A strategic merge patch is converted without Go's JSON decoder, whose errors name more than the converter's.
fn conversion_error(message: &str) -> String {
    if let Some(at) = message.find("strict decoding error: ") {
        return message[at..].to_owned();
    }
    let Some((start, wanted)) = message.rsplit_once(" of type ") else { return message.to_owned() };
    let given = start.split("cannot unmarshal ").nth(1).unwrap_or_default();
    let given = match given.split(" into ").next().unwrap_or_default() {
        "object" => "map",
        "array" => "slice",
        "number" => "int64",
        number if number.starts_with("number ") => "float64",
        other => other,
    };
    // Go converts between numbers, and from numbers to text, so these are told of otherwise.
    let is_conversion = given == "int64" && wanted == "string" || given == "float64" && wanted != "bool";
    match wanted {
        map if map.starts_with("map[") => format!("cannot restore map from {given}"),
        list if list.starts_with("[]") => format!("cannot restore slice from {given}"),
        structure if structure.contains('.') => format!("cannot restore struct from: {given}"),
        _ if is_conversion => format!("cannot convert {given} to {wanted}"),
        _ => format!("unrecognized type: {wanted}"),
    }
}

/// A value as Go's `%v` prints it: `map[spec:map[replicas:x]]`.
fn go_format(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_format).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{}", go_format(v))).collect();
            format!("map[{}]", entries.join(" "))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_print_as_in_go() {
        assert_eq!(go_format(&json!({"b": [1, "x"], "a": {"c": null}})), "map[a:map[c:<nil>] b:[1 x]]");
    }
}
