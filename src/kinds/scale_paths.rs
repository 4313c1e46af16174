//! Where the scale subresource finds its numbers. Knows no kind.

/// Where a kind keeps what its scale subresource shows: JSON pointers into the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalePaths<'k> {
    pub spec_replicas: &'k str,
    pub status_replicas: &'k str,
    /// A selector's text in the object, for a kind without [`super::Kind::pod_selector`].
    pub selector: &'k str,
}

impl ScalePaths<'static> {
    /// Where Kubernetes' own kinds keep it.
    pub const REPLICAS: ScalePaths<'static> = ScalePaths {
        spec_replicas: "/spec/replicas",
        status_replicas: "/status/replicas",
        selector: "/status/selector",
    };
}
