//! `taint`: what keeps pods off nodes. Knows no scheduler.

use serde_json::{Value, json};

use super::context::Context;
use super::create::Validation;
use super::dry_run::DryRun;
use super::flags::{DryRunFlag, PrintFlags, SelectorFlag, ValidateFlag};
use super::infos::{self, Info, Query};
use super::support::{Flag, Support};
use super::verbs::{Operands, Run};
use super::{requests, resources};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::PatchType;
use crate::apiserver::Part;

/// Arguments of `taint`.
#[derive(clap::Args)]
pub struct Taint {
    args: Vec<String>,
    #[arg(long, help = "Select all nodes in the cluster")]
    all: bool,
    #[arg(
        long,
        help = "If true, allow taints to be overwritten, otherwise reject taint updates that overwrite existing \
        taints."
    )]
    overwrite: bool,
    #[command(flatten)]
    select: SelectorFlag,
    #[command(flatten)]
    validation: ValidateFlag,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[Flag::new(
    "field-manager",
    "string",
    "kubectl-taint",
    Support::Served,
    "Name of the manager used to track field ownership.",
)];

const LONG: &str = "Update the taints on one or more nodes.

  *  A taint consists of a key, value, and effect. As an argument here, it is expressed as key=value:effect.
  *  The key must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and underscores, up to 253 characters.
  *  Optionally, the key can begin with a DNS subdomain prefix and a single '/', like example.com/my-app.
  *  The value is optional. If given, it must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and underscores, up to 63 characters.
  *  The effect must be NoSchedule, PreferNoSchedule or NoExecute.
  *  Currently taint can only apply to node.";

const EXAMPLES: &str =
    "  # Update node 'foo' with a taint with key 'dedicated' and value 'special-user' and effect 'NoSchedule'
  # If a taint with that key and effect already exists, its value is replaced as specified
  kubectl taint nodes foo dedicated=special-user:NoSchedule
  
  # Remove from node 'foo' the taint with key 'dedicated' and effect 'NoSchedule' if one exists
  kubectl taint nodes foo dedicated:NoSchedule-
  
  # Remove from node 'foo' all the taints with key 'dedicated'
  kubectl taint nodes foo dedicated-
  
  # Add a taint with key 'dedicated' on nodes having label myLabel=X
  kubectl taint node -l myLabel=X  dedicated=foo:PreferNoSchedule
  
  # Add to node 'foo' a taint with key 'bar' and no value
  kubectl taint nodes foo bar:NoSchedule";

impl Run for Taint {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let strict = Validation::parse(&self.validation.validate)? == Validation::Strict;
        let (nodes, specs) = self.split()?;
        let changes = Changes::parse(&specs).map_err(|why| cx.usage_error(why))?;
        let kind = resources::kind(cx, &nodes[0])?;
        if !kind.takes_taints() {
            anyhow::bail!("invalid resource type {}, only node types are supported", nodes[0].to_lowercase());
        }
        changes.check()?;
        self.check(&nodes)?;
        let mut printer = self.print.printer(cx)?.one_each();
        let args: Vec<String> =
            if self.all || !self.select.selector.is_empty() { vec!["nodes".to_owned()] } else { nodes };
        let query = Query { args: &args, selector: &self.select.selector, all: self.all, ..Query::default() };
        infos::find(cx, &query)?.visit(|info| {
            let (said, taints) = changes.apply(&info.object, self.overwrite)?;
            let object = store(cx, &info, taints, dry_run, strict)?;
            // That it is a dry run is not told.
            printer.print(&object, said, &mut cx.env.stdout)
        })
    }
}

