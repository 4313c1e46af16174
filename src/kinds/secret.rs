//! Secret: data that is kept apart. Knows no pod that reads it.

mod account_token;
mod describe;
mod tls;

pub use tls::{first_block_type, key_pair_problem};

use std::sync::Arc;

use serde_json::{Map, Value};

use super::describe::{Text, View};
use super::plan::Plan;
use super::{Kind, Names, Trigger, data_keys, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// The kind.
pub struct Secret;

static NAMES: Names = Names::core("Secret", "secrets", "secret", &[]);
static COLUMNS: [Column; 4] = [column("Name"), column("Type"), column("Data"), column("Age")];

const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";
const REDACTED: &str = "<secret contents redacted>";

/// What `--field-selector` knows of it besides its name.
const SELECTABLE: &[(&str, &str)] = &[("type", "/type")];

impl Kind for Secret {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let data = object.map_at("/data").map_or(0, Map::len);
        let age = time::age(object.creation_timestamp(), now);
        vec![object.name().to_owned(), object.str_at("/type").to_owned(), data.to_string(), age]
    }

    fn describe(&self, object: &Object, _view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, out);
        Ok(())
    }

    /// `stringData` is write-only: it is merged into `data`, as bytes.
    fn set_defaults(&self, object: &mut Object) {
        if let Some(Value::Object(texts)) = object.remove("/stringData") {
            let mut data = object.map_at("/data").cloned().unwrap_or_default();
            for (key, text) in texts {
                let bytes = text.as_str().unwrap_or_default().as_bytes();
                data.insert(key, data_keys::encode(bytes).into());
            }
            if !data.is_empty() {
                object.set("/data", Value::Object(data));
            }
        }
        zeros::omit(object, &["/data"]);
        if object.str_at("/type").is_empty() {
            object.set("/type", "Opaque".into());
        }
    }

    fn key_reference(&self) -> Option<&'static str> {
        Some("secretKeyRef")
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let empty = Map::new();
        let data = object.map_at("/data").unwrap_or(&empty);
        for key in data.keys() {
            data_keys::validate_key(key, &Path::new("data"), &mut errors);
        }
        if data_keys::decoded_size(data) > data_keys::MAX_SIZE {
            errors.too_long(&Path::new("data"), data_keys::MAX_SIZE);
        }
        validate_type(object, data, &mut errors);
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = Errors::default();
        if new.str_at("/type") != old.str_at("/type") {
            errors.invalid(&Path::new("type"), new.str_at("/type"), "field is immutable");
        }
        errors.append(data_keys::validate_immutable(new, old, &["data"]));
        errors.append(self.validate(new));
        errors
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        if new.str_at("/type") != "kubernetes.io/tls" {
            return Vec::new();
        }
        let bytes = |pointer| new.at(pointer).map(data_keys::decode).unwrap_or_default();
        tls::key_pair_problem(&bytes("/data/tls.crt"), &bytes("/data/tls.key")).into_iter().collect()
    }

    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        SELECTABLE
    }

    fn reconcile(&self, secret: &Arc<Object>, cluster: &Cluster, _now: Time) -> Result<Plan, Status> {
        account_token::reconcile(secret, cluster)
    }

    fn triggers(&self) -> &'static [Trigger] {
        &[Trigger { resource: "serviceaccounts", keys: account_token::of_account }]
    }
}

/// What each built-in type must hold.
fn validate_type(object: &Object, data: &Map<String, Value>, errors: &mut Errors) {
    let path = Path::new("data");
    let mut require = |key: &str| {
        if !data.contains_key(key) {
            errors.required(&path.key(key), "");
        }
    };
    match object.str_at("/type") {
        TOKEN_TYPE if object.annotation(ACCOUNT_NAME).unwrap_or_default().is_empty() => {
            errors.required(&Path::new("metadata.annotations").key(ACCOUNT_NAME), "");
        }
        "kubernetes.io/dockercfg" => validate_json(data, ".dockercfg", errors),
        "kubernetes.io/dockerconfigjson" => validate_json(data, ".dockerconfigjson", errors),
        "kubernetes.io/basic-auth" if !data.contains_key("username") && !data.contains_key("password") => {
            require("username");
            require("password");
        }
        "kubernetes.io/ssh-auth" if data.get("ssh-privatekey").is_none_or(|v| v == "") => {
            errors.required(&path.key("ssh-privatekey"), "");
        }
        "kubernetes.io/tls" => {
            require("tls.crt");
            require("tls.key");
        }
        _ => {}
    }
}

