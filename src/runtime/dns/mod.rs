//! The cluster's DNS: answers to queries, as CoreDNS's `kubernetes` plugin gives them (`pods insecure`, `ttl 30`).
//!
//! Knows services and endpoints through a [`Lookup`], and sockets it is handed; not the store, and never the host's
//! resolver: a name outside the cluster does not exist, or is refused where the internet may know it.

mod answer;
mod server;
mod zone;

use std::net::Ipv4Addr;

use crate::apimachinery::status::Status;

pub use answer::answer;
pub use server::converse;
#[cfg(test)]
pub use server::{serve_tcp, serve_udp};

/// The cluster's domain.
pub const DOMAIN: &str = "cluster.local";

/// What the cluster's DNS has to know. Names come in lower case.
///
/// An error becomes SERVFAIL.
pub trait Lookup {
    /// Whether there is such a namespace; without it, no name in it exists.
    fn namespace(&self, name: &str) -> Result<bool, Status>;
    /// A Service.
    fn service(&self, namespace: &str, name: &str) -> Result<Option<Service>, Status>;
    /// Every Service and endpoint that has an address.
    fn named(&self, ip: Ipv4Addr) -> Result<Vec<Named>, Status>;
    /// The SOA's serial number: grows with the store.
    fn serial(&self) -> u32;
}

/// A Service as DNS sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub address: Address,
    /// Those of the Service; a headless one's count with its endpoints.
    pub ports: Vec<Port>,
    /// Those that are ready, or all where the Service publishes not-ready addresses.
    pub endpoints: Vec<Endpoint>,
}

/// What a Service's own name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    ClusterIp(Ipv4Addr),
    /// The endpoints' addresses.
    Headless,
    ExternalName(String),
}

/// One endpoint of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub ip: Ipv4Addr,
    /// The pod's hostname where its subdomain is the Service.
    pub hostname: Option<String>,
    /// The target ports.
    pub ports: Vec<Port>,
}

/// A port by which SRV records are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Empty where it has none.
    pub name: String,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    pub number: u16,
}

/// Who has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Service { namespace: String, name: String },
    Endpoint { namespace: String, service: String, hostname: Option<String> },
}

#[cfg(test)]
mod tests;
