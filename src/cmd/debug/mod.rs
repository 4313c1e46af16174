//! `debug`: a container added to a pod, a copy of a pod, or a pod on a node, to look into what is wrong. Knows which pod and
//! container that is, not how its streams are carried.

mod flags;
mod profile;
mod session;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::context::Context;
use super::dry_run::DryRun;
use super::errors::aggregate;
use super::infos::{self, Info, Query};
use super::verbs::{Operands, Run};
use super::{manifest, requests};
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::{self, PatchType};
use crate::apimachinery::schema::Definition;
use crate::apimachinery::yaml;
use crate::apiserver::{self, DeleteOptions, Part};
use crate::kinds;
use profile::{Keep, Profile, Style, change};

pub use flags::Debug;

const LONG: &str = "Debug cluster resources using interactive debugging containers.

 'debug' provides automation for common debugging tasks for cluster objects identified by resource and name. Pods will be used by default if no resource is specified.

 The action taken by 'debug' varies depending on what resource is specified. Supported actions include:

  *  Workload: Create a copy of an existing pod with certain attributes changed, for example changing the image tag to a new version.
  *  Workload: Add an ephemeral container to an already running pod, for example to add debugging utilities without restarting the pod.
  *  Node: Create a new pod that runs in the node's host namespaces and can access the node's filesystem.";

const EXAMPLES: &str = "  # Create an interactive debugging session in pod mypod and immediately attach to it.
  kubectl debug mypod -it --image=busybox
  
  # Create an interactive debugging session for the pod in the file pod.yaml and immediately attach to it.
  # (requires the EphemeralContainers feature to be enabled in the cluster)
  kubectl debug -f pod.yaml -it --image=busybox
  
  # Create a debug container named debugger using a custom automated debugging image.
  kubectl debug --image=myproj/debug-tools -c debugger mypod
  
  # Create a copy of mypod adding a debug container and attach to it
  kubectl debug mypod -it --image=busybox --copy-to=my-debugger
  
  # Create a copy of mypod changing the command of mycontainer
  kubectl debug mypod -it --copy-to=my-debugger --container=mycontainer -- sh
  
  # Create a copy of mypod changing all container images to busybox
  kubectl debug mypod --copy-to=my-debugger --set-image=*=busybox
  
  # Create a copy of mypod adding a debug container and changing container images
  kubectl debug mypod -it --copy-to=my-debugger --image=debian --set-image=app=app:debug,sidecar=sidecar:debug
  
  # Create an interactive debugging session on a node and immediately attach to it.
  # The container will run in the host namespaces and the host's filesystem will be mounted at /host
  kubectl debug node/mynode -it --image=busybox";

impl Run for Debug {
    const OPERANDS: Operands = Operands::Pod;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const USAGE: &'static str = "debug (POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let work = Work {
            env: Debug::pairs(cx, "env", &self.env)?,
            images: Debug::pairs(cx, "set-image", &self.set_image)?,
            command: self.split(cx).1.to_vec(),
            profile: self.profile()?,
            custom: self.custom(cx)?,
            flags: &self,
        };
        self.check(cx, &work.images)?;
        work.check_custom()?;
        if work.profile == Profile::Legacy {
            cx.complain(
                "--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly \
                 specify a profile, for example \"--profile=general\".\n",
            );
        }
        // A name alone is a pod's.
        let of_name = |name: &String| if name.contains('/') { name.clone() } else { format!("pods/{name}") };
        let args: Vec<String> = self.split(cx).0.iter().map(of_name).collect();
        let found = infos::find(cx, &Query { args: &args, filenames: &self.filename, ..Query::default() })?;
        for info in &found.infos {
            let (pod, container) = match info.kind.names().resource {
                "nodes" => work.debug_node(cx, &info.object)?,
                "pods" if self.copy_to.is_empty() => work.add_container(cx, info)?,
                "pods" => work.copy(cx, info)?,
                _ => {
                    let names = info.kind.names();
                    let version = format!("{}/{}", names.group, names.version);
                    anyhow::bail!("\"{version}, Kind={}\" not supported by debug", names.kind)
                }
            };
            if self.attaches(cx) && !container.is_empty() {
                session::attach(cx, &self, &pod, &container)?;
            }
        }
        aggregate(found.errors)
    }
}

