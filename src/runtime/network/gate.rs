//! What becomes of each packet that leaves a pod: the cluster is asked whom it means.
//!
//! Knows packets, not sockets.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::destination::{self, Connection};
use super::packet::{self, Asked};
use super::{Cluster, Reach, Surroundings, dns};
use crate::apimachinery::status::Status;
use crate::env::Env;

/// What is done with a packet.
pub enum Verdict {
    /// Nothing: nobody would answer it.
    Drop,
    /// TCP's, of a connection that stands or is to be refused.
    Pass,
    /// A packet goes back.
    Answer(Vec<u8>),
    /// A new connection, and who is at its other end.
    Accept { from: SocketAddrV4, to: SocketAddrV4, inner: Connection },
}

/// The way to the cluster, which is opened when it is first needed.
pub struct Gate {
    surroundings: Surroundings,
    cluster: Option<Box<dyn Cluster>>,
}

impl Gate {
    pub fn new(surroundings: Surroundings) -> Gate {
        Gate { surroundings, cluster: None }
    }

    /// Says what becomes of a packet. `stands` tells which connections are known already.
    pub fn judge(&mut self, bytes: &[u8], stands: impl Fn(SocketAddrV4, SocketAddrV4) -> bool) -> Verdict {
        let answer = |packet: Option<Vec<u8>>| packet.map_or(Verdict::Drop, Verdict::Answer);
        match packet::read(bytes) {
            None | Some(Asked::Other) => Verdict::Drop,
            Some(Asked::Segment) => Verdict::Pass,
            Some(Asked::Connection { from, to }) if stands(from, to) => Verdict::Pass,
            Some(Asked::Connection { from, to }) => self.connect(bytes, from, to),
            Some(Asked::Datagram { from, to, payload }) => self.datagram(bytes, from, to, payload),
            Some(Asked::Ping { to }) => match self.cluster().and_then(|c| c.answers_pings(to)) {
                Ok(true) => answer(packet::pong(bytes)),
                Ok(false) => answer(packet::unreachable(bytes, false)),
                Err(_) => Verdict::Drop,
            },
        }
    }

    fn connect(&mut self, bytes: &[u8], from: SocketAddrV4, to: SocketAddrV4) -> Verdict {
        let reach = self.cluster().and_then(|cluster| cluster.reach(*from.ip(), to));
        let inner = match reach {
            Ok(Reach::Nobody) => return packet::unreachable(bytes, false).map_or(Verdict::Drop, Verdict::Answer),
            Ok(Reach::Pods(pods, port)) => destination::connect(&self.surroundings.home, &pods, port, from, to),
            Ok(Reach::NameServer) => destination::name_server(self.surroundings.clone()),
            // A store that cannot be read is a cluster in which nothing listens.
            Ok(Reach::Refused) | Err(_) => None,
        };
        // TCP refuses whom nobody takes.
        inner.map_or(Verdict::Pass, |inner| Verdict::Accept { from, to, inner })
    }

    fn datagram(&mut self, bytes: &[u8], from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Verdict {
        let refused = |exists| packet::unreachable(bytes, exists).map_or(Verdict::Drop, Verdict::Answer);
        let Ok(cluster) = self.cluster() else { return refused(true) };
        match cluster.reach(*from.ip(), to) {
            Ok(Reach::NameServer) => match dns::answer(payload, cluster, false) {
                answer if answer.is_empty() => Verdict::Drop,
                answer => Verdict::Answer(packet::datagram(to, from, &answer)),
            },
            Ok(Reach::Nobody) => refused(false),
            // Only names are asked for by datagram: no emulated server speaks UDP.
            Ok(Reach::Refused | Reach::Pods(..)) | Err(_) => refused(true),
        }
    }

    fn cluster(&mut self) -> Result<&dyn Cluster, Status> {
        let cluster = match self.cluster.take() {
            Some(cluster) => cluster,
            None => open(&self.surroundings)?,
        };
        Ok(&**self.cluster.insert(cluster))
    }

    /// The pod whose packets these are.
    pub fn ip(&self) -> Ipv4Addr {
        self.surroundings.ip
    }
}

/// Opens the cluster of the store's folder; what else the environment says is the first caller's.
pub fn open(surroundings: &Surroundings) -> Result<Box<dyn Cluster>, Status> {
    let mut env = Env::real();
    let home = surroundings.home.to_str().ok_or_else(|| Status::internal("the store's folder has no name in UTF-8"))?;
    env.vars.insert("KSTATE_HOME".to_owned(), home.to_owned());
    (surroundings.open)(&env)
}
