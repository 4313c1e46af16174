//! `run`: one pod from an image. Knows no other kind, but the service that `--expose` makes.

mod attached;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::context::Context;
use super::delete;
use super::dry_run::DryRun;
use super::errors::Exit;
use super::flags::{DeletionFlags, DryRunFlag, OverrideFlags, PodRunningFlag, PrintFlags, SaveConfigFlag};
use super::infos::Info;
use super::record::{self, RECORD};
use super::support::{Flag, Support};
use super::verbs::Run as Verb;
use super::{last_applied, overrides, requests};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;
use crate::apiserver::DeleteOptions;
use crate::kinds;
use crate::printers::Printer;
use attached::{Attached, Failed};

/// Arguments of `run`.
#[derive(clap::Args)]
pub struct Run {
    args: Vec<String>,
    #[arg(long, value_name = "stringArray", help = "Annotations to apply to the pod.")]
    annotations: Vec<String>,
    #[arg(
        long,
        help = "If true, wait for the Pod to start running, and then attach to the Pod as if 'kubectl attach ...' \
        were called.  Default false, unless '-i/--stdin' is set, in which case the default is true. With \
        '--restart=Never' the exit code of the container process is returned."
    )]
    attach: bool,
    #[arg(
        long,
        help = "If true and extra arguments are present, use them as the 'command' field in the container, rather \
        than the 'args' field which is the default."
    )]
    command: bool,
    #[arg(long, value_name = "stringArray", help = "Environment variables to set in the container.")]
    env: Vec<String>,
    #[arg(long, help = "If true, create a ClusterIP service associated with the pod.  Requires `--port`.")]
    expose: bool,
    #[arg(long, value_name = "string", default_value = "", help = "The image for the container to run.")]
    image: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The image pull policy for the container.  If left empty, this value will not be specified by the \
        client and defaulted by the server."
    )]
    image_pull_policy: String,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Comma separated labels to apply to the pod. Will override previous values."
    )]
    labels: String,
    #[arg(
        long,
        help = "If the pod is started in interactive mode or with stdin, leave stdin open after the first attach \
        completes. By default, stdin will be closed after the first attach completes."
    )]
    leave_stdin_open: bool,
    #[command(flatten)]
    overriding: OverrideFlags,
    #[command(flatten)]
    started: PodRunningFlag,
    #[arg(long, value_name = "string", default_value = "", help = "The port that this container exposes.")]
    port: String,
    #[arg(short, long, help = "If true, suppress prompt messages.")]
    quiet: bool,
    #[arg(
        long,
        help = "If true, delete the pod after it exits.  Only valid when attaching to the container, e.g. with \
        '--attach' or with '-i/--stdin'."
    )]
    rm: bool,
    #[arg(short = 'i', long, help = "Keep stdin open on the container in the pod, even if nothing is attached.")]
    stdin: bool,
    #[arg(long, help = "If true, run the container in privileged mode.")]
    privileged: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "Always",
        help = "The restart policy for this Pod.  Legal values [Always, OnFailure, Never]."
    )]
    restart: String,
    #[command(flatten)]
    save: SaveConfigFlag,
    #[arg(short, long, help = "Allocate a TTY for the container in the pod.")]
    tty: bool,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    deletion: DeletionFlags,
}

// kubectl's run takes -f, -k and -R, and looks at none of them.
const OTHER_FLAGS: &[Flag] = &[
    RECORD,
    Flag::new(
        "field-manager",
        "string",
        "kubectl-run",
        Support::Served,
        "Name of the manager used to track field ownership.",
    ),
    Flag::new("filename", "strings", "", Support::Served, "to use to replace the resource.").short('f'),
    Flag::new(
        "kustomize",
        "string",
        "",
        Support::Served,
        "Process a kustomization directory. This flag can't be used together with -f or -R.",
    )
    .short('k'),
    Flag::new(
        "recursive",
        "bool",
        "false",
        Support::Served,
        "Process the directory used in -f, --filename recursively. Useful when you want to manage related \
        manifests organized within the same directory.",
    )
    .short('R'),
];

