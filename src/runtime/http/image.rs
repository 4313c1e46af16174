//! The few files that a server's image brings: its welcome page. Own pages; only title and heading are the image's.

use super::Site;
use super::files::{Bytes, Content, Found};
use crate::control::sandbox::ServerKind;

/// When the images' own files say they were last modified (nginx 1.29.3's release day).
const MODIFIED: i64 = 1_761_609_600;

/// The files an image brings to its web root, by name.
pub fn image_files(kind: ServerKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        ServerKind::Nginx => &[("index.html", NGINX_INDEX), ("50x.html", NGINX_50X)],
        ServerKind::Httpd => &[("index.html", HTTPD_INDEX)],
        ServerKind::Caddy => &[("index.html", CADDY_INDEX)],
        _ => &[],
    }
}

/// Looks up a path in the container among the image's files.
pub fn find(site: &Site, path: &[u8]) -> Found {
    let Some(rest) = path.strip_prefix(site.root.trim_end_matches('/').as_bytes()) else { return Found::Missing };
    if matches!(rest, b"" | b"/") {
        return Found::Folder;
    }
    let Some(name) = rest.strip_prefix(b"/") else { return Found::Missing };
    let file = image_files(site.kind).iter().find(|(n, _)| n.as_bytes() == name);
    file.map_or(Found::Missing, |(_, text)| Found::File(content(text)))
}

fn content(text: &'static str) -> Content {
    Content { bytes: Bytes::Static(text.as_bytes()), size: text.len() as u64, modified: MODIFIED, nanos: 0 }
}

const NGINX_INDEX: &str = "<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page is served by kstate in the place of nginx. Put an index.html into the web root to replace it.</p>
</body>
</html>
";

const NGINX_50X: &str = "<!DOCTYPE html>
<html>
<head>
<title>Error</title>
</head>
<body>
<h1>An error occurred.</h1>
</body>
</html>
";

const CADDY_INDEX: &str = "<!DOCTYPE html>
<html>
<head>
<title>Caddy works!</title>
</head>
<body>
<h1>Congratulations! Caddy works!</h1>
<p>This page is served by kstate in the place of caddy. Put an index.html into the web root to replace it.</p>
</body>
</html>
";

const HTTPD_INDEX: &str = "<html><body><h1>It works!</h1></body></html>\n";
