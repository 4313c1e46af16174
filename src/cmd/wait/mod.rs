//! `wait`: until a condition holds for each of the objects that are named. Knows no kind.

mod condition;

use crate::cmd::flags::{AllNamespacesFlag, FieldSelectorFlag, SHOW_MANAGED_FIELDS, TemplateFlags};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use clap::ArgAction;

use super::context::Context;
use super::errors::aggregate;
use super::fetch::{self, Fetched};
use super::go;
use super::manifest::{self, Filenames};
use super::resources::{self, KindRef, Request};
use super::select::Selectors;
use super::support::Flag;
use super::verbs::{Operands, Run};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use crate::printers::{FORMATS, Format, Printer};
use condition::Condition;

/// Arguments of `wait`.
#[derive(clap::Args)]
pub struct Wait {
    args: Vec<String>,
    #[arg(long, help = "Select all resources in the namespace of the specified resource types")]
    all: bool,
    #[command(flatten)]
    scope: AllNamespacesFlag,
    #[command(flatten)]
    templates: TemplateFlags,
    #[command(flatten)]
    select_fields: FieldSelectorFlag,
    #[arg(short, long, value_name = "strings", help = "identifying the resource.")]
    filename: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The condition to wait on: \
        [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath \
        value]]. The default condition-value is true. Condition values are compared after Unicode simple \
        case folding, which is a more general form of case-insensitivity."
    )]
    r#for: String,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, \
        jsonpath, jsonpath-as-json, jsonpath-file)."
    )]
    output: String,
    #[arg(short = 'R', long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "Process the directory used in -f, --filename recursively. Useful when you want to manage related \
        manifests organized within the same directory.")]
    recursive: bool,
    #[arg(
        short = 'l',
        long,
        value_name = "string",
        default_value = "",
        help = "Selector (label query) to filter on, supports '=', '==', and '!='.(e.g. -l key1=value1,key2=value2)"
    )]
    selector: String,
    #[arg(long, value_name = "duration", default_value = "30s", value_parser = patience,
        help = "The length of time to wait before giving up. Zero means check once and don't wait, negative means \
        wait for a week.")]
    timeout: Duration,
    #[arg(long, help = "If true, annotation will NOT contact api-server but run locally.")]
    local: bool,
}

const OTHER_FLAGS: &[Flag] = &[SHOW_MANAGED_FIELDS];

const LONG: &str = r#"Experimental: Wait for a specific condition on one or many resources.

 The command takes multiple resources and waits until the specified condition is seen in the Status field of every given resource.

 Alternatively, the command can wait for the given set of resources to be created or deleted by providing the "create" or "delete" keyword as the value to the --for flag.

 A successful message will be printed to stdout indicating when the specified condition has been met. You can use -o option to change to output destination."#;

const EXAMPLES: &str = r#"  # Wait for the pod "busybox1" to contain the status condition of type "Ready"
  kubectl wait --for=condition=Ready pod/busybox1
  
  # The default value of status condition is true; you can wait for other targets after an equal delimiter (compared after Unicode simple case folding, which is a more general form of case-insensitivity)
  kubectl wait --for=condition=Ready=false pod/busybox1
  
  # Wait for the pod "busybox1" to contain the status phase to be "Running"
  kubectl wait --for=jsonpath='{.status.phase}'=Running pod/busybox1
  
  # Wait for pod "busybox1" to be Ready
  kubectl wait --for='jsonpath={.status.conditions[?(@.type=="Ready")].status}=True' pod/busybox1
  
  # Wait for the service "loadbalancer" to have ingress
  kubectl wait --for=jsonpath='{.status.loadBalancer.ingress}' service/loadbalancer
  
  # Wait for the secret "busybox1" to be created, with a timeout of 30s
  kubectl create secret generic busybox1
  kubectl wait --for=create secret/busybox1 --timeout=30s
  
  # Wait for the pod "busybox1" to be deleted, with a timeout of 60s, after having issued the "delete" command
  kubectl delete pod/busybox1
  kubectl wait --for=delete pod/busybox1 --timeout=60s"#;

/// The time is up before the condition of an object held.
#[derive(Debug)]
struct TimedOut(String);

impl std::fmt::Display for TimedOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "timed out waiting for the condition on {}", self.0)
    }
}

impl std::error::Error for TimedOut {}

/// What a negative timeout means: kubectl's "for ever".
const WEEK: Duration = Duration::from_secs(168 * 3600);

