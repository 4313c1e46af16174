//! Texts that are compared as a reader would: without comments, and by what they mean. Knows no object.

use serde_json::Value;

use crate::apimachinery::yaml;

/// The text without the lines that are comments.
pub fn without_comments(text: &str) -> String {
    let is_comment = |line: &&str| line.trim().starts_with('#') && !line.trim().starts_with("#!");
    text.split('\n').filter(|l| !is_comment(l)).collect::<Vec<_>>().join("\n")
}

/// Whether two texts say the same.
pub fn are_equal(a: &str, b: &str) -> bool {
    match (meaning(a), meaning(b)) {
        (Some(a), Some(b)) => a == b,
        _ => without_comments(a) == without_comments(b),
    }
}

fn meaning(text: &str) -> Option<Vec<Value>> {
    yaml::documents(&without_comments(text)).collect::<Result<_, _>>().ok()
}

/// Why a text cannot be read.
pub fn syntax_error(text: &str) -> Option<String> {
    let error = yaml::documents(&without_comments(text)).find_map(Result::err)?;
    Some(error.0.trim_start_matches("error converting YAML to JSON: ").to_owned())
}

/// Whether there is anything but comments.
pub fn has_lines(text: &str) -> bool {
    text.lines().map(str::trim).any(|l| !l.is_empty() && !l.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_do_not_count() {
        assert!(are_equal("# x\na: 1\n", "a:   1\n"));
        assert!(!are_equal("a: 1\n", "a: 2\n"));
        assert!(are_equal("a: [\n# x\n", "a: [\n"));
        assert!(!has_lines("# x\n\n  # y\n"));
        assert!(syntax_error("a: [").is_some() && syntax_error("a: 1").is_none());
    }
}
