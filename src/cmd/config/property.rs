//! `config set` and `config unset`: single values by their path. Knows the kubeconfig, no store.

use serde_json::{Map, Value};

use super::entry;
use crate::apimachinery::base64;
use crate::apimachinery::quote::quote;
use crate::cmd::context::Context;
use crate::cmd::go;
use crate::cmd::kubeconfig::Kubeconfig;
use crate::cmd::parent;
use crate::cmd::verbs::Run;

/// Arguments of `config set`.
#[derive(clap::Args)]
pub struct Set {
    args: Vec<String>,
    #[arg(
        long,
        help = "When writing a []byte PROPERTY_VALUE, write the given string directly without base64 decoding."
    )]
    set_raw_bytes: bool,
}

impl Run for Set {
    const LONG: &'static str = "Set an individual value in a kubeconfig file.

 PROPERTY_NAME is a dot delimited name where each token represents either an attribute name or a map key.  Map keys may not contain dots.

 PROPERTY_VALUE is the new value you want to set. Binary fields such as 'certificate-authority-data' expect a base64 encoded string unless the --set-raw-bytes flag is used.

 Specifying an attribute name that already exists will merge new fields on top of existing values.";
    const EXAMPLES: &'static str = r#"  # Set the server field on the my-cluster cluster to https://1.2.3.4
  kubectl config set clusters.my-cluster.server https://1.2.3.4
  
  # Set the certificate-authority-data field on the my-cluster cluster
  kubectl config set clusters.my-cluster.certificate-authority-data $(echo "cert_data_here" | base64 -i -)
  
  # Set the cluster field in the my-context context to my-cluster
  kubectl config set contexts.my-context.cluster my-cluster
  
  # Set the client-key-data field in the cluster-admin user using --set-raw-bytes option
  kubectl config set users.cluster-admin.client-key-data cert_data_here --set-raw-bytes=true"#;
    const USAGE: &'static str = "set PROPERTY_NAME PROPERTY_VALUE";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [path, value] = self.args.as_slice() else { return Err(parent::unexpected(cx, &self.args)) };
        let mut config = Kubeconfig::load(cx.env)?;
        change(&mut config, path, Some((value, self.set_raw_bytes)))?;
        config.save()?;
        Ok(cx.print(&format!("Property {} set.\n", quote(path)))?)
    }
}

/// Arguments of `config unset`.
#[derive(clap::Args)]
pub struct Unset {
    args: Vec<String>,
}

impl Run for Unset {
    const LONG: &'static str = "Unset an individual value in a kubeconfig file.

 PROPERTY_NAME is a dot delimited name where each token represents either an attribute name or a map key.  Map keys may not contain dots.";
    const EXAMPLES: &'static str = "  # Unset the current-context
  kubectl config unset current-context
  
  # Unset namespace in foo context
  kubectl config unset contexts.foo.namespace";
    const USAGE: &'static str = "unset PROPERTY_NAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [path] = self.args.as_slice() else { return Err(parent::unexpected(cx, &self.args)) };
        let mut config = Kubeconfig::load(cx.env)?;
        change(&mut config, path, None)?;
        config.save()?;
        Ok(cx.print(&format!("Property {} unset.\n", quote(path)))?)
    }
}

/// The fields of entries, as kubeconfig has them.
const CLUSTER: &[&str] = &[
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority",
    "certificate-authority-data",
    "proxy-url",
    "disable-compression",
];
const CONTEXT: &[&str] = &["cluster", "user", "namespace"];
const USER: &[&str] = &[
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "token",
    "tokenFile",
    "as",
    "as-uid",
    "username",
    "password",
];

/// A value to set, and whether bytes are given as they are.
type NewValue<'a> = Option<(&'a String, bool)>;

fn change(config: &mut Kubeconfig, path: &str, value: NewValue) -> anyhow::Result<()> {
    let (head, rest) = path.split_once('.').map_or((path, None), |(h, r)| (h, Some(r)));
    match (head, rest) {
        ("current-context", None) => config.current = value.map(|(v, _)| v.clone()).unwrap_or_default(),
        ("preferences", Some("colors")) => change_field(&mut config.preferences, "colors", value)?,
        ("clusters", rest) => change_entry(&mut config.clusters, path, rest, CLUSTER, value)?,
        ("contexts", rest) => change_entry(&mut config.contexts, path, rest, CONTEXT, value)?,
        ("users", rest) => change_entry(&mut config.users, path, rest, USER, value)?,
        _ => anyhow::bail!("unable to parse {path} after [] at api.Config"),
    }
    Ok(())
}

fn change_entry(
    entries: &mut Map<String, Value>,
    path: &str,
    rest: Option<&str>,
    fields: &[&str],
    value: NewValue,
) -> anyhow::Result<()> {
    // Names may have dots; the field is the longest known end of the path.
    let field =
        fields.iter().copied().find(|f| rest.is_some_and(|r| r.strip_suffix(f).is_some_and(|n| n.ends_with('.'))));
    match (rest, field, value) {
        (Some(rest), Some(field), value) => {
            let name = &rest[..rest.len() - field.len() - 1];
            if value.is_none() && !entries.contains_key(name) {
                anyhow::bail!("current map key `{name}` is invalid");
            }
            match entry(entries, name) {
                Value::Object(map) => change_field(map, field, value),
                _ => Ok(()),
            }
        }
        (Some(name), None, None) if !name.contains('.') => {
            entries.remove(name);
            Ok(())
        }
        (None, None, None) => {
            entries.clear();
            Ok(())
        }
        _ => anyhow::bail!("{path} is not a value that can be changed"),
    }
}

fn change_field(map: &mut Map<String, Value>, field: &str, value: NewValue) -> anyhow::Result<()> {
    let Some((text, is_raw)) = value else {
        map.remove(field);
        return Ok(());
    };
    let new = match field {
        "insecure-skip-tls-verify" | "disable-compression" | "colors" => {
            go::boolean(text).map_err(anyhow::Error::msg)?.into()
        }
        field if field.ends_with("-data") && is_raw => base64::encode(text.as_bytes()).into(),
        field if field.ends_with("-data") => {
            base64::decode(text.as_bytes()).map_err(|e| anyhow::anyhow!("error decoding input value: {e}"))?;
            text.as_str().into()
        }
        _ => text.as_str().into(),
    };
    map.insert(field.to_owned(), new);
    Ok(())
}
