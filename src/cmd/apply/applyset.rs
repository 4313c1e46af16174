//! `--applyset`: a parent object that tells what belongs together, so that `--prune` knows what to delete. Alpha in kubectl:
//! it is there only with `KUBECTL_APPLYSET=true`. Facts from k8s.io/kubectl/pkg/cmd/apply/applyset.go. Knows no kind.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Settings;
use super::server_side::{How, send};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::list;
use crate::cmd::infos::Info;
use crate::cmd::resources::{self, KindRef};
use crate::cmd::select::Selectors;
use crate::cmd::version;

const TOOLING: &str = "applyset.kubernetes.io/tooling";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// What the parent carries, and with the same value [`PART_OF`] every member.
const ID: &str = "applyset.kubernetes.io/id";
const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// What a definition carries whose objects may be parents.
const PARENT_TYPE: &str = "applyset.kubernetes.io/is-parent-type";
/// Whose the parent's fields are.
const MANAGER: &str = "kubectl-applyset";
/// The tool's name in [`TOOLING`].
const TOOL: &str = "kubectl";

/// Whether the environment asks for the flag.
pub(super) fn is_enabled(cx: &Context) -> bool {
    cx.env.var("KUBECTL_APPLYSET").is_some_and(|v| v.eq_ignore_ascii_case("true"))
}

/// The group-kinds and namespaces that objects of a set are in.
#[derive(Clone, Default)]
struct Scope {
    kinds: BTreeSet<String>,
    namespaces: BTreeSet<String>,
}

/// A set, found by its parent.
pub(super) struct ApplySet {
    kind: KindRef,
    namespace: String,
    name: String,
    /// Where its objects are since the last time.
    before: Scope,
    /// Where they will be.
    after: Scope,
}

impl ApplySet {
    /// Reads `[RESOURCE][.GROUP]/NAME`: a Secret, where no resource is named.
    pub fn parse(cx: &mut Context, text: &str) -> anyhow::Result<ApplySet> {
        let (resource, name) = text.split_once('/').unwrap_or(("secrets", text));
        let what = format!("invalid parent reference {text:?}");
        if name.is_empty() {
            anyhow::bail!("{what}: name cannot be blank");
        }
        let kind = resources::kind(cx, resource).map_err(|_| {
            let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
            anyhow::anyhow!("{what}: no matches for {group}/, Resource={resource}")
        })?;
        // The namespace has to be a flag: the context's does not count.
        let is_placed = cx.is_given("namespace") && kind.names().namespaced;
        let namespace = if is_placed { cx.namespace().to_owned() } else { String::new() };
        Ok(ApplySet { kind, namespace, name: name.to_owned(), before: Scope::default(), after: Scope::default() })
    }

    /// Refuses a parent that cannot be one.
    pub fn validate(&self, cx: &mut Context) -> anyhow::Result<()> {
        let names = self.kind.names();
        let mut errors = Vec::new();
        if names.namespaced && self.namespace.is_empty() {
            errors.push(anyhow::anyhow!("namespace is required to use namespace-scoped ApplySet"));
        }
        if !self.is_built_in() && !self.is_custom_parent(cx)? {
            let resource = format!("{}/{}, Resource={}", names.group, names.version, names.plural);
            errors.push(anyhow::anyhow!("resource {resource:?} is not permitted as an ApplySet parent"));
        }
        list(errors)
    }

    fn is_built_in(&self) -> bool {
        matches!(self.kind.names().resource, "secrets" | "configmaps")
    }

    fn is_custom_parent(&self, cx: &mut Context) -> anyhow::Result<bool> {
        let definitions = resources::kind(cx, "customresourcedefinitions")?;
        let selectors = Selectors { labels: PARENT_TYPE, fields: "" };
        let permitted = cx.client()?.read(|c| selectors.list(c, definitions, None))?;
        Ok(permitted.iter().any(|d| d.name() == self.kind.names().resource))
    }

    /// As errors name the parent.
    fn reference(&self) -> String {
        format!("{:?}", format!("{}.{}/{}", self.kind.names().plural, self.kind.names().group, self.name))
    }

