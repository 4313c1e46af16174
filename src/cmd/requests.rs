//! Requests of verbs that write, each a transaction of its own, with the server's warnings on stderr. Knows no verb.

use std::sync::Arc;

use serde_json::Value;

use super::auth::whoami;
use super::context::Context;
use super::dry_run::DryRun;
use super::infos::Info;
use super::resources::KindRef;
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::PatchType;
use crate::apimachinery::quote::quote;
use crate::apimachinery::status::{Reason, Status};
use crate::apiserver::{self, Part, WriteOptions};
use crate::kinds::rbac::authorizer::User;

/// What a write is sent with, but for its manager: the requests below are sent for the command's.
pub fn options(dry_run: DryRun, strict: bool) -> WriteOptions {
    WriteOptions { dry_run: dry_run == DryRun::Server, strict, ..WriteOptions::default() }
}

/// What a write is sent with by a command, which is the manager of what it writes.
pub fn managed(cx: &Context, options: &WriteOptions) -> WriteOptions {
    // Only who is impersonated has to be told of: everybody else may do everything.
    let user = (!cx.global.as_user.is_empty()).then(|| user(cx)).flatten();
    WriteOptions { manager: cx.manager.clone(), user, ..options.clone() }
}

/// As [`managed`], for a new object, which may keep who asks for it.
pub fn managed_new(cx: &Context, kind: KindRef, options: &WriteOptions) -> WriteOptions {
    let mut options = managed(cx, options);
    if kind.requester().is_some() {
        options.user = user(cx);
    }
    options
}

fn user(cx: &Context) -> Option<Arc<User>> {
    whoami::who(cx).ok().map(|(name, groups)| Arc::new(User { name, groups }))
}

/// Creates an object; the resourceVersion it may have had elsewhere is left out, as kubectl's helper does.
pub fn create(cx: &mut Context, info: &Info, object: &Object, options: &WriteOptions) -> anyhow::Result<Arc<Object>> {
    let mut object = object.clone();
    object.remove("/metadata/resourceVersion");
    cx.warn_of_kind(info.kind);
    let options = &managed_new(cx, info.kind, options);
    let (made, warnings) = cx.client()?.write(|c| {
        let made = apiserver::create(c, info.kind, &info.namespace, object.clone(), options)?;
        let warnings = apiserver::warnings(c, info.kind, &made, None)?;
        Ok((made, warnings))
    })?;
    warn(cx, &warnings);
    Ok(made)
}

/// Patches an object, and returns it.
pub fn patch(
    cx: &mut Context,
    info: &Info,
    patch: (PatchType, &Value),
    part: Part,
    options: &WriteOptions,
) -> anyhow::Result<Arc<Object>> {
    cx.warn_of_kind(info.kind);
    let options = &managed(cx, options);
    let (old, new, warnings) = cx.client()?.write(|c| {
        let old = apiserver::get(c, info.kind, &info.namespace, &info.name)?;
        let new = apiserver::patch(c, info.kind, (&info.namespace, &info.name), patch, part, options)?;
        let warnings = apiserver::warnings(c, info.kind, &new, Some(&old))?;
        Ok((old, new, warnings))
    })?;
    if !options.strict && part == Part::Main {
        for field in apiserver::unknown_in_patch(info.kind, &old, patch) {
            cx.server_warning(&format!("unknown field {}", quote(&field)));
        }
    }
    warn(cx, &warnings);
    Ok(new)
}

/// Puts an object in place of the stored one.
pub fn replace(cx: &mut Context, info: &Info, object: &Object, options: &WriteOptions) -> anyhow::Result<Arc<Object>> {
    cx.warn_of_kind(info.kind);
    let options = &managed(cx, options);
    let (new, warnings) = cx.client()?.write(|c| {
        let old = apiserver::get(c, info.kind, &info.namespace, &info.name)?;
        let new = apiserver::update(c, info.kind, &info.namespace, object.clone(), options)?;
        let warnings = apiserver::warnings(c, info.kind, &new, Some(&old))?;
        Ok((new, warnings))
    })?;
    warn(cx, &warnings);
    Ok(new)
}

/// What the client makes of the path of a subresource that the server does not serve. `verb` is HTTP's, in small letters.
pub fn no_subresource(verb: &str, kind: KindRef, name: &str) -> Status {
    let resource = kind.names().resource;
    Status::new(
        Reason::NotFound,
        format!("the server could not find the requested resource ({verb} {resource} {name})"),
    )
}

/// Prints what the server warns of when an object is written.
fn warn(cx: &mut Context, warnings: &[String]) {
    warnings.iter().for_each(|warning| cx.server_warning(warning));
}
