//! `create configmap`.

use serde_json::{Value, json};

use super::key_values::{self, KeyValues, Sources};
use super::{Making, OTHER_FLAGS};
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create configmap`.
#[derive(clap::Args)]
pub struct ConfigMap {
    #[command(flatten)]
    making: Making,
    #[arg(long, help = "Append a hash of the configmap to its name.")]
    append_hash: bool,
    #[arg(
        long,
        value_name = "strings",
        help = "Specify the path to a file to read lines of key=val pairs to create a configmap."
    )]
    from_env_file: Vec<String>,
    #[arg(
        long,
        value_name = "strings",
        help = "Key file can be specified using its file path, in which case file basename will be used as configmap \
        key, or optionally with a key and file path, in which case the given key will be used.  Specifying a \
        directory will iterate each named file in the directory whose basename is a valid configmap key."
    )]
    from_file: Vec<String>,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Specify a key and literal value to insert in configmap (i.e. mykey=somevalue)"
    )]
    from_literal: Vec<String>,
}

impl Run for ConfigMap {
    const LONG: &'static str = "Create a config map based on a file, directory, or specified literal value.

 A single config map may package one or more key/value pairs.

 When creating a config map based on a file, the key will default to the basename of the file, and the value will default to the file content.  If the basename is an invalid key, you may specify an alternate key.

 When creating a config map based on a directory, each file whose basename is a valid key in the directory will be packaged into the config map.  Any directory entries except regular files are ignored (e.g. subdirectories, symlinks, devices, pipes, etc).";
    const EXAMPLES: &'static str = "  # Create a new config map named my-config based on folder bar
  kubectl create configmap my-config --from-file=path/to/bar
  
  # Create a new config map named my-config with specified keys instead of file basenames on disk
  kubectl create configmap my-config --from-file=key1=/path/to/bar/file1.txt --from-file=key2=/path/to/bar/file2.txt
  
  # Create a new config map named my-config with key1=config1 and key2=config2
  kubectl create configmap my-config --from-literal=key1=config1 --from-literal=key2=config2
  
  # Create a new config map named my-config from the key=value pairs in the file
  kubectl create configmap my-config --from-file=path/to/bar
  
  # Create a new config map named my-config from an env file
  kubectl create configmap my-config --from-env-file=path/to/foo.env --from-env-file=path/to/bar.env";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str =
        "configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let mut maker = self.making.start(cx)?;
        maker.check_name()?;
        let sources = Sources {
            files: &self.from_file,
            literals: &self.from_literal,
            env_files: &self.from_env_file,
            env_folder: "env config file cannot be a directory",
        };
        sources.check()?;
        let mut values = KeyValues::new(key_values::config_map_key);
        values.add_files(cx.env, &sources, &maker.name)?;
        values.add_literals(&sources, &maker.name)?;
        values.add_env_files(cx.env, &sources, &maker.name)?;
        let (texts, binary) = values.texts_and_bytes();
        if self.append_hash {
            let mut hashed = json!({"kind": "ConfigMap", "name": maker.name, "data": texts});
            if !binary.is_empty() {
                hashed["binaryData"] = Value::Object(binary.clone());
            }
            maker.name = format!("{}-{}", maker.name, key_values::hash(&hashed));
        }
        let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": maker.metadata()});
        for (field, map) in [("data", texts), ("binaryData", binary)] {
            if !map.is_empty() {
                object[field] = Value::Object(map);
            }
        }
        maker.send(cx, object, "failed to create configmap: ")
    }
}