const LONG: &str = "Create and run a particular image in a pod.";

const EXAMPLES: &str = r#"  # Start a nginx pod
  kubectl run nginx --image=nginx
  
  # Start a hazelcast pod and let the container expose port 5701
  kubectl run hazelcast --image=hazelcast/hazelcast --port=5701
  
  # Start a hazelcast pod and set environment variables "DNS_DOMAIN=cluster" and "POD_NAMESPACE=default" in the container
  kubectl run hazelcast --image=hazelcast/hazelcast --env="DNS_DOMAIN=cluster" --env="POD_NAMESPACE=default"
  
  # Start a hazelcast pod and set labels "app=hazelcast" and "env=prod" in the container
  kubectl run hazelcast --image=hazelcast/hazelcast --labels="app=hazelcast,env=prod"
  
  # Dry run; print the corresponding API objects without creating them
  kubectl run nginx --image=nginx --dry-run=client
  
  # Start a nginx pod, but overload the spec with a partial set of values parsed from JSON
  kubectl run nginx --image=nginx --overrides='{ "apiVersion": "v1", "spec": { ... } }'
  
  # Start a busybox pod and keep it in the foreground, don't restart it if it exits
  kubectl run -i -t busybox --image=busybox --restart=Never
  
  # Start the nginx pod using the default command, but use custom arguments (arg1 .. argN) for that command
  kubectl run nginx --image=nginx -- <arg1> <arg2> ... <argN>
  
  # Start the nginx pod using a different command and custom arguments
  kubectl run nginx --image=nginx --command -- <cmd> <arg1> ... <argN>"#;

impl Verb for Run {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = r#"run NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...]"#;

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !cx.is_given("image") {
            anyhow::bail!("required flag(s) \"image\" not set");
        }
        let dry_run = self.dry_run.parse(cx)?;
        let mut printer = self.print.printer(cx)?;
        let attach = self.attach || (self.stdin && !cx.is_given("attach"));
        self.check(cx, dry_run, attach)?;
        let pod = overrides::apply(self.pod()?, &self.overriding.overrides, &self.overriding.override_type)?;
        let mut made = vec![Arc::new(self.make(cx, dry_run, pod)?)];
        if self.expose {
            made.push(self.make_service(cx, dry_run, &mut printer)?);
        }
        if !attach {
            return printer.print(&made[0], &format!("created{}", dry_run.suffix()), &mut cx.env.stdout);
        }
        let attached = Attached {
            pod: made[0].clone(),
            stdin: self.stdin,
            tty: self.tty,
            quiet: self.quiet,
            leave_stdin_open: self.leave_stdin_open,
            timeout: self.started.pod_running_timeout,
        };
        let outcome = attached.run(cx);
        if self.rm {
            let how = self.delete_options(cx)?;
            Attached::remove(cx, &made, &how, self.quiet)?;
        }
        let Err(error) = outcome else { return Ok(()) };
        match error.downcast_ref::<Failed>() {
            Some(failed) => {
                cx.complain(&failed.text);
                Err(Exit(failed.code).into())
            }
            None => Err(error),
        }
    }
}

impl Run {
    /// How `--rm` deletes.
    fn delete_options(&self, cx: &mut Context) -> anyhow::Result<DeleteOptions> {
        let grace = match (self.deletion.grace_period, self.deletion.force) {
            (grace, _) if grace >= 0 => Some(grace),
            (_, true) => Some(0),
            _ => None,
        };
        let propagation = delete::propagation(&self.deletion.cascade, cx)?;
        Ok(DeleteOptions { grace_period: grace, propagation, ..DeleteOptions::default() })
    }

