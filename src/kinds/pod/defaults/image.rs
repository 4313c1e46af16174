//! The pull policy an image's reference asks for.

/// `Always` for the tag `latest` and for no tag, `IfNotPresent` otherwise. What is no image reference counts as otherwise.
pub(super) fn pull_policy(reference: &str) -> &'static str {
    match tag(reference) {
        Some("latest") => "Always",
        _ => "IfNotPresent",
    }
}

/// The tag, or `latest` where there is neither tag nor digest; `None` for what upstream cannot parse.
fn tag(reference: &str) -> Option<&str> {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    };
    if !is_repository(repository) {
        return None;
    }
    match (tag, digest) {
        (Some(tag), _) if is_tag(tag) => Some(tag),
        (None, None) => Some("latest"),
        _ => None,
    }
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= 128
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && !tag.is_empty()
}

/// A path of lower-case parts, after a domain if the first part looks like one.
fn is_repository(repository: &str) -> bool {
    let path = match repository.split_once('/') {
        Some((domain, path)) if is_domain(domain) => path,
        _ => repository,
    };
    path.split('/').all(|part| {
        let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = part.as_bytes();
        bytes.first().is_some_and(|&b| edge(b))
            && bytes.last().is_some_and(|&b| edge(b))
            && bytes.iter().all(|&b| edge(b) || matches!(b, b'_' | b'.' | b'-'))
    })
}

fn is_domain(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        let cases = [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.24", "IfNotPresent"),
            ("localhost:5000/a/b", "Always"),
            ("localhost:5000/a/b:1", "IfNotPresent"),
            ("registry.example.com:443/team/app@sha256:abc", "IfNotPresent"),
            ("nginx:latest@sha256:abc", "Always"),
            ("", "IfNotPresent"),
            ("Nginx", "IfNotPresent"),
            (" nginx", "IfNotPresent"),
        ];
        for (image, want) in cases {
            assert_eq!(pull_policy(image), want, "{image:?}");
        }
    }
}