impl Taint {
    /// The type with its names, and what is to change.
    fn split(&self) -> anyhow::Result<(Vec<String>, Vec<String>)> {
        let is_taint = |a: &String| a.contains(['=', ':']) || a.ends_with('-');
        let at = self.args.iter().position(is_taint).unwrap_or(self.args.len());
        let (nodes, specs) = self.args.split_at(at);
        if let Some(late) = specs.iter().find(|s| !is_taint(s)) {
            anyhow::bail!("all resources must be specified before taint changes: {late}");
        }
        if nodes.is_empty() {
            anyhow::bail!("one or more resources must be specified as <resource> <name>");
        }
        if specs.is_empty() {
            anyhow::bail!("at least one taint update is required");
        }
        Ok((nodes.to_vec(), specs.to_vec()))
    }

    fn check(&self, nodes: &[String]) -> anyhow::Result<()> {
        if self.all && !self.select.selector.is_empty() {
            anyhow::bail!("setting 'all' parameter with a non empty selector is prohibited");
        }
        if !self.all && self.select.selector.is_empty() && nodes.len() < 2 {
            anyhow::bail!("at least one resource name must be specified since 'all' parameter is not set");
        }
        Ok(())
    }
}

/// One taint as it is written: `key=value:effect`.
#[derive(Clone, Debug, PartialEq)]
struct Spec {
    key: String,
    value: String,
    /// Empty for any, of a taint that is taken off.
    effect: String,
}

impl Spec {
    fn parse(text: &str) -> Result<Spec, String> {
        let invalid = || format!("invalid taint spec: {text}");
        let with = |problems: Vec<String>| match problems.as_slice() {
            [] => Ok(()),
            some => Err(format!("{}, {}", invalid(), some.join("; "))),
        };
        let (key, value, effect) = match text.split(':').collect::<Vec<_>>().as_slice() {
            [key] => (*key, "", ""),
            [pair, effect] => {
                if !["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(effect) {
                    return Err(format!("invalid taint effect: {effect}, unsupported taint effect"));
                }
                match pair.split('=').collect::<Vec<_>>().as_slice() {
                    [key] => (*key, "", *effect),
                    [key, value] => (*key, *value, *effect),
                    _ => return Err(invalid()),
                }
            }
            _ => return Err(invalid()),
        };
        with(names::is_label_value(value))?;
        with(names::is_qualified_name(key))?;
        Ok(Spec { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() })
    }

    fn of(taint: &Value) -> Spec {
        let text = |field: &str| taint[field].as_str().unwrap_or_default().to_owned();
        Spec { key: text("key"), value: text("value"), effect: text("effect") }
    }

    fn is_same(&self, other: &Spec) -> bool {
        self.key == other.key && self.effect == other.effect
    }

    fn to_value(&self) -> Value {
        let mut taint = json!({"effect": self.effect, "key": self.key});
        if !self.value.is_empty() {
            taint["value"] = self.value.as_str().into();
        }
        taint
    }
}

/// Taints to put on and to take off.
struct Changes {
    add: Vec<Spec>,
    remove: Vec<Spec>,
}

impl Changes {
    fn parse(specs: &[String]) -> Result<Changes, String> {
        let mut changes = Changes { add: Vec::new(), remove: Vec::new() };
        for text in specs {
            if let Some(text) = text.strip_suffix('-') {
                changes.remove.push(Spec { value: String::new(), ..Spec::parse(text)? });
                continue;
            }
            let spec = Spec::parse(text)?;
            if spec.effect.is_empty() {
                return Err(format!("invalid taint spec: {text}"));
            }
            if changes.add.iter().any(|a| a.is_same(&spec)) {
                let Spec { key, value, effect } = spec;
                return Err(format!(
                    "duplicated taints with the same key and effect: {{{key} {value} {effect} <nil>}}"
                ));
            }
            changes.add.push(spec);
        }
        Ok(changes)
    }

    fn check(&self) -> anyhow::Result<()> {
        let clashes =
            |r: &&Spec| self.add.iter().any(|a| a.key == r.key && (r.effect.is_empty() || a.effect == r.effect));
        let both: Vec<String> = self.remove.iter().filter(clashes).map(|r| format!("{}={}", r.key, r.effect)).collect();
        if !both.is_empty() {
            let list = both.join(", ");
            anyhow::bail!("can not both modify and remove the following taint(s) in the same command: {list}");
        }
        Ok(())
    }

