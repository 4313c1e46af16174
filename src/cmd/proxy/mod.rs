//! `proxy`: the API over HTTP, for as long as the command runs. Knows flags, filters and paths; requests are answered in
//! [`api`].

mod api;
mod table;
mod write;

use std::io;
use std::path::Path;

use regex::Regex;

use super::context::Context;
use super::support::{Flag, Support};
use super::verbs::Run;
use crate::runtime::exchange::{Answer, Question};
use crate::runtime::http::gateway::Gateway;

/// What every command line is given that names none.
const PORT: u16 = 8001;

const FLAGS: &[Flag] = &[
    Flag::new(
        "append-server-path",
        "bool",
        "false",
        Support::NoEffect("there is no server's path to append"),
        "If true, enables automatic path appending of the kube context server path to each request.",
    ),
    Flag::new(
        "keepalive",
        "duration",
        "0s",
        Support::NoEffect("there is no connection to a server to keep"),
        "keepalive specifies the keep-alive period for an active network connection. Set to 0 to disable keepalive.",
    ),
    Flag::new(
        "www",
        "string",
        "",
        Support::NotBuilt,
        "Also serve static files from the given directory under the specified prefix.",
    )
    .short('w'),
    Flag::new(
        "www-prefix",
        "string",
        "/static/",
        Support::NotBuilt,
        "Prefix to serve static files under, if static file directory is specified.",
    )
    .short('P'),
];

/// Arguments of `proxy`.
#[derive(clap::Args)]
pub struct Proxy {
    args: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$",
        help = "Regular expression for hosts that the proxy should accept."
    )]
    accept_hosts: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "^.*",
        help = "Regular expression for paths that the proxy should accept."
    )]
    accept_paths: String,
    #[arg(long, value_name = "string", default_value = "127.0.0.1", help = "The IP address on which to serve on.")]
    address: String,
    #[arg(long, value_name = "string", default_value = "/", help = "Prefix to serve the proxied API under.")]
    api_prefix: String,
    #[arg(
        long,
        help = "If true, disable request filtering in the proxy. This is dangerous, and can leave you vulnerable to XSRF attacks, when used with an accessible port."
    )]
    disable_filter: bool,
    #[arg(
        short,
        long,
        value_name = "int",
        default_value = "8001",
        help = "The port on which to run the proxy. Set to 0 to pick a random port."
    )]
    port: i64,
    #[arg(
        long,
        value_name = "string",
        default_value = "^$",
        help = "Regular expression for HTTP methods that the proxy should reject (example --reject-methods='POST,PUT,PATCH'). "
    )]
    reject_methods: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach",
        help = "Regular expression for paths that the proxy should reject. Paths specified here will be rejected even accepted by --accept-paths."
    )]
    reject_paths: String,
    #[arg(short, long, value_name = "string", default_value = "", help = "Unix socket on which to run the proxy.")]
    unix_socket: String,
}

impl Run for Proxy {
    const LONG: &'static str = "Creates a proxy server or application-level gateway between localhost and the Kubernetes API server. It also allows serving static content over specified HTTP path. All incoming data enters through one port and gets forwarded to the remote Kubernetes API server port, except for the path matching the static content path.";
    const EXAMPLES: &'static str = "  # To proxy all of the Kubernetes API and nothing else
  kubectl proxy --api-prefix=/
  
  # To proxy only part of the Kubernetes API and also some static files
  # You can get pods info with 'curl localhost:8001/api/v1/pods'
  kubectl proxy --www=/my/files --www-prefix=/static/ --api-prefix=/api/
  
  # To proxy the entire Kubernetes API at a different root
  # You can get pods info with 'curl localhost:8001/custom/api/v1/pods'
  kubectl proxy --api-prefix=/custom/
  
  # Run a proxy to the Kubernetes API server on port 8011, serving static content from ./local/www/
  kubectl proxy --port=8011 --www=./local/www/
  
  # Run a proxy to the Kubernetes API server on an arbitrary local port
  # The chosen port for the server will be output to stdout
  kubectl proxy --port=0
  
  # Run a proxy to the Kubernetes API server, changing the API prefix to k8s-api
  # This makes e.g. the pods API available at localhost:8001/k8s-api/v1/pods/
  kubectl proxy --api-prefix=/k8s-api";
    const USAGE: &'static str = "proxy [--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]";
    const OTHER_FLAGS: &'static [Flag] = FLAGS;

    fn run(mut self, cx: &mut Context) -> anyhow::Result<()> {
        // What is named makes no difference.
        drop(std::mem::take(&mut self.args));
        let mut prefix = std::mem::take(&mut self.api_prefix);
        if !prefix.ends_with('/') {
            prefix.push('/');
        }
        let filter = self.filter(cx)?;
        if self.port != i64::from(PORT) && !self.unix_socket.is_empty() {
            anyhow::bail!("cannot set --unix-socket and --port at the same time");
        }
        let gateway = self.listen()?;
        writeln!(cx.env.stdout, "Starting to serve on {}", gateway.local()?)?;
        cx.env.stdout.flush()?;
        let served = Served { prefix, filter };
        gateway.serve(|question| served.answer(cx, question));
        Ok(())
    }
}

