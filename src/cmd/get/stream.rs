//! Whole lists, printed or made into rows while they are read: their memory does not grow with their objects.

use std::ops::ControlFlow;

use super::Get;
use crate::apimachinery::table::Table;
use crate::apiserver;
use crate::cluster::Cluster;
use crate::cmd::context::Context;
use crate::cmd::resources::{KindRef, Named};
use crate::cmd::select::{Filter, Selectors};
use crate::printers::{Format, ListPrinter, Printer};

/// A kind with the selectors as they are read for it.
type Filtered = (KindRef, Filter);

impl Get {
    /// Prints a list of one kind as JSON or YAML and says so, where that can be done object by object; leaves everything else
    /// to be fetched first.
    pub(super) fn stream(&self, cx: &mut Context) -> anyhow::Result<bool> {
        if !matches!(self.output.as_str(), "json" | "yaml") || self.ignore_not_found {
            return Ok(false);
        }
        let Some(kinds) = self.whole_kinds(cx)? else { return Ok(false) };
        let [(kind, filter)] = kinds.as_slice() else { return Ok(false) };
        let format = if self.output == "yaml" { Format::Yaml } else { Format::Json };
        let namespace = self.namespace(cx);
        // What is due happens, and is stored, before anything is printed: a pipe that is read slowly must not keep others
        // from writing.
        if !cx.client()?.read(|cluster| Ok(are_served(&kinds, cluster)))? {
            return Ok(false);
        }
        let mut printer = Printer::new(format, self.show_managed_fields);
        let (client, out) = cx.client_and_stdout()?;
        let mut list = ListPrinter::new(&mut printer, out);
        let mut printed = Ok(());
        client.glance(|cluster| {
            apiserver::visit(cluster, *kind, namespace.as_deref(), None, &mut |object| {
                if filter.lets_through(&object) {
                    printed = list.item(&object);
                }
                if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        })?;
        printed?;
        list.end()?;
        Ok(true)
    }

    /// The tables of whole kinds, where no row needs more of its object than a server sends with it.
    pub(super) fn stream_tables(&self, cx: &mut Context) -> anyhow::Result<Option<Vec<(KindRef, Table)>>> {
        if !self.is_server_table() {
            return Ok(None);
        }
        let Some(kinds) = self.whole_kinds(cx)? else { return Ok(None) };
        let namespace = self.namespace(cx);
        cx.client()?.read(|cluster| {
            let table = |(kind, filter): &Filtered| {
                let rows = apiserver::table_of_all(cluster, *kind, namespace.as_deref(), |o| filter.lets_through(o));
                rows.map(|table| (*kind, table))
            };
            are_served(&kinds, cluster).then(|| kinds.iter().map(table).collect()).transpose()
        })
    }

    fn namespace(&self, cx: &Context) -> Option<String> {
        (!self.scope.all_namespaces).then(|| cx.namespace().to_owned())
    }

    /// The kinds of a command that asks for all objects of them and has no errors to tell. By a label the index finds the few
    /// that are wanted; what is sorted has to be there as a whole.
    fn whole_kinds(&self, cx: &mut Context) -> anyhow::Result<Option<Vec<Filtered>>> {
        let texts = [&self.subresource, &self.select.selector, &self.sort_by];
        // Whole kinds are one word: what names objects is not looked up here, only to be looked up again by who fetches them.
        let is_one_word = matches!(self.args.as_slice(), [word] if !word.contains('/'));
        if !is_one_word || !self.filename.is_empty() || texts.iter().any(|text| !text.is_empty()) {
            return Ok(None);
        }
        let Named::All(kinds) = self.named(cx)? else { return Ok(None) };
        if kinds.windows(2).any(|pair| pair[0].names() == pair[1].names()) {
            return Ok(None);
        }
        let selectors = Selectors { labels: "", fields: &self.select_fields.field_selector };
        let filtered = kinds.iter().map(|kind| Some((*kind, selectors.filter(*kind).ok()?)));
        let Some(filtered) = filtered.collect::<Option<Vec<Filtered>>>() else { return Ok(None) };
        kinds.iter().for_each(|kind| cx.warn_of_kind(*kind));
        Ok(Some(filtered))
    }
}

/// Whether all of the kinds can be read; the error of one that cannot is told by who fetches it.
fn are_served(kinds: &[Filtered], cluster: &Cluster) -> bool {
    kinds.iter().all(|(kind, _)| kind.check_served(cluster, "get", "").is_ok())
}
