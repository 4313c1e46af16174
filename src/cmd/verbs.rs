//! The verb table, in the groups and the order that `--help` prints. Parser, help, man pages and completions derive from it.
//! Knows of a verb only its row.

use clap::{ArgMatches, Command, FromArgMatches};

use super::context::Context;
use super::global::{self, Global};
use super::support::{self, Flag};
use super::{
    alpha, annotate, api_resources, api_versions, apply, attach, auth, autoscale, certificate, clock, cluster_info,
    completion, config, cp, create, debug, delete, describe, diff, doctor, drain, edit, events, exec, explain, export,
    expose, generators, get, help, kustomize, label, logs, man, options, patch, plugin, port_forward, proxy, replace,
    reset, rollout, run, scale, set, snapshot, taint, top, version, wait, why,
};

/// A verb's arguments, and what it does.
pub trait Run: clap::Args {
    /// The description that `--help` opens with, paragraphs as kubectl indents them.
    const LONG: &'static str;
    /// What follows the verb in the usage line.
    const USAGE: &'static str;
    /// The examples of `--help`, in kubectl's own name; empty for none.
    const EXAMPLES: &'static str = "";
    /// What its arguments are, for completions.
    const OPERANDS: Operands = Operands::None;
    /// Flags of kubectl's verb that have no effect, or are not built.
    const OTHER_FLAGS: &'static [Flag] = &[];

    fn run(self, cx: &mut Context) -> anyhow::Result<()>;
}

/// What a verb's arguments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands {
    None,
    /// One of these.
    Words(&'static [&'static str]),
    Verbs,
    /// A pod, or what stands for pods.
    Pod,
    /// Types and names.
    Resources,
}

/// One row.
pub struct Verb {
    pub name: &'static str,
    /// What lists of verbs say of it.
    pub short: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Words that are not close to the name, but should suggest it.
    pub suggest_for: &'static [&'static str],
    /// Flags of kubectl's verb that have no effect, or are not built.
    pub other_flags: &'static [Flag],
    pub operands: Operands,
    command: fn(&'static str) -> Command,
    pub run: fn(&mut Context, ArgMatches) -> anyhow::Result<()>,
    pub children: &'static [Verb],
}

/// A headed part of the table.
pub struct Group {
    /// Empty for verbs that no list shows.
    pub title: &'static str,
    pub verbs: &'static [Verb],
}

impl Verb {
    const fn built<R: Run>(name: &'static str, short: &'static str) -> Verb {
        Verb {
            name,
            short,
            aliases: &[],
            suggest_for: &[],
            other_flags: R::OTHER_FLAGS,
            operands: R::OPERANDS,
            command: command::<R>,
            run: run_verb::<R>,
            children: &[],
        }
    }

    const fn with(self, children: &'static [Verb]) -> Verb {
        Verb { children, ..self }
    }

    const fn alias(self, aliases: &'static [&'static str]) -> Verb {
        Verb { aliases, ..self }
    }

    const fn suggested_for(self, suggest_for: &'static [&'static str]) -> Verb {
        Verb { suggest_for, ..self }
    }

    /// The clap command with the global flags.
    pub fn command(&self) -> Command {
        let mut command = with_globals((self.command)(self.name).about(self.short));
        command.build();
        command
    }
}

/// Adds the flags that every verb has, except where the verb has its own of that name.
pub fn with_globals(command: Command) -> Command {
    let own: Vec<String> = command.get_arguments().filter_map(|a| a.get_long()).map(str::to_owned).collect();
    let globals = <Global as clap::Args>::augment_args(Command::new("globals"));
    let globals = support::augment(globals, global::OTHER_FLAGS);
    let mut command = command.disable_help_flag(true).disable_version_flag(true).args_override_self(true);
    for arg in globals.get_arguments().filter(|a| !own.iter().any(|o| Some(o.as_str()) == a.get_long())) {
        command = command.arg(arg.clone().global(true));
    }
    command
}