    fn check(&self, cx: &Context, dry_run: DryRun, attach: bool) -> anyhow::Result<()> {
        if self.args.is_empty() || cx.dash == Some(0) {
            return Err(cx.usage_error("NAME is required for run"));
        }
        if self.image.is_empty() {
            anyhow::bail!("--image is required");
        }
        if !is_image(&self.image) {
            anyhow::bail!("Invalid image name {}: invalid reference format", quote(&self.image));
        }
        if self.tty && !self.stdin {
            return Err(cx.usage_error("-i/--stdin is required for containers with -t/--tty=true"));
        }
        if self.expose && self.port.is_empty() {
            return Err(cx.usage_error("--port must be set when exposing a service"));
        }
        if !matches!(self.restart.as_str(), "" | "Always" | "OnFailure" | "Never") {
            return Err(cx.usage_error(format!("invalid restart policy: {}", self.restart)));
        }
        if !attach && self.rm {
            return Err(cx.usage_error("--rm should only be used for attached containers"));
        }
        if attach && dry_run != DryRun::None {
            let why = "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, \
                or --tty)";
            return Err(cx.usage_error(why));
        }
        if !matches!(self.image_pull_policy.as_str(), "" | "Always" | "IfNotPresent" | "Never") {
            return Err(cx.usage_error(format!("invalid image pull policy: {}", self.image_pull_policy)));
        }
        Ok(())
    }

    /// The pod, with what Go writes of one that has nothing else.
    fn pod(&self) -> anyhow::Result<Value> {
        let name = self.args[0].as_str();
        let mut metadata = json!({"creationTimestamp": null, "labels": self.labels()?, "name": name});
        let mut annotations = Map::new();
        for text in &self.annotations {
            let (key, value) = pair(text).ok_or_else(|| anyhow::anyhow!("invalid annotations format: {text}"))?;
            annotations.insert(key.to_owned(), value.into());
        }
        if !annotations.is_empty() {
            metadata["annotations"] = Value::Object(annotations);
        }
        let restart = match (self.restart.as_str(), self.stdin) {
            ("", true) => "OnFailure",
            ("", false) => "Always",
            (given, _) => given,
        };
        let spec =
            json!({"containers": [self.container(name)?], "dnsPolicy": "ClusterFirst", "restartPolicy": restart});
        Ok(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}}))
    }

    fn labels(&self) -> anyhow::Result<Value> {
        if self.labels.is_empty() {
            return Ok(json!({"run": self.args[0]}));
        }
        Ok(Value::Object(labels(&self.labels)?))
    }

    fn container(&self, name: &str) -> anyhow::Result<Value> {
        let mut container = json!({"image": self.image, "name": name, "resources": {}});
        let words = &self.args[1..];
        if !words.is_empty() {
            container[if self.command { "command" } else { "args" }] = words.into();
        }
        let mut env = Vec::new();
        for text in &self.env {
            let known = pair(text).filter(|(name, _)| names::is_strict_env_var_name(name).is_empty());
            let (name, value) = known.ok_or_else(|| anyhow::anyhow!("invalid env: {text}"))?;
            env.push(if value.is_empty() { json!({"name": name}) } else { json!({"name": name, "value": value}) });
        }
        if !env.is_empty() {
            container["env"] = Value::Array(env);
        }
        if !self.image_pull_policy.is_empty() {
            container["imagePullPolicy"] = self.image_pull_policy.as_str().into();
        }
        if !self.port.is_empty() {
            container["ports"] = json!([{"containerPort": number(&self.port)?}]);
        }
        if self.privileged {
            container["securityContext"] = json!({"privileged": true});
        }
        if self.stdin {
            container["stdin"] = true.into();
            if !self.leave_stdin_open {
                container["stdinOnce"] = true.into();
            }
        }
        if self.tty {
            container["tty"] = true.into();
        }
        Ok(container)
    }

    /// Creates an object, unless it is only asked what it would be.
    fn make(&self, cx: &mut Context, dry_run: DryRun, object: Value) -> anyhow::Result<Object> {
        let Some(mut object) = Object::from_value(object) else { anyhow::bail!("not an object") };
        record::record(cx, &mut object);
        let kind = kinds::by_api_version(object.api_version(), object.kind());
        let Some(kind) = kind.filter(|_| dry_run != DryRun::Client) else {
            if cx.is_given("namespace") {
                object.set("/metadata/namespace", cx.namespace().into());
            }
            return Ok(object);
        };
        if self.save.save_config {
            last_applied::set_typed(&mut object);
        }
        let namespace = cx.namespace().to_owned();
        let name = object.name().to_owned();
        let info = Info { kind, namespace, name, source: String::new(), object: std::sync::Arc::new(object) };
        let made = requests::create(cx, &info, &info.object, &requests::options(dry_run, false))?;
        Ok(Object::clone(&made))
    }

    fn make_service(&self, cx: &mut Context, dry_run: DryRun, printer: &mut Printer) -> anyhow::Result<Arc<Object>> {
        let port = number(&self.port)?;
        let mut metadata = json!({"creationTimestamp": null, "name": self.args[0]});
        if !self.labels.is_empty() {
            metadata["labels"] = self.labels()?;
        }
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": {
                "ports": [{"port": port, "protocol": "TCP", "targetPort": port}], "selector": self.labels()?,
            },
            "status": {"loadBalancer": {}},
        });
        let made = self.make(cx, dry_run, service)?;
        printer.print(&made, &format!("created{}", dry_run.suffix()), &mut cx.env.stdout)?;
        // Upstream parts the documents, and its printer does too.
        if self.print.output == "yaml" {
            cx.env.stdout.write_all(b"---\n")?;
        }
        Ok(Arc::new(made))
    }
}

