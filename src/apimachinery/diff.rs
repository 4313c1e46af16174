//! The differences that some of the API server's errors show: a unified diff of two values as Go writes them.
//!
//! Knows no kind. The rules are those of k8s.io/apimachinery/pkg/util/diff: JSON with one space of indentation, three
//! lines of context, no file names.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

/// How many lines are shown around a change.
const CONTEXT: usize = 3;

/// A value in the form Go's encoding/json gives the server's own types: fields in the order of the type.
#[derive(Clone, Debug)]
pub enum Form {
    Struct(Vec<(&'static str, Form)>),
    Value(Value),
}

impl From<Value> for Form {
    fn from(value: Value) -> Form {
        Form::Value(value)
    }
}

impl Form {
    fn write(&self, depth: usize, out: &mut String) {
        match self {
            Form::Struct(fields) => {
                let fields = fields.iter().map(|(name, form)| (*name, form.clone()));
                write_block(('{', '}'), fields.map(|(n, f)| (Some(n.to_owned()), f)), depth, out);
            }
            Form::Value(Value::Object(map)) => {
                let entries = map.iter().map(|(k, v)| (Some(k.clone()), Form::Value(v.clone())));
                write_block(('{', '}'), entries, depth, out);
            }
            Form::Value(Value::Array(items)) => {
                write_block(('[', ']'), items.iter().map(|v| (None, Form::Value(v.clone()))), depth, out);
            }
            Form::Value(scalar) => out.push_str(&scalar.to_string()),
        }
    }
}

fn write_block(
    (open, close): (char, char),
    entries: impl Iterator<Item = (Option<String>, Form)>,
    depth: usize,
    out: &mut String,
) {
    out.push(open);
    let mut is_empty = true;
    for (name, form) in entries {
        out.push_str(if is_empty { "\n" } else { ",\n" });
        is_empty = false;
        out.push_str(&" ".repeat(depth + 1));
        if let Some(name) = name {
            out.push_str(&format!("{}: ", Value::from(name)));
        }
        form.write(depth + 1, out);
    }
    if !is_empty {
        out.push('\n');
        out.push_str(&" ".repeat(depth));
    }
    out.push(close);
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(0, &mut out);
        f.write_str(&out)
    }
}

/// A run of lines that both texts have.
#[derive(Clone, Copy)]
struct Match {
    a: usize,
    b: usize,
    len: usize,
}

/// The unified diff of two texts, each line ended by a newline; empty when they are equal.
pub fn unified(a: &str, b: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split('\n').collect(), b.split('\n').collect());
    let mut matches = Vec::new();
    find_matches(&a, &b, 0..a.len(), 0..b.len(), &mut matches);
    matches.push(Match { a: a.len(), b: b.len(), len: 0 });
    let mut out = String::new();
    for group in groups(&matches) {
        write_hunk(&a, &b, &group, &mut out);
    }
    out
}

/// Ratcliff and Obershelp: the longest common run, then the same to its left and to its right.
fn find_matches(a: &[&str], b: &[&str], in_a: Range<usize>, in_b: Range<usize>, out: &mut Vec<Match>) {
    let Some(found) = longest_match(a, b, in_a.clone(), in_b.clone()) else { return };
    find_matches(a, b, in_a.start..found.a, in_b.start..found.b, out);
    out.push(found);
    find_matches(a, b, found.a + found.len..in_a.end, found.b + found.len..in_b.end, out);
}

/// The longest run, of several the first in `a`, then in `b`.
fn longest_match(a: &[&str], b: &[&str], in_a: Range<usize>, in_b: Range<usize>) -> Option<Match> {
    let mut best: Option<Match> = None;
    for i in in_a.clone() {
        for j in in_b.clone() {
            let len = a[i..in_a.end].iter().zip(&b[j..in_b.end]).take_while(|(x, y)| x == y).count();
            if len > best.map_or(0, |m| m.len) {
                best = Some(Match { a: i, b: j, len });
            }
        }
    }
    best
}

/// One change: lines of `a` that lines of `b` replace.
#[derive(Clone)]
struct Edit {
    a: Range<usize>,
    b: Range<usize>,
}

/// The edits between the matches, those together that are near each other.
fn groups(matches: &[Match]) -> Vec<Vec<Edit>> {
    let mut groups: Vec<Vec<Edit>> = Vec::new();
    let (mut a, mut b) = (0, 0);
    for m in matches {
        if m.a > a || m.b > b {
            let edit = Edit { a: a..m.a, b: b..m.b };
            match groups.last_mut() {
                Some(group) if group.last().is_some_and(|e| edit.a.start - e.a.end <= 2 * CONTEXT) => group.push(edit),
                _ => groups.push(vec![edit]),
            }
        }
        (a, b) = (m.a + m.len, m.b + m.len);
    }
    groups
}

fn write_hunk(a: &[&str], b: &[&str], edits: &[Edit], out: &mut String) {
    let (Some(first), Some(last)) = (edits.first(), edits.last()) else { return };
    let before = first.a.start.min(CONTEXT);
    let after = (a.len() - last.a.end).min(CONTEXT);
    let in_a = first.a.start - before..last.a.end + after;
    let in_b = first.b.start - before..last.b.end + after;
    out.push_str(&format!("@@ -{} +{} @@\n", range(&in_a), range(&in_b)));
    let mut line = |sign: char, text: &str| out.push_str(&format!("{sign}{text}\n"));
    let mut at = in_a.start;
    for edit in edits {
        a[at..edit.a.start].iter().for_each(|l| line(' ', l));
        a[edit.a.clone()].iter().for_each(|l| line('-', l));
        b[edit.b.clone()].iter().for_each(|l| line('+', l));
        at = edit.a.end;
    }
    a[at..in_a.end].iter().for_each(|l| line(' ', l));
}

/// `1,6`; a single line has no length, an empty range is at the line before.
fn range(lines: &Range<usize>) -> String {
    match lines.len() {
        1 => (lines.start + 1).to_string(),
        0 => format!("{},0", lines.start),
        len => format!("{},{len}", lines.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn forms_are_gos() {
        let form = Form::Struct(vec![
            ("B", json!(["x", {}]).into()),
            ("A", Form::Struct(vec![("N", Value::Null.into())])),
            ("E", json!([]).into()),
        ]);
        assert_eq!(form.to_string(), "{\n \"B\": [\n  \"x\",\n  {}\n ],\n \"A\": {\n  \"N\": null\n },\n \"E\": []\n}");
    }

    #[test]
    fn hunks_are_difflibs() {
        assert_eq!(unified("a\nb", "a\nb"), "");
        assert_eq!(unified("a", "b"), "@@ -1 +1 @@\n-a\n+b\n");
        let a = "1\n2\n3\n4\n5\n6\n7\n8\n9";
        assert_eq!(unified(a, &a.replace('5', "x")), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
        assert_eq!(unified("1\n2", "1\n2\n3"), "@@ -1,2 +1,3 @@\n 1\n 2\n+3\n");
        let far = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10";
        assert_eq!(unified(far, &far.replace('1', "x")).matches("@@ -").count(), 2);
    }

    proptest! {
        #[test]
        fn a_diff_holds_every_line_of_its_hunks(a in "[ab\n]{0,30}", b in "[ab\n]{0,30}") {
            let text = unified(&a, &b);
            prop_assert_eq!(text.is_empty(), a == b);
            let count = |sign| text.lines().filter(|l| l.starts_with(sign)).count() as i64;
            let lines = |t: &str| t.split('\n').count() as i64;
            prop_assert_eq!(count('+') - count('-'), lines(&b) - lines(&a));
        }
    }
}
