//! `configMapGenerator` and `secretGenerator`. Knows files and literals, not what is done to the objects then.

use anyhow::{anyhow, bail};
use serde_json::{Value, json};

use super::files::Root;
use super::kustomization::{Generator, GeneratorOptions, Kustomization};
use super::resource::{Resource, object};
use crate::Env;
use crate::apimachinery::base64;

/// Adds what the generators make, or merges it into what is there.
pub fn generate(env: &Env, root: &Root, of: &Kustomization, resources: &mut Vec<Resource>) -> anyhow::Result<()> {
    let maps = of.config_map_generator.iter().map(|g| (g, "ConfigMap"));
    let secrets = of.secret_generator.iter().map(|g| (g, "Secret"));
    for (generator, kind) in maps.chain(secrets) {
        let made = one(env, root, generator, kind, of.generator_options.as_ref())?;
        add(made, &generator.behavior, resources)?;
    }
    Ok(())
}

/// Adds a generated object as its behavior says.
fn add(made: Resource, behavior: &str, resources: &mut Vec<Resource>) -> anyhow::Result<()> {
    let is_it = |r: &Resource| r.kind() == made.kind() && r.is_called(made.name()) && r.is_in(made.namespace());
    let at = resources.iter().position(is_it);
    // Go shows the generator too, whose place in memory is another each time.
    let id = format!("merging from generator &{{0xc000000000 <nil>}}: id {}", made.go_syntax());
    match (behavior, at) {
        ("merge" | "replace", None) => bail!("{id} does not exist; cannot merge or replace"),
        ("replace", Some(at)) => replace(&mut resources[at], made, false),
        ("merge", Some(at)) => replace(&mut resources[at], made, true),
        // Any other word means what none means.
        (_, None) => resources.push(made),
        (_, Some(_)) => bail!("{id} exists; behavior must be merge or replace"),
    }
    Ok(())
}

/// Puts generated data in place of, or over, what is there; name and namespace stay, and whether the name gets a hash.
fn replace(old: &mut Resource, made: Resource, keeps_data: bool) {
    for field in ["data", "binaryData"] {
        let new = made.body.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
        if !keeps_data && let Some(map) = old.body.as_object_mut() {
            map.remove(field);
        }
        if !new.is_empty() {
            object(&mut old.body, field).extend(new);
        }
    }
    if let Some(map) = old.body.as_object_mut() {
        map.remove("immutable");
        map.extend(made.body.get("immutable").map(|i| ("immutable".to_owned(), i.clone())));
    }
    for field in ["labels", "annotations"] {
        if let Some(Value::Object(new)) = made.body.pointer(&format!("/metadata/{field}")) {
            object(&mut old.body["metadata"], field).extend(new.clone());
        }
    }
}

fn one(
    env: &Env,
    root: &Root,
    generator: &Generator,
    kind: &str,
    shared: Option<&GeneratorOptions>,
) -> anyhow::Result<Resource> {
    if generator.name.is_empty() {
        bail!("generating {kind}: missing metadata.name in object");
    }
    let pairs = pairs(env, root, generator).map_err(|e| anyhow!("loading KV pairs: {e}"))?;
    let mut body = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": generator.name}});
    if !generator.namespace.is_empty() {
        body["metadata"]["namespace"] = generator.namespace.as_str().into();
    }
    if kind == "Secret" {
        body["type"] = if generator.type_.is_empty() { "Opaque" } else { generator.type_.as_str() }.into();
    }
    for (key, value) in pairs {
        let (field, value) = match String::from_utf8(value) {
            Ok(text) if kind == "ConfigMap" => ("data", text),
            Ok(text) => ("data", encoded(text.as_bytes())),
            Err(e) => (if kind == "ConfigMap" { "binaryData" } else { "data" }, encoded(e.as_bytes())),
        };
        if object(&mut body, field).insert(key.clone(), value.into()).is_some() {
            bail!("configmap {} illegally repeats the key `{key}`", generator.name);
        }
    }
    Ok(with_options(body, &[shared, generator.options.as_ref()]))
}

fn with_options(mut body: Value, options: &[Option<&GeneratorOptions>]) -> Resource {
    let (mut plain_name, mut immutable) = (false, false);
    for options in options.iter().flatten() {
        for (field, pairs) in [("labels", &options.labels), ("annotations", &options.annotations)] {
            if !pairs.is_empty() {
                object(&mut body["metadata"], field).extend(pairs.iter().map(|(k, v)| (k.clone(), v.as_str().into())));
            }
        }
        plain_name |= options.disable_name_suffix_hash;
        immutable |= options.immutable;
    }
    if immutable {
        body["immutable"] = true.into();
    }
    Resource { wants_hash: !plain_name, ..Resource::new(body) }
}

/// base64, in lines of 70 letters when there is more than one.
fn encoded(bytes: &[u8]) -> String {
    let text = base64::encode(bytes);
    if text.len() <= 70 {
        return text;
    }
    let lines: Vec<String> =
        text.as_bytes().chunks(70).map(|c| String::from_utf8_lossy(c).into_owned() + "\n").collect();
    lines.concat()
}

type Pairs = Vec<(String, Vec<u8>)>;

fn pairs(env: &Env, root: &Root, generator: &Generator) -> anyhow::Result<Pairs> {
    let mut pairs = Pairs::new();
    for file in generator.envs.iter().chain([&generator.env].into_iter().filter(|e| !e.is_empty())) {
        let text = root.read_text(file).map_err(|e| anyhow!("env source files: [{file}]: {e}"))?;
        for line in text.trim_start_matches('\u{feff}').lines() {
            pairs.extend(env_line(env, line)?);
        }
    }
    for literal in &generator.literals {
        let Some((key, value)) = literal.split_once('=').filter(|(k, _)| !k.is_empty()) else {
            bail!(
                "literal sources [{}]: invalid literal source {literal}, expected key=value",
                generator.literals.join(" ")
            );
        };
        pairs.push((key.to_owned(), unquoted(value).as_bytes().to_vec()));
    }
    for source in &generator.files {
        let (key, file) = match source.split_once('=') {
            Some(("", _)) => bail!("missing key name for file path {:?} in source {source:?}", &source[1..]),
            Some((_, "")) => bail!("missing file path for key name in source {source:?}"),
            Some((key, file)) => (key, file),
            None => (source.rsplit('/').next().unwrap_or(source), source.as_str()),
        };
        pairs.push((
            key.to_owned(),
            root.read(file).map_err(|e| anyhow!("file sources: [{}]: {e}", generator.files.join(" ")))?,
        ));
    }
    Ok(pairs)
}

/// A line of an env file; a key alone has the environment's value.
fn env_line(env: &Env, line: &str) -> anyhow::Result<Option<(String, Vec<u8>)>> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (key, value) = match line.split_once('=') {
        Some((key, value)) => (key, value),
        None => (line, env.var(line).unwrap_or_default()),
    };
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        bail!("{key:?} is not a valid key name");
    }
    Ok(Some((key.to_owned(), value.as_bytes().to_vec())))
}

/// A literal without the quotes around it.
fn unquoted(text: &str) -> &str {
    let inner = |q: char| text.strip_prefix(q).and_then(|t| t.strip_suffix(q));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}
