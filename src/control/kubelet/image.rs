//! Image names as the kubelet reads them before it pulls, and what it says when it cannot.

use super::network::full_image;
use crate::control::emulated::repository;

/// Why a name is no image's; `None` when it is one. The grammar is that of distribution's references.
pub fn name_problem(image: &str) -> Option<String> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(n, d)| (n, Some(d)));
    let slash = name.rfind('/').map_or(0, |n| n + 1);
    let (path, tag) = match name[slash..].split_once(':') {
        Some((last, tag)) => (&name[..slash + last.len()], Some(tag)),
        None => (name, None),
    };
    let (domain, path) = match path.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, path),
    };
    let is_lower = path.split('/').all(is_component);
    let fits = is_lower
        && domain.is_none_or(is_domain)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(|d| d.split_once(':').is_some_and(|(a, hex)| !a.is_empty() && hex.len() >= 32));
    if fits {
        return None;
    }
    let lower = path.chars().any(char::is_uppercase) && path.to_lowercase().split('/').all(is_component);
    let why = if lower {
        let library = if path.contains('/') || domain.is_some() { "" } else { "library/" };
        format!("invalid reference format: repository name ({library}{path}) must be lowercase")
    } else {
        "invalid reference format".to_owned()
    };
    Some(format!("Failed to apply default image tag {image:?}: couldn't parse image name {image:?}: {why}"))
}

/// Letters and digits, in parts that `.`, `_`, `__` or dashes join.
fn is_component(part: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let joins = |s: &str| matches!(s, "" | "." | "_" | "__") || s.chars().all(|c| c == '-');
    let ends = part.starts_with(is_alphanumeric) && part.ends_with(is_alphanumeric);
    ends && part.split(is_alphanumeric).all(joins)
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = domain.split_once(':').map_or((domain, None), |(h, p)| (h, Some(p)));
    let is_label = |l: &str| {
        let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !l.is_empty() && l.chars().all(is_inner) && !l.starts_with('-') && !l.ends_with('-')
    };
    host.split('.').all(is_label) && port.is_none_or(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_digit()))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128 && tag.starts_with(is_word) && tag.chars().all(|c| is_word(c) || c == '.' || c == '-')
}

/// What containerd answers when a registry has no such image.
pub fn not_found(image: &str) -> String {
    let full = full_image(image);
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image {full:?}: failed to resolve reference \
         {full:?}: {full}: not found"
    )
}

/// Words of a tag that manuals and exercises give an image that is not there.
const NOBODYS_TAGS: &[&str] = &[
    "bad",
    "bogus",
    "broken",
    "fake",
    "invalid",
    "missing",
    "nonexistent",
    "nonexisting",
    "nope",
    "nosuch",
    "nosuchtag",
    "notag",
    "notexist",
    "notfound",
    "sometag",
    "typo",
    "wrong",
];
/// What only the name of an image that is not there holds.
const NOBODYS_NAMES: &[&str] = &[
    "does-not-exist",
    "doesnotexist",
    "doesnt-exist",
    "no-such",
    "non-existent",
    "nonexistent",
    "not-a-real",
    "not-exist",
];
/// The newest versions that the official images of these names may come to have: major, minor.
const NEWEST: &[(&str, u32, u32)] = &[("nginx", 1, 59), ("busybox", 1, 59), ("httpd", 2, 19), ("redis", 19, 19)];

/// Whether there is plainly no such image: it is named as what cannot be pulled is in manuals and exercises, or has a version
/// that its software has not got to (`nginx:1.161`, the slip in Kubernetes' own page on Deployments). kstate asks no registry.
pub fn is_nobodys(image: &str) -> bool {
    let name = repository(image).to_lowercase();
    let tag = image.split('@').next().and_then(|i| i[repository(i).len()..].strip_prefix(':')).unwrap_or_default();
    let tag = tag.to_lowercase();
    let says = |words: &[&str], text: &str| words.iter().any(|word| text.contains(word));
    if says(NOBODYS_NAMES, &name) || says(NOBODYS_NAMES, &tag) {
        return true;
    }
    if tag.split(['-', '.', '_']).any(|word| NOBODYS_TAGS.contains(&word)) {
        return true;
    }
    let numbers: Vec<u32> = tag.trim_start_matches('v').split(['.', '-']).map_while(|n| n.parse().ok()).collect();
    let newest = NEWEST.iter().find(|(of, ..)| full_image(image).starts_with(&format!("docker.io/library/{of}:")));
    newest.zip(numbers.first()).is_some_and(|((_, most, minors), major)| {
        major > most || (major == most && numbers.get(1).is_some_and(|minor| minor > minors))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_nobody_has() {
        for nobodys in [
            "nginx:broken",
            "nginx:does-not-exist",
            "nginx:nonexistent",
            "nginx:1.161",
            "nginx:99.99",
            "busybox:no-such-tag",
            "registry.example.com/team/app:v1-broken",
            "this-image-does-not-exist",
            "example/nonexistent:latest",
        ] {
            assert!(is_nobodys(nobodys), "{nobodys}");
        }
        for some in [
            "nginx",
            "nginx:latest",
            "nginx:1.29.3-alpine",
            "nginx:stable",
            "mine/nginx:2024.01",
            "busybox:1.28",
            "redis:7.2",
            "postgres:17",
            "broken/app:1",
            "localhost:5000/missing-persons:2.0",
            "app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert!(!is_nobodys(some), "{some}");
        }
    }

    #[test]
    fn image_names() {
        for good in [
            "nginx",
            "nginx:1.24-alpine",
            "registry.k8s.io/nginx-slim:0.21",
            "localhost:5000/a/b_c:V1",
            "Upper.io/a",
            "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "a__b/c--d",
        ] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for bad in ["", "Nginx", "nginx:", "nginx:!", "a//b", "-a", "a..b", "a b", "nginx@x", "/nginx", "reg:5x/a"] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
        let why = name_problem("Nginx").unwrap();
        assert!(why.ends_with("repository name (library/Nginx) must be lowercase"), "{why}");
    }
}
