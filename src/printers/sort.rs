//! `--sort-by`: rows and objects in the order of a field, as kubectl sorts them. Knows no kind.

use std::sync::Arc;

use anyhow::bail;
use serde_json::{Value, json};

use crate::apimachinery::go_value::{GoNumber, number, type_name};
use crate::apimachinery::jsonpath::{Template, relaxed};
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::quote::quote;
use crate::apimachinery::table::Table;

mod order;

pub(super) use order::merge_sort;

/// Sorts the objects of a list. A field that no object has is an error; objects without it come first.
pub fn sort_objects(objects: &mut Vec<Arc<Object>>, field: &str) -> anyhow::Result<()> {
    if objects.is_empty() {
        return Ok(());
    }
    let path = relaxed(field)?;
    let mut template = Template::parse(&path)?.allow_missing_keys(true);
    let keys = objects.iter().map(|o| key(&mut template, o)).collect::<anyhow::Result<Vec<_>>>()?;
    reorder(objects, keys, &path, "*unstructured.Unstructured")
}

/// Sorts the rows of a table by their objects; `false` for a path that cannot be read, or that no object has. A single row is
/// in order, whatever the path is.
///
/// # Errors
/// Values that have no order.
pub fn sort_table(table: &mut Table, field: &str) -> anyhow::Result<bool> {
    if table.rows.len() < 2 {
        return Ok(true);
    }
    let Ok(path) = relaxed(field) else { return Ok(false) };
    let Ok(template) = Template::parse(&path) else { return Ok(false) };
    let mut template = template.allow_missing_keys(true);
    let Ok(keys) = table.rows.iter().map(|row| key(&mut template, &row.object)).collect::<anyhow::Result<Vec<_>>>()
    else {
        return Ok(false);
    };
    if keys.iter().all(Option::is_none) {
        return Ok(false);
    }
    reorder(&mut table.rows, keys, &path, "[][][]reflect.Value").map(|()| true)
}

/// kubectl sorts several tables as they are, by fields of the tables: rows of several requests have no order.
///
/// # Errors
/// A path to what no table has: mostly one to what its objects have.
pub fn check_sort_of_tables(field: &str) -> anyhow::Result<()> {
    let path = relaxed(field)?;
    let mut template = Template::parse(&path)?.allow_missing_keys(true);
    let table = json!({"apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": {"resourceVersion": ""}});
    let found = template.find(&table)?;
    if found.iter().all(|group| group.is_empty()) {
        bail!("couldn't find any field with path {} in the list of objects", quote(&path));
    }
    Ok(())
}

/// What an object is sorted by: the first thing the path finds.
fn key(template: &mut Template, object: &Object) -> anyhow::Result<Option<Value>> {
    let value = object.to_value();
    let found = template.find(&value)?;
    Ok(found.into_iter().next().and_then(|group| group.into_iter().next()).map(|v| v.into_owned()))
}

fn reorder<T>(items: &mut Vec<T>, keys: Vec<Option<Value>>, path: &str, holder: &str) -> anyhow::Result<()> {
    if keys.iter().all(Option::is_none) {
        bail!("couldn't find any field with path {} in the list of objects", quote(path));
    }
    let keyed = keys.into_iter().zip(std::mem::take(items)).collect();
    let mut unsortable = None;
    let sorted = order::sort(keyed, |(a, _), (b, _)| {
        less(a.as_ref(), b.as_ref()).unwrap_or_else(|e| {
            unsortable.get_or_insert(e);
            false
        })
    });
    *items = sorted.into_iter().map(|(_, item)| item).collect();
    match unsortable {
        Some(e) => bail!("Field {path} in {holder} is an unsortable type: interface, err: {e}"),
        None => Ok(()),
    }
}

/// Objects without the field come first, one before the other whichever is asked about: upstream's order of several such
/// objects follows from that, and from its way of sorting.
fn less(a: Option<&Value>, b: Option<&Value>) -> Result<bool, String> {
    match (a, b) {
        (None, _) => Ok(true),
        (_, None) => Ok(false),
        (Some(a), Some(b)) => value_less(a, b),
    }
}

