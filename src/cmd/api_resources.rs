//! `api-resources`: the kinds, as `api-resources` of a cluster lists them. Knows of a kind only its names.

use clap::ArgAction;

use super::context::Context;
use super::support::{Flag, Support};
use super::verbs::Run;
use crate::kinds::{self, Names};

/// Arguments of `api-resources`.
#[derive(clap::Args)]
pub struct ApiResources {
    args: Vec<String>,
    #[arg(long, value_name = "string", default_value = "", help = "Limit to resources in the specified API group.")]
    api_group: String,
    #[arg(long, value_name = "strings", help = "Limit to resources that belong to the specified categories.")]
    categories: Vec<String>,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "If false, non-namespaced resources will be returned, otherwise returning namespaced resources by \
        default.")]
    namespaced: bool,
    #[arg(
        long,
        help = "When using the default or custom-column output format, don't print headers (default print headers)."
    )]
    no_headers: bool,
    #[arg(short, long, value_name = "string", default_value = "", help = "Output format. One of: (wide, name).")]
    output: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If non-empty, sort list of resources using specified field. The field can be either 'name' or 'kind'."
    )]
    sort_by: String,
    #[arg(long, value_name = "strings", help = "Limit to resources that support the specified verbs.")]
    verbs: Vec<String>,
}

const OTHER_FLAGS: &[Flag] = &[Flag::new(
    "cached",
    "bool",
    "false",
    Support::NoEffect("nothing is cached"),
    "Use the cached list of resources if available.",
)];

const LONG: &str = "Print the supported API resources on the server.";

const EXAMPLES: &str = "  # Print the supported API resources
  kubectl api-resources
  
  # Print the supported API resources with more information
  kubectl api-resources -o wide
  
  # Print the supported API resources sorted by a column
  kubectl api-resources --sort-by=name
  
  # Print the supported namespaced resources
  kubectl api-resources --namespaced=true
  
  # Print the supported non-namespaced resources
  kubectl api-resources --namespaced=false
  
  # Print the supported API resources with a specific APIGroup
  kubectl api-resources --api-group=rbac.authorization.k8s.io";

impl Run for ApiResources {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "api-resources [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        if !matches!(self.output.as_str(), "" | "wide" | "name") {
            anyhow::bail!("--output {} is not available", self.output);
        }
        if !matches!(self.sort_by.as_str(), "" | "name" | "kind") {
            anyhow::bail!("--sort-by accepts only name or kind");
        }
        let by_scope = cx.is_given("namespaced").then_some(self.namespaced);
        let registry = cx.registry()?;
        let stored = registry.kinds().map(|k| Row { names: k.names(), verbs: verbs(k.names()) });
        let unstored = UNSTORED.iter().map(|(names, verbs)| Row { names, verbs });
        let mut rows: Vec<Row> = stored.chain(unstored).filter(|row| self.lists(*row, by_scope, cx)).collect();
        rows.sort_by_key(|row| (row.names.group, row.names.plural));
        match self.sort_by.as_str() {
            "name" => rows.sort_by_key(|row| row.names.plural),
            "kind" => rows.sort_by_key(|row| (row.names.kind, row.names.plural)),
            _ => {}
        }
        let text = match self.output.as_str() {
            "name" => rows.iter().map(|row| format!("{}\n", row.names.resource)).collect(),
            output => table(&rows, output == "wide", !self.no_headers),
        };
        Ok(cx.print(&text)?)
    }
}

impl ApiResources {
    fn lists(&self, row: Row, by_scope: Option<bool>, cx: &Context) -> bool {
        let names = row.names;
        by_scope.is_none_or(|namespaced| names.namespaced == namespaced)
            && (!cx.is_given("api-group") || names.group == self.api_group)
            && self.categories.iter().all(|c| names.categories.contains(&c.as_str()))
            && self.verbs.iter().all(|v| row.verbs.contains(&v.as_str()))
    }
}

/// One resource of the list.
#[derive(Clone, Copy)]
struct Row<'n> {
    names: &'n Names,
    verbs: &'n [&'n str],
}

