//! `replacements`: values of one resource put into others. Knows paths of fields, no kind.

use anyhow::{anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::files::Root;
use super::kustomization::Kustomization;
use super::resource::Resource;
use super::target::Target;
use crate::apimachinery::yaml;

/// One entry: a value's source and its targets, or a file that has them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Replacement {
    path: String,
    source: Option<Source>,
    targets: Vec<TargetFields>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Source {
    group: String,
    version: String,
    kind: String,
    name: String,
    namespace: String,
    field_path: String,
    options: Options,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TargetFields {
    select: Option<Target>,
    reject: Vec<Target>,
    field_paths: Vec<String>,
    options: Options,
}

/// Which part of a text is meant, and whether a field is made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Options {
    delimiter: String,
    index: i64,
    create: bool,
    encoding: String,
}

const DEFAULT_PATH: &str = "metadata.name";

/// Applies a kustomization's replacements, in order.
pub fn apply(root: &Root, of: &Kustomization, resources: &mut [Resource]) -> anyhow::Result<()> {
    for entry in &of.replacements {
        for replacement in read(root, entry)? {
            let Some(source) = &replacement.source else {
                bail!("replacements must specify a source and at least one target");
            };
            if replacement.targets.is_empty() {
                bail!("replacements must specify a source and at least one target");
            }
            let value = source.value(resources)?;
            replacement.targets.iter().try_for_each(|target| target.put(&value, resources))?;
        }
    }
    Ok(())
}

/// The replacements of an entry; a file holds one, or a list.
fn read(root: &Root, entry: &Replacement) -> anyhow::Result<Vec<Replacement>> {
    if entry.path.is_empty() {
        return Ok(vec![entry.clone()]);
    }
    if entry.source.is_some() || !entry.targets.is_empty() {
        bail!("cannot specify both path and inline replacement");
    }
    let text = root.read_text(&entry.path)?;
    let document = yaml::documents(&text).next().transpose().map_err(|e| anyhow!("{e}"))?.unwrap_or_default();
    let read = match document {
        Value::Array(_) => serde_json::from_value(document),
        one => serde_json::from_value(one).map(|r| vec![r]),
    };
    read.map_err(|e| anyhow!("{e}"))
}

impl Source {
    /// As kustomize names it in messages.
    fn id(&self) -> String {
        let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
        format!(
            "{}.{}.{}/{}.{}",
            or(&self.kind, "[noKind]"),
            or(&self.version, "[noVer]"),
            or(&self.group, "[noGrp]"),
            or(&self.name, "[noName]"),
            or(&self.namespace, "[noNs]")
        )
    }

    fn selects(&self, resource: &Resource) -> bool {
        let (group, version) = resource.group_version();
        let fits = |own: &str, text: &str| own.is_empty() || own == text;
        fits(&self.group, group)
            && fits(&self.version, version)
            && fits(&self.kind, resource.kind())
            && (self.name.is_empty() || resource.is_called(&self.name))
            && (self.namespace.is_empty() || resource.is_in(&self.namespace))
    }

    /// The value to put elsewhere.
    fn value(&self, resources: &[Resource]) -> anyhow::Result<Value> {
        let path = if self.field_path.is_empty() { DEFAULT_PATH } else { &self.field_path };
        let id = self.id();
        let mut shown = id.clone();
        for part in [self.field_path.clone(), self.options.shown()].iter().filter(|p| !p.is_empty()) {
            shown += &format!(":{part}");
        }
        let mut selected = resources.iter().filter(|r| self.selects(r));
        let Some(resource) = selected.next() else { bail!("nothing selected by {shown}") };
        if selected.next().is_some() {
            bail!("multiple matches for selector {shown}");
        }
        let mut body = resource.body.clone();
        let mut found = None;
        at(&mut body, &split(path), &mut None, &mut |value| found = Some(value.clone()));
        let is_empty = |v: &Value| match v {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        let Some(value) = found.filter(|v| !is_empty(v)) else {
            bail!("fieldPath `{path}` is missing for replacement source {id}");
        };
        self.options.part_of(value)
    }
}

impl Options {
    /// As kustomize shows them: nothing for those of a whole value.
    fn shown(&self) -> String {
        if self.delimiter.is_empty() && !self.create {
            return String::new();
        }
        format!("{}({}), create={}", self.delimiter, self.index, self.create)
    }

    /// The part of a text that is meant; the value itself without a delimiter.
    fn part_of(&self, value: Value) -> anyhow::Result<Value> {
        if self.delimiter.is_empty() {
            return Ok(value);
        }
        let text = scalar(&value)?;
        let part = usize::try_from(self.index).ok().and_then(|n| text.split(&*self.delimiter).nth(n));
        let Some(part) = part else { bail!("options.index {} is out of bounds for value {text}", self.index) };
        Ok(part.into())
    }

    /// What stands in a field afterwards.
    fn merged(&self, field: &Value, value: &Value) -> anyhow::Result<Value> {
        if self.delimiter.is_empty() {
            return Ok(value.clone());
        }
        let (old, new) = (scalar(field)?, scalar(value)?);
        let mut parts: Vec<&str> = old.split(&*self.delimiter).collect();
        match usize::try_from(self.index) {
            Err(_) => parts.insert(0, &new),
            Ok(at) if at >= parts.len() => parts.push(&new),
            Ok(at) => parts[at] = &new,
        }
        Ok(parts.join(&self.delimiter).into())
    }
}

fn scalar(value: &Value) -> anyhow::Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Array(_) | Value::Object(_) => bail!("delimiter option can only be used with scalar nodes"),
        Value::Null => Ok(String::new()),
        plain => Ok(plain.to_string()),
    }
}