fn value_less(a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        (_, Value::Null) => Ok(false),
        (Value::Null, _) => Ok(true),
        (Value::Number(x), Value::Number(y)) => match (number(x), number(y)) {
            (GoNumber::Int(x), GoNumber::Int(y)) => Ok(x < y),
            (GoNumber::Float(x), GoNumber::Float(y)) => Ok(x < y),
            _ => Err("unsortable interface: interface".to_owned()),
        },
        (Value::String(x), Value::String(y)) => Ok(match (Quantity::parse(x), Quantity::parse(y)) {
            (Ok(x), Ok(y)) => x < y,
            _ => x < y,
        }),
        (Value::Number(_) | Value::String(_), _) => Err("unsortable interface: interface".to_owned()),
        _ => Err(format!("unsortable type: {}", type_name(a))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::table::{Row, column};
    use serde_json::json;

    fn objects(values: &[Value]) -> Vec<Arc<Object>> {
        let object = |(i, v): (usize, &Value)| {
            let body = match v {
                Value::String(s) if s == "-" => json!({"metadata": {"name": format!("o{i}")}}),
                v => json!({"metadata": {"name": format!("o{i}")}, "x": v}),
            };
            Arc::new(Object::from_value(body).unwrap())
        };
        values.iter().enumerate().map(object).collect()
    }

    fn sorted(values: Value, field: &str) -> Result<String, String> {
        let mut objects = objects(values.as_array().unwrap());
        sort_objects(&mut objects, field).map_err(|e| e.to_string())?;
        Ok(objects.iter().map(|o| &o.name()[1..]).collect::<Vec<_>>().join(""))
    }

    #[test]
    fn fields_sort_as_kubectl_sorts_them() {
        let cases = [
            (json!([3, 1, 2]), "x", Ok("120")),
            (json!([10, 9]), "{.x}", Ok("10")),
            (json!([1.5, 0.5]), ".x", Ok("10")),
            (json!(["b", "a", "B"]), ".x", Ok("210")),
            (json!(["10Gi", "9Gi", "500Mi"]), ".x", Ok("210")),
            (json!(["10", "9"]), ".x", Ok("10")),
            (json!(["2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z"]), ".x", Ok("10")),
            (json!([2, null, 1]), ".x", Ok("120")),
            // Insertion sort, with each of the objects without the field less than the other.
            (json!([2, "-", 1, "-"]), ".x", Ok("3120")),
            (json!([{"y": 2}, {"y": 1}]), ".x.y", Ok("10")),
            (json!([1, 1]), ".z", Err("couldn't find any field with path \"{.z}\" in the list of objects")),
            (
                json!([{}, {}]),
                ".x",
                Err(
                    "Field {.x} in *unstructured.Unstructured is an unsortable type: interface, err: unsortable type: \
                     map[string]interface {}",
                ),
            ),
            (
                json!([1, "a"]),
                ".x",
                Err("Field {.x} in *unstructured.Unstructured is an unsortable type: interface, err: unsortable \
                     interface: interface"),
            ),
            (json!([1]), ".x[", Err("unterminated array")),
        ];
        for (values, field, want) in cases {
            assert_eq!(sorted(values, field), want.map(str::to_owned).map_err(str::to_owned), "{field}");
        }
    }

    #[test]
    fn rows_go_with_their_objects() {
        let rows = objects(&[json!(2), json!(1)]);
        let rows = rows.into_iter().map(|object| Row { cells: vec![object.name().to_owned()], object }).collect();
        let mut table = Table { columns: vec![column("Name")], rows };
        sort_table(&mut table, ".x").unwrap();
        assert_eq!(table.rows[0].cells, ["o1"]);
        for unknown in ["{.x", ".x[0]", ".z"] {
            assert!(!sort_table(&mut table, unknown).unwrap(), "{unknown}");
        }
        table.rows.truncate(1);
        assert!(sort_table(&mut table, ".z").unwrap());
        table.rows.clear();
        assert!(sort_table(&mut table, ".x").unwrap());
    }
}
