//! Requests that change something. Knows bodies and options, no path's syntax.

use serde_json::{Value, json};

use super::api::{Done, not_allowed};
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::PatchType;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::yaml;
use crate::apiserver::{self, ApplyOptions, DeleteOptions, Part, Propagation, WriteOptions};
use crate::cmd::context::Context;
use crate::cmd::raw;
use crate::cmd::raw::place::{Place, Query, Sub};
use crate::cmd::select::Selectors;
use crate::kinds;
use crate::runtime::exchange::Asked;

/// Serves one request that writes.
pub fn answer(cx: &mut Context, asked: &Asked, path: &str, query: &Query) -> anyhow::Result<Done> {
    let place = Place::parse(&cx.registry()?, path).ok_or_else(raw::no_such_path)?;
    let request = Request { place, query, options: options(asked, query), asked };
    match asked.method.as_str() {
        "POST" => request.create(cx),
        "PUT" => request.update(cx),
        "PATCH" => request.patch(cx),
        _ => request.delete(cx),
    }
}

/// What a write is sent with: the manager is named, or told from who asks.
fn options(asked: &Asked, query: &Query) -> WriteOptions {
    let agent = asked.header("user-agent").split('/').next().unwrap_or_default();
    let manager = Some(query.value("fieldManager")).filter(|m| !m.is_empty()).unwrap_or(agent);
    WriteOptions {
        dry_run: query.value("dryRun") == "All",
        strict: query.value("fieldValidation") == "Strict",
        manager: manager.to_owned(),
        ..WriteOptions::default()
    }
}

struct Request<'a> {
    place: Place,
    query: &'a Query,
    options: WriteOptions,
    asked: &'a Asked,
}

