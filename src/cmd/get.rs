//! `get`: lists objects, or shows single ones. Knows no kind and no output format.

use super::flags::{
    AllNamespacesFlag, CHUNK_SIZE, FieldSelectorFlag, KUSTOMIZE, RecursiveFlag, SelectorFlag, TemplateFlags,
};
use std::sync::Arc;

use clap::ArgAction;

use super::context::Context;
use super::errors::{self, aggregate};
use super::fetch::{self, Fetched};
use super::manifest::{self, Filenames};
use super::resources::{self, KindRef, Named, Request};
use super::select::Selectors;
use super::support::{Flag, Support};
use super::verbs::{Operands, Run};
use super::watch::Watch;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Row, Table, column};
use crate::apimachinery::time::{self, Time};
use crate::apiserver;
use crate::cluster::ChangeType;
use crate::printers::{self, Format, GET_FORMATS, OutputFlags, Printer, TableOptions, TableWatcher};

mod stream;
mod subresource;

/// Arguments of `get`.
#[derive(clap::Args)]
pub struct Get {
    args: Vec<String>,
    #[command(flatten)]
    scope: AllNamespacesFlag,
    #[command(flatten)]
    templates: TemplateFlags,
    #[command(flatten)]
    select_fields: FieldSelectorFlag,
    #[arg(
        short,
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to get from a server."
    )]
    filename: Vec<String>,
    #[arg(long, help = "If the requested object does not exist the command will return exit code 0.")]
    ignore_not_found: bool,
    #[arg(
        short = 'L',
        long,
        value_name = "strings",
        help = "Accepts a comma separated list of labels that are going to be presented as columns. Names are \
        case-sensitive. You can also use multiple flag options like -L label1 -L label2..."
    )]
    label_columns: Vec<String>,
    #[arg(
        long,
        help = "When using the default or custom-column output format, don't print headers (default print headers)."
    )]
    no_headers: bool,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, \
        jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide). See custom \
        columns [https://kubernetes.io/docs/reference/kubectl/#custom-columns], golang template \
        [http://golang.org/pkg/text/template/#pkg-overview] and jsonpath template \
        [https://kubernetes.io/docs/reference/kubectl/jsonpath/]."
    )]
    output: String,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    select: SelectorFlag,
    #[arg(long, help = "If present, list the resource type for the requested object(s).")]
    show_kind: bool,
    #[arg(long, help = "If true, keep the managedFields when printing objects in JSON or YAML format.")]
    show_managed_fields: bool,
    #[arg(long, help = "When printing, show all labels as the last column (default hide labels column)")]
    show_labels: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If non-empty, sort list types using this field specification.  The field specification is expressed as \
        a JSONPath expression (e.g. '{.metadata.name}'). The field in the API resource specified by this \
        JSONPath expression must be an integer or a string."
    )]
    sort_by: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If specified, gets the subresource of the requested object. This flag is beta and may change in the \
        future."
    )]
    subresource: String,
    #[arg(
        long,
        help = "Output watch event objects when --watch or --watch-only is used. Existing objects are output as initial \
        ADDED events."
    )]
    output_watch_events: bool,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "If true, have the server return the appropriate table output. Supports extension APIs and CRDs.")]
    server_print: bool,
    #[arg(short, long, help = "After listing/getting the requested object, watch for changes.")]
    watch: bool,
    #[arg(long, help = "Watch for changes to the requested object(s), without listing/getting first.")]
    watch_only: bool,
}

const OTHER_FLAGS: &[Flag] = &[
    CHUNK_SIZE,
    KUSTOMIZE,
    Flag::new(
        "raw",
        "string",
        "",
        Support::Served,
        "Raw URI to request from the server.  Uses the transport specified by the kubeconfig file.",
    ),
];

const LONG: &str = r#"Display one or many resources.

 Prints a table of the most important information about the specified resources. You can filter the list using a label selector and the --selector flag. If the desired resource type is namespaced you will only see results in the current namespace if you don't specify any namespace.

 By specifying the output as 'template' and providing a Go template as the value of the --template flag, you can filter the attributes of the fetched resources.

Use "kubectl api-resources" for a complete list of supported resources."#;

