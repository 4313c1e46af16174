//! The emulated servers of a pod: which folders of the home each one serves, and a thread for each connection.
//!
//! The listeners are made inside the pod's network; serving happens outside, where no link of the pod leads. Knows no HTTP.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::spawn;

use super::failure::{Failure, Step};
use super::http::{self, Shown, Site};
use super::layer::{PodFolder, prepare};
use super::tree::{Tree, components};
use super::wire::{self, Request};
use super::{programs, volume};
use crate::clock::Clock;
use crate::control::sandbox::{Sandbox, Server};
use crate::runtime::log::{Stream, append};

/// Serves on the listeners that P has made, in threads that end with the process.
pub fn serve(pod: &OwnedFd, request: &Request) {
    let Ok(Some((_, listeners))) = wire::receive(pod) else { return };
    for (listener, server) in listeners.into_iter().zip(&request.sandbox.servers) {
        // A server whose folders cannot be named was refused before, when they were made.
        let Ok(site) = site_of(&request.home, &request.sandbox, server) else { continue };
        let log = log_of(&request.home, &request.sandbox, server);
        let (listener, site) = (TcpListener::from(listener), Arc::new(site));
        spawn(move || accept_all(&listener, &site, &log));
    }
}

fn accept_all(listener: &TcpListener, site: &Arc<Site>, log: &Log) {
    for stream in listener.incoming().flatten() {
        let (site, log) = (Arc::clone(site), log.clone());
        spawn(move || {
            let _client_gone = http::serve(stream, &site, Clock::System, &mut |stream, line| log.write(stream, line));
        });
    }
}

/// What a pod's image would serve at a port, its files made where they are missing; `None` where it has no server.
pub fn site(home: &Path, sandbox: &Sandbox, port: u16) -> Option<Site> {
    let server = sandbox.servers.iter().find(|s| s.port == port)?;
    prepare(home, sandbox).and_then(|_| site_of(home, sandbox, server)).ok()
}

/// The log of the container that has the server at a port.
pub fn log(home: &Path, sandbox: &Sandbox, port: u16) -> Option<Log> {
    let server = sandbox.servers.iter().find(|s| s.port == port)?;
    Some(log_of(home, sandbox, server))
}

fn log_of(home: &Path, sandbox: &Sandbox, server: &Server) -> Log {
    let (uid, container) = (sandbox.pod_uid.clone(), server.container.clone());
    Log { home: home.to_owned(), uid, container, attempt: server.attempt }
}

/// Where an emulated server writes what it logs.
#[derive(Clone, Debug)]
pub struct Log {
    home: PathBuf,
    uid: String,
    container: String,
    attempt: u64,
}

impl Log {
    /// Adds a line. A log that cannot be written keeps no page from being served.
    pub fn write(&self, stream: Stream, line: &str) {
        let _not_written = append(&self.home, &self.uid, &self.container, self.attempt, stream, line);
    }
}

fn site_of(home: &Path, sandbox: &Sandbox, server: &Server) -> Result<Site, Failure> {
    let uid = &sandbox.pod_uid;
    let container = PodFolder::new(home, uid)?.container(&server.container);
    let mut mounts = vec![("/".to_string(), container.join("rootfs").into())];
    // What the layer holds of /usr and its like is kept beside its root.
    mounts.extend(programs::FOLDERS.iter().map(|name| (format!("/{name}"), container.join("upper").join(name).into())));
    for mount in &server.mounts {
        let (folder, inside) = volume::location(uid, mount)?;
        mounts.push((mount.path.clone(), Shown { folder: home.join(folder), inside }));
    }
    Ok(Site {
        kind: server.kind,
        root: server.root.clone(),
        hostname: sandbox.hostname.clone(),
        ip: sandbox.ip,
        text: server.text.clone(),
        started: server.started,
        mounts,
    })
}

/// Puts an image's own files into its container's layer, once: when the folder that it serves is first made there.
///
/// # Errors
/// When they cannot be written.
pub fn bring_files(pod: &Tree, sandbox: &Sandbox) -> Result<(), Failure> {
    for server in &sandbox.servers {
        let first = components(&server.root).next().unwrap_or_default();
        let part = if programs::FOLDERS.contains(&first) { "upper" } else { "rootfs" };
        let layer = format!("containers/{}/{part}", server.container);
        let layer = pod.make_dir(&layer, 0o755).step("make the container's folder")?;
        if !layer.is_free(&server.root) {
            continue;
        }
        for (name, content) in http::image_files(server.kind) {
            let path = format!("{}/{name}", server.root);
            layer.write(&path, 0o644, content.as_bytes()).step(format!("write {path}"))?;
        }
    }
    Ok(())
}