fn pair(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(key, _)| !key.is_empty())
}

/// `a=b,c=d`, as generators read labels.
///
/// # Errors
/// kubectl's texts.
pub fn labels(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut labels = Map::new();
    for one in text.split(',') {
        match one.split('=').collect::<Vec<_>>().as_slice() {
            ["", _] => anyhow::bail!("unexpected empty label key"),
            [key, value] => labels.insert((*key).to_owned(), (*value).into()),
            _ => anyhow::bail!("unexpected label spec: {one}"),
        };
    }
    Ok(labels)
}

/// A port as Go's `strconv.Atoi` reads it.
///
/// # Errors
/// Go's text.
pub fn number(text: &str) -> anyhow::Result<i64> {
    text.parse().map_err(|_| anyhow::anyhow!("strconv.Atoi: parsing {}: invalid syntax", quote(text)))
}

/// Whether a text is a reference of an image: a path of small letters, a tag and a digest.
pub fn is_image(text: &str) -> bool {
    let (text, digest) = text.split_once('@').map_or((text, None), |(t, d)| (t, Some(d)));
    let (path, tag) = match text.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (text, None),
    };
    let word = |t: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        edge(t.chars().next()) && edge(t.chars().last()) && t.chars().all(inner)
    };
    let host = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    let mut parts = path.split('/');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let first_fits = if rest.is_empty() { word(first) } else { word(first) || host(first) };
    let tag_fits = tag.is_none_or(|t| {
        let starts = t.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        starts && t.len() <= 128 && t.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    });
    let digest_fits = digest.is_none_or(|d| {
        d.split_once(':').is_some_and(|(_, hex)| hex.len() >= 32 && hex.chars().all(|c| c.is_ascii_hexdigit()))
    });
    first_fits && rest.iter().all(|p| word(p)) && tag_fits && digest_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_references() {
        for good in [
            "nginx",
            "nginx:1.24",
            "a/b_c:V1",
            "host:5000/x/y",
            "Host.io/a",
            "x@sha256:0123456789012345678901234567890123",
        ] {
            assert!(is_image(good), "{good}");
        }
        for bad in ["", "Nginx", "a:b:c", "a b", "-a", "a:", "a/", "x@sha256:1"] {
            assert!(!is_image(bad), "{bad}");
        }
    }
}
