//! What `describe` prints of roles and bindings. Knows no difference between those of a namespace and of the cluster.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::kinds::describe::{Text, annotations, labels};
use crate::kinds::pod::Fields;

/// A rule on one resource, or on one URL, with the verbs that are allowed there.
struct Line<'r> {
    group: Option<&'r str>,
    resource: Option<&'r str>,
    name: Option<&'r str>,
    url: Option<&'r str>,
    verbs: Vec<&'r str>,
}

/// Describes a Role or a ClusterRole: its rules, taken apart by resource and put together by verb.
pub fn role(role: &Object, out: &mut Text) {
    head(role, out);
    out.line(0, "PolicyRule:");
    out.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs");
    out.line(1, "---------\t-----------------\t--------------\t-----");
    rows(role.list_at("/rules")).iter().for_each(|row| out.line(1, row));
}

/// The rows of rules below `Resources\tNon-Resource URLs\tResource Names\tVerbs`.
pub fn rows(rules: &[Value]) -> Vec<String> {
    let list = |item: Option<&str>| format!("[{}]", item.unwrap_or_default());
    let row = |line: &Line| {
        format!("{}\t{}\t{}\t[{}]", resource(line), list(line.url), list(line.name), line.verbs.join(" "))
    };
    lines(rules).iter().map(row).collect()
}

/// Describes a RoleBinding or a ClusterRoleBinding: a role, and who has it.
pub fn binding(binding: &Object, out: &mut Text) {
    head(binding, out);
    out.line(0, "Role:");
    out.field(1, "Kind", binding.str_at("/roleRef/kind"));
    out.field(1, "Name", binding.str_at("/roleRef/name"));
    out.line(0, "Subjects:");
    out.line(1, "Kind\tName\tNamespace");
    out.line(1, "----\t----\t---------");
    for subject in binding.list_at("/subjects") {
        let [kind, name, namespace] = ["kind", "name", "namespace"].map(|field| subject.text(field));
        out.line(1, format_args!("{kind}\t{name}\t{namespace}"));
    }
}

fn head(object: &Object, out: &mut Text) {
    out.field(0, "Name", object.name());
    labels(out, object);
    annotations(out, "Annotations", object.map_at("/metadata/annotations"));
}

/// The rules in the order of kubectl, which is that of their Go text.
fn lines(rules: &[Value]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line> = Vec::new();
    for rule in rules {
        let verbs = rule.texts("verbs");
        let names = rule.texts("resourceNames");
        let names: Vec<Option<&str>> =
            if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
        for group in rule.texts("apiGroups") {
            for resource in rule.texts("resources") {
                names.iter().for_each(|name| add(&mut lines, group, resource, *name, &verbs));
            }
        }
        // A URL keeps a line for each verb.
        let urls = rule.texts("nonResourceURLs").into_iter();
        lines.extend(urls.flat_map(|url| verbs.iter().map(move |verb| of_url(url, verb))));
    }
    lines.retain(|l| !l.verbs.is_empty());
    lines.sort_by_cached_key(go_text);
    lines
}

fn of_url<'r>(url: &'r str, verb: &'r str) -> Line<'r> {
    Line { group: None, resource: None, name: None, url: Some(url), verbs: vec![verb] }
}

fn add<'r>(lines: &mut Vec<Line<'r>>, group: &'r str, resource: &'r str, name: Option<&'r str>, verbs: &[&'r str]) {
    let (group, resource) = (Some(group), Some(resource));
    let at = lines.iter().position(|l| l.url.is_none() && (l.group, l.resource, l.name) == (group, resource, name));
    let at = at.unwrap_or_else(|| {
        lines.push(Line { group, resource, name, url: None, verbs: Vec::new() });
        lines.len() - 1
    });
    for verb in verbs {
        if !lines[at].verbs.contains(verb) {
            lines[at].verbs.push(verb);
        }
    }
}

fn go_text(line: &Line) -> String {
    let [group, resource, name, url] =
        [line.group, line.resource, line.name, line.url].map(|item| item.unwrap_or_default());
    let verbs = line.verbs.join(" ");
    format!(
        "Verbs:[{verbs}],APIGroups:[{group}],Resources:[{resource}],ResourceNames:[{name}],NonResourceURLs:[{url}],"
    )
}

/// `statefulsets.apps/scale`: the resource, its group and its subresource.
fn resource(line: &Line) -> String {
    let (resource, below) = line.resource.unwrap_or_default().split_once('/').map_or_else(
        || (line.resource.unwrap_or_default(), String::new()),
        |(resource, sub)| (resource, format!("/{sub}")),
    );
    match line.group.unwrap_or_default() {
        "" => format!("{resource}{below}"),
        group => format!("{resource}.{group}{below}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_are_put_together_by_resource_and_sorted_by_verb() {
        let mut object = Object::new("rbac.authorization.k8s.io/v1", "ClusterRole", "", "r");
        object.set(
            "/rules",
            json!([
                {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]},
                {"apiGroups": ["apps"], "resources": ["statefulsets/scale"], "verbs": ["patch"], "resourceNames": ["a", "b"]},
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},
                {"nonResourceURLs": ["/healthz", "*"], "verbs": ["get", "post"]},
            ]),
        );
        let mut out = Text::default();
        role(&object, &mut out);
        let want = "\
Name:         r
Labels:       <none>
Annotations:  <none>
PolicyRule:
  Resources                Non-Resource URLs  Resource Names  Verbs
  ---------                -----------------  --------------  -----
  pods                     []                 []              [get list watch]
  pods/log                 []                 []              [get list]
                           [*]                []              [get]
                           [/healthz]         []              [get]
  statefulsets.apps/scale  []                 [a]             [patch]
  statefulsets.apps/scale  []                 [b]             [patch]
                           [*]                []              [post]
                           [/healthz]         []              [post]
";
        assert_eq!(out.finish(), want);
    }
}
