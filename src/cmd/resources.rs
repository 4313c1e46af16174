//! What a command line names, by the rules of kubectl's resource builder: `pods`, `pod/x sts/web`, `pod,svc a b`, `all`.
//! Knows the kinds' names, and of what is stored only the definitions of kinds.

use super::context::Context;
use super::discovery_cache;
use super::errors::Aggregate;
use crate::apimachinery::quote::quote;
pub use crate::kinds::KindRef;
use crate::kinds::Registry;

/// What was named.
pub enum Named {
    /// All objects of these kinds, as far as selectors let them through.
    All(Vec<KindRef>),
    /// Single objects, in order.
    Each(Vec<(KindRef, String)>),
    /// What manifests hold.
    Files,
}

/// The parts of a command line that name objects.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    pub args: &'a [String],
    pub has_files: bool,
    /// `-l`; empty for none.
    pub selector: &'a str,
    /// `--field-selector`; empty for none.
    pub field_selector: &'a str,
    /// `--all`.
    pub all: bool,
    /// A type alone means all its objects.
    pub type_alone_is_all: bool,
    /// `-A`.
    pub all_namespaces: bool,
}

/// What the arguments are, before it is known what is asked of them.
#[derive(Default)]
struct Arguments<'a> {
    resources: Vec<&'a str>,
    names: Vec<String>,
    pairs: Vec<(&'a str, String)>,
}

pub const MISSING: &str = "You must provide one or more resources by argument or filename.\n\
    Example resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   \
    '<resource>'";

/// What the builder says of arguments where only files are read.
pub const LOCAL_MISSING: &str = "error: you must specify resources by --filename when --local is set.\n\
    Example resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'";

/// Says what a command line names. The store is asked for its kinds only where a word is none of the built-in ones'.
///
/// # Errors
/// The builder's texts.
pub fn named(cx: &mut Context, request: &Request) -> anyhow::Result<Named> {
    let first = request.args.first().map(String::as_str).unwrap_or_default();
    let pairs = request.args.iter().filter_map(|a| a.split_once('/')).map(|(resource, _)| resource);
    let words: Vec<&str> = first.split(',').filter(|w| !w.is_empty() && !w.contains('/')).chain(pairs).collect();
    let registry = knowing(cx, &words)?;
    named_in(&registry, &cx.program, request)
}

fn named_in(registry: &Registry, program: &str, request: &Request) -> anyhow::Result<Named> {
    if request.all && !(request.selector.is_empty() && request.field_selector.is_empty()) {
        anyhow::bail!("setting 'all' parameter but found a non empty selector. ");
    }
    let arguments = arguments(registry, program, request)?;
    let type_alone = request.type_alone_is_all && arguments.names.is_empty() && !arguments.resources.is_empty();
    if request.has_files {
        return files(&arguments);
    }
    if request.all || !request.selector.is_empty() || !request.field_selector.is_empty() || type_alone {
        return by_selector(registry, &arguments);
    }
    if request.all_namespaces && !(arguments.pairs.is_empty() && arguments.names.is_empty()) {
        anyhow::bail!("a resource cannot be retrieved by name across all namespaces");
    }
    if !arguments.pairs.is_empty() {
        let pairs = arguments.pairs.into_iter().map(|(r, n)| Ok((kind_in(registry, r)?, n)));
        return Ok(Named::Each(pairs.collect::<anyhow::Result<_>>()?));
    }
    let kinds = kinds(registry, &arguments.resources)?;
    match (kinds.as_slice(), arguments.names.is_empty()) {
        ([], _) => anyhow::bail!(MISSING),
        (_, true) => anyhow::bail!("resource(s) were provided, but no name was specified"),
        // A category stands for several.
        ([_, _, ..], false) => anyhow::bail!("you must specify only one resource"),
        (_, false) if arguments.names.iter().any(String::is_empty) => anyhow::bail!("resource name may not be empty"),
        (_, false) => Ok(Named::Each(
            arguments.names.into_iter().flat_map(|n| kinds.iter().map(move |k| (*k, n.clone()))).collect(),
        )),
    }
}

fn files(arguments: &Arguments) -> anyhow::Result<Named> {
    if !arguments.resources.is_empty() {
        anyhow::bail!(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
        );
    }
    if !arguments.pairs.is_empty() {
        anyhow::bail!("resource/name arguments cannot be provided when a path is specified");
    }
    Ok(Named::Files)
}