const EXAMPLES: &str = r#"  # List all pods in ps output format
  kubectl get pods
  
  # List all pods in ps output format with more information (such as node name)
  kubectl get pods -o wide
  
  # List a single replication controller with specified NAME in ps output format
  kubectl get replicationcontroller web
  
  # List deployments in JSON output format, in the "v1" version of the "apps" API group
  kubectl get deployments.v1.apps -o json
  
  # List a single pod in JSON output format
  kubectl get -o json pod web-pod-13je7
  
  # List a pod identified by type and name specified in "pod.yaml" in JSON output format
  kubectl get -f pod.yaml -o json
  
  # List resources from a directory with kustomization.yaml - e.g. dir/kustomization.yaml
  kubectl get -k dir/
  
  # Return only the phase value of the specified pod
  kubectl get -o template pod/web-pod-13je7 --template={{.status.phase}}
  
  # List resource information in custom columns
  kubectl get pod test-pod -o custom-columns=CONTAINER:.spec.containers[0].name,IMAGE:.spec.containers[0].image
  
  # List all replication controllers and services together in ps output format
  kubectl get rc,services
  
  # List one or more resources by their type and names
  kubectl get rc/web service/frontend pods/web-pod-13je7
  
  # List the 'status' subresource for a single pod
  kubectl get pod web-pod-13je7 --subresource status
  
  # List all deployments in namespace 'backend'
  kubectl get deployments.apps --namespace backend
  
  # List all pods existing in all namespaces
  kubectl get pods --all-namespaces"#;

impl Run for Get {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "get [(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let watches = self.watch || self.watch_only;
        if self.args.is_empty() && self.filename.is_empty() && !watches {
            return Err(no_type(cx));
        }
        if self.show_labels && !matches!(self.output.as_str(), "" | "wide") {
            anyhow::bail!("--show-labels option cannot be used with {} printer", self.output);
        }
        if self.output_watch_events && !watches {
            anyhow::bail!("--output-watch-events option can only be used with --watch or --watch-only");
        }
        if watches {
            return self.follow(cx);
        }
        if self.stream(cx)? {
            return Ok(());
        }
        if let Some(tables) = self.stream_tables(cx)? {
            return self.print_tables(cx, tables, true);
        }
        let mut fetched = self.fetch(cx)?;
        if self.ignore_not_found {
            fetched.errors.retain(|e| !fetch::is_not_found(e));
        }
        let format = self.format(cx)?;
        if format.is_table() {
            let tables = self.tables(cx, &fetched)?;
            self.print_tables(cx, tables, fetched.errors.is_empty())?;
            return errors::list(fetched.errors);
        }
        if let Some(error) = self.print_objects(cx, format, &mut fetched)? {
            return Err(error);
        }
        aggregate(fetched.errors)
    }
}

impl Get {
    /// Everything that was asked for, and what went wrong.
    fn fetch(&self, cx: &mut Context) -> anyhow::Result<Fetched> {
        let files = Filenames { filenames: &self.filename, recursive: self.files.recursive, validate: false };
        let manifests = manifest::read(cx, &files)?;
        let named = self.named(cx)?;
        let selectors = Selectors { labels: &self.select.selector, fields: &self.select_fields.field_selector };
        if !self.subresource.is_empty() && matches!(named, Named::All(_)) {
            anyhow::bail!("subresource cannot be used when bulk resources are specified");
        }
        let mut fetched = fetch::fetch(cx, named, manifests, &selectors, self.scope.all_namespaces)?;
        if !self.filename.is_empty() && self.is_server_table() {
            // kubectl asks the selector about the table that the server made of an object, and a table has no labels.
            let selector = Selectors::of_files(selectors.labels)?;
            fetched.parts.retain(|_| selector.matches(None));
        }
        if self.subresource.is_empty() { Ok(fetched) } else { subresource::of(cx, fetched, &self.subresource) }
    }

    /// Whether the server makes a table of what is asked for.
    fn is_server_table(&self) -> bool {
        let is_table = self.output == "wide" || self.output.is_empty() && !self.templates.is_given();
        is_table && self.server_print
    }

    fn named(&self, cx: &mut Context) -> anyhow::Result<Named> {
        resources::named(
            cx,
            &Request {
                args: &self.args,
                has_files: !self.filename.is_empty(),
                selector: &self.select.selector,
                field_selector: &self.select_fields.field_selector,
                all: false,
                type_alone_is_all: true,
                all_namespaces: self.scope.all_namespaces,
            },
        )
    }