impl Proxy {
    /// Whom and what is let through; `None` for everything.
    fn filter(&self, cx: &mut Context) -> anyhow::Result<Option<Filter>> {
        if self.disable_filter {
            if self.unix_socket.is_empty() {
                cx.warn(
                    "proxy.go:177",
                    "Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious",
                );
            }
            return Ok(None);
        }
        Ok(Some(Filter {
            accept_paths: expressions(&self.accept_paths)?,
            accept_hosts: expressions(&self.accept_hosts)?,
            reject_paths: expressions(&self.reject_paths)?,
            reject_methods: expressions(&self.reject_methods)?,
        }))
    }

    fn listen(&self) -> anyhow::Result<Gateway> {
        if !self.unix_socket.is_empty() {
            let path = &self.unix_socket;
            return Gateway::unix(Path::new(path))
                .map_err(|error| anyhow::anyhow!("listen unix {path}: bind: {}", reason(&error)));
        }
        let (address, port) = (&self.address, self.port);
        let number = u16::try_from(port).map_err(|_| anyhow::anyhow!("listen tcp: address {port}: invalid port"))?;
        Gateway::tcp(address, number)
            .map_err(|error| anyhow::anyhow!("listen tcp {address}:{port}: bind: {}", reason(&error)))
    }
}

/// Why a socket could not be had, as Go says it.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "cannot assign requested address".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        _ => error.to_string(),
    }
}

/// Regular expressions, one after the other with commas.
fn expressions(text: &str) -> anyhow::Result<Vec<Regex>> {
    let parts = text.split(',').filter(|_| !text.is_empty());
    parts.map(|part| Regex::new(part).map_err(|error| anyhow::anyhow!("Error compiling re: {error}"))).collect()
}

/// Which requests are let through.
struct Filter {
    accept_paths: Vec<Regex>,
    accept_hosts: Vec<Regex>,
    reject_paths: Vec<Regex>,
    reject_methods: Vec<Regex>,
}

impl Filter {
    fn lets_through(&self, method: &str, path: &str, host: &str) -> bool {
        let any = |expressions: &[Regex], text: &str| expressions.iter().any(|e| e.is_match(text));
        !any(&self.reject_paths, path)
            && !any(&self.reject_methods, method)
            && any(&self.accept_paths, path)
            && any(&self.accept_hosts, host)
    }
}

/// A Host header without its port.
fn host(header: &str) -> &str {
    match header.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.contains(':') => host,
        // An IPv6 address has its brackets taken off only together with a port.
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && host.ends_with(']') => {
            host.trim_start_matches('[').trim_end_matches(']')
        }
        _ => header,
    }
}

/// What is served, and to whom.
struct Served {
    prefix: String,
    filter: Option<Filter>,
}

impl Served {
    fn answer(&self, cx: &mut Context, question: Question<api::Following>) -> Answer<api::Following> {
        let asked = match question {
            Question::Request(asked) => asked,
            Question::More(_, following) => return api::more(cx, following),
        };
        let path = asked.target.split('?').next().unwrap_or_default();
        // The mux sees the prefix before the filter sees what is behind it.
        let inner = match path.strip_prefix(self.prefix.as_str()) {
            _ if self.prefix.starts_with("/api") && path.starts_with(self.prefix.as_str()) => asked.target.clone(),
            Some(_) => format!("/{}", &asked.target[self.prefix.len()..]),
            None => return plain(404, "404 page not found\n"),
        };
        let path = inner.split('?').next().unwrap_or_default();
        if let Some(filter) = &self.filter
            && !filter.lets_through(&asked.method, path, host(asked.header("host")))
        {
            return plain(403, "Forbidden\n");
        }
        api::answer(cx, asked, &inner)
    }
}

/// A text for people.
fn plain(status: u16, text: &str) -> Answer<api::Following> {
    let headers = vec![
        ("Content-Type", "text/plain; charset=utf-8".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
    ];
    Answer { status, headers, body: text.as_bytes().to_vec(), more: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_let_through() {
        let filter = Filter {
            accept_paths: expressions("^.*").unwrap(),
            accept_hosts: expressions("^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$").unwrap(),
            reject_paths: expressions("^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach").unwrap(),
            reject_methods: expressions("^$").unwrap(),
        };
        let cases = [
            ("GET", "/api/v1/pods", "localhost:8001", true),
            ("GET", "/", "127.0.0.1", true),
            ("GET", "/api/v1/pods", "example.com", false),
            ("POST", "/api/v1/namespaces/default/pods/x/exec", "localhost", false),
            ("GET", "/api/v1/namespaces/default/pods/x/log", "localhost", true),
        ];
        for (method, path, header, want) in cases {
            assert_eq!(filter.lets_through(method, path, host(header)), want, "{method} {path} {header}");
        }
        assert_eq!(host("[::1]:80"), "::1");
        assert_eq!(host("[::1]"), "[::1]");
    }
}
