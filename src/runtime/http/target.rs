//! The request target: decoded and normalised as nginx does it, so that `..` cannot climb out.
//!
//! Knows no file system.

/// A request target in parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// The host of an absolute target (`GET http://host/path`), as it was written.
    pub authority: Option<Vec<u8>>,
    /// Decoded; begins with `/`, without `//`, `/./`, `/../` and NUL. A trailing slash is kept.
    pub path: Vec<u8>,
    /// What follows `?`, as it was written.
    pub query: Option<Vec<u8>>,
}

/// Reads a target; `None` is a bad request: not absolute, bad percent encoding, NUL, or above the root.
pub fn parse(raw: &[u8]) -> Option<Target> {
    let (authority, rest) = split_authority(raw)?;
    let rest = rest.split(|b| *b == b'#').next().unwrap_or_default();
    let mut halves = rest.splitn(2, |b| *b == b'?');
    let path = halves.next().unwrap_or_default();
    let query = halves.next().map(<[u8]>::to_vec);
    Some(Target { authority, path: normalise(&decode(path)?)?, query })
}

fn split_authority(raw: &[u8]) -> Option<(Option<Vec<u8>>, &[u8])> {
    if raw.first() == Some(&b'/') {
        return Some((None, raw));
    }
    let scheme_end = raw.windows(3).position(|w| w == b"://")?;
    if !matches!(raw[..scheme_end].to_ascii_lowercase().as_slice(), b"http" | b"https") {
        return None;
    }
    let rest = &raw[scheme_end + 3..];
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    if end == 0 {
        return None;
    }
    let path = if rest.get(end) == Some(&b'/') { &rest[end..] } else { b"/" };
    Some((Some(rest[..end].to_vec()), path))
}

/// Undoes percent encoding; `None` where it is malformed or hides a NUL.
pub fn decode(path: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.iter();
    while let Some(&b) = bytes.next() {
        let b = if b == b'%' { 16 * hex(*bytes.next()?)? + hex(*bytes.next()?)? } else { b };
        if b == 0 {
            return None;
        }
        out.push(b);
    }
    Some(out)
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

fn normalise(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut folder = true;
    for part in path.split(|b| *b == b'/') {
        folder = matches!(part, b"" | b"." | b"..");
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    let mut out = Vec::with_capacity(path.len() + 1);
    for part in &parts {
        out.push(b'/');
        out.extend_from_slice(part);
    }
    if folder || parts.is_empty() {
        out.push(b'/');
    }
    Some(out)
}

/// A decoded path as a URL writes it: blanks, controls, non-ASCII bytes and `#`, `%`, `?` are escaped.
pub fn escape(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for &b in path {
        match b {
            b'#' | b'%' | b'?' | 0..=0x20 | 0x7f.. => out.push_str(&format!("%{b:02X}")),
            _ => out.push(b as char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_nginxs() {
        let cases = [
            ("/", Some("/")),
            ("/a/b", Some("/a/b")),
            ("//a///b/", Some("/a/b/")),
            ("/a/./b/.", Some("/a/b/")),
            ("/a/../b", Some("/b")),
            ("/a/..", Some("/")),
            ("/a%2etxt", Some("/a.txt")),
            ("/a%2Fb", Some("/a/b")),
            ("/a?x=/../..", Some("/a")),
            ("/a#f", Some("/a")),
            ("http://foo.bar/a", Some("/a")),
            ("HTTP://foo.bar?x", Some("/")),
            ("/..", None),
            ("/%2e%2e/a", None),
            ("/a/%2f/../../b", None),
            ("/a%00", None),
            ("/%zz", None),
            ("/%4", None),
            ("*", None),
            ("a", None),
            ("ftp://x/a", None),
            ("http:///a", None),
        ];
        for (raw, want) in cases {
            let got = parse(raw.as_bytes()).map(|t| String::from_utf8(t.path).unwrap());
            assert_eq!(got.as_deref(), want, "{raw}");
        }
        assert_eq!(parse(b"/a?b?c").unwrap().query.unwrap(), b"b?c");
        assert_eq!(parse(b"http://h:1/a").unwrap().authority.unwrap(), b"h:1");
        assert_eq!(escape("/a b%ö".as_bytes()), "/a%20b%25%C3%B6");
    }

    proptest! {
        #[test]
        fn no_path_climbs_out(raw in proptest::collection::vec(any::<u8>(), 0..80)) {
            let raw = [b"/".as_slice(), &raw].concat();
            if let Some(target) = parse(&raw) {
                prop_assert!(target.path.starts_with(b"/"));
                prop_assert!(!target.path.contains(&0));
                prop_assert!(target.path.split(|b| *b == b'/').all(|p| p != b".." && p != b"."));
                prop_assert_eq!(parse(escape(&target.path).as_bytes()).unwrap().path, target.path);
            }
        }
    }
}
