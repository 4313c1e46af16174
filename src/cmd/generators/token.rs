//! `create token`: a token for a service account. The server's part is [`kinds::create_token`].

use serde_json::json;

use crate::apimachinery::object::Object;
use crate::cmd::context::Context;
use crate::cmd::flags::PrintFlags;
use crate::cmd::go;
use crate::cmd::verbs::Run;
use crate::kinds;

/// Arguments of `create token`.
#[derive(clap::Args)]
pub struct Token {
    args: Vec<String>,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Audience of the requested token. If unset, defaults to requesting a token for use with the Kubernetes API server. May be repeated to request a token valid for multiple audiences."
    )]
    audience: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Kind of an object to bind the token to. Supported kinds are Node, Pod, Secret. If set, --bound-object-name must be provided."
    )]
    bound_object_kind: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Name of an object to bind the token to. The token will expire when the object is deleted. Requires --bound-object-kind."
    )]
    bound_object_name: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "UID of an object to bind the token to. Requires --bound-object-kind and --bound-object-name. If unset, the UID of the existing object is used."
    )]
    bound_object_uid: String,
    #[arg(
        long,
        value_name = "duration",
        default_value = "0s",
        help = "Requested lifetime of the issued token. If not set or if set to 0, the lifetime will be determined by the server automatically. The server may return a token with a longer or shorter lifetime."
    )]
    duration: String,
    #[command(flatten)]
    print: PrintFlags,
}

impl Run for Token {
    const LONG: &'static str = "Request a service account token.";
    const EXAMPLES: &'static str = r#"  # Request a token to authenticate to the kube-apiserver as the service account "myapp" in the current namespace
  kubectl create token myapp
  
  # Request a token for a service account in a custom namespace
  kubectl create token myapp --namespace myns
  
  # Request a token with a custom expiration
  kubectl create token myapp --duration 10m
  
  # Request a token with a custom audience
  kubectl create token myapp --audience https://example.com
  
  # Request a token bound to an instance of a Secret object
  kubectl create token myapp --bound-object-kind Secret --bound-object-name mysecret
  
  # Request a token bound to an instance of a Secret object with a specific UID
  kubectl create token myapp --bound-object-kind Secret --bound-object-name mysecret --bound-object-uid 0d4691ed-659b-4935-a832-355f77ee47cc"#;
    const USAGE: &'static str = "token SERVICE_ACCOUNT_NAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let names = cx.dash.unwrap_or(self.args.len());
        if names != 1 {
            return Err(cx.usage_error(format!("exactly one NAME is required, got {names}")));
        }
        let mut printer = self.print.printer(cx)?;
        let request = self.request()?;
        let (namespace, name) = (cx.namespace().to_owned(), self.args[0].clone());
        // It would be a part of the path of the request.
        let wrong = [".", ".."].contains(&name.as_str()).then(|| format!("may not be '{name}'"));
        let wrong = wrong
            .into_iter()
            .chain(['/', '%'].iter().filter(|c| name.contains(**c)).map(|c| format!("may not contain '{c}'")));
        let wrong: Vec<String> = wrong.collect();
        if !wrong.is_empty() {
            anyhow::bail!("failed to create token: invalid resource name {name:?}: [{}]", wrong.join(" "));
        }
        let granted = cx.client()?.read(|c| kinds::create_token(c, (&namespace, &name), &request));
        let granted = granted.map_err(|e| anyhow::anyhow!("failed to create token: {e}"))?;
        if !self.print.output.is_empty() {
            return printer.print(&granted, "created", &mut cx.env.stdout);
        }
        let end = if cx.env.stdout_is_terminal { "\n" } else { "" };
        Ok(cx.print(&format!("{}{end}", granted.str_at("/status/token")))?)
    }
}

/// The kinds that a token may be bound to.
const BOUND_KINDS: [&str; 3] = ["Node", "Pod", "Secret"];

impl Token {
    /// The request that the flags make.
    ///
    /// # Errors
    /// kubectl's texts for flags that do not fit.
    fn request(&self) -> anyhow::Result<Object> {
        if self.args[0].is_empty() {
            anyhow::bail!("service account name is required");
        }
        let (nanos, is_negative) = nanoseconds(&self.duration);
        if is_negative {
            anyhow::bail!("--duration must be greater than or equal to 0");
        }
        if nanos % 1_000_000_000 != 0 {
            anyhow::bail!("--duration cannot be expressed in units less than seconds");
        }
        if self.audience.iter().any(String::is_empty) {
            anyhow::bail!("--audience must not be an empty string");
        }
        self.check_bound()?;
        let mut spec = json!({"audiences": self.audience});
        if nanos > 0 {
            spec["expirationSeconds"] = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX).into();
        }
        if !self.bound_object_kind.is_empty() {
            let mut bound = json!({"apiVersion": "v1", "kind": self.bound_object_kind, "name": self.bound_object_name});
            if !self.bound_object_uid.is_empty() {
                bound["uid"] = self.bound_object_uid.as_str().into();
            }
            spec["boundObjectRef"] = bound;
        }
        Ok(Object::from_value(json!({"spec": spec})).unwrap_or_default())
    }

    fn check_bound(&self) -> anyhow::Result<()> {
        if self.bound_object_kind.is_empty() {
            for (flag, value) in [("name", &self.bound_object_name), ("uid", &self.bound_object_uid)] {
                if !value.is_empty() {
                    anyhow::bail!("--bound-object-{flag} can only be set if --bound-object-kind is provided");
                }
            }
            return Ok(());
        }
        if !BOUND_KINDS.contains(&self.bound_object_kind.as_str()) {
            anyhow::bail!("supported --bound-object-kind values are {}", BOUND_KINDS.join(", "));
        }
        if self.bound_object_name.is_empty() {
            anyhow::bail!("--bound-object-name is required if --bound-object-kind is provided");
        }
        Ok(())
    }
}

/// The length of a duration that the command line has checked, and whether it is before nothing.
fn nanoseconds(text: &str) -> (u128, bool) {
    let is_negative = text.starts_with('-');
    let length = go::duration(text.trim_start_matches(['-', '+'])).map_or(0, |d| d.as_nanos());
    (length, is_negative && length > 0)
}
