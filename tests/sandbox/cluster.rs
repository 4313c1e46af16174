//! A whole cluster to test with: a store of its own and the built binary.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use assert_fs::TempDir;

pub struct Cluster {
    pub home: TempDir,
}

/// Two nginx pods behind a headless Service, a Service with an address and one that remembers its clients.
pub const WEB: &str = "
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: nginx}, ports: [{port: 80, name: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: nginx}, ports: [{port: 8080, targetPort: web, nodePort: 30080, name: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: same}
spec: {sessionAffinity: ClientIP, selector: {app: nginx}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: all}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: nginx}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: ExternalName, externalName: web.default.svc.cluster.local}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: nginx}
spec:
  serviceName: nginx
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - name: nginx
        image: registry.k8s.io/nginx-slim:0.21
        ports: [{containerPort: 80, name: web}]
        volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
      volumes: [{name: www, emptyDir: {}}]
";

impl Cluster {
    /// A cluster in which a manifest was applied.
    pub fn with(manifest: &str) -> Cluster {
        let cluster = Cluster { home: TempDir::new().unwrap() };
        cluster.apply(manifest);
        cluster
    }

    /// With [`WEB`], and a page in each pod that says whose it is.
    pub fn of_two() -> Cluster {
        let cluster = Cluster::with(WEB);
        for pod in ["nginx-0", "nginx-1"] {
            cluster.inside(pod, "hostname > /usr/share/nginx/html/index.html");
        }
        cluster
    }

    pub fn apply(&self, manifest: &str) {
        let file = self.home.path().join("manifest.yaml");
        std::fs::write(&file, manifest).unwrap();
        self.out(&["apply", "-f", file.to_str().unwrap()]);
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kstate"));
        command.args(args).env("KSTATE_HOME", self.home.path()).env("KSTATE_FSYNC", "off");
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command prints that has to succeed.
    #[track_caller]
    pub fn out(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a script prints in a pod, whatever its status.
    pub fn inside(&self, pod: &str, script: &str) -> String {
        String::from_utf8(self.run(&["exec", pod, "--", "sh", "-c", script]).stdout).unwrap()
    }

    /// A script that goes on in a pod.
    pub fn spawn_inside(&self, pod: &str, script: &str) -> Running {
        Running(
            self.command(&["exec", pod, "--", "sh", "-c", script])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }

    pub fn field(&self, object: &str, path: &str) -> String {
        self.out(&["get", object, "-o", &format!("jsonpath={path}")])
    }
}

/// What runs in its pods ends with it.
impl Drop for Cluster {
    fn drop(&mut self) {
        self.run(&["reset", "--yes"]);
    }
}

/// A process that is killed when the test ends.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Looks until it is so; a minute is more than anything here takes.
#[track_caller]
pub fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Processes that have a file of a folder open, or work in it.
pub fn processes_of(home: &Path) -> usize {
    let open = |dir: &Path| {
        let fds = std::fs::read_dir(dir.join("fd"));
        fds.is_ok_and(|fds| fds.flatten().any(|f| std::fs::read_link(f.path()).is_ok_and(|l| l.starts_with(home))))
    };
    let own = std::process::id().to_string();
    let others = std::fs::read_dir("/proc").unwrap().flatten().filter(|e| e.file_name() != own.as_str());
    others.filter(|e| open(&e.path())).count()
}
