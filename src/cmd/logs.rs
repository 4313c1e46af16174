//! `logs`: what containers wrote. Knows which containers are meant, not how their logs are kept.

mod show;

use super::flags::SelectorFlag;
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::fetch::is_not_found;
use super::infos::Info;
use super::infos::{self, Query};
use super::support::{Flag, Support};
use super::verbs::{Operands, Run};
use super::{go, pods};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::cluster::Cluster;
use show::{Filter, Source};

/// How many lines of each log are shown where objects are selected by their labels.
const SELECTED_TAIL: usize = 10;

/// Arguments of `logs`.
#[derive(clap::Args)]
pub struct Logs {
    args: Vec<String>,
    #[arg(long, help = "Get all containers' logs in the pod(s).")]
    all_containers: bool,
    #[arg(long, help = "Get logs from all pod(s). Sets prefix to true.")]
    all_pods: bool,
    #[arg(short, long, value_name = "string", default_value = "", help = "Print the logs of this container")]
    container: String,
    #[arg(short, long, help = "Specify if the logs should be streamed.")]
    follow: bool,
    #[arg(long, help = "If watching / following pod logs, allow for any errors that occur to be non-fatal")]
    ignore_errors: bool,
    #[arg(
        long,
        value_name = "int",
        default_value = "5",
        allow_hyphen_values = true,
        help = "Specify maximum number of concurrent logs to follow when using by a selector. Defaults to 5."
    )]
    max_log_requests: i64,
    #[arg(long, help = "Prefix each log line with the log source (pod name and container name)")]
    prefix: bool,
    #[arg(long, help = "Include timestamps on each line in the log output")]
    timestamps: bool,
    #[arg(
        long,
        value_name = "int",
        default_value = "0",
        allow_hyphen_values = true,
        help = "Maximum bytes of logs to return. Defaults to no limit."
    )]
    limit_bytes: i64,
    #[arg(long, value_name = "duration", default_value = "20s", value_parser = go::duration,
        help = "The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running")]
    pod_running_timeout: Duration,
    #[arg(
        short,
        long,
        help = "If true, print the logs for the previous instance of the container in a pod if it exists."
    )]
    previous: bool,
    #[command(flatten)]
    select: SelectorFlag,
    #[arg(long, value_name = "duration", default_value = "0s", value_parser = go::duration,
        help = "Only return logs newer than a relative duration like 5s, 2m, or 3h. Defaults to all logs. Only one \
        of since-time / since may be used.")]
    since: Duration,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Only return logs after a specific date (RFC3339). Defaults to all logs. Only one of since-time / \
        since may be used."
    )]
    since_time: String,
    #[arg(
        long,
        value_name = "int",
        default_value = "-1",
        allow_hyphen_values = true,
        help = "Lines of recent log file to display. Defaults to -1 with no selector, showing all log lines \
        otherwise 10, if a selector is provided."
    )]
    tail: i64,
}

const OTHER_FLAGS: &[Flag] = &[Flag::new(
    "insecure-skip-tls-verify-backend",
    "bool",
    "false",
    Support::NoEffect("there is no kubelet to connect to"),
    "Skip verifying the identity of the kubelet that logs are requested from.  In theory, an attacker \
        could provide invalid log content back. You might want to use this if your kubelet serving \
        certificates have expired.",
)];

const LONG: &str = "Print the logs for a container in a pod or specified resource. If the pod has only one container, the container name is optional.";

