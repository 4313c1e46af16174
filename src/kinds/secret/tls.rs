//! What Go's `tls.X509KeyPair` says of a certificate and a key that cannot be told apart from their PEM blocks.
//!
//! Knows PEM only: what is inside a block is not looked at.

/// Why two PEM texts are no key pair, as far as their blocks tell.
pub fn key_pair_problem(certificate: &[u8], key: &[u8]) -> Option<String> {
    certificate_problem(&block_types(certificate)).or_else(|| key_problem(&block_types(key)))
}

fn certificate_problem(types: &[String]) -> Option<String> {
    match types {
        _ if types.iter().any(|t| t == "CERTIFICATE") => None,
        [] => Some("tls: failed to find any PEM data in certificate input".to_owned()),
        [only] if only.ends_with("PRIVATE KEY") => Some(
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"
                .to_owned(),
        ),
        _ => Some(format!(
            "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [{}]",
            types.join(" ")
        )),
    }
}

fn key_problem(types: &[String]) -> Option<String> {
    match types {
        _ if types.iter().any(|t| t == "PRIVATE KEY" || t.ends_with(" PRIVATE KEY")) => None,
        [] => Some("tls: failed to find any PEM data in key input".to_owned()),
        [only] if only == "CERTIFICATE" => {
            Some("tls: found a certificate rather than a key in the PEM for the private key".to_owned())
        }
        _ => Some(format!(
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [{}]",
            types.join(" ")
        )),
    }
}

/// The type of a PEM text's first block.
pub fn first_block_type(pem: &[u8]) -> Option<String> {
    block_types(pem).into_iter().next()
}

/// The types of the complete PEM blocks in a text, in order.
fn block_types(pem: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(pem);
    let mut types = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines().map(str::trim_end) {
        let marker = |word| line.strip_prefix(word).and_then(|rest| rest.strip_suffix("-----"));
        if let Some(begin) = marker("-----BEGIN ") {
            open = Some(begin.to_owned());
        } else if let Some(end) = marker("-----END ")
            && open.take_if(|o| o == end).is_some()
        {
            types.push(end.to_owned());
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_gos() {
        let block = |kind: &str| format!("-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n");
        let (certificate, key) = (block("CERTIFICATE"), block("RSA PRIVATE KEY"));
        let say = |c: &str, k: &str| key_pair_problem(c.as_bytes(), k.as_bytes()).unwrap_or_default();
        assert_eq!(say(&certificate, &key), "");
        assert_eq!(say("", &key), "tls: failed to find any PEM data in certificate input");
        assert!(say(&key, &certificate).ends_with("PEM inputs may have been switched"));
        assert_eq!(say(&certificate, "b"), "tls: failed to find any PEM data in key input");
        assert!(say(&certificate, &certificate).starts_with("tls: found a certificate rather than a key"));
        assert!(say(&block("X"), &key).ends_with("following types: [X]"));
    }
}
