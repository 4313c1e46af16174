//! `get --subresource`: a part of each object in its place. Knows no kind.

use std::sync::Arc;

use crate::apiserver;
use crate::cmd::context::Context;
use crate::cmd::fetch::{Fetched, Part};
use crate::cmd::requests;

/// The part of that name of everything that was fetched.
///
/// # Errors
/// A store that cannot be read; a part that is not there is in [`Fetched::errors`].
pub fn of(cx: &mut Context, fetched: Fetched, name: &str) -> anyhow::Result<Fetched> {
    let mut found = Fetched { parts: Vec::new(), ..fetched };
    for part in fetched.parts {
        let mut objects = Vec::new();
        for object in part.objects {
            let (namespace, own) = (object.namespace(), object.name());
            match name {
                "scale" => match cx.client()?.read(|c| apiserver::get_scale(c, part.kind, namespace, own)) {
                    Ok(scale) => objects.push(Arc::new(scale)),
                    Err(error) => found.errors.push(error),
                },
                "status" if part.kind.has_status() => objects.push(object),
                name if part.kind.spec_part(name).is_some() => objects.push(object),
                _ => found.errors.push(requests::no_subresource("get", part.kind, own).into()),
            }
        }
        found.parts.push(Part { kind: part.kind, objects });
    }
    Ok(found)
}
