//! What holds for every kind.

use super::*;
use crate::apimachinery::time::Time;

#[test]
fn every_kind_has_a_cell_for_each_column_and_takes_an_empty_object() {
    for kind in KINDS {
        let names = kind.names();
        let mut object = Object::new(names.api_version, names.kind, "default", "x");
        kind.set_defaults(&mut object);
        kind.prepare_for_create(&mut object);
        assert_eq!(kind.cells(&object, Time::MAX_UTC).len(), kind.columns().len(), "{}", names.kind);
        kind.validate(&object);
        kind.validate_update(&object, &object);
        kind.warnings(&object, None);
    }
}

#[test]
fn names_are_consistent_and_unique() {
    let mut seen = std::collections::BTreeSet::new();
    for kind in KINDS {
        let n = kind.names();
        let grouped = |name: &str| if n.group.is_empty() { name.to_owned() } else { format!("{name}.{}", n.group) };
        assert_eq!(n.resource, grouped(n.plural));
        let version = if n.group.is_empty() { n.version.to_owned() } else { format!("{}/{}", n.group, n.version) };
        assert_eq!(n.api_version, version);
        assert!(seen.insert(n.resource), "{} twice", n.resource);
    }
    assert!(KINDS.is_sorted_by_key(|k| (k.names().group, k.names().plural)));
}

#[test]
fn other_versions_lead_to_the_stored_one() {
    let kind = by_api_version("autoscaling/v1", "HorizontalPodAutoscaler").unwrap();
    assert_eq!(kind.names().api_version, "autoscaling/v2");
    assert!(by_api_version("autoscaling/v2beta2", "HorizontalPodAutoscaler").is_none());
}
