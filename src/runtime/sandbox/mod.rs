//! A `control::sandbox::Sandbox` made real in Linux namespaces.
//!
//! One pod has at most one supervisor, which lives as long as anything runs in the pod:
//!
//! ```text
//! kstate exec ──socket──> supervisor (S) ── pod (P) ── container (C) ┬─ first process (I, pid 1)
//!                         host's view       user, net,  joins I's    │  pid, mount, second user
//!                         serves HTTP       ipc, uts    namespaces   └─ the process, beside I
//!                         and the cluster
//! ```
//! A container that is a process of this machine is I itself; else I stands in for what the image would run.
//!
//! What leaves the pod by its eth0 S answers in the place of the cluster (`runtime::network`).
//!
//! `exec` takes the pod's lock, connects to the pod's socket and starts S when nobody listens there. P forks a C for each
//! container, whose I builds the root; then C starts one process for each request that P hands on. Each link ends with the
//! one before it (PR_SET_PDEATHSIG and a socket that hangs up); P ends with its last caller. Nothing is written down
//! that could be stale: a socket that nobody listens on is a pod in which nothing runs.
//!
//! Knows no objects.

mod caller;
mod check;
mod command_probe;
mod container;
mod dev;
mod etc;
mod failure;
mod first;
mod graft;
mod last_word;
mod layer;
mod mount;
mod netlink;
mod network;
mod pause;
mod pod;
mod probe;
mod process;
mod programs;
mod remove;
mod rootfs;
mod seccomp;
mod servers;
mod supervisor;
mod terminal;
mod title;
mod tools;
mod tree;
mod volume;
mod wire;

pub(super) use caller::{Asked, Outer, begin, relay_attached, streams};
pub use caller::{connect, exec};
pub use check::{Check, Problem, checks};
pub(super) use command_probe::probe;
pub use command_probe::{Hook, hooks};
pub use failure::Failure;
pub(super) use failure::Step;
pub(super) use last_word::read as last_word;
pub(super) use layer::PodFolder;
pub use layer::write_volumes;
pub use network::Link;
pub use probe::http_status;
pub(super) use remove::forget_layer;
pub use remove::{end_all, remove_all, remove_pod, remove_volume};
pub use servers::{log, site};
pub(super) use supervisor::close_from;
pub use supervisor::main;
pub(super) use tree::{Tree, by_fd};
pub(super) use wire::{Reply, Role, SIGNAL, receive, reply, send};

use super::{Command, ExecError, Exit, SUPERVISOR, http, network as cluster_network};
