//! Hints: what a cluster would not say by itself, on stderr, for those who ask for it with `KSTATE_HINTS=1`.

use super::context::Context;
use crate::kinds;

/// Prints what the kinds have to hint at, once a command has looked at the store.
pub fn show(cx: &mut Context) {
    let wanted = cx.env.var("KSTATE_HINTS").is_some_and(|v| !matches!(v, "0" | "off"));
    if !wanted || !cx.has_client() {
        return;
    }
    let Ok(client) = cx.client() else { return };
    let found = client.read(|cluster| {
        let mut all = Vec::new();
        for kind in kinds::KINDS.iter().filter(|k| k.has_hints()) {
            for object in cluster.list(kind.names().resource, None)? {
                all.extend(kind.hints(&object, cluster)?);
            }
        }
        Ok(all)
    });
    // The command has done its work: what cannot be hinted at is no failure of it.
    for hint in found.unwrap_or_default() {
        cx.complain(&format!("Hint: {hint}\n"));
    }
}