fn by_selector(registry: &Registry, arguments: &Arguments) -> anyhow::Result<Named> {
    if !arguments.names.is_empty() {
        anyhow::bail!("name cannot be provided when a selector is specified");
    }
    if !arguments.pairs.is_empty() {
        anyhow::bail!("selectors and the all flag cannot be used when passing resource/name arguments");
    }
    if arguments.resources.is_empty() {
        anyhow::bail!("at least one resource must be specified to use a selector");
    }
    Ok(Named::All(kinds(registry, &arguments.resources)?))
}

fn arguments<'a>(registry: &Registry, program: &str, request: &Request<'a>) -> anyhow::Result<Arguments<'a>> {
    let Some((first, names)) = request.args.split_first() else { return Ok(Arguments::default()) };
    let types = types(first);
    if !names.is_empty() && types.len() > 1 {
        // `pod,svc a b` stands for `pod/a pod/b svc/a svc/b`.
        if names.iter().any(|n| n.contains('/')) || first.contains('/') {
            anyhow::bail!("arguments in resource/name form may not have more than one slash");
        }
        let pairs = types.iter().flat_map(|t| names.iter().map(move |n| (*t, n.clone())));
        return Ok(Arguments { pairs: pairs.collect(), ..Arguments::default() });
    }
    let slashes = request.args.iter().filter(|a| a.contains('/')).count();
    if slashes == 0 {
        return Ok(Arguments { resources: expanded(registry, types), names: names.to_vec(), ..Arguments::default() });
    }
    if slashes != request.args.len() {
        anyhow::bail!(
            "there is no need to specify a resource type as a separate argument when passing arguments in \
             resource/name form (e.g. '{program} get resource/<resource_name>' instead of '{program} get resource \
             resource/<resource_name>'"
        );
    }
    let pairs = request.args.iter().map(|a| pair(a)).collect::<anyhow::Result<_>>()?;
    Ok(Arguments { pairs, ..Arguments::default() })
}

/// The two parts of `pod/x`.
pub fn pair(arg: &str) -> anyhow::Result<(&str, String)> {
    let Some((resource, name)) = arg.split_once('/') else { anyhow::bail!("{arg:?} is not in resource/name form") };
    if name.contains('/') {
        anyhow::bail!("arguments in resource/name form may not have more than one slash");
    }
    if resource.is_empty() || name.is_empty() || types(resource).len() != 1 {
        anyhow::bail!("arguments in resource/name form must have a single resource and name");
    }
    Ok((resource, name.to_owned()))
}

/// The types of a comma list, each once.
fn types(list: &str) -> Vec<&str> {
    let mut types = Vec::new();
    for one in list.split(',') {
        if !types.contains(&one) {
            types.push(one);
        }
    }
    types
}

/// Types with categories (`all`) replaced by what is in them.
fn expanded<'a>(registry: &Registry, types: Vec<&'a str>) -> Vec<&'a str> {
    let members = |category: &str| -> Vec<&'static str> {
        let kinds = registry.kinds().filter(|k| k.names().categories.contains(&category));
        kinds.map(|k| k.names().resource).collect()
    };
    let one = |t| match members(t) {
        none if none.is_empty() => vec![t],
        members => members,
    };
    types.into_iter().flat_map(one).collect()
}

fn kinds(registry: &Registry, resources: &[&str]) -> anyhow::Result<Vec<KindRef>> {
    resources.iter().map(|r| kind_in(registry, r)).collect()
}

/// The kind that a type argument means: `po`, `Pod`, `statefulsets`, `sts`, `statefulset.apps`, `statefulsets.v1.apps`.
///
/// # Errors
/// `the server doesn't have a resource type "nope"`; a store that cannot be read.
pub fn kind(cx: &mut Context, argument: &str) -> anyhow::Result<KindRef> {
    kind_in(&knowing(cx, &[argument])?, argument)
}

/// The kinds that some words need: the built-in ones, those of the store, or those that kubectl remembers.
fn knowing(cx: &mut Context, words: &[&str]) -> anyhow::Result<Registry> {
    let is_found = |registry: &Registry, word: &str| {
        find(registry, word).is_some() || registry.kinds().any(|k| k.names().categories.contains(&word))
    };
    if words.iter().all(|word| find(&Registry::built_in(), word).is_some()) {
        return Ok(Registry::built_in());
    }
    let registry = cx.registry()?;
    if words.iter().all(|word| is_found(&registry, word)) {
        return Ok(registry);
    }
    discovery_cache::recalled(cx)
}