fn command<R: Run>(name: &'static str) -> Command {
    let command = support::augment(R::augment_args(Command::new(name)), R::OTHER_FLAGS);
    command.long_about(R::LONG).override_usage(R::USAGE).after_help(R::EXAMPLES)
}

fn run_verb<R: Run>(cx: &mut Context, mut matches: ArgMatches) -> anyhow::Result<()> {
    <R as FromArgMatches>::from_arg_matches_mut(&mut matches)?.run(cx)
}

/// The verb of a name, or of another name of its, among these.
pub fn find<'v>(mut verbs: impl Iterator<Item = &'v Verb>, name: &str) -> Option<&'v Verb> {
    verbs.find(|v| v.name == name || v.aliases.contains(&name))
}

/// All verbs, in the table's order.
pub fn all() -> impl Iterator<Item = &'static Verb> {
    GROUPS.iter().flat_map(|g| g.verbs)
}

/// The verbs that lists show and that are suggested.
pub fn shown() -> impl Iterator<Item = &'static Verb> {
    GROUPS.iter().filter(|g| !g.title.is_empty()).flat_map(|g| g.verbs)
}

const SECRET: &[Verb] = &[
    Verb::built::<generators::DockerRegistry>("docker-registry", "Create a secret for use with a Docker registry"),
    Verb::built::<generators::Generic>("generic", "Create a secret from a local file, directory, or literal value"),
    Verb::built::<generators::Tls>("tls", "Create a TLS secret"),
];

const SERVICE: &[Verb] = &[
    Verb::built::<generators::ClusterIp>("clusterip", "Create a ClusterIP service"),
    Verb::built::<generators::ExternalName>("externalname", "Create an ExternalName service"),
    Verb::built::<generators::LoadBalancer>("loadbalancer", "Create a LoadBalancer service"),
    Verb::built::<generators::NodePort>("nodeport", "Create a NodePort service"),
];

const CREATE: &[Verb] = &[
    Verb::built::<generators::ClusterRole>("clusterrole", "Create a cluster role"),
    Verb::built::<generators::ClusterRoleBinding>(
        "clusterrolebinding",
        "Create a cluster role binding for a particular cluster role",
    ),
    Verb::built::<generators::ConfigMap>(
        "configmap",
        "Create a config map from a local file, directory or literal value",
    )
    .alias(&["cm"]),
    Verb::built::<generators::CronJob>("cronjob", "Create a cron job with the specified name").alias(&["cj"]),
    Verb::built::<generators::Deployment>("deployment", "Create a deployment with the specified name")
        .alias(&["deploy"]),
    Verb::built::<generators::Ingress>("ingress", "Create an ingress with the specified name").alias(&["ing"]),
    Verb::built::<generators::Job>("job", "Create a job with the specified name"),
    Verb::built::<generators::Namespace>("namespace", "Create a namespace with the specified name").alias(&["ns"]),
    Verb::built::<generators::PodDisruptionBudget>(
        "poddisruptionbudget",
        "Create a pod disruption budget with the specified name",
    )
    .alias(&["pdb"]),
    Verb::built::<generators::PriorityClass>("priorityclass", "Create a priority class with the specified name")
        .alias(&["pc"]),
    Verb::built::<generators::Quota>("quota", "Create a quota with the specified name").alias(&["resourcequota"]),
    Verb::built::<generators::Role>("role", "Create a role with single rule"),
    Verb::built::<generators::RoleBinding>(
        "rolebinding",
        "Create a role binding for a particular role or cluster role",
    ),
    Verb::built::<generators::Secret>("secret", "Create a secret using a specified subcommand").with(SECRET),
    Verb::built::<generators::Service>("service", "Create a service using a specified subcommand")
        .alias(&["svc"])
        .with(SERVICE),
    Verb::built::<generators::ServiceAccount>("serviceaccount", "Create a service account with the specified name")
        .alias(&["sa"]),
    Verb::built::<generators::Token>("token", "Request a service account token"),
];

