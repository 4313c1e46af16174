//! What Kubernetes' API objects look like: the facts of its OpenAPI document as a static table.
//!
//! Knows types, not meaning: no defaulting, no validation. Nothing is parsed or allocated to look something up.

#[rustfmt::skip]
mod generated;
mod go_json;
mod go_order;

pub use go_json::{json_indent as go_json_indent, json_line as go_json_line};

use generated::{DEFINITIONS, EXTRAS, FIELDS, KINDS, POOL, TYPES};

/// A text of the pool: offset in the upper 20 bits, length in the lower 12.
fn text(place: u32) -> &'static str {
    let (at, length) = ((place >> 12) as usize, (place & 0xfff) as usize);
    POOL.get(at..at + length).unwrap_or_default()
}

/// A named type of the API: `io.k8s.api.apps.v1.StatefulSetSpec`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Definition(u16);

/// How a definition is written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An object with the definition's fields, and no others.
    Struct,
    /// Any JSON, kept as it is: RawExtension, FieldsV1, JSON and their like.
    Any,
    Quantity,
    Time,
    MicroTime,
    IntOrString,
}

/// Whether a part is replaced whole or merged by server-side apply (`x-kubernetes-map-type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapType {
    Atomic,
    Granular,
}

/// How the items of a list are told apart (`x-kubernetes-list-type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    Atomic,
    Set,
    /// By the fields of [`Field::list_map_keys`].
    Map,
}

impl Definition {
    /// The definition of a kind as manifests name it: `("apps/v1", "StatefulSet")`.
    pub fn of_kind(api_version: &str, kind: &str) -> Option<Definition> {
        let at = KINDS.binary_search_by(|(v, k, _)| (text(*v), text(*k)).cmp(&(api_version, kind))).ok()?;
        Some(Definition(KINDS[at].2))
    }

    /// The definition of a full name.
    pub fn named(name: &str) -> Option<Definition> {
        let at = DEFINITIONS.binary_search_by(|d| text(d.0).cmp(name)).ok()?;
        u16::try_from(at).ok().map(Definition)
    }

    fn row(self) -> &'static (u32, u8, u16, u16, u8) {
        &DEFINITIONS[usize::from(self.0)]
    }

    /// `io.k8s.api.apps.v1.StatefulSetSpec`.
    pub fn name(self) -> &'static str {
        text(self.row().0)
    }

    /// The Go type as Go's messages print it: `v1.StatefulSetSpec`.
    pub fn go_type(self) -> &'static str {
        let name = self.name();
        let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
        dots.nth(1).and_then(|at| name.get(at + 1..)).unwrap_or(name)
    }

    /// The Go type without its package: `StatefulSetSpec`.
    pub fn go_name(self) -> &'static str {
        self.name().rsplit('.').next().unwrap_or_default()
    }

    pub fn form(self) -> Form {
        match self.row().1 {
            1 => Form::Any,
            2 => Form::Quantity,
            3 => Form::Time,
            4 => Form::MicroTime,
            5 => Form::IntOrString,
            _ => Form::Struct,
        }
    }

    /// Whether a map or struct of this type is merged or replaced; `None` where the API does not say.
    pub fn map_type(self) -> Option<MapType> {
        map_type(u16::from(self.row().4))
    }

    fn rows(self) -> &'static [(u32, u16, u16, u16)] {
        let (_, _, first, count, _) = *self.row();
        FIELDS.get(usize::from(first)..usize::from(first) + usize::from(count)).unwrap_or_default()
    }

    /// The fields, ordered by name.
    pub fn fields(self) -> impl ExactSizeIterator<Item = Field> {
        self.rows().iter().map(Field)
    }

    /// A field by its JSON name, which is case-sensitive.
    pub fn field(self, name: &str) -> Option<Field> {
        let rows = self.rows();
        let at = rows.binary_search_by(|row| text(row.0).cmp(name)).ok()?;
        rows.get(at).map(Field)
    }
}

