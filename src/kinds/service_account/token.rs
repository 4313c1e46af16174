//! Tokens of service accounts: the `token` subresource. A token is shaped as a cluster's and signed with a key that only
//! the store's seed gives; nothing here checks one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::cluster::Cluster;

/// Who signs, and who tokens are for unless a request says otherwise.
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// What stands where a cluster's certificate would: kstate has no API server that a pod could call.
pub const ROOT_CERTIFICATE: &str = "kstate runs no API server, so there is no certificate to trust.\n";

const DEFAULT_SECONDS: i64 = 3600;
const LEAST_SECONDS: i64 = 600;
const MOST_SECONDS: i64 = 1 << 32;

/// Grants what a TokenRequest asks for; the store stays as it is.
///
/// # Errors
/// NotFound for an account or a bound object that is not there, BadRequest for a pod of another account, Conflict for a
/// bound object with another UID, Invalid for a lifetime that is too short or too long.
pub fn create_token(cluster: &Cluster, (namespace, name): (&str, &str), request: &Object) -> Result<Object, Status> {
    let account = found(cluster, &Key::new("serviceaccounts", namespace, name))?;
    let seconds = request.i64_at("/spec/expirationSeconds").unwrap_or(DEFAULT_SECONDS);
    check_lifetime(seconds)?;
    let mut claims = json!({"namespace": namespace, "serviceaccount": named(&account)});
    if let Some(bound) = request.at("/spec/boundObjectRef") {
        bind(cluster, (namespace, name), bound, &mut claims)?;
    }
    let audiences = match request.list_at("/spec/audiences") {
        [] => json!([ISSUER]),
        own => json!(own),
    };
    let now = cluster.now();
    let purpose = format!("token {namespace}/{name} {} {audiences}", now.timestamp_micros());
    let payload = json!({
        "aud": audiences, "exp": now.timestamp().saturating_add(seconds), "iat": now.timestamp(), "iss": ISSUER,
        "jti": cluster.seed().uuid(&purpose, cluster.resource_version()), "kubernetes.io": claims,
        "nbf": now.timestamp(), "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let expires = now.checked_add_signed(TimeDelta::seconds(seconds)).unwrap_or(now);
    let mut granted = Object::new("authentication.k8s.io/v1", "TokenRequest", namespace, name);
    granted.set("/metadata/creationTimestamp", time::to_rfc3339(now).into());
    granted.set("/spec", request.at("/spec").cloned().unwrap_or_default());
    granted.set("/spec/audiences", audiences);
    granted.set("/spec/expirationSeconds", seconds.into());
    granted.set_default("/spec/boundObjectRef", Value::Null);
    granted.set("/status/expirationTimestamp", time::to_rfc3339(expires).into());
    granted.set("/status/token", signed(cluster, &payload).into());
    Ok(granted)
}

/// The token that a secret holds for good: bound to the secret by name alone, as those of the tokens controller.
pub fn secret_token(cluster: &Cluster, account: &Object, secret: &Object) -> String {
    let (namespace, name) = (account.namespace(), account.name());
    signed(
        cluster,
        &json!({
            "iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/namespace": namespace,
            "kubernetes.io/serviceaccount/secret.name": secret.name(),
            "kubernetes.io/serviceaccount/service-account.name": name,
            "kubernetes.io/serviceaccount/service-account.uid": account.uid(),
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
        }),
    )
}

fn found(cluster: &Cluster, key: &Key) -> Result<std::sync::Arc<Object>, Status> {
    cluster.get(key)?.ok_or_else(|| Status::not_found(&key.resource, &key.name))
}

fn named(object: &Object) -> Value {
    json!({"name": object.name(), "uid": object.uid()})
}

fn check_lifetime(seconds: i64) -> Result<(), Status> {
    let mut errors = Errors::default();
    let path = Path::new("spec").child("expirationSeconds");
    if seconds < LEAST_SECONDS {
        errors.invalid(&path, seconds, "may not specify a duration less than 10 minutes");
    }
    if seconds > MOST_SECONDS {
        errors.invalid(&path, seconds, "may not specify a duration larger than 2^32 seconds");
    }
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid("TokenRequest.authentication.k8s.io", "", errors)) }
}

/// Adds the claims of the object that the token is bound to.
fn bind(
    cluster: &Cluster,
    (namespace, account): (&str, &str),
    bound: &Value,
    claims: &mut Value,
) -> Result<(), Status> {
    let text = |field: &str| bound.get(field).and_then(Value::as_str).unwrap_or_default();
    let (kind, name) = (text("kind"), text("name"));
    let (claim, key) = match kind {
        "Pod" => ("pod", Key::new("pods", namespace, name)),
        "Secret" => ("secret", Key::new("secrets", namespace, name)),
        "Node" => ("node", Key::cluster("nodes", name)),
        _ => {
            let version = text("apiVersion");
            return Err(Status::bad_request(format!("cannot bind token to object of type /{version}, Kind={kind}")));
        }
    };
    let object = found(cluster, &key)?;
    if kind == "Pod" && object.str_at("/spec/serviceAccountName") != account {
        let why = format!(
            "cannot bind token for serviceaccount {account:?} to pod running with different serviceaccount name."
        );
        return Err(Status::bad_request(&why));
    }
    let uid = text("uid");
    if !uid.is_empty() && uid != object.uid() {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been \
             deleted and then recreated"
        );
        return Err(Status::conflict(kind, name, &why));
    }
    claims[claim] = named(&object);
    // A pod's token says where the pod is.
    let node = object.str_at("/spec/nodeName");
    if kind == "Pod"
        && let Some(node) = cluster.get(&Key::cluster("nodes", node))?
    {
        claims["node"] = named(&node);
    }
    Ok(())
}

/// The three parts of a JSON Web Token.
fn signed(cluster: &Cluster, payload: &Value) -> String {
    let key = cluster.seed().sha256("token key", 0);
    let header = json!({"alg": "HS256", "kid": &key[..8]});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&header), part(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("an HMAC takes a key of any length");
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
