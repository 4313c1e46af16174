//! Addresses and images of a node and its pods.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::apimachinery::object::Object;

/// Pods live in 172.16.0.0/16.
const PODS: u32 = u32::from_be_bytes([172, 16, 0, 0]);
/// The network's own address, its gateway and its broadcast address are no pod's.
const USABLE: u64 = 0xffff - 2;

/// The address of the n-th pod (from 1). After 65,533 pods the sequence begins again.
pub fn pod_address(n: u64) -> String {
    let offset = (n.saturating_sub(1) % USABLE) + 2;
    let offset = u32::try_from(offset).unwrap_or(2);
    Ipv4Addr::from(PODS + offset).to_string()
}

/// A node's InternalIP.
pub fn node_address(node: &Object) -> String {
    let addresses = node.list_at("/status/addresses").iter();
    let internal = |a: &&Value| a.get("type").is_some_and(|t| t == "InternalIP");
    let address = addresses.clone().find(internal).and_then(|a| a.get("address")?.as_str());
    address.unwrap_or("192.0.2.2").to_owned()
}

/// An image's full name: `nginx` is `docker.io/library/nginx:latest`.
pub fn full_image(image: &str) -> String {
    let (name, digest) = image.split_once('@').map_or((image, None), |(n, d)| (n, Some(d)));
    let first = name.split('/').next().unwrap_or_default();
    let has_registry = name.contains('/') && (first.contains('.') || first.contains(':') || first == "localhost");
    let with_registry = match (has_registry, name.contains('/')) {
        (true, _) => name.to_owned(),
        (false, true) => format!("docker.io/{name}"),
        (false, false) => format!("docker.io/library/{name}"),
    };
    let last = with_registry.rsplit('/').next().unwrap_or_default();
    match digest {
        Some(digest) => format!("{}@{digest}", with_registry),
        None if last.contains(':') => with_registry,
        None => format!("{with_registry}:latest"),
    }
}

/// The digest that stands for an image nobody pulled.
pub fn image_id(image: &str) -> String {
    format!("sha256:{}", Sha256::digest(full_image(image)).iter().map(|b| format!("{b:02x}")).collect::<String>())
}

/// A size in bytes that stands for an image nobody pulled; the same for the same name.
pub fn image_size(image: &str) -> u64 {
    let digest = Sha256::digest(full_image(image));
    u64::from(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])) % 90_000_000 + 5_000_000
}

/// Whether a node has an image.
pub fn has_image(node: &Object, image: &str) -> bool {
    let full = full_image(image);
    let names = |i: &Value| i.get("names").and_then(Value::as_array).is_some_and(|n| n.iter().any(|x| *x == full));
    node.list_at("/status/images").iter().any(names)
}

/// A node that has one more image.
pub fn with_image(node: &Object, image: &str) -> Object {
    let mut new = node.clone();
    let mut images = node.list_at("/status/images").to_vec();
    images.push(json!({"names": [full_image(image)], "sizeBytes": image_size(image)}));
    new.set("/status/images", Value::Array(images));
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_full_names() {
        for (image, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.24", "docker.io/library/nginx:1.24"),
            ("bitnami/redis", "docker.io/bitnami/redis:latest"),
            ("registry.k8s.io/nginx-slim:0.21", "registry.k8s.io/nginx-slim:0.21"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("a@sha256:00", "docker.io/library/a@sha256:00"),
        ] {
            assert_eq!(full_image(image), full);
        }
    }

    #[test]
    fn pods_get_addresses_one_after_the_other() {
        assert_eq!(pod_address(1), "172.16.0.2");
        assert_eq!(pod_address(300), "172.16.1.45");
        assert_eq!(pod_address(65_533), "172.16.255.254");
        assert_eq!(pod_address(65_534), "172.16.0.2");
    }
}