    /// What to say, and the taints a node has then.
    fn apply(&self, node: &Object, overwrite: bool) -> anyhow::Result<(&'static str, Vec<Value>)> {
        let old = node.list_at("/spec/taints");
        let has = |spec: &Spec| old.iter().any(|t| Spec::of(t).is_same(spec));
        let there: Vec<&str> = self.add.iter().filter(|a| has(a)).map(|a| a.key.as_str()).collect();
        if !overwrite && !there.is_empty() {
            let list = there.join(",");
            anyhow::bail!(
                "node {} already has {list} taint(s) with same effect(s) and --overwrite is false",
                node.name()
            );
        }
        let mut taints: Vec<Value> = self.add.iter().map(Spec::to_value).collect();
        taints.extend(old.iter().filter(|t| !self.add.iter().any(|a| a.is_same(&Spec::of(t)))).cloned());
        let added = taints.len() != old.len();
        let (mut missing, mut removed) = (Vec::new(), false);
        for remove in &self.remove {
            let before = taints.len();
            taints.retain(|t| {
                let taint = Spec::of(t);
                taint.key != remove.key || !(remove.effect.is_empty() || taint.effect == remove.effect)
            });
            removed = taints.len() != before;
            if !removed {
                let effect = if remove.effect.is_empty() { String::new() } else { format!(":{}", remove.effect) };
                missing.push(anyhow::anyhow!("taint \"{}{effect}\" not found", remove.key));
            }
        }
        super::errors::aggregate(missing)?;
        let said = match (added, removed) {
            _ if overwrite => "modified",
            (true, true) => "modified",
            (true, false) => "tainted",
            (false, _) => "untainted",
        };
        Ok((said, taints))
    }
}

fn store(cx: &mut Context, info: &Info, taints: Vec<Value>, dry_run: DryRun, strict: bool) -> anyhow::Result<Object> {
    let taints = if taints.is_empty() { Value::Null } else { Value::Array(taints) };
    if dry_run == DryRun::Client {
        let mut object = Object::clone(&info.object);
        object.set("/spec/taints", taints);
        return Ok(object);
    }
    // The list is replaced as a whole.
    let patch = json!({"spec": {"taints": taints}});
    let options = requests::options(dry_run, strict);
    let stored = requests::patch(cx, info, (PatchType::Merge, &patch), Part::Main, &options)?;
    Ok(Object::clone(&stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_are_put_on_and_taken_off() {
        let mut node = Object::new("v1", "Node", "", "n");
        node.set("/spec/taints", json!([{"key": "a", "effect": "NoSchedule"}]));
        let apply = |specs: &[&str], overwrite: bool| {
            let specs: Vec<String> = specs.iter().map(|s| (*s).to_owned()).collect();
            let (said, taints) = Changes::parse(&specs).map_err(anyhow::Error::msg)?.apply(&node, overwrite)?;
            anyhow::Ok(format!("{said} {}", taints.len()))
        };
        let cases = [
            (&["b=c:NoExecute"][..], false, "tainted 2"),
            (&["a-"], false, "untainted 0"),
            (&["a:NoSchedule-"], false, "untainted 0"),
            (&["a=x:NoSchedule"], true, "modified 1"),
            (&["a=x:NoSchedule"], false, "node n already has a taint(s) with same effect(s) and --overwrite is false"),
            (&["z-"], false, "taint \"z\" not found"),
            (&["b=c:Never"], false, "invalid taint effect: Never, unsupported taint effect"),
            (&["b=c"], false, "invalid taint spec: b=c"),
        ];
        for (specs, overwrite, want) in cases {
            let got = apply(specs, overwrite).unwrap_or_else(|e| e.to_string());
            assert!(got.starts_with(want), "{specs:?}: {got}");
        }
    }
}