impl TargetFields {
    fn put(&self, value: &Value, resources: &mut [Resource]) -> anyhow::Result<()> {
        if !self.options.encoding.is_empty() {
            bail!("options.encoding of a replacement is not built into kstate");
        }
        let Some(select) = &self.select else { bail!("target must specify resources to select") };
        for resource in resources {
            if !select.selects(resource)? || self.rejects(resource)? {
                continue;
            }
            if self.field_paths.is_empty() {
                self.put_into(&mut resource.body, DEFAULT_PATH, value)?;
            }
            self.field_paths.iter().try_for_each(|path| self.put_into(&mut resource.body, path, value))?;
        }
        Ok(())
    }

    fn rejects(&self, resource: &Resource) -> anyhow::Result<bool> {
        for target in self.reject.iter().filter(|t| !t.is_empty()) {
            if target.selects(resource)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn put_into(&self, body: &mut Value, path: &str, value: &Value) -> anyhow::Result<()> {
        let mut result = Ok(());
        let mut count = 0;
        let mut create = self.options.create.then_some(());
        at(body, &split(path), &mut create, &mut |field| {
            count += 1;
            match self.options.merged(field, value) {
                Ok(merged) => *field = as_before(field, merged),
                Err(error) => result = Err(error),
            }
        });
        if count == 0 {
            let word = if self.options.create { "find or create" } else { "find" };
            bail!("unable to {word} field {path:?} in replacement target");
        }
        result
    }
}

/// A plain value keeps the type of the one before it, where it can be read so.
fn as_before(before: &Value, new: Value) -> Value {
    match (before, &new) {
        (Value::String(_), Value::Number(_) | Value::Bool(_)) => new.to_string().into(),
        (Value::Number(_), Value::String(text)) => match serde_json::from_str(text) {
            Ok(number @ Value::Number(_)) => number,
            _ => new,
        },
        (Value::Bool(_), Value::String(text)) => text.parse::<bool>().map_or(new, Value::from),
        _ => new,
    }
}

/// The parts of a path: dots part, but not after `\` nor in `[…]`.
fn split(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut escaped) = (0, false);
    for c in path.chars() {
        let last = parts.len() - 1;
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '.' if depth == 0 && !escaped => parts.push(String::new()),
            _ => {
                depth += match c {
                    '[' => 1,
                    ']' if depth > 0 => -1,
                    _ => 0,
                };
                if escaped && c != '.' {
                    parts[last].push('\\');
                }
                parts[last].push(c);
            }
        }
        escaped = false;
    }
    parts
}

