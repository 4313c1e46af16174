//! The flags of every verb. Knows no verb.

use std::time::Duration;

use super::go;
use super::support::{Flag, Support};

/// Flags that can be given to any verb, as far as they do something.
#[derive(clap::Args, Clone, Debug)]
pub struct Global {
    /// Everybody may do everything, so it matters only to those who ask who they are.
    #[arg(
        long = "as",
        value_name = "string",
        default_value = "",
        help = "Username to impersonate for the operation. User could be a regular user or a service account in a \
        namespace."
    )]
    pub as_user: String,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Group to impersonate for the operation, this flag can be repeated to specify multiple groups."
    )]
    pub as_group: Vec<String>,
    #[arg(long, value_name = "string", default_value = "", help = "UID to impersonate for the operation.")]
    pub as_uid: String,
    #[arg(long, value_name = "string", default_value = "", help = "The name of the kubeconfig cluster to use")]
    pub cluster: String,
    #[arg(long, value_name = "string", default_value = "", help = "The name of the kubeconfig context to use")]
    pub context: String,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "If present, the namespace scope for this CLI request"
    )]
    pub namespace: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "0",
        help = "The length of time to wait before giving up on a single server request. Non-zero values should contain \
        a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don't timeout requests."
    )]
    pub request_timeout: String,
}

const NO_SERVER: &str = "there is no server to connect to";
const NO_USERS: &str = "whoever can read the store may do everything";

/// The others.
pub const OTHER_FLAGS: &[Flag] = &[
    Flag::new(
        "cache-dir",
        "string",
        "$HOME/.kube/cache",
        Support::NoEffect("nothing is cached"),
        "Default cache directory",
    ),
    Flag::new(
        "certificate-authority",
        "string",
        "",
        Support::NoEffect(NO_SERVER),
        "Path to a cert file for the certificate authority",
    ),
    Flag::new(
        "client-certificate",
        "string",
        "",
        Support::NoEffect(NO_SERVER),
        "Path to a client certificate file for TLS",
    ),
    Flag::new("client-key", "string", "", Support::NoEffect(NO_SERVER), "Path to a client key file for TLS"),
    Flag::new(
        "disable-compression",
        "bool",
        "false",
        Support::NoEffect(NO_SERVER),
        "If true, opt-out of response compression for all requests to the server",
    ),
    Flag::new(
        "insecure-skip-tls-verify",
        "bool",
        "false",
        Support::NoEffect(NO_SERVER),
        "If true, the server's certificate will not be checked for validity. This will make your HTTPS \
        connections insecure",
    ),
    // Of `config`; other verbs know the home's own file only, whose contexts name stores.
    Flag::new("kubeconfig", "string", "", Support::Served, "Path to the kubeconfig file to use for CLI requests."),
    Flag::new(
        "log-flush-frequency",
        "duration",
        "5s",
        Support::NoEffect("there is no log"),
        "Maximum number of seconds between log flushes",
    ),
    Flag::new(
        "match-server-version",
        "bool",
        "false",
        Support::Served,
        "Require server version to match client version",
    ),
    Flag::new(
        "password",
        "string",
        "",
        Support::NoEffect(NO_USERS),
        "Password for basic authentication to the API server",
    ),
    Flag::new(
        "profile",
        "string",
        "none",
        Support::NoEffect("nothing is profiled"),
        "Name of profile to capture. One of (none|cpu|heap|goroutine|threadcreate|block|mutex)",
    ),
    Flag::new(
        "profile-output",
        "string",
        "profile.pprof",
        Support::NoEffect("nothing is profiled"),
        "Name of the file to write the profile to",
    ),
    Flag::new(
        "server",
        "string",
        "",
        Support::NoEffect(NO_SERVER),
        "The address and port of the Kubernetes API server",
    )
    .short('s'),
    Flag::new(
        "tls-server-name",
        "string",
        "",
        Support::NoEffect(NO_SERVER),
        "Server name to use for server certificate validation. If it is not provided, the hostname used to \
        contact the server is used",
    ),
    Flag::new("token", "string", "", Support::NoEffect(NO_USERS), "Bearer token for authentication to the API server"),
    Flag::new("user", "string", "", Support::Served, "The name of the kubeconfig user to use"),
    Flag::new(
        "username",
        "string",
        "",
        Support::NoEffect(NO_USERS),
        "Username for basic authentication to the API server",
    ),
    Flag::new("v", "level", "0", Support::NoEffect("there is no log"), "number for the log level verbosity").short('v'),
    Flag::new(
        "vmodule",
        "moduleSpec",
        "",
        Support::NoEffect("there is no log"),
        "comma-separated list of pattern=N settings for file-filtered logging (only works for the default text \
        log format)",
    ),
    Flag::new(
        "warnings-as-errors",
        "bool",
        "false",
        Support::Served,
        "Treat warnings received from the server as errors and exit with a non-zero exit code",
    ),
];

impl Global {
    /// `--request-timeout`; `None` for no limit.
    pub fn timeout(&self) -> Option<Duration> {
        let text = self.request_timeout.as_str();
        let seconds = text.parse().map(Duration::from_secs);
        seconds.ok().or_else(|| go::duration(text).ok()).filter(|t| !t.is_zero())
    }

    /// Checks whom the command acts for.
    ///
    /// # Errors
    /// client-go's text for groups of nobody.
    pub fn check_user(&self) -> anyhow::Result<()> {
        if self.as_user.is_empty() && (!self.as_group.is_empty() || !self.as_uid.is_empty()) {
            anyhow::bail!("requesting uid, groups or user-extra for  without impersonating a user");
        }
        Ok(())
    }

    /// Checks what kubectl checks when it would connect.
    ///
    /// # Errors
    /// kubectl's text for a timeout that is none.
    pub fn check(&self) -> anyhow::Result<()> {
        let text = self.request_timeout.as_str();
        if text.parse::<i64>().is_err() && go::duration(text).is_err() {
            anyhow::bail!(
                "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a \
                 corresponding time unit (e.g. 1s | 2m | 3h)"
            );
        }
        Ok(())
    }
}
