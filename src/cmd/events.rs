//! `events`: what happened, oldest first. Knows no kind of object that events are about.

use std::sync::Arc;

use serde_json::{Value, json};

use super::context::Context;
use super::flags::{AllNamespacesFlag, CHUNK_SIZE, PrintFlags};
use super::resources::{self, KindRef};
use super::select::Selectors;
use super::support::Flag;
use super::verbs::Run;
use super::watch::Watch;
use crate::apimachinery::object::Object;
use crate::apimachinery::tabwriter::TabWriter;
use crate::apimachinery::time::Time;
use crate::apiserver;
use crate::cluster::ChangeType;
use crate::kinds;
use crate::kinds::describe::event_interval;
use crate::printers;

/// Arguments of `events`.
#[derive(clap::Args)]
pub struct Events {
    args: Vec<String>,
    #[command(flatten)]
    scope: AllNamespacesFlag,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Filter events to only those pertaining to the specified resource."
    )]
    r#for: String,
    #[arg(long, help = "When using the default output format, don't print headers.")]
    no_headers: bool,
    #[arg(long, value_name = "strings", help = "Output only events of given types.")]
    types: Vec<String>,
    #[arg(short, long, help = "After listing the requested events, watch for more events.")]
    watch: bool,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[CHUNK_SIZE];

const LONG: &str = "Display events.

 Prints a table of the most important information about events. You can request events for a namespace, for all namespace, or filtered to only those pertaining to a specified resource.";

const EXAMPLES: &str = "  # List recent events in the default namespace
  kubectl events
  
  # List recent events in all namespaces
  kubectl events --all-namespaces
  
  # List recent events for the specified pod, then wait for more events and list them as they arrive
  kubectl events --for pod/web-pod-13je7 --watch
  
  # List recent events in YAML format
  kubectl events -oyaml
  
  # List recent only events of type 'Warning' or 'Normal'
  kubectl events --types=Warning,Normal";

impl Run for Events {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "events [(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]";

    fn run(mut self, cx: &mut Context) -> anyhow::Result<()> {
        let mut printer = self.print.printer(cx)?;
        let about = self.about(cx)?;
        if self.types.iter().any(|t| !t.eq_ignore_ascii_case("Normal") && !t.eq_ignore_ascii_case("Warning")) {
            anyhow::bail!("valid --types are Normal or Warning");
        }
        // What is named makes no difference.
        drop(std::mem::take(&mut self.args));
        if self.watch {
            return self.follow(cx, about.as_ref());
        }
        let events = self.find(cx, about.as_ref())?;
        if events.is_empty() {
            let place =
                if self.scope.all_namespaces { String::new() } else { format!(" in {} namespace", cx.namespace()) };
            cx.complain(&format!("No events found{place}.\n"));
            return Ok(());
        }
        if self.print.output.is_empty() {
            let now = cx.client()?.now()?;
            let table = self.table(&events, now);
            return Ok(cx.print(&table)?);
        }
        if self.print.output == "name" {
            // What kubectl makes here is a list, of which nothing is named.
            return Ok(());
        }
        let items: Vec<Value> = events.iter().map(|e| e.to_value()).collect();
        let list = json!({"apiVersion": "v1", "items": items, "kind": "EventList", "metadata": {}});
        match Object::from_value(list) {
            Some(list) => printer.print(&list, "", &mut cx.env.stdout),
            None => Ok(()),
        }
    }
}

