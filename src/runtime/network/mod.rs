//! The cluster around a pod, as far as packets tell: every packet that leaves a pod is taken off its interface and
//! answered in the place of the name server, of other pods and of services.
//!
//! ```text
//! a pod's program ── eth0 ── gate (who is meant?) ── stack (TCP) ── conversation ── an emulated server, or a program
//!                                    └── names, pings and refusals are answered at once    that listens in a pod
//! ```
//!
//! Nothing is set up in advance: the cluster is asked when a first packet comes. TCP is smoltcp's, since the kernel's
//! would have to be told beforehand who listens where, and refuses nobody that it does not know to be absent.
//!
//! Knows the cluster through a look-up trait, and not the store.

mod conversation;
mod destination;
mod forward;
mod gate;
mod packet;
mod stack;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

use super::dns;
use super::sandbox::Link;
use crate::apimachinery::status::Status;
use crate::control::sandbox::Sandbox;
use crate::env::Env;

pub use destination::{Connection, connect_inside};
pub use forward::{Ended, Forward, Heard, forward};

/// What the network has to know of the cluster.
pub trait Cluster: dns::Lookup {
    /// Who answers at an address, when a client of the cluster connects to it.
    fn reach(&self, from: Ipv4Addr, to: SocketAddrV4) -> Result<Reach, Status>;
    /// Whether an address is somebody's who answers a ping: a pod's or a node's.
    fn answers_pings(&self, ip: Ipv4Addr) -> Result<bool, Status>;
}

/// Where a connection leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// Nobody has that address.
    Nobody,
    /// Its owner has nothing at that port.
    Refused,
    /// The cluster's name server.
    NameServer,
    /// Containers' worlds, whose pods share the address, and the port to ask each for. What is served is said by `servers`.
    Pods(Vec<Sandbox>, u16),
}

/// Opens the cluster that an environment names.
pub type Open = fn(&Env) -> Result<Box<dyn Cluster>, Status>;

/// What one pod's network is served from.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The store's folder.
    pub home: PathBuf,
    /// The pod's own address.
    pub ip: Ipv4Addr,
    pub open: Open,
}

/// Serves a pod's network in a thread that ends with the process.
pub fn serve(link: Link, surroundings: Surroundings) {
    std::thread::spawn(move || stack::run(&link, surroundings));
}
