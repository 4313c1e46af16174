//! Labels, annotations, tolerations and other maps and lists as `describe` lays them out. Knows no kind.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::Text;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};
use crate::kinds::pod::Fields;

/// The annotation that no description shows: what `apply` last sent.
const SKIPPED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Annotations longer than this are broken into lines, and cut.
pub(super) const LONGEST: usize = 140;

/// `<none>` for an empty text.
pub fn or_none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}

/// An instant as Go's RFC1123Z: `Sun, 22 Nov 2026 07:49:16 +0000`; the zero time for none.
pub fn rfc1123(at: Option<Time>) -> String {
    at.map_or_else(
        || "Mon, 01 Jan 0001 00:00:00 +0000".to_owned(),
        |t| t.format("%a, %d %b %Y %H:%M:%S +0000").to_string(),
    )
}

/// A list of texts as Go's `%v` prints it: `[a b]`.
pub fn go_list(items: &[Value]) -> String {
    let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    format!("[{}]", texts.join(" "))
}

fn pairs(map: Option<&Map<String, Value>>) -> Vec<(&String, &str)> {
    let mut pairs: Vec<(&String, &str)> =
        map.into_iter().flatten().map(|(k, v)| (k, v.as_str().unwrap_or_default())).collect();
    pairs.sort();
    pairs
}

/// `a=1,b=2`, or `<none>`: labels.FormatLabels.
pub fn format_labels(map: Option<&Map<String, Value>>) -> String {
    let all: Vec<String> = pairs(map).into_iter().map(|(k, v)| format!("{k}={v}")).collect();
    or_none(&all.join(",")).to_owned()
}

/// A title with a value on each line, the first one beside the title; `<none>` for no value.
pub fn title_lines(out: &mut Text, title: &str, indent: &str, lines: &[impl Display]) {
    out.put(0, format_args!("{indent}{title}:\t"));
    if lines.is_empty() {
        out.line(0, "<none>");
    }
    for (i, line) in lines.iter().enumerate() {
        let lead = if i == 0 { String::new() } else { format!("{indent}\t") };
        out.line(0, format_args!("{lead}{line}"));
    }
}

/// A map with an entry on each line, in order.
pub fn label_lines(out: &mut Text, title: &str, indent: &str, map: Option<&Map<String, Value>>) {
    let lines: Vec<String> = pairs(map).into_iter().map(|(k, v)| format!("{k}={v}")).collect();
    title_lines(out, title, indent, &lines);
}

/// The map at a pointer, with an entry on each line.
pub fn labels_at(out: &mut Text, title: &str, object: &Object, pointer: &str) {
    label_lines(out, title, "", object.map_at(pointer));
}

/// `Labels:` of an object.
pub fn labels(out: &mut Text, object: &Object) {
    label_lines(out, "Labels", "", object.labels());
}

/// `Annotations:`, without what `apply` keeps there.
pub fn annotations(out: &mut Text, title: &str, map: Option<&Map<String, Value>>) {
    out.put(0, format_args!("{title}:\t"));
    let shown: Vec<(&String, &str)> = pairs(map).into_iter().filter(|(k, _)| *k != SKIPPED).collect();
    if shown.is_empty() {
        out.line(0, "<none>");
    }
    for (i, (key, value)) in shown.into_iter().enumerate() {
        let lead = if i == 0 { "" } else { "\t" };
        let value = value.strip_suffix('\n').unwrap_or(value);
        if value.len() + key.len() + 2 > LONGEST || value.contains('\n') {
            out.line(0, format_args!("{lead}{key}:"));
            value.split('\n').for_each(|line| out.line(0, format_args!("\t  {}", shorten(line, LONGEST - 2))));
        } else {
            out.line(0, format_args!("{lead}{key}: {value}"));
        }
    }
}

/// The beginning of a text with dots, where it is longer than so many bytes.
pub(super) fn shorten(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = (0..=longest).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    format!("{}...", &text[..end])
}

/// `Controlled By:`, when something controls the object.
pub fn controlled_by(object: &Object, out: &mut Text) {
    if let Some(owner) = object.controller_of() {
        out.field(0, "Controlled By", format_args!("{}/{}", owner.kind, owner.name));
    }
}

/// A flag that may be left open.
pub fn optional_flag(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    }
}

/// `Conditions:` with the time of each and why, when there are any.
pub fn timed_conditions(conditions: &[Value], out: &mut Text) {
    if conditions.is_empty() {
        return;
    }
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t------------------\t------\t-------");
    for condition in conditions {
        let at = rfc1123(time::parse(condition.text("lastTransitionTime")));
        let [kind, status, reason, message] =
            ["type", "status", "reason", "message"].map(|field| condition.text(field));
        out.line(1, format_args!("{kind}\t{status}\t{at}\t{reason}\t{message}"));
    }
}

/// `Tolerations:`, ordered by key.
pub fn tolerations(out: &mut Text, title: &str, tolerations: &[Value]) {
    let mut sorted: Vec<&Value> = tolerations.iter().collect();
    sorted.sort_by_key(|t| t.text("key"));
    let lines: Vec<String> = sorted.into_iter().map(toleration).collect();
    title_lines(out, title, "", &lines);
}

fn toleration(toleration: &Value) -> String {
    let (key, value, effect) = (toleration.text("key"), toleration.text("value"), toleration.text("effect"));
    let mut text = key.to_owned();
    if !value.is_empty() {
        text += &format!("={value}");
    }
    if !effect.is_empty() {
        text += &format!(":{effect}");
    }
    if toleration.text("operator") == "Exists" && value.is_empty() {
        // One without a key and an effect tolerates everything.
        text += if text.is_empty() { "op=Exists" } else { " op=Exists" };
    }
    if let Some(seconds) = toleration.int("tolerationSeconds") {
        text += &format!(" for {seconds}s");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(write: impl FnOnce(&mut Text)) -> String {
        let mut out = Text::default();
        write(&mut out);
        out.finish()
    }

    #[test]
    fn annotations_are_kubectls() {
        let long = "x".repeat(150);
        let map = json!({"a": "1", "b": "two\nlines\n", "c": long, (SKIPPED): "{}"});
        let want = format!("A:  a: 1\n    b:\n      two\n      lines\n    c:\n      {}...\n", "x".repeat(138));
        assert_eq!(of(|out| annotations(out, "A", map.as_object())), want);
        assert_eq!(of(|out| annotations(out, "A", None)), "A:  <none>\n");
    }

    #[test]
    fn tolerations_are_kubectls() {
        let list = [
            json!({"key": "b", "operator": "Equal", "value": "v", "effect": "NoSchedule"}),
            json!({"operator": "Exists"}),
            json!({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
        ];
        let want = "T:  op=Exists\n    a:NoExecute op=Exists for 300s\n    b=v:NoSchedule\n";
        assert_eq!(of(|out| tolerations(out, "T", &list)), want);
    }
}