/// Does something to every value at a path: names, numbers and `*` of lists, `[name=x]`. `create` makes what is missing.
fn at(value: &mut Value, path: &[String], create: &mut Option<()>, each: &mut dyn FnMut(&mut Value)) {
    let Some((first, rest)) = path.split_first() else { return each(value) };
    if let Some(condition) = first.strip_prefix('[').and_then(|f| f.strip_suffix(']')) {
        return at_matching(value, condition, rest, create, each);
    }
    match value {
        Value::Array(items) if first == "*" => items.iter_mut().for_each(|item| at(item, rest, create, each)),
        Value::Array(items) => {
            if let Some(item) = first.parse::<usize>().ok().and_then(|n| items.get_mut(n)) {
                at(item, rest, create, each);
            }
        }
        Value::Object(map) if first == "*" => map.values_mut().for_each(|item| at(item, rest, create, each)),
        Value::Object(map) => {
            if create.is_some() && map.get(first).is_none_or(|v| v.is_null() && !rest.is_empty()) {
                map.insert(first.clone(), empty_for(rest));
            }
            if let Some(inner) = map.get_mut(first) {
                at(inner, rest, create, each);
            }
        }
        _ => {}
    }
}

/// What is made for the rest of a path to go on from.
fn empty_for(rest: &[String]) -> Value {
    match rest.first() {
        None => Value::Null,
        Some(next) if next.starts_with('[') => Value::Array(Vec::new()),
        Some(_) => Value::Object(Map::new()),
    }
}

/// Goes on in the items of a list whose field, or that themselves, are what a condition says.
fn at_matching(
    value: &mut Value,
    condition: &str,
    rest: &[String],
    create: &mut Option<()>,
    each: &mut dyn FnMut(&mut Value),
) {
    let Value::Array(items) = value else { return };
    let (field, wanted) = condition.split_once('=').unwrap_or((condition, ""));
    let fits = |item: &Value| {
        let own = if field.is_empty() { Some(item) } else { item.get(field) };
        own.and_then(|v| scalar(v).ok()).is_some_and(|text| text == wanted)
    };
    if create.is_some() && !field.is_empty() && !items.iter().any(fits) {
        let mut item = Map::new();
        item.insert(field.to_owned(), wanted.into());
        items.push(Value::Object(item));
    }
    items.iter_mut().filter(|i| fits(i)).for_each(|item| at(item, rest, create, each));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_split() {
        assert_eq!(split("a.b\\.c/d.[x=y.z].0"), ["a", "b.c/d", "[x=y.z]", "0"]);
    }

    #[test]
    fn values_are_found_and_made() {
        let mut value = json!({"c": [{"name": "a", "v": 1}, {"name": "b", "v": 2}]});
        let mut seen = Vec::new();
        at(&mut value, &split("c.[name=b].v"), &mut None, &mut |v| seen.push(v.clone()));
        at(&mut value, &split("c.*.v"), &mut None, &mut |v| seen.push(v.clone()));
        at(&mut value, &split("c.1.nope"), &mut None, &mut |v| seen.push(v.clone()));
        assert_eq!(seen, [json!(2), json!(1), json!(2)]);
        at(&mut value, &split("d.e.[k=x].v"), &mut Some(()), &mut |v| *v = json!("new"));
        assert_eq!(value["d"], json!({"e": [{"k": "x", "v": "new"}]}));
    }

    #[test]
    fn parts_of_texts_are_replaced() {
        let options = Options { delimiter: ":".to_owned(), index: 1, ..Options::default() };
        assert_eq!(options.part_of(json!("a:b")).unwrap(), json!("b"));
        assert_eq!(options.merged(&json!("x:1:z"), &json!("2")).unwrap(), json!("x:2:z"));
        assert_eq!(options.merged(&json!("x"), &json!("2")).unwrap(), json!("x:2"));
        assert!(options.part_of(json!("a")).is_err());
        assert_eq!(as_before(&json!(1), json!("80")), json!(80));
        assert_eq!(as_before(&json!("1"), json!(80)), json!("80"));
    }
}
