//! What `describe` prints of a PodDisruptionBudget.

use crate::apimachinery::go_value;
use crate::apimachinery::labels;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View};

pub fn describe(budget: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", budget.name());
    out.field(0, "Namespace", budget.namespace());
    let given = |field: &str| budget.at(&format!("/spec/{field}")).filter(|v| !v.is_null());
    if let Some(least) = given("minAvailable") {
        out.field(0, "Min available", go_value::display(least));
    } else if let Some(most) = given("maxUnavailable") {
        out.field(0, "Max unavailable", go_value::display(most));
    }
    let selector = given("selector").map(labels::format_label_selector);
    out.field(0, "Selector", selector.as_deref().unwrap_or("<unset>"));
    out.line(0, "Status:");
    for (title, field) in [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ] {
        out.field(2, title, budget.i64_at(&format!("/status/{field}")).unwrap_or(0));
    }
    view.events(budget, out)
}