    fn format(&self, cx: &Context) -> anyhow::Result<Format> {
        let flags = OutputFlags { no_headers: self.no_headers, ..self.templates.of(&self.output) };
        Format::parse(&flags, GET_FORMATS, &|path| manifest::read_text(cx.env, path))
    }

    /// A single object as it is, anything else as a list. Returns the error of a single object that is not there.
    fn print_objects(
        &self,
        cx: &mut Context,
        format: Format,
        fetched: &mut Fetched,
    ) -> anyhow::Result<Option<anyhow::Error>> {
        let mut objects: Vec<Arc<Object>> = fetched.parts.iter().flat_map(|p| p.objects.iter().cloned()).collect();
        if objects.is_empty() && (self.ignore_not_found || fetched.is_single) {
            return Ok(fetched.errors.pop());
        }
        if !self.sort_by.is_empty() {
            let sorted = printers::sort_objects(&mut objects, &self.sort_by);
            sorted.map_err(|error| unsortable(cx, "sorter.go:329", error))?;
        }
        let mut printer = Printer::new(format, self.show_managed_fields);
        match objects.as_slice() {
            [one] if fetched.is_single => printer.print(one, "", &mut cx.env.stdout)?,
            all => printer.print_list(all, &mut cx.env.stdout)?,
        }
        Ok(None)
    }

    /// Prints what is there, then what happens to it.
    fn follow(&self, cx: &mut Context) -> anyhow::Result<()> {
        match (self.sort_by.is_empty(), self.watch_only) {
            (true, _) => {}
            (false, true) => cx.complain("warning: --watch-only requested, --sort-by will be ignored\n"),
            (false, false) => {
                cx.complain("warning: --watch requested, --sort-by will be ignored for watch events received\n")
            }
        }
        let fetched = self.fetch(cx)?;
        let mut fetched = fetched;
        aggregate(std::mem::take(&mut fetched.errors))?;
        let [part] = fetched.parts.as_slice() else { return self.show_several(cx, &fetched) };
        let kind = part.kind;
        let single = part.objects.first().filter(|_| fetched.is_single);
        let namespace = single.map_or_else(|| cx.namespace().to_owned(), |o| o.namespace().to_owned());
        let filter =
            Selectors { labels: &self.select.selector, fields: &self.select_fields.field_selector }.filter(kind)?;
        let mut watch = Watch {
            kind,
            namespace: (!self.scope.all_namespaces).then_some(namespace),
            name: single.map(|o| o.name().to_owned()),
            filter,
            since: fetched.resource_version,
            seen: part.objects.iter().map(|o| kind.names().key(o.namespace(), o.name())).collect(),
        };
        let mut show = self.shower(cx, kind)?;
        if !self.watch_only {
            part.objects.iter().try_for_each(|o| show(cx, ChangeType::Added, o))?;
            cx.env.stdout.flush()?;
        }
        let timeout = cx.global.timeout();
        watch.follow(cx, timeout, show)
    }

    /// Several objects are shown, then it is said that they cannot be followed; of several types that is said at once.
    fn show_several(&self, cx: &mut Context, fetched: &Fetched) -> anyhow::Result<()> {
        let Some(first) = fetched.parts.first() else { anyhow::bail!(resources::MISSING) };
        if fetched.parts.iter().any(|p| p.kind.names() != first.kind.names()) {
            anyhow::bail!("you may only specify a single resource type");
        }
        if !self.watch_only {
            let mut show = self.shower(cx, first.kind)?;
            let objects = fetched.parts.iter().flat_map(|p| &p.objects);
            objects.into_iter().try_for_each(|o| show(cx, ChangeType::Added, o))?;
            cx.env.stdout.flush()?;
        }
        anyhow::bail!("you may only watch a single resource or type of resource at a time")
    }

    /// What prints one object, and what happened to it where that was asked for.
    fn shower(
        &self,
        cx: &mut Context,
        kind: KindRef,
    ) -> anyhow::Result<impl FnMut(&mut Context, ChangeType, &Arc<Object>) -> anyhow::Result<()> + use<>> {
        let format = self.format(cx)?;
        let is_table = format.is_table();
        let mut rows = TableWatcher::new(self.table_options(kind, self.show_kind));
        let mut printer = Printer::new(format, self.show_managed_fields);
        let (tells_events, server_print) = (self.output_watch_events, self.server_print);
        Ok(move |cx: &mut Context, event, object: &Arc<Object>| {
            if is_table {
                let now = cx.client()?.now()?;
                let table = Get::table(server_print, kind, vec![object.clone()], now);
                Ok(rows.print(&table, tells_events.then_some(event), &mut cx.env.stdout)?)
            } else if tells_events {
                printer.print_event(event, object, &mut cx.env.stdout)
            } else {
                printer.print(object, "", &mut cx.env.stdout)
            }
        })
    }