/// One field of a definition.
#[derive(Clone, Copy, Debug)]
pub struct Field(&'static (u32, u16, u16, u16));

impl Field {
    pub fn name(self) -> &'static str {
        text(self.0.0)
    }

    pub fn type_of(self) -> Type {
        Type(self.0.1)
    }

    pub fn is_required(self) -> bool {
        self.0.2 & 1 != 0
    }

    pub fn list_type(self) -> Option<ListType> {
        match self.0.2 >> 1 & 3 {
            1 => Some(ListType::Atomic),
            2 => Some(ListType::Set),
            3 => Some(ListType::Map),
            _ => None,
        }
    }

    /// The fields that tell the items of a [`ListType::Map`] apart, in the API's order.
    pub fn list_map_keys(self) -> impl Iterator<Item = &'static str> {
        text(EXTRAS[usize::from(self.0.3)].1).split(',').filter(|k| !k.is_empty())
    }

    /// Strategic merge patch: merge into the list or map that is there.
    pub fn patch_merges(self) -> bool {
        self.0.2 & 1 << 3 != 0
    }

    /// Strategic merge patch: drop the keys that a patch's `$retainKeys` does not name.
    pub fn patch_retains_keys(self) -> bool {
        self.0.2 & 1 << 4 != 0
    }

    /// Strategic merge patch: replace what is there.
    pub fn patch_replaces(self) -> bool {
        self.0.2 & 1 << 5 != 0
    }

    /// Strategic merge patch: the field that tells the items of a merged list apart.
    pub fn merge_key(self) -> Option<&'static str> {
        Some(text(EXTRAS[usize::from(self.0.3)].0)).filter(|k| !k.is_empty())
    }

    /// Whether Go leaves the field out when it is empty: false, 0, `""`, or a list or map without items.
    pub fn drops_empty(self) -> bool {
        self.0.2 & 1 << 8 != 0
    }

    /// Whether the field's map or struct is merged or replaced by server-side apply, where the field itself says it.
    pub fn map_type(self) -> Option<MapType> {
        map_type(self.0.2 >> 6 & 3)
    }
}

fn map_type(word: u16) -> Option<MapType> {
    match word {
        1 => Some(MapType::Atomic),
        2 => Some(MapType::Granular),
        _ => None,
    }
}

/// The type of a field, of a list's items or of a map's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type(u16);

/// What a type is, in Go's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    String,
    Bool,
    Int32,
    Int64,
    Float64,
    List(Type),
    /// Keys are strings.
    Map(Type),
    Definition(Definition),
    /// `[]byte`, base64 in JSON.
    Bytes,
}

