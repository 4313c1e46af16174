//! The part of `config set-credentials` that is about plugins: what of them a user's entry holds. None is ever run here.

use serde_json::{Map, Value, json};

use crate::cmd::context::Context;

/// Flags of both kinds of plugins.
#[derive(clap::Args)]
pub struct Plugins {
    #[arg(long, value_name = "string", default_value = "", help = "Auth provider for the user entry in kubeconfig")]
    auth_provider: String,
    #[arg(long, value_name = "strings", help = "'key=value' arguments for the auth provider")]
    auth_provider_arg: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "API version of the exec credential plugin for the user entry in kubeconfig"
    )]
    exec_api_version: String,
    #[arg(
        long,
        value_name = "strings",
        help = "New arguments for the exec credential plugin command for the user entry in kubeconfig"
    )]
    exec_arg: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Command for the exec credential plugin for the user entry in kubeconfig"
    )]
    exec_command: String,
    #[arg(long, value_name = "stringArray", help = "'key=value' environment values for the exec credential plugin")]
    exec_env: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "InteractiveMode of the exec credentials plugin for the user entry in kubeconfig"
    )]
    exec_interactive_mode: String,
    #[arg(long, help = "ProvideClusterInfo of the exec credentials plugin for the user entry in kubeconfig")]
    exec_provide_cluster_info: bool,
}

/// What pairs ask for: a value for each name, `None` for a name that goes.
type Pairs = Vec<(String, Option<String>)>;

/// The pairs of both flags.
pub struct Changes {
    provider: Pairs,
    env: Pairs,
}

impl Plugins {
    /// Reads the flags of pairs.
    ///
    /// # Errors
    /// kubectl's text for what is no pair.
    pub fn changes(&self) -> anyhow::Result<Changes> {
        let provider = pairs(&self.auth_provider_arg, "auth-provider-arg")?;
        Ok(Changes { provider, env: pairs(&self.exec_env, "exec-env")? })
    }

    pub fn check(&self, cx: &Context) -> anyhow::Result<()> {
        let mode = self.exec_interactive_mode.as_str();
        if cx.is_given("exec-interactive-mode") && !matches!(mode, "IfAvailable" | "Always" | "Never") {
            anyhow::bail!("invalid interactive mode type, can be only IfAvailable, Never, Always");
        }
        Ok(())
    }

    /// Sets what was given.
    pub fn set(&self, cx: &Context, user: &mut Value, changes: &Changes) {
        let Some(user) = user.as_object_mut() else { return };
        self.set_provider(cx, user, &changes.provider);
        self.set_exec(cx, user, &changes.env);
    }

    fn set_provider(&self, cx: &Context, user: &mut Map<String, Value>, pairs: &Pairs) {
        let is_other = user.get("auth-provider").is_none_or(|p| p["name"] != self.auth_provider.as_str());
        if cx.is_given("auth-provider") && is_other {
            user.insert("auth-provider".to_owned(), json!({"config": {}, "name": self.auth_provider}));
        }
        let Some(provider) = user.get_mut("auth-provider") else { return };
        if !provider["config"].is_object() {
            provider["config"] = json!({});
        }
        for (name, value) in pairs {
            match (value, provider["config"].as_object_mut()) {
                (Some(value), Some(config)) => drop(config.insert(name.clone(), value.as_str().into())),
                (None, Some(config)) => drop(config.remove(name)),
                _ => {}
            }
        }
    }

    fn set_exec(&self, cx: &Context, user: &mut Map<String, Value>, env: &Pairs) {
        if cx.is_given("exec-command") {
            let exec = user
                .entry("exec")
                .or_insert_with(|| json!({"apiVersion": "", "args": null, "env": null, "provideClusterInfo": false}));
            exec["command"] = self.exec_command.as_str().into();
            exec["args"] = Value::Null;
        }
        // Without a plugin there is nothing to change.
        let Some(exec) = user.get_mut("exec").filter(|e| e.is_object()) else { return };
        if cx.is_given("exec-api-version") {
            exec["apiVersion"] = self.exec_api_version.as_str().into();
        }
        if !self.exec_arg.is_empty() {
            exec["args"] = self.exec_arg.iter().flat_map(|a| a.split(',')).collect();
        }
        if cx.is_given("exec-interactive-mode") {
            exec["interactiveMode"] = self.exec_interactive_mode.as_str().into();
        }
        if cx.is_given("exec-provide-cluster-info") {
            exec["provideClusterInfo"] = self.exec_provide_cluster_info.into();
        }
        set_env(exec, env);
    }
}

fn set_env(exec: &mut Value, pairs: &Pairs) {
    if pairs.is_empty() {
        return;
    }
    let mut env = exec["env"].as_array().cloned().unwrap_or_default();
    for (name, value) in pairs {
        let at = env.iter().position(|e| e["name"] == name.as_str());
        match (value, at) {
            (Some(value), Some(at)) => env[at]["value"] = value.as_str().into(),
            (Some(value), None) => env.push(json!({"name": name, "value": value})),
            (None, Some(at)) => drop(env.remove(at)),
            (None, None) => {}
        }
    }
    exec["env"] = if env.is_empty() { Value::Null } else { Value::Array(env) };
}

fn pairs(arguments: &[String], flag: &str) -> anyhow::Result<Pairs> {
    let pair = |argument: &String| match argument.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), Some(value.to_owned()))),
        None if argument.len() > 1 && argument.ends_with('-') => Ok((argument[..argument.len() - 1].to_owned(), None)),
        _ => Err(anyhow::anyhow!("invalid {flag} format: {argument}")),
    };
    arguments.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_set_changed_and_taken_away() {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let mut exec = json!({"env": null});
        set_env(&mut exec, &pairs(&words(&["k=v", "l=w=x"]), "exec-env").unwrap());
        set_env(&mut exec, &pairs(&words(&["k-", "l=y"]), "exec-env").unwrap());
        assert_eq!(exec, json!({"env": [{"name": "l", "value": "y"}]}));
        set_env(&mut exec, &pairs(&words(&["l-"]), "exec-env").unwrap());
        assert_eq!(exec, json!({"env": null}));
        assert_eq!(pairs(&words(&["bad"]), "exec-env").unwrap_err().to_string(), "invalid exec-env format: bad");
    }
}