    /// `applyset-<base64(sha256(<name>.<namespace>.<kind>.<group>))>-v1`.
    fn id(&self) -> String {
        let names = self.kind.names();
        let text = [self.name.as_str(), self.namespace.as_str(), names.kind, names.group].join(".");
        format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(Sha256::digest(text)))
    }

    /// Makes the objects of manifests members.
    pub fn label(&self, infos: &mut [Info]) -> anyhow::Result<()> {
        let id = self.id();
        for info in infos {
            let mut object = Object::clone(&info.object);
            if object.label(PART_OF).is_some() {
                anyhow::bail!("ApplySet label {PART_OF:?} already set in input data");
            }
            object.set_label(PART_OF, &id);
            info.object = Arc::new(object);
        }
        Ok(())
    }

    /// Before anything is applied the parent names all kinds and namespaces, old and new: nothing is lost if the rest fails.
    pub fn before_apply(&mut self, cx: &mut Context, infos: &[Info], settings: &Settings) -> anyhow::Result<()> {
        self.fetch_parent(cx)?;
        for info in infos {
            self.after.kinds.insert(info.kind.names().group_kind());
            if info.kind.names().namespaced {
                self.after.namespaces.insert(info.namespace.clone());
            }
        }
        let mut all = self.before.clone();
        all.kinds.extend(self.after.kinds.iter().cloned());
        all.namespaces.extend(self.after.namespaces.iter().cloned());
        self.update_parent(cx, &all, settings)
    }

    fn fetch_parent(&mut self, cx: &mut Context) -> anyhow::Result<()> {
        let key = self.kind.names().key(&self.namespace, &self.name);
        let Some(parent) = cx.client()?.read(|c| c.get(&key))? else {
            anyhow::ensure!(self.is_built_in(), "custom resource ApplySet parents cannot be created automatically");
            return Ok(());
        };
        let what = format!("ApplySet parent object {}", self.reference());
        let Some(tooling) = parent.annotation(TOOLING) else {
            anyhow::bail!("{what} already exists and is missing required annotation {TOOLING:?}");
        };
        let tool = tooling.rsplit_once('/').map_or(tooling, |(tool, _)| tool);
        if tool != TOOL {
            anyhow::bail!("{what} already exists and is managed by tooling {tool:?} instead of {TOOL:?}");
        }
        let id = self.id();
        match parent.label(ID) {
            None => anyhow::bail!("{what} exists and does not have required label {ID}"),
            Some(got) if got != id => {
                anyhow::bail!("{what} exists and has incorrect value for label {ID:?} (got: {got}, want: {id})")
            }
            Some(_) => {}
        }
        let Some(kinds) = parent.annotation(KINDS) else {
            let problem = format!("kubectl requires the {KINDS:?} annotation to be set on all ApplySet parent objects");
            anyhow::bail!("parsing ApplySet annotation on {}: {problem}", self.reference());
        };
        self.before.kinds = words(kinds);
        for kind in &self.before.kinds {
            mapped(cx, kind).with_context(|| format!("parsing ApplySet annotation on {}", self.reference()))?;
        }
        self.before.namespaces = words(parent.annotation(NAMESPACES).unwrap_or_default());
        if !self.namespace.is_empty() {
            self.before.namespaces.insert(self.namespace.clone());
        }
        Ok(())
    }

    fn update_parent(&self, cx: &mut Context, scope: &Scope, settings: &Settings) -> anyhow::Result<()> {
        if settings.dry_run == DryRun::Client {
            return Ok(());
        }
        let names = self.kind.names();
        let mut parent = Object::new(names.api_version, names.kind, &self.namespace, &self.name);
        let join = |words: &mut dyn Iterator<Item = &String>| words.map(String::as_str).collect::<Vec<_>>().join(",");
        parent.set_annotation(TOOLING, &format!("{TOOL}/{}", version::CLIENT));
        parent.set_annotation(KINDS, &join(&mut scope.kinds.iter()));
        parent.set_annotation(NAMESPACES, &join(&mut scope.namespaces.iter().filter(|n| **n != self.namespace)));
        parent.set_label(ID, &self.id());
        let object = Arc::new(parent);
        let (namespace, name) = (self.namespace.clone(), self.name.clone());
        let info = Info { kind: self.kind, namespace, name, source: String::new(), object: object.clone() };
        let how = How { manager: MANAGER, force: false, subresource: "" };
        let is_conflict = |e: &anyhow::Error| e.downcast_ref::<Status>().is_some_and(|s| s.reason == Reason::Conflict);
        let sent = match send(cx, &info, &object, settings.dry_run, how) {
            Err(error) if is_conflict(&error) => send(cx, &info, &object, settings.dry_run, How { force: true, ..how }),
            sent => sent,
        };
        // The wrapped error is no answer of the server to kubectl, so it is told without `Error from server`.
        sent.map(drop).map_err(|error| anyhow::anyhow!("failed to update ApplySet: {error}"))
    }

    /// What was a member before and was not applied now: of each kind in each namespace that the parent named.
    pub fn candidates(&self, cx: &mut Context, keep: &BTreeSet<&str>) -> anyhow::Result<Vec<(KindRef, Arc<Object>)>> {
        let selector = format!("{PART_OF}={}", self.id());
        let selectors = Selectors { labels: &selector, fields: "" };
        let mut found = Vec::new();
        for name in &self.before.kinds {
            let kind = mapped(cx, name)?;
            let namespaces: Vec<Option<&str>> = match kind.names().namespaced {
                true => self.before.namespaces.iter().map(|n| Some(n.as_str())).collect(),
                false => vec![None],
            };
            for namespace in namespaces {
                let members = cx.client()?.read(|c| selectors.list(c, kind, namespace))?;
                found.extend(members.into_iter().filter(|o| !keep.contains(o.uid())).map(|o| (kind, o)));
            }
        }
        Ok(found)
    }

    /// After pruning the parent names only what is there.
    pub fn after_prune(&self, cx: &mut Context, settings: &Settings) -> anyhow::Result<()> {
        let updated = self.update_parent(cx, &self.after, settings);
        updated.context("apply and prune succeeded, but ApplySet update failed")
    }
}

/// The kind of a `Kind.group`.
fn mapped(cx: &mut Context, text: &str) -> anyhow::Result<KindRef> {
    let found = cx.registry()?.kinds().find(|k| k.names().group_kind() == text);
    found.ok_or_else(|| {
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        anyhow::anyhow!(
            "could not find mapping for kind in {KINDS:?} annotation: no matches for kind {kind:?} in group {group:?}"
        )
    })
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(',').filter(|w| !w.is_empty()).map(str::to_owned).collect()
}