impl Debug {
    fn custom(&self, cx: &Context) -> anyhow::Result<Option<Value>> {
        if self.custom.is_empty() {
            return Ok(None);
        }
        let text = manifest::read_text(cx.env, &self.custom).map_err(|error| {
            let why = manifest::open_error(&self.custom, &error);
            anyhow::anyhow!("must pass a container spec json file for custom profile: {why}")
        })?;
        match yaml::documents(&text).next() {
            Some(Ok(Value::Object(map))) => Ok(Some(Value::Object(map))),
            _ => anyhow::bail!("{} does not contain a valid container spec", self.custom),
        }
    }
}

/// What is to be done with each object.
struct Work<'a> {
    flags: &'a Debug,
    env: BTreeMap<String, String>,
    images: BTreeMap<String, String>,
    command: Vec<String>,
    profile: Profile,
    custom: Option<Value>,
}

/// The pod that is debugged in, and the container to attach to; empty where there is none.
type Made = (Arc<Object>, String);

impl Work<'_> {
    fn check_custom(&self) -> anyhow::Result<()> {
        let fixed = ["name", "command", "image", "lifecycle", "volumeDevices"];
        if self.custom.as_ref().is_some_and(|custom| fixed.iter().any(|field| custom.get(field).is_some())) {
            anyhow::bail!("name, command, image, lifecycle and volume devices are not modifiable via custom profile");
        }
        Ok(())
    }

    /// Adds an ephemeral container to the pod.
    fn add_container(&self, cx: &mut Context, info: &Info) -> anyhow::Result<Made> {
        let name = self.container_name(cx, &info.object)?;
        let mut container = self.container(&name);
        if !self.flags.target.is_empty() {
            container["targetContainerName"] = self.flags.target.as_str().into();
        }
        let mut pod = json!({"metadata": {}, "spec": {"ephemeralContainers": [container]}});
        self.finish(&mut pod, &name, Style::Ephemeral)?;
        // The new one comes last.
        let all = info.object.list_at("/spec/ephemeralContainers").iter().filter_map(|c| c["name"].as_str());
        let order: Vec<Value> = all.chain([name.as_str()]).map(|name| json!({"name": name})).collect();
        pod["spec"]["$setElementOrder/ephemeralContainers"] = order.into();
        let patch = json!({"spec": pod["spec"]});
        let options = requests::options(DryRun::None, false);
        let part = Part::Spec("ephemeralcontainers");
        let pod = requests::patch(cx, info, (PatchType::Strategic, &patch), part, &options)?;
        Ok((pod, name))
    }

    /// Makes a copy of the pod, with another container or with containers that are changed.
    fn copy(&self, cx: &mut Context, info: &Info) -> anyhow::Result<Made> {
        let (copy, name) = self.copied(cx, &info.object)?;
        let pod = create(cx, copy)?;
        if self.flags.replace {
            let options = DeleteOptions { grace_period: Some(0), ..DeleteOptions::default() };
            cx.client()?.write(|c| apiserver::delete(c, info.kind, &info.namespace, &info.name, &options))?;
        }
        Ok((pod, name))
    }

    fn copied(&self, cx: &mut Context, old: &Object) -> anyhow::Result<(Value, String)> {
        let flags = self.flags;
        let mut metadata = json!({"name": flags.copy_to, "namespace": old.namespace()});
        for field in ["annotations", "labels"] {
            if let Some(value) = old.at(&format!("/metadata/{field}")) {
                metadata[field] = value.clone();
            }
        }
        let mut spec = old.map_at("/spec").cloned().unwrap_or_default();
        spec.remove("ephemeralContainers");
        if cx.is_given("share-processes") {
            spec.insert("shareProcessNamespace".to_owned(), flags.share_processes.into());
        }
        if !flags.same_node {
            spec.remove("nodeName");
        }
        for container in spec.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten() {
            let own = container["name"].as_str().and_then(|name| self.images.get(name));
            if let Some(image) = own.or(self.images.get("*")) {
                container["image"] = image.as_str().into();
            }
        }
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
        let mut name = flags.container.clone();
        if !names(&pod).contains(&name) {
            if flags.image.is_empty() {
                if !self.images.is_empty() {
                    return Ok((pod, String::new()));
                }
                anyhow::bail!("you must specify image when creating new container");
            }
            name = self.container_name(cx, &Object::from_value(pod.clone()).unwrap_or_default())?;
            let added = json!({"name": name, "terminationMessagePolicy": "File"});
            pod["spec"]["containers"].as_array_mut().into_iter().for_each(|list| list.push(added.clone()));
        }
        let changes = self.container(&name);
        change(&mut pod, &name, |container| {
            if !self.command.is_empty() && !flags.arguments_only {
                container.remove("args");
            }
            let fields =
                changes.as_object().into_iter().flatten().filter(|(field, _)| *field != "terminationMessagePolicy");
            container.extend(fields.map(|(field, value)| (field.clone(), value.clone())));
            for (is_on, field) in [(flags.stdin, "stdin"), (flags.tty, "tty")] {
                if !is_on {
                    container.remove(field);
                }
            }
        });
        self.finish(&mut pod, &name, Style::Copy)?;
        Ok((pod, name))
    }

    /// Makes a pod that runs on the node, in its namespaces.
    fn debug_node(&self, cx: &mut Context, node: &Object) -> anyhow::Result<Made> {
        let name = if self.flags.container.is_empty() { "debugger" } else { &self.flags.container };
        let pod_name = format!("node-debugger-{}-{}", node.name(), suffix(cx, node)?);
        if !self.flags.quiet {
            let on = node.name();
            cx.print(&format!("Creating debugging pod {pod_name} with container {name} on node {on}.\n"))?;
        }
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": pod_name, "namespace": cx.namespace()},
            "spec": {
                "containers": [self.container(name)], "nodeName": node.name(), "restartPolicy": "Never",
                "tolerations": [{"operator": "Exists"}],
            },
        });
        self.finish(&mut pod, name, Style::Node)?;
        Ok((create(cx, pod)?, name.to_owned()))
    }

    /// The debug container as the flags have it.
    fn container(&self, name: &str) -> Value {
        let flags = self.flags;
        let mut container = json!({"name": name, "terminationMessagePolicy": "File"});
        for (field, text) in [("image", &flags.image), ("imagePullPolicy", &flags.image_pull_policy)] {
            if !text.is_empty() {
                container[field] = text.as_str().into();
            }
        }
        for (field, is_on) in [("stdin", flags.stdin), ("tty", flags.tty)] {
            if is_on {
                container[field] = true.into();
            }
        }
        if !self.env.is_empty() {
            container["env"] = self.env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        }
        if !self.command.is_empty() {
            container[if flags.arguments_only { "args" } else { "command" }] = json!(self.command);
        }
        container
    }

    /// The profile, and what `--custom` says of the container.
    fn finish(&self, pod: &mut Value, name: &str, style: Style) -> anyhow::Result<()> {
        let flags = self.flags;
        let keep = Keep {
            labels: flags.keep_labels,
            annotations: flags.keep_annotations,
            liveness: flags.keep_liveness,
            readiness: flags.keep_readiness,
            startup: flags.keep_startup,
            init_containers: flags.keep_init_containers,
        };
        self.profile.apply(pod, name, style, keep);
        let Some(custom) = &self.custom else { return Ok(()) };
        let mut custom = custom.clone();
        custom["name"] = name.into();
        let list = if style == Style::Ephemeral { "ephemeralContainers" } else { "containers" };
        let patch = json!({"spec": {list: [custom]}});
        let definition = Definition::of_kind("v1", "Pod");
        *pod = patch::apply(PatchType::Strategic, pod.take(), &patch, definition)?;
        Ok(())
    }

    /// The name that is asked for, or one that no container of the pod has.
    fn container_name(&self, cx: &mut Context, pod: &Object) -> anyhow::Result<String> {
        if !self.flags.container.is_empty() {
            return Ok(self.flags.container.clone());
        }
        let name = format!("debugger-{}", suffix(cx, pod)?);
        if !self.flags.quiet {
            cx.print(&format!("Defaulting debug container name to {name}.\n"))?;
        }
        Ok(name)
    }
}

/// Five letters that nobody has drawn before: the store's version is in them.
fn suffix(cx: &mut Context, of: &Object) -> anyhow::Result<String> {
    cx.client()?.read(|c| Ok(c.seed().suffix(&format!("debug/{}", of.name()), c.resource_version())))
}

fn names(pod: &Value) -> Vec<String> {
    let list = |list: &str| pod["spec"].get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    let all = list("containers").into_iter().chain(list("initContainers"));
    all.filter_map(|c| Some(c.get("name")?.as_str()?.to_owned())).collect()
}

fn create(cx: &mut Context, pod: Value) -> anyhow::Result<Arc<Object>> {
    let pod = Object::from_value(pod).unwrap_or_default();
    let Some(kind) = kinds::by_resource("pods") else { anyhow::bail!("no kind has the resource pods") };
    let (namespace, name) = (pod.namespace().to_owned(), pod.name().to_owned());
    let info = Info { kind, namespace, name, source: String::new(), object: Arc::new(pod.clone()) };
    requests::create(cx, &info, &pod, &requests::options(DryRun::None, false))
}
