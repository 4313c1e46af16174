//! Which kind, namespace, object and subresource a path of the API means. Knows no request.

use crate::apiserver::Part;
use crate::cmd::resources::KindRef;
use crate::kinds::Registry;

/// The part of an object that a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sub {
    None,
    Status,
    Scale,
    /// A part of a pod's spec: `resize`, `ephemeralcontainers`.
    Spec(&'static str),
    /// A service account's tokens: nothing to read, something to create.
    Token,
    /// A pod's, to be created.
    Eviction,
    /// What is decided of a request for a certificate.
    Approval,
}

/// What a path means; a list has no name.
pub struct Place {
    pub kind: KindRef,
    /// Empty for all namespaces, and for cluster-scoped kinds.
    pub namespace: String,
    pub name: String,
    pub sub: Sub,
}

impl Place {
    /// `/api/v1/namespaces/default/pods/web-0`, `/apis/apps/v1/namespaces/default/statefulsets/web/scale`, ….
    pub fn parse(registry: &Registry, path: &str) -> Option<Place> {
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let of = |plural: &str| {
            let is_it =
                |k: &KindRef| k.names().group == group && k.names().version == version && k.names().plural == plural;
            registry.versions().find(is_it)
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, plural, rest @ ..] if of(plural).is_some_and(|k| k.names().namespaced) => {
                (*namespace, [&[*plural], rest].concat())
            }
            rest => ("", rest.to_vec()),
        };
        let kind = of(rest.first()?)?;
        let sub = match rest.get(2) {
            None => Sub::None,
            Some(&"status") => Sub::Status,
            Some(&"scale") => Sub::Scale,
            Some(&"token") if kind.names().resource == "serviceaccounts" => Sub::Token,
            Some(&"eviction") if kind.names().resource == "pods" => Sub::Eviction,
            Some(&"approval") if kind.names().plural == "certificatesigningrequests" => Sub::Approval,
            Some(name) => match Part::of(kind, name)? {
                Part::Spec(name) => Sub::Spec(name),
                _ => return None,
            },
        };
        let name = rest.get(1).copied().unwrap_or_default();
        // An object of a namespace is found in it only.
        let is_whole = rest.len() <= 3 && (name.is_empty() || !kind.names().namespaced || !namespace.is_empty());
        is_whole.then(|| Place { kind, namespace: namespace.to_owned(), name: name.to_owned(), sub })
    }

    /// The namespace of a list; `None` for all.
    pub fn scope(&self) -> Option<&str> {
        Some(self.namespace.as_str()).filter(|n| !n.is_empty())
    }
}

/// The parameters of a request.
#[derive(Debug, Default)]
pub struct Query {
    pub labels: String,
    pub fields: String,
    /// All of them, in their order.
    pairs: Vec<(String, String)>,
}

impl Query {
    pub fn parse(text: &str) -> Query {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        let pairs: Vec<(String, String)> = text.split('&').filter(|p| !p.is_empty()).map(pair).collect();
        let mut query = Query { pairs, ..Query::default() };
        (query.labels, query.fields) =
            (query.value("labelSelector").to_owned(), query.value("fieldSelector").to_owned());
        query
    }

    /// The last value of a parameter, empty where there is none.
    pub fn value(&self, name: &str) -> &str {
        self.pairs.iter().rfind(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// Whether a parameter says yes.
    pub fn is_set(&self, name: &str) -> bool {
        matches!(self.value(name), "true" | "1")
    }

    /// Whether the answer is laid out for people: `pretty` says so, or without it that a person's program asks.
    pub fn is_pretty(&self, is_person: bool) -> bool {
        match self.value("pretty") {
            "" => is_person,
            // Go's strconv.ParseBool.
            text => matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True"),
        }
    }
}

/// Percent-decoding; what is no code stays.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let code = || {
            let mut ahead = bytes.clone();
            let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
            Some(digit(ahead.next())? * 16 + digit(ahead.next())?)
        };
        match (byte, code()) {
            (b'%', Some(code)) => {
                out.extend(u8::try_from(code));
                bytes.nth(1);
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_apis() {
        let cases = [
            ("/api/v1/namespaces/default/pods", Some("pods default  None")),
            ("/api/v1/namespaces/default/pods/web-0", Some("pods default web-0 None")),
            ("/api/v1/pods", Some("pods   None")),
            ("/api/v1/namespaces/x", Some("namespaces  x None")),
            ("/api/v1/namespaces/x/status", Some("namespaces  x Status")),
            ("/apis/apps/v1/namespaces/default/statefulsets/web/scale", Some("statefulsets.apps default web Scale")),
            ("/api/v1/pods/web-0", None),
            ("/apis/apps/v2/statefulsets", None),
            ("/api/v1/nope", None),
            ("/", None),
        ];
        for (path, want) in cases {
            let got = Place::parse(&Registry::built_in(), path)
                .map(|p| format!("{} {} {} {:?}", p.kind.names().resource, p.namespace, p.name, p.sub));
            assert_eq!(got.as_deref(), want, "{path}");
        }
        assert_eq!(Query::parse("limit=5&labelSelector=a%3Db%2Cc").labels, "a=b,c");
        assert_eq!(Query::parse("labelSelector=%").labels, "%");
    }
}
