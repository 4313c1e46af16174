//! `create secret`: generic ones, those for registries, and those for TLS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::key_values::{self, KeyValues, Sources};
use super::{Maker, Making, OTHER_FLAGS};
use crate::cmd::context::Context;
use crate::cmd::parent;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;
use crate::kinds::key_pair_problem;

/// Arguments of `create secret`.
#[derive(clap::Args)]
pub struct Secret {
    args: Vec<String>,
}

impl Run for Secret {
    const LONG: &'static str = "Create a secret with specified type.

 A docker-registry type secret is for accessing a container registry.

 A generic type secret indicate an Opaque secret type.

 A tls type secret holds TLS certificate and its associated key.";
    const USAGE: &'static str = "secret (docker-registry | generic | tls)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        parent::run(cx, &self.args, parent::HelpOn::Stderr)
    }
}

/// Arguments of `create secret generic`.
#[derive(clap::Args)]
pub struct Generic {
    #[command(flatten)]
    making: Making,
    #[arg(long, help = "Append a hash of the secret to its name.")]
    append_hash: bool,
    #[arg(
        long,
        value_name = "strings",
        help = "Specify the path to a file to read lines of key=val pairs to create a secret."
    )]
    from_env_file: Vec<String>,
    #[arg(
        long,
        value_name = "strings",
        help = "Key files can be specified using their file path, in which case a default name will be given to \
        them, or optionally with a name and file path, in which case the given name will be used.  \
        Specifying a directory will iterate each named file in the directory that is a valid secret key."
    )]
    from_file: Vec<String>,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Specify a key and literal value to insert in secret (i.e. mykey=somevalue)"
    )]
    from_literal: Vec<String>,
    #[arg(long, value_name = "string", default_value = "", help = "The type of secret to create")]
    r#type: String,
}

impl Run for Generic {
    const LONG: &'static str = "Create a secret based on a file, directory, or specified literal value.

 A single secret may package one or more key/value pairs.

 When creating a secret based on a file, the key will default to the basename of the file, and the value will default to the file content. If the basename is an invalid key or you wish to chose your own, you may specify an alternate key.

 When creating a secret based on a directory, each file whose basename is a valid key in the directory will be packaged into the secret. Any directory entries except regular files are ignored (e.g. subdirectories, symlinks, devices, pipes, etc).";
    const EXAMPLES: &'static str = "  # Create a new secret named my-secret with keys for each file in folder bar
  kubectl create secret generic my-secret --from-file=path/to/bar
  
  # Create a new secret named my-secret with specified keys instead of names on disk
  kubectl create secret generic my-secret --from-file=ssh-privatekey=path/to/id_rsa --from-file=ssh-publickey=path/to/id_rsa.pub
  
  # Create a new secret named my-secret with key1=supersecret and key2=topsecret
  kubectl create secret generic my-secret --from-literal=key1=supersecret --from-literal=key2=topsecret
  
  # Create a new secret named my-secret using a combination of a file and a literal
  kubectl create secret generic my-secret --from-file=ssh-privatekey=path/to/id_rsa --from-literal=passphrase=topsecret
  
  # Create a new secret named my-secret from env files
  kubectl create secret generic my-secret --from-env-file=path/to/foo.env --from-env-file=path/to/bar.env";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "generic NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        maker.check_name()?;
        let sources = Sources {
            files: &self.from_file,
            literals: &self.from_literal,
            env_files: &self.from_env_file,
            env_folder: "env secret file cannot be a directory",
        };
        sources.check()?;
        let mut values = KeyValues::new(key_values::secret_key);
        values.add_literals(&sources, &maker.name)?;
        values.add_files(cx.env, &sources, &maker.name)?;
        values.add_env_files(cx.env, &sources, &maker.name)?;
        send(maker, cx, &self.r#type, values.bytes(), self.append_hash)
    }
}

/// Arguments of `create secret docker-registry`.
#[derive(clap::Args)]
pub struct DockerRegistry {
    #[command(flatten)]
    making: Making,
    #[arg(long, help = "Append a hash of the secret to its name.")]
    append_hash: bool,
    #[arg(long, value_name = "string", default_value = "", help = "Email for Docker registry")]
    docker_email: String,
    #[arg(long, value_name = "string", default_value = "", help = "Password for Docker registry authentication")]
    docker_password: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "https://index.docker.io/v1/",
        help = "Server location for Docker registry"
    )]
    docker_server: String,
    #[arg(long, value_name = "string", default_value = "", help = "Username for Docker registry authentication")]
    docker_username: String,
    #[arg(
        long,
        value_name = "strings",
        help = "Key files can be specified using their file path, in which case a default name of .dockerconfigjson \
        will be given to them, or optionally with a name and file path, in which case the given name will be \
        used. Specifying a directory will iterate each named file in the directory that is a valid secret \
        key. For this command, the key should always be .dockerconfigjson."
    )]
    from_file: Vec<String>,
}

impl Run for DockerRegistry {
    const LONG: &'static str = "Create a new secret for use with Docker registries.
        
