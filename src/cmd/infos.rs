//! The objects that a verb goes through, one by one: kubectl's `resource.Info`s. Knows no verb and no output.

use std::sync::Arc;

use serde_json::Value;

use super::context::Context;
use super::fetch;
use super::manifest::{self, Filenames, Item, Manifests};
use super::resources::{self, KindRef, Named, Request};
use super::select::Selectors;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apiserver;
use crate::kinds;

/// One object of a verb.
pub struct Info {
    pub kind: KindRef,
    /// The request's namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    pub name: String,
    /// The file it was named in, empty for none.
    pub source: String,
    /// As stored, or as the manifest has it.
    pub object: Arc<Object>,
}

/// What the objects of manifests are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    /// As written.
    #[default]
    Manifest,
    /// As stored: the builder's `Latest`.
    Store,
    /// As written, and no store is there to ask: `--local`.
    Local,
}

/// The parts of a command line that name objects.
#[derive(Clone, Copy, Default)]
pub struct Query<'a> {
    pub args: &'a [String],
    pub filenames: &'a [String],
    pub recursive: bool,
    pub selector: &'a str,
    pub field_selector: &'a str,
    pub all: bool,
    pub all_namespaces: bool,
    /// A type alone means all its objects.
    pub type_alone_is_all: bool,
    /// A document without a kind is refused: of verbs with `--validate`.
    pub validate: bool,
    pub from: From,
}

/// What was found, in order, and what went wrong.
#[derive(Default)]
pub struct Infos {
    pub infos: Vec<Info>,
    pub errors: Vec<anyhow::Error>,
    /// A single object was named, and not a selection of objects.
    pub is_single: bool,
}

impl Infos {
    /// Serves each object, goes on after errors, and gives all errors: those of finding an object stand where it would.
    pub fn visit(self, mut each: impl FnMut(Info) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut errors: Vec<anyhow::Error> = Vec::new();
        for info in self.infos {
            errors.extend(each(info).err());
        }
        errors.extend(self.errors);
        super::errors::aggregate(errors)
    }
}

/// Finds what a command line names.
///
/// # Errors
/// A command line that names nothing in a way that is understood; objects that are not there are in [`Infos::errors`].
pub fn find(cx: &mut Context, query: &Query) -> anyhow::Result<Infos> {
    let files = Filenames { filenames: query.filenames, recursive: query.recursive, validate: query.validate };
    let manifests = manifest::read(cx, &files)?;
    let has_files = !query.filenames.is_empty();
    // With files a selector chooses among their objects.
    let (selector, field_selector) = if has_files { ("", "") } else { (query.selector, query.field_selector) };
    let named = resources::named(
        cx,
        &Request {
            args: query.args,
            has_files,
            selector,
            field_selector,
            // Upstream's --all widens a type that stands alone; a name says more than it. Only delete's is a selector.
            all: false,
            type_alone_is_all: query.all || query.type_alone_is_all,
            all_namespaces: query.all_namespaces,
        },
    )?;
    if let Named::Files = named
        && query.from != From::Store
    {
        return of_manifests(cx, manifests, query);
    }
    let sources: Vec<String> = manifests.items.iter().map(|i| i.source.clone()).collect();
    let is_files = matches!(named, Named::Files);
    let selectors = Selectors { labels: query.selector, fields: query.field_selector };
    let fetched = fetch::fetch(cx, named, manifests, &selectors, query.all_namespaces)?;
    let mut found = Infos { errors: fetched.errors, is_single: fetched.is_single, ..Infos::default() };
    for part in fetched.parts {
        for object in part.objects {
            let source = if is_files && sources.len() == 1 { sources[0].clone() } else { String::new() };
            found.infos.push(Info {
                kind: part.kind,
                namespace: object.namespace().to_owned(),
                name: object.name().to_owned(),
                source,
                object,
            });
        }
    }
    Ok(found)
}

/// The objects of manifests as they are written, with the command's namespace filled in.
fn of_manifests(cx: &mut Context, manifests: Manifests, query: &Query) -> anyhow::Result<Infos> {
    let selector = Selectors::of_files(query.selector)?;
    let command = cx.namespace().to_owned();
    let enforced = cx.is_given("namespace");
    let mut found = Infos { errors: manifests.errors, ..Infos::default() };
    for item in manifests.items {
        if !item.is_selected(&selector) {
            continue;
        }
        match info(item, &command, enforced, query.from) {
            Ok(info) => found.infos.push(info),
            Err(error) => found.errors.push(error),
        }
    }
    found.is_single = found.infos.len() == 1 && found.errors.is_empty() && query.filenames.len() == 1;
    Ok(found)
}

fn info(item: Item, command: &str, enforced: bool, from: From) -> anyhow::Result<Info> {
    let namespace = item.namespace(command, enforced)?;
    let Item { source, kind, body } = item;
    let Some(mut object) = Object::from_value(Value::Object(body)) else {
        anyhow::bail!("the manifest in {source:?} is not an object");
    };
    // Without a server nobody knows whether the kind has namespaces.
    if kind.names().namespaced && from != From::Local {
        object.set_default("/metadata/namespace", namespace.as_str());
    }
    let name = object.name().to_owned();
    Ok(Info { kind, namespace, name, source, object: Arc::new(object) })
}

/// An object that no file and no store has, as a request would name it.
///
/// # Errors
/// A kind that is not served.
pub fn of_object(cx: &Context, object: Object) -> anyhow::Result<Info> {
    let Some(kind) = kinds::by_api_version(object.api_version(), object.kind()) else {
        return Err(Status::new(Reason::NotFound, "the server could not find the requested resource").into());
    };
    let own = object.namespace();
    let namespace = match kind.names().namespaced {
        false => String::new(),
        true if own.is_empty() => cx.namespace().to_owned(),
        true => own.to_owned(),
    };
    let name = object.name().to_owned();
    Ok(Info { kind, namespace, name, source: String::new(), object: Arc::new(object) })
}

impl Info {
    /// Looks the object up in the store: `None` where it is not.
    pub fn stored(&self, cx: &mut Context) -> anyhow::Result<Option<Arc<Object>>> {
        cx.warn_of_kind(self.kind);
        match cx.client()?.read(|c| apiserver::get(c, self.kind, &self.namespace, &self.name)) {
            Ok(object) => Ok(Some(object)),
            Err(error) if fetch::is_not_found(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The object as kubectl names it in errors of `apply`: resource, kind, name and namespace.
    pub fn describe(&self) -> String {
        let names = self.kind.names();
        let version = format!("{}/{}", names.group, names.version);
        format!(
            "Resource: \"{version}, Resource={}\", GroupVersionKind: \"{version}, Kind={}\"\nName: {:?}, Namespace: {:?}",
            names.plural, names.kind, self.name, self.namespace
        )
    }

    /// `statefulsets/web`.
    pub fn object_name(&self) -> String {
        format!("{}/{}", self.kind.names().plural, self.name)
    }
}