/// What can be done to every kind that is stored.
const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Those of a kind, in the order that the server's discovery has: namespaces are deleted one by one alone, and a custom
/// resource's stand in an order of their own.
pub fn verbs(names: &Names) -> &'static [&'static str] {
    const ONE_BY_ONE: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];
    const READ: &[&str] = &["get", "list"];
    const CUSTOM: &[&str] = &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    match names.resource {
        "namespaces" => ONE_BY_ONE,
        "componentstatuses" => READ,
        resource if kinds::by_resource(resource).is_none() => CUSTOM,
        _ => VERBS,
    }
}

/// The resources of a server that are requests and no objects, or events under their other name, with their verbs
/// (reference/api-resources.txt). A list without them would not be a cluster's.
const UNSTORED: &[(Names, &[&str])] = &[
    (unstored("", "v1", "Binding", "bindings", true), &["create"]),
    (
        Names {
            short: &["ev"],
            resource: "events.events.k8s.io",
            ..unstored("events.k8s.io", "events.k8s.io/v1", "Event", "events", true)
        },
        VERBS,
    ),
    (
        authentication("SelfSubjectReview", "selfsubjectreviews", "selfsubjectreviews.authentication.k8s.io"),
        &["create"],
    ),
    (authentication("TokenReview", "tokenreviews", "tokenreviews.authentication.k8s.io"), &["create"]),
    (
        Names {
            namespaced: true,
            ..authorization(
                "LocalSubjectAccessReview",
                "localsubjectaccessreviews",
                "localsubjectaccessreviews.authorization.k8s.io",
            )
        },
        &["create"],
    ),
    (
        authorization(
            "SelfSubjectAccessReview",
            "selfsubjectaccessreviews",
            "selfsubjectaccessreviews.authorization.k8s.io",
        ),
        &["create"],
    ),
    (
        authorization(
            "SelfSubjectRulesReview",
            "selfsubjectrulesreviews",
            "selfsubjectrulesreviews.authorization.k8s.io",
        ),
        &["create"],
    ),
    (
        authorization("SubjectAccessReview", "subjectaccessreviews", "subjectaccessreviews.authorization.k8s.io"),
        &["create"],
    ),
];

/// The API versions of those, some of which have nothing else.
pub fn unstored_versions() -> impl Iterator<Item = &'static str> {
    UNSTORED.iter().map(|(names, _)| names.api_version)
}

const fn unstored(
    group: &'static str,
    api_version: &'static str,
    kind: &'static str,
    plural: &'static str,
    namespaced: bool,
) -> Names {
    Names {
        group,
        version: "v1",
        kind,
        plural,
        singular: "",
        short: &[],
        categories: &[],
        namespaced,
        resource: plural,
        api_version,
    }
}

const fn authentication(kind: &'static str, plural: &'static str, resource: &'static str) -> Names {
    Names { resource, ..unstored("authentication.k8s.io", "authentication.k8s.io/v1", kind, plural, false) }
}

const fn authorization(kind: &'static str, plural: &'static str, resource: &'static str) -> Names {
    Names { resource, ..unstored("authorization.k8s.io", "authorization.k8s.io/v1", kind, plural, false) }
}

/// The list, laid out as kubectl's tabwriter does.
fn table(resources: &[Row], wide: bool, headers: bool) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    if headers {
        let wide_headers = if wide { &["VERBS", "CATEGORIES"][..] } else { &[] };
        let all = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"].iter().chain(wide_headers);
        rows.push(all.map(|h| (*h).to_owned()).collect());
    }
    for Row { names: n, verbs } in resources {
        let mut row = vec![n.plural.to_owned(), n.short.join(","), n.api_version.to_owned()];
        row.extend([n.namespaced.to_string(), n.kind.to_owned()]);
        if wide {
            row.extend([verbs.join(","), n.categories.join(",")]);
        }
        rows.push(row);
    }
    let columns = rows.first().map_or(0, Vec::len);
    let width = |c: usize| rows.iter().map(|r| r[c].len()).max().unwrap_or(0).max(3) + 3;
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| -> String {
        let (last, cells) = row.split_last().map_or((String::new(), &[][..]), |(l, c)| (l.clone(), c));
        cells.iter().zip(&widths).map(|(c, w)| format!("{c:w$}")).collect::<String>() + &last + "\n"
    };
    rows.iter().map(line).collect()
}
