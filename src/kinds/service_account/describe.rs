//! What `describe` prints of a service account: itself, and its secrets.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels};
use crate::kinds::pod::Fields;

pub fn describe(account: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", account.name());
    out.field(0, "Namespace", account.namespace());
    labels(out, account);
    annotations(out, "Annotations", account.map_at("/metadata/annotations"));
    let secrets = view.cluster.list("secrets", Some(account.namespace()))?;
    let is_token = |s: &Object| {
        s.str_at("/type") == "kubernetes.io/service-account-token"
            && s.annotation("kubernetes.io/service-account.name") == Some(account.name())
            && s.annotation("kubernetes.io/service-account.uid") == Some(account.uid())
    };
    let named = |pointer: &str| account.list_at(pointer).iter().map(|r| r.text("name")).collect::<Vec<_>>();
    let tokens = secrets.iter().filter(|s| is_token(s)).map(|s| s.name()).collect();
    for (title, names) in [
        ("Image pull secrets:", named("/imagePullSecrets")),
        ("Mountable secrets: ", named("/secrets")),
        ("Tokens:            ", tokens),
    ] {
        if names.is_empty() {
            out.line(0, format_args!("{title}\t<none>"));
        }
        for (i, name) in names.into_iter().enumerate() {
            let lead = if i == 0 { title } else { "                   " };
            let missing = if secrets.iter().any(|s| s.name() == name) { "" } else { " (not found)" };
            out.line(0, format_args!("{lead}\t{name}{missing}"));
        }
    }
    view.events(account, out)
}