        Dockercfg secrets are used to authenticate against Docker registries.
        
        When using the Docker command line to push images, you can authenticate to a given registry by running:
        '$ docker login DOCKER_REGISTRY_SERVER --username=DOCKER_USER --password=DOCKER_PASSWORD --email=DOCKER_EMAIL'.
        
 That produces a ~/.dockercfg file that is used by subsequent 'docker push' and 'docker pull' commands to authenticate to the registry. The email address is optional.

        When creating applications, you may have a Docker registry that requires authentication.  In order for the
        nodes to pull images on your behalf, they must have the credentials.  You can provide this information
        by creating a dockercfg secret and attaching it to your service account.";
    const EXAMPLES: &'static str = "  # If you do not already have a .dockercfg file, create a dockercfg secret directly
  kubectl create secret docker-registry my-secret --docker-server=DOCKER_REGISTRY_SERVER --docker-username=DOCKER_USER --docker-password=DOCKER_PASSWORD --docker-email=DOCKER_EMAIL
  
  # Create a new secret named my-secret from ~/.docker/config.json
  kubectl create secret docker-registry my-secret --from-file=path/to/.docker/config.json";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "docker-registry NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--from-file=[key=]source] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        maker.check_name()?;
        let (username, password) = (&self.docker_username, &self.docker_password);
        let server = &self.docker_server;
        if self.from_file.is_empty() && (username.is_empty() || password.is_empty() || server.is_empty()) {
            anyhow::bail!(
                "either --from-file or the combination of --docker-username, --docker-password and --docker-server is \
                 required"
            );
        }
        let mut values = KeyValues::new(key_values::secret_key);
        if self.from_file.is_empty() {
            let auth = STANDARD.encode(format!("{username}:{password}"));
            let text = |t: &str| Value::from(t).to_string();
            // In the order of Go's struct; an e-mail address is left out when it is empty.
            let mut entry = format!("\"username\":{},\"password\":{}", text(username), text(password));
            if !self.docker_email.is_empty() {
                entry += &format!(",\"email\":{}", text(&self.docker_email));
            }
            let config = format!("{{\"auths\":{{{}:{{{entry},\"auth\":\"{auth}\"}}}}}}", text(server));
            values.add(DOCKER_CONFIG, config.into_bytes(), &maker.name)?;
        }
        let keyed = |f: &String| if f.contains('=') { f.clone() } else { format!("{DOCKER_CONFIG}={f}") };
        let files: Vec<String> = self.from_file.iter().map(keyed).collect();
        values.add_files(cx.env, &Sources { files: &files, ..Sources::default() }, &maker.name)?;
        send(maker, cx, "kubernetes.io/dockerconfigjson", values.bytes(), self.append_hash)
    }
}

/// Arguments of `create secret tls`.
#[derive(clap::Args)]
pub struct Tls {
    #[command(flatten)]
    making: Making,
    #[arg(long, help = "Append a hash of the secret to its name.")]
    append_hash: bool,
    #[arg(long, value_name = "string", default_value = "", help = "Path to PEM encoded public key certificate.")]
    cert: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Path to private key associated with given certificate."
    )]
    key: String,
}

impl Run for Tls {
    const LONG: &'static str = "Create a TLS secret from the given public/private key pair.

 The public/private key pair must exist beforehand. The public key certificate must be .PEM encoded and match the given private key.";
    const EXAMPLES: &'static str = "  # Create a new TLS secret named tls-secret with the given key pair
  kubectl create secret tls tls-secret --cert=path/to/tls.crt --key=path/to/tls.key";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str =
        "tls NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        if self.key.is_empty() || self.cert.is_empty() {
            anyhow::bail!("key and cert must be specified");
        }
        let mut values = KeyValues::new(key_values::secret_key);
        for (key, file) in [("tls.crt", &self.cert), ("tls.key", &self.key)] {
            let bytes = key_values::read(cx.env, file)
                .map_err(|e| anyhow::anyhow!("Cannot read file {file}, open {file}: {e}"))?;
            values.add(key, bytes, &maker.name)?;
        }
        if let Some(problem) = key_pair_problem(values.get("tls.crt"), values.get("tls.key")) {
            anyhow::bail!(problem);
        }
        send(maker, cx, "kubernetes.io/tls", values.bytes(), self.append_hash)
    }
}

const DOCKER_CONFIG: &str = ".dockerconfigjson";

fn send(
    mut maker: Maker,
    cx: &mut Context,
    kind: &str,
    data: serde_json::Map<String, Value>,
    append_hash: bool,
) -> anyhow::Result<()> {
    if append_hash {
        let hashed = json!({"kind": "Secret", "type": kind, "name": maker.name, "data": data});
        maker.name = format!("{}-{}", maker.name, key_values::hash(&hashed));
    }
    let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": maker.metadata()});
    if !data.is_empty() {
        object["data"] = Value::Object(data);
    }
    if !kind.is_empty() {
        object["type"] = kind.into();
    }
    maker.send(cx, object, "failed to create secret ")
}