const APPLY: &[Verb] = &[
    Verb::built::<apply::edit_last_applied::EditLastApplied>(
        "edit-last-applied",
        "Edit latest last-applied-configuration annotations of a resource/object",
    ),
    Verb::built::<apply::set_last_applied::SetLastApplied>(
        "set-last-applied",
        "Set the last-applied-configuration annotation on a live object to match the contents of a file",
    ),
    Verb::built::<apply::view_last_applied::ViewLastApplied>(
        "view-last-applied",
        "View the latest last-applied-configuration annotations of a resource/object",
    ),
];

const SET: &[Verb] = &[
    Verb::built::<set::env::Env>("env", "Update environment variables on a pod template"),
    Verb::built::<set::image::Image>("image", "Update the image of a pod template"),
    Verb::built::<set::resources::Resources>(
        "resources",
        "Update resource requests/limits on objects with pod templates",
    ),
    Verb::built::<set::selector::Selector>("selector", "Set the selector on a resource"),
    Verb::built::<set::serviceaccount::ServiceAccount>("serviceaccount", "Update the service account of a resource")
        .alias(&["sa"]),
    Verb::built::<set::subject::Subject>(
        "subject",
        "Update the user, group, or service account in a role binding or cluster role binding",
    ),
];

const ROLLOUT: &[Verb] = &[
    Verb::built::<rollout::History>("history", "View rollout history"),
    Verb::built::<rollout::Pause>("pause", "Mark the provided resource as paused"),
    Verb::built::<rollout::Restart>("restart", "Restart a resource"),
    Verb::built::<rollout::Resume>("resume", "Resume a paused resource"),
    Verb::built::<rollout::Status>("status", "Show the status of the rollout"),
    Verb::built::<rollout::Undo>("undo", "Undo a previous rollout"),
];

const CLUSTER_INFO: &[Verb] =
    &[Verb::built::<cluster_info::dump::Dump>("dump", "Dump relevant information for debugging and diagnosis")];

const CERTIFICATE: &[Verb] = &[
    Verb::built::<certificate::Approve>("approve", "Approve a certificate signing request"),
    Verb::built::<certificate::Deny>("deny", "Deny a certificate signing request"),
];

const TOP: &[Verb] = &[
    Verb::built::<top::TopNode>("node", "Display resource (CPU/memory) usage of nodes").alias(&["nodes", "no"]),
    Verb::built::<top::TopPod>("pod", "Display resource (CPU/memory) usage of pods").alias(&["pods", "po"]),
];

const CLOCK: &[Verb] = &[
    Verb::built::<clock::Advance>("advance", "Let time pass at once"),
    Verb::built::<clock::Real>("real", "Follow the system's clock again"),
    Verb::built::<clock::Set>("set", "Go to a time"),
];

const AUTH: &[Verb] = &[
    Verb::built::<auth::can_i::CanI>("can-i", "Check whether an action is allowed"),
    Verb::built::<auth::reconcile::Reconcile>(
        "reconcile",
        "Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects",
    ),
    Verb::built::<auth::whoami::Whoami>("whoami", "Experimental: Check self subject attributes"),
];

const PLUGIN: &[Verb] = &[Verb::built::<plugin::List>("list", "List all visible plugin executables on a user's PATH")];