impl Request<'_> {
    /// The body, which is JSON or YAML.
    fn body(&self) -> Result<Value, Status> {
        let unreadable = |why: String| Status::bad_request(format!("the object provided is unrecognized: {why}"));
        if self.asked.header("content-type").contains("protobuf") {
            let why = "the body of the request was in an unknown format - accepted media types include: \
                       application/json, application/yaml";
            return Err(Status::new(Reason::UnsupportedMediaType, why));
        }
        let text = std::str::from_utf8(&self.asked.body).map_err(|e| unreadable(e.to_string()))?;
        if let Ok(value) = serde_json::from_str(text) {
            return Ok(value);
        }
        match yaml::documents(text).next() {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(unreadable(error.to_string())),
            None => Ok(Value::Null),
        }
    }

    fn object(&self) -> Result<Object, Status> {
        Object::from_value(self.body()?).ok_or_else(|| Status::bad_request("the body of the request is no object"))
    }

    /// What the server warns of: what it ignores in a body that was sent, and what the kind has to say.
    fn warnings(&self, sent: Option<&Object>, new: &Object, old: Option<&Object>) -> Vec<String> {
        let is_asked = !matches!(self.query.value("fieldValidation"), "Strict" | "Ignore");
        let unknown = sent.filter(|_| is_asked).map(|o| apiserver::unknown_fields(self.place.kind, o));
        let unknown = unknown.unwrap_or_default().into_iter().map(|field| format!("unknown field \"{field}\""));
        unknown.chain(self.place.kind.warnings(new, old)).collect()
    }

    fn create(&self, cx: &mut Context) -> anyhow::Result<Done> {
        let (kind, at) = (self.place.kind, (self.place.namespace.as_str(), self.place.name.as_str()));
        let object = self.object()?;
        match self.place.sub {
            Sub::None if at.1.is_empty() => {
                let made = cx.client()?.write(|c| apiserver::create(c, kind, at.0, object.clone(), &self.options))?;
                Ok(done(201, &made, self.warnings(Some(&object), &made, None)))
            }
            Sub::Token => {
                let token = cx.client()?.read(|c| kinds::create_token(c, at, &object))?;
                Ok(done(201, &token, Vec::new()))
            }
            Sub::Eviction => {
                let options =
                    object.at("/deleteOptions").map_or_else(DeleteOptions::default, |o| deletion(o, self.query));
                cx.client()?.write(|c| apiserver::evict(c, kind, at.0, at.1, &options))?;
                let body =
                    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
                Ok(Done { status: 201, body, warnings: Vec::new() })
            }
            _ => Err(not_allowed().into()),
        }
    }

    fn update(&self, cx: &mut Context) -> anyhow::Result<Done> {
        let (kind, at) = (self.place.kind, (self.place.namespace.as_str(), self.place.name.as_str()));
        let (object, options) = (self.object()?, &self.options);
        let client = cx.client()?;
        let (old, new) = match self.place.sub {
            _ if at.1.is_empty() => return Err(not_allowed().into()),
            Sub::None => client.write(|c| {
                let old = apiserver::get(c, kind, at.0, at.1)?;
                Ok((Some(old), apiserver::update(c, kind, at.0, object.clone(), options)?))
            })?,
            Sub::Status | Sub::Approval => {
                client.write(|c| Ok((None, apiserver::update_status(c, kind, at.0, object.clone(), options)?)))?
            }
            Sub::Scale => client
                .write(|c| Ok((None, std::sync::Arc::new(apiserver::update_scale(c, kind, at, &object, options)?))))?,
            Sub::Spec(subresource) => {
                let options = &WriteOptions { subresource, ..options.clone() };
                client.write(|c| Ok((None, apiserver::update(c, kind, at.0, object.clone(), options)?)))?
            }
            Sub::Token | Sub::Eviction => return Err(not_allowed().into()),
        };
        let warnings = old.map(|old| self.warnings(Some(&object), &new, Some(&old))).unwrap_or_default();
        Ok(done(200, &new, warnings))
    }

    fn patch(&self, cx: &mut Context) -> anyhow::Result<Done> {
        let (kind, at) = (self.place.kind, (self.place.namespace.as_str(), self.place.name.as_str()));
        let part = match self.place.sub {
            Sub::None if !at.1.is_empty() => Part::Main,
            Sub::Status | Sub::Approval => Part::Status,
            Sub::Scale => Part::Scale,
            Sub::Spec(name) => Part::Spec(name),
            _ => return Err(not_allowed().into()),
        };
        let form = match self.asked.header("content-type").split(';').next().unwrap_or_default() {
            "application/json-patch+json" => PatchType::Json,
            "application/merge-patch+json" => PatchType::Merge,
            "application/strategic-merge-patch+json" if kind.structural().is_none() => PatchType::Strategic,
            "application/apply-patch+yaml" => return self.apply(cx),
            _ => {
                let why = "the body of the request was in an unknown format - accepted media types include: \
                           application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
                return Err(Status::new(Reason::UnsupportedMediaType, why).into());
            }
        };
        let patch = self.body()?;
        let (old, new) = cx.client()?.write(|c| {
            let old = apiserver::get(c, kind, at.0, at.1)?;
            Ok((old, apiserver::patch(c, kind, at, (form, &patch), part, &self.options)?))
        })?;
        let mut warnings = Vec::new();
        if part == Part::Main {
            if !self.options.strict && self.query.value("fieldValidation") != "Ignore" {
                let unknown = apiserver::unknown_in_patch(kind, &old, (form, &patch));
                warnings.extend(unknown.iter().map(|field| format!("unknown field \"{field}\"")));
            }
            warnings.extend(kind.warnings(&new, Some(&old)));
        }
        Ok(done(200, &new, warnings))
    }

    /// Server-side apply.
    fn apply(&self, cx: &mut Context) -> anyhow::Result<Done> {
        let (kind, at) = (self.place.kind, (self.place.namespace.as_str(), self.place.name.as_str()));
        let manager = self.query.value("fieldManager");
        if manager.is_empty() {
            let mut errors = crate::apimachinery::field::Errors::default();
            errors.required(&crate::apimachinery::field::Path::new("fieldManager"), "is required for apply patch");
            return Err(Status::invalid("PatchOptions.meta.k8s.io", "", errors).into());
        }
        let options = ApplyOptions {
            manager,
            force: self.query.is_set("force"),
            dry_run: self.options.dry_run,
            subresource: match self.place.sub {
                Sub::Status => "status",
                Sub::Spec(name) => name,
                _ => "",
            },
        };
        let manifest = self.object()?;
        let (is_new, new) = cx.client()?.write(|c| {
            let is_new = c.get(&kind.names().key(at.0, at.1))?.is_none();
            Ok((is_new, apiserver::apply(c, kind, at, &manifest, &options)?))
        })?;
        let warnings = kind.warnings(&new, None);
        Ok(done(if is_new { 201 } else { 200 }, &new, warnings))
    }

    fn delete(&self, cx: &mut Context) -> anyhow::Result<Done> {
        if self.place.sub != Sub::None {
            return Err(not_allowed().into());
        }
        let options = deletion(&self.body()?, self.query);
        if self.place.name.is_empty() {
            return self.delete_all(cx, &options);
        }
        Ok(Done { status: 200, body: raw::delete_one(cx, &self.place, &options)?, warnings: Vec::new() })
    }

    /// Everything that a path and its selectors name; the list as it was is the answer.
    fn delete_all(&self, cx: &mut Context, options: &DeleteOptions) -> anyhow::Result<Done> {
        let kind = self.place.kind;
        let selectors = Selectors { labels: &self.query.labels, fields: &self.query.fields };
        let (objects, version) = cx.client()?.write(|c| {
            let objects = selectors.asked(c, kind, self.place.scope())?;
            for object in &objects {
                apiserver::delete(c, kind, object.namespace(), object.name(), options)?;
            }
            Ok((objects, c.resource_version()))
        })?;
        let mut body = raw::json::list(kind.names(), &objects, version);
        apiserver::show_managed_fields(&mut body);
        Ok(Done { status: 200, body, warnings: Vec::new() })
    }
}

fn done(status: u16, object: &Object, warnings: Vec<String>) -> Done {
    let mut body = object.to_value();
    apiserver::show_managed_fields(&mut body);
    Done { status, body, warnings }
}

/// metav1.DeleteOptions of a body, or of the parameters of a request without one.
fn deletion(body: &Value, query: &Query) -> DeleteOptions {
    let text = |pointer: &str, name: &str| {
        let of_body = body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        of_body.or_else(|| Some(query.value(name).to_owned()).filter(|v| !v.is_empty()))
    };
    let grace = body.pointer("/gracePeriodSeconds").and_then(Value::as_i64);
    DeleteOptions {
        grace_period: grace.or_else(|| query.value("gracePeriodSeconds").parse().ok()),
        propagation: match text("/propagationPolicy", "propagationPolicy").as_deref() {
            Some("Foreground") => Propagation::Foreground,
            Some("Orphan") => Propagation::Orphan,
            _ => Propagation::Background,
        },
        uid: text("/preconditions/uid", ""),
        resource_version: text("/preconditions/resourceVersion", ""),
        dry_run: body.pointer("/dryRun/0").is_some() || query.value("dryRun") == "All",
    }
}
