//! What one container of one pod sees when a process runs in it, as data. `runtime` makes it real.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::apimachinery::time::Time;

/// A container's world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    pub namespace: String,
    pub pod: String,
    pub pod_uid: String,
    pub container: String,
    /// The pod's hostname, as `hostname` prints it.
    pub hostname: String,
    pub ip: Ipv4Addr,
    /// The whole content of `/etc/hosts`.
    pub hosts: String,
    /// The whole content of `/etc/resolv.conf`.
    pub resolv_conf: String,
    /// In order, each name once.
    pub env: Vec<(String, String)>,
    /// The container's `workingDir`; `/` where it has none.
    pub working_dir: String,
    /// `runAsUser`; root where there is none.
    pub user: u32,
    /// `runAsGroup`; root's where there is none.
    pub group: u32,
    /// `readOnlyRootFilesystem`: only volumes can be written to.
    pub read_only_root: bool,
    /// Outermost first.
    pub mounts: Vec<Mount>,
    /// `terminationMessagePath`: the file in which the container's process may leave a last word.
    pub message_path: String,
    /// The command line of the first process of a container that is simulated.
    pub first_process: Vec<String>,
    /// With `shareProcessNamespace` the pod's containers see each other's processes: the others, and their command lines.
    pub companions: Option<BTreeMap<String, Vec<String>>>,
    /// The container whose processes are seen besides: that of an ephemeral container's `targetContainerName`.
    pub target: Option<Box<Sandbox>>,
    /// What /sys/fs/cgroup has of the container's limits: the files' names and contents.
    pub cgroup: Vec<(String, String)>,
    /// The image is a busybox from before 1.29, whose `nslookup` prints in a manner of its own.
    pub old_busybox: bool,
    /// What the pod's images would serve, while nothing in the sandbox listens there itself.
    pub servers: Vec<Server>,
}

/// One volume mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Absolute, without `..`.
    pub path: String,
    pub read_only: bool,
    /// A path below the source, without `..`; empty for the whole source.
    pub sub_path: String,
    pub source: Source,
}

/// Where a volume's files are. Paths are relative to the store's home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A persistent volume's folder, `volumes/<name>/`.
    PersistentVolume(String),
    /// A path on a simulated node, `nodes/<node>/<path>`.
    Node { node: String, path: String },
    /// A folder that lives as long as the pod, `pods/<uid>/volumes/<name>/`.
    EmptyDir(String),
    /// Files written out for this volume: configMap, secret, downwardAPI, projected. The name is the volume's.
    Files { name: String, files: Vec<File> },
}

/// A file of a configMap, secret, downwardAPI or projected volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Relative to the mount, without `..`.
    pub path: String,
    pub mode: u32,
    pub content: Vec<u8>,
}

/// A server that an image is known to run. The pod's containers share one network, so it serves whichever of them is
/// entered, and serves the files of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    pub port: u16,
    pub kind: ServerKind,
    /// The container whose image it is.
    pub container: String,
    /// How often that container was restarted: each attempt has a log of its own.
    pub attempt: u64,
    /// That container's mounts, outermost first.
    pub mounts: Vec<Mount>,
    /// The folder it serves, as an absolute path in the container.
    pub root: String,
    /// What its command line or environment has it say.
    pub text: String,
    /// When its container's run began.
    pub started: Option<Time>,
}

/// The emulated servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerKind {
    Nginx,
    Httpd,
    Caddy,
    /// `httpd` of busybox.
    Busybox,
    /// `python3 -m http.server`.
    Python,
    /// `agnhost netexec`: echoes, and says its hostname.
    Netexec,
    /// `agnhost serve-hostname`: says its hostname, whatever the path.
    ServeHostname,
    /// Google's `hello-app` of a major version: greets, and says its hostname.
    HelloApp(u8),
    /// `agnhost porter`: says at each port what its environment has for it.
    Porter,
    /// `agnhost liveness`: healthy for its first ten seconds.
    Liveness,
    /// HashiCorp's `http-echo`: says its text.
    HttpEcho,
    /// Traefik's `whoami`: says its name, its addresses and the request.
    Whoami,
    /// `kubernetes-bootcamp` of a version: says its hostname.
    Bootcamp(u8),
    /// Google's `node-hello`: greets.
    NodeHello,
    /// `echo-server`: says its hostname and the request.
    EchoServer,
    /// Kubernetes' `echoserver`, an nginx that tells of the request; `old` is the one with the tag 1.4.
    Echoserver {
        old: bool,
    },
    /// `nginxdemos/hello:plain-text`: says the server's name and address.
    NginxHello,
    /// `hpa-example`: computes for a while, and says that it did.
    HpaExample,
}

impl ServerKind {
    /// Whether it serves the files of its folder; others make up what they answer.
    pub fn serves_files(self) -> bool {
        use ServerKind::{Busybox, Caddy, Httpd, Nginx, Python};
        matches!(self, Nginx | Httpd | Caddy | Busybox | Python)
    }
}
