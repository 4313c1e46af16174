//! `set` and what its children share: changing a pod template and sending what changed. Knows no kind.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::context::Context;
use super::dry_run::DryRun;
use super::errors::{Exit, aggregate};
use super::infos::{self, From, Info, Query};
use super::resources::{KindRef, LOCAL_MISSING};
use super::verbs::{self, Operands, Run};
use super::{help, record, requests};
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::{PatchType, strategic_patch};
use crate::apimachinery::schema::{Definition, Shape};
use crate::apiserver::Part;
use crate::printers::Printer;

pub mod env;
pub mod env_list;
pub mod env_spec;
pub mod image;
pub mod resources;
pub mod selector;
pub mod serviceaccount;
pub mod subject;
pub mod typed;

/// Arguments of `set`.
#[derive(clap::Args)]
pub struct Set {
    args: Vec<String>,
}

const LONG: &str = "Configure application resources.

 These commands help you make changes to existing application resources.";

impl Run for Set {
    const OPERANDS: Operands = Operands::None;
    const LONG: &'static str = LONG;
    const USAGE: &'static str = "set SUBCOMMAND";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unknown command {:?}", self.args.join(" "))));
        }
        let path: Vec<_> = verbs::find(verbs::all(), "set").into_iter().collect();
        let text = help::of(&path, &cx.program);
        cx.complain(&text);
        Err(Exit(1).into())
    }
}

/// Finds the objects to change; any that is not there ends the command.
fn find(cx: &mut Context, query: &Query, local: bool) -> anyhow::Result<Vec<Info>> {
    if local && !query.args.is_empty() {
        anyhow::bail!(LOCAL_MISSING);
    }
    let from = if local { From::Local } else { From::Store };
    let found = infos::find(cx, &Query { from, ..*query })?;
    aggregate(found.errors)?;
    Ok(found.infos)
}

/// How changed objects are sent and shown.
struct Change<'a> {
    local: bool,
    dry_run: DryRun,
    /// `image updated`.
    done: &'a str,
    /// What stands before the server's error.
    failed: &'a str,
    /// Whether an object that is as it was is passed over.
    skips_unchanged: bool,
    printer: Printer,
}

/// A pod template's spec, to change in place; its error ends the object's part.
type Mutate<'m> = &'m mut dyn FnMut(&mut Context, &Info, &mut Map<String, Value>) -> anyhow::Result<()>;

impl Change<'_> {
    /// Changes the pod spec of each object; then sends the patches, and goes on after errors.
    fn run(&mut self, cx: &mut Context, infos: &[Info], mutate: Mutate) -> Vec<anyhow::Error> {
        let changed: Vec<anyhow::Result<Object>> = infos.iter().map(|i| changed(cx, i, mutate)).collect();
        let mut errors = Vec::new();
        for (info, new) in infos.iter().zip(changed) {
            let result = match new {
                Ok(mut new) => {
                    record::record(cx, &mut new);
                    self.send(cx, info, &new)
                }
                Err(error) => Err(anyhow::anyhow!("error: {} {error}\n", self.object_name(info))),
            };
            errors.extend(result.err());
        }
        errors
    }

    /// An object named without a server goes by its kind.
    fn object_name(&self, info: &Info) -> String {
        if self.local {
            return format!("{}/{}", info.kind.names().singular_resource(), info.name);
        }
        info.object_name()
    }

    fn send(&mut self, cx: &mut Context, info: &Info, new: &Object) -> anyhow::Result<()> {
        if self.skips_unchanged && *new == *info.object {
            return Ok(());
        }
        let done = format!("{}{}", self.done, self.dry_run.suffix());
        if self.local || self.dry_run == DryRun::Client {
            return self.printer.print(&typed::typed(new), &done, &mut cx.env.stdout);
        }
        let stored = patch(cx, info, new, self.dry_run).map_err(|e| anyhow::anyhow!("{}{e:#}", self.failed))?;
        self.printer.print(&typed::typed(&stored), &done, &mut cx.env.stdout)
    }
}

/// Sends what differs from the object, as a strategic merge patch.
fn patch(cx: &mut Context, info: &Info, new: &Object, dry_run: DryRun) -> anyhow::Result<Arc<Object>> {
    let names = info.kind.names();
    let (old, new) = (info.object.body().to_map(), new.body().to_map());
    let patch = match Definition::of_kind(names.api_version, names.kind) {
        Some(definition) => strategic_patch(&old, &new, &old, definition),
        None => Map::new(),
    };
    let patch = Value::Object(patch);
    requests::patch(cx, info, (PatchType::Strategic, &patch), Part::Main, &requests::options(dry_run, false))
}

fn changed(cx: &mut Context, info: &Info, mutate: Mutate) -> anyhow::Result<Object> {
    let Some(path) = pod_spec(info.kind) else {
        let kind = info.kind.names().kind;
        anyhow::bail!("the object is not a pod or does not have a pod template: *v1.{kind}");
    };
    let mut new = Object::clone(&info.object);
    let mut spec = match new.remove(path) {
        Some(Value::Object(spec)) => spec,
        _ => Map::new(),
    };
    mutate(cx, info, &mut spec)?;
    new.set(path, Value::Object(spec));
    Ok(new)
}

/// Where a kind has its pods' spec, by its type: a pod itself, a template, a template of templates.
fn pod_spec(kind: KindRef) -> Option<&'static str> {
    let names = kind.names();
    let root = Definition::of_kind(names.api_version, names.kind)?;
    let is_pod_spec = |path: &&str| {
        let mut here = root;
        for step in path.split('/').skip(1) {
            match here.field(step).map(|f| f.type_of().shape()) {
                Some(Shape::Definition(next)) => here = next,
                _ => return false,
            }
        }
        here.go_name() == "PodSpec"
    };
    ["/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec"].into_iter().find(is_pod_spec)
}

/// The containers of a list of a pod spec that a name with `*` matches.
fn containers<'s>(spec: &'s mut Map<String, Value>, list: &str, pattern: &str) -> Vec<&'s mut Map<String, Value>> {
    let items = spec.get_mut(list).and_then(Value::as_array_mut).map(|l| l.iter_mut()).into_iter().flatten();
    items
        .filter_map(Value::as_object_mut)
        .filter(|c| matches(pattern, c.get("name").and_then(Value::as_str).unwrap_or_default()))
        .collect()
}

/// Whether a name is what a pattern with `*` for any text says.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, rest)) => name
            .strip_prefix(before)
            .is_some_and(|tail| (0..=tail.len()).filter_map(|at| tail.get(at..)).any(|t| matches(rest, t))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    #[test]
    fn patterns_match_names() {
        for (pattern, name, want) in [
            ("*", "", true),
            ("*", "a", true),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a", "ab", false),
            ("b*", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn pod_specs_are_found_by_type() {
        let of = |version: &str, kind: &str| pod_spec(kinds::by_api_version(version, kind).unwrap());
        assert_eq!(of("v1", "Pod"), Some("/spec"));
        assert_eq!(of("apps/v1", "StatefulSet"), Some("/spec/template/spec"));
        assert_eq!(of("v1", "Service"), None);
    }
}