impl Type {
    fn row(self) -> &'static (u8, u16, u32, u32) {
        &TYPES[usize::from(self.0)]
    }

    pub fn shape(self) -> Shape {
        let (shape, argument, ..) = *self.row();
        match shape {
            1 => Shape::Bool,
            2 => Shape::Int32,
            3 => Shape::Int64,
            4 => Shape::Float64,
            5 => Shape::List(Type(argument)),
            6 => Shape::Map(Type(argument)),
            7 => Shape::Definition(Definition(argument)),
            8 => Shape::Bytes,
            _ => Shape::String,
        }
    }

    /// The values a string may have, in the API's order; empty where any may.
    pub fn values(self) -> impl Iterator<Item = &'static str> {
        let values = text(self.row().3);
        values.split('\n').filter(move |_| !values.is_empty())
    }

    /// The Go type as Go's messages print it: `int32`, `[]v1.Container`, `v1.PullPolicy`, `map[string]string`.
    pub fn go_type(self) -> String {
        let named = text(self.row().2);
        if !named.is_empty() {
            return named.to_owned();
        }
        match self.shape() {
            Shape::String => "string".to_owned(),
            Shape::Bool => "bool".to_owned(),
            Shape::Int32 => "int32".to_owned(),
            Shape::Int64 => "int64".to_owned(),
            Shape::Float64 => "float64".to_owned(),
            Shape::List(items) => format!("[]{}", items.go_type()),
            Shape::Map(values) => format!("map[string]{}", values.go_type()),
            Shape::Definition(definition) => definition.go_type().to_owned(),
            Shape::Bytes => "[]uint8".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(version: &str, kind: &str, path: &str) -> Field {
        let mut here = Definition::of_kind(version, kind).unwrap();
        let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
        for name in parents.split('.').filter(|p| !p.is_empty()) {
            let mut inner = here.field(name).unwrap().type_of();
            while let Shape::List(next) | Shape::Map(next) = inner.shape() {
                inner = next;
            }
            let Shape::Definition(next) = inner.shape() else { panic!("{name} is no struct") };
            here = next;
        }
        here.field(last).unwrap()
    }

    #[test]
    fn go_types_are_named_as_go_names_them() {
        let cases = [
            ("spec", "v1.StatefulSetSpec"),
            ("spec.replicas", "int32"),
            ("spec.podManagementPolicy", "v1.PodManagementPolicyType"),
            ("spec.template.spec.containers", "[]v1.Container"),
            ("spec.template.spec.containers.imagePullPolicy", "v1.PullPolicy"),
            ("spec.template.spec.containers.resources.limits", "v1.ResourceList"),
            ("spec.template.spec.nodeSelector", "map[string]string"),
            ("spec.volumeClaimTemplates.spec.accessModes", "[]v1.PersistentVolumeAccessMode"),
            ("metadata.uid", "types.UID"),
            ("metadata.creationTimestamp", "v1.Time"),
        ];
        for (path, want) in cases {
            assert_eq!(field("apps/v1", "StatefulSet", path).type_of().go_type(), want, "{path}");
        }
    }

    #[test]
    fn merge_and_list_facts_are_there() {
        let ports = field("v1", "Service", "spec.ports");
        assert_eq!((ports.merge_key(), ports.patch_merges()), (Some("port"), true));
        assert_eq!(ports.list_type(), Some(ListType::Map));
        assert_eq!(ports.list_map_keys().collect::<Vec<_>>(), ["port", "protocol"]);
        assert!(field("apps/v1", "StatefulSet", "spec.selector").is_required());
        assert!(!field("apps/v1", "StatefulSet", "spec.replicas").is_required());
        let volumes = field("v1", "Pod", "spec.volumes");
        assert!(volumes.patch_retains_keys() && volumes.patch_merges());
        let policy = field("apps/v1", "StatefulSet", "spec.podManagementPolicy").type_of();
        assert_eq!(policy.values().collect::<Vec<_>>(), ["OrderedReady", "Parallel"]);
        let selector = Definition::named("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector").unwrap();
        assert_eq!(selector.map_type(), Some(MapType::Atomic));
    }

    #[test]
    fn empty_values_are_dropped_as_go_does() {
        let drops = |path| field("apps/v1", "StatefulSet", path).drops_empty();
        for path in ["metadata.labels", "spec.template.spec.hostNetwork", "spec.template.spec.containers.args"] {
            assert!(drops(path), "{path}");
        }
        for path in
            ["spec.replicas", "spec.template.spec.containers", "spec.template.spec.enableServiceLinks", "spec.template"]
        {
            assert!(!drops(path), "{path}");
        }
    }

    #[test]
    fn every_table_row_leads_somewhere() {
        for (number, row) in DEFINITIONS.iter().enumerate() {
            let definition = Definition::named(text(row.0)).unwrap();
            assert_eq!(usize::from(definition.0), number);
            for field in definition.fields() {
                assert_eq!(definition.field(field.name()).map(Field::name), Some(field.name()));
                assert!(!field.type_of().go_type().is_empty());
            }
        }
        for (version, kind, number) in &KINDS {
            assert_eq!(Definition::of_kind(text(*version), text(*kind)), Some(Definition(*number)));
        }
    }
}
