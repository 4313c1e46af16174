//! A whole list of one kind as JSON or YAML, printed while it is read: its memory does not grow with its length.

use std::ops::ControlFlow;

use super::Get;
use crate::apiserver;
use crate::cmd::context::Context;
use crate::cmd::resources::Named;
use crate::cmd::select::Selectors;
use crate::printers::{Format, ListPrinter, Printer};

impl Get {
    /// Prints the list and says so, where that can be done object by object; leaves everything else to be fetched first.
    pub(super) fn stream(&self, cx: &mut Context) -> anyhow::Result<bool> {
        let is_plain = matches!(self.output.as_str(), "json" | "yaml") && self.sort_by.is_empty();
        // By a label the index finds the few that are wanted.
        let is_whole = self.filename.is_empty() && self.subresource.is_empty() && self.select.selector.is_empty();
        if !is_plain || !is_whole || self.ignore_not_found {
            return Ok(false);
        }
        let Named::All(kinds) = self.named(cx)? else { return Ok(false) };
        let [kind] = kinds.as_slice() else { return Ok(false) };
        let selectors = Selectors { labels: "", fields: &self.select_fields.field_selector };
        let Ok(filter) = selectors.filter(*kind) else { return Ok(false) };
        let format = if self.output == "yaml" { Format::Yaml } else { Format::Json };
        let namespace = (!self.scope.all_namespaces).then(|| cx.namespace().to_owned());
        // What is due happens, and is stored, before anything is printed: a pipe that is read slowly must not keep others
        // from writing.
        let is_served = cx.client()?.read(|cluster| Ok(kind.check_served(cluster, "get", "").is_ok()))?;
        if !is_served {
            return Ok(false);
        }
        let mut printer = Printer::new(format, self.show_managed_fields);
        let (client, out) = cx.client_and_stdout()?;
        let mut list = ListPrinter::new(&mut printer, out);
        let mut printed = Ok(());
        client.glance(|cluster| {
            apiserver::visit(cluster, *kind, namespace.as_deref(), &mut |object| {
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
}
