//! The cluster as its own network sees it: names, addresses and what is behind them, read from the store as it is when
//! somebody asks.
//!
//! Looks and never writes: a program in a pod must not move the store's clock. Knows no packet.

mod names;
mod reach;

pub use reach::world;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use serde_json::Value;

use super::Client;
use crate::Env;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::runtime::dns::{Lookup, Named, Service};
use crate::runtime::network::{self, Reach};

/// The cluster's name server.
const NAME_SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 247, 3, 10), 53);

/// Opens the cluster that an environment names.
///
/// # Errors
/// InternalError when its store cannot be used.
pub fn open(env: &Env) -> Result<Box<dyn network::Cluster>, Status> {
    let client = Client::open_existing(env).map_err(|e| Status::internal(format!("{e:#}")))?;
    Ok(Box::new(Store {
        client: client.into(),
        owners: RefCell::default(),
        seen: Cell::default(),
        turn: reach::first(),
    }))
}

/// The store, and what of it is kept from one question to the next.
struct Store {
    client: RefCell<Client>,
    owners: RefCell<Owners>,
    /// The newest resourceVersion that was looked at.
    seen: Cell<u64>,
    /// Whose turn it is among a Service's endpoints.
    turn: Cell<usize>,
}

/// Who has an address, at one resourceVersion.
#[derive(Default)]
struct Owners {
    resource_version: Option<u64>,
    by_address: BTreeMap<Ipv4Addr, Vec<Owner>>,
}

/// An owner of an address. Pods that use their node's network share the node's.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    Service(Key),
    Node,
    Pod(Key),
}

impl Store {
    fn look<T>(&self, mut look: impl FnMut(&Cluster) -> Result<T, Status>) -> Result<T, Status> {
        let mut client = self.client.borrow_mut();
        let seen = &self.seen;
        let looked = client.glance(|cluster| {
            seen.set(cluster.resource_version());
            look(cluster)
        });
        looked.map_err(|e| match e.downcast::<Status>() {
            Ok(status) => status,
            Err(e) => Status::internal(format!("{e:#}")),
        })
    }

    /// Who has an address.
    fn owners(&self, cluster: &Cluster, ip: Ipv4Addr) -> Result<Vec<Owner>, Status> {
        let mut owners = self.owners.borrow_mut();
        if owners.resource_version != Some(cluster.resource_version()) {
            *owners = Owners::of(cluster)?;
        }
        Ok(owners.by_address.get(&ip).cloned().unwrap_or_default())
    }
}

impl Owners {
    fn of(cluster: &Cluster) -> Result<Owners, Status> {
        let mut by_address: BTreeMap<Ipv4Addr, Vec<Owner>> = BTreeMap::new();
        let mut add = |address: &str, owner: Owner| {
            if let Ok(ip) = address.parse() {
                by_address.entry(ip).or_default().push(owner);
            }
        };
        for (key, service) in cluster.list_keyed("services", None)? {
            service_addresses(&service).for_each(|address| add(address, Owner::Service(key.clone())));
        }
        for node in cluster.list("nodes", None)? {
            texts(node.list_at("/status/addresses"), "address").for_each(|address| add(address, Owner::Node));
        }
        for (key, pod) in cluster.list_keyed("pods", None)? {
            // The address of a pod that has ended is free again.
            if !matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed") {
                add(pod.str_at("/status/podIP"), Owner::Pod(key));
            }
        }
        Ok(Owners { resource_version: Some(cluster.resource_version()), by_address })
    }
}

/// Every address at which a Service is reached from inside the cluster.
fn service_addresses(service: &Object) -> impl Iterator<Item = &str> {
    let own = Some(service.str_at("/spec/clusterIP")).into_iter();
    let external = service.list_at("/spec/externalIPs").iter().filter_map(Value::as_str);
    own.chain(external).chain(texts(service.list_at("/status/loadBalancer/ingress"), "ip"))
}

fn texts<'l>(list: &'l [Value], field: &'static str) -> impl Iterator<Item = &'l str> {
    list.iter().filter_map(move |item| item.get(field)?.as_str())
}

impl Lookup for Store {
    fn namespace(&self, name: &str) -> Result<bool, Status> {
        self.look(|cluster| Ok(cluster.get(&Key::cluster("namespaces", name))?.is_some()))
    }

    fn service(&self, namespace: &str, name: &str) -> Result<Option<Service>, Status> {
        self.look(|cluster| names::service(cluster, namespace, name))
    }

    fn named(&self, ip: Ipv4Addr) -> Result<Vec<Named>, Status> {
        self.look(|cluster| {
            let owners = self.owners(cluster, ip)?;
            names::of_address(cluster, ip, &owners)
        })
    }

    fn serial(&self) -> u32 {
        // It wraps round, as serial numbers do.
        (self.seen.get() & u64::from(u32::MAX)) as u32
    }
}

impl network::Cluster for Store {
    fn reach(&self, from: Ipv4Addr, to: SocketAddrV4) -> Result<Reach, Status> {
        if to == NAME_SERVER {
            return Ok(Reach::NameServer);
        }
        self.look(|cluster| {
            let owners = self.owners(cluster, *to.ip())?;
            reach::reach(cluster, &owners, from, to, &self.turn, |ip| self.owners(cluster, ip))
        })
    }

    fn answers_pings(&self, ip: Ipv4Addr) -> Result<bool, Status> {
        let owners = self.look(|cluster| self.owners(cluster, ip))?;
        Ok(owners.iter().any(|o| matches!(o, Owner::Node | Owner::Pod(_))))
    }
}