const EXAMPLES: &str = "  # Return snapshot logs from pod nginx with only one container
  kubectl logs nginx
  
  # Return snapshot logs from pod nginx, prefixing each line with the source pod and container name
  kubectl logs nginx --prefix
  
  # Return snapshot logs from pod nginx, limiting output to 500 bytes
  kubectl logs nginx --limit-bytes=500
  
  # Return snapshot logs from pod nginx, waiting up to 20 seconds for it to start running.
  kubectl logs nginx --pod-running-timeout=20s
  
  # Return snapshot logs from pod nginx with multi containers
  kubectl logs nginx --all-containers=true
  
  # Return snapshot logs from all pods in the deployment nginx
  kubectl logs deployment/nginx --all-pods=true
  
  # Return snapshot logs from all containers in pods defined by label app=nginx
  kubectl logs -l app=nginx --all-containers=true
  
  # Return snapshot logs from all pods defined by label app=nginx, limiting concurrent log requests to 10 pods
  kubectl logs -l app=nginx --max-log-requests=10
  
  # Return snapshot of previous terminated ruby container logs from pod web-1
  kubectl logs -p -c ruby web-1
  
  # Begin streaming the logs from pod nginx, continuing even if errors occur
  kubectl logs nginx -f --ignore-errors=true
  
  # Begin streaming the logs of the ruby container in pod web-1
  kubectl logs -f -c ruby web-1
  
  # Begin streaming the logs from all containers in pods defined by label app=nginx
  kubectl logs -f -l app=nginx --all-containers=true
  
  # Display only the most recent 20 lines of output in pod nginx
  kubectl logs --tail=20 nginx
  
  # Show all logs from pod nginx written in the last hour
  kubectl logs --since=1h nginx
  
  # Show all logs with timestamps from pod nginx starting from August 30, 2024, at 06:00:00 UTC
  kubectl logs nginx --since-time=2024-08-30T06:00:00Z --timestamps=true
  
  # Show logs from a kubelet with an expired serving certificate
  kubectl logs --insecure-skip-tls-verify-backend nginx
  
  # Return snapshot logs from first container of a job named hello
  kubectl logs job/hello
  
  # Return snapshot logs from container nginx-1 of a deployment named nginx
  kubectl logs deployment/nginx -c nginx-1";

impl Run for Logs {
    const OPERANDS: Operands = Operands::Pod;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        self.check_args(cx)?;
        if !self.since_time.is_empty() && time::parse(&self.since_time).is_none() {
            anyhow::bail!(
                "parsing time {0:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {0:?} as \"2006\"",
                self.since_time
            );
        }
        let infos = self.infos(cx)?;
        self.check()?;
        let mut wanted = Vec::new();
        for info in &infos {
            for pod in self.pods(cx, info)? {
                let containers = self.containers(cx, &pod)?;
                wanted.extend(containers.into_iter().map(|container| (pod.clone(), container)));
            }
        }
        self.show(cx, &wanted)
    }
}

