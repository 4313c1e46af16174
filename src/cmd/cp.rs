//! `cp`: files between this machine and a container. Knows what the two arguments mean, not how files are carried.

use super::flags::ContainerFlag;
use std::path::Path;
use std::sync::Arc;

use super::context::Context;
use super::errors::Exit;
use super::pods;
use super::verbs::Run;
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;
use crate::apiserver;
use crate::control::kubelet;
use crate::control::sandbox::Sandbox;
use crate::kinds;
use crate::runtime::copy::{self, CopyError, From, Warning};

/// Arguments of `cp`.
#[derive(clap::Args)]
pub struct Cp {
    args: Vec<String>,
    #[command(flatten)]
    container: ContainerFlag,
    #[arg(long, help = "The copied file/directory's ownership and permissions will not be preserved in the container")]
    no_preserve: bool,
    #[arg(
        long,
        value_name = "int",
        default_value = "0",
        allow_hyphen_values = true,
        help = "Set number of retries to complete a copy operation from a container. Specify 0 to disable or any \
        negative value for infinite retrying. The default is 0 (no retry)."
    )]
    retries: i64,
}

const LONG: &str = "Copy files and directories to and from containers.";

const EXAMPLES: &str = "  # !!!Important Note!!!
  # Requires that the 'tar' binary is present in your container
  # image.  If 'tar' is not present, 'kubectl cp' will fail.
  #
  # For advanced use cases, such as symlinks, wildcard expansion or
  # file mode preservation, consider using 'kubectl exec'.
  
  # Copy /tmp/foo local file to /tmp/bar in a remote pod in namespace <some-namespace>
  tar cf - /tmp/foo | kubectl exec -i -n <some-namespace> <some-pod> -- tar xf - -C /tmp/bar
  
  # Copy /tmp/foo from a remote pod to /tmp/bar locally
  kubectl exec -n <some-namespace> <some-pod> -- tar cf - /tmp/foo | tar xf - -C /tmp/bar
  
  # Copy /tmp/foo_dir local directory to /tmp/bar_dir in a remote pod in the default namespace
  kubectl cp /tmp/foo_dir <some-pod>:/tmp/bar_dir
  
  # Copy /tmp/foo local file to /tmp/bar in a remote pod in a specific container
  kubectl cp /tmp/foo <some-pod>:/tmp/bar -c <specific-container>
  
  # Copy /tmp/foo local file to /tmp/bar in a remote pod in namespace <some-namespace>
  kubectl cp /tmp/foo <some-namespace>/<some-pod>:/tmp/bar
  
  # Copy /tmp/foo from a remote pod to /tmp/bar locally
  kubectl cp <some-namespace>/<some-pod>:/tmp/foo /tmp/bar";

/// A file, here or in a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spec {
    /// Empty for the command's own.
    namespace: String,
    /// Empty for a local file.
    pod: String,
    file: String,
}

impl Spec {
    fn parse(text: &str) -> anyhow::Result<Spec> {
        let wrong = || anyhow::anyhow!("filespec must match the canonical format: [[namespace/]pod:]file/path");
        let Some((place, file)) = text.split_once(':') else {
            return Ok(Spec { namespace: String::new(), pod: String::new(), file: text.to_owned() });
        };
        let (namespace, pod) = match place.split('/').collect::<Vec<_>>().as_slice() {
            [""] => return Err(wrong()),
            [pod] => (String::new(), (*pod).to_owned()),
            [namespace, pod] => ((*namespace).to_owned(), (*pod).to_owned()),
            _ => return Err(wrong()),
        };
        Ok(Spec { namespace, pod, file: file.to_owned() })
    }
}

impl Run for Cp {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const USAGE: &'static str = "cp <file-spec-src> <file-spec-dest>";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [from, to] = self.args.as_slice() else { anyhow::bail!("source and destination are required") };
        let (from, to) = (Spec::parse(from)?, Spec::parse(to)?);
        if !from.pod.is_empty() && !to.pod.is_empty() {
            anyhow::bail!("one of src or dest must be a local file specification");
        }
        if from.file.is_empty() || to.file.is_empty() {
            anyhow::bail!("filepath can not be empty");
        }
        let copied = match (from.pod.is_empty(), to.pod.is_empty()) {
            (false, _) => self.copy_out(cx, &from, &to)?,
            (_, false) => self.copy_in(cx, &from, &to)?,
            _ => anyhow::bail!("one of src or dest must be a remote file specification"),
        };
        match copied {
            Err(CopyError::Tar(exit)) => {
                cx.complain(&format!("{}\n", CopyError::Tar(exit)));
                Err(Exit(u8::try_from(exit.0 & 0xff).unwrap_or(1)).into())
            }
            other => Ok(other?),
        }
    }
}

impl Cp {
    fn copy_in(&self, cx: &mut Context, from: &Spec, to: &Spec) -> anyhow::Result<Result<(), CopyError>> {
        let source = cx.env.path(&from.file);
        if source.metadata().is_err() {
            anyhow::bail!("{} doesn't exist in local filesystem", from.file);
        }
        let (home, sandbox) = self.sandbox(cx, to)?;
        let mut target = clean(&to.file);
        match copy::is_folder(&home, &sandbox, &to.file, cx.env) {
            Ok(true) => target = format!("{}/{}", target.trim_end_matches('/'), base(&clean(&from.file))),
            Ok(false) => {}
            Err(error) => return Ok(Err(error)),
        }
        let (folder, name) = split(&target);
        Ok(copy::copy_in(&home, &sandbox, &source, (&folder, &name), !self.no_preserve, cx.env))
    }