impl Run for Wait {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "wait ([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let mut printer = self.printer(cx)?;
        let mut condition = Condition::parse(&self.r#for)?;
        if self.local && self.filename.is_empty() {
            anyhow::bail!(resources::LOCAL_MISSING);
        }
        let mut fetched = match condition {
            Condition::Create => self.until_created(cx)?,
            _ => self.fetch(cx)?,
        };
        if matches!(condition, Condition::Delete) {
            fetched.errors.retain(|e| !fetch::is_not_found(e));
        }
        let mut begun = cx.client()?.now()?;
        let objects: Vec<_> = fetched.parts.iter().flat_map(|p| p.objects.iter().map(|o| (p.kind, o))).collect();
        let (mut errors, count) = (Vec::new(), objects.len() + fetched.errors.len());
        for (kind, object) in objects {
            match self.until(cx, kind, object, &mut condition, begun) {
                Ok(met) => printer.print(&met, "condition met", &mut cx.env.stdout)?,
                Err(error) => {
                    if error.downcast_ref::<TimedOut>().is_some() {
                        // The time is up, also where the clock stands still.
                        begun = Time::MIN_UTC;
                    }
                    errors.push(error);
                }
            }
        }
        errors.append(&mut fetched.errors);
        aggregate(errors)?;
        if count == 0 && !matches!(condition, Condition::Delete) {
            anyhow::bail!("no matching resources found");
        }
        Ok(())
    }
}

impl Wait {
    fn printer(&self, cx: &Context) -> anyhow::Result<Printer> {
        let flags = self.templates.of(&self.output);
        let format = Format::parse(&flags, FORMATS, &|path| manifest::read_text(cx.env, path))?;
        Ok(Printer::new(format, cx.is_given("show-managed-fields")))
    }

    fn fetch(&self, cx: &mut Context) -> anyhow::Result<Fetched> {
        let files = Filenames { filenames: &self.filename, recursive: self.recursive, validate: false };
        let manifests = manifest::read(cx, &files)?;
        let named = resources::named(
            cx,
            &Request {
                args: &self.args,
                has_files: !self.filename.is_empty(),
                selector: &self.selector,
                field_selector: &self.select_fields.field_selector,
                type_alone_is_all: self.all,
                all_namespaces: self.scope.all_namespaces,
                ..Request::default()
            },
        )?;
        let selectors = Selectors { labels: &self.selector, fields: &self.select_fields.field_selector };
        fetch::fetch(cx, named, manifests, &selectors, self.scope.all_namespaces)
    }

    /// Waits until everything that is named is there; what is selected is there in any case.
    fn until_created(&self, cx: &mut Context) -> anyhow::Result<Fetched> {
        let mut left = self.timeout;
        loop {
            let fetched = self.fetch(cx)?;
            if !fetched.errors.iter().any(fetch::is_not_found) {
                return Ok(fetched);
            }
            let seen = cx.client()?.now()?;
            let version = cx.client()?.read(|c| Ok(c.resource_version()))?;
            let changed = |c: &Cluster| Ok((c.resource_version() != version).then_some(()));
            if left.is_zero() || cx.client()?.wait("the objects", Some(left), changed)?.is_none() {
                anyhow::bail!("timed out waiting for the condition");
            }
            left = remaining(left, cx.client()?.now()? - seen);
        }
    }

    /// Waits for one object; the timeout is for all together.
    fn until(
        &self,
        cx: &mut Context,
        kind: KindRef,
        object: &Arc<Object>,
        condition: &mut Condition,
        begun: Time,
    ) -> anyhow::Result<Arc<Object>> {
        let key = kind.names().key(object.namespace(), object.name());
        let mut is_first = true;
        let look = |cluster: &Cluster| -> Result<Option<Result<Arc<Object>, String>>, Status> {
            let found = cluster.get(&key)?;
            if found.is_none() && !matches!(condition, Condition::Delete) && is_first {
                return Err(Status::not_found(kind.names().resource, object.name()));
            }
            is_first = false;
            Ok(condition.check(object, found).transpose())
        };
        let left = remaining(self.timeout, cx.client()?.now()? - begun);
        let what = format!("{}/{}", kind.names().plural, object.name());
        // What is looked at after the time is up is not looked at: kubectl's clock runs for all objects together.
        if left.is_zero() && !self.timeout.is_zero() {
            return Err(TimedOut(what).into());
        }
        let met = if self.timeout.is_zero() {
            cx.client()?.read(look)?
        } else {
            cx.client()?.wait(&what, Some(left), look)?
        };
        match met {
            Some(met) => met.map_err(anyhow::Error::msg),
            None if self.timeout.is_zero() => Err(anyhow::anyhow!("condition not met for {what}")),
            None => Err(TimedOut(what).into()),
        }
    }
}

fn patience(text: &str) -> Result<Duration, String> {
    let given = go::duration(text)?;
    Ok(if text.starts_with('-') && go::duration(&text[1..])? > Duration::ZERO { WEEK } else { given })
}

fn remaining(timeout: Duration, spent: TimeDelta) -> Duration {
    timeout.saturating_sub(spent.to_std().unwrap_or_default())
}
