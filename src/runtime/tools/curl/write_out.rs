//! `-w`: a format with variables of the transfer.

use std::io::Write;

use super::fault::Fault;
use super::transfer::Done;

/// Fills a format in; a variable that is not known is reported and left out.
pub fn expand(format: &str, done: &Done, fault: Option<&Fault>, stderr: &mut dyn Write) -> Vec<u8> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['%', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest =
            if rest.starts_with('\\') { escape(rest, &mut out) } else { variable(rest, done, fault, &mut out, stderr) };
    }
    out.push_str(rest);
    out.into_bytes()
}

/// `\n`, `\r`, `\t`; another letter stays as it is, with its backslash. Returns what follows.
fn escape<'f>(text: &'f str, out: &mut String) -> &'f str {
    let mut rest = text[1..].chars();
    match rest.next() {
        Some('n') => out.push('\n'),
        Some('r') => out.push('\r'),
        Some('t') => out.push('\t'),
        Some(other) => out.extend(['\\', other]),
        None => out.push('\\'),
    }
    rest.as_str()
}

fn variable<'f>(
    text: &'f str,
    done: &Done,
    fault: Option<&Fault>,
    out: &mut String,
    stderr: &mut dyn Write,
) -> &'f str {
    if let Some(rest) = text.strip_prefix("%%") {
        out.push('%');
        return rest;
    }
    let Some((name, rest)) = text.strip_prefix("%{").and_then(|t| t.split_once('}')) else {
        out.push('%');
        return &text[1..];
    };
    match look_up(name, done, fault) {
        Some(value) => out.push_str(&value),
        None => drop(writeln!(stderr, "curl: unknown --write-out variable: '{name}'")),
    }
    rest
}

fn look_up(name: &str, done: &Done, fault: Option<&Fault>) -> Option<String> {
    let millis = done.millis;
    Some(match name {
        "http_code" | "response_code" => format!("{:03}", done.status),
        "content_type" => done.content_type.clone().unwrap_or_default(),
        "errormsg" => fault.map(|f| f.message.clone()).unwrap_or_default(),
        "exitcode" => fault.map_or(0, |f| f.status).to_string(),
        "http_version" => if done.status == 0 { "0" } else { "1.1" }.to_owned(),
        "method" => done.method.clone(),
        "num_redirects" => done.redirects.to_string(),
        "redirect_url" => done.redirect_url.clone().unwrap_or_default(),
        "remote_ip" => done.remote.map(|r| r.ip().to_string()).unwrap_or_default(),
        "remote_port" => done.remote.map_or(0, |r| r.port()).to_string(),
        "scheme" => done.scheme.clone(),
        "size_download" => done.received.to_string(),
        "size_header" => done.head.to_string(),
        "size_upload" => done.sent.to_string(),
        "speed_download" => (done.received * 1000 / u64::try_from(millis).unwrap_or(0).max(1)).to_string(),
        "time_total" | "time_starttransfer" | "time_connect" | "time_pretransfer" | "time_namelookup" => {
            format!("{}.{:03}000", millis / 1000, millis % 1000)
        }
        "url" => done.given.clone(),
        "url_effective" => done.effective.clone(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_escapes() {
        let done = Done { status: 200, received: 10, millis: 1234, ..Done::default() };
        let mut stderr = Vec::new();
        let text = expand("%{http_code} %{size_download}%% %{nope}\\n\\x%{time_total} %{a", &done, None, &mut stderr);
        assert_eq!(String::from_utf8(text).unwrap(), "200 10% \n\\x1.234000 %{a");
        assert_eq!(stderr, b"curl: unknown --write-out variable: 'nope'\n");
        assert_eq!(expand("%{http_code}", &Done::default(), None, &mut stderr), b"000");
    }
}