const CONFIG: &[Verb] = &[
    Verb::built::<config::contexts::CurrentContext>("current-context", "Display the current-context"),
    Verb::built::<config::clusters::DeleteCluster>(
        "delete-cluster",
        "Delete the specified cluster from the kubeconfig",
    ),
    Verb::built::<config::contexts::DeleteContext>(
        "delete-context",
        "Delete the specified context from the kubeconfig",
    ),
    Verb::built::<config::users::DeleteUser>("delete-user", "Delete the specified user from the kubeconfig"),
    Verb::built::<config::clusters::GetClusters>("get-clusters", "Display clusters defined in the kubeconfig"),
    Verb::built::<config::get_contexts::GetContexts>("get-contexts", "Describe one or many contexts"),
    Verb::built::<config::users::GetUsers>("get-users", "Display users defined in the kubeconfig"),
    Verb::built::<config::contexts::RenameContext>("rename-context", "Rename a context from the kubeconfig file"),
    Verb::built::<config::property::Set>("set", "Set an individual value in a kubeconfig file"),
    Verb::built::<config::clusters::SetCluster>("set-cluster", "Set a cluster entry in kubeconfig"),
    Verb::built::<config::set_context::SetContext>("set-context", "Set a context entry in kubeconfig"),
    Verb::built::<config::set_credentials::SetCredentials>("set-credentials", "Set a user entry in kubeconfig"),
    Verb::built::<config::property::Unset>("unset", "Unset an individual value in a kubeconfig file"),
    Verb::built::<config::contexts::UseContext>("use-context", "Set the current-context in a kubeconfig file")
        .alias(&["use"]),
    Verb::built::<config::view::View>("view", "Display merged kubeconfig settings or a specified kubeconfig file"),
];

const SNAPSHOT: &[Verb] = &[
    Verb::built::<snapshot::Delete>("delete", "Remove a snapshot"),
    Verb::built::<snapshot::Diff>("diff", "Print what is different between a snapshot and the store"),
    Verb::built::<snapshot::List>("list", "Print the snapshots of the store"),
    Verb::built::<snapshot::Restore>("restore", "Put a snapshot in the place of the store"),
    Verb::built::<snapshot::Save>("save", "Copy the store as it is now"),
];

