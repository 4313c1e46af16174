//! A request's body as an object of its kind.

use super::WriteOptions;
use crate::apimachinery::decode;
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;
use crate::apimachinery::schema::Definition;
use crate::apimachinery::status::Status;
use crate::apimachinery::structural::{self, Structural};
use crate::apimachinery::zeros;
use crate::kinds::Kind;

/// Metadata that is not kept when it is empty.
const OMITTED: [&str; 5] = [
    "/metadata/annotations",
    "/metadata/finalizers",
    "/metadata/generateName",
    "/metadata/labels",
    "/metadata/ownerReferences",
];

/// The object of a request to create one, decoded unless it was made so.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_sent(kind: &dyn Kind, object: Object, options: &WriteOptions) -> Result<Object, Status> {
    if !options.is_decoded {
        return decode(kind, object, options.strict);
    }
    debug_assert_eq!(decode(kind, object.clone(), false).as_ref(), Ok(&object), "what is made as if it were decoded");
    Ok(object)
}

/// Checks a body against its kind's schema and drops nulls, as decoding into the server's types does.
///
/// # Errors
/// BadRequest in the server's words: unknown fields (when `strict`), wrong types, quantities that are none.
pub fn decode(kind: &dyn Kind, object: Object, strict: bool) -> Result<Object, Status> {
    if let Some(schema) = kind.structural() {
        return custom(kind, schema, object, strict);
    }
    let names = kind.names();
    let internal = object.internal.clone();
    let other = kind.other_versions().iter().find(|v| v.api_version == object.api_version());
    let version = other.map_or(names.api_version, |v| v.api_version);
    let body = decode::decode_body(version, names.kind, object.into_value(), strict)?;
    let mut object =
        Object::from_value(body).ok_or_else(|| Status::bad_request(format!("{} is not a JSON object", names.kind)))?;
    object.internal = internal;
    if let Some(other) = other {
        (other.convert)(&mut object);
    }
    zeros::omit(&mut object, &OMITTED);
    Ok(object)
}

/// As [`decode`], of a kind with a schema of its own: the type and metadata are Kubernetes', the rest is the schema's.
fn custom(kind: &dyn Kind, schema: &Structural, mut object: Object, strict: bool) -> Result<Object, Status> {
    let names = kind.names();
    let sent = object.kind().to_owned();
    let refuse = |why: &str| {
        let (version, kind) = (names.version, names.kind);
        Status::bad_request(format!("{sent} in version {version:?} cannot be handled as a {kind}: {why}"))
    };
    let mut unknown = Vec::new();
    let meta = Definition::named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    if let (Some(definition), Some(metadata)) = (meta, object.remove("/metadata")) {
        let decoded = decode::decode(definition, metadata).map_err(|e| refuse(&e.0))?;
        let field = |error: &String| {
            error.strip_prefix("unknown field \"").map(|f| format!("metadata.{}", f.trim_end_matches('"')))
        };
        unknown.extend(decoded.strict_errors.iter().filter_map(field));
        object.set("/metadata", decoded.value);
    }
    unknown.extend(object.body_mut().change(|fields| structural::prune(fields, schema)).unknown);
    if strict && !unknown.is_empty() {
        let all: Vec<String> = unknown.iter().map(|field| format!("unknown field {}", quote(field))).collect();
        return Err(refuse(&format!("strict decoding error: {}", all.join(", "))));
    }
    object.set("/apiVersion", names.api_version.into());
    object.set("/kind", names.kind.into());
    zeros::omit(&mut object, &OMITTED);
    Ok(object)
}

/// The fields of a body that its kind does not have: `spec.color`. None where the body is none of the kind's at all.
pub fn unknown_fields(kind: &dyn Kind, manifest: &Object) -> Vec<String> {
    let names = kind.names();
    if let Some(schema) = kind.structural() {
        return structural::prune(&mut manifest.body().to_map(), schema).unknown;
    }
    let decoded = Definition::of_kind(names.api_version, names.kind).map(|d| decode::decode(d, manifest.to_value()));
    let Some(Ok(decoded)) = decoded else { return Vec::new() };
    let field = |text: &String| Some(text.strip_prefix("unknown field \"")?.strip_suffix('"')?.to_owned());
    decoded.strict_errors.iter().filter_map(field).collect()
}