/// A key whose value must be a JSON object.
fn validate_json(data: &Map<String, Value>, key: &str, errors: &mut Errors) {
    let path = Path::new("data").key(key);
    let Some(value) = data.get(key) else { return errors.required(&path, "") };
    if let Some(problem) = json_problem(&data_keys::decode(value)) {
        errors.invalid(&path, REDACTED, &problem);
    }
}

/// Why bytes are no JSON object, in the words of Go's encoding/json where the first character or the end gives it away.
fn json_problem(bytes: &[u8]) -> Option<String> {
    let kind = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(_) | Value::Null) => return None,
        Ok(Value::Array(_)) => "array",
        Ok(Value::String(_)) => "string",
        Ok(Value::Number(_)) => "number",
        Ok(Value::Bool(_)) => "bool",
        Err(e) if e.is_eof() => return Some("unexpected end of JSON input".to_owned()),
        Err(e) => return Some(syntax_problem(bytes, &e)),
    };
    Some(format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"))
}

fn syntax_problem(bytes: &[u8], error: &serde_json::Error) -> String {
    let first = bytes.trim_ascii_start().first().copied().unwrap_or(b' ');
    match first {
        b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => error.to_string(),
        other => format!("invalid character '{}' looking for beginning of value", char::from(other).escape_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(body: Value) -> Object {
        let mut o = Object::from_value(body).unwrap();
        Secret.set_defaults(&mut o);
        o
    }

    fn errors(body: Value) -> Vec<String> {
        Secret.validate(&secret(body)).0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn string_data_becomes_data() {
        let o = secret(
            json!({"metadata": {"name": "s"}, "data": {"a": "eA==", "b": "eQ=="}, "stringData": {"b": "hunter2"}}),
        );
        assert_eq!(o.at("/data"), Some(&json!({"a": "eA==", "b": "aHVudGVyMg=="})));
        assert_eq!((o.at("/stringData"), o.str_at("/type")), (None, "Opaque"));
        assert_eq!(Secret.cells(&o, Time::MAX_UTC)[..3], ["s", "Opaque", "2"]);
    }

    #[test]
    fn types_want_their_keys() {
        let cases: [(Value, &[&str]); 10] = [
            (json!({"type": "kubernetes.io/tls"}), &["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
            (json!({"type": "kubernetes.io/tls", "stringData": {"tls.crt": "", "tls.key": ""}}), &[]),
            (
                json!({"type": "kubernetes.io/basic-auth"}),
                &["data[username]: Required value", "data[password]: Required value"],
            ),
            (json!({"type": "kubernetes.io/basic-auth", "stringData": {"password": "x"}}), &[]),
            (json!({"type": "kubernetes.io/ssh-auth"}), &["data[ssh-privatekey]: Required value"]),
            (json!({"type": "kubernetes.io/dockerconfigjson"}), &["data[.dockerconfigjson]: Required value"]),
            (
                json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "x"}}),
                &[
                    "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid character 'x' looking for beginning of value",
                ],
            ),
            (
                json!({"type": "kubernetes.io/dockercfg", "stringData": {".dockercfg": ""}}),
                &["data[.dockercfg]: Invalid value: \"<secret contents redacted>\": unexpected end of JSON input"],
            ),
            (
                json!({"type": "kubernetes.io/service-account-token"}),
                &["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
            ),
            (json!({"type": "my/own"}), &[]),
        ];
        for (body, want) in cases {
            assert_eq!(errors(body.clone()), want, "{body}");
        }
    }

    #[test]
    fn the_type_stays() {
        let errors = Secret.validate_update(&secret(json!({})), &secret(json!({"type": "my/own"})));
        assert_eq!(errors.0[0].to_string(), "type: Invalid value: \"Opaque\": field is immutable");
    }

    #[test]
    fn tls_without_a_certificate_is_warned_of() {
        let o = secret(json!({"type": "kubernetes.io/tls", "stringData": {"tls.crt": "a", "tls.key": "b"}}));
        assert_eq!(Secret.warnings(&o, None), ["tls: failed to find any PEM data in certificate input"]);
    }
}
