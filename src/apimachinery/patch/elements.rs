//! Lists whose items a strategic merge patch tells apart: by a merge key, or, for plain values, by themselves.

use serde_json::Value;

use crate::apimachinery::go_value::display;

/// The prefix of the directive that gives a list's order.
pub const SET_ELEMENT_ORDER: &str = "$setElementOrder/";
/// The prefix of the directive that takes plain values out of a list.
pub const DELETE_FROM_PRIMITIVE_LIST: &str = "$deleteFromPrimitiveList/";
/// The directive that drops the keys it does not name.
pub const RETAIN_KEYS: &str = "$retainKeys";
/// The directive `replace`, `delete` or `merge`.
pub const DIRECTIVE: &str = "$patch";

/// Where the item of a list is that has the same merge key as another.
pub fn position(items: &[Value], key: &str, value: &Value) -> Option<usize> {
    items.iter().position(|item| item.get(key) == Some(value))
}

/// Puts a merged list into the order that a patch asks for; items it does not name keep their places relative to those
/// that were before them on the server (k8s.io/apimachinery/pkg/util/strategicpatch, normalizeElementOrder).
pub fn in_order(
    merged: Vec<Value>,
    order: &[Value],
    server: &[Value],
    same: impl Fn(&Value, &Value) -> bool,
) -> Vec<Value> {
    let named = |item: &Value| order.iter().position(|o| same(item, o));
    let (mut patched, rest): (Vec<Value>, Vec<Value>) = merged.into_iter().partition(|item| named(item).is_some());
    patched.sort_by_key(|item| named(item));
    let on_server = |item: &Value| server.iter().position(|s| same(item, s));
    let mut result = Vec::with_capacity(patched.len() + rest.len());
    let (mut patched, mut rest) = (patched.into_iter().peekable(), rest.into_iter().peekable());
    while let (Some(a), Some(b)) = (patched.peek(), rest.peek()) {
        // An item that is new goes where the patch has it; one that only the server has stays before its successors.
        let server_first = match (on_server(a), on_server(b)) {
            (Some(a), Some(b)) => b < a,
            _ => false,
        };
        result.extend(if server_first { rest.next() } else { patched.next() });
    }
    result.extend(patched);
    result.extend(rest);
    result
}

/// What is said of an item of a merged list that has no key.
pub fn no_merge_key(item: &Value, key: &str) -> String {
    format!("map: {} does not contain declared merge key: {key}", display(item))
}
