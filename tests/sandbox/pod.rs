//! A pod to test with: a home of its own, a sandbox, and ways to run commands in it.

use std::io::{Cursor, Read, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use assert_fs::TempDir;
use kstate::Env;
use kstate::control::sandbox::{Mount, Sandbox, Server, ServerKind, Source};
use kstate::runtime::{self, Command, ExecError, Exit};

pub struct Pod {
    pub home: Arc<TempDir>,
    pub sandbox: Sandbox,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Outcome {
    pub result: Result<Exit, ExecError>,
    pub out: String,
    pub err: String,
}

pub fn mount(path: &str, source: Source) -> Mount {
    Mount { path: path.into(), read_only: false, sub_path: String::new(), source }
}

pub fn pvc(name: &str) -> Source {
    Source::PersistentVolume(name.into())
}

pub fn shell(script: &str) -> Command {
    Command { argv: vec!["sh".into(), "-c".into(), script.into()], stdin: false, tty: false }
}

/// The surroundings of a command, with streams of the test's.
pub fn env(stdin: Box<dyn Read + Send>) -> (Env, Sink, Sink) {
    let (out, err) = (Sink::default(), Sink::default());
    let mut env = Env::real();
    env.exe = env!("CARGO_BIN_EXE_kstate").into();
    env.stdin = stdin;
    env.stdout = Box::new(out.clone());
    env.stderr = Box::new(err.clone());
    (env, out, err)
}

#[derive(Clone, Default)]
pub struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A stdin that nobody may read.
pub struct Untouched;

impl Read for Untouched {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        panic!("the caller's stdin was read")
    }
}

impl Pod {
    /// web-0 with an nginx whose web root is the volume pvc-web-0.
    pub fn new() -> Pod {
        let mounts = vec![mount("/usr/share/nginx/html", pvc("pvc-web-0"))];
        let server = Server {
            port: 80,
            kind: ServerKind::Nginx,
            container: "nginx".into(),
            attempt: 0,
            mounts: mounts.clone(),
            root: "/usr/share/nginx/html".into(),
            text: String::new(),
            started: None,
        };
        let sandbox = Sandbox {
            namespace: "default".into(),
            pod: "web-0".into(),
            pod_uid: "11111111-2222-3333-4444-555555555555".into(),
            container: "nginx".into(),
            hostname: "web-0".into(),
            ip: Ipv4Addr::new(172, 16, 0, 7),
            hosts: "127.0.0.1\tlocalhost\n172.16.0.7\tweb-0\n".into(),
            resolv_conf: "nameserver 10.247.3.10\n".into(),
            env: vec![("COLOR".into(), "blue".into())],
            working_dir: "/".into(),
            user: 0,
            group: 0,
            read_only_root: false,
            message_path: "/dev/termination-log".into(),
            first_process: vec!["nginx: master process nginx -g daemon off;".into()],
            target: None,
            companions: None,
            cgroup: vec![("cpu.max".into(), "max 100000\n".into())],
            old_busybox: false,
            mounts,
            servers: vec![server],
        };
        Pod { home: Arc::new(TempDir::new().unwrap()), sandbox }
    }

    pub fn with_mounts(mounts: Vec<Mount>) -> Pod {
        let mut pod = Pod::new();
        pod.sandbox.mounts = mounts;
        pod.sandbox.servers.clear();
        pod
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.home.path().join(inside)
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn exec(&self, command: &Command, stdin: Box<dyn Read + Send>) -> Outcome {
        let (mut env, out, err) = env(stdin);
        let result = runtime::exec(self.home(), &self.sandbox, command, &mut env);
        Outcome { result, out: out.text(), err: err.text() }
    }

    pub fn run(&self, script: &str) -> Outcome {
        self.exec(&shell(script), Box::new(Untouched))
    }

    pub fn pipe(&self, script: &str, stdin: &str) -> Outcome {
        self.exec(&Command { stdin: true, ..shell(script) }, Box::new(Cursor::new(stdin.as_bytes().to_vec())))
    }

    /// What a script prints that has to succeed without a word on stderr.
    #[track_caller]
    pub fn out(&self, script: &str) -> String {
        let outcome = self.run(script);
        assert_eq!(outcome.err, "", "{script}");
        assert_eq!(outcome.result.as_ref().map_err(ToString::to_string), Ok(&Exit(0)), "{script}: {outcome:?}");
        outcome.out
    }
}
