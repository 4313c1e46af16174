//! The formats names have: DNS labels and subdomains, label keys and values, ports, variables; each with the API server's words.
//!
//! Knows no kind. A check returns what is wrong, in order, and nothing for a good value; the rules and words are those of
//! k8s.io/apimachinery/pkg/util/validation and pkg/api/validate/content (which counts bytes where the former counts characters).

mod meta;

pub use meta::{
    is_own_or_qualified, validate_annotations, validate_domain_prefixed_path, validate_label_name,
    validate_label_selector, validate_labels, validate_object_meta, validate_object_meta_update,
};

/// What is wrong with a value; empty when nothing is.
pub type Problems = Vec<String>;

/// How the names of a kind look. The flag is set for a `generateName`, to which a suffix will be added.
pub type NameRule = fn(name: &str, prefix: bool) -> Problems;

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_MESSAGE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const SUBDOMAIN_MESSAGE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const QUALIFIED_MESSAGE: &str =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/// `must be no more than 63 characters`.
pub fn max_length_message(length: usize) -> String {
    format!("must be no more than {length} characters")
}

fn max_bytes_message(length: usize) -> String {
    format!("must be no more than {length} bytes")
}

/// A message with examples and the pattern. The odd `,  or` between two examples is upstream's.
pub fn regex_message(message: &str, pattern: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{message} (regex used for validation is '{pattern}')");
    }
    let examples: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    format!("{message} (e.g. {}regex used for validation is '{pattern}')", examples.join(" or "))
}

/// `must be between 1 and 65535, inclusive`.
pub fn range_message(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

fn is_lower_alphanumeric(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// Non-empty, `inner` throughout, `edge` at both ends.
fn matches_edges(value: &str, edge: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = value.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(&first), Some(&last)) => edge(first) && edge(last) && bytes.iter().all(|&b| inner(b)),
        _ => false,
    }
}

fn matches_label(value: &str) -> bool {
    matches_edges(value, is_lower_alphanumeric, |b| is_lower_alphanumeric(b) || b == b'-')
}

fn matches_subdomain(value: &str) -> bool {
    value.split('.').all(matches_label)
}

/// An RFC 1123 label: `my-name`.
pub fn is_dns1123_label(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > 63 {
        problems.push(max_length_message(63));
    }
    if !matches_label(value) {
        if matches_subdomain(value) {
            problems.push("must not contain dots".to_owned());
        } else {
            problems.push(regex_message(LABEL_MESSAGE, LABEL, &["my-name", "123-abc"]));
        }
    }
    problems
}

/// An RFC 1123 subdomain: labels joined by dots.
pub fn is_dns1123_subdomain(value: &str) -> Problems {
    subdomain_problems(value, max_length_message)
}

fn subdomain_problems(value: &str, too_long: fn(usize) -> String) -> Problems {
    let mut problems = Problems::new();
    if value.len() > 253 {
        problems.push(too_long(253));
    }
    if !matches_subdomain(value) {
        problems.push(regex_message(SUBDOMAIN_MESSAGE, SUBDOMAIN, &["example.com"]));
    }
    problems
}

/// A subdomain whose labels may have underscores: what a pod's DNS search paths may be.
pub fn is_dns1123_subdomain_with_underscore(value: &str) -> Problems {
    let matches = |label: &str| {
        let rest = label.strip_prefix('_').unwrap_or(label);
        matches_edges(rest, is_lower_alphanumeric, |b| is_lower_alphanumeric(b) || b == b'-' || b == b'_')
    };
    let mut problems = Problems::new();
    if value.len() > 253 {
        problems.push(max_length_message(253));
    }
    if !value.split('.').all(matches) {
        let label = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
        problems.push(regex_message(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
            &format!("{label}(\\.{label})*"),
            &["example.com"],
        ));
    }
    problems
}

/// An RFC 1035 label: as an RFC 1123 label, but starting with a letter.
pub fn is_dns1035_label(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > 63 {
        problems.push(max_length_message(63));
    }
    if !matches_label(value) || !value.starts_with(|c: char| c.is_ascii_lowercase()) {
        problems.push(regex_message(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
            "[a-z]([-a-z0-9]*[a-z0-9])?",
            &["my-name", "abc-123"],
        ));
    }
    problems
}

/// A subdomain under a wildcard: `*.example.com`.
pub fn is_wildcard_dns1123_subdomain(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > 253 {
        problems.push(max_length_message(253));
    }
    if !value.strip_prefix("*.").is_some_and(matches_subdomain) {
        problems.push(regex_message(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
            &format!("\\*\\.{SUBDOMAIN}"),
            &["*.example.com"],
        ));
    }
    problems
}

fn matches_qualified(value: &str) -> bool {
    matches_edges(
        value,
        |b| b.is_ascii_alphanumeric(),
        |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'),
    )
}