impl Events {
    /// The object that the events must be about.
    fn about(&self, cx: &mut Context) -> anyhow::Result<Option<(KindRef, String)>> {
        if self.r#for.is_empty() {
            return Ok(None);
        }
        match self.r#for.split('/').collect::<Vec<_>>().as_slice() {
            [_] => anyhow::bail!("--for must be in resource/name form"),
            [resource, name] => Ok(Some((resources::mapped_kind(cx, &resource.to_lowercase())?, (*name).to_owned()))),
            _ => anyhow::bail!("arguments in resource/name form may not have more than one slash"),
        }
    }

    fn find(&self, cx: &mut Context, about: Option<&(KindRef, String)>) -> anyhow::Result<Vec<Arc<Object>>> {
        let Some(kind) = kinds::by_resource("events") else { return Ok(Vec::new()) };
        let namespace = cx.namespace().to_owned();
        let scope = (!self.scope.all_namespaces).then_some(namespace.as_str());
        let mut events = cx.client()?.read(|cluster| apiserver::list(cluster, kind, scope))?;
        events.retain(|e| self.is_asked(e, about));
        events.sort_by_key(|e| seen(e));
        Ok(events)
    }

    /// Whether an event is about the object that is asked for, and of a type that is.
    fn is_asked(&self, event: &Object, about: Option<&(KindRef, String)>) -> bool {
        let is_about = about.is_none_or(|(kind, name)| {
            let names = kind.names();
            event.str_at("/involvedObject/kind") == names.kind
                && event.str_at("/involvedObject/apiVersion") == names.api_version
                && event.str_at("/involvedObject/name") == name
        });
        let is_typed =
            self.types.is_empty() || self.types.iter().any(|t| t.eq_ignore_ascii_case(event.str_at("/type")));
        is_about && is_typed
    }

    /// Prints the events that are there, in no order but the server's, and then each as it comes.
    fn follow(&self, cx: &mut Context, about: Option<&(KindRef, String)>) -> anyhow::Result<()> {
        let Some(kind) = kinds::by_resource("events") else { return Ok(()) };
        let namespace = (!self.scope.all_namespaces).then(|| cx.namespace().to_owned());
        let (events, since) =
            cx.client()?.read(|c| Ok((apiserver::list(c, kind, namespace.as_deref())?, c.resource_version())))?;
        let mut printer = self.print.printer(cx)?;
        let mut writer = TabWriter::new(6, 3).remember_widths();
        let mut has_head = self.no_headers;
        let mut tell = |cx: &mut Context, what: ChangeType, event: &Arc<Object>| -> anyhow::Result<()> {
            if what == ChangeType::Deleted || !self.is_asked(event, about) {
                return Ok(());
            }
            if !self.print.output.is_empty() {
                return printer.print(event, "", &mut cx.env.stdout);
            }
            if !std::mem::replace(&mut has_head, true) {
                writer.write(&self.head());
            }
            writer.write(&self.row(event, cx.env.clock.now()));
            cx.print(&writer.flush())?;
            Ok(cx.env.stdout.flush()?)
        };
        events.iter().try_for_each(|e| tell(cx, ChangeType::Added, e))?;
        let seen = events.iter().map(|e| kind.names().key(e.namespace(), e.name())).collect();
        let filter = Selectors::default().filter(kind)?;
        let timeout = cx.global.timeout();
        Watch { kind, namespace, name: None, filter, since, seen }.follow(cx, timeout, tell)
    }

    fn head(&self) -> String {
        format!(
            "{}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE",
            if self.scope.all_namespaces { "NAMESPACE\t" } else { "" }
        )
    }

    fn row(&self, event: &Object, now: Time) -> String {
        let text = |pointer: &str| printers::escape(event.str_at(pointer).trim());
        let object = format!("{}/{}", text("/involvedObject/kind"), text("/involvedObject/name"));
        let cells = [event_interval(event, now), text("/type"), text("/reason"), object, text("/message")];
        let space = if self.scope.all_namespaces { format!("{}\t", event.namespace()) } else { String::new() };
        format!("{space}{}", cells.join("\t"))
    }

    fn table(&self, events: &[Arc<Object>], now: Time) -> String {
        let mut writer = TabWriter::new(6, 3);
        if !self.no_headers {
            writer.write(&self.head());
        }
        events.iter().for_each(|event| writer.write(&self.row(event, now)));
        writer.flush()
    }
}

/// When an event was last seen.
fn seen(event: &Object) -> Option<Time> {
    event
        .time_at("/series/lastObservedTime")
        .or_else(|| event.time_at("/lastTimestamp"))
        .or_else(|| event.time_at("/eventTime"))
}