    fn copy_out(&self, cx: &mut Context, from: &Spec, to: &Spec) -> anyhow::Result<Result<(), CopyError>> {
        let (home, sandbox) = self.sandbox(cx, from)?;
        let prefix = clean(from.file.trim_start_matches('/'));
        let local = clean(&to.file);
        let wanted = From {
            source: from.file.clone(),
            prefix: without_climbing(&prefix).to_owned(),
            destination: cx.env.path(&to.file),
            shown: if local == "." { String::new() } else { local }.into(),
        };
        let shown = |path: &Path| quote(&path.to_string_lossy());
        let namespace = if from.namespace.is_empty() { cx.namespace().to_owned() } else { from.namespace.clone() };
        let advice = format!(
            "consider using \"{} exec -n {} {} -- tar cf - {} | tar xf -\"",
            cx.program,
            quote(&namespace),
            quote(&from.pod),
            quote(&from.file)
        );
        let mut told = false;
        let mut warn = |env: &mut crate::Env, warning: &Warning| {
            let text = match warning {
                Warning::Outside(path) => {
                    format!("warning: file {} is outside target destination, skipping\n", shown(path))
                }
                Warning::Link { path, target } => {
                    let more = if told { String::new() } else { format!(" ({advice})") };
                    told = true;
                    format!("warning: skipping symlink: {} -> {}{more}\n", shown(path), quote(target))
                }
            };
            let _nobody_to_tell = env.stderr.write_all(text.as_bytes());
        };
        let mut tries = 0;
        loop {
            match copy::copy_out(&home, &sandbox, &wanted, cx.env, &mut warn) {
                // A copy that was cut off is begun anew; a container's tar that said no says it again.
                Err(CopyError::Corrupted | CopyError::Io(_)) if self.retries < 0 || tries < self.retries => tries += 1,
                done => return Ok(done),
            }
        }
    }

    /// Where the files of a pod's container are.
    fn sandbox(&self, cx: &mut Context, spec: &Spec) -> anyhow::Result<(std::path::PathBuf, Sandbox)> {
        let namespace = if spec.namespace.is_empty() { cx.namespace().to_owned() } else { spec.namespace.clone() };
        let Some(kind) = kinds::by_resource("pods") else { anyhow::bail!("pods are not served") };
        let pod: Arc<Object> = cx.client()?.read(|cluster| apiserver::get(cluster, kind, &namespace, &spec.pod))?;
        let phase = pod.str_at("/status/phase");
        if matches!(phase, "Succeeded" | "Failed") {
            anyhow::bail!("cannot exec into a container in a completed pod; current phase is {phase}");
        }
        let (container, notice) = pods::container(&pod, &self.container.container)?;
        cx.complain(&notice);
        let sandbox = cx.client()?.read(|cluster| kubelet::sandbox(&pod, &container, cluster))?;
        if !pods::is_running(&pod, &container) {
            anyhow::bail!("unable to upgrade connection: container not found ({})", quote(&container));
        }
        let home = cx.client()?.home().to_owned();
        cx.close();
        Ok((home, sandbox))
    }
}

/// A path without empty parts, `.` and what `..` takes back, as Go's path.Clean has it.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|p| !p.is_empty() && *p != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", None) if rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// A path's last part.
fn base(path: &str) -> &str {
    path.rsplit('/').next().filter(|b| !b.is_empty()).unwrap_or(path)
}

/// A clean path's folder and last part.
fn split(path: &str) -> (String, String) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/".to_owned(), name.to_owned()),
        Some((folder, name)) => (folder.to_owned(), name.to_owned()),
        None => (".".to_owned(), path.to_owned()),
    }
}

/// A relative path without the `..` that it begins with.
fn without_climbing(path: &str) -> &str {
    let mut rest = path;
    while let Some(shorter) = rest.strip_prefix("../") {
        rest = shorter;
    }
    if matches!(rest, "." | "..") { "" } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs() {
        let spec = |namespace: &str, pod: &str, file: &str| Spec {
            namespace: namespace.into(),
            pod: pod.into(),
            file: file.into(),
        };
        assert_eq!(Spec::parse("a/b").unwrap(), spec("", "", "a/b"));
        assert_eq!(Spec::parse("p:/x").unwrap(), spec("", "p", "/x"));
        assert_eq!(Spec::parse("n/p:/x:y").unwrap(), spec("n", "p", "/x:y"));
        for bad in [":x", "a/b/c:x"] {
            assert!(Spec::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_as_go_has_them() {
        for (path, want) in [("/a//b/./c/..", "/a/b"), ("a/../..", ".."), ("", "."), ("/..", "/"), ("./x/", "x")] {
            assert_eq!(clean(path), want, "{path}");
        }
        assert_eq!((base("/a/b"), base("a"), base("/")), ("b", "a", "/"));
        assert_eq!(split("/x"), ("/".into(), "x".into()));
        assert_eq!(split("/a/x"), ("/a".into(), "x".into()));
        assert_eq!((without_climbing("../../x"), without_climbing("x/y"), without_climbing(".")), ("x", "x/y", ""));
    }
}
