//! ComponentStatus: whether the control plane is well, as `get cs` shows it. There is none that could be ill: the three
//! components are there and healthy. Knows no component.

use serde_json::json;

use super::pod::Fields;
use super::{Kind, Names};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;

/// The kind.
pub struct ComponentStatus;

pub const RESOURCE: &str = "componentstatuses";

static NAMES: Names =
    Names { namespaced: false, ..Names::core("ComponentStatus", RESOURCE, "componentstatus", &["cs"]) };
static COLUMNS: [Column; 4] = [column("Name"), column("Status"), column("Message"), column("Error")];

impl Kind for ComponentStatus {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, _now: Time) -> Vec<String> {
        let healthy = object.list_at("/conditions").iter().find(|c| c.text("type") == "Healthy");
        let text = |field: &str| healthy.map_or("", |c| c.text(field)).to_owned();
        let status = if text("status") == "True" { "Healthy" } else { "Unhealthy" };
        vec![object.name().to_owned(), status.to_owned(), text("message"), text("error")]
    }

    fn deprecation(&self) -> Option<&str> {
        Some("v1 ComponentStatus is deprecated in v1.19+")
    }

    fn admit(&self, _object: &mut Object, _cluster: &Cluster) -> Result<(), Status> {
        Err(read_only())
    }

    fn check_served(&self, _cluster: &Cluster, verb: &str, _name: &str) -> Result<(), Status> {
        if verb == "get" { Ok(()) } else { Err(read_only()) }
    }
}

fn read_only() -> Status {
    Status::new(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource")
}

/// The components, by name.
pub fn objects() -> Vec<Object> {
    let component = |name: &&str| {
        let mut object = Object::new("v1", "ComponentStatus", "", name);
        object.set("/metadata/creationTimestamp", json!(null));
        object.set("/conditions", json!([{"message": "ok", "status": "True", "type": "Healthy"}]));
        object
    };
    ["controller-manager", "etcd-0", "scheduler"].iter().map(component).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_components_are_well_and_only_read() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let rows: Vec<_> = objects().iter().map(|o| ComponentStatus.cells(o, now).join("|")).collect();
        assert_eq!(rows, ["controller-manager|Healthy|ok|", "etcd-0|Healthy|ok|", "scheduler|Healthy|ok|"]);
        assert_eq!(read_only().reason, Reason::MethodNotAllowed);
    }
}