/// As [`kind`], among kinds that are known already.
pub fn kind_in(registry: &Registry, argument: &str) -> anyhow::Result<KindRef> {
    find(registry, argument).ok_or_else(|| {
        let word = argument.split('.').next().unwrap_or_default();
        anyhow::anyhow!("the server doesn't have a resource type {}", quote(word))
    })
}

/// As [`kind`], in the words of the few verbs that ask kubectl's RESTMapper themselves: without `error: ` before them.
///
/// # Errors
/// As [`kind`].
pub fn mapped_kind(cx: &mut Context, argument: &str) -> anyhow::Result<KindRef> {
    kind(cx, argument).map_err(|error| Aggregate(vec![error]).into())
}

fn find(registry: &Registry, argument: &str) -> Option<KindRef> {
    let (word, rest) = argument.split_once('.').map_or((argument, None), |(w, r)| (w, Some(r)));
    let named = |k: &KindRef| is_named(*k, word);
    let Some(rest) = rest else { return registry.versions().find(named) };
    // A version needs a group after it, even the core group's empty one: `pods.v1.`.
    let (version, group) = rest.split_once('.').unwrap_or_default();
    let try_by = |test: &dyn Fn(&str, &str) -> bool| {
        registry.versions().filter(named).find(|k| test(k.names().group, k.names().version))
    };
    try_by(&|g, v| !version.is_empty() && v == version && g == group)
        .or_else(|| try_by(&|g, _| g == rest))
        .or_else(|| try_by(&|g, _| !rest.is_empty() && g.starts_with(rest)))
}

fn is_named(kind: KindRef, word: &str) -> bool {
    let names = kind.names();
    let lower = word.to_lowercase();
    lower == names.plural
        || lower == names.singular
        || lower == names.kind.to_lowercase()
        || names.short.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a command line names, as `resource` or `resource/name` each; or the error.
    fn named_text(line: &str, type_alone_is_all: bool) -> String {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let request = Request { args: &args, type_alone_is_all, ..Request::default() };
        match named_in(&Registry::built_in(), "kubectl", &request) {
            Ok(Named::All(kinds)) => kinds.iter().map(|k| k.names().resource).collect::<Vec<_>>().join(" "),
            Ok(Named::Each(pairs)) => {
                pairs.iter().map(|(k, n)| format!("{}/{n}", k.names().resource)).collect::<Vec<_>>().join(" ")
            }
            Ok(Named::Files) => "files".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn types_and_names_are_the_builders() {
        let cases = [
            ("pods", "pods"),
            ("po,svc,po", "pods services"),
            ("Pod", "pods"),
            ("STATEFULSET", "statefulsets.apps"),
            ("sts.apps", "statefulsets.apps"),
            ("statefulset.v1.apps web", "statefulsets.apps/web"),
            ("storageclasses.storage", "storageclasses.storage.k8s.io"),
            ("pod a b", "pods/a pods/b"),
            ("pod,svc a b", "pods/a pods/b services/a services/b"),
            ("pod/a sts/b", "pods/a statefulsets.apps/b"),
            (
                "all",
                "pods replicationcontrollers services daemonsets.apps deployments.apps replicasets.apps statefulsets.apps \
                 horizontalpodautoscalers.autoscaling cronjobs.batch jobs.batch",
            ),
            ("nope", "the server doesn't have a resource type \"nope\""),
            ("nope.apps/x", "the server doesn't have a resource type \"nope\""),
            ("pod.v1. web", "pods/web"),
            ("pod.v1 web", "the server doesn't have a resource type \"pod\""),
            ("sts.nope", "the server doesn't have a resource type \"sts\""),
            ("sts.v2.apps", "the server doesn't have a resource type \"sts\""),
            ("a/b/c", "arguments in resource/name form may not have more than one slash"),
            ("pod/", "arguments in resource/name form must have a single resource and name"),
            ("pod,svc/x", "arguments in resource/name form must have a single resource and name"),
        ];
        for (line, want) in cases {
            assert_eq!(named_text(line, true), want, "{line}");
        }
        assert_eq!(named_text("pods", false), "resource(s) were provided, but no name was specified");
        assert_eq!(named_text("", false), MISSING);
    }
}
