//! The tokens controller: a secret of the type `kubernetes.io/service-account-token` is filled in, and goes with its account.

use std::sync::Arc;

use serde_json::json;

use super::{ACCOUNT_NAME, NAMES, TOKEN_TYPE};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::data_keys;
use crate::kinds::plan::{Action, Plan};
use crate::kinds::service_account::{ROOT_CERTIFICATE, secret_token};

const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

/// Fills a token secret in, or deletes one whose account is not there or another by now.
pub fn reconcile(secret: &Arc<Object>, cluster: &Cluster) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    if secret.str_at("/type") != TOKEN_TYPE || secret.deletion_timestamp().is_some() {
        return Ok(plan);
    }
    let name = secret.annotation(ACCOUNT_NAME).unwrap_or_default();
    let account = cluster.get(&Key::new("serviceaccounts", secret.namespace(), name))?;
    let is_its = |account: &Object| secret.annotation(ACCOUNT_UID).is_none_or(|uid| uid == account.uid());
    let Some(account) = account.filter(|a| is_its(a)) else {
        let key = NAMES.key(secret.namespace(), secret.name());
        plan.push(Action::Delete { key, uid: secret.uid().to_owned() });
        return Ok(plan);
    };
    let mut filled = Object::clone(secret);
    filled.set_annotation(ACCOUNT_UID, account.uid());
    let mut data = secret.map_at("/data").cloned().unwrap_or_default();
    let mut put = |key: &str, value: &dyn Fn() -> String| {
        if data.get(key).is_none_or(|v| v == "") {
            data.insert(key.to_owned(), data_keys::encode(value().as_bytes()).into());
        }
    };
    put("ca.crt", &|| ROOT_CERTIFICATE.to_owned());
    put("namespace", &|| secret.namespace().to_owned());
    put("token", &|| secret_token(cluster, &account, secret));
    filled.set("/data", json!(data));
    if filled != **secret {
        plan.push(Action::Update(filled));
    }
    Ok(plan)
}

/// The token secrets that name an account.
pub fn of_account(account: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let secrets = cluster.list_keyed(NAMES.resource, Some(account.namespace()))?;
    let names_it = |s: &Object| s.str_at("/type") == TOKEN_TYPE && s.annotation(ACCOUNT_NAME) == Some(account.name());
    Ok(secrets.into_iter().filter(|(_, s)| names_it(s)).map(|(key, _)| key).collect())
}
