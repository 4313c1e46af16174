//! Content types by file name extension: those of nginx's `mime.types` that a web folder is likely to hold.

/// The type of a file, by its name; `None` where the extension is not known.
pub fn of(path: &[u8]) -> Option<&'static str> {
    let name = path.rsplit(|b| *b == b'/').next()?;
    let dot = name.iter().rposition(|b| *b == b'.')?;
    let extension = name[dot + 1..].to_ascii_lowercase();
    TYPES.iter().find(|(known, _)| known.split(' ').any(|e| e.as_bytes() == extension)).map(|(_, t)| *t)
}

const TYPES: &[(&str, &str)] = &[
    ("html htm shtml", "text/html"),
    ("css", "text/css"),
    ("xml", "text/xml"),
    ("gif", "image/gif"),
    ("jpeg jpg", "image/jpeg"),
    ("js mjs", "application/javascript"),
    ("atom", "application/atom+xml"),
    ("rss", "application/rss+xml"),
    ("mml", "text/mathml"),
    ("txt", "text/plain"),
    ("jad", "text/vnd.sun.j2me.app-descriptor"),
    ("wml", "text/vnd.wap.wml"),
    ("htc", "text/x-component"),
    ("avif", "image/avif"),
    ("png", "image/png"),
    ("svg svgz", "image/svg+xml"),
    ("tif tiff", "image/tiff"),
    ("wbmp", "image/vnd.wap.wbmp"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("jng", "image/x-jng"),
    ("bmp", "image/x-ms-bmp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("jar war ear", "application/java-archive"),
    ("json", "application/json"),
    ("hqx", "application/mac-binhex40"),
    ("doc", "application/msword"),
    ("pdf", "application/pdf"),
    ("ps eps ai", "application/postscript"),
    ("rtf", "application/rtf"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("kml", "application/vnd.google-earth.kml+xml"),
    ("xls", "application/vnd.ms-excel"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("wasm", "application/wasm"),
    ("7z", "application/x-7z-compressed"),
    ("rar", "application/x-rar-compressed"),
    ("rpm", "application/x-redhat-package-manager"),
    ("swf", "application/x-shockwave-flash"),
    ("tcl tk", "application/x-tcl"),
    ("der pem crt", "application/x-x509-ca-cert"),
    ("xpi", "application/x-xpinstall"),
    ("xhtml", "application/xhtml+xml"),
    ("zip", "application/zip"),
    ("bin exe dll deb dmg iso img msi msp msm", "application/octet-stream"),
    ("mid midi kar", "audio/midi"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("m4a", "audio/x-m4a"),
    ("3gpp 3gp", "video/3gpp"),
    ("ts", "video/mp2t"),
    ("mp4", "video/mp4"),
    ("mpeg mpg", "video/mpeg"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("flv", "video/x-flv"),
    ("m4v", "video/x-m4v"),
    ("avi", "video/x-msvideo"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_extension() {
        let cases = [
            ("/index.html", Some("text/html")),
            ("/a.b/c.TXT", Some("text/plain")),
            ("/a.json", Some("application/json")),
            ("/a.b/c", None),
            ("/a.", None),
            ("/a.html js", None),
            ("/html", None),
        ];
        for (path, want) in cases {
            assert_eq!(of(path.as_bytes()), want, "{path}");
        }
    }
}