/// A label key, which is upstream's "qualified name": `name` or `example.com/name`.
pub fn is_qualified_name(value: &str) -> Problems {
    let message = || regex_message(QUALIFIED_MESSAGE, QUALIFIED, &["MyName", "my.name", "123-abc"]);
    let mut problems = Problems::new();
    let parts: Vec<&str> = value.split('/').collect();
    let name = match parts[..] {
        [name] => name,
        ["", name] => {
            problems.push("prefix part must be non-empty".to_owned());
            name
        }
        [prefix, name] => {
            let wrong = subdomain_problems(prefix, max_bytes_message);
            problems.extend(wrong.into_iter().map(|p| format!("prefix part {p}")));
            name
        }
        _ => {
            let optional = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {} {optional}", message())];
        }
    };
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        problems.push(format!("name part {}", max_bytes_message(63)));
    }
    if !matches_qualified(name) {
        problems.push(format!("name part {}", message()));
    }
    problems
}

/// The value of a label; may be empty.
pub fn is_label_value(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > 63 {
        problems.push(max_bytes_message(63));
    }
    if !value.is_empty() && !matches_qualified(value) {
        problems.push(regex_message(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            &format!("({QUALIFIED})?"),
            &["MyValue", "my_value", "12345"],
        ));
    }
    problems
}

/// A key of a ConfigMap's or a Secret's data: a plain file name.
pub fn is_config_map_key(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > 253 {
        problems.push(max_length_message(253));
    }
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')) {
        problems.push(regex_message(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            "[-._a-zA-Z0-9]+",
            &["key.name", "KEY_NAME", "key-name"],
        ));
    }
    if value == "." {
        problems.push("must not be '.'".to_owned());
    } else if value == ".." {
        problems.push("must not be '..'".to_owned());
    } else if value.starts_with("..") {
        problems.push("must not start with '..'".to_owned());
    }
    problems
}

/// The name of an environment variable. Since 1.34 anything printable but `=`.
pub fn is_env_var_name(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.is_empty() {
        problems.push("environment variable name must be non-empty".to_owned());
    }
    if !value.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=') {
        problems.push(
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
                .to_owned(),
        );
    }
    problems
}

/// The name of an environment variable, by the rule from before 1.34 that the client still has.
pub fn is_strict_env_var_name(value: &str) -> Problems {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let mut problems = Problems::new();
    if value.is_empty() || !value.bytes().all(inner) || value.starts_with(|c: char| c.is_ascii_digit()) {
        let message = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', \
                       and must not start with a digit";
        let examples = ["my.env-name", "MY_ENV.NAME", "MyEnvName1"];
        problems.push(regex_message(message, "[-._a-zA-Z][-._a-zA-Z0-9]*", &examples));
    }
    match value {
        "." | ".." => problems.push(format!("must not be '{value}'")),
        _ if value.starts_with("..") => problems.push("must not start with '..'".to_owned()),
        _ => {}
    }
    problems
}

/// An identifier as C has it.
pub fn is_c_identifier(value: &str) -> Problems {
    let mut bytes = value.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if first && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Problems::new();
    }
    vec![regex_message(
        "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
        "[A-Za-z_][A-Za-z0-9_]*",
        &["my_name", "MY_NAME", "MyName"],
    )]
}

/// The name of an HTTP header.
pub fn is_http_header_name(value: &str) -> Problems {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Problems::new();
    }
    vec![regex_message(
        "a valid HTTP header must consist of alphanumeric characters or '-'",
        "[-A-Za-z0-9]+",
        &["X-Header-Name"],
    )]
}

/// A port's name (IANA_SVC_NAME).
pub fn is_port_name(value: &str) -> Problems {
    let mut problems = Problems::new();
    if value.len() > 15 {
        problems.push(max_length_message(15));
    }
    if value.is_empty() || !value.bytes().all(|b| is_lower_alphanumeric(b) || b == b'-') {
        problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !value.bytes().any(|b| b.is_ascii_lowercase()) {
        problems.push("must contain at least one letter (a-z)".to_owned());
    }
    if value.contains("--") {
        problems.push("must not contain consecutive hyphens".to_owned());
    }
    if value.starts_with('-') || value.ends_with('-') {
        problems.push("must not begin or end with a hyphen".to_owned());
    }
    problems
}

/// A port's number.
pub fn is_port_number(port: i64) -> Problems {
    is_in_range(port, 1, 65535)
}

/// A number between two others, both included.
pub fn is_in_range(value: i64, low: i64, high: i64) -> Problems {
    if (low..=high).contains(&value) { Problems::new() } else { vec![range_message(low, high)] }
}

/// A percentage: `25%`.
pub fn is_percent(value: &str) -> Problems {
    let digits = value.strip_suffix('%').unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Problems::new();
    }
    vec![regex_message(
        "a valid percent string must be a numeric string followed by an ending '%'",
        "[0-9]+%",
        &["1%", "93%"],
    )]
}

/// A name that can be one segment of a URL's path: the rule of RBAC's names and others with odd characters.
pub fn is_path_segment_name(name: &str, prefix: bool) -> Problems {
    let mut problems = Problems::new();
    if !prefix && (name == "." || name == "..") {
        return vec![format!("may not be '{name}'")];
    }
    for illegal in ['/', '%'] {
        if name.contains(illegal) {
            problems.push(format!("may not contain '{illegal}'"));
        }
    }
    problems
}