impl Logs {
    fn check_args(&self, cx: &Context) -> anyhow::Result<()> {
        const NONE: &str = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n\
            POD or TYPE/NAME is a required argument for the logs command";
        match (self.args.len(), self.select.selector.is_empty()) {
            (0, true) => Err(cx.usage_error(NONE)),
            (1, false) => Err(cx.usage_error("only a selector (-l) or a POD name is allowed")),
            (0..=2, _) => Ok(()),
            _ => Err(cx.usage_error(NONE)),
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        if !self.since_time.is_empty() && !self.since.is_zero() {
            anyhow::bail!("at most one of `sinceTime` or `sinceSeconds` may be specified");
        }
        if self.all_containers && !self.container().is_empty() {
            anyhow::bail!("--all-containers=true should not be specified with container name {}", self.container());
        }
        if !self.container.is_empty() && self.args.len() == 2 {
            anyhow::bail!("only one of -c or an inline [CONTAINER] arg is allowed");
        }
        if self.limit_bytes < 0 {
            anyhow::bail!("--limit-bytes must be greater than 0");
        }
        if self.tail < -1 {
            anyhow::bail!("--tail must be greater than or equal to -1");
        }
        Ok(())
    }

    /// The container that is named, as a flag or as an argument.
    fn container(&self) -> &str {
        self.args.get(1).map_or(&self.container, |c| c)
    }

    /// The objects that are named or selected.
    fn infos(&self, cx: &mut Context) -> anyhow::Result<Vec<Info>> {
        let pods = "pods".to_owned();
        let args = match self.args.first() {
            None => vec![pods],
            Some(named) if named.contains('/') => vec![named.clone()],
            Some(name) => vec![pods, name.clone()],
        };
        let mut found = infos::find(cx, &Query { args: &args, selector: &self.select.selector, ..Query::default() })?;
        if let Some(error) = found.errors.pop() {
            if is_not_found(&error) {
                anyhow::bail!("error from server (NotFound): {error} in namespace {:?}", cx.namespace());
            }
            return Err(error);
        }
        if found.infos.is_empty() {
            cx.complain(&format!("No resources found in {} namespace.\n", cx.namespace()));
        }
        Ok(found.infos)
    }

    /// The pod itself, or the pods that the object stands for: the best of them, or all with `--all-pods`.
    fn pods(&self, cx: &mut Context, info: &Info) -> anyhow::Result<Vec<Arc<Object>>> {
        if info.kind.names().resource == "pods" {
            return Ok(vec![info.object.clone()]);
        }
        let names = info.kind.names();
        let go_type = format!("*{}.{}", names.version, names.kind);
        let selector = match info.kind.pod_selector(&info.object) {
            Some(selector) => selector.map_err(|why| anyhow::anyhow!("cannot get the logs from {go_type}: {why}"))?,
            None => anyhow::bail!("cannot get the logs from {go_type}: selector for {go_type} not implemented"),
        };
        let look = |cluster: &Cluster| -> Result<Option<Vec<Arc<Object>>>, Status> {
            let mut pods = cluster.list("pods", Some(&info.namespace))?;
            pods.retain(|p| selector.matches(p.labels()));
            Ok((!pods.is_empty()).then_some(pods))
        };
        let found = cx.client()?.wait("a pod", Some(self.pod_running_timeout), look)?;
        let mut pods = found.ok_or_else(|| anyhow::anyhow!("timed out waiting for the condition"))?;
        pods.sort_by_key(|p| rank(p));
        if pods.len() > 1 && !self.all_pods {
            cx.complain(&format!("Found {} pods, using pod/{}\n", pods.len(), pods[0].name()));
            pods.truncate(1);
        }
        Ok(pods)
    }

    fn containers(&self, cx: &mut Context, pod: &Object) -> anyhow::Result<Vec<String>> {
        let all: Vec<String> = ["initContainers", "containers", "ephemeralContainers"]
            .iter()
            .flat_map(|list| pod.list_at(&format!("/spec/{list}")))
            .filter_map(|c| c["name"].as_str().map(str::to_owned))
            .collect();
        if self.all_containers {
            return Ok(all);
        }
        let (name, notice) = pods::container(pod, self.container())?;
        if !self.all_pods {
            cx.complain(&notice);
        }
        if !all.contains(&name) {
            anyhow::bail!("container {name} is not valid for pod {}", pod.name());
        }
        Ok(vec![name])
    }

    /// Shows the logs of these containers, and stays with them while they run when that is asked for.
    fn show(&self, cx: &mut Context, wanted: &[(Arc<Object>, String)]) -> anyhow::Result<()> {
        let most = usize::try_from(self.max_log_requests).unwrap_or(0);
        if self.follow && wanted.len() > 1 && wanted.len() > most {
            anyhow::bail!(
                "you are attempting to follow {} log streams, but maximum allowed concurrency is {}, use \
                 --max-log-requests to increase the limit",
                wanted.len(),
                self.max_log_requests
            );
        }
        let filter = self.filter(cx)?;
        let home = cx.client()?.home().to_owned();
        let mut sources = Vec::new();
        for (pod, container) in wanted {
            match self.refuse(pod, container).and_then(|()| Source::open(&home, pod, container, &filter)) {
                Ok(source) => sources.push(source),
                Err(error) if self.follow && self.ignore_errors && wanted.len() > 1 => {
                    cx.print(&format!("error: {error:#}\n"))?;
                }
                Err(error) => {
                    // What comes before it is shown first.
                    show::show_all(cx, sources)?;
                    return Err(error);
                }
            }
        }
        if self.follow { show::follow(cx, sources) } else { show::show_all(cx, sources) }
    }

    fn filter(&self, cx: &mut Context) -> anyhow::Result<Filter> {
        let tail = match self.tail {
            -1 if !self.select.selector.is_empty() && !cx.is_given("tail") => Some(SELECTED_TAIL),
            tail => usize::try_from(tail).ok(),
        };
        let since = match self.since.is_zero() {
            false => Some(show::ago(cx.client()?.now()?, self.since)),
            true => time::parse(&self.since_time),
        };
        Ok(Filter {
            tail,
            since,
            limit: usize::try_from(self.limit_bytes).ok().filter(|limit| *limit > 0),
            timestamps: self.timestamps,
            prefix: self.prefix || self.all_pods,
            previous: self.previous,
        })
    }

    /// What the server says of a container without a log.
    fn refuse(&self, pod: &Object, container: &str) -> anyhow::Result<()> {
        let name = pod.name();
        if pod.str_at("/spec/nodeName").is_empty() {
            return Err(Status::bad_request(format!("pod {name} does not have a host assigned")).into());
        }
        let status = pods::status(pod, container);
        let part = |pointer: &str| status.and_then(|s| s.pointer(pointer));
        if self.previous {
            if part("/lastState/terminated").is_none() {
                let why = format!("previous terminated container {container:?} in pod {name:?} not found");
                return Err(Status::bad_request(why).into());
            }
            return Ok(());
        }
        let has_run = part("/lastState/terminated").is_some();
        match part("/state/waiting/reason").and_then(|r| r.as_str()) {
            Some(reason) if !has_run => {
                let words = match reason {
                    "ErrImagePull" => "image can't be pulled",
                    "ImagePullBackOff" => "trying and failing to pull image",
                    other => other,
                };
                let why = format!("container {container:?} in pod {name:?} is waiting to start: {words}");
                Err(Status::bad_request(why).into())
            }
            _ => Ok(()),
        }
    }
}

/// Stays with one container's log until it ends: from its beginning, or from now on.
pub fn follow_one(cx: &mut Context, pod: &Arc<Object>, container: &str, from_the_start: bool) -> anyhow::Result<()> {
    let home = cx.client()?.home().to_owned();
    let filter = Filter { tail: (!from_the_start).then_some(0), ..Filter::default() };
    let source = Source::open(&home, pod, container, &filter)?;
    show::follow(cx, vec![source])
}

/// All that a container has written so far.
pub fn show_one(cx: &mut Context, pod: &Arc<Object>, container: &str) -> anyhow::Result<()> {
    let home = cx.client()?.home().to_owned();
    let source = Source::open(&home, pod, container, &Filter::default())?;
    show::show_all(cx, vec![source])
}

/// Which of several pods' logs is wanted first (podutils.ByLogging): assigned, running, ready, ready for long, restarted
/// often, old.
fn rank(pod: &Object) -> impl Ord + use<> {
    let phase = match pod.str_at("/status/phase") {
        "Running" => 0,
        "Pending" => 2,
        _ => 1,
    };
    let conditions = pod.list_at("/status/conditions");
    let ready = conditions.iter().find(|c| c["type"] == "Ready" && c["status"] == "True");
    let since = ready.and_then(|c| c["lastTransitionTime"].as_str()).unwrap_or_default().to_owned();
    let restarts = pod.list_at("/status/containerStatuses").iter().filter_map(|c| c["restartCount"].as_i64()).max();
    (
        pod.str_at("/spec/nodeName").is_empty(),
        phase,
        ready.is_none(),
        since,
        Reverse(restarts.unwrap_or(0)),
        pod.str_at("/metadata/creationTimestamp").to_owned(),
        pod.name().to_owned(),
    )
}
