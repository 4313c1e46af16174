//! URLs as curl takes them: a scheme may be missing, a redirect may be relative.

use super::fault::Fault;

/// A URL in the parts a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// `http` or `https`.
    pub scheme: String,
    /// `name:password`, where the URL has it.
    pub user: Option<String>,
    /// Without brackets.
    pub host: String,
    pub port: Option<u16>,
    /// Path and query; begins with `/`.
    pub path: String,
}

impl Url {
    /// Reads a URL.
    pub fn parse(text: &str) -> Result<Url, Fault> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(Fault::new(1, format!("Protocol \"{scheme}\" not supported")));
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user.to_owned()), address),
            None => (None, authority),
        };
        let (host, port) = host_and_port(address).ok_or_else(malformed)?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        if host.is_empty() || path.chars().any(|c| c.is_control() || c == ' ') {
            return Err(malformed());
        }
        Ok(Url { scheme, user, host, port, path })
    }

    /// The URL that a Location names, seen from this one.
    pub fn join(&self, location: &str) -> Result<Url, Fault> {
        // A Location may hold blanks, which a request line may not.
        let location = location.replace(' ', "%20");
        if location.contains("://") {
            return Url::parse(&location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Url::parse(&format!("{}://{rest}", self.scheme));
        }
        let own = self.path.split('?').next().unwrap_or_default();
        let path = match location.as_bytes().first() {
            Some(b'/') => location.clone(),
            Some(b'?') => format!("{own}{location}"),
            _ => format!("{}/{location}", own.rsplit_once('/').map_or("", |(folder, _)| folder)),
        };
        Ok(Url { path: without_dots(path.split('#').next().unwrap_or_default()), ..self.clone() })
    }

    /// The port that is connected to.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.scheme == "https" { 443 } else { 80 })
    }

    /// The Host header.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        self.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }

    /// The whole, without user and password.
    pub fn text(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority(), self.path)
    }
}

fn malformed() -> Fault {
    Fault::new(3, "URL using bad/illegal format or missing URL")
}

fn host_and_port(address: &str) -> Option<(String, Option<u16>)> {
    let (host, rest) = match address.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => address.split_at(address.find(':').unwrap_or(address.len())),
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        Some("") => None,
        Some(port) => Some(port.parse().ok()?),
        None => return None,
    };
    Some((host.to_owned(), port))
}

/// A path without `.` and `..` (RFC 3986, 5.2.4).
fn without_dots(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut parts: Vec<&str> = Vec::new();
    let count = path.split('/').count();
    for (i, part) in path.split('/').enumerate() {
        let last = i + 1 == count;
        match part {
            "." | ".." => {
                if part == ".." && parts.len() > 1 {
                    parts.pop();
                }
                if last {
                    parts.push("");
                }
            }
            part => parts.push(part),
        }
    }
    parts.join("/") + query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_redirects() {
        for (text, want) in [
            ("localhost", "http://localhost/"),
            ("localhost:8080/a?b#c", "http://localhost:8080/a?b"),
            ("HTTPS://u:p@h/x", "https://h/x"),
            ("h?q", "http://h/?q"),
            ("[::1]:80/", "http://[::1]:80/"),
        ] {
            assert_eq!(Url::parse(text).unwrap().text(), want);
        }
        for (text, status) in
            [("", 3), ("http://", 3), ("foo://x", 1), ("h:x", 3), ("h:99999", 3), ("h/a b", 3), ("[::1", 3)]
        {
            assert_eq!(Url::parse(text).unwrap_err().status, status, "{text}");
        }
        let base = Url::parse("http://h:1/a/b?c").unwrap();
        for (location, want) in [
            ("http://x/y", "http://x/y"),
            ("//x/y", "http://x/y"),
            ("/y z", "http://h:1/y%20z"),
            ("y", "http://h:1/a/y"),
            ("../y", "http://h:1/y"),
            ("../../../y?z=..", "http://h:1/y?z=.."),
            ("?d", "http://h:1/a/b?d"),
            (".", "http://h:1/a/"),
        ] {
            assert_eq!(base.join(location).unwrap().text(), want, "{location}");
        }
    }
}
