//! What `describe` prints of a Secret: how long its values are, and not what they are.

use crate::apimachinery::object::Object;
use crate::kinds::data_keys;
use crate::kinds::describe::{Text, annotations, labels};

pub fn describe(secret: &Object, out: &mut Text) {
    out.field(0, "Name", secret.name());
    out.field(0, "Namespace", secret.namespace());
    labels(out, secret);
    annotations(out, "Annotations", secret.map_at("/metadata/annotations"));
    let kind = secret.str_at("/type");
    out.field(0, "\nType", kind);
    out.line(0, "\nData\n====");
    for (key, value) in secret.map_at("/data").into_iter().flatten() {
        let bytes = data_keys::decode(value);
        if key == "token" && kind == "kubernetes.io/service-account-token" {
            out.field(0, key, String::from_utf8_lossy(&bytes));
        } else {
            out.field(0, key, format_args!("{} bytes", bytes.len()));
        }
    }
}