/// Kinds whose names are DNS subdomains: most of them.
pub fn name_is_dns_subdomain(name: &str, prefix: bool) -> Problems {
    is_dns1123_subdomain(&mask_trailing_dash(name, prefix))
}

/// Kinds whose names are DNS labels: Namespace, Service, StatefulSet.
pub fn name_is_dns_label(name: &str, prefix: bool) -> Problems {
    is_dns1123_label(&mask_trailing_dash(name, prefix))
}

/// Kinds whose names are RFC 1035 labels.
pub fn name_is_dns1035_label(name: &str, prefix: bool) -> Problems {
    is_dns1035_label(&mask_trailing_dash(name, prefix))
}

/// A prefix may end with a dash. Upstream puts an `a` in place of its last *two* characters; so it does not look at the one before.
fn mask_trailing_dash(name: &str, prefix: bool) -> String {
    if prefix && name.ends_with('-') {
        let mut kept = name.chars();
        kept.next_back();
        kept.next_back();
        return format!("{}a", kept.as_str());
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABEL_TEXT: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    #[test]
    fn labels_and_subdomains() {
        assert_eq!(is_dns1123_label("web-0"), [""; 0]);
        assert_eq!(is_dns1123_label("Bad_Name"), [LABEL_TEXT]);
        assert_eq!(is_dns1123_label(""), [LABEL_TEXT]);
        assert_eq!(is_dns1123_label("a.b"), ["must not contain dots"]);
        assert_eq!(is_dns1123_label(&"a".repeat(64)), ["must be no more than 63 characters"]);
        assert_eq!(is_dns1123_subdomain("a.b-c.1"), [""; 0]);
        for bad in ["a..b", ".a", "a.", "-a", "a-", "A", "a_b", "é", "a\n"] {
            assert_eq!(is_dns1123_subdomain(bad).len(), 1, "{bad:?}");
        }
        assert_eq!(is_dns1035_label("a-1"), [""; 0]);
        assert_eq!(is_dns1035_label("1a").len(), 1);
        assert_eq!(is_wildcard_dns1123_subdomain("*.a.b"), [""; 0]);
        assert_eq!(is_wildcard_dns1123_subdomain("*.*.b").len(), 1);
        assert_eq!(is_dns1123_subdomain_with_underscore("_ldap._tcp.a"), [""; 0]);
    }

    #[test]
    fn label_keys_and_values() {
        for good in ["a", "A.b_c-9", "example.com/x", "kubernetes.io/metadata.name"] {
            assert_eq!(is_qualified_name(good), [""; 0], "{good}");
        }
        assert_eq!(
            is_qualified_name("bad key"),
            [
                "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            ]
        );
        assert_eq!(is_qualified_name("/x"), ["prefix part must be non-empty"]);
        assert_eq!(is_qualified_name("a/")[0], "name part must be non-empty");
        assert_eq!(is_qualified_name(&"a".repeat(64)), ["name part must be no more than 63 bytes"]);
        assert!(is_qualified_name("a/b/c")[0].starts_with("a valid label key must consist"));
        assert_eq!(is_label_value(""), [""; 0]);
        assert_eq!(is_label_value("a b").len(), 1);
    }

    #[test]
    fn ports_keys_variables_and_others() {
        assert_eq!(is_port_name("http-8"), [""; 0]);
        assert_eq!(is_port_name("8080"), ["must contain at least one letter (a-z)"]);
        assert_eq!(
            is_port_name("-a--"),
            ["must not contain consecutive hyphens", "must not begin or end with a hyphen"]
        );
        assert_eq!(is_port_number(0), ["must be between 1 and 65535, inclusive"]);
        assert_eq!(is_config_map_key("..a"), ["must not start with '..'"]);
        assert_eq!(is_config_map_key("a/b").len(), 1);
        assert_eq!(is_env_var_name("my.VAR 1"), [""; 0]);
        assert_eq!(is_env_var_name("a=b").len(), 1);
        assert_eq!(is_strict_env_var_name("my.VAR-1"), [""; 0]);
        assert_eq!(is_strict_env_var_name("1A").len(), 1);
        assert_eq!(is_strict_env_var_name("..a"), ["must not start with '..'"]);
        assert_eq!(is_path_segment_name("a:b", false), [""; 0]);
        assert_eq!(is_path_segment_name("a/b%", false), ["may not contain '/'", "may not contain '%'"]);
        assert_eq!(is_c_identifier("_a1"), [""; 0]);
        assert_eq!(is_percent("25%"), [""; 0]);
        assert_eq!(is_percent("%").len(), 1);
    }

    #[test]
    fn prefixes_may_end_with_a_dash() {
        assert_eq!(name_is_dns_label("web-", true), [""; 0]);
        assert_eq!(name_is_dns_label("web-", false).len(), 1);
        assert_eq!(name_is_dns_subdomain("-", true), [""; 0]);
        assert_eq!(name_is_dns_subdomain("é-", true), [""; 0]);
    }
}
