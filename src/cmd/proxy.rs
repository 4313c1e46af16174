//! `proxy`: refused, for there is no server to stand before. Knows only its flags.

use super::context::Context;
use super::support::{ALWAYS_REFUSED, Flag};
use super::verbs::Run;

const WHY: &str = "there is no API server to proxy: every command works on the store itself; `kubectl get --raw PATH` answers what a GET would";

const FLAGS: &[Flag] = &[
    Flag::new(
        "accept-hosts",
        "string",
        "^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$",
        ALWAYS_REFUSED,
        "Regular expression for hosts that the proxy should accept.",
    ),
    Flag::new(
        "accept-paths",
        "string",
        "^.*",
        ALWAYS_REFUSED,
        "Regular expression for paths that the proxy should accept.",
    ),
    Flag::new("address", "string", "127.0.0.1", ALWAYS_REFUSED, "The IP address on which to serve on."),
    Flag::new("api-prefix", "string", "/", ALWAYS_REFUSED, "Prefix to serve the proxied API under."),
    Flag::new(
        "append-server-path",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "If true, enables automatic path appending of the kube context server path to each request.",
    ),
    Flag::new(
        "disable-filter",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "If true, disable request filtering in the proxy. This is dangerous, and can leave you vulnerable to XSRF attacks, when used with an accessible port.",
    ),
    Flag::new(
        "keepalive",
        "duration",
        "0s",
        ALWAYS_REFUSED,
        "keepalive specifies the keep-alive period for an active network connection. Set to 0 to disable keepalive.",
    ),
    Flag::new(
        "port",
        "int",
        "8001",
        ALWAYS_REFUSED,
        "The port on which to run the proxy. Set to 0 to pick a random port.",
    )
    .short('p'),
    Flag::new(
        "reject-methods",
        "string",
        "^$",
        ALWAYS_REFUSED,
        "Regular expression for HTTP methods that the proxy should reject (example --reject-methods='POST,PUT,PATCH'). ",
    ),
    Flag::new(
        "reject-paths",
        "string",
        "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach",
        ALWAYS_REFUSED,
        "Regular expression for paths that the proxy should reject. Paths specified here will be rejected even accepted by --accept-paths.",
    ),
    Flag::new("unix-socket", "string", "", ALWAYS_REFUSED, "Unix socket on which to run the proxy.").short('u'),
    Flag::new(
        "www",
        "string",
        "",
        ALWAYS_REFUSED,
        "Also serve static files from the given directory under the specified prefix.",
    )
    .short('w'),
    Flag::new(
        "www-prefix",
        "string",
        "/static/",
        ALWAYS_REFUSED,
        "Prefix to serve static files under, if static file directory is specified.",
    )
    .short('P'),
];

/// Arguments of `proxy`.
#[derive(clap::Args)]
pub struct Proxy {
    args: Vec<String>,
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

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        // What is named makes no difference.
        drop(self.args);
        anyhow::bail!("{:?} is not built into kstate: {}", cx.path, super::help::named(WHY, &cx.program))
    }
}