/// The table.
pub static GROUPS: &[Group] = &[
    Group {
        title: "Basic Commands (Beginner):",
        verbs: &[
            Verb::built::<create::Create>("create", "Create a resource from a file or from stdin").with(CREATE),
            Verb::built::<expose::Expose>(
                "expose",
                "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
            ),
            Verb::built::<run::Run>("run", "Run a particular image on the cluster"),
            Verb::built::<set::Set>("set", "Set specific features on objects").with(SET),
        ],
    },
    Group {
        title: "Basic Commands (Intermediate):",
        verbs: &[
            Verb::built::<explain::Explain>("explain", "Get documentation for a resource"),
            Verb::built::<get::Get>("get", "Display one or many resources").suggested_for(&["list", "ps"]),
            Verb::built::<edit::Edit>("edit", "Edit a resource on the server"),
            Verb::built::<delete::Delete>(
                "delete",
                "Delete resources by file names, stdin, resources and names, or by resources and label selector",
            )
            .suggested_for(&["rm"]),
        ],
    },
    Group {
        title: "Deploy Commands:",
        verbs: &[
            Verb::built::<rollout::Rollout>("rollout", "Manage the rollout of a resource").with(ROLLOUT),
            Verb::built::<scale::Scale>(
                "scale",
                "Set a new size for a deployment, replica set, or replication controller",
            ),
            Verb::built::<autoscale::Autoscale>(
                "autoscale",
                "Auto-scale a deployment, replica set, stateful set, or replication controller",
            ),
        ],
    },
    Group {
        title: "Cluster Management Commands:",
        verbs: &[
            Verb::built::<certificate::Certificate>("certificate", "Modify certificate resources").with(CERTIFICATE),
            Verb::built::<cluster_info::ClusterInfo>("cluster-info", "Display cluster information").with(CLUSTER_INFO),
            Verb::built::<top::Top>("top", "Display resource (CPU/memory) usage").with(TOP),
            Verb::built::<drain::Cordon>("cordon", "Mark node as unschedulable"),
            Verb::built::<drain::Uncordon>("uncordon", "Mark node as schedulable"),
            Verb::built::<drain::Drain>("drain", "Drain node in preparation for maintenance"),
            Verb::built::<taint::Taint>("taint", "Update the taints on one or more nodes"),
        ],
    },
    Group {
        title: "Troubleshooting and Debugging Commands:",
        verbs: &[
            Verb::built::<describe::Describe>("describe", "Show details of a specific resource or group of resources"),
            Verb::built::<logs::Logs>("logs", "Print the logs for a container in a pod"),
            Verb::built::<attach::Attach>("attach", "Attach to a running container"),
            Verb::built::<exec::Exec>("exec", "Execute a command in a container"),
            Verb::built::<port_forward::PortForward>("port-forward", "Forward one or more local ports to a pod"),
            Verb::built::<proxy::Proxy>("proxy", "Run a proxy to the Kubernetes API server"),
            Verb::built::<cp::Cp>("cp", "Copy files and directories to and from containers"),
            Verb::built::<auth::Auth>("auth", "Inspect authorization").with(AUTH),
            Verb::built::<debug::Debug>("debug", "Create debugging sessions for troubleshooting workloads and nodes"),
            Verb::built::<events::Events>("events", "List events"),
        ],
    },
    Group {
        title: "Advanced Commands:",
        verbs: &[
            Verb::built::<diff::Diff>("diff", "Diff the live version against a would-be applied version"),
            Verb::built::<apply::Apply>("apply", "Apply a configuration to a resource by file name or stdin")
                .with(APPLY),
            Verb::built::<patch::Patch>("patch", "Update fields of a resource"),
            Verb::built::<replace::Replace>("replace", "Replace a resource by file name or stdin"),
            Verb::built::<wait::Wait>("wait", "Experimental: Wait for a specific condition on one or many resources")
                .suggested_for(&["list", "ps"]),
            Verb::built::<kustomize::Kustomize>("kustomize", "Build a kustomization target from a directory or URL"),
        ],
    },
    Group {
        title: "Settings Commands:",
        verbs: &[
            Verb::built::<label::Label>("label", "Update the labels on a resource"),
            Verb::built::<annotate::Annotate>("annotate", "Update the annotations on a resource"),
            Verb::built::<completion::Completion>(
                "completion",
                "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
            ),
        ],
    },
    Group { title: "Subcommands provided by plugins:", verbs: &[] },
    Group {
        title: "Other Commands:",
        verbs: &[
            Verb::built::<api_resources::ApiResources>(
                "api-resources",
                "Print the supported API resources on the server",
            ),
            Verb::built::<api_versions::ApiVersions>(
                "api-versions",
                "Print the supported API versions on the server, in the form of \"group/version\"",
            ),
            Verb::built::<config::Config>("config", "Modify kubeconfig files").with(CONFIG),
            Verb::built::<plugin::Plugin>("plugin", "Provides utilities for interacting with plugins").with(PLUGIN),
            Verb::built::<version::Version>("version", "Print the client and server version information"),
        ],
    },
    Group {
        title: "Commands of kstate itself:",
        verbs: &[
            Verb::built::<clock::Clock>("clock", "Show the store's clock, or move it").with(CLOCK),
            Verb::built::<doctor::Doctor>("doctor", "Say which parts of the sandbox this machine allows"),
            Verb::built::<export::Export>("export", "Print objects as manifests for another cluster"),
            Verb::built::<reset::Reset>("reset", "End what runs and empty the store"),
            Verb::built::<snapshot::Snapshot>("snapshot", "Keep copies of the whole store").with(SNAPSHOT),
            Verb::built::<why::Why>("why", "Say why an object is as it is, and what it waits for"),
        ],
    },
    Group {
        title: "",
        verbs: &[
            Verb::built::<options::Options>("options", "Print the list of flags inherited by all commands"),
            Verb::built::<help::Help>("help", "Help about any command"),
            Verb::built::<alpha::Alpha>("alpha", "Commands for features in alpha"),
            Verb::built::<man::Man>("__man", "Print a manual page"),
        ],
    },
];