    /// The server's table, or kubectl's own for objects that it knows nothing of.
    fn table(server_print: bool, kind: KindRef, objects: Vec<Arc<Object>>, now: Time) -> Table {
        if server_print {
            return apiserver::table(kind, objects, now);
        }
        let cells = |o: &Object| vec![o.name().to_owned(), time::age(o.creation_timestamp(), now)];
        let rows = objects.into_iter().map(|object| Row { cells: cells(&object), object });
        Table { columns: ["Name", "Age"].map(column).to_vec(), rows: rows.collect() }
    }

    fn table_options(&self, kind: KindRef, with_kind: bool) -> TableOptions {
        TableOptions {
            no_headers: self.no_headers,
            wide: self.output == "wide",
            with_namespace: self.scope.all_namespaces && kind.names().namespaced,
            kind: with_kind.then(|| kind.names().group_kind().to_lowercase()),
            label_columns: self.label_columns.clone(),
            show_labels: self.show_labels,
        }
    }

    /// One table per kind.
    fn tables(&self, cx: &mut Context, fetched: &Fetched) -> anyhow::Result<Vec<(KindRef, Table)>> {
        let now = cx.client()?.now()?;
        if fetched.parts.len() > 1 && !self.sort_by.is_empty() {
            printers::check_sort_of_tables(&self.sort_by)?;
        }
        let groups = fetched.parts.chunk_by(|a, b| a.kind.names() == b.kind.names());
        let tables = groups.map(|group| {
            let kind = group[0].kind;
            let objects = group.iter().flat_map(|p| p.objects.iter().map(Arc::clone)).collect();
            let mut table = match self.subresource.as_str() {
                "scale" => apiserver::scale_table(objects, now),
                _ => Get::table(self.server_print, kind, objects, now),
            };
            // kubectl drops the error of a table that it cannot sort, and the table with it.
            if !self.sort_by.is_empty() {
                let sorted = printers::sort_table(&mut table, &self.sort_by);
                if !sorted.map_err(|error| unsortable(cx, "sorter.go:375", error))? {
                    table.rows.clear();
                }
            }
            Ok((kind, table))
        });
        tables.collect()
    }

    /// Prints the tables of kinds; says so when there is nothing in any, unless errors were told (`is_complete` is false).
    fn print_tables(&self, cx: &mut Context, tables: Vec<(KindRef, Table)>, is_complete: bool) -> anyhow::Result<()> {
        let with_kind = tables.len() > 1 || self.show_kind;
        let namespaced = !self.scope.all_namespaces && tables.iter().all(|(kind, _)| kind.names().namespaced);
        let tables: Vec<(Table, TableOptions)> =
            tables.into_iter().map(|(kind, table)| (table, self.table_options(kind, with_kind))).collect();
        printers::print_tables(&tables, &mut cx.env.stdout)?;
        let nothing = tables.iter().all(|(table, _)| table.rows.is_empty());
        if nothing && !self.ignore_not_found && is_complete {
            let place = if namespaced { format!(" in {} namespace.", cx.namespace()) } else { String::new() };
            cx.complain(&format!("No resources found{place}\n"));
        }
        Ok(())
    }
}

fn no_type(cx: &mut Context) -> anyhow::Error {
    let program = cx.program.clone();
    cx.complain(&format!(
        "You must specify the type of resource to get. Use \"{program} api-resources\" for a complete list of \
         supported resources.\n\n"
    ));
    cx.usage_error(format!(
        "Required resource not specified.\nUse \"{program} explain <resource>\" for a detailed description of that \
         resource (e.g. {program} explain pods)."
    ))
}

/// Values that have no order end kubectl where it compares them; other errors are told as they are.
fn unsortable(cx: &mut Context, place: &str, error: anyhow::Error) -> anyhow::Error {
    match error.to_string() {
        text if text.contains("unsortable") => cx.fatal(place, &text),
        _ => error,
    }
}
