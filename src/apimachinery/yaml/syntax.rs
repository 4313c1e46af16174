//! Whether a YAML document is well-formed, in libyaml's words and with go-yaml's line: what `serde_yaml` is used for.
//!
//! Knows nothing of values; the document is read and thrown away.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_yaml::Deserializer;

/// What libyaml's parser (not its scanner) complains of. go-yaml counts the lines of those from zero.
const PARSER_PROBLEMS: [&str; 11] = [
    "did not find expected <document start>",
    "did not find expected <stream-start>",
    "did not find expected node content",
    "did not find expected key",
    "did not find expected '-' indicator",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
    "found undefined tag handle",
    "found incompatible YAML document",
    "found duplicate %YAML directive",
    "found duplicate %TAG directive",
];

/// `yaml: line 5: mapping values are not allowed in this context`, or nothing to complain of.
pub(super) fn check(text: &str) -> Result<(), String> {
    let Some(document) = Deserializer::from_str(text).next() else { return Ok(()) };
    let Err(error) = IgnoredAny::deserialize(document) else { return Ok(()) };
    let whole = error.to_string();
    // serde_yaml's own bounds, and aliases, are judged where the value is built.
    if whole.starts_with("recursion limit") || whole.starts_with("unknown anchor") || whole.starts_with("EOF while") {
        return Ok(());
    }
    let end = whole.find(" at line ").or_else(|| whole.find(" at position ")).unwrap_or(whole.len());
    let problem = &whole[..end];
    // A problem on the first line has no line: go-yaml takes line 0 for "not known".
    let below_first = error.location().map_or(0, |l| l.line().saturating_sub(1));
    match below_first {
        0 => Err(format!("yaml: {problem}")),
        line if PARSER_PROBLEMS.contains(&problem) => Err(format!("yaml: line {line}: {problem}")),
        line => Err(format!("yaml: line {}: {problem}", line + 1)),
    }
}
